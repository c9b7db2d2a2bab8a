"""The two ends of every batch: its rows by one token, and the row that says it is whole."""

from collections.abc import Callable, Sequence

import polars as pl

from analytics.rules import Rules
from analytics.warehouse import Warehouse, tables
from streams import booking, refitting
from streams.aside import IN_PLACE, Aside, Mark, insert
from streams.begun import Begun
from streams.journal import Intent
from streams.outcome import Stored
from streams.state import Roster, State

Each = Callable[[Callable[[str], None], Sequence[str]], None]
"""Does some work for each of some tables, in any order or side by side, and leaves nothing under way when it ends."""


def unmarked(_step: str) -> None:
    """Mark nothing."""


def nothing_early(_table: str) -> bool:
    """Say that nothing is on its way."""
    return False


def in_turn(work: Callable[[str], None], of: Sequence[str]) -> None:
    """Do some work for one after the other."""
    for one in of:
        work(one)


def worked_out(
    intent: Intent,
    begun: Begun,
    roster: Roster | None,
    state: State,
    warehouse: Warehouse,
    rules: Rules,
    aside: Aside = IN_PLACE,
) -> Stored:
    """Work out every row of a batch, and the state after it. roster: as `booking.stored` takes it."""
    if intent.kind == "events":
        return booking.stored(intent, begun, roster, state, warehouse, rules, aside)
    return refitting.stored(intent, state, warehouse, rules)


def write(
    intent: Intent,
    stored: Stored,
    warehouse: Warehouse,
    mark: Mark,
    each: Each = in_turn,
    has: Callable[[str], bool] = nothing_early,
    then: Callable[[str], None] = unmarked,
) -> None:
    """Insert the rows of a batch, each table by itself; none needs another. Raises WarehouseError.

    has: waits for the rows of a table that are on their way already. then: called with each table that is stored.
    """

    def put(table: str) -> None:
        if not has(table):
            insert(table, stored.rows[table], intent, warehouse)
            mark(table)
        then(table)

    each(put, [table for table, rows in stored.rows.items() if rows.height])


def close(intent: Intent, stored: Stored, warehouse: Warehouse, mark: Mark) -> None:
    """Say that a batch is whole. Raises WarehouseError."""
    insert("batches", _closing(intent, stored), intent, warehouse)
    mark("batches")


def _closing(intent: Intent, stored: Stored) -> pl.DataFrame:
    outcome = stored.outcome
    counts = ("events", "repeats", "rejects", "unknown_fields", "restatements", "frozen")
    return pl.DataFrame(
        {
            "source": [intent.source],
            "token": [intent.token],
            "first_position": pl.Series([intent.first_position], dtype=pl.UInt64),
            "last_position": pl.Series([stored.last_position], dtype=pl.UInt64),
            "last_offset": pl.Series([intent.last_offset], dtype=pl.UInt64),
            **{name: pl.Series([getattr(outcome, name)], dtype=pl.UInt64) for name in counts},
            "newest_at": pl.Series([outcome.newest_ms]).cast(tables.TIME),
            "recorded_at": pl.Series([intent.recorded_ms]).cast(tables.TIME),
        }
    )
