"""Roles on a ClickHouse server: who may read what of a database, as statements for its administrator.

A host's user is named host_ and the host's id. Row policies show it its own shifts and ledger lines, also through the
views of finance, which read with the rights of whoever asks. Everybody else keeps all rows.
"""

import re
from collections.abc import Iterator, Mapping

from analytics.warehouse import WarehouseError
from analytics.warehouse.rendering import on_cluster

ALL: tuple[str, ...] = ()
"""All columns of a table."""
_ROSTER = (
    "event_id",
    "type",
    "occurred_at",
    "session_id",
    "host_id",
    "name",
    "kind",
    "likeness_of",
    "vendor",
    "avatar_version",
    "platform",
    "seller_id",
    "title",
    "category",
    "batch",
)
"""Columns of roster_events without the terms of likeness contracts."""
_ORDERS = (
    "order_id",
    "event_id",
    "ordered_at",
    "session_id",
    "declared_host_id",
    "currency",
    "amount_minor",
    "items",
    "batch",
)
"""Columns of orders without the viewer who bought."""
_KNOWN = ("hosts", "host_kinds", "sessions", "closings", "posted_lines", "finance_lines", "finance_hosts")
READ: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "hostledger_finance": dict.fromkeys(
        (
            *_KNOWN,
            "finance_periods",
            "finance_sellers",
            "finance_corrections",
            "finance_closings",
            "finance_rates",
            "closed_figures",
            "rates",
            "fee_schedules",
            "platform_rules",
            "likeness_contracts",
            "roster_hosts",
            "roster_kinds",
            "roster_sessions",
            "ledger",
            "order_lines",
            "refunds",
            "roster_events",
            "shifts",
            "batches",
            "markov_fits",
            "revenue_minute",
            "revenue_day",
            "order_credits",
            "orders_minute",
            "products_minute",
            "schema_migrations",
        ),
        ALL,
    )
    | {"orders": _ORDERS},
    "hostledger_host": dict.fromkeys((*_KNOWN, "finance_closings", "ledger", "shifts", "schema_migrations"), ALL)
    | {"roster_events": _ROSTER},
}
"""What these roles may read: tables, and columns where not all. Finance sees no viewer, a host no contract."""
OWN = ("ledger", "shifts")
"""Tables of which a host sees its own rows only."""
_VIEWS = re.compile(r"finance_|posted_lines$|likeness_contracts$|hosts$|host_kinds$|sessions$")
_EVERYWHERE = {
    "closings",
    "closed_figures",
    "rates",
    "fee_schedules",
    "platform_rules",
    "roster_hosts",
    "roster_kinds",
    "roster_sessions",
    "schema_migrations",
}
_DATABASE = re.compile(r"\w+")


def statements(database: str, cluster: str | None) -> Iterator[str]:
    """Give the statements that make the roles, for one server (None) or a cluster; they may be repeated.

    Raises WarehouseError for what is no name of a database or cluster.
    """
    if not _DATABASE.fullmatch(database):
        raise WarehouseError(f"database {database!r} is no name that roles can be made for; use letters, digits and _")
    there = on_cluster(cluster)
    for role in ("hostledger_operator", "hostledger_writer", "hostledger_closer", *READ):
        yield f"CREATE ROLE IF NOT EXISTS {role}{there}"
    yield f"GRANT{there} SELECT ON {database}.* TO hostledger_operator"
    yield f"GRANT{there} SELECT, INSERT ON {database}.* TO hostledger_writer"
    for role, tables in READ.items():
        for table, columns in tables.items():
            named = f"({', '.join(columns)})" if columns else ""
            for place in _places(table, cluster):
                yield f"GRANT{there} SELECT{named} ON {database}.{place} TO {role}"
    yield f"GRANT{there} hostledger_finance TO hostledger_closer"
    for table in ("closings", "closed_figures", "rates"):
        yield f"GRANT{there} INSERT ON {database}.{table} TO hostledger_closer"
    for table in OWN:
        for place in _places(table, cluster):
            yield from _policies(f"{database}.{place}", there)


def _policies(table: str, there: str) -> Iterator[str]:
    make = "CREATE ROW POLICY IF NOT EXISTS"
    own = "concat('host_', host_id) = currentUser()"
    yield f"{make} hostledger_own{there} ON {table} FOR SELECT USING {own} TO hostledger_host"
    yield f"{make} hostledger_all{there} ON {table} FOR SELECT USING 1 TO ALL EXCEPT hostledger_host"


def _places(table: str, cluster: str | None) -> tuple[str, ...]:
    """A table of a cluster is two: the one that queries name, and the one that keeps the rows of a shard."""
    spread = cluster and table not in _EVERYWHERE and not _VIEWS.match(table)
    return (table, f"{table}_local") if spread else (table,)
