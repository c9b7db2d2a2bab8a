"""Who earned what in a batch: what is new or touched is credited, refunds follow, and only the difference is booked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from analytics import crediting, ledger, models, presence
from analytics.facts import Facts
from analytics.paths import STEPS
from analytics.rules import Rules
from analytics.warehouse import Warehouse, tables
from streams import lanes
from streams.begun import Before
from streams.late import DIRTY, dirty_orders
from streams.live import Arrival
from streams.state import State

_ORDER = ["order_id", "viewer_id", "ordered_ms", "session_id", "declared_host_id", "currency", "amount_minor"]
STEPS_OF_ORDER = pl.List(pl.List(pl.String))
_REFUND = ["refund_id", "order_id", "refunded_ms", "currency", "amount_minor"]
LATE_REFUND = "late refund"


@dataclass(frozen=True, slots=True)
class Work:
    """A batch as far as money is concerned.

    facts: what is new; touched: orders to look at again; the states around the batch; changes: of presence;
    arrival: marks and activity of viewers in it; before: what other batches stored, and which rows of it count.
    """

    facts: Facts
    touched: Sequence[str]
    state: State
    after: State
    changes: pl.DataFrame
    arrival: Arrival
    before: Before
    counts: pl.Expr
    warehouse: Warehouse
    rules: Rules
    batch: int


@dataclass(frozen=True, slots=True)
class Money:
    """What a batch books: ledger lines, paths of the orders credited, frozen orders, refunds in a wrong currency."""

    lines: pl.DataFrame
    paths: pl.DataFrame
    frozen: int
    mismatched: pl.DataFrame


_NOTHING = Money(pl.DataFrame(schema=ledger.ENTRIES), pl.DataFrame(), 0, pl.DataFrame())


def booked(work: Work) -> Money:
    """Credit what is new or touched, book refunds by the weights that stand, and give the lines that are missing."""
    dirty, frozen = _touched(work)
    known = _known_orders(work, dirty)
    orders = pl.concat([work.facts.orders.select(_ORDER), known])
    if orders.is_empty():
        return replace(_NOTHING, frozen=frozen)
    standing = _standing(work, known)
    refunds, wrong = _refunds(work, orders, standing)
    ids = pl.concat([work.facts.orders["order_id"], dirty["order_id"]])
    to_credit = orders.filter(pl.col("order_id").is_in(ids.implode()))
    weights, steps = credited(to_credit, work)
    if standing.height:
        kept = standing.filter(pl.col("refund_id").is_null()).join(to_credit, on="order_id", how="anti")
        weights = pl.concat([weights, kept.select(list(models.WEIGHTS))])
        standing = standing.join(weights.select("order_id", "model").unique(), on=["order_id", "model"], how="semi")
    lines = ledger.lines(ledger.canonical(orders, refunds, weights), standing, _reasons(known, dirty))
    paths = _paths(steps, to_credit, lines, _former(known, dirty, work))
    return Money(lines, paths, frozen, wrong)


def credited(orders: pl.DataFrame, work: Work) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Weights and steps of orders, from the marks of their viewers in the warehouse and in the batch."""
    if orders.is_empty():
        return pl.DataFrame(schema=models.WEIGHTS), pl.DataFrame(schema=STEPS)
    viewers = orders["viewer_id"].unique()
    new = work.arrival.marks.filter(pl.col("viewer_id").is_in(viewers.implode()))
    marks = presence.ordered(pl.concat([work.arrival.stored.of(viewers), new]))
    last_ms = int(orders["ordered_ms"].max())  # type: ignore[arg-type]  # not empty
    watches = presence.watches(marks, _activity(marks, last_ms, work), work.after.roster.ends, work.rules.idle_ms)
    return crediting.credit(orders, watches, work.after.roster.lineups, work.rules, work.after.fit)


def _former(known: pl.DataFrame, dirty: pl.DataFrame, work: Work) -> pl.DataFrame:
    """Give the evidence that stands of the stored orders that are credited anew: order_id, former_host_ids."""
    again = known.join(dirty, on="order_id", how="semi")
    if again.is_empty():
        return pl.DataFrame(schema={"order_id": pl.String, "former_host_ids": STEPS_OF_ORDER})
    return work.warehouse.query("core_ways_of_orders", order_ids=again["order_id"].to_list(), batch=work.batch)


