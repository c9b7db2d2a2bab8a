"""A new Markov fit: everything stored is counted, the model solved, and its credits restated where they may be.

They may be inside the correction window; and where an order was booked before there was any fit, whatever its age,
because what stands there is provisional.
"""

from dataclasses import dataclass, replace

import polars as pl

from analytics import crediting, ledger, models, presence
from analytics.markov import Fit
from analytics.paths import steps
from analytics.rules import Rules
from analytics.transitions import changed, lost_transitions
from analytics.warehouse import Warehouse, tables
from streams import lanes
from streams.asked import MARKS
from streams.journal import Intent
from streams.money import plain_orders, plain_refunds, typed_entries
from streams.outcome import Outcome, Stored
from streams.state import State, last_fit


@dataclass(frozen=True, slots=True)
class _History:
    """Everything stored in some batches, as the core reads it."""

    orders: pl.DataFrame
    steps: pl.DataFrame
    watches: pl.DataFrame
    lineups: pl.DataFrame

    def fit(self, version: int) -> Fit:
        """Count and solve."""
        walked = crediting.journeys(self.steps, self.watches, self.lineups, self.orders.select("viewer_id"))
        return crediting.fit_journeys(walked, version)

    def lost(self, newest_ms: int) -> pl.DataFrame:
        """Count the transitions of those who never bought (LOST)."""
        lookers = self.watches.join(self.orders, on="viewer_id", how="anti")
        return lost_transitions(crediting.lookers_steps(lookers, self.lineups), newest_ms)


def stored(intent: Intent, state: State, warehouse: Warehouse, rules: Rules) -> Stored:
    """Work out a new fit and its row, or take an earlier one; and the lines that restate `markov` in this lane."""
    newest = max(state.newest_ms or 0, intent.newest_ms)
    of_roster = lanes.lane_of(intent.batch) == lanes.ROSTER
    scope = lanes.ALL if of_roster else lanes.bounds(intent.batch)
    history = _read(intent.batch, scope, newest, state, warehouse, rules)
    rows = {}
    if intent.kind == "fit":
        fitted = history.fit(state.fit.version + 1)
        rows["markov_fits"] = tables.markov_fit(fitted, intent.recorded_ms)
        standing = warehouse.query("core_lost_transitions", batch=intent.batch)
        rows["lost_transitions"] = tables.lost_transitions(changed(standing, history.lost(newest)))
    else:
        fitted = last_fit(warehouse, intent.batch, intent.fit)
    lines, frozen = pl.DataFrame(schema=ledger.ENTRIES), 0
    if not of_roster:
        lines, frozen = _restated(fitted, history, intent.batch, newest, warehouse, rules)
        rows["ledger"] = tables.ledger(lines, intent.recorded_ms)
    outcome = Outcome(
        batch=intent.batch,
        read=0,
        events=0,
        repeats=0,
        rejects=0,
        unknown_fields=0,
        orders=0,
        lines=lines.height,
        restatements=lines.filter(pl.col("kind") == "restatement").height,
        frozen=frozen,
        newest_ms=state.newest_ms or 0,
    )
    after = replace(state, batch=intent.batch, fit=fitted)
    return Stored(rows, after, outcome, intent.first_position - 1)


def _read(
    batch: int, scope: dict[str, int], newest_ms: int, state: State, warehouse: Warehouse, rules: Rules
) -> _History:
    columns = [pl.col(name).cast(dtype) for name, dtype in MARKS.items()]
    marks = presence.ordered(warehouse.query("core_all_marks", batch=batch, **scope).select(columns))
    ends = state.roster.ends
    waiting = presence.silent(presence.unclosed(marks), ends, rules.idle_ms, newest_ms)["viewer_id"].unique().to_list()
    activity = warehouse.query("core_activity_of_viewers", viewers=waiting, idle_ms=rules.idle_ms, batch=batch)
    watches = presence.watches(marks, activity.select("viewer_id", "at_ms"), ends, rules.idle_ms)
    lineups = state.roster.lineups
    orders = plain_orders(warehouse.query("core_orders_after", from_ms=0, batch=batch, **scope))
    return _History(orders, steps(orders, watches, lineups, rules.lookback_ms), watches, lineups)


def _restated(
    fitted: Fit, history: _History, batch: int, newest_ms: int, warehouse: Warehouse, rules: Rules
) -> tuple[pl.DataFrame, int]:
    """The lines that take `markov` to the fit, and how many orders keep what they have.

    Refunds that are not booked yet are left to the batch that books them.
    """
    found = warehouse.query("core_standing_of_model", model="markov", batch=batch, **lanes.bounds(batch))
    standing = typed_entries(found)
    provisional = standing.filter(pl.col("refund_id").is_null() & (pl.col("fit") == 0)).select("order_id").unique()
    is_recent = pl.col("ordered_ms") >= newest_ms - rules.correction_ms
    old = history.orders.filter(~is_recent).join(provisional, on="order_id", how="semi")
    window = pl.concat([history.orders.filter(is_recent), old])
    weights = models.weights(window, history.steps, history.lineups, replace(rules, models=("markov",)), fitted)
    booked = standing.join(window, on="order_id", how="semi")
    refunds = plain_refunds(warehouse.query("core_all_refunds", batch=batch))
    refunds = refunds.join(window, on="order_id", how="semi").join(booked, on="refund_id", how="semi")
    reasons = window.select("order_id", reason=pl.lit(f"Markov fit {fitted.version}"))
    lines = ledger.lines(ledger.canonical(window, refunds, weights), booked, reasons)
    return lines, history.orders.height - window.height
