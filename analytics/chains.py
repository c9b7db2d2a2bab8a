"""Counting: how often journeys go from one state to another."""

import numpy as np
import polars as pl

from analytics.walks import Numbers, heads, sorted_rows

START, CONVERSION, NULL = "\x02start", "\x02conversion", "\x02null"
TRANSITIONS = {"source": pl.String, "target": pl.String, "transitions": pl.Int64}
_EXACT_DOUBLE = 1 << 53
_SPARSE = 4


def remembering(lineup: Numbers, names: pl.Series, first: Numbers, order: int) -> tuple[Numbers, pl.Series]:
    r"""Give the state at every step, the last `order` line-ups, as a code, and the name of each code.

    lineup: code of each step, journey after journey; names: of the codes; first: first step of each journey.
    """
    state, named = lineup, names
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
    size = len(names)
    times = conversions + nulls
    last = np.append(first[1:], len(state))[: len(first)] - 1
    inside = np.ones(len(state), dtype=bool)
    inside[last] = False
    source = np.flatnonzero(inside)
    per_step = None
    if len(times) and not times.min() == times.max() == 1:
        per_step = np.repeat(times, last - first)
    start, converted, lost = size, size + 1, size + 2
    names = pl.concat([names.cast(pl.String), pl.Series([START, CONVERSION, NULL])])
    found = [
        _summed(state[source] * (size + 3) + state[source + 1], per_step, (size + 3) ** 2),
        _summed(start * (size + 3) + state[first], times, (size + 3) ** 2),
        _summed(state[last] * (size + 3) + converted, conversions, (size + 3) ** 2),
        _summed(state[last] * (size + 3) + lost, nulls, (size + 3) ** 2),
    ]
    source, target = np.divmod(np.concatenate([pair for pair, _ in found]), size + 3)
    counted = {"source": names.gather(source), "target": names.gather(target)}
    return pl.DataFrame(
        counted | {"transitions": np.concatenate([times for _, times in found])}, schema=TRANSITIONS
    ).sort("source", "target")


def _summed(key: Numbers, times: Numbers | None, size: int) -> tuple[Numbers, Numbers]:
    """Sum times (once each, if None) by key: keys with a sum above 0, and the sums, exact."""
    whole = len(key) if times is None else int(times.sum())
    if size <= _SPARSE * len(key) and whole < _EXACT_DOUBLE:
        sums = np.bincount(key, times)
        found = np.flatnonzero(sums)
        return found, sums[found].astype(np.int64)
    rows = sorted_rows(key)
    first = heads(key[rows])
    ordered = np.ones(len(key), np.int64) if times is None else times[rows]
    sums = np.add.reduceat(ordered, first) if len(first) else ordered
    return key[rows][first][sums > 0], sums[sums > 0]
