"""The models that look at a viewer's path: integer weights from the steps before an order."""

from collections.abc import Callable
from decimal import Context, Decimal
from math import gcd, lcm

import numpy as np
import polars as pl

from analytics.markov import Fit
from analytics.rules import Rules

DECAY_SCALE = 10**12
_EXACT = Context(prec=80)
_DOUBTFUL = 0.01  # a double of 10^12 is off by less than 0.001; nearer to a half than this it is computed exactly
_LONGEST_DECAY = 45.0  # half-lives after which the weight has surely rounded to zero


def numbered(steps: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Steps with what the models need: count (n), age_ms (order - end), share (lcm of line-up sizes / size)."""
    sized = steps.with_columns(size=pl.col("host_ids").list.len())
    sizes = sized.group_by("order_id").agg(sizes=pl.col("size").unique().sort(), count=pl.len().cast(pl.Int64))
    distinct = sizes.select(pl.col("sizes").unique())
    common = distinct.with_columns(
        common=pl.Series([lcm(*found) for found in distinct["sizes"].to_list()], dtype=pl.Int128)
    )
    return (
        sized.join(sizes.join(common, on="sizes"), on="order_id", maintain_order="left")
        .join(orders.select("order_id", "ordered_ms"), on="order_id", maintain_order="left")
        .with_columns(
            share=pl.col("common") // pl.col("size").cast(pl.Int128), age_ms=pl.col("ordered_ms") - pl.col("end_ms")
        )
    )


def _split(steps: pl.DataFrame, weight: pl.Expr, basis: str) -> pl.DataFrame:
    """Split each step's weight over its line-up; a host in several steps has one row with the sum."""
    return (
        steps.select("order_id", "host_ids", weight=weight.cast(pl.Int128) * pl.col("share"))
        .explode("host_ids")
        .group_by("order_id", host_id="host_ids", maintain_order=True)
        .agg(pl.col("weight").sum())
        .with_columns(basis=pl.lit(basis))
    )


def _first(steps: pl.DataFrame, _rules: Rules, _fit: Fit) -> pl.DataFrame:
    return _split(steps.filter(pl.col("step") == 1), pl.lit(1), "first step of the path")


def _last(steps: pl.DataFrame, _rules: Rules, _fit: Fit) -> pl.DataFrame:
    return _split(steps.filter(pl.col("step") == pl.col("count")), pl.lit(1), "last step of the path")


def _linear(steps: pl.DataFrame, _rules: Rules, _fit: Fit) -> pl.DataFrame:
    return _split(steps, pl.lit(1), "every step of the path equally")


def _position(steps: pl.DataFrame, rules: Rules, _fit: Fit) -> pl.DataFrame:
    """First and last share brought to whole numbers; n = 1: 1, n = 2: first : last, n >= 3: the rest to the middle."""
    first, last = rules.position
    scale = lcm(first.denominator, last.denominator)
    whole_first, whole_last = int(first * scale), int(last * scale)
    count, step = pl.col("count"), pl.col("step")
    inner = (count - 2).clip(1)
    ends = pl.when(step == 1).then(whole_first).when(step == count).then(whole_last)
    weight = (
        pl.when(count == 1).then(1).otherwise(ends.otherwise(None) * inner).fill_null(scale - whole_first - whole_last)
    )
    return _split(steps, weight, "position in the path")


def _time_decay(steps: pl.DataFrame, rules: Rules, fit: Fit) -> pl.DataFrame:
    """Half of the weight is lost per half-life between the step's end and the order; all zero: as `last`."""
    decayed = steps.with_columns(decay=_decay(steps["age_ms"], rules.half_life_ms))
    alive = pl.col("decay").max().over("order_id") > 0
    return pl.concat(
        [
            _split(decayed.filter(alive), pl.col("decay"), "recency of each step"),
            _last(decayed.filter(~alive), rules, fit).with_columns(
                basis=pl.lit("last step of the path: every step is too old to weigh")
            ),
        ]
    )


def _decay(age_ms: pl.Series, half_life_ms: int) -> pl.Series:
    """round-half-even(10^12 x 2^(-age / half-life)), exact: doubles, and 80 digits where a double is in doubt."""
    lives = age_ms.to_numpy() / half_life_ms
    close = DECAY_SCALE * np.exp2(-np.minimum(lives, _LONGEST_DECAY))
    whole = np.rint(close).astype(np.int64)
    for row in np.flatnonzero(np.abs(close - np.floor(close) - 0.5) < _DOUBTFUL):
        power = _EXACT.divide(Decimal(-int(age_ms[int(row)])), Decimal(half_life_ms))
        whole[row] = int(
            _EXACT.multiply(_EXACT.power(Decimal(2), power), DECAY_SCALE).to_integral_value("ROUND_HALF_EVEN")
        )
    return pl.Series(whole)


def _watch_time(steps: pl.DataFrame, _rules: Rules, _fit: Fit) -> pl.DataFrame:
    return _split(steps, pl.col("watched_ms"), "time watched in each step")


def _distinct(steps: pl.DataFrame) -> pl.DataFrame:
    return (
        steps.select("order_id", "host_ids")
        .explode("host_ids")
        .unique(maintain_order=True)
        .rename({"host_ids": "host_id"})
    )


def _shapley(steps: pl.DataFrame, _rules: Rules, _fit: Fit) -> pl.DataFrame:
    """1 per distinct host: the Shapley value of v(S) = revenue of the orders whose hosts all lie in S."""
    return _distinct(steps).with_columns(weight=pl.lit(1), basis=pl.lit("each host of the path equally"))


def _markov(steps: pl.DataFrame, _rules: Rules, fit: Fit) -> pl.DataFrame:
    """The removal effect of each distinct host of the path, as the smallest whole numbers; all zero: as `shapley`."""
    effects = fit.weights()
    sets = steps.group_by("order_id", maintain_order=True).agg(
        hosts=pl.col("host_ids").list.explode(keep_nulls=False).unique().sort()
    )
    distinct = sets.select(pl.col("hosts").unique())
    found = [[effects.get(host, 0) for host in hosts] for hosts in distinct["hosts"].to_list()]
    weighed = distinct.with_columns(
        weight=pl.Series([_smallest(weights) for weights in found], dtype=pl.List(pl.Int128)),
        basis=pl.Series([_MARKOV_BASIS[any(weights)] for weights in found], dtype=pl.String),
    )
    return (
        sets.join(weighed, on="hosts", maintain_order="left")
        .explode("hosts", "weight")
        .select("order_id", "weight", "basis", host_id="hosts")
    )


_MARKOV_BASIS = {
    True: "removal effect of each host",
    False: "each host of the path equally: no removal effect is known",
}


def _smallest(weights: list[int]) -> list[int]:
    common = gcd(*weights)
    return [weight // common for weight in weights] if common else [1] * len(weights)


BY_STEPS: dict[str, Callable[[pl.DataFrame, Rules, Fit], pl.DataFrame]] = {
    "first": _first,
    "last": _last,
    "linear": _linear,
    "position": _position,
    "time_decay": _time_decay,
    "watch_time": _watch_time,
    "shapley": _shapley,
    "markov": _markov,
}
"""Weights of each path model: order_id, host_id, weight, basis, from numbered steps."""
