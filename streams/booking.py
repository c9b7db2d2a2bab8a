"""A batch of events to rows: what is new, who watches, who earned what, and the difference to what is booked."""

from dataclasses import replace

import polars as pl

from analytics import crediting
from analytics.decoding import Decoded
from analytics.facts import Facts
from analytics.intervals import OPEN_MS
from analytics.rules import DAY_MS, Rules
from analytics.warehouse import Warehouse, tables
from streams import lanes, live
from streams.aside import Store, later
from streams.asked import Asked
from streams.begun import Before, Begun
from streams.fresh import fresh, mismatched, with_lines
from streams.journal import Intent
from streams.live import Arrival
from streams.money import Money, Work, booked
from streams.outcome import Outcome, Stored
from streams.state import RECENT_MS, RECENT_ORDERS, Roster, State


def stored(
    intent: Intent,
    begun: Begun,
    before: Before,
    roster: Roster | None,
    state: State,
    warehouse: Warehouse,
    rules: Rules,
    store: Store = later,
) -> Stored:
    """Work out every row that a batch of events leads to, and the state after it.

    before: what other batches stored of what this one names. roster: who is on air, where another lane says it (null:
    the roster events of the batch itself join what is known). store: takes rows that need not wait for the others.
    """
    lines, decoded = begun.lines, begun.decoded
    touched = [order_id for order_id, _ in lines.touched]
    counts = lanes.counts(intent.batch, intent.seen, {named for _, named in lines.touched})
    new = fresh(begun, state, before, counts)
    facts = new.facts
    rows = {"viewer_events": tables.viewer_events(facts.viewer_events, intent.recorded_ms)}
    store("viewer_events", rows["viewer_events"])
    standing = roster or state.roster.with_events(facts.roster_events, intent.batch)
    arrival = _arrival(state, facts, standing, before.marks, rules, intent)
    after, changes = _advanced(state, facts, standing, arrival, warehouse)
    rows["presence"] = tables.presence(changes, intent.recorded_ms)
    money = booked(Work(facts, touched, state, after, changes, arrival, before, counts, warehouse, rules, intent.batch))
    rejects = pl.concat(
        [
            decoded.rejects,
            with_lines(new.rejects, lines.data, lines.first),
            mismatched(money.mismatched, warehouse, intent.batch),
        ]
    )
    rosters = None if roster else (state.roster, standing)
    rows |= _rows(intent, facts, rosters, money, rejects)
    outcome = _outcome(intent, decoded, facts, new.rejects.height, rejects.height, money, after)
    return Stored(rows, after, outcome, lines.first + decoded.lines - 1)


def _rows(
    intent: Intent,
    facts: Facts,
    rosters: tuple[Roster, Roster] | None,
    money: Money,
    rejects: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """The other rows by table; one without any may be absent. rosters: before and after, if they are stored here."""
    rows = {}
    if facts.roster_events.height:
        rows["roster_events"] = tables.roster_events(facts.roster_events)
        if rosters:
            before, after = rosters
            touched = after.touched(before, facts.roster_events)
            rows["shifts"] = tables.shifts(before.shifts, after.shifts, OPEN_MS)
            rows["stretches"] = tables.stretches(before.stretches(touched), after.stretches(touched), OPEN_MS)
    if facts.orders.height:
        rows["orders"] = tables.orders(facts.orders.drop("position"))
        rows["order_lines"] = tables.order_lines(facts.order_lines, facts.orders)
    if facts.refunds.height:
        rows["refunds"] = tables.refunds(facts.refunds.drop("position"))
    if money.paths.height:
        rows["order_paths"] = money.paths
    if money.lines.height:
        rows["ledger"] = tables.ledger(money.lines, intent.recorded_ms)
    if rejects.height:
        rows["rejects"] = rejects.with_columns(
            source=pl.lit(intent.source),
            record_offset=pl.lit(None, dtype=pl.UInt64),
            recorded_at=pl.lit(intent.recorded_ms).cast(tables.TIME),
        )
    return rows


def _outcome(
    intent: Intent, decoded: Decoded, facts: Facts, conflicts: int, rejects: int, money: Money, after: State
) -> Outcome:
    return Outcome(
        batch=intent.batch,
        read=decoded.lines,
        events=facts.events,
        repeats=decoded.facts.events - facts.events - conflicts,
        rejects=rejects,
        unknown_fields=decoded.unknown_fields,
        orders=facts.orders.height,
        lines=money.lines.height,
        restatements=money.lines.filter(pl.col("kind") == "restatement").height,
        frozen=money.frozen,
        newest_ms=after.newest_ms or 0,
    )


def _arrival(state: State, facts: Facts, standing: Roster, stored: Asked, rules: Rules, intent: Intent) -> Arrival:
    return Arrival(
        marks=crediting.presence_marks(facts.viewer_events),
        activity=crediting.activity(facts.viewer_events, facts.orders),
        ends=standing.ends,
        moved=_moved(state.roster.ends, standing.ends),
        newest_ms=max(_newest(facts, state, intent.recorded_ms), intent.newest_ms),
        last_newest_ms=state.newest_ms,
        floor_ms=state.floor_ms,
        idle_ms=rules.idle_ms,
        batch=intent.batch,
        stored=stored,
    )


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Sessions whose end has changed: session_id, ended_ms, old_ms (null: none)."""
    if after is before:
        return after.clear().with_columns(old_ms=pl.lit(None, dtype=pl.Int64))
    both = after.join(before.rename({"ended_ms": "old_ms"}), on="session_id", how="left")
    return both.filter(pl.col("ended_ms").ne_missing(pl.col("old_ms")))


def _advanced(
    state: State, facts: Facts, standing: Roster, arrival: Arrival, warehouse: Warehouse
) -> tuple[State, pl.DataFrame]:
    """The state after the batch, and the changes of presence that it brings."""
    floor = arrival.newest_ms - RECENT_MS
    watching, changes = live.update(state.live, arrival, warehouse, floor)
    recent = pl.concat([state.recent_orders, facts.orders.select(list(RECENT_ORDERS))])
    after = replace(
        state,
        batch=arrival.batch,
        newest_ms=arrival.newest_ms,
        roster=standing,
        known=state.known.with_events(facts.viewer_events, floor),
        live=watching,
        recent_orders=recent.filter(pl.col("ordered_ms") >= floor),
    )
    return after, changes


def _newest(facts: Facts, state: State, recorded_ms: int) -> int:
    """The newest event time so far; a clock that runs more than a day ahead of ours does not count."""
    times = pl.concat(
        [
            facts.viewer_events["occurred_ms"],
            facts.orders["ordered_ms"],
            facts.refunds["refunded_ms"],
            facts.roster_events["occurred_ms"],
        ]
    )
    sane = times.filter(times <= recorded_ms + DAY_MS).max()
    return max(int(sane or 0), state.newest_ms or 0)  # type: ignore[arg-type]  # an Int64 column
