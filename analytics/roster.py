"""Shifts, line-ups, stretches and session ends out of roster events."""

import polars as pl

from analytics.intervals import intervals, overlaps

SHIFT = ("session_id", "host_id")
UNNAMED = "A"
"""Variant of a script that was begun without one."""


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


def kinds(roster_events: pl.DataFrame) -> pl.DataFrame:
    """Say which kind a host has from when: host_id, kind_ms, kind, sorted; only where the kind changes.

    The first registration, by time and id, holds before it too; of several at one instant the last by id holds.
    """
    registered = roster_events.filter(pl.col("type") == "host_registered").sort("host_id", "occurred_ms", "event_id")
    first = registered.unique("host_id", keep="first").with_columns(occurred_ms=pl.lit(0, dtype=pl.Int64))
    last = registered.unique(["host_id", "occurred_ms"], keep="last")
    told = pl.concat([first, last]).select("host_id", "kind", kind_ms="occurred_ms")
    told = told.unique(["host_id", "kind_ms"], keep="first", maintain_order=True).sort("host_id", "kind_ms")
    before = pl.col("kind").shift().over("host_id")
    return told.filter(pl.col("kind").ne_missing(before)).select("host_id", "kind_ms", "kind")


def scripts(roster_events: pl.DataFrame) -> pl.DataFrame:
    """Say which scripts a host began when: session_id, host_id, begun_ms, script_id, variant (A where none was)."""
    return (
        roster_events.filter(pl.col("type") == "script_started")
        .select(*SHIFT, "script_id", pl.col("variant").fill_null(UNNAMED), begun_ms="occurred_ms")
        .unique()
    )


def lineups(shifts: pl.DataFrame) -> pl.DataFrame:
    """Cut each session into stretches with one set of hosts on air.

    shifts: session_id, host_id, start_ms, end_ms (half-open).
    Returns session_id, start_ms, end_ms, host_ids (sorted list); dead air is absent.
    """
    place = ["session_id", "start_ms", "end_ms"]
    return _present(shifts).group_by(place).agg(host_ids=pl.col("host_id").sort()).sort("session_id", "start_ms")


def stretches(shifts: pl.DataFrame, kinds: pl.DataFrame, scripts: pl.DataFrame) -> pl.DataFrame:
    """Cut each session into stretches with the same hosts, of the same kinds, and the same scripts.

    shifts, kinds, scripts: as the functions of these names give them. A script runs until its host begins another at a
    later instant, or goes off air; those that a host begins at one instant run side by side.
    Returns session_id, start_ms, end_ms, host_ids (sorted list), kind (of all of them; unknown: not registered; mixed:
    of several), script_ids and variants (lists, in pairs, sorted); dead air is absent.
    """
    place = ["session_id", "start_ms", "end_ms"]
    present = _present(_turns(shifts, kinds, scripts))
    kind = pl.when(pl.col("kind").n_unique() == 1).then(pl.col("kind").first()).otherwise(pl.lit("mixed"))
    found = present.group_by(place).agg(host_ids=pl.col("host_id").sort(), kind=kind)
    running = (
        present.join(scripts, on=[*SHIFT, "begun_ms"])
        .select("session_id", "start_ms", "script_id", "variant")
        .unique()
        .sort(pl.all())
        .group_by("session_id", "start_ms", maintain_order=True)
        .agg(script_ids="script_id", variants="variant")
    )
    return (
        found.join(running, on=["session_id", "start_ms"], how="left")
        .with_columns(pl.col("script_ids", "variants").fill_null([]))
        .sort("session_id", "start_ms")
    )


def _turns(shifts: pl.DataFrame, kinds: pl.DataFrame, scripts: pl.DataFrame) -> pl.DataFrame:
    """Cut shifts where the kind changes or a script begins: session_id, host_id, start_ms, end_ms, kind, begun_ms.

    begun_ms: when the scripts that run were begun; null: none runs.
    """
    changed = shifts.join(kinds, on="host_id").select(*shifts.columns, at_ms="kind_ms")
    begun = shifts.join(scripts.select(*SHIFT, "begun_ms").unique(), on=SHIFT).select(*shifts.columns, at_ms="begun_ms")
    inside = (pl.col("at_ms") > pl.col("start_ms")) & (pl.col("at_ms") < pl.col("end_ms"))
    within = (one.filter(inside) for one in (changed, begun))
    cuts = pl.concat([shifts.with_columns(at_ms="start_ms"), *within]).unique()
    following = pl.col("at_ms").shift(-1).over(*SHIFT, "start_ms")
    turns = cuts.sort("at_ms").with_columns(until_ms=following.fill_null(pl.col("end_ms")))
    last = scripts.select(*SHIFT, "begun_ms").unique().sort("begun_ms")
    return (
        turns.join_asof(
            kinds.sort("kind_ms"), left_on="at_ms", right_on="kind_ms", by="host_id", check_sortedness=False
        )
        .join_asof(last, left_on="at_ms", right_on="begun_ms", by=list(SHIFT), check_sortedness=False)
        .select(
            *SHIFT,
            pl.col("kind").fill_null("unknown"),
            pl.when(pl.col("begun_ms") >= pl.col("start_ms")).then("begun_ms"),
            start_ms="at_ms",
            end_ms="until_ms",
        )
    )


def _present(intervals: pl.DataFrame) -> pl.DataFrame:
    """Cut each session where an interval begins or ends: a row per piece and interval that runs there.

    intervals: session_id, start_ms, end_ms and more. Returns them with start_ms and end_ms of the piece.
    """
    times = pl.concat([intervals["start_ms"], intervals["end_ms"]]).unique().sort()
    places = [times.search_sorted(intervals[name]).cast(pl.Int64).alias(name) for name in ("start_ms", "end_ms")]
    ranked = intervals.with_columns(places)  # places in time, for `overlaps` has no room for many sessions of any time
    bounds = pl.concat([ranked.select("session_id", at_ms=name) for name in ("start_ms", "end_ms")]).unique()
    following = pl.col("at_ms").shift(-1).over("session_id")
    pieces = bounds.sort("session_id", "at_ms").select("session_id", start_ms="at_ms", end_ms=following).drop_nulls()
    found = overlaps(ranked, pieces, "session_id")
    return found.with_columns([times.gather(found[name]).alias(name) for name in ("start_ms", "end_ms")])
