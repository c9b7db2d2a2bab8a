"""What a batch does aside while it goes on: look-ups that are asked ahead, rows that are stored before the others.

Look-ups stay before the look at `batches` that lets rows be stored; so rows that are stored early have a look of their
own, after what they were worked out from and before they go.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import polars as pl

from analytics.warehouse import Warehouse, WarehouseError, tables
from streams.journal import Intent

_Found = TypeVar("_Found")
FEWEST_ROWS = 2_000
"""Rows that are worth a look of their own: a statement costs as much as storing some thousand rows."""
Mark = Callable[[str], None]
"""Called with the name of each step that is done; fault tests die there."""


class Begin(Protocol):
    """Begins some work, and gives what waits for its end: side by side where the warehouse can, else in place."""

    def __call__(self, work: Callable[[], _Found]) -> Callable[[], _Found]:
        """Begin it. What is given returns what the work does, or raises what it raises, as often as it is asked."""


def at_once(work: Callable[[], _Found]) -> Callable[[], _Found]:
    """Do it before anything else goes on."""
    found = work()
    return lambda: found


def later(_table: str, _rows: pl.DataFrame) -> None:
    """Store nothing before all is worked out."""


@dataclass(frozen=True, slots=True)
class Aside:
    """begin: begins a look-up. store: takes the rows of a table as soon as they are known."""

    begin: Begin = at_once
    store: Callable[[str, pl.DataFrame], None] = later


IN_PLACE = Aside()


class Early:
    """Rows of an open batch that are stored while others are worked out; none is under way when it is left."""

    def __init__(self, intent: Intent, warehouse: Warehouse, mark: Mark, begin: Begin) -> None:
        self._intent, self._warehouse, self._mark, self._begin = intent, warehouse, mark, begin
        self._under_way: dict[str, Callable[[], None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for ended in self._under_way.values():
            with suppress(WarehouseError):
                ended()

    def store(self, table: str, rows: pl.DataFrame) -> None:
        """Begin to store the rows of a table if they are many, unless the batch is closed by then."""
        if rows.height >= FEWEST_ROWS:
            self._under_way[table] = self._begin(lambda: self._stored(table, rows))

    def has(self, table: str) -> bool:
        """Wait until the rows of a table are stored; false if that was not begun. Raises WarehouseError."""
        if table not in self._under_way:
            return False
        self._under_way[table]()
        return True

    def _stored(self, table: str, rows: pl.DataFrame) -> None:
        if not is_closed(self._intent, self._warehouse):
            insert(table, rows, self._intent, self._warehouse)
            self._mark(table)


def is_closed(intent: Intent, warehouse: Warehouse) -> bool:
    """Whether a batch was stored to its end, by whomever. Raises WarehouseError."""
    return bool(warehouse.query("core_batch_closed", batch=intent.batch)["closed"][0])


def insert(table: str, rows: pl.DataFrame, intent: Intent, warehouse: Warehouse) -> None:
    """Insert rows of a batch by its token. Raises WarehouseError."""
    warehouse.insert(table, tables.numbered(intent.batch)(rows), intent.token)
