"""A warehouse with many raw events, made by the engine itself: facts go in as always, the rollups are its own views.

Three months of six rooms a day, eight hours each, a hand-over every two hours; the last day is still on air. More raw
events mean more people in the same rooms: so the minutes stay as many, what happens in each grows. One room of one day
tests a script; its viewers are a 540th of all watches.
"""

from collections.abc import Callable
from pathlib import Path

from benchmarks import stretches

SQL = Path(__file__).parent / "sql"
WATCHES_PER_EVENT, ORDERS_PER_EVENT, EVENTS_PER_BATCH = 0.2, 0.004, 20_000
BLOCK = 4_000_000
"""Rows per statement, so that memory stays small."""
ROLLUPS = (
    "presence_minute",
    "rooms_minute",
    "activity_minute",
    "people_minute",
    "revenue_minute",
    "revenue_day",
    "orders_minute",
    "products_minute",
)


def fill(run: Callable[[str, dict[str, int]], object], events: int, now_s: int, tell: Callable[[str], None]) -> None:
    """Fill an empty, migrated warehouse with raw viewer events and what belongs to them.

    run: sends a statement and its parameters; now_s: where the stream stands, seconds UTC; tell: is told how far it is.
    """
    watches, orders = int(events * WATCHES_PER_EVENT), int(events * ORDERS_PER_EVENT)
    known = {"now_s": now_s, "viewers": max(watches // 3, 1)}

    def all_of(name: str, rows: int) -> None:
        run((SQL / f"{name}.sql").read_text(), known | {"all": rows})

    def in_blocks(rows: int, *names: str) -> None:
        for first in range(0, rows, BLOCK):
            for name in names:
                block = {"all": rows, "first": first, "rows": min(BLOCK, rows - first)}
                run((SQL / f"{name}.sql").read_text(), known | block)
            tell(f"{', '.join(names)}: {min(first + BLOCK, rows):,} of {rows:,}")

    for name in ("hosts", "sessions", "shifts", "labels", "scripts", "orders", "order_lines", "refunds", "ledger"):
        all_of(name, orders)
    for name in ("batches", "rejects"):
        all_of(name, max(events // EVENTS_PER_BATCH, 1))
    run(stretches.FILL, {})
    in_blocks(watches, "watches", "presence")
    in_blocks(events - 2 * watches, "others")
    for rollup in ROLLUPS:
        run(f"OPTIMIZE TABLE {rollup}", {})
