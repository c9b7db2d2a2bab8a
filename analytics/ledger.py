"""The books: what the ledger must say of an order, and the lines that make it say so.

A posting is one thing that is booked: the sale of an order (refund_id null) or one of its refunds. `canonical` gives
every posting from the order, its refunds and its weights; `lines` gives the difference to what is booked already.
"""

from typing import Any

import polars as pl

from analytics.allocation import allocate
from analytics.models import UNATTRIBUTED

EXCESS = "excess_refund"
ENTRIES: dict[str, Any] = {
    "order_id": pl.String,
    "model": pl.String,
    "host_id": pl.String,
    "kind": pl.String,
    "refund_id": pl.String,
    "amount_minor": pl.Int64,
    "currency": pl.String,
    "ordered_ms": pl.Int64,
    "booked_ms": pl.Int64,
    "session_id": pl.String,
    "weight": pl.Int128,
    "basis": pl.String,
    "fit": pl.UInt32,
    "sign": pl.Int8,
    "reason": pl.String,
}
"""Columns of ledger lines: sign is -1 where one takes another back, reason says why it was restated."""


def canonical(orders: pl.DataFrame, refunds: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Say what the books must hold for these orders: an entry per model, posting and account.

    orders: order_id, ordered_ms, session_id, currency, amount_minor; refunds: all known ones of these orders, each
    once; weights: order_id, model, host_id, weight, basis, fit.
    With C the refunds of an order up to and with a refund in (time, id) order, the books after it are
    allocate(max(amount - C, 0)) by the order's weights; its entries are the difference to the books before it, zeros
    left out. What exceeds the order goes to `excess_refund`, positive. Sales keep their entries of zero.
    Returns ENTRIES without reason (kind `sale` or `refund`), unsorted.
    """
    stages = _stages(orders, refunds)
    shares = weights.join(stages, on="order_id").select(
        "order_id", "model", "host_id", "weight", "basis", "fit", "stage", "total_minor"
    )
    allocated = allocate(shares, ["order_id", "model", "stage"]).sort("order_id", "model", "host_id", "stage")
    first = pl.col("stage") == 0
    entries = (
        allocated.with_columns(
            amount_minor=pl.col("amount_minor") - pl.when(first).then(0).otherwise(pl.col("amount_minor").shift())
        )
        .filter(first | (pl.col("amount_minor") != 0))
        .join(stages.drop("total_minor", "excess_minor"), on=["order_id", "stage"])
    )
    known = orders.select("order_id", "currency", "ordered_ms", "session_id")
    return (
        pl.concat([entries.drop("stage"), _excess(stages, weights)], how="diagonal")
        .join(known, on="order_id")
        .with_columns(
            kind=pl.when(pl.col("refund_id").is_null()).then(pl.lit("sale")).otherwise(pl.lit("refund")),
            sign=pl.lit(1, dtype=pl.Int8),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in ENTRIES.items() if name != "reason")
    )


def _stages(orders: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """Stage 0 is the sale, stage k its k-th refund: its refund_id, booked_ms, total_minor, excess_minor."""
    amount = orders.select("order_id", amount="amount_minor")
    sales = orders.select(
        "order_id",
        refund_id=pl.lit(None, dtype=pl.String),
        booked_ms="ordered_ms",
        returned=pl.lit(0, dtype=pl.Int64),
    )
    returned = refunds.join(orders, on="order_id", how="semi").select(
        "order_id", "refund_id", booked_ms="refunded_ms", returned="amount_minor"
    )
    total = pl.col("returned").cum_sum().over("order_id")
    beyond = (pl.col("total") - pl.col("amount")).clip(0)
    before = (pl.col("total") - pl.col("returned") - pl.col("amount")).clip(0)
    return (
        pl.concat([sales, returned])
        .sort(pl.col("order_id"), pl.col("refund_id").is_not_null(), "booked_ms", "refund_id")
        .join(amount, on="order_id", maintain_order="left")
        .with_columns(stage=pl.int_range(pl.len()).over("order_id"), total=total)
        .select(
            "order_id",
            "stage",
            "refund_id",
            "booked_ms",
            total_minor=(pl.col("amount") - pl.col("total")).clip(0),
            excess_minor=beyond - before,
        )
    )


def _excess(stages: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    models = weights.select("order_id", "model").unique(maintain_order=True)
    return (
        stages.filter(pl.col("excess_minor") > 0)
        .join(models, on="order_id")
        .select(
            "order_id",
            "model",
            "refund_id",
            "booked_ms",
            host_id=pl.lit(EXCESS),
            amount_minor="excess_minor",
            weight=pl.lit(0, dtype=pl.Int128),
            basis=pl.lit("refunded beyond the amount of the order"),
            fit=pl.lit(0, dtype=pl.UInt32),
        )
    )


def lines(target: pl.DataFrame, booked: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Give the ledger lines that take the books from what is booked to what they must hold.

    target: as `canonical` gives it. booked: the entries that stand for the same orders (ENTRIES without kind, sign and
    reason). reasons: order_id, reason, for orders with something booked.
    What was never booked is booked as sale or refund; what was booked otherwise is taken back and entered anew, both as
    restatement with the reason. What is booked rightly gives no line. Returns ENTRIES.
    """
    posting = ["order_id", "model", "refund_id"]
    once_booked = booked.select(posting).unique()
    new = target.join(once_booked, on=posting, how="anti", nulls_equal=True)
    again = target.join(once_booked, on=posting, how="semi", nulls_equal=True)
    same = [*posting, "host_id", "amount_minor", "weight", "basis", "booked_ms"]
    wrong = booked.join(again, on=same, how="anti", nulls_equal=True)
    right = again.join(booked, on=same, how="anti", nulls_equal=True)
    back = wrong.with_columns(-pl.col("amount_minor"), sign=pl.lit(-1, dtype=pl.Int8))
    restated = (
        pl.concat([back, right.select(back.columns)])
        .join(reasons, on="order_id", how="left")
        .with_columns(kind=pl.lit("restatement"))
    )
    columns = [pl.col(name).cast(dtype) for name, dtype in ENTRIES.items()]
    return pl.concat([new.with_columns(reason=pl.lit("")).select(columns), restated.select(columns)])


def conservation(entries: pl.DataFrame, orders: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """Check that money is conserved: per currency and model, host credits + unattributed = net GMV + excess.

    Returns currency, model, gmv, refunds, net, credited (hosts), unattributed, excess, difference (0 where it holds).
    """
    money = orders.group_by("currency").agg(gmv=pl.col("amount_minor").sum())
    returned = (
        refunds.join(orders.select("order_id"), on="order_id")
        .group_by("currency")
        .agg(refunds=pl.col("amount_minor").sum())
    )
    account = pl.col("host_id")
    booked = entries.group_by("currency", "model").agg(
        credited=pl.col("amount_minor").filter(~account.is_in([UNATTRIBUTED, EXCESS])).sum(),
        unattributed=pl.col("amount_minor").filter(account == UNATTRIBUTED).sum(),
        excess=pl.col("amount_minor").filter(account == EXCESS).sum(),
    )
    return (
        booked.join(money, on="currency", how="full", coalesce=True)
        .join(returned, on="currency", how="left")
        .with_columns(pl.col("refunds").fill_null(0))
        .with_columns(net=pl.col("gmv") - pl.col("refunds"))
        .with_columns(
            difference=pl.col("credited") + pl.col("unattributed") - pl.col("net") - pl.col("excess"),
        )
        .select("currency", "model", "gmv", "refunds", "net", "credited", "unattributed", "excess", "difference")
        .sort("currency", "model")
    )
