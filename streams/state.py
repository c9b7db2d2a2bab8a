"""What a lane knows between two batches: a cache of the warehouse, which holds everything anyway."""

from dataclasses import dataclass, replace
from typing import Self

import polars as pl

from analytics import roster
from analytics.markov import NO_FIT, Fit
from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import lanes, live
from streams.asked import MARKS, stored_marks
from streams.known import KnownIds
from streams.live import Arrival, Live

RECENT_MS = 10 * 60 * 1000
ANY_FIT = (1 << 32) - 1
ROSTER = {
    "event_id": pl.String,
    "type": pl.String,
    "occurred_ms": pl.Int64,
    "session_id": pl.String,
    "host_id": pl.String,
    "kind": pl.String,
    "script_id": pl.String,
    "variant": pl.String,
}
_TIMED = ("shift_started", "shift_ended", "session_ended", "script_started")
"""Roster events that cut or end a stretch of their session."""
RECENT_ORDERS = {"order_id": pl.String, "viewer_id": pl.String, "ordered_ms": pl.Int64}


@dataclass(frozen=True, slots=True)
class Roster:
    """All roster events up to and with `batch` (ROSTER); the shifts, session ends and line-ups that they say."""

    batch: int
    events: pl.DataFrame
    shifts: pl.DataFrame
    ends: pl.DataFrame
    lineups: pl.DataFrame

    @classmethod
    def of(cls, events: pl.DataFrame, batch: int) -> Self:
        """Read shifts, session ends and line-ups out of roster events."""
        events = events.select(list(ROSTER))
        ends = roster.session_ends(events)
        shifts = roster.shifts(roster.shift_marks(events), ends)
        return cls(batch, events, shifts, ends, roster.lineups(shifts))

    def with_events(self, events: pl.DataFrame, batch: int) -> "Roster":
        """Know these events too."""
        if events.is_empty():
            return replace(self, batch=batch)
        return Roster.of(pl.concat([self.events, events.select(list(ROSTER))]), batch)

    def says_the_same_as(self, other: "Roster") -> bool:
        """Whether who is on air, and which sessions have ended, is the same."""
        return self.shifts.equals(other.shifts) and self.ends.equals(other.ends)

    def touched(self, before: "Roster", events: pl.DataFrame) -> pl.Series:
        """Name the sessions whose stretches events may have changed that were not known before."""
        timed = events.filter(pl.col("type").is_in(_TIMED))["session_id"]
        if not (events["type"] == "host_registered").any():
            return timed.unique()
        registered = pl.col("host_id").is_in(events["host_id"].unique().implode())
        was, now = (roster.kinds(one.events.filter(registered)) for one in (before, self))
        hosts = pl.concat([was.join(now, on=was.columns, how="anti"), now.join(was, on=was.columns, how="anti")])
        return pl.concat([timed, self.shifts.join(hosts, on="host_id", how="semi")["session_id"]]).unique()

    def stretches(self, session_ids: pl.Series) -> pl.DataFrame:
        """Cut these sessions into stretches, as `roster.stretches` does."""
        these = pl.col("session_id").is_in(session_ids.implode())
        shifts, scripts = self.shifts.filter(these), roster.scripts(self.events.filter(these))
        there = pl.col("host_id").is_in(shifts["host_id"].unique().implode())
        return roster.stretches(shifts, roster.kinds(self.events.filter(there)), scripts)


NO_ROSTER = Roster.of(pl.DataFrame(schema=ROSTER), 0)


@dataclass(frozen=True, slots=True)
class State:
    """Everything up to and with `batch`.

    newest_ms: newest event time (null: nothing came yet). floor_ms: what is older is not in memory but looked up.
    known: recent event ids. live: who is watching. recent_orders: orders since the floor. fit: the latest Markov fit.
    """

    batch: int
    newest_ms: int | None
    roster: Roster
    known: KnownIds
    live: Live
    recent_orders: pl.DataFrame
    fit: Fit

    @property
    def floor_ms(self) -> int | None:
        """What is older than this is not in memory."""
        return None if self.newest_ms is None else self.newest_ms - RECENT_MS


def restore(warehouse: Warehouse, rules: Rules, lane: int, standing: Roster, fit: int = ANY_FIT) -> State:
    """Build the state of a lane from the warehouse, leaving out what an unfinished batch may have written.

    standing: the roster as of the lane's last batch; fit: the greatest version of the Markov fit that may count.
    """
    last, newest = warehouse.query("core_last_batch", **lanes.bounds(lanes.before_first(lane))).row(0)
    last = last or lanes.before_first(lane)
    unfinished = last + 1
    seen = None if lanes.is_first(unfinished) else newest
    floor = (seen or 0) - RECENT_MS
    within = {"batch": unfinished, **lanes.bounds(unfinished)}
    stored = warehouse.query("core_recent_event_ids", from_ms=max(floor, 0), **within)
    recent = warehouse.query("core_orders_after", from_ms=max(floor, 0), **within)
    return State(
        batch=last,
        newest_ms=seen,
        roster=standing,
        known=KnownIds().with_events(stored, None if seen is None else floor),
        live=_live(warehouse, rules, standing.ends, floor, seen, unfinished) if seen is not None else live.NOBODY,
        recent_orders=recent.select(list(RECENT_ORDERS)),
        fit=last_fit(warehouse, unfinished, fit),
    )


def stored_roster(warehouse: Warehouse, first: int, last: int, leaving_out: int = 0) -> pl.DataFrame:
    """Give the roster events (ROSTER) of the batches from first to last but one."""
    found = warehouse.query("core_roster", first=first, last=last, batch=leaving_out)
    return found.select(pl.col(name).cast(dtype) for name, dtype in ROSTER.items())


def last_fit(warehouse: Warehouse, leaving_out: int, version: int = ANY_FIT) -> Fit:
    """Read the weights of the latest fit up to a version, leaving one batch out."""
    rows = warehouse.query("core_last_fit", batch=leaving_out, fit=version)
    if rows.is_empty():
        return NO_FIT
    row = rows.row(0, named=True)
    weights = dict(zip(row["host_ids"], map(int, row["weights"]), strict=True))
    return Fit.of_weights(row["fit"], weights, row["journeys"], row["conversions"])


def _live(warehouse: Warehouse, rules: Rules, ends: pl.DataFrame, floor: int, newest: int, unfinished: int) -> Live:
    marks = warehouse.query("core_live_marks", from_ms=max(floor, 0), batch=unfinished, **lanes.bounds(unfinished))
    nothing = pl.DataFrame(schema={"viewer_id": pl.String, "at_ms": pl.Int64})
    arrival = Arrival(
        marks=marks.clear(),
        activity=nothing,
        ends=ends,
        moved=ends.clear().with_columns(old_ms=pl.lit(None, dtype=pl.Int64)),
        newest_ms=newest,
        last_newest_ms=newest,
        floor_ms=floor,
        idle_ms=rules.idle_ms,
        batch=unfinished,
        stored=stored_marks(warehouse, [unfinished]),
    )
    columns = [pl.col(name).cast(dtype) for name, dtype in MARKS.items()]
    return live.restored(marks.select(columns), arrival, warehouse, floor)
