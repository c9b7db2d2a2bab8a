"""A batch of events to rows: what is new, who watches, who earned what, and the difference to what is booked."""

from dataclasses import dataclass, replace

import polars as pl

from analytics import crediting, ledger, models, presence, roster
from analytics.decoding import Decoded, decode
from analytics.facts import Facts
from analytics.intervals import OPEN_MS
from analytics.paths import STEPS
from analytics.rules import DAY_MS, Rules
from analytics.warehouse import Warehouse, tables
from streams import live
from streams.fresh import fresh, mismatched, with_lines
from streams.journal import Intent
from streams.late import DIRTY, dirty_orders
from streams.live import Arrival
from streams.outcome import Outcome, Stored
from streams.state import RECENT_MS, RECENT_ORDERS, ROSTER, State, read_roster

_PLAIN_ORDER = ["order_id", "viewer_id", "ordered_ms", "session_id", "declared_host_id", "currency", "amount_minor"]
_PLAIN_REFUND = ["refund_id", "order_id", "refunded_ms", "currency", "amount_minor"]


@dataclass(frozen=True, slots=True)
class _Money:
    """What a batch books: ledger lines, paths of the orders credited, frozen orders, refunds in a wrong currency."""

    lines: pl.DataFrame
    paths: pl.DataFrame
    frozen: int
    mismatched: pl.DataFrame


