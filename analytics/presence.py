"""Watches: who was in which session when."""

import polars as pl

from analytics.intervals import OPEN_MS, intervals

PAIR = ("viewer_id", "session_id")


def ordered(marks: pl.DataFrame) -> pl.DataFrame:
    """Sort marks (viewer_id, session_id, at_ms, on) by pair and time, leaves before joins, each once."""
    in_order = marks.select(*PAIR, "at_ms", "on").sort(*PAIR, "at_ms", "on")
    return in_order.filter(~pl.all_horizontal(pl.all().eq_missing(pl.all().shift())))


def watches(marks: pl.DataFrame, activity: pl.DataFrame, session_ends: pl.DataFrame, idle_ms: int) -> pl.DataFrame:
    """Read watches out of joins and leaves.

    marks: viewer_id, session_id, at_ms, on (true: joined), as `ordered` gives them.
    activity: viewer_id, at_ms: times of the viewers' events of any kind; the marks count without being repeated here.
    session_ends: session_id, ended_ms.
    A viewer who joined and whose next mark is no leave is taken to have left one idle limit after their last event
    before the first gap longer than that, or at the session's end, whichever is first. An explicit leave stands.
    Returns viewer_id, session_id, start_ms, end_ms, disjoint per viewer and session, sorted.
    """
    left_idle = _idle_leaves(marks, activity, idle_ms)
    return intervals(pl.concat([marks.with_columns(taken=pl.lit(value=False)), left_idle]), session_ends, PAIR)


def unclosed(marks: pl.DataFrame) -> pl.DataFrame:
    """Find joins that no leave answers: the next mark of the viewer in that session is another join, or none.

    marks: as `ordered` gives them. Returns viewer_id, session_id, at_ms, next_ms (null: none).
    """
    return marks.with_columns(_NEXT_MS).filter(_UNANSWERED).drop("on")


_SAME_PAIR = pl.all_horizontal(pl.col(key).eq(pl.col(key).shift(-1)) for key in PAIR).fill_null(value=False)
_NEXT_MS = pl.when(_SAME_PAIR).then(pl.col("at_ms").shift(-1)).alias("next_ms")
_UNANSWERED = pl.col("on") & (pl.col("next_ms").is_null() | pl.col("on").shift(-1))
_SAME_VIEWER = pl.col("viewer_id").eq(pl.col("viewer_id").shift(-1)).fill_null(value=False)


def silent(joins: pl.DataFrame, session_ends: pl.DataFrame, idle_ms: int, until_ms: int) -> pl.DataFrame:
    """Find joins that silence may have ended by a time, so that the viewer's activity must be known.

    A session that ended within one idle limit after the join ended the watch before silence could.
    joins: as `unclosed` gives them. Returns rows of it.
    """
    if joins.is_empty():
        return joins
    over = pl.col("at_ms") + idle_ms
    before_session_end = (pl.col("ended_ms") > over).fill_null(value=True)
    return (
        joins.join(session_ends, on="session_id", how="left")
        .filter((over < pl.col("next_ms")) | (pl.col("next_ms").is_null() & (over <= until_ms) & before_session_end))
        .drop("ended_ms")
    )


def _idle_leaves(marks: pl.DataFrame, activity: pl.DataFrame, idle_ms: int) -> pl.DataFrame:
    """Marks of leaves that nobody sent: one idle limit after the last event before the first long gap."""
    waiting = unclosed(marks).filter(pl.col("next_ms").is_null() | (pl.col("next_ms") - pl.col("at_ms") > idle_ms))
    if waiting.is_empty():
        return marks.clear().with_columns(taken=pl.lit(value=True))
    times = pl.concat([marks.select("viewer_id", last_ms="at_ms"), activity.select("viewer_id", last_ms="at_ms")])
    before_gap = (
        times.filter(pl.col("viewer_id").is_in(waiting["viewer_id"].unique().implode()))
        .sort("viewer_id", "last_ms")
        .filter(~_SAME_VIEWER | (pl.col("last_ms").shift(-1) - pl.col("last_ms") > idle_ms))
    )
    return (
        waiting.sort("at_ms")
        .join_asof(
            before_gap, left_on="at_ms", right_on="last_ms", by="viewer_id", strategy="forward", check_sortedness=False
        )
        .filter(pl.col("next_ms").is_null() | (pl.col("last_ms") < pl.col("next_ms")))
        .select(*PAIR, at_ms=pl.col("last_ms") + idle_ms, on=pl.lit(value=False), taken=pl.lit(value=True))
    )


def watched_between(changes: pl.DataFrame) -> pl.DataFrame:
    """Read watches out of stored changes of presence.

    changes: viewer_id, session_id, at_ms, change: lines that take others back may be among them.
    Returns viewer_id, session_id, start_ms, end_ms (OPEN_MS while watching), sorted by viewer, session and start.
    """
    net = changes.group_by(*PAIR, "at_ms").agg(pl.col("change").sum()).filter(pl.col("change") != 0)
    end = pl.col("at_ms").shift(-1).over(PAIR).fill_null(OPEN_MS)
    ordered = net.sort(*PAIR, "at_ms").with_columns(end_ms=end)
    return ordered.filter(pl.col("change") > 0).select(*PAIR, start_ms="at_ms", end_ms="end_ms")
