"""What the books hold of an order and account before and after a period, and the lines of a settlement.

Whatever follows from an order is a function of its state. What belongs to a period is that function after it less that
function before it; so over all periods it adds up to what the order is worth now, whatever arrived when, and a refund
takes back exactly what its contract says.
"""

from typing import Any

import polars as pl

from analytics.ledger import EXCESS
from analytics.models import UNATTRIBUTED

STATES: dict[str, Any] = {
    "order_id": pl.String,
    "session_id": pl.String,
    "host_id": pl.String,
    "host_kind": pl.String,
    "seller_id": pl.String,
    "platform": pl.String,
    "currency": pl.String,
    "at_ms": pl.Int64,
    "gross_before": pl.Int64,
    "net_before": pl.Int64,
    "gross_after": pl.Int64,
    "net_after": pl.Int64,
}
"""Credit of a host (or account) in an order, in minor units: gross is the sale, net the sale less refunds. at_ms: when
the order was paid. session_id, seller_id, platform: null outside of any session."""
BEFORE, AFTER = "before", "after"

STEPS = (
    "gross",
    "refunds",
    "platform_fee",
    "affiliate",
    "ads",
    "host_hourly",
    "host_commission",
    "avatar_hourly",
    "likeness_fee",
    "royalty",
)
"""Steps from what was paid to what the seller keeps, in their order."""
LINES: dict[str, Any] = {
    "step": pl.String,
    "order_id": pl.String,
    "session_id": pl.String,
    "host_id": pl.String,
    "host_kind": pl.String,
    "seller_id": pl.String,
    "platform": pl.String,
    "currency": pl.String,
    "amount_minor": pl.Int64,
    "source": pl.String,
    "basis": pl.String,
}
"""Lines of a settlement. amount_minor: what the line adds to what the seller keeps, so only gross is positive. source:
the row of the fee schedule or the contract; basis: how the amount came about, in words."""
CELL = ("host_id", "host_kind", "seller_id", "platform", "currency")
"""What costs that belong to no order are spread over."""


def lined(frame: pl.DataFrame, step: str) -> pl.DataFrame:
    """Give a frame the shape of LINES; what it lacks is absent, and lines of 0 are left out."""
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in LINES.items() if name not in frame.columns]
    return (
        frame.filter(pl.col("amount_minor") != 0)
        .with_columns(*absent)
        .with_columns(step=pl.lit(step))
        .select(pl.col(name).cast(dtype) for name, dtype in LINES.items())
    )


def sales(states: pl.DataFrame) -> pl.DataFrame:
    """Give the lines of what was paid and what was refunded in the period.

    The ledger keeps `excess_refund` positive; here it is a refund like any other, nobody's.
    """
    excess = pl.col("host_id") == EXCESS
    gross = pl.col("gross_after") - pl.col("gross_before")
    net = pl.col("net_after") - pl.col("net_before")
    paid = states.with_columns(amount_minor=pl.when(excess).then(0).otherwise(gross), basis=pl.lit("paid"))
    back = states.with_columns(amount_minor=pl.when(excess).then(-net).otherwise(net - gross), basis=pl.lit("refunded"))
    return pl.concat([lined(paid, "gross"), lined(back, "refunds")])


def credited(states: pl.DataFrame) -> pl.DataFrame:
    """Leave out what is no credit: refunds beyond an order bear no fee."""
    return states.filter(pl.col("host_id") != EXCESS)


def cells(states: pl.DataFrame) -> pl.DataFrame:
    """Sum the credits of the period per CELL: gross_minor and net_minor."""
    return (
        credited(states)
        .group_by(CELL)
        .agg(
            gross_minor=(pl.col("gross_after") - pl.col("gross_before")).sum(),
            net_minor=(pl.col("net_after") - pl.col("net_before")).sum(),
        )
        .sort(CELL)
    )


def nobody(frame: pl.DataFrame) -> pl.DataFrame:
    """Give costs that no host can bear to the account `unattributed`, which is shown like a host."""
    return frame.with_columns(host_id=pl.lit(UNATTRIBUTED), host_kind=pl.lit(UNATTRIBUTED))
