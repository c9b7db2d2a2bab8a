"""Shares of orders: platform fees and affiliate commissions, exact per order, and what refunds take back of them."""

from zoneinfo import ZoneInfo

import polars as pl

from analytics.contracts.schedules import ORDER_FEES, matched
from analytics.contracts.splitting import split
from analytics.contracts.states import AFTER, BEFORE, credited, lined
from analytics.metrics import BASIS_POINTS, half_even

_GROUP = ["order_id", "row"]


def order_fees(states: pl.DataFrame, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Give the lines of platform fees and affiliate commissions of the period.

    states: STATES; table: SCHEDULE. The row in force when the order was paid holds for the order for good. A fee is
    rounded half to even once per order and row, then split over the accounts it is charged on by what each has (largest
    remainder), so that accounts add up to orders.
    """
    lines = [_fee(credited(states), fee, table, zone) for fee in ORDER_FEES]
    return pl.concat(lines)


def _fee(states: pl.DataFrame, fee: str, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    terms = table.filter(pl.col("fee") == fee).select("row", "bps", "base", "refundable")
    rows = matched(states, fee, table, zone).join(terms, on="row", maintain_order="left").sort(*_GROUP, "host_id")
    change = _charged(rows, AFTER) - _charged(rows, BEFORE)
    return lined(
        rows.with_columns(
            amount_minor=-change,
            source=pl.format("fees line {}", "row"),
            basis=pl.format("{} bps of {}, refundable: {}", "bps", "base", "refundable"),
        ),
        fee,
    )


def _charged(rows: pl.DataFrame, when: str) -> pl.Series:
    """Say what is charged to each account as of a state.

    On gross, not refundable: bps of what was paid. On gross, refundable: that less bps of what was refunded, each
    rounded. On net: bps of what is left.
    """
    gross, net = pl.col(f"gross_{when}").clip(0), pl.col(f"net_{when}").clip(0)
    sums = rows.with_columns(paid=gross.sum().over(_GROUP), left=net.sum().over(_GROUP), own_gross=gross, own_net=net)
    stays = pl.col("refundable") == "none"
    total = (
        pl.when(stays)
        .then(_part(pl.col("paid")))
        .when(pl.col("base") == "gross")
        .then(_part(pl.col("paid")) - _part(pl.col("paid") - pl.col("left")))
        .otherwise(_part(pl.col("left")))
    )
    weighed = sums.with_columns(total=total, weight=pl.when(stays).then("own_gross").otherwise("own_net"))
    return split(weighed, _GROUP, "total", "weight", ("order_id", "host_id"))


def _part(amount: pl.Expr) -> pl.Expr:
    return half_even(amount.cast(pl.Int128) * pl.col("bps"), pl.lit(BASIS_POINTS))
