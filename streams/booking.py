"""A batch of events to rows: what is new, who watches, who earned what, and the difference to what is booked."""

from dataclasses import replace

import polars as pl

from analytics import crediting
from analytics.decoding import Decoded, decode
from analytics.facts import Facts
from analytics.intervals import OPEN_MS
from analytics.rules import DAY_MS, Rules
from analytics.warehouse import Warehouse, tables
from streams import live
from streams.fresh import fresh, mismatched, with_lines
from streams.journal import Intent
from streams.live import Arrival
from streams.misplaced import without_misplaced
from streams.money import Money, Work, booked
from streams.outcome import Outcome, Stored, Taken
from streams.state import RECENT_MS, RECENT_ORDERS, Roster, State


def stored(intent: Intent, taken: Taken, state: State, warehouse: Warehouse, rules: Rules) -> Stored:
    """Work out every row that a batch of events leads to, and the state after it."""
    read = decode(taken.data, taken.first_line)
    decoded = without_misplaced(read, taken.data, taken.first_line, taken.accepts)
    new = fresh(decoded.facts, state, warehouse, intent.batch)
    facts = new.facts
    standing = taken.roster or state.roster.with_events(facts.roster_events, intent.batch)
    after, changes = _advanced(state, facts, standing, warehouse, rules, intent)
    money = booked(Work(facts, taken.touched, state, after, changes, warehouse, rules, intent.batch))
    rejects = pl.concat(
        [
            decoded.rejects,
            with_lines(new.rejects, taken.data, taken.first_line),
            mismatched(money.mismatched, warehouse, intent.batch),
        ]
    )
    parked = rejects.with_columns(
        source=pl.lit(intent.source),
        record_offset=pl.lit(None, dtype=pl.UInt64),
        recorded_at=pl.lit(intent.recorded_ms).cast(tables.TIME),
    )
    rows = {
        "roster_events": tables.roster_events(facts.roster_events),
        **({} if taken.roster else {"shifts": tables.shifts(state.roster.shifts, standing.shifts, OPEN_MS)}),
        "viewer_events": tables.viewer_events(facts.viewer_events, intent.recorded_ms),
        "presence": tables.presence(changes, intent.recorded_ms),
        "orders": tables.orders(facts.orders.drop("position")),
        "order_lines": tables.order_lines(facts.order_lines, facts.orders),
        "refunds": tables.refunds(facts.refunds.drop("position")),
        "order_paths": money.paths,
        "ledger": tables.ledger(money.lines, intent.recorded_ms),
        "rejects": parked,
    }
    outcome = _outcome(intent, decoded, facts, new.rejects.height, rejects.height, money, after)
    return Stored(rows, after, outcome, taken.first_line + decoded.lines - 1, money.refunds)


def _outcome(
    intent: Intent, decoded: Decoded, facts: Facts, conflicts: int, rejects: int, money: Money, after: State
) -> Outcome:
    return Outcome(
        batch=intent.batch,
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


def _advanced(
    state: State, facts: Facts, standing: Roster, warehouse: Warehouse, rules: Rules, intent: Intent
) -> tuple[State, pl.DataFrame]:
    """The state after the batch, and the changes of presence that it brings."""
    newest = max(_newest(facts, state, intent.recorded_ms), intent.newest_ms)
    ends = standing.ends
    moved = ends.join(state.roster.ends, on="session_id", how="left", suffix="_old").rename({"ended_ms_old": "old_ms"})
    arrival = Arrival(
        marks=crediting.presence_marks(facts.viewer_events),
        activity=crediting.activity(facts.viewer_events, facts.orders),
        ends=ends,
        moved=moved.filter(pl.col("ended_ms").ne_missing(pl.col("old_ms"))),
        newest_ms=newest,
        last_newest_ms=state.newest_ms,
        floor_ms=state.floor_ms,
        idle_ms=rules.idle_ms,
        batch=intent.batch,
    )
    floor = newest - RECENT_MS
    watching, changes = live.update(state.live, arrival, warehouse, floor)
    recent = pl.concat([state.recent_orders, facts.orders.select(list(RECENT_ORDERS))])
    after = replace(
        state,
        batch=intent.batch,
        newest_ms=newest,
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
