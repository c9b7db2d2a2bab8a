"""What a batch looks up by a key: each key is asked for once, however many steps of the batch need it."""

from collections.abc import Callable, Iterable

import polars as pl

from analytics.warehouse import Warehouse

MARKS = {"viewer_id": pl.String, "session_id": pl.String, "at_ms": pl.Int64, "on": pl.Boolean}


class Asked:
    """Rows that other batches stored, by a key. What is expected to be needed later is asked for along with others."""

    def __init__(self, ask: Callable[[list[str]], pl.DataFrame], key: str, expected: Iterable[str] = ()) -> None:
        self._ask, self._key = ask, key
        self._expected = set(expected)
        self._known: set[str] = set()
        self._found: pl.DataFrame | None = None

    def of(self, keys: pl.Series) -> pl.DataFrame:
        """Give the rows of these keys, of which there is at least one. Raises WarehouseError."""
        wanted = keys.unique()
        missing = set(wanted) - self._known
        if missing or self._found is None:
            missing |= self._expected - self._known
            answer = self._ask(sorted(missing))
            self._found = answer if self._found is None else pl.concat([self._found, answer])
            self._known |= missing
        return self._found.filter(pl.col(self._key).is_in(wanted.implode()))


def stored_marks(warehouse: Warehouse, batch: int, expected: Iterable[str] = ()) -> Asked:
    """Joins and leaves by viewer: viewer_id, session_id, at_ms, on."""
    columns = [pl.col(name).cast(dtype) for name, dtype in MARKS.items()]

    def ask(viewers: list[str]) -> pl.DataFrame:
        return warehouse.query("core_marks_of_viewers", viewers=viewers, batch=batch).select(columns)

    return Asked(ask, "viewer_id", expected)


def stored_orders(warehouse: Warehouse, batch: int, expected: Iterable[str] = ()) -> Asked:
    """Orders of all lanes by their id, with the batch that brought each."""

    def ask(order_ids: list[str]) -> pl.DataFrame:
        return warehouse.query("core_orders_by_id", order_ids=order_ids, batch=batch)

    return Asked(ask, "order_id", expected)
