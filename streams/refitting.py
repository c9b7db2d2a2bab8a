"""A new Markov fit: everything stored is counted, the model solved, and its credits restated where they may be."""

from dataclasses import replace

import polars as pl

from analytics import crediting, ledger, models, presence, roster
from analytics.paths import steps
from analytics.rules import Rules
from analytics.warehouse import Warehouse, tables
from streams import live
from streams.booking import entries_of, plain_orders, plain_refunds
from streams.journal import Intent
from streams.outcome import Outcome, Stored
from streams.state import State


def stored(intent: Intent, _data: bytes, state: State, warehouse: Warehouse, rules: Rules) -> Stored:
    """Work out the fit, its row, and the lines that restate `markov` for orders inside the correction window."""
    batch = intent.batch
    marks = warehouse.query("core_all_marks", batch=batch).select(
        pl.col(name).cast(dtype) for name, dtype in live.MARKS.items()
    )
    waiting = presence.unclosed(marks)["viewer_id"].unique().to_list()
    activity = warehouse.query("core_activity_of_viewers", viewers=waiting, idle_ms=rules.idle_ms, batch=batch)
    watches = presence.watches(marks, activity.select("viewer_id", "at_ms"), state.ends, rules.idle_ms)
    lineups = roster.lineups(state.shifts)
    orders = plain_orders(warehouse.query("core_orders_after", from_ms=0, batch=batch))
    found = steps(orders, watches, lineups, rules.lookback_ms)
    walked = crediting.journeys(found, watches, lineups, orders.select("viewer_id"))
    fitted = crediting.fit_journeys(walked, state.fit.version + 1)
    window = orders.filter(pl.col("ordered_ms") >= (state.newest_ms or 0) - rules.correction_ms)
    weights = models.weights(window, found, lineups, replace(rules, models=("markov",)), fitted)
    refunds, _ = crediting.right_currency(plain_refunds(warehouse, window["order_id"], batch), window)
    booked = entries_of(warehouse, window["order_id"], batch).filter(pl.col("model") == "markov")
    reasons = window.select("order_id", reason=pl.lit(f"Markov fit {fitted.version}"))
    lines = ledger.lines(ledger.canonical(window, refunds, weights), booked, reasons)
    outcome = Outcome(
        batch=batch,
        events=0,
        repeats=0,
        rejects=0,
        unknown_fields=0,
        orders=0,
        lines=lines.height,
        restatements=lines.filter(pl.col("kind") == "restatement").height,
        frozen=orders.height - window.height,
        newest_ms=state.newest_ms or 0,
    )
    rows = {
        "markov_fits": tables.markov_fit(fitted, intent.recorded_ms),
        "ledger": tables.ledger(lines, intent.recorded_ms),
    }
    return Stored(rows, replace(state, batch=batch, fit=fitted), outcome, 0)
