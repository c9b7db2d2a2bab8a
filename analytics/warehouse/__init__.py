"""Where it is kept: numbered migrations, named queries, and one small interface to ClickHouse.

`Warehouse` is what the rest of the house knows. `embedded` implements it in the process (chdb), `server` on a server or
cluster; tables are described in `migrations/`, questions in `queries/`, and `tables` brings the core's frames into the
shape of the tables.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, Self

import polars as pl

Parameter = str | int | datetime | list[str] | list[int]
"""What may be bound to a query parameter."""


class WarehouseError(Exception):
    """The warehouse cannot do it; the message says why and what to do."""


class WarehouseAway(WarehouseError):  # noqa: N818  # named for what is the case
    """The warehouse cannot be reached, or went away in the middle; trying again may heal.

    An insert that ends like this may have been stored or not: it is repeated with the same rows and token.
    """


class Warehouse(Protocol):
    """A ClickHouse database with the tables of `migrations/`."""

    def query(self, name: str, **parameters: Parameter) -> pl.DataFrame:
        """Run the named query `queries/NAME.sql` with its parameters bound. Raises WarehouseError."""

    def ask(self, text: str) -> pl.DataFrame:
        """Run a query text, read-only, and give its answer as a frame. Raises WarehouseError.

        A time needs its zone in its type, as in toDateTime(x, 'UTC'), so that both engines give the same.
        """

    def sql(self, text: str, output_format: str = "PrettyCompact") -> str:
        """Run a query text, read-only, and give its answer in a ClickHouse output format. Raises WarehouseError."""

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        """Insert rows as one block; the same token again changes nothing. Raises WarehouseError."""

    def reader(self, limit_s: int = 0, shown: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Give another handle, read-only, for use by another thread.

        limit_s: seconds that a query may take; 0: any. shown: by table, the condition of the rows that it sees (`own`).
        """

    def close(self) -> None:
        """Let go of it."""
