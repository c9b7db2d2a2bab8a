"""`hostledger page`: the live page of a warehouse folder."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from hostledger.output import refuse, refusing
from hostledger.serving import serve_while


def page(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="warehouse folder")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port on 127.0.0.1; 0 takes any free one")] = None,
) -> None:
    """Show the live page of a warehouse folder in the browser, on this machine only.

    Example: hostledger page --data my-demo --port 9000
    """
    folder = data or context.obj.data
    if not (folder / "clickhouse").is_dir():
        refuse(f"data={folder} is no warehouse folder; make one with: hostledger replay FILE --data {folder}")
    with refusing(WarehouseError):
        warehouse = Embedded.open(folder)
        try:
            serve_while(warehouse, context.obj.port if port is None else port, _nothing)
        finally:
            warehouse.close()


def _nothing(_stopped: threading.Event) -> None:
    """Feed nothing: the page only shows what is there."""
