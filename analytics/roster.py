"""Shifts, line-ups and session ends out of roster events."""

import polars as pl

from analytics.intervals import intervals

SHIFT = ("session_id", "host_id")


def shift_marks(roster_events: pl.DataFrame) -> pl.DataFrame:
    """Marks of who goes on and off air: session_id, host_id, at_ms, on."""
    return roster_events.filter(pl.col("type").is_in(["shift_started", "shift_ended"])).select(
        "session_id", "host_id", at_ms="occurred_ms", on=pl.col("type") == "shift_started"
    )


def session_ends(roster_events: pl.DataFrame) -> pl.DataFrame:
    """When each session ended: its latest session_ended. Returns session_id, ended_ms."""
    ended = roster_events.filter(pl.col("type") == "session_ended")
    return ended.group_by("session_id").agg(ended_ms=pl.col("occurred_ms").max()).sort("session_id")


def shifts(marks: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Read shifts out of marks.

    marks: session_id, host_id, at_ms, on; ends: session_id, ended_ms. A shift nobody ended ends with its session.
    Returns session_id, host_id, start_ms, end_ms (OPEN_MS while on air), disjoint per session and host, sorted.
    """
    return intervals(marks.unique().with_columns(taken=pl.lit(value=False)), ends, SHIFT)


def lineups(shifts: pl.DataFrame) -> pl.DataFrame:
    """Cut each session into stretches with one set of hosts on air.

    shifts: session_id, host_id, start_ms, end_ms (half-open).
    Returns session_id, start_ms, end_ms, host_ids (sorted list); dead air is absent.
    """
    bounds = pl.concat(
        [shifts.select("session_id", at_ms="start_ms"), shifts.select("session_id", at_ms="end_ms")]
    ).unique()
    stretches = (
        bounds.sort("session_id", "at_ms")
        .select(
            "session_id",
            start_ms=pl.col("at_ms"),
            end_ms=pl.when(pl.col("session_id") == pl.col("session_id").shift(-1)).then(pl.col("at_ms").shift(-1)),
        )
        .drop_nulls("end_ms")
    )
    return (
        stretches.join(shifts, on="session_id", suffix="_shift")
        .filter((pl.col("start_ms_shift") <= pl.col("start_ms")) & (pl.col("start_ms") < pl.col("end_ms_shift")))
        .group_by("session_id", "start_ms", "end_ms")
        .agg(host_ids=pl.col("host_id").sort())
        .sort("session_id", "start_ms")
    )