def stored(intent: Intent, data: bytes, state: State, warehouse: Warehouse, rules: Rules) -> Stored:
    """Work out every row that a batch of events leads to, and the state after it."""
    decoded = decode(data, intent.first_position)
    new = fresh(decoded.facts, state, warehouse, intent.batch)
    facts = new.facts
    after, changes = _advanced(state, facts, warehouse, rules, intent)
    money = _booked(facts, state, after, changes, warehouse, rules, intent.batch)
    rejects = pl.concat(
        [decoded.rejects, with_lines(new.rejects, data, intent.first_position), mismatched(money.mismatched)]
    )
    parked = rejects.with_columns(
        source=pl.lit(intent.source), recorded_at=pl.lit(intent.recorded_ms).cast(tables.TIME)
    )
    rows = {
        "roster_events": tables.roster_events(facts.roster_events),
        "shifts": tables.shifts(state.shifts, after.shifts, OPEN_MS),
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
    return Stored(rows, after, outcome, intent.first_position + decoded.lines - 1)


def _outcome(
    intent: Intent, decoded: Decoded, facts: Facts, conflicts: int, rejects: int, money: _Money, after: State
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
    state: State, facts: Facts, warehouse: Warehouse, rules: Rules, intent: Intent
) -> tuple[State, pl.DataFrame]:
    """The state after the batch, and the changes of presence that it brings."""
    newest = _newest(facts, state, intent.recorded_ms)
    events, (shifts, ends) = state.roster, (state.shifts, state.ends)
    if facts.roster_events.height:
        events = pl.concat([state.roster, facts.roster_events.select(list(ROSTER))])
        shifts, ends = read_roster(events)
    moved = ends.join(state.ends, on="session_id", how="left", suffix="_old").rename({"ended_ms_old": "old_ms"})
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
        roster=events,
        shifts=shifts,
        ends=ends,
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


def _booked(
    facts: Facts,
    state: State,
    after: State,
    changes: pl.DataFrame,
    warehouse: Warehouse,
    rules: Rules,
    batch: int,
) -> _Money:
    """Credit what is new or touched, book refunds by the weights that stand, and give the lines that are missing."""
    touched = (
        dirty_orders(changes, after.shifts, state, warehouse, batch) if state.batch else pl.DataFrame(schema=DIRTY)
    )
    is_frozen = pl.col("ordered_ms") < (after.newest_ms or 0) - rules.correction_ms
    frozen, dirty = touched.filter(is_frozen), touched.filter(~is_frozen)
    named = pl.concat([facts.refunds["order_id"], dirty["order_id"]]).unique()
    known = plain_orders(warehouse.query("core_orders_by_id", order_ids=named.to_list(), batch=batch))
    known = known.join(facts.orders, on="order_id", how="anti")
    orders = pl.concat([facts.orders.select(_PLAIN_ORDER), known])
    new_refunds = facts.refunds.join(orders, on="order_id", how="semi").select(_PLAIN_REFUND)
    found = warehouse.query("core_refunds_of_orders", order_ids=orders["order_id"].to_list(), batch=batch)
    refunds = pl.concat([plain_refunds(found), new_refunds])
    bookable, wrong = crediting.right_currency(refunds, orders)
    newly_wrong = wrong.filter(
        pl.col("refund_id").is_in(facts.refunds["refund_id"].implode())
        | pl.col("order_id").is_in(facts.orders["order_id"].implode())
    )
    to_credit = orders.join(
        pl.concat([facts.orders["order_id"], dirty["order_id"]]).to_frame(), on="order_id", how="semi"
    )
    weights, steps = credited(to_credit, facts, after, warehouse, rules, batch)
    booked = typed_entries(warehouse.query("core_booked", order_ids=known["order_id"].to_list(), batch=batch))
    standing = booked.filter(pl.col("refund_id").is_null()).join(to_credit, on="order_id", how="anti")
    weights = pl.concat([weights, standing.select(list(models.WEIGHTS))])
    comparable = booked.join(weights.select("order_id", "model").unique(), on=["order_id", "model"], how="semi")
    reasons = pl.concat(
        [
            dirty.select("order_id", "reason"),
            known.join(dirty, on="order_id", how="anti").select("order_id", reason=pl.lit("late refund")),
        ]
    )
    lines = ledger.lines(ledger.canonical(orders, bookable, weights), comparable, reasons)
    changed = to_credit.join(lines, on="order_id", how="semi")
    return _Money(lines, tables.order_paths(steps, changed), frozen.height, newly_wrong)


def credited(
    orders: pl.DataFrame, facts: Facts, after: State, warehouse: Warehouse, rules: Rules, batch: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weights and steps of orders, from the marks of their viewers in the warehouse and in the batch."""
    if orders.is_empty():
        return pl.DataFrame(schema=models.WEIGHTS), pl.DataFrame(schema=STEPS)
    viewers = orders["viewer_id"].unique()
    marks = pl.concat(
        [
            warehouse.query("core_marks_of_viewers", viewers=viewers.to_list(), batch=batch).select(
                pl.col(name).cast(dtype) for name, dtype in live.MARKS.items()
            ),
            crediting.presence_marks(facts.viewer_events)
            .join(viewers.to_frame(), on="viewer_id", how="semi")
            .select(list(live.MARKS)),
        ]
    )
    activity = crediting.activity(facts.viewer_events, facts.orders)
    last_ms = int(orders["ordered_ms"].max())  # type: ignore[arg-type]  # not empty
    waiting = presence.silent(marks, after.ends, rules.idle_ms, last_ms)["viewer_id"].unique().to_list()
    if waiting:
        stored_times = warehouse.query("core_activity_of_viewers", viewers=waiting, idle_ms=rules.idle_ms, batch=batch)
        activity = pl.concat([activity, stored_times.select("viewer_id", "at_ms")])
    watches = presence.watches(marks, activity, after.ends, rules.idle_ms)
    return crediting.credit(orders, watches, roster.lineups(after.shifts), rules, after.fit)


def plain_orders(found: pl.DataFrame) -> pl.DataFrame:
    """Orders in the columns of the core."""
    return found.select(_PLAIN_ORDER)


def plain_refunds(found: pl.DataFrame) -> pl.DataFrame:
    """Refunds in the columns of the core."""
    return found.select(_PLAIN_REFUND)


def typed_entries(found: pl.DataFrame) -> pl.DataFrame:
    """Standing entries in the columns and types of the core."""
    wanted = {name: dtype for name, dtype in ledger.ENTRIES.items() if name not in {"kind", "sign", "reason"}}
    return found.select(pl.col(name).cast(dtype) for name, dtype in wanted.items())
