"""Orders, refunds and what viewers do, as events of the contract, with ids that are the same whenever they are sent.

Orders and refunds of a shop are SHOP/ID: two shops of one platform may count alike. Rooms, hosts, viewers and products
keep the platform's own digits, so that what the seller says of them meets what the platform says.
"""

from collections.abc import Sequence

from analytics.rejection import Reject
from streams.sources.source import Event, Passed

REST = "charges"
"""Product of the line that holds what an order cost beside its products: delivery, taxes, fees, discounts on all."""


def line(line_id: str, product_id: str, quantity: int, amount_minor: int, category: str | None = None) -> Event:
    """Make an order line."""
    found: Event = {"line_id": line_id, "product_id": product_id, "quantity": quantity, "amount_minor": amount_minor}
    return found | ({"category": category} if category else {})


def order_paid(
    shop: str,
    order: str,
    at_ms: int,
    *,
    viewer: str | None,
    currency: str,
    total_minor: int,
    lines: Sequence[Event],
    session: str | None = None,
    host: str | None = None,
) -> Event:
    """Make a paid order of exactly the total that the platform names: what lines do not name is a line `charges`."""
    rest = total_minor - sum(each["amount_minor"] for each in lines)
    closing = [line(REST, REST, 0, rest)] if rest else []
    told = {"session_id": session, "host_id": host}
    return {
        "event_id": f"{shop}/paid/{order}",
        "type": "order_paid",
        "occurred_at": at_ms,
        "order_id": f"{shop}/{order}",
        "viewer_id": viewer or f"{shop}/guest/{order}",
        "currency": currency,
        "lines": [*lines, *closing],
        **{name: value for name, value in told.items() if value},
    }


def order_refunded(
    shop: str, refund: str, at_ms: int, *, order: str, amount_minor: int, currency: str, reason: str | None
) -> Event:
    """Make a refund. refund: its kind and id, as in return/4035318504086604100.

    Raises Passed if no money went back, Reject if it is said to have come: what is left of the order would grow by it.
    """
    if amount_minor == 0:
        raise Passed("no_money")
    if amount_minor < 0:
        raise Reject("field_value", "amount", str(amount_minor))
    found: Event = {
        "event_id": f"{shop}/refunded/{refund}",
        "type": "order_refunded",
        "occurred_at": at_ms,
        "refund_id": f"{shop}/{refund}",
        "order_id": f"{shop}/{order}",
        "amount_minor": amount_minor,
        "currency": currency,
    }
    return found | ({"reason": reason[:200]} if reason else {})


def left_of(total_minor: int, refunds: Sequence[Event]) -> int:
    """Give what refunds leave of an order, each counted once."""
    amounts: dict[str, int] = {event["event_id"]: event["amount_minor"] for event in refunds}
    return total_minor - sum(amounts.values())


def viewer_event(kind: str, message_id: str, at_ms: int, *, shop: str, room: str, viewer: str, **more: object) -> Event:
    """Make an event of a viewer in a room."""
    return {
        "event_id": f"{shop}/{kind}/{message_id}",
        "type": kind,
        "occurred_at": at_ms,
        "session_id": room,
        "viewer_id": viewer,
        **more,
    }
