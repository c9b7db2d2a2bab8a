"""The two ends of every batch: its rows by one token, and the row that says it is whole."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import polars as pl

from analytics.rules import Rules
from analytics.warehouse import Warehouse, tables
from streams import booking, refitting
from streams.aside import Mark, Store, later
from streams.begun import Before, Begun
from streams.journal import Intent
from streams.outcome import Stored
from streams.state import Roster, State

_Of = TypeVar("_Of")
Done = tuple[Intent, Stored]
"""A batch and what it came to."""


class Each(Protocol):
    """Does some work for each, in any order or side by side, and leaves nothing under way when it ends."""

    def __call__(self, work: Callable[[_Of], None], of: Sequence[_Of]) -> None:
        """Do it. Raises what the work raises."""


def unmarked(_step: str) -> None:
    """Mark nothing."""


def nothing_early(_table: str) -> bool:
    """Say that nothing is on its way."""
    return False


def in_turn(work: Callable[[_Of], None], of: Sequence[_Of]) -> None:
    """Do some work for one after the other."""
    for one in of:
        work(one)


def worked_out(
    intent: Intent,
    begun: Begun,
    before: Before,
    roster: Roster | None,
    state: State,
    warehouse: Warehouse,
    rules: Rules,
    store: Store = later,
) -> Stored:
    """Work out every row of a batch, and the state after it. roster: as `booking.stored` takes it."""
    if intent.kind == "events":
        return booking.stored(intent, begun, before, roster, state, warehouse, rules, store)
    return refitting.stored(intent, state, warehouse, rules)


def rows_of(done: Sequence[Done]) -> dict[str, pl.DataFrame]:
    """Put the rows of batches that are stored together behind each other, by table, each with its batch's number."""
    tables_of = dict.fromkeys(table for _, stored in done for table in stored.rows)
    return {
        table: pl.concat(
            [tables.numbered(intent.batch)(stored.rows[table]) for intent, stored in done if table in stored.rows]
        )
        for table in tables_of
    }


def write(
    rows: Mapping[str, pl.DataFrame],
    token: str,
    warehouse: Warehouse,
    mark: Mark,
    each: Each = in_turn,
    has: Callable[[str], bool] = nothing_early,
    then: Callable[[str], None] = unmarked,
) -> None:
    """Insert rows, each table by itself; none needs another. Raises WarehouseError.

    has: waits for the rows of a table that are on their way already. then: called with each table that is stored.
    """

    def put(table: str) -> None:
        if not has(table):
            warehouse.insert(table, rows[table], token)
            mark(table)
        then(table)

    each(put, [table for table in rows if rows[table].height])


def close(done: Sequence[Done], warehouse: Warehouse, mark: Mark) -> None:
    """Say that batches are whole, all at once. Raises WarehouseError."""
    rows = [tables.numbered(intent.batch)(_closing(intent, stored)) for intent, stored in done]
    warehouse.insert("batches", pl.concat(rows), done[0][0].token)
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
            "read_hash": [intent.read_hash],
            **{name: pl.Series([getattr(outcome, name)], dtype=pl.UInt64) for name in counts},
            "newest_at": pl.Series([outcome.newest_ms]).cast(tables.TIME),
            "recorded_at": pl.Series([intent.recorded_ms]).cast(tables.TIME),
        }
    )
