"""A new Markov fit: everything stored is counted, the model solved, and its credits restated where they may be.

They may be inside the correction window; and where an order was booked before there was any fit, whatever its age,
because what stands there is provisional.
"""

from dataclasses import replace

import polars as pl

from analytics import crediting, ledger, models, presence, roster
from analytics.paths import steps
from analytics.rules import Rules
from analytics.warehouse import Warehouse, tables
from streams import live
from streams.journal import Intent
from streams.money import plain_orders, plain_refunds, typed_entries
from streams.outcome import Outcome, Stored
from streams.state import State


def stored(intent: Intent, _data: bytes, state: State, warehouse: Warehouse, rules: Rules) -> Stored:
    """Work out the fit, its row, and the lines that restate `markov` for orders inside the correction window."""
    batch = intent.batch
    columns = [pl.col(name).cast(dtype) for name, dtype in live.MARKS.items()]
    marks = presence.ordered(warehouse.query("core_all_marks", batch=batch).select(columns))
    newest = state.newest_ms or 0
    waiting = presence.silent(marks, state.ends, rules.idle_ms, newest)["viewer_id"].unique().to_list()
    activity = warehouse.query("core_activity_of_viewers", viewers=waiting, idle_ms=rules.idle_ms, batch=batch)
    watches = presence.watches(marks, activity.select("viewer_id", "at_ms"), state.ends, rules.idle_ms)
    lineups = roster.lineups(state.shifts)
    orders = plain_orders(warehouse.query("core_orders_after", from_ms=0, batch=batch))
    found = steps(orders, watches, lineups, rules.lookback_ms)
    walked = crediting.journeys(found, watches, lineups, orders.select("viewer_id"))
    fitted = crediting.fit_journeys(walked, state.fit.version + 1)
    standing = typed_entries(warehouse.query("core_standing_of_model", model="markov", batch=batch))
    provisional = standing.filter(pl.col("refund_id").is_null() & (pl.col("fit") == 0)).select("order_id").unique()
    window = pl.concat(
        [
            orders.filter(pl.col("ordered_ms") >= newest - rules.correction_ms),
            orders.filter(pl.col("ordered_ms") < newest - rules.correction_ms).join(
                provisional, on="order_id", how="semi"
            ),
        ]
    )
    weights = models.weights(window, found, lineups, replace(rules, models=("markov",)), fitted)
    refunds, _ = crediting.right_currency(plain_refunds(warehouse.query("core_all_refunds", batch=batch)), window)
    booked = standing.join(window, on="order_id", how="semi")
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
        newest_ms=newest,
    )
    rows = {
        "markov_fits": tables.markov_fit(fitted, intent.recorded_ms),
        "ledger": tables.ledger(lines, intent.recorded_ms),
    }
    return Stored(rows, replace(state, batch=batch, fit=fitted), outcome, 0)
