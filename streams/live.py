"""Who is watching now: the marks of open and recent watches in memory, and the changes of presence a batch brings.

Memory holds pairs (viewer, session) that are open or had a mark or an idle end since the floor, and some that had it in
the minute before; of every other pair, and of what such a pair had before it came back, it holds that all of it is
older and closed. What touches that is looked up.
"""

from dataclasses import dataclass, replace

import polars as pl

from analytics import presence
from analytics.intervals import OPEN_MS
from analytics.rules import MINUTE_MS
from analytics.warehouse import Warehouse
from streams import lanes
from streams.asked import MARKS, Asked
from streams.pairs import PAIR, Pairs

WATCHES = {"viewer_id": pl.String, "session_id": pl.String, "start_ms": pl.Int64, "end_ms": pl.Int64}
CHECKS = {"viewer_id": pl.String, "session_id": pl.String, "first_ms": pl.Int64, "check_ms": pl.Int64}
CHANGES = {"viewer_id": pl.String, "session_id": pl.String, "at_ms": pl.Int64, "change": pl.Int64}


@dataclass(frozen=True, slots=True)
class Live:
    """What is known of live pairs.

    marks: their joins and leaves. watched: the watches that are booked for them (end OPEN_MS while on).
    checks: pairs with a join that no leave answers; when the first and the last of their watches end, or may end, by
    silence (first_ms, check_ms). A word that comes late may undo the first end although the last is still to come.
    floor_ms: the floor of when it was last looked for pairs that are old (null: never).
    """

    marks: Pairs
    watched: Pairs
    checks: Pairs
    floor_ms: int | None = None


