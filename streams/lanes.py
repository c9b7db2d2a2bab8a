"""Lanes: a batch's number says whose viewers it is of.

A lane is one writer with its own ascending numbers, `batch = lane << 40 | number`: lane 0 is the embedded path, lane 1
the roster, lane p + 2 partition p of the events.
"""

from collections.abc import Collection, Sequence

import polars as pl

EMBEDDED = 0
ROSTER = 1
FIRST_OF_EVENTS = 2
_BITS = 40
LANE = (pl.col("batch") // (1 << _BITS)).alias("lane")
"""The lane of the column `batch`."""


def counts(batch: int, seen: Sequence[int], named: Collection[int]) -> pl.Expr:
    """Whether rows of the column `batch` count for a batch, now and whenever it is done again.

    Those of its own lane do, those of others up to the batches that were seen when it was taken on, and named ones.
    """
    own = bounds(batch)
    last = {lane_of(one): one for one in seen}
    closed = pl.col("batch") <= LANE.replace_strict(last, default=0, return_dtype=pl.UInt64)
    return pl.col("batch").is_between(own["first"], own["last"]) | closed | pl.col("batch").is_in(list(named))


def before_first(lane: int) -> int:
    """Give the number that stands before a lane's first batch: nothing was taken on yet."""
    return lane << _BITS


def lane_of(batch: int) -> int:
    """Say which lane a batch belongs to."""
    return batch >> _BITS


def source_of(lane: int, alike: str) -> str:
    """Name the source of a lane of the events, given that of another one: topic and partition."""
    return f"{alike.rpartition('-')[0]}-{lane - FIRST_OF_EVENTS}"


def is_first(batch: int) -> bool:
    """Whether a batch is the first of its lane."""
    return batch & ((1 << _BITS) - 1) == 1


def bounds(batch: int) -> dict[str, int]:
    """Give the least and the greatest batch number of the lane of a batch, as query parameters."""
    lane = lane_of(batch)
    return {"first": lane << _BITS, "last": ((lane + 1) << _BITS) - 1}


ALL = {"first": 0, "last": (1 << 64) - 1}
"""The batches of every lane, as query parameters."""
