"""The postings of orders as numbers: the sale of each order, then each of its refunds, and what each leaves over."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.walks import Numbers, heads, ranges, rows_among, sorted_rows, starts, widened


@dataclass(frozen=True, slots=True)
class Postings:
    """Postings, order after order, the sale first, then refunds by time and id.

    first, count: of each order; order: row of the order of each posting; sale: whether it is one; refund: row in
    `refunds` (0 for a sale); booked_ms; total: minor units that the hosts hold after it; excess: what it returned
    beyond the order.
    """

    refunds: pl.DataFrame
    first: Numbers
    count: Numbers
    order: Numbers
    sale: Numbers
    refund: Numbers
    booked_ms: Numbers
    total: Numbers
    excess: Numbers


def postings(orders: pl.DataFrame, refunds: pl.DataFrame) -> Postings:
    """Put the postings of these orders into their order; refunds of other orders are passed over."""
    refunds = (
        refunds.with_columns(row=pl.Series(rows_among(refunds["order_id"], orders["order_id"]), dtype=pl.Int64))
        .filter(pl.col("row") >= 0)
        .sort("row", "refunded_ms", "refund_id")
    )
    of = refunds["row"].to_numpy()
    count = np.bincount(of, minlength=orders.height) + 1
    first, order = starts(count), np.repeat(np.arange(orders.height), count)
    sale = np.zeros(len(order), dtype=bool)
    sale[first] = True
    refund = np.maximum(np.cumsum(~sale) - 1, 0)
    returned, booked_ms = np.zeros(len(order), np.int64), orders["ordered_ms"].to_numpy()[order]
    returned[~sale], booked_ms[~sale] = refunds["amount_minor"].to_numpy(), refunds["refunded_ms"].to_numpy()
    sums = np.cumsum(widened(returned, int(returned.max(initial=0)) * int(count.max(initial=1))))
    sums -= sums[first][order]  # right also where the sum over all orders ran over 64 bits
    amount = orders["amount_minor"].to_numpy()[order]
    excess = np.maximum(sums - amount, 0) - np.maximum(sums - returned - amount, 0)
    total = np.maximum(amount - sums, 0)
    return Postings(
        refunds, first, count, order, sale, refund, booked_ms, total.astype(np.int64), excess.astype(np.int64)
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows to split: per posting and model a group with the order's weights.

    first, size: of each group; posting: of each group; row: row of the weights, per row; back: rows back to the same
    host in the posting before, per row.
    """

    first: Numbers
    size: Numbers
    posting: Numbers
    row: Numbers


def shares(found: Postings, order: Numbers, model: Numbers) -> Shares:
    """Repeat the weights of each order and model for each of its postings.

    order: of each row of weights, -1 where the postings know none; model: code.
    """
    known = np.flatnonzero(order >= 0)
    key = order[known] * (int(model.max(initial=0)) + 1) + model[known]
    ordered = sorted_rows(key)
    rows = known[ordered]
    block = heads(key[ordered])
    block_size = np.diff(np.append(block, len(rows)))
    of = order[rows[block]]
    times = found.count[of]
    size = np.repeat(block_size, times)
    row = rows[ranges(np.repeat(block, times), size)]
    return Shares(starts(size), size, ranges(found.first[of], times), row)