_NO_MARKS, _NO_WATCHES, _NO_CHECKS = (pl.DataFrame(schema=schema) for schema in (MARKS, WATCHES, CHECKS))
NOBODY = Live(Pairs.of(_NO_MARKS), Pairs.of(_NO_WATCHES), Pairs.of(_NO_CHECKS))


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a batch brings that may change who watches.

    marks: new joins and leaves. activity: times of all its viewers' events (viewer_id, at_ms).
    ends: session_id, ended_ms as known with the batch; moved: sessions whose end it changes, with old_ms (null: none).
    newest_ms: newest event time with the batch; last_newest_ms, floor_ms: before it (null: nothing came before).
    stored: marks of other batches by viewer.
    """

    marks: pl.DataFrame
    activity: pl.DataFrame
    ends: pl.DataFrame
    moved: pl.DataFrame
    newest_ms: int
    last_newest_ms: int | None
    floor_ms: int | None
    idle_ms: int
    batch: int
    stored: Asked


def update(live: Live, arrival: Arrival, warehouse: Warehouse, next_floor_ms: int) -> tuple[Live, pl.DataFrame]:
    """Take a batch in. Returns the new state, and the changes of presence to book (CHANGES)."""
    live = _with_looked_up(live, arrival, warehouse)
    touched = _touched(live, arrival)
    marks = presence.ordered(pl.concat([live.marks.of_pairs(touched), arrival.marks.select(list(MARKS))]))
    booked = live.watched.of_pairs(touched)
    target, checks = _target(marks, arrival, warehouse)
    return _without_old(_with(live, touched, marks, target, checks), next_floor_ms), changes(target, booked)


def changes(target: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """Give the signed changes that take the booked watches to the target: +1 begins, -1 ends, summed per instant."""

    def signed(watches: pl.DataFrame, sign: int) -> list[pl.DataFrame]:
        ended = watches.filter(pl.col("end_ms") < OPEN_MS)
        return [
            watches.select(*PAIR, at_ms="start_ms", change=pl.lit(sign, dtype=pl.Int64)),
            ended.select(*PAIR, at_ms="end_ms", change=pl.lit(-sign, dtype=pl.Int64)),
        ]

    return (
        pl.concat([*signed(target, 1), *signed(booked, -1)])
        .group_by(*PAIR, "at_ms")
        .agg(pl.col("change").sum())
        .filter(pl.col("change") != 0)
        .sort("session_id", "at_ms", "viewer_id")
    )


def restored(marks: pl.DataFrame, arrival: Arrival, warehouse: Warehouse, next_floor_ms: int) -> Live:
    """Build the state anew from the marks of all pairs that may be live."""
    marks = presence.ordered(marks)
    target, checks = _target(marks, arrival, warehouse)
    return _without_old(Live(Pairs.of(marks), Pairs.of(target), Pairs.of(checks)), next_floor_ms)


def _with(live: Live, pairs: pl.DataFrame, marks: pl.DataFrame, watched: pl.DataFrame, checks: pl.DataFrame) -> Live:
    """Have this of these pairs instead of what was known of them."""
    return replace(
        live,
        marks=live.marks.replaced(pairs, marks),
        watched=live.watched.replaced(pairs, watched),
        checks=live.checks.replaced(pairs, checks),
    )


def _with_looked_up(live: Live, arrival: Arrival, warehouse: Warehouse) -> Live:
    """Bring back the marks that memory has let go and this batch may touch, with all that is booked for their pairs."""
    viewers = _viewers_to_look_up(live, arrival, warehouse)
    if viewers.is_empty():
        return live
    marks = arrival.stored.of(viewers).unique()
    lost = marks.join(live.marks.of_pairs(marks.select(PAIR).unique()), on=list(MARKS), how="anti")
    if lost.is_empty():
        return live
    pairs = lost.select(PAIR).unique()
    booked = warehouse.query(
        "core_presence_of_viewers",
        sessions=pairs["session_id"].unique().to_list(),
        viewers=pairs["viewer_id"].unique().to_list(),
        batch=arrival.batch,
    ).join(pairs, on=PAIR, how="semi")
    known = pl.concat([live.marks.of_pairs(pairs), lost])
    unchecked = pairs.with_columns(first_ms=pl.lit(None, dtype=pl.Int64), check_ms=pl.lit(None, dtype=pl.Int64))
    return _with(live, pairs, known, _watches_of(booked), unchecked)


def _viewers_to_look_up(live: Live, arrival: Arrival, warehouse: Warehouse) -> pl.Series:
    """Viewers whose older marks may matter: those with old events, and those whose first mark in memory is a leave.

    A pair may be in memory with its latest marks alone: its older ones were let go before it came back.
    """
    if arrival.floor_ms is None or arrival.activity.is_empty() & arrival.moved.is_empty():
        return pl.Series(dtype=pl.String)
    old = arrival.activity.filter(pl.col("at_ms") < arrival.floor_ms)["viewer_id"]
    came = live.marks.of_pairs(arrival.marks.select(PAIR).unique())
    known = came.group_by(PAIR).agg(known_ms=pl.col("at_ms").min())
    marks = arrival.marks.join(known, on=PAIR, how="left").join(arrival.ends, on="session_id", how="left")
    stranger = pl.col("known_ms").is_null()
    after_end = marks.filter(stranger & (pl.col("ended_ms") <= pl.col("at_ms")).fill_null(value=False))
    joined_ms, left_ms = (pl.when(on).then("at_ms").min() for on in (pl.col("on"), ~pl.col("on")))
    first = marks.group_by(PAIR).agg(joined_ms=joined_ms, left_ms=left_ms, known_ms=pl.col("known_ms").first())
    leaving = first.filter(pl.col("left_ms") <= pl.min_horizontal("joined_ms", "known_ms").fill_null(pl.col("left_ms")))
    found = pl.concat([old, after_end["viewer_id"], leaving["viewer_id"]])
    unsettled = arrival.moved.filter(pl.col("old_ms").is_not_null() | (pl.col("ended_ms") < arrival.floor_ms))[
        "session_id"
    ]
    if len(unsettled):
        there = warehouse.query(
            "core_viewers_of_sessions", sessions=unsettled.to_list(), batch=arrival.batch, **lanes.bounds(arrival.batch)
        )
        found = pl.concat([found, there["viewer_id"]])
    return found.unique()


def _touched(live: Live, arrival: Arrival) -> pl.DataFrame:
    """Pairs whose watches must be read anew: marks, moved session ends, silence that is over or was not silence."""
    last = arrival.last_newest_ms if arrival.last_newest_ms is not None else arrival.newest_ms
    looked_up = live.checks.where(pl.col("check_ms").is_null())
    due = live.checks.where((pl.col("check_ms") > last) & (pl.col("check_ms") <= arrival.newest_ms))
    disordered = arrival.activity.filter(pl.col("at_ms") <= last).select("viewer_id").unique()
    spoken = live.checks.where(pl.col("first_ms") <= last).join(disordered, on="viewer_id", how="semi")
    frames = [arrival.marks, looked_up, due, spoken]
    if arrival.moved.height:
        frames.append(live.marks.where(pl.col("session_id").is_in(arrival.moved["session_id"].implode())))
    return pl.concat([frame.select(PAIR) for frame in frames]).unique()


def _target(marks: pl.DataFrame, arrival: Arrival, warehouse: Warehouse) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the watches of these pairs as of the newest event time, and when silence may end the open ones.

    marks: as `presence.ordered` gives them.
    """
    unclosed = presence.unclosed(marks)
    silent = presence.silent(unclosed, arrival.ends, arrival.idle_ms, arrival.newest_ms)
    viewers = silent["viewer_id"].unique().sort().to_list()
    activity = _activity(viewers, arrival, warehouse) if viewers else arrival.activity.clear()
    watches = presence.watches(marks, activity, arrival.ends, arrival.idle_ms)
    standing = watches.with_columns(
        pl.when(pl.col("end_ms") > arrival.newest_ms).then(OPEN_MS).otherwise("end_ms").alias("end_ms")
    )
    ends = watches.group_by(PAIR).agg(first_ms=pl.col("end_ms").min(), check_ms=pl.col("end_ms").max())
    checks = (
        unclosed.select(PAIR)
        .unique()
        .join(ends, on=PAIR, how="left")
        .with_columns(pl.col("first_ms", "check_ms").fill_null(0))
    )
    return standing.select(list(WATCHES)), checks.select(list(CHECKS))


