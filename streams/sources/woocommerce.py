"""WooCommerce: orders and refunds.

Signature: X-WC-Webhook-Signature, base64 of HMAC-SHA256 over the raw body with the hook's secret. Source:
https://developer.woocommerce.com/docs/apis/rest-api/v3/webhooks/ (read 2026-11). Five failed deliveries disable a hook;
on saving one the shop sends `webhook_id=N`, unsigned, and wants to see a 200. No header is under the signature.
"""

import re
from base64 import b64encode
from datetime import UTC

from streams.sources import signing
from streams.sources.access import URL, Access, Need, secrets_need, web_address
from streams.sources.booked import left_of, line, order_paid, order_refunded
from streams.sources.payload import Fields
from streams.sources.source import (
    Call,
    Desk,
    DetailAway,
    Event,
    Message,
    Notification,
    Passed,
    Source,
    fingerprint,
    message_of,
)

NAME = "woocommerce"
KEY = "KEY"
TOPIC = "x-wc-webhook-topic"
REFUNDED = "action.woocommerce_order_refunded"
PER_PAGE, MOST_PAGES = 100, 10
UNDONE = frozenset({"cancelled", "refunded", "failed"})
"""What a paid order is when nothing of it is left; payment plugins let it fail when they lose a dispute."""
_GREETING = re.compile(rb"webhook_id=\d+")


def ordered(message: Message, desk: Desk) -> list[Event]:
    """Read an order: its payment, its refunds, and what is left of it as a last refund if it was cancelled."""
    return _events(message.fields, desk)


def refunded(message: Message, desk: Desk) -> list[Event]:
    """Read that an order was refunded: the message holds no more than its number, so the shop is asked for it."""
    number = _number(message.fields, "arg")
    order = desk.fetch(Call(f"/wp-json/wc/v3/orders/{number}", {}))
    if _number(order, "id") != number:
        raise DetailAway("another order was answered")
    return _events(order, desk)


def _events(order: Fields, desk: Desk) -> list[Event]:
    if not order.has("date_paid_gmt"):
        raise Passed("not_paid")
    currency, number = order.currency("currency"), _number(order, "id")
    total = order.money("total", currency)
    customer = order.maybe_id("customer_id")
    payment = order_paid(
        desk.shop,
        number,
        order.moment("date_paid_gmt", UTC),
        viewer=f"{desk.shop}/{customer}" if customer else None,
        currency=currency,
        total_minor=total,
        lines=[_line(each, currency) for each in order.parts("line_items")],
    )
    refunds = _refunds(order, desk, number, currency)
    left = left_of(total, refunds)
    return [payment, *refunds, *(_rest(order, desk.shop, number, currency, left) if left > 0 else [])]


def _line(each: Fields, currency: str) -> Event:
    """Read a line; its total is without tax, which stands beside it."""
    amount = each.money("total", currency) + each.maybe_money("total_tax", currency)
    return line(each.id("id"), each.id("product_id"), each.whole("quantity"), amount)


def _refunds(order: Fields, desk: Desk, number: str, currency: str) -> list[Event]:
    """Read the refunds. An order names their amounts, below zero; only the shop's answer has their times, in UTC."""
    named = {each.id("id") for each in order.parts("refunds")}
    told = _told(desk, number) if named else []
    if not named <= {each.id("id") for each in told}:
        raise DetailAway("refunds are not there yet")
    return [
        order_refunded(
            desk.shop,
            f"refund/{each.id('id')}",
            each.moment("date_created_gmt", UTC),
            order=number,
            amount_minor=each.money("amount", currency),
            currency=currency,
            reason=each.maybe_text("reason"),
        )
        for each in told
        if each.decimal("amount")
    ]


def _told(desk: Desk, number: str) -> list[Fields]:
    """Ask for all refunds of an order, page by page."""
    found: list[Fields] = []
    for page in range(1, MOST_PAGES + 1):
        wanted = {"per_page": str(PER_PAGE), "page": str(page)}
        found += desk.fetch(Call(f"/wp-json/wc/v3/orders/{number}/refunds", wanted)).parts("answer")
        if len(found) < page * PER_PAGE:
            break
    return found


def _rest(order: Fields, shop: str, number: str, currency: str, left: int) -> list[Event]:
    status = order.text("status")
    if status not in UNDONE:
        return []
    at_ms = order.moment("date_modified_gmt", UTC)
    refund = order_refunded(
        shop, f"rest/{number}", at_ms, order=number, amount_minor=left, currency=currency, reason=status
    )
    return [refund]


def _number(fields: Fields, name: str) -> str:
    """Give an id that goes into an address: a whole number, and nothing else."""
    return str(fields.whole(name))


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed. Raises Unsigned."""
    given = notification.headers.get("x-wc-webhook-signature")
    return signing.shop_of(access, NAME, given, lambda secret: signing.hmac_base64(secret, notification.body))


def split(notification: Notification) -> list[Message]:
    """Give the one message. That an order was refunded is told in the same bytes each time: it has no id."""
    kind, body = notification.headers.get(TOPIC, ""), notification.body
    told = None if kind == REFUNDED else fingerprint(kind, body)
    return [message_of(body, lambda _: (kind, told), kind)]


def prepare(call: Call, access: Access, _now_ms: int) -> Call:
    """Sign a call with the shop's key of its REST interface, as HTTP Basic over TLS."""
    return call._replace(headers={"Authorization": f"Basic {b64encode(access[KEY].encode()).decode()}"})


WOOCOMMERCE = Source(
    name=NAME,
    title="WooCommerce",
    needs=(
        secrets_need("secret of the hook"),
        Need(URL, "address of the shop, as in https://shop.example.com", check=web_address),
        Need(KEY, "REST key that may read, as ck_...:cs_...; never shown", hidden=True),
    ),
    kinds={
        "order.created": ordered,
        "order.updated": ordered,
        "order.restored": ordered,
        REFUNDED: refunded,
    },
    passed=dict.fromkeys(("order.deleted", "coupon.*", "customer.*", "product.*"), "not_ours"),
    verify=verify,
    split=split,
    prepare=prepare,
    kind_header=TOPIC,
    is_greeting=lambda notification: bool(_GREETING.fullmatch(notification.body)),
)
