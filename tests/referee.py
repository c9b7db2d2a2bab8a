"""The referee: slow, exact books, one order at a time, straight from the definitions and from nothing else.

It knows nothing of the code it judges. Money is whole minor units, shares are fractions, times are milliseconds.
Equal remainders go by sha256(order_id, unit separator, host_id), as the definition says.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from referee_intervals import (
    FOREVER,
    Event,
    Interval,
    Lineup,
    Step,
    Watch,
    first_of_each,
    lineups,
    path,
    shifts,
    watches,
)
from referee_markov import Journey, RefereeFit, markov_fit
from referee_models import Order, RefereeRules, allocate, by_hash, weights

UNATTRIBUTED, EXCESS_REFUND = "unattributed", "excess_refund"


@dataclass(frozen=True, slots=True)
class RefereeBooks:
    """Entries in output order, and all the evidence behind them."""

    entries: list[dict[str, Any]]
    orders: list[Order]
    paths: dict[str, list[Step]]
    watches: dict[tuple[str, str], list[Interval]]
    shifts: dict[tuple[str, str], list[Interval]]
    lineups: dict[str, list[Lineup]]
    markov: RefereeFit | None


def paid_orders(events: Sequence[Event]) -> list[Order]:
    """The orders, first of each id, by (time, id)."""
    paid = first_of_each((event for event in events if event["type"] == "order_paid"), "order_id")
    orders = [
        Order(
            order_id=event["order_id"],
            viewer_id=event["viewer_id"],
            session_id=event.get("session_id"),
            declared_host_id=event.get("host_id"),
            ordered_ms=event["occurred_at"],
            currency=event["currency"],
            amount_minor=sum(line["amount_minor"] for line in event["lines"]),
        )
        for event in paid
    ]
    return sorted(orders, key=lambda order: (order.ordered_ms, order.order_id))


def refunds_of(orders: Sequence[Order], events: Sequence[Event]) -> dict[str, list[Event]]:
    """Per order its refunds by (time, refund id); one in another currency is none, one of no known order waits."""
    currencies = {order.order_id: order.currency for order in orders}
    found: dict[str, list[Event]] = defaultdict(list)
    for refund in first_of_each((event for event in events if event["type"] == "order_refunded"), "refund_id"):
        if currencies.get(refund["order_id"]) == refund["currency"]:
            found[refund["order_id"]].append(refund)
    return {of: sorted(each, key=lambda one: (one["occurred_at"], one["refund_id"])) for of, each in found.items()}


def order_entries(
    order: Order, model: str, shares: Mapping[str, Fraction], refunds: Sequence[Event]
) -> list[dict[str, Any]]:
    """Book one order under one model: the sale, then what each refund takes back."""

    def entry(host_id: str, amount_minor: int, refund: Event | None) -> dict[str, Any]:
        return {
            "order_id": order.order_id,
            "model": model,
            "host_id": host_id,
            "kind": "sale" if refund is None else "refund",
            "refund_id": None if refund is None else refund["refund_id"],
            "amount_minor": amount_minor,
            "currency": order.currency,
            "booked_at": order.ordered_ms if refund is None else refund["occurred_at"],
        }

    shares = shares or {UNATTRIBUTED: Fraction(1)}
    booked = allocate(order.amount_minor, shares, by_hash(order.order_id))
    entries = [entry(host, booked[host], None) for host in sorted(booked)]
    refunded = 0
    for refund in refunds:
        excess_before = max(refunded - order.amount_minor, 0)
        refunded += refund["amount_minor"]
        target = allocate(max(order.amount_minor - refunded, 0), shares, by_hash(order.order_id))
        changes = {host: target[host] - booked[host] for host in target}
        changes[EXCESS_REFUND] = max(refunded - order.amount_minor, 0) - excess_before
        entries += [entry(host, changes[host], refund) for host in sorted(changes) if changes[host]]
        booked = target
    return entries


def fit_of(
    orders: Sequence[Order],
    paths: Mapping[str, list[Step]],
    seen: Mapping[str, list[Watch]],
    on_air: Mapping[str, list[Lineup]],
) -> RefereeFit | None:
    """One converting journey per order with steps, one null journey per viewer with steps and without order."""

    def journey(steps: Sequence[Step], *, converted: bool) -> Journey:
        return Journey(tuple(frozenset(step.host_ids) for step in steps), converted)

    buyers = {order.viewer_id for order in orders}
    converting = [journey(paths[order.order_id], converted=True) for order in orders if paths[order.order_id]]
    whole = [path(of, on_air, -FOREVER, FOREVER) for viewer, of in seen.items() if viewer not in buyers]
    return markov_fit([*converting, *(journey(steps, converted=False) for steps in whole if steps)])


def books(events: Sequence[Event], rules: RefereeRules | None = None) -> RefereeBooks:
    """Keep the books of valid contract events, in any order and with repeats."""
    rules = rules or RefereeRules()
    facts = first_of_each(events, "event_id")
    on_air = shifts(facts)
    watched = watches(facts, rules.idle_ms)
    stretches = lineups(on_air)
    seen: dict[str, list[Watch]] = defaultdict(list)
    for (session, viewer), spans in watched.items():
        seen[viewer] += [Watch(session, *span) for span in spans]
    orders = paid_orders(facts)
    refunds = refunds_of(orders, facts)
    paths = {
        order.order_id: path(
            seen.get(order.viewer_id, []), stretches, order.ordered_ms - rules.lookback_ms, order.ordered_ms
        )
        for order in orders
    }
    fit = fit_of(orders, paths, seen, stretches)
    removal = fit.removal if fit else {}
    entries = [
        entry
        for order in orders
        for model in rules.models
        for entry in order_entries(
            order,
            model,
            weights(model, order, paths[order.order_id], on_air, rules=rules, removal=removal),
            refunds.get(order.order_id, []),
        )
    ]
    return RefereeBooks(entries, orders, paths, watched, on_air, stretches, fit)
