"""What the page reads from, and how its money and names are written."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from analytics.currencies import decimal_text

Json = dict[str, Any]
"""A part of the page, ready for JSON: amounts are exact decimal text, times and counts are integers."""


class Reader(Protocol):
    """What the page needs of a warehouse: named queries."""

    def query(self, name: str, **parameters: Any) -> pl.DataFrame:  # noqa: ANN401 text, numbers, lists of text
        """Run the named query with its parameters bound."""
        ...


@dataclass(frozen=True, slots=True)
class Names:
    """What hosts are called."""

    hosts: dict[str, Json] = field(default_factory=dict)

    def host(self, host_id: str) -> str:
        """Name a host; one that never registered, or registered without a name, is called by its id."""
        return self.hosts.get(host_id, {}).get("name") or host_id

    def kind(self, host_id: str) -> str:
        """Say the latest kind of a host; accounts are their own kind."""
        if host_id in ("unattributed", "excess_refund"):
            return host_id
        return self.hosts.get(host_id, {}).get("kind") or "unknown"

    def chip(self, host_id: str) -> Json:
        """Id, name and kind of a host, as they are shown beside its shape."""
        return {"host_id": host_id, "name": self.host(host_id), "kind": self.kind(host_id)}


def names(warehouse: Reader) -> Names:
    """Read what hosts are called."""
    return Names({row["host_id"]: row for row in warehouse.query("page_hosts").to_dicts()})


def money(minor: int, currency: str | None) -> str:
    """Write an amount as exact decimal text; without a currency there is nothing to write but 0."""
    return decimal_text(minor, currency) if currency else "0"
