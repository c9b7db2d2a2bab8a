"""`hostledger demo`: the live page of a made-up live-commerce day that is running now."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from analytics.rules import HOUR_MS, MINUTE_MS
from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from hostledger.output import refuse, refusing, tell
from hostledger.serving import Place, serve_while
from hostledger.settings import Settings
from streams.generator import Plan, arrivals
from streams.ingest import wall_ms
from streams.processor import Processor

SEEDS = 1_000_000
SLICE_MS = 1_000
FIRST_BYTES = 1 << 19
BACKLOG_BYTES = 16 << 20
FIRST_FIT_MS = 20_000
REFIT_MS = 5 * MINUTE_MS


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
    now = wall_ms()
    plan = Plan.demo(
        start_ms=(now - before * HOUR_MS) // MINUTE_MS * MINUTE_MS,
        hours=before + hours,
        seed=now // 1000 % SEEDS if seed is None else seed,
    )
    with refusing(WarehouseError), _folder(keep) as folder:
        warehouse = Embedded.open(folder)
        try:
            processor = Processor(warehouse, folder, settings.rules(), wall_ms)
            serve_while(warehouse, place, lambda stopped: _run(processor, plan, stopped))
        finally:
            warehouse.close()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        yield keep
        tell(f"the warehouse is kept in {keep}")
        return
    with tempfile.TemporaryDirectory(prefix="hostledger-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _run(processor: Processor, plan: Plan, stopped: threading.Event) -> None:
    lines, offset, fitted_ms = 1, 0, wall_ms() - REFIT_MS + FIRST_FIT_MS
    for batch in _due(plan, stopped):
        offset += len(batch)
        processor.process("demo", batch, lines, offset)
        lines += batch.count(b"\n")
        if wall_ms() - fitted_ms > REFIT_MS:
            processor.refit()
            fitted_ms = wall_ms()


def _due(plan: Plan, stopped: threading.Event) -> Iterator[bytes]:
    """What has arrived by now in a few large stretches, small ones first; then a slice when its time comes."""
    backlog, limit = bytearray(), FIRST_BYTES
    for until_ms, data in arrivals(plan, slice_ms=SLICE_MS):
        if stopped.is_set():
            return
        wait_s = (until_ms - wall_ms()) / 1000
        if backlog and (wait_s > 0 or len(backlog) >= limit):
            yield bytes(backlog)
            backlog, limit = bytearray(), min(4 * limit, BACKLOG_BYTES)
        if wait_s > 0 and stopped.wait(wait_s):
            return
        backlog += data
    if backlog:
        yield bytes(backlog)
