"""Several connections to one server behind one handle, for threads that work side by side.

Each statement takes a connection that is free, or waits for one. What a statement has stored is there when it returns,
so the next one finds it on whatever connection; nothing else holds between two statements of a lane.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import LifoQueue

import polars as pl

from analytics.warehouse import Parameter
from analytics.warehouse.own import EVERYTHING, Filters
from analytics.warehouse.server import Server


class Pool:
    """So many connections to the server of the first; they connect when they are first used."""

    def __init__(self, first: Server, size: int) -> None:
        self._first = first
        self._all = [first, *(first.twin() for _ in range(size - 1))]
        self._free: LifoQueue[Server] = LifoQueue()
        for server in reversed(self._all):
            self._free.put(server)

    @contextmanager
    def _one(self) -> Iterator[Server]:
        server = self._free.get()
        try:
            yield server
        finally:
            self._free.put(server)

    def query(self, name: str, **parameters: Parameter) -> pl.DataFrame:
        """Run the named query `queries/NAME.sql` with its parameters bound. Raises WarehouseError."""
        with self._one() as server:
            return server.query(name, **parameters)

    def ask(self, text: str) -> pl.DataFrame:
        """Run a query text, read-only, and give its answer as a frame. Raises WarehouseError."""
        return self._first.ask(text)

    def sql(self, text: str, output_format: str = "PrettyCompact") -> str:
        """Run a query text, read-only, and give its answer in a ClickHouse output format. Raises WarehouseError."""
        return self._first.sql(text, output_format)

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        """Insert rows as one block; the same token again changes nothing. Raises WarehouseError."""
        with self._one() as server:
            server.insert(table, frame, token)

    def reader(self, limit_s: int = 0, shown: Filters = EVERYTHING) -> "Pool":
        """Give another handle, read-only, for use by another thread, that sees these rows and no others.

        limit_s: seconds that a query may take; 0: any.
        """
        return Pool(self._first.reader(limit_s, shown), 1)

    def close(self) -> None:
        """Hang up."""
        for server in self._all:
            server.close()
