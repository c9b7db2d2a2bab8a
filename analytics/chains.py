"""Counting: how often journeys go from one state to another."""

import numpy as np
import polars as pl

from analytics.walks import Numbers, heads, sorted_rows, summed

START, CONVERSION, NULL = "\x02start", "\x02conversion", "\x02null"
TRANSITIONS = {"source": pl.String, "target": pl.String, "transitions": pl.Int64}


def remembering(lineup: Numbers, names: pl.Series, first: Numbers, order: int) -> tuple[Numbers, pl.Series]:
    r"""Give the state at every step, the last `order` line-ups, as a code, and the name of each code.

    lineup: code of each step, journey after journey; names: of the codes; first: first step of each journey.
    """
    state, named = lineup, names
    if order == 1:
        return state, named
    place = np.arange(len(lineup)) - np.repeat(first, np.diff(np.append(first, len(lineup))))
    for back in range(1, order):
        before = np.append(np.zeros(back, np.int64), lineup[:-back] + 1)[: len(lineup)]
        key = np.where(place >= back, before, 0) * max(len(named), 1) + state
        rows = sorted_rows(key)
        new = heads(key[rows])
        state = np.empty(len(key), np.int64)
        state[rows] = np.repeat(np.arange(len(new)), np.diff(np.append(new, len(key))))
        earlier, now = np.divmod(key[rows][new], max(len(named), 1))
        prefix = pl.concat([pl.Series([""]), names + "\x1e"]).gather(earlier)
        named = prefix + named.gather(now)
    return state, named


def tallied(state: Numbers, names: pl.Series, first: Numbers, conversions: Numbers, nulls: Numbers) -> pl.DataFrame:
    """Count the transitions of journeys, each walked `conversions` times to CONVERSION and `nulls` times to NULL.

    state: code of each step, journey after journey, none without a step; names: of the codes; first: first step of
    each journey. Returns TRANSITIONS, sorted by source and target.
    """
    size, times = len(names), conversions + nulls
    start, converted, lost, width = size, size + 1, size + 2, size + 3
    names = pl.concat([names.cast(pl.String), pl.Series([START, CONVERSION, NULL])])
    last = np.append(first[1:], len(state))[: len(first)] - 1
    target = np.append(state[1:], 0)[: len(state)]
    target[last] = np.where(nulls > 0, lost, converted)
    per_step, apart = None, (nulls > 0) & (conversions > 0)
    if len(times) and (times.min() != 1 or times.max() != 1):
        per_step = np.repeat(times, last - first + 1)
        per_step[last[apart]] = nulls[apart]
    found = [
        summed(state * width + target, per_step, width**2),
        summed(start * width + state[first], times, width**2),
        summed(state[last[apart]] * width + converted, conversions[apart], width**2),
    ]
    source, target = np.divmod(np.concatenate([pair for pair, _ in found]), width)
    counted = {"source": names.gather(source), "target": names.gather(target)}
    sums = np.concatenate([sums for _, sums in found])
    parts = pl.DataFrame(counted | {"transitions": sums}, schema=TRANSITIONS)
    return parts.group_by("source", "target").agg(pl.col("transitions").sum()).sort("source", "target")
