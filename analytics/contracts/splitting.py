"""Amounts split and spread exactly: what belongs to a group over its rows, what belongs to days over periods."""

from datetime import date

import numpy as np
import polars as pl

from analytics.allocation import allocate
from analytics.walks import heads


def split(rows: pl.DataFrame, group: list[str], total: str, weight: str, tie: tuple[str, str]) -> pl.Series:
    """Split each group's total over its rows by weight, by largest remainder; the sum of the parts is the total.

    rows: sorted by group. total: the same in all rows of a group, of any sign; weight: not negative; where all are 0,
    the rows have equal weights. tie: two columns of text that break ties between equal remainders, as for credits.
    """
    if rows.is_empty():
        return pl.Series("part", [], dtype=pl.Int64)
    first = heads(rows.select(pl.struct(group).rank("dense")).to_series().to_numpy().astype(np.int64))
    totals = rows[total].cast(pl.Int64).to_numpy()[first]
    weights = rows[weight].cast(pl.Int64).to_numpy()
    size = np.diff(np.append(first, len(weights)))
    idle = np.repeat(np.add.reduceat(weights, first) == 0, size)
    names = rows.select(order_id=pl.col(tie[0]).fill_null(""), host_id=pl.col(tie[1]).fill_null(""))
    parts = allocate(np.abs(totals), np.where(idle, 1, weights), first, names)
    return pl.Series("part", parts * np.repeat(np.sign(totals), size), dtype=pl.Int64)


def accrued(amount: int, first: date, until: date, on: date) -> int:
    """Say how much of an amount for the days from `first` to before `until` belongs to those before `on`.

    Rounded half to even. What belongs to a period is the difference at its ends: over all periods, exactly the amount.
    """
    days = (until - first).days
    return divided(amount * min(max((on - first).days, 0), days), days) if days > 0 else 0


def divided(numerator: int, denominator: int) -> int:
    """Divide whole numbers and round half to even, exactly. denominator: above 0."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))
