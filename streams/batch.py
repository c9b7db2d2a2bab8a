"""The two ends of every batch: its rows by one token, and the row that says it is whole."""

from collections.abc import Callable, Sequence

import polars as pl

from analytics.rules import Rules
from analytics.warehouse import Warehouse, tables
from streams import booking, refitting
from streams.journal import Intent
from streams.outcome import Stored, Taken
from streams.state import State

Mark = Callable[[str], None]
"""Called with the name of each step that is done; fault tests die there."""


Each = Callable[[Callable[[str], None], Sequence[str]], None]
"""Does some work for each of some tables, in any order or side by side, and leaves nothing under way when it ends."""


def unmarked(_step: str) -> None:
    """Mark nothing."""


def in_turn(work: Callable[[str], None], of: Sequence[str]) -> None:
    """Do some work for one after the other."""
    for one in of:
        work(one)


def worked_out(intent: Intent, taken: Taken, state: State, warehouse: Warehouse, rules: Rules) -> Stored:
    """Work out every row of a batch, and the state after it."""
    work = booking.stored if intent.kind == "events" else refitting.stored
    return work(intent, taken, state, warehouse, rules)


def write(intent: Intent, stored: Stored, warehouse: Warehouse, mark: Mark, each: Each = in_turn) -> None:
    """Insert the rows of a batch, each table by itself; none needs another. Raises WarehouseError."""
    number = tables.numbered(intent.batch)

    def insert(table: str) -> None:
        warehouse.insert(table, number(stored.rows[table]), intent.token)
        mark(table)

    each(insert, [table for table, rows in stored.rows.items() if rows.height])


def close(intent: Intent, stored: Stored, warehouse: Warehouse, mark: Mark) -> None:
    """Say that a batch is whole. Raises WarehouseError."""
    warehouse.insert("batches", tables.numbered(intent.batch)(_closing(intent, stored)), intent.token)
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