def _paths(steps: pl.DataFrame, credited: pl.DataFrame, lines: pl.DataFrame, former: pl.DataFrame) -> pl.DataFrame:
    """Rows of evidence of the orders whose lines or whose way differ from what stands."""
    rows = tables.order_paths(steps, credited, former)
    booked = pl.col("order_id").is_in(lines["order_id"].unique().implode())
    return rows.filter(booked | (pl.col("host_ids") != pl.col("former_host_ids")))


def plain_orders(found: pl.DataFrame) -> pl.DataFrame:
    """Orders in the columns of the core."""
    return found.select(_ORDER)


def plain_refunds(found: pl.DataFrame) -> pl.DataFrame:
    """Refunds in the columns of the core."""
    return found.select(_REFUND)


def typed_entries(found: pl.DataFrame) -> pl.DataFrame:
    """Standing entries in the columns and types of the core."""
    wanted = {name: dtype for name, dtype in ledger.ENTRIES.items() if name not in {"kind", "sign", "reason"}}
    return found.select(pl.col(name).cast(dtype) for name, dtype in wanted.items())


def _touched(work: Work) -> tuple[pl.DataFrame, int]:
    """Booked orders that late facts touch and that may still be restated, and how many may not."""
    if lanes.is_first(work.batch):
        return pl.DataFrame(schema=DIRTY), 0
    found = dirty_orders(work.changes, work.after.roster.shifts, work.state, work.warehouse, work.batch)
    is_frozen = pl.col("ordered_ms") < (work.after.newest_ms or 0) - work.rules.correction_ms
    return found.filter(~is_frozen), found.filter(is_frozen).height


def _standing(work: Work, known: pl.DataFrame) -> pl.DataFrame:
    """Entries of stored orders that were not taken back."""
    if known.is_empty():
        return typed_entries(pl.DataFrame(schema=ledger.ENTRIES))
    return typed_entries(work.before.entries.of(known["order_id"]))


def _known_orders(work: Work, dirty: pl.DataFrame) -> pl.DataFrame:
    """Stored orders of this lane that the batch touches: by a late fact or by a refund."""
    touched = pl.Series(work.touched, dtype=pl.String)
    ids = pl.concat([work.facts.refunds["order_id"], touched, dirty["order_id"]]).unique()
    if ids.is_empty():
        return plain_orders(work.facts.orders.clear())
    lane = lanes.bounds(work.batch)
    found = work.before.orders.of(ids).filter(pl.col("batch").is_between(lane["first"], lane["last"]))
    return plain_orders(found).join(work.facts.orders, on="order_id", how="anti")


def _refunds(work: Work, orders: pl.DataFrame, standing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All refunds of these orders to book, and those in a wrong currency that this batch brings to light.

    What was booked counts, also where the batch that stored the refund is not closed yet.
    """
    stored = work.facts.refunds.clear()
    if orders.height:
        is_booked = pl.col("refund_id").is_in(standing["refund_id"].drop_nulls().implode())
        stored = work.before.refunds_of_orders.of(orders["order_id"]).filter(work.counts | is_booked)
    new = work.facts.refunds.join(orders, on="order_id", how="semi")
    found = pl.concat([plain_refunds(stored), plain_refunds(new)])
    bookable, wrong = crediting.right_currency(found, orders)
    if wrong.is_empty():
        return bookable, wrong
    from_new_refunds = wrong.join(work.facts.refunds, on="refund_id", how="semi")
    from_new_orders = wrong.join(work.facts.orders, on="order_id", how="semi")
    from_elsewhere = wrong.filter(pl.col("order_id").is_in(list(work.touched)))
    brought = pl.concat([from_new_refunds, from_new_orders, from_elsewhere]).unique("refund_id").sort("refund_id")
    return bookable, brought


def _activity(marks: pl.DataFrame, last_ms: int, work: Work) -> pl.DataFrame:
    """Times at which the viewers did something, those in the warehouse only where silence may matter."""
    new = work.arrival.activity
    idle_ms = work.rules.idle_ms
    silent = presence.silent(presence.unclosed(marks), work.after.roster.ends, idle_ms, last_ms)
    waiting = silent["viewer_id"].unique().to_list()
    if not waiting:
        return new
    stored = work.warehouse.query("core_activity_of_viewers", viewers=waiting, idle_ms=idle_ms, batch=work.batch)
    return pl.concat([new, stored.select("viewer_id", "at_ms")])


def _reasons(known: pl.DataFrame, dirty: pl.DataFrame) -> pl.DataFrame:
    """Why each stored order may be restated: order_id, reason."""
    refunded = known.join(dirty, on="order_id", how="anti")
    return pl.concat([dirty.select("order_id", "reason"), refunded.select("order_id", reason=pl.lit(LATE_REFUND))])
