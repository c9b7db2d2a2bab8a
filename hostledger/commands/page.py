"""`hostledger page`: the live page of a warehouse."""

import threading
from typing import Annotated

import typer

from hostledger.reading import DataOption, opened, settings_of
from hostledger.serving import serve_while


def page(
    context: typer.Context,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port on 127.0.0.1; 0 takes any free one")] = None,
) -> None:
    """Show the live page of a warehouse in the browser, on this machine only.

    Example: hostledger page --data my-demo --port 9000
    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        serve_while(warehouse, settings.port if port is None else port, _nothing)


def _nothing(_stopped: threading.Event) -> None:
    """Feed nothing: the page only shows what is there."""
