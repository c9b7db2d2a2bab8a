"""The books: what the ledger must say of an order, and the lines that make it say so.

A posting is one thing that is booked: the sale of an order (refund_id null) or one of its refunds. `canonical` gives
every posting from the order, its refunds and its weights; `lines` gives the difference to what is booked already.
"""

from typing import Any

import numpy as np
import polars as pl

from analytics.allocation import allocate
from analytics.postings import Postings, postings, shares
from analytics.walks import Numbers, factorized, integers, rows_among

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
    found, weights = postings(orders, refunds), weights.rechunk()
    groups = shares(found, rows_among(weights["order_id"], orders["order_id"]), factorized(weights["model"])[0])
    total, weight = found.total[groups.posting], integers(weights["weight"])[groups.row]
    amount = allocate(total, weight, groups.first, weights.select("order_id", "host_id")[groups.row])
    sale = np.repeat(found.sale[groups.posting], groups.size)
    before = np.arange(len(amount)) - np.repeat(groups.size, groups.size)
    change = np.where(sale, amount, amount - amount[before])
    kept = np.flatnonzero(sale | (change != 0))
    posting = np.repeat(groups.posting, groups.size)[kept]
    entries = _entries(orders, found, posting, weights[groups.row[kept]], change[kept])
    beyond = np.flatnonzero(found.excess[groups.posting] > 0)
    if not len(beyond):
        return entries
    posting = groups.posting[beyond]
    accounts = weights[groups.row[groups.first[beyond]]].with_columns(_EXCESS_ACCOUNT)
    return pl.concat([entries, _entries(orders, found, posting, accounts, found.excess[posting])])


_EXCESS_ACCOUNT = (
    pl.lit(EXCESS).alias("host_id"),
    pl.lit(0, dtype=pl.Int128).alias("weight"),
    pl.lit("refunded beyond the amount of the order").alias("basis"),
    pl.lit(0, dtype=pl.UInt32).alias("fit"),
)


def _entries(
    orders: pl.DataFrame, found: Postings, posting: Numbers, accounts: pl.DataFrame, amount: Numbers
) -> pl.DataFrame:
    """Entries of these postings. accounts: model, host_id, weight, basis, fit; amount: minor units; a row each."""
    order, sale = found.order[posting], pl.Series(found.sale[posting])
    refund_id = pl.Series([None], dtype=pl.String).append(found.refunds["refund_id"])
    columns: dict[str, Any] = {
        "kind": pl.Series(["refund", "sale"]).gather(sale.cast(pl.UInt32)),
        "refund_id": refund_id.gather(np.where(sale, 0, found.refund[posting] + 1)),
        "amount_minor": amount,
        "booked_ms": found.booked_ms[posting],
    }
    head = orders.select("currency", "ordered_ms", "session_id")[order]
    return (
        accounts.hstack(head)
        .with_columns(**columns, sign=pl.lit(1))
        .select(pl.col(name).cast(dtype) for name, dtype in ENTRIES.items() if name != "reason")
    )


def lines(target: pl.DataFrame, booked: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Give the ledger lines that take the books from what is booked to what they must hold.

    target: as `canonical` gives it. booked: the entries that stand for the same orders (ENTRIES without kind, sign and
    reason). reasons: order_id, reason, for orders with something booked.
    What was never booked is booked as sale or refund; what was booked otherwise is taken back and entered anew, both as
    restatement with the reason. What is booked rightly gives no line. Returns ENTRIES.
    """
    columns = [pl.col(name).cast(dtype) for name, dtype in ENTRIES.items()]
    if booked.is_empty():
        return target.with_columns(reason=pl.lit("")).select(columns)
    known = target.select(pl.col("order_id").is_in(booked["order_id"].unique().implode())).to_series()
    untouched, target = target.filter(~known).with_columns(reason=pl.lit("")).select(columns), target.filter(known)
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
    return pl.concat([untouched, new.with_columns(reason=pl.lit("")).select(columns), restated.select(columns)])
