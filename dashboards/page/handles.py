"""One handle of the warehouse per thread, behind one that looks like any other."""

import threading
from collections.abc import Callable
from typing import Any

import polars as pl

from dashboards.page.desk import Warehouse


class Handles:
    """A warehouse for several threads: each opens a handle of its own at its first question.

    open_warehouse: called once on each thread that asks.
    """

    def __init__(self, open_warehouse: Callable[[], Warehouse]) -> None:
        self._open = open_warehouse
        self._mine = threading.local()
        self._all: list[Warehouse] = []

    def query(self, name: str, **parameters: Any) -> pl.DataFrame:  # noqa: ANN401 text, numbers, lists of text
        """Run the named query with its parameters bound. Raises WarehouseError."""
        return self._handle().query(name, **parameters)

    def ask(self, text: str) -> pl.DataFrame:
        """Run a statement, read-only. Raises WarehouseError."""
        return self._handle().ask(text)

    def close(self) -> None:
        """Let go of every handle; no thread asks any more."""
        while self._all:
            self._all.pop().close()

    def _handle(self) -> Warehouse:
        if not hasattr(self._mine, "handle"):
            self._mine.handle = self._open()
            self._all.append(self._mine.handle)
        handle: Warehouse = self._mine.handle
        return handle
