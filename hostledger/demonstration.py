"""A made-up day on the live page; it is drawn, and the page answers, while the engine still makes the tables."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

from analytics.rules import HOUR_MS, MINUTE_MS, Rules
from analytics.warehouse import Warehouse
from analytics.warehouse.own import EVERYTHING, Filters
from hostledger.place import Place
from hostledger.serving import serve_while
from streams.generator import Plan, arrivals
from streams.ingest import wall_ms
from streams.processor import Processor

SLICE_MS = 1_000
FIRST_BYTES = 1 << 18
BACKLOG_BYTES = 16 << 20
FIRST_LOOK_S = 0.4
"""After the first stretch the engine is the page's for so long: its first figures do not wait for the next stretch."""
FIRST_FIT_MS = 20_000
REFIT_MS = 5 * MINUTE_MS


def show(
    folder: Path, opening: Future[Warehouse], place: Place, rules: Rules, *, before: int, hours: int, seed: int
) -> None:
    """Serve the page of a day that began some hours before, and goes on for some, until Ctrl-C.

    opening: the new warehouse of the folder. seed: which day. Raises what opening it raised.
    """
    now = wall_ms()
    plan = Plan.demo(
        start_ms=(now - before * HOUR_MS) // MINUTE_MS * MINUTE_MS,
        hours=before + hours,
        seed=seed,
    )

    def reader(limit_s: int, shown: Filters = EVERYTHING) -> Warehouse:
        return opening.result().reader(limit_s, shown)

    def begun() -> Processor:
        return Processor(opening.result(), folder, rules, wall_ms)

    serve_while(reader, place, lambda stopped: _run(begun, plan, stopped))


def _run(begun: Callable[[], Processor], plan: Plan, stopped: threading.Event) -> None:
    processor, lines, offset, fitted_ms = None, 1, 0, wall_ms() - REFIT_MS + FIRST_FIT_MS
    for batch in _due(plan, stopped):
        first, processor = processor is None, processor or begun()
        offset += len(batch)
        processor.process("demo", batch, lines, offset)
        lines += batch.count(b"\n")
        if first:
            stopped.wait(FIRST_LOOK_S)
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
