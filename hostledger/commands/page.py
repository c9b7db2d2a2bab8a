"""`hostledger page`: the live page of a warehouse."""

import threading
from typing import Annotated

import typer

from hostledger.place import Place
from hostledger.reading import DataOption, opened, settings_of
from hostledger.serving import serve_while


def page(
    context: typer.Context,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port; 0 takes any free one")] = None,
    host: Annotated[
        str | None, typer.Option(help="address to listen on, as in 0.0.0.0 [setting HOSTLEDGER_PAGE_HOST]")
    ] = None,
) -> None:
    """Show the live page of a warehouse in the browser: its boards, as they change.

    Only this machine sees it, unless it listens elsewhere; then it asks for HOSTLEDGER_PAGE_PASSWORD or a token (see
    hostledger tokens --help), and belongs behind something that speaks TLS.

    Example: hostledger page --data my-demo --port 9000
    """
    settings = settings_of(context)
    place = Place.of(settings, port=port, host=host)
    with opened(data or settings.data, settings) as warehouse:
        serve_while(warehouse.reader, place, _nothing)


def _nothing(_stopped: threading.Event) -> None:
    """Feed nothing: the page only shows what is there."""
