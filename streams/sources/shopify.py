"""Shopify: orders, refunds and chargebacks.

Signature: X-Shopify-Hmac-Sha256, base64 of HMAC-SHA256 over the raw body with the app's client secret; two secrets are
valid for up to an hour after a change. Source: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries, read
2026-11. No header is under the signature, so neither the time nor the topic is believed: the body says what it is.
"""

from typing import NamedTuple

from analytics.rejection import Reject
from streams.sources import signing
from streams.sources.access import Access, secrets_need
from streams.sources.booked import left_of, line, order_paid, order_refunded
from streams.sources.payload import Fields
from streams.sources.source import Desk, Event, Message, Notification, Passed, Source, fingerprint, message_of

NAME = "shopify"
PAID = frozenset({"paid", "partially_refunded", "refunded"})
LOST = frozenset({"lost", "accepted"})
TOPIC = "x-shopify-topic"
PASSED_OVER = {
    "orders/create": "not_paid",
    **dict.fromkeys(
        (
            *("orders/updated", "orders/edited", "orders/fulfilled", "orders/partially_fulfilled", "orders/delete"),
            *("returns/*", "tender_transactions/*"),
        ),
        "told_apart",
    ),
    **dict.fromkeys(
        (
            *("app/*", "carts/*", "checkouts/*", "collections/*", "collection_listings/*", "customers/*"),
            *("discounts/*", "draft_orders/*", "fulfillments/*", "fulfillment_orders/*", "inventory_items/*"),
            *("inventory_levels/*", "locations/*", "product_listings/*", "products/*", "shop/*", "themes/*"),
        ),
        "not_ours",
    ),
}
"""What shops subscribe to for others, too."""


class Prices(NamedTuple):
    """In which currency the buyer paid, and whether that is another one than the shop's.

    Transactions of such an order, its refunds too, are in the buyer's; its amounts are in the shop's, and in the
    buyer's in a set beside each. Source: https://shopify.dev/docs/api/admin-rest/latest/resources/transaction, 2026-11.
    """

    currency: str
    is_foreign: bool

    @classmethod
    def of(cls, order: Fields) -> "Prices":
        """Read an order's."""
        shop = order.currency("currency")
        buyer = order.currency("presentment_currency") if order.has("presentment_currency") else shop
        return cls(buyer, buyer != shop)

    def amount(self, of: Fields, name: str) -> int:
        """Read an amount as the buyer paid it."""
        if not self.is_foreign:
            return of.money(name, self.currency)
        shown = of.part(f"{name}_set").part("presentment_money")
        if shown.currency("currency_code") != self.currency:
            raise Reject("field_value", f"{name}_set", shown.currency("currency_code"))
        return shown.money("amount", self.currency)


def paid(message: Message, desk: Desk) -> list[Event]:
    """Read a paid order. Its amount is total_price; a line is worth price times quantity less its own discounts."""
    order = _real(message.fields.only("order"))
    if order.text("financial_status") not in PAID:
        raise Passed("not_paid")
    prices = Prices.of(order)
    customer = order.part("customer").maybe_id("id") if order.has("customer") else None
    return [
        order_paid(
            desk.shop,
            order.id("id"),
            order.moment("processed_at" if order.has("processed_at") else "created_at"),
            viewer=f"{desk.shop}/{customer}" if customer else None,
            currency=prices.currency,
            total_minor=prices.amount(order, "total_price"),
            lines=[_line(each, prices) for each in order.parts("line_items")],
        )
    ]


def refunded(message: Message, desk: Desk) -> list[Event]:
    """Read a refund. Its money is in its transactions, each a refund with an id; refund_line_items only say of what."""
    refund = message.fields.only("refund")
    return _moved(refund.parts("transactions"), desk.shop, refund.id("order_id"), refund.maybe_text("note"))


def transacted(message: Message, desk: Desk) -> list[Event]:
    """Read a transaction of an order: a refund that was pending, and now has succeeded, has the same id as before."""
    transaction = message.fields.only("transaction")
    return _moved([transaction], desk.shop, transaction.id("order_id"), None)


