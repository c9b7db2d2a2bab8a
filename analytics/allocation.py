"""Money to the minor unit: largest remainder, exact."""

import hashlib

import numpy as np
import polars as pl

from analytics.walks import Numbers, factorized, starts

_NARROW = 1 << 62


def allocate(total: Numbers, weight: Numbers, first: Numbers, names: pl.DataFrame) -> Numbers:
    r"""Split each group's amount over its rows by weight, to the minor unit.

    total: minor units per group, not negative; weight: integer per row, not negative, not all zero in a group (64
    bits, or Python's integers in an object array); first: first row of each group; names: order_id, host_id per row.
    Exact integer quotas, rounded down, then one unit each to the largest remainders (Hamilton's method); ties by
    sha256(order_id + "\x1f" + host_id), ascending. A row with weight 0 never gets a unit; the sum is the total.
    Returns the amount of each row.
    """
    size = np.diff(np.append(first, len(weight)))
    amount = np.repeat(total, size)
    shared = size > 1
    if not shared.any():
        return amount
    largest = np.maximum.reduceat(weight, first).astype(float) * size
    wide = shared & (largest * np.maximum(total, 1) >= _NARROW)
    for groups, dtype in ((shared & ~wide, np.int64), (wide, object)):
        rows = np.flatnonzero(np.repeat(groups, size))
        if len(rows):
            amount[rows] = _split(total[groups].astype(dtype), weight[rows].astype(dtype), size[groups], names[rows])
    return amount


def _split(total: Numbers, weight: Numbers, size: Numbers, names: pl.DataFrame) -> Numbers:
    """As `allocate`, in numbers that hold total x weight."""
    first, group = starts(size), np.repeat(np.arange(len(size)), size)
    whole = np.add.reduceat(weight, first)[group]
    product = total[group] * weight
    quota = product // whole
    rest = product - quota * whole
    left = total - np.add.reduceat(quota, first)
    open_ = np.flatnonzero((left > 0)[group])
    extra = _largest(rest[open_], group[open_], left.astype(np.int64), names[open_])
    quota[open_[extra]] += 1
    return quota.astype(np.int64)


def _largest(rest: Numbers, group: Numbers, left: Numbers, names: pl.DataFrame) -> Numbers:
    """Rows with one of the units left over: the largest remainders of each group, as many as it has left."""
    if rest.dtype == object:
        rest = np.unique(rest, return_inverse=True)[1]
    rows = np.lexsort((-rest, group))
    rank = _place(group[rows])
    edge = np.zeros(len(left), np.int64)
    at_edge = rank == left[group[rows]] - 1
    edge[group[rows][at_edge]] = rest[rows][at_edge]
    above, level = rest > edge[group], rest == edge[group]
    room = left - np.bincount(group[above], minlength=len(left))
    tied = level & (np.bincount(group[level], minlength=len(left)) > room)[group]
    by_hash = np.flatnonzero(tied)
    if len(by_hash):
        by_hash = by_hash[np.lexsort((_ranks(names[by_hash]), group[by_hash]))]
        by_hash = by_hash[_place(group[by_hash]) < room[group[by_hash]]]
    return np.concatenate([np.flatnonzero(above | (level & ~tied)), by_hash])


def _place(group: Numbers) -> Numbers:
    """0, 1, ... within each run of equal numbers."""
    size = np.bincount(group)
    return np.asarray(np.arange(len(group)) - np.repeat(starts(size), size))


def _ranks(names: pl.DataFrame) -> Numbers:
    """Place of each row's tie key among all of them."""
    codes, pairs = factorized(names.select(pl.concat_str("order_id", "host_id", separator="\x1f")).to_series())
    keys = [tie_key(*pair.rsplit("\x1f", 1)) for pair in pairs]  # no host_id holds a control character
    rank = np.empty(len(keys), np.int64)
    rank[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return rank[codes]


def tie_key(order_id: str, host_id: str) -> bytes:
    """What breaks a tie between equal remainders, so that no host is favoured by its name."""
    return hashlib.sha256(f"{order_id}\x1f{host_id}".encode()).digest()
