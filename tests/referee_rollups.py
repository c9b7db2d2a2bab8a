"""What the warehouse's rollups must say: plain sums per minute over the referee's books."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from referee import books
from referee_intervals import FOREVER, Event, first_of_each
from referee_models import RefereeRules

MINUTE_MS = 60_000
ACTIONS = ("product_clicked", "cart_added", "commented", "liked", "shared", "followed")


@dataclass(slots=True)
class RefereeMinute:
    """One minute of one session.

    joined, left: starts and ends of watches (repeats and forgotten leaves already settled); delta = joined - left.
    views: viewer_joined events. entrants: their distinct viewers. viewers: distinct viewers of any event of the
    room that is not an order. actions: per type the sum of `count` (1 if absent). gifts: minor units per currency.
    """

    joined: int = 0
    left: int = 0
    views: int = 0
    entrants: set[str] = field(default_factory=set)
    viewers: set[str] = field(default_factory=set)
    actions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACTIONS, 0))
    gifts: dict[str, int] = field(default_factory=dict)

    @property
    def delta(self) -> int:
        """The change of the number of concurrent viewers."""
        return self.joined - self.left


@dataclass(slots=True)
class RefereeRevenue:
    """One host's money in one minute.

    gross: sale entries. refunds: refund entries with their sign (negative, but positive on excess_refund).
    orders: orders whose sale entries list the host.
    """

    gross: int = 0
    refunds: int = 0
    orders: int = 0


RevenueKey = tuple[str, int, str, str | None, str]


@dataclass(frozen=True, slots=True)
class RefereeRollups:
    """By (session, minute) and by (model, minute of booking, currency, session or None, host)."""

    activity: dict[tuple[str, int], RefereeMinute]
    revenue: dict[RevenueKey, RefereeRevenue]


def minute(at_ms: int) -> int:
    """The start of the minute, in milliseconds."""
    return at_ms - at_ms % MINUTE_MS


def count_event(into: RefereeMinute, event: Event) -> None:
    """Add one event of a viewer in a room to its minute."""
    into.viewers.add(event["viewer_id"])
    if event["type"] == "viewer_joined":
        into.views += 1
        into.entrants.add(event["viewer_id"])
    elif event["type"] in ACTIONS:
        count = event.get("count")
        into.actions[event["type"]] += 1 if count is None else count
    elif event["type"] == "gift_sent":
        into.gifts[event["currency"]] = into.gifts.get(event["currency"], 0) + event["amount_minor"]


def revenue_of(entries: Sequence[dict[str, Any]], sessions: dict[str, str | None]) -> dict[RevenueKey, RefereeRevenue]:
    """Add entries up per model, minute, currency, session and host."""
    found: dict[RevenueKey, RefereeRevenue] = defaultdict(RefereeRevenue)
    for entry in entries:
        place = (entry["model"], minute(entry["booked_at"]), entry["currency"], sessions[entry["order_id"]])
        into = found[(*place, entry["host_id"])]
        if entry["kind"] == "sale":
            into.gross += entry["amount_minor"]
            into.orders += 1
        else:
            into.refunds += entry["amount_minor"]
    return dict(found)


def rollups(events: Sequence[Event], rules: RefereeRules | None = None) -> RefereeRollups:
    """Add everything up per minute, from valid contract events in any order and with repeats."""
    kept = books(events, rules)
    activity: dict[tuple[str, int], RefereeMinute] = defaultdict(RefereeMinute)
    for (session, _), spans in kept.watches.items():
        for start, end in spans:
            activity[session, minute(start)].joined += 1
            if end != FOREVER:
                activity[session, minute(end)].left += 1
    for event in first_of_each(events, "event_id"):
        if event.get("viewer_id") is None or event["type"] in ("order_paid", "order_refunded"):
            continue
        count_event(activity[event["session_id"], minute(event["occurred_at"])], event)
    revenue = revenue_of(kept.entries, {order.order_id: order.session_id for order in kept.orders})
    return RefereeRollups(dict(activity), revenue)