def cancelled(message: Message, desk: Desk) -> list[Event]:
    """Read a cancelled order: after payment its refunds, and what they leave of it as a last one."""
    order = _real(message.fields.only("order"))
    if not order.has("cancelled_at") or order.text("financial_status") not in PAID:
        raise Passed("not_paid")
    prices, number = Prices.of(order), order.id("id")
    transactions = [each for refund in order.parts("refunds") for each in refund.parts("transactions")]
    refunds = _succeeded(transactions, desk.shop, number, None)
    foreign = next((event["currency"] for event in refunds if event["currency"] != prices.currency), None)
    if foreign:
        raise Reject("refund_currency_mismatch", "currency", foreign)
    left = left_of(prices.amount(order, "total_price"), refunds)
    if left > 0 and not _pending(transactions):
        at_ms, reason = order.moment("cancelled_at"), f"cancelled: {order.maybe_text('cancel_reason') or 'other'}"
        refunds.append(
            order_refunded(
                desk.shop,
                f"rest/{number}",
                at_ms,
                order=number,
                amount_minor=left,
                currency=prices.currency,
                reason=reason,
            )
        )
    if not refunds:
        raise Passed("pending" if _pending(transactions) else "no_money")
    return refunds


def disputed(message: Message, desk: Desk) -> list[Event]:
    """Read a dispute. A chargeback that was lost or accepted is a refund; an open or won one takes nothing."""
    dispute = message.fields.only("dispute")
    if dispute.text("type") != "chargeback" or dispute.text("status") not in LOST:
        raise Passed("pending")
    currency = dispute.currency("currency")
    return [
        order_refunded(
            desk.shop,
            f"chargeback/{dispute.id('id')}",
            dispute.moment("finalized_on" if dispute.has("finalized_on") else "initiated_at"),
            order=dispute.id("order_id"),
            amount_minor=dispute.money("amount", currency),
            currency=currency,
            reason=f"chargeback: {dispute.maybe_text('reason') or 'general'}",
        )
    ]


def _real(order: Fields) -> Fields:
    if order.flag("test"):
        raise Passed("test")
    return order


def _line(each: Fields, prices: Prices) -> Event:
    quantity = each.whole("quantity")
    discount = sum(prices.amount(part, "amount") for part in each.parts("discount_allocations"))
    if not discount and each.has("total_discount"):
        discount = prices.amount(each, "total_discount")
    amount = prices.amount(each, "price") * quantity - discount
    return line(each.id("id"), each.maybe_id("product_id") or each.id("id"), quantity, amount)


def _moved(transactions: list[Fields], shop: str, order: str, reason: str | None) -> list[Event]:
    found = _succeeded(transactions, shop, order, reason)
    if not found:
        raise Passed("pending" if _pending(transactions) else "no_money")
    return found


def _pending(transactions: list[Fields]) -> bool:
    return any(each.text("kind") == "refund" and each.text("status") == "pending" for each in transactions)


def _succeeded(transactions: list[Fields], shop: str, order: str, reason: str | None) -> list[Event]:
    done = [each for each in transactions if each.text("kind") == "refund" and each.text("status") == "success"]
    return [
        _transaction(each, shop, order, reason) for each in done if not each.flag("test") and each.decimal("amount")
    ]


def _transaction(each: Fields, shop: str, order: str, reason: str | None) -> Event:
    currency = each.currency("currency")
    return order_refunded(
        shop,
        f"transaction/{each.id('id')}",
        each.moment("processed_at" if each.has("processed_at") else "created_at"),
        order=order,
        amount_minor=each.money("amount", currency),
        currency=currency,
        reason=reason,
    )


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed. Raises Unsigned."""
    given = notification.headers.get("x-shopify-hmac-sha256")
    return signing.shop_of(access, NAME, given, lambda secret: signing.hmac_base64(secret, notification.body))


def split(notification: Notification) -> list[Message]:
    """Give the one message."""
    kind, body = notification.headers.get(TOPIC, ""), notification.body
    return [message_of(body, lambda _: (kind, fingerprint(kind, body)), kind)]


SHOPIFY = Source(
    name=NAME,
    title="Shopify",
    needs=(secrets_need("client secret of the app, or of the notifications"),),
    kinds={
        "orders/paid": paid,
        "orders/cancelled": cancelled,
        "refunds/create": refunded,
        "order_transactions/create": transacted,
        "disputes/create": disputed,
        "disputes/update": disputed,
    },
    passed=PASSED_OVER,
    verify=verify,
    split=split,
    kind_header=TOPIC,
)
