"""Who earned what: from facts to ledger entries, for a micro-batch or a year, by the same functions."""

from dataclasses import dataclass

import polars as pl

from analytics import ledger, models, presence, roster
from analytics.facts import Facts
from analytics.intervals import overlaps
from analytics.markov import NO_FIT, Fit, fit, transitions
from analytics.paths import merge, steps
from analytics.rules import Rules

ORDER_CONTENT = ["viewer_id", "ordered_ms", "session_id", "declared_host_id", "currency", "amount_minor", "items"]
REFUND_CONTENT = ["order_id", "refunded_ms", "currency", "amount_minor"]
"""What an order or a refund says that comes again under its id; another content contradicts it."""


@dataclass(frozen=True, slots=True)
class Books:
    """What a whole history comes to.

    entries: ledger entries in their published order; steps: the path of each order; fit: the Markov fit, or None;
    mismatched_refunds: refunds in another currency than their order's, not booked.
    """

    entries: pl.DataFrame
    steps: pl.DataFrame
    fit: Fit | None
    mismatched_refunds: pl.DataFrame


def deduplicated(facts: Facts) -> Facts:
    """Drop repeats: events by event_id, orders by order_id, refunds by refund_id; the first in the frame is kept."""

    def once(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
        for key in keys:
            frame = frame.unique(key, keep="first", maintain_order=True)
        return frame

    return Facts(
        viewer_events=once(facts.viewer_events, "event_id"),
        orders=once(facts.orders, "event_id", "order_id"),
        order_lines=facts.order_lines,
        refunds=once(facts.refunds, "event_id", "refund_id"),
        roster_events=once(facts.roster_events, "event_id"),
    )


def contradictions(facts: Facts) -> int:
    """Count the orders and refunds whose id came before with other content: the first of them stands."""
    standing = deduplicated(facts)

    def against(events: pl.DataFrame, first: pl.DataFrame, content: list[str]) -> int:
        events = events.unique("event_id", keep="first", maintain_order=True)
        return events.join(first, on=content, how="anti", nulls_equal=True).height

    return against(facts.orders, standing.orders, ["order_id", *ORDER_CONTENT]) + against(
        facts.refunds, standing.refunds, ["refund_id", *REFUND_CONTENT]
    )


def presence_marks(viewer_events: pl.DataFrame) -> pl.DataFrame:
    """Marks of who joins and leaves: viewer_id, session_id, at_ms, on."""
    return viewer_events.filter(pl.col("type").is_in(["viewer_joined", "viewer_left"])).select(
        "viewer_id", "session_id", at_ms="occurred_ms", on=pl.col("type") == "viewer_joined"
    )


def activity(viewer_events: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Times of everything that viewers did themselves: viewer_id, at_ms."""
    return pl.concat(
        [
            viewer_events.select("viewer_id", at_ms="occurred_ms"),
            orders.select("viewer_id", at_ms="ordered_ms"),
        ]
    )


def right_currency(refunds: pl.DataFrame, orders: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Set refunds apart whose currency is not their order's: those to book (or to wait), and those to reject."""
    if refunds.is_empty():
        return refunds, refunds.with_columns(order_currency=pl.lit(None, dtype=pl.String))
    known = refunds.join(orders.select("order_id", order_currency="currency"), on="order_id", how="left")
    wrong = (pl.col("currency") != pl.col("order_currency")).fill_null(value=False)
    return known.filter(~wrong).drop("order_currency"), known.filter(wrong)


def credit(
    orders: pl.DataFrame,
    watches: pl.DataFrame,
    lineups: pl.DataFrame,
    rules: Rules,
    fitted: Fit = NO_FIT,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Find out who has what weight in each order.

    orders: order_id, viewer_id, ordered_ms, session_id, declared_host_id; watches: at least those of their viewers;
    lineups: at least those of the sessions concerned. Returns weights (see `models`) and steps (see `paths`).
    """
    found = steps(orders, watches, lineups, rules.lookback_ms)
    return models.weights(orders, found, lineups, rules, fitted), found


def journeys(found: pl.DataFrame, watches: pl.DataFrame, lineups: pl.DataFrame, buyers: pl.DataFrame) -> pl.DataFrame:
    """Give the journeys of a Markov fit: one per order with steps, one per viewer with steps and no order.

    found: steps of the orders; watches: all of them; buyers: viewer_id of everyone with an order.
    Returns journey, step, host_ids, converted.
    """
    columns = ["journey", "step", "host_ids", "converted"]
    lost = lookers_steps(watches.join(buyers, on="viewer_id", how="anti"), lineups)
    return pl.concat(
        [
            found.with_columns(converted=True, journey=pl.lit("o") + pl.col("order_id")).select(columns),
            lost.with_columns(converted=False, journey=pl.lit("v") + pl.col("viewer_id")).select(columns),
        ]
    )


def lookers_steps(watches: pl.DataFrame, lineups: pl.DataFrame) -> pl.DataFrame:
    """Give the steps of viewers without an order: as `paths.merge`, with viewer_id for order_id."""
    pieces = overlaps(watches.rename({"viewer_id": "order_id"}), lineups, "session_id")
    return merge(pieces).rename({"order_id": "viewer_id"})


def fit_journeys(walked: pl.DataFrame, version: int = 1) -> Fit:
    """Fit the Markov model to journeys (journey, step, host_ids, converted)."""
    outcomes = walked.filter(pl.col("step") == 1).select("journey", "converted")
    return fit(transitions(walked, outcomes), version)


def books(facts: Facts, rules: Rules) -> Books:
    """Credit a whole history at once; the result depends on the set of events alone."""
    facts = deduplicated(facts)
    ends = roster.session_ends(facts.roster_events)
    lineups = roster.lineups(roster.shifts(roster.shift_marks(facts.roster_events), ends))
    watches = presence.watches(
        presence.ordered(presence_marks(facts.viewer_events)),
        activity(facts.viewer_events, facts.orders),
        ends,
        rules.idle_ms,
    )
    found = steps(facts.orders, watches, lineups, rules.lookback_ms)
    fitted = None
    if "markov" in rules.models:
        fitted = fit_journeys(journeys(found, watches, lineups, facts.orders.select("viewer_id")))
    weights = models.weights(facts.orders, found, lineups, rules, fitted or NO_FIT)
    refunds, rejected = right_currency(facts.refunds, facts.orders)
    entries = ledger.canonical(facts.orders, refunds, weights)
    return Books(published(entries, rules), found, fitted, rejected)


def published(entries: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Sort entries as they are published: by order time and id, model as asked, sale before refunds, account."""
    rank = pl.col("model").replace_strict({model: i for i, model in enumerate(rules.models)}, return_dtype=pl.Int64)
    return entries.sort(
        pl.col("ordered_ms"),
        pl.col("order_id"),
        rank,
        pl.col("refund_id").is_not_null(),
        pl.col("booked_ms"),
        pl.col("refund_id"),
        pl.col("host_id"),
    )
