"""What a batch does aside while it goes on: look-ups that are asked ahead, rows that are stored before the others.

Look-ups stay before the look at `batches` that lets rows be stored; so rows that are stored early have a look of their
own, after what they were worked out from and before they go.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, Self, TypeVar

import polars as pl

from analytics.warehouse import Warehouse, WarehouseError

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


Store = Callable[[str, pl.DataFrame], None]
"""Takes the rows of a table as soon as they are known."""


def later(_table: str, _rows: pl.DataFrame) -> None:
    """Store nothing before all is worked out."""


class Early:
    """Rows of open batches that are stored while others are worked out; none is under way when it is left.

    batches: all that are stored together, by their token.
    """

    def __init__(self, batches: Sequence[int], token: str, warehouse: Warehouse, mark: Mark, begin: Begin) -> None:
        self._batches, self._token, self._warehouse, self._mark, self._begin = batches, token, warehouse, mark, begin
        self._known: dict[str, list[pl.DataFrame]] = defaultdict(list)
        self._under_way: dict[str, Callable[[], None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for ended in self._under_way.values():
            with suppress(WarehouseError):
                ended()

    def store(self, table: str, rows: pl.DataFrame) -> None:
        """Take the rows of a batch; begin to store those of all if they are many, unless they are closed by then."""
        known = self._known[table]
        known.append(rows)
        if len(known) == len(self._batches) and sum(part.height for part in known) >= FEWEST_ROWS:
            self._under_way[table] = self._begin(lambda: self._stored(table, pl.concat(known)))

    def has(self, table: str) -> bool:
        """Wait until the rows of a table are stored; false if that was not begun. Raises WarehouseError."""
        if table not in self._under_way:
            return False
        self._under_way[table]()
        return True

    def _stored(self, table: str, rows: pl.DataFrame) -> None:
        if not is_closed(self._batches, self._warehouse):
            self._warehouse.insert(table, rows, self._token)
            self._mark(table)


def is_closed(batches: Sequence[int], warehouse: Warehouse) -> bool:
    """Whether batches that are closed together were stored to their end, by whomever. Raises WarehouseError."""
    return bool(warehouse.query("core_batch_closed", batches=list(batches))["closed"][0])
