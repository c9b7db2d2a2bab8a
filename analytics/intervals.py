"""Marks to disjoint intervals, and intervals to overlaps: the one state machine behind shifts and watches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from analytics.events import MAX_TIME_MS

Numbers = np.ndarray[Any, Any]
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
    columns = (*keys, "at_ms", "on", "taken")
    ordered = marks.select(columns).sort(columns, maintain_order=True)  # stable: quick where much is in order
    run, at_ms, on, taken = runs(ordered, keys), *(ordered[name].to_numpy() for name in ("at_ms", "on", "taken"))
    was_on = np.append(False, on)[:-1] & (np.append(0, run)[:-1] == run)
    turns = np.flatnonzero(on != was_on)
    begins = turns[on[turns]]
    following = np.append(turns, len(run))[np.flatnonzero(on[turns]) + 1]
    said = np.append(run, 0)[following] == run[begins]
    end_ms = np.where(said, np.append(at_ms, OPEN_MS)[following], OPEN_MS)
    left_to_session = ~said | np.append(taken, True)[following]
    ended_ms = _ended(ordered[begins], session_ends)
    end_ms = np.where(left_to_session, np.minimum(end_ms, ended_ms), end_ms)
    lasting = end_ms > at_ms[begins]
    begins, end_ms = begins[lasting], end_ms[lasting]
    first, last = _united(run[begins], at_ms[begins], end_ms)
    found: pl.DataFrame = ordered[begins[first]]
    return found.select(*keys, start_ms=at_ms[begins[first]], end_ms=end_ms[last])


def runs(ordered: pl.DataFrame, keys: Sequence[str]) -> Numbers:
    """Number the runs of rows with equal keys from 1."""
    same = pl.all_horizontal(pl.col(key).eq(pl.col(key).shift()) for key in keys).fill_null(value=False)
    return np.cumsum(~ordered.select(same).to_series().to_numpy())


def _ended(pieces: pl.DataFrame, session_ends: pl.DataFrame) -> Numbers:
    """When the session of each piece ended; OPEN_MS if it has not."""
    if session_ends.is_empty():
        return np.full(pieces.height, OPEN_MS)
    ended = pieces.join(session_ends, on="session_id", how="left", maintain_order="left")["ended_ms"]
    return ended.fill_null(OPEN_MS).to_numpy()


def _united(run: Numbers, start_ms: Numbers, end_ms: Numbers) -> tuple[Numbers, Numbers]:
    """Join pieces of a run that touch: the first and the last piece of each interval."""
    touches = (np.append(0, run)[:-1] == run) & (start_ms == np.append(OPEN_MS, end_ms)[:-1])
    first = np.flatnonzero(~touches)
    return first, np.append(first, len(run))[1:] - 1


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
