"""Counting: how often journeys go from one state to another."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from analytics.walks import AT_ONCE, Numbers, added, heads, narrowest, sorted_rows, stretches, summed

START, CONVERSION, NULL = "\x02start", "\x02conversion", "\x02null"
_ENDS = (START, CONVERSION, NULL)
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
    size = len(names)
    bits = (size + len(_ENDS) - 1).bit_length()
    count = np.diff(np.append(first, len(state)))
    found = [
        part
        for some in stretches(count, max(AT_ONCE, 1 << 2 * bits))
        for part in _pairs(state[first[some.start] :], count[some], conversions[some], nulls[some], size, bits)
    ]
    pair, sums = added(found, 1 << 2 * bits)
    names = pl.concat([names.cast(pl.String), pl.Series(_ENDS)])
    counted = {"source": names.gather(pair >> bits), "target": names.gather(pair & ((1 << bits) - 1))}
    parts = pl.DataFrame(counted | {"transitions": sums}, schema=TRANSITIONS)
    return parts.group_by("source", "target").agg(pl.col("transitions").sum()).sort("source", "target")


def _pairs(  # a step of `tallied`
    state: Numbers, count: Numbers, conversions: Numbers, nulls: Numbers, size: int, bits: int
) -> Iterator[tuple[Numbers, Numbers]]:
    """Sum the times of the transitions of some journeys: source and target in one number, so many bits each; sums."""
    behind, times, cells = np.cumsum(count), conversions + nulls, 1 << 2 * bits
    state = state[: int(behind[-1])].astype(narrowest(cells))
    begin, end = state[behind - count], state[behind - 1] << bits
    yield summed(begin + (size << bits), times, cells)
    yield summed(end + size + 1, conversions, cells)
    yield summed(end + size + 2, nulls, cells)
    pair = state[:-1] << bits
    pair |= state[1:]
    pair[behind[:-1] - 1] = nowhere = cells - 1  # no journey leads from NULL to NULL
    pair, sums = summed(pair, None if (times == 1).all() else np.repeat(times, count)[:-1], cells)
    yield pair[pair != nowhere], sums[pair != nowhere]
