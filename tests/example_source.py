"""Market stall, an invented platform: orders and refunds. The shortest source that is whole; begin with a copy of it.

Signature: X-Stall-Signature, HMAC-SHA256 in hexadecimal over the raw body with the stall's secret. Source: here stands
the page that says so, and when it was read. The body says itself what it is, so no header is believed.
"""

from streams.sources import signing
from streams.sources.access import Access, secrets_need
from streams.sources.booked import line, order_paid, order_refunded
from streams.sources.source import Desk, Event, Message, Notification, Passed, Source, message_of

NAME = "market-stall"


def paid(message: Message, desk: Desk) -> list[Event]:
    """Read an order, once it is paid: an order that waits for its money is none yet."""
    order = message.fields.part("order")
    if not order.has("paid_at"):
        raise Passed("not_paid")
    currency = order.currency("currency")
    return [
        order_paid(
            desk.shop,
            order.id("number"),
            order.moment("paid_at"),
            viewer=order.maybe_id("customer"),
            currency=currency,
            total_minor=order.money("total", currency),
            lines=[
                line(each.id("line"), each.id("product"), each.whole("pieces"), each.money("amount", currency))
                for each in order.parts("lines")
            ],
            session=order.maybe_id("live_room"),
        )
    ]


def refunded(message: Message, desk: Desk) -> list[Event]:
    """Read money that went back, in part or in whole; a chargeback comes the same way, with its reason."""
    refund = message.fields.part("refund")
    currency = refund.currency("currency")
    return [
        order_refunded(
            desk.shop,
            f"refund/{refund.id('number')}",
            refund.moment("at"),
            order=refund.id("order"),
            amount_minor=refund.money("amount", currency),
            currency=currency,
            reason=refund.maybe_text("reason"),
        )
    ]


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed. Raises Unsigned."""
    given = notification.headers.get("x-stall-signature")
    return signing.shop_of(access, NAME, given, lambda secret: signing.hmac_hex(secret, notification.body))


def split(notification: Notification) -> list[Message]:
    """Give the one message."""
    return [message_of(notification.body, lambda fields: (fields.text("kind"), fields.id("message")))]


MARKET_STALL = Source(
    name=NAME,
    title="Market stall",
    needs=(secrets_need("secret that the stall's page shows"),),
    kinds={"order.paid": paid, "order.refunded": refunded},
    passed={"order.placed": "not_paid"},
    verify=verify,
    split=split,
)
