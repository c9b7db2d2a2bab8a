"""Marks to disjoint intervals, and intervals to overlaps: the one state machine behind shifts and watches."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from analytics.events import MAX_TIME_MS

OPEN_MS = MAX_TIME_MS + 1
"""End of an interval that has not ended."""


def intervals(marks: pl.DataFrame, session_ends: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Read disjoint intervals out of marks.

    marks: the keys (session_id among them), at_ms, on (true: begins), taken (true: not said by anyone, but taken to be
    so). session_ends: session_id, ended_ms.
    A begin while on and an end while off change nothing; at equal times ends come before begins. What nobody ended ends
    with its session; a said end stays, even if it is later. The result depends on the set of marks alone.
    Returns the keys, start_ms, end_ms (OPEN_MS while on), sorted by keys and start; touching intervals are one.
    """
    ordered = marks.select(*keys, "at_ms", "on", "taken").sort(*keys, "at_ms", "on", "taken")
    was_on = pl.col("on").shift().fill_null(value=False) & _same(keys, 1)
    pieces = (
        ordered.filter(pl.col("on") != was_on)
        .select(
            *keys,
            "on",
            start_ms=pl.col("at_ms"),
            end_ms=pl.when(_same(keys, -1)).then(pl.col("at_ms").shift(-1)).otherwise(OPEN_MS),
            unsaid=~_same(keys, -1) | pl.col("taken").shift(-1),
        )
        .filter("on")
        .join(session_ends, on="session_id", how="left", maintain_order="left")
    )
    ended = pl.when("unsaid").then(pl.min_horizontal("end_ms", "ended_ms")).otherwise("end_ms")
    return _united(pieces.with_columns(end_ms=ended).filter(pl.col("end_ms") > pl.col("start_ms")), keys)


def _same(keys: Sequence[str], back: int) -> pl.Expr:
    """Whether the row `back` rows before (after, if negative) has the same keys."""
    return pl.all_horizontal(pl.col(key).eq(pl.col(key).shift(back)) for key in keys).fill_null(value=False)


def _united(pieces: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Join pieces that touch: keys, start_ms, end_ms, disjoint and sorted by keys and start."""
    touches = _same(keys, 1) & (pl.col("start_ms") == pl.col("end_ms").shift()).fill_null(value=False)
    return (
        pieces.group_by((~touches).cum_sum().alias("run"), maintain_order=True)
        .agg(pl.col(*keys, "start_ms").first(), pl.col("end_ms").last())
        .drop("run")
    )


def overlaps(left: pl.DataFrame, right: pl.DataFrame, key: str) -> pl.DataFrame:
    """Cut each left interval by the right intervals of its key that it meets.

    left, right: key, start_ms, end_ms and more; the right intervals are disjoint per key.
    Returns a row per meeting pair, in the order of left, then time: the columns of left with start_ms and end_ms cut to
    the overlap, and the other columns of right.
    """
    right = right.sort(key, "start_ms")
    codes = right.select(pl.col(key).unique(maintain_order=True)).with_row_index("code")
    left = left.join(codes, on=key, how="inner", maintain_order="left")
    if left.is_empty():
        return left.drop("code").hstack(right.clear().drop(key, "start_ms", "end_ms"))
    right_code = right.join(codes, on=key, how="left", maintain_order="left")["code"].to_numpy()
    first, last = _bounds(left, right, right_code)
    counts = np.maximum(last - first, 0)
    left_rows = np.repeat(np.arange(left.height), counts)
    starts = np.cumsum(counts) - counts
    right_rows = np.arange(len(left_rows)) - np.repeat(starts - first, counts)
    met = right[right_rows].rename({"start_ms": "right_start_ms", "end_ms": "right_end_ms"}).drop(key)
    return (
        left[left_rows]
        .hstack(met)
        .with_columns(
            pl.max_horizontal("start_ms", "right_start_ms").alias("start_ms"),
            pl.min_horizontal("end_ms", "right_end_ms").alias("end_ms"),
        )
        .drop("code", "right_start_ms", "right_end_ms")
    )


def _bounds(left: pl.DataFrame, right: pl.DataFrame, right_code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and one-past-last right row that each left row meets, by one search over (key, time) packed in 64 bits."""
    low = min(int(left["start_ms"].min()), int(right["start_ms"].min()))  # type: ignore[arg-type]  # not empty
    high = int(left["end_ms"].max())  # type: ignore[arg-type]  # not empty
    width = high - low + 2
    if width * (int(right_code.max()) + 2) >= 1 << 63:
        raise OverflowError("too many keys over too long a time for one search: split the input by time")

    def packed(code: np.ndarray, times: pl.Series) -> np.ndarray:
        inside = np.clip(times.to_numpy() - low, 0, width - 1)
        return np.asarray(code.astype(np.int64) * width + inside)

    left_code = left["code"].to_numpy()
    first = np.searchsorted(packed(right_code, right["end_ms"]), packed(left_code, left["start_ms"]), side="right")
    last = np.searchsorted(packed(right_code, right["start_ms"]), packed(left_code, left["end_ms"]), side="left")
    return first, last
