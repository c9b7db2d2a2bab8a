"""The AI label on screen: how much of a digital host's time on air it was shown, and the gaps."""

from typing import Any

import polars as pl

from analytics.intervals import intervals, overlaps

_HOST = ("session_id", "host_id")
GAPS: dict[str, Any] = {
    "session_id": pl.String,
    "host_id": pl.String,
    "seller_id": pl.String,
    "platform": pl.String,
    "start_ms": pl.Int64,
    "end_ms": pl.Int64,
}
"""Stretches of a digital host on air without the label, half-open."""


def shown(marks: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Read when the label was on screen out of marks, by the rule of shifts.

    marks: session_id, host_id, at_ms, on; ends: session_id, ended_ms. Returns session_id, host_id, start_ms, end_ms.
    """
    return intervals(marks.unique().with_columns(taken=pl.lit(value=False)), ends, _HOST)


def gaps(air: pl.DataFrame, label: pl.DataFrame) -> pl.DataFrame:
    """Give the stretches without label (GAPS) of digital hosts on air.

    air: session_id, host_id, host_kind, seller_id, platform, start_ms, end_ms; label: as `shown` gives it.
    """
    key = pl.concat_str(*_HOST, separator="\x1f").alias("key")
    digital = air.filter(pl.col("host_kind") == "digital").with_row_index("shift").with_columns(key)
    met = overlaps(digital, label.with_columns(key).drop(_HOST), "key").sort("shift", "start_ms")
    covered = met.group_by("shift", maintain_order=True).agg(ends="end_ms", starts="start_ms")
    return (
        digital.join(covered, on="shift", how="left", maintain_order="left")
        .with_columns(pl.col("starts", "ends").fill_null([]))
        .with_columns(gap_start=pl.concat_list("start_ms", "ends"), gap_end=pl.concat_list("starts", "end_ms"))
        .explode("gap_start", "gap_end")
        .filter(pl.col("gap_start") < pl.col("gap_end"))
        .with_columns(start_ms="gap_start", end_ms="gap_end")
        .select(pl.col(name).cast(dtype) for name, dtype in GAPS.items())
        .sort("session_id", "host_id", "start_ms")
    )


def coverage(air: pl.DataFrame, bare: pl.DataFrame) -> pl.DataFrame:
    """Say per session and digital host how long it was on air and how much of that the label was shown.

    bare: GAPS. Returns session_id, host_id, seller_id, platform, air_ms, shown_ms, gaps (count), longest_gap_ms.
    """
    lasts = pl.col("end_ms") - pl.col("start_ms")
    missing = bare.group_by(_HOST).agg(bare_ms=lasts.sum(), gaps=pl.len().cast(pl.Int64), longest_gap_ms=lasts.max())
    return (
        air.filter(pl.col("host_kind") == "digital")
        .group_by(*_HOST, "seller_id", "platform")
        .agg(air_ms=lasts.sum())
        .join(missing, on=_HOST, how="left")
        .with_columns(pl.col("bare_ms", "gaps", "longest_gap_ms").fill_null(0))
        .with_columns(shown_ms=pl.col("air_ms") - pl.col("bare_ms"))
        .select(*_HOST, "seller_id", "platform", "air_ms", "shown_ms", "gaps", "longest_gap_ms")
        .sort(_HOST)
    )


def in_gap(sales: pl.DataFrame, bare: pl.DataFrame) -> pl.Series:
    """Say for each sale (session_id, host_id, at_ms) whether the host was then on air in that session without label."""
    some = bare.select(*_HOST, "start_ms", gap_end="end_ms").sort("start_ms")
    found = (
        sales.select(*_HOST, "at_ms")
        .with_row_index("sale")
        .sort("at_ms")
        .join_asof(some, left_on="at_ms", right_on="start_ms", by=list(_HOST), check_sortedness=False)
        .sort("sale")
    )
    return found.select((pl.col("at_ms") < pl.col("gap_end")).fill_null(value=False)).to_series()
