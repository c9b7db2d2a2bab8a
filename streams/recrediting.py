"""What the books would say under other rules, from the facts that are stored; nothing is booked.

Orders, refunds, presence and shifts are read as they are known now, and go through the same functions as a batch.
"""

import polars as pl

from analytics import crediting, ledger, roster
from analytics.intervals import OPEN_MS
from analytics.ledger import EXCESS
from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import lanes
from streams.money import plain_orders, plain_refunds
from streams.state import last_fit

_NO_BATCH = lanes.before_first(lanes.EMBEDDED)
"""A number that no batch has."""


def recredited(warehouse: Warehouse, rules: Rules, currency: str, from_ms: int, until_ms: int) -> pl.DataFrame:
    """Say what each account would have of each order in a stretch of time (half-open), under the rules' one model.

    currency: '' for all. Returns order_id, currency, host_id, amount_minor, as `bridge_booked` gives it.
    """
    orders = plain_orders(warehouse.query("bridge_orders", currency=currency, from_ms=from_ms, until_ms=until_ms))
    refunds, _ = crediting.right_currency(
        plain_refunds(warehouse.query("core_all_refunds", batch=_NO_BATCH)).join(orders, on="order_id", how="semi"),
        orders,
    )
    last_ms = int(orders["ordered_ms"].max() or 0)  # type: ignore[arg-type]  # an Int64 column
    watches = _watches(warehouse.query("bridge_presence", until_ms=last_ms + 1))
    shifts = warehouse.query("bridge_shifts").with_columns(pl.col("end_ms").fill_null(OPEN_MS))
    weights, _ = crediting.credit(orders, watches, roster.lineups(shifts), rules, last_fit(warehouse, _NO_BATCH))
    entries = ledger.canonical(orders, refunds, weights)
    side = pl.when(pl.col("host_id") == EXCESS).then(-1).otherwise(1)
    return (
        entries.filter(pl.col("booked_ms").is_between(from_ms, until_ms, closed="left"))
        .group_by("order_id", "currency", "host_id")
        .agg(amount_minor=(pl.col("amount_minor") * side).sum())
    )


def _watches(changes: pl.DataFrame) -> pl.DataFrame:
    """Pair begin and end: viewer_id, session_id, start_ms, end_ms (OPEN_MS while watching)."""
    keys = ["viewer_id", "session_id"]
    ordered = changes.sort(*keys, "at_ms")
    ends = pl.col("at_ms").shift(-1).over(keys).fill_null(OPEN_MS)
    return (
        ordered.with_columns(end_ms=ends).filter(pl.col("change") > 0).select(*keys, start_ms="at_ms", end_ms="end_ms")
    )
