"""What comes back: full, partial, in two parts, too much, told twice; after minutes or after months."""

import numpy as np
import polars as pl

from streams.generator.actions import log_uniform
from streams.generator.cast import Ints
from streams.generator.names import REASONS
from streams.generator.plan import DAY_MS, Plan
from streams.generator.sales import NUMBERS_OF_STEP

_SOONEST_MS = 120_000
_SECOND_RATE = 0.3
_REASON_RATE = 0.8
_WITHIN = (0.45, 0.9)
"""Shares of refunds that come within a day and within thirty days."""


def refunds(plan: Plan, orders: pl.DataFrame, step: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return money for a part of the orders that had a price.

    orders: occurred, viewer, number, room, amount. Returns occurred, number (of the refund), order (its number),
    viewer, room, amount (minor units) and reason (row of REASONS or null); a refund told twice has two equal numbers.
    """
    priced = orders.filter(orders["amount"] > 0)
    sold = priced.filter(pl.Series(rng.random(priced.height) < plan.refund_rate, dtype=pl.Boolean))
    first = _first(plan, sold, rng)
    both = pl.concat([first, _second(plan, sold, first, rng)])
    reason = pl.Series(rng.integers(len(REASONS), size=both.height))
    given = pl.Series(rng.random(both.height) < _REASON_RATE, dtype=pl.Boolean)
    numbered = both.with_columns(
        number=pl.Series(step * NUMBERS_OF_STEP + np.arange(both.height)),
        reason=pl.select(pl.when(given).then(reason)).to_series(),
    )
    again = numbered.filter(pl.Series(rng.random(both.height) < plan.refund_again_rate, dtype=pl.Boolean))
    return pl.concat([numbered, again])


def _first(plan: Plan, sold: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The first refund of each order: the whole, more than the whole, or a part."""
    amounts = sold["amount"].to_numpy()
    draws = rng.random(len(amounts))
    part = np.maximum((amounts * rng.uniform(0.1, 0.9, len(amounts))).astype(np.int64), 1)
    excess = amounts + np.maximum(amounts // 10, 1)
    whole = np.where(draws < plan.refund_excess_rate, excess, amounts)
    full = draws < plan.refund_excess_rate + (1 - plan.refund_excess_rate) * plan.refund_full_share
    return _rows(sold, np.where(full, whole, part), _delays(plan, len(amounts), rng))


def _second(plan: Plan, sold: pl.DataFrame, first: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A second part for some of the orders of which a part came back; the two never exceed the order."""
    left = sold["amount"].to_numpy() - first["amount"].to_numpy()
    chosen = np.flatnonzero((left > 0) & (rng.random(len(left)) < _SECOND_RATE))
    amounts = np.maximum((left[chosen] * rng.uniform(0.2, 1.0, len(chosen))).astype(np.int64), 1)
    return _rows(sold[chosen], amounts, _delays(plan, len(chosen), rng))


def _rows(sold: pl.DataFrame, amounts: Ints, delays: Ints) -> pl.DataFrame:
    return sold.select(
        pl.col("occurred") + pl.Series(delays),
        pl.col("number").alias("order"),
        "viewer",
        "room",
        amount=pl.Series(amounts),
    )


def _delays(plan: Plan, count: int, rng: np.random.Generator) -> Ints:
    """Milliseconds from sale to refund: within a day, within thirty days, or up to `refund_tail_days`."""
    tail = max(plan.refund_tail_days * DAY_MS, 2 * _SOONEST_MS)
    day, month = (min(days * DAY_MS, tail) for days in (1, 30))
    draws = rng.random(count)
    soon = log_uniform(_SOONEST_MS, day, count, rng)
    weeks = log_uniform(day, month, count, rng)
    months = rng.uniform(month, tail, count).astype(np.int64)
    return np.where(draws < _WITHIN[0], soon, np.where(draws < _WITHIN[1], weeks, months))
