"""What a processor knows between two batches: a cache of the warehouse, which holds everything anyway."""

from dataclasses import dataclass

import polars as pl

from analytics import roster
from analytics.markov import NO_FIT, Fit
from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import live
from streams.known import KnownIds
from streams.live import Arrival, Live

RECENT_MS = 10 * 60 * 1000
ROSTER = {
    "event_id": pl.String,
    "type": pl.String,
    "occurred_ms": pl.Int64,
    "session_id": pl.String,
    "host_id": pl.String,
}
RECENT_ORDERS = {"order_id": pl.String, "viewer_id": pl.String, "ordered_ms": pl.Int64}


@dataclass(frozen=True, slots=True)
class State:
    """Everything up to and with `batch`.

    newest_ms: newest event time (null: nothing came yet). floor_ms: what is older is not in memory but looked up.
    roster: all roster events (ROSTER); shifts, ends: read out of it. known: recent event ids. live: who is watching.
    recent_orders: orders since the floor. fit: the latest Markov fit.
    """

    batch: int
    newest_ms: int | None
    roster: pl.DataFrame
    shifts: pl.DataFrame
    ends: pl.DataFrame
    known: KnownIds
    live: Live
    recent_orders: pl.DataFrame
    fit: Fit

    @property
    def floor_ms(self) -> int | None:
        """What is older than this is not in memory."""
        return None if self.newest_ms is None else self.newest_ms - RECENT_MS


def read_roster(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the shifts and the session ends of all roster events."""
    ends = roster.session_ends(events)
    return roster.shifts(roster.shift_marks(events), ends), ends


def restore(warehouse: Warehouse, rules: Rules) -> State:
    """Build the state from the warehouse, leaving out what an unfinished batch may have written."""
    last, newest = warehouse.query("core_last_batch").row(0)
    seen = newest if last else None
    floor = (seen or 0) - RECENT_MS
    unfinished = last + 1
    events = warehouse.query("core_roster", batch=unfinished).select(list(ROSTER))
    shifts, ends = read_roster(events)
    stored = warehouse.query("core_recent_event_ids", from_ms=max(floor, 0), batch=unfinished)
    recent = warehouse.query("core_orders_after", from_ms=max(floor, 0), batch=unfinished)
    return State(
        batch=last,
        newest_ms=seen,
        roster=events,
        shifts=shifts,
        ends=ends,
        known=KnownIds().with_events(stored, None if seen is None else floor),
        live=_live(warehouse, rules, ends, floor, seen, unfinished) if seen is not None else live.NOBODY,
        recent_orders=recent.select(list(RECENT_ORDERS)),
        fit=last_fit(warehouse, unfinished),
    )


def last_fit(warehouse: Warehouse, unfinished: int) -> Fit:
    """Read the weights of the latest fit."""
    rows = warehouse.query("core_last_fit", batch=unfinished)
    if rows.is_empty():
        return NO_FIT
    row = rows.row(0, named=True)
    weights = dict(zip(row["host_ids"], map(int, row["weights"]), strict=True))
    return Fit.of_weights(row["fit"], weights, row["journeys"], row["conversions"])


def _live(warehouse: Warehouse, rules: Rules, ends: pl.DataFrame, floor: int, newest: int, unfinished: int) -> Live:
    marks = warehouse.query("core_live_marks", from_ms=max(floor, 0), batch=unfinished)
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
    )
    columns = [pl.col(name).cast(dtype) for name, dtype in live.MARKS.items()]
    return live.restored(marks.select(columns), arrival, warehouse, floor)