def _activity(viewers: list[str], arrival: Arrival, warehouse: Warehouse) -> pl.DataFrame:
    stored = warehouse.query("core_activity_of_viewers", viewers=viewers, idle_ms=arrival.idle_ms, batch=arrival.batch)
    return pl.concat([stored.select("viewer_id", "at_ms"), arrival.activity.select("viewer_id", "at_ms")])


def _watches_of(booked: pl.DataFrame) -> pl.DataFrame:
    """Read watches back out of booked changes: they alternate +1, -1 per pair."""
    ordered = booked.sort(*PAIR, "at_ms")
    same = pl.all_horizontal(pl.col(key).eq(pl.col(key).shift(-1)) for key in PAIR).fill_null(value=False)
    return (
        ordered.with_columns(end_ms=pl.when(same).then(pl.col("at_ms").shift(-1)).otherwise(OPEN_MS))
        .filter(pl.col("change") > 0)
        .select(*PAIR, start_ms="at_ms", end_ms=pl.col("end_ms").cast(pl.Int64))
    )


def _without_old(live: Live, floor_ms: int) -> Live:
    """Let go of pairs that are closed and whose last mark and last end are older than the floor, once a minute."""
    if live.floor_ms is not None and live.floor_ms // MINUTE_MS == floor_ms // MINUTE_MS:
        return live
    late = pl.concat(
        [
            live.marks.where(pl.col("at_ms") >= floor_ms).select(PAIR),
            live.watched.where(pl.col("end_ms") >= floor_ms).select(PAIR),
        ]
    )
    old = live.marks.where(pl.col("at_ms") < floor_ms).select(PAIR).unique().join(late, on=PAIR, how="anti")
    return replace(_with(live, old, _NO_MARKS, _NO_WATCHES, _NO_CHECKS), floor_ms=floor_ms)
