"""What batches look up by a key: each key is asked for once, however many steps and lanes need it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Self

import polars as pl

from analytics.warehouse import Warehouse
from streams.aside import Begin, at_once

MARKS = {"viewer_id": pl.String, "session_id": pl.String, "at_ms": pl.Int64, "on": pl.Boolean}


class Asked:
    """Rows that other batches stored, by a key.

    What is expected to be needed later is asked for along with others, or ahead of all.
    """

    def __init__(self, ask: Callable[[list[str]], pl.DataFrame], key: str, expected: Iterable[str] = ()) -> None:
        self._ask, self._key = ask, key
        self._expected = set(expected)
        self._known: set[str] = set()
        self._found: Callable[[], pl.DataFrame] | None = None

    def ahead(self, begin: Begin) -> Self:
        """Begin to ask for what is expected, if anything is, while the batch goes on."""
        if self._expected:
            self._found, self._known = begin(lambda: self._ask(sorted(self._expected))), set(self._expected)
        return self

    def of(self, keys: pl.Series) -> pl.DataFrame:
        """Give the rows of these keys, of which there is at least one. Raises WarehouseError."""
        wanted = keys.unique()
        found, missing = self._found and self._found(), set(wanted) - self._known
        if missing or found is None:
            missing |= self._expected - self._known
            answer = self._ask(sorted(missing))
            found = answer if found is None else pl.concat([found, answer])
            self._found, self._known = at_once(lambda: found), self._known | missing
        return found.filter(pl.col(self._key).is_in(wanted.implode()))


def stored_marks(warehouse: Warehouse, batches: Sequence[int], expected: Iterable[str] = ()) -> Asked:
    """Joins and leaves by viewer: viewer_id, session_id, at_ms, on. batches: those left out, here and below."""
    columns = [pl.col(name).cast(dtype) for name, dtype in MARKS.items()]

    def ask(viewers: list[str]) -> pl.DataFrame:
        return warehouse.query("core_marks_of_viewers", viewers=viewers, batches=list(batches)).select(columns)

    return Asked(ask, "viewer_id", expected)


def stored_orders(warehouse: Warehouse, batches: Sequence[int], expected: Iterable[str]) -> Asked:
    """Orders of all lanes by their id, with the batch that brought each."""
    return Asked(_by("core_orders_by_id", "order_ids", warehouse, batches), "order_id", expected)


def stored_refunds(warehouse: Warehouse, batches: Sequence[int], expected: Iterable[str]) -> Asked:
    """Refunds of all lanes by their id."""
    return Asked(_by("core_refunds_by_id", "refund_ids", warehouse, batches), "refund_id", expected)


def refunds_of_orders(warehouse: Warehouse, batches: Sequence[int], expected: Iterable[str]) -> Asked:
    """Refunds of all lanes by their order."""
    return Asked(_by("core_refunds_of_orders", "order_ids", warehouse, batches), "order_id", expected)


def booked_entries(warehouse: Warehouse, batches: Sequence[int], expected: Iterable[str]) -> Asked:
    """Entries that stand, by their order."""
    return Asked(_by("core_booked", "order_ids", warehouse, batches), "order_id", expected)


def stored_events(warehouse: Warehouse, batches: Sequence[int], suspects: pl.DataFrame) -> Asked:
    """Ids of viewer events by themselves. suspects: the events that may be asked for."""

    def ask(event_ids: list[str]) -> pl.DataFrame:
        viewers = suspects["viewer_id"].unique().to_list()
        return warehouse.query("core_known_viewer_events", viewers=viewers, event_ids=event_ids, batches=list(batches))

    return Asked(ask, "event_id", suspects["event_id"])


def _by(query: str, keys: str, warehouse: Warehouse, batches: Sequence[int]) -> Callable[[list[str]], pl.DataFrame]:
    """Ask a named query of what other batches stored. keys: its parameter that takes the keys."""
    return lambda wanted: warehouse.query(query, **{keys: wanted}, batches=list(batches))
