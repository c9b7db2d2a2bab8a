"""Orders and refunds of a table as events of the contract, newline-delimited, with ids made of those in the table."""

from typing import NamedTuple, Self

import polars as pl

SHARED = {
    "orders": ("viewer_id", "currency", "session_id", "host_id"),
    "refunds": ("order_id", "viewer_id", "currency", "why"),
}
"""Fields that all rows of one order, or of one refund, have to agree in."""


class Ids(NamedTuple):
    """What stands before the ids of a table to make those of events, orders, viewers without an id, and refunds."""

    paid: str
    order: str
    guest: str
    refunded: str
    refund: str

    @classmethod
    def of(cls, source: str) -> Self:
        """Give those of a source, which its notifications have too."""
        return cls(f"{source}/paid/", f"{source}/", f"{source}/guest/", f"{source}/refunded/", f"{source}/")


def paid(lines: pl.DataFrame, ids: Ids) -> pl.DataFrame:
    """Make the orders: key (order_id), at_ms, text.

    lines: order_id, at_ms, viewer_id?, currency, session_id?, host_id?, line_id?, product_id, pieces, amount_minor,
    category?.
    """
    ordinal = pl.int_range(1, pl.len() + 1).over("order_id").cast(pl.String)
    line = pl.struct(
        line_id=pl.coalesce("line_id", ordinal),
        product_id="product_id",
        quantity="pieces",
        amount_minor="amount_minor",
        category="category",
    )
    by_order = lines.with_columns(line=line).group_by("order_id", maintain_order=True)
    orders = by_order.agg(pl.col("at_ms").min(), pl.col(*SHARED["orders"]).first(), pl.col("line").alias("lines"))
    event = pl.struct(
        event_id=pl.format("{}{}", pl.lit(ids.paid), "order_id"),
        type=pl.lit("order_paid"),
        occurred_at="at_ms",
        order_id=pl.format("{}{}", pl.lit(ids.order), "order_id"),
        viewer_id=pl.coalesce("viewer_id", pl.format("{}{}", pl.lit(ids.guest), "order_id")),
        currency="currency",
        lines="lines",
        session_id="session_id",
        host_id="host_id",
    )
    return orders.select("at_ms", key="order_id", text=event.struct.json_encode())


def refunded(rows: pl.DataFrame, ids: Ids) -> pl.DataFrame:
    """Make the refunds: key (refund_id), at_ms, text.

    rows: refund_id, order_id, at_ms, viewer_id?, currency, amount_minor, why?. Amounts are summed beyond 64 bits, where
    the contract refuses them.
    """
    sums = [pl.col("at_ms").min(), pl.col(*SHARED["refunds"]).first(), pl.col("amount_minor").cast(pl.Int128).sum()]
    refunds = rows.group_by("refund_id", maintain_order=True).agg(sums)
    event = pl.struct(
        event_id=pl.format("{}{}", pl.lit(ids.refunded), "refund_id"),
        type=pl.lit("order_refunded"),
        occurred_at="at_ms",
        refund_id=pl.format("{}{}", pl.lit(ids.refund), "refund_id"),
        order_id=pl.format("{}{}", pl.lit(ids.order), "order_id"),
        amount_minor="amount_minor",
        currency="currency",
        viewer_id="viewer_id",
        reason="why",
    )
    return refunds.select("at_ms", key="refund_id", text=event.struct.json_encode())
