"""`hostledger demo`: the live page of a made-up live-commerce day that is running now."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from analytics.warehouse import Warehouse, WarehouseError
from analytics.warehouse.embedded import Embedded
from hostledger.output import refuse, refusing, tell
from hostledger.place import Place
from hostledger.settings import Settings

SEEDS = 1_000_000


def demo(
    context: typer.Context,
    *,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port of the page; 0 takes any free one")] = None,
    hours: Annotated[int, typer.Option(min=1, max=72, help="how long the made-up day goes on from now")] = 12,
    before: Annotated[int, typer.Option(min=0, max=24, help="hours that have passed already when the page opens")] = 2,
    seed: Annotated[int | None, typer.Option(min=0, max=SEEDS - 1, help="which day; a new one by default")] = None,
    keep: Annotated[Path | None, typer.Option(help="keep the warehouse in this new folder; else it is removed")] = None,
) -> None:
    """Show the live page of a made-up live-commerce day, running now, on this machine only.

    Human and digital hosts (some are twins of one another) sell on several platforms; viewers come, click, buy and send
    back; some events come late, twice or broken. It is the same core, warehouse and page as with your own events.

    For example:

      hostledger demo

      hostledger demo --seed 7 --keep my-demo   (afterwards: hostledger report hosts --data my-demo)

    """
    settings: Settings = context.obj
    if keep and keep.exists() and any(keep.iterdir() if keep.is_dir() else [keep]):
        refuse(f"keep={keep} is not empty; name a folder that does not exist yet")
    place = Place.of(settings, port=port)
    day = int(time.time()) % SEEDS if seed is None else seed
    with refusing(WarehouseError), _folder(keep) as folder, _opening(folder) as opening:
        from hostledger.demonstration import show  # noqa: PLC0415  # loads while the engine makes its tables

        show(folder, opening, place, settings.rules(), before=before, hours=hours, seed=day)


@contextmanager
def _opening(folder: Path) -> Iterator[Future[Warehouse]]:
    """Open a new warehouse meanwhile, and close it in the end."""
    with ThreadPoolExecutor(1, "opening") as aside:
        opening: Future[Warehouse] = aside.submit(Embedded.open, folder)
        try:
            yield opening
        finally:
            if not opening.exception():
                opening.result().close()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        with refusing(OSError):
            keep.mkdir(parents=True, exist_ok=True)
        yield keep
        tell(f"the warehouse is kept in {keep}")
        return
    with tempfile.TemporaryDirectory(prefix="hostledger-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
