"""`hostledger page`: the live page of a warehouse folder."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from dashboards.page.app import make_app
from dashboards.page.server import PortInUse, serve

REFUSED = 2
PORT = 8750


def page(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="warehouse folder")] = Path(
        "hostledger-data"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="port on this machine; 0 takes a free one")] = PORT,
) -> None:
    """Show the live page of a warehouse folder in the browser, on this machine only.

    Examples:
      hostledger page

      hostledger page --data hostledger-data --port 9000

    """
    try:
        warehouse = Embedded.open(data)
    except WarehouseError as refused:
        _refuse(str(refused))
    try:
        serve(make_app(warehouse.reader), port, on_ready=_say)
    except PortInUse as refused:
        _refuse(str(refused))
    finally:
        warehouse.close()


def _say(address: str) -> None:
    Console().print(f"The page is at {address} (Ctrl-C stops it)", highlight=False, soft_wrap=True)


def _refuse(why: str) -> NoReturn:
    Console(stderr=True).print(why, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(REFUSED)
