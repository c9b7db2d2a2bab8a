"""TikTok Shop: orders, cancellations and returns. Notifications carry a status, so the detail is asked for.

Signature: Authorization, HMAC-SHA256 in hexadecimal over app key and raw body, with the app secret. There is no time in
it but the body's own. Calls are signed as HMAC-SHA256 over path, sorted parameters and body between two app secrets.
Sources: https://partner.tiktokshop.com/docv2/page/tts-webhooks-overview and .../sign-your-api-request, as quoted by
https://www.skills.sh/hookdeck/webhook-skills/tiktok-shop-webhooks (read 2026-11). Tokens are renewed at another
address, with the app's key and secret in the query, as a number of public clients do.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from analytics.rejection import Reject
from streams.sources import signing
from streams.sources.access import URL, Access, Need, secrets_need, web_address
from streams.sources.booked import line, order_paid, order_refunded
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
from streams.sources.tokens import Renewal, Tokens, token_need, token_of

NAME = "tiktok-shop"
APP_KEY, CIPHER, AUTH_URL = "APP_KEY", "CIPHER", "AUTH_URL"
WINDOW_MS = 7 * 86_400_000
"""How old a notification may be: longer than the platform sends one again."""
BEFORE_PAYMENT = frozenset({"UNPAID", "ON_HOLD"})
UNDER_WAY = "pending"


def ordered(message: Message, desk: Desk) -> list[Event]:
    """Read an order's status: once it is paid its detail is booked, and if it was cancelled then, what went back."""
    data = message.fields.part("data")
    status, number = data.text("order_status"), data.id("order_id")
    if status in BEFORE_PAYMENT:
        raise Passed("not_paid")
    order = _one(desk, Call("/order/202309/orders", {"ids": number}), "orders", "id", number)
    if not order.maybe_whole("paid_time"):
        raise Passed("not_paid")
    return _undone(order, desk, number) if status == "CANCELLED" else [_paid(order, desk.shop, number)]


def _paid(order: Fields, shop: str, number: str) -> Event:
    payment = order.part("payment")
    currency = payment.currency("currency")
    return order_paid(
        shop,
        number,
        order.seconds("paid_time"),
        viewer=order.maybe_id("user_id"),
        currency=currency,
        total_minor=payment.money("total_amount", currency),
        lines=[
            line(each.id("id"), each.id("product_id"), 1, each.money("sale_price", currency))
            for each in order.parts("line_items")
        ],
    )


def _undone(order: Fields, desk: Desk, number: str) -> list[Event]:
    """Give what went back of a cancelled order: by its cancellations if it has any, else all of it."""
    found = _asked(desk, "/return_refund/202309/cancellations/search", {"order_ids": [number]}, "cancellations")
    ours = [each for each in found if each.id("order_id") == number]
    if ours:
        done = [each for each in ours if each.text("cancel_status") == "CANCELLATION_REQUEST_COMPLETE"]
        if not done:
            raise Passed("refunds_tell")
        return _all_back(done, desk.shop)
    payment = order.part("payment")
    currency = payment.currency("currency")
    return [
        order_refunded(
            desk.shop,
            f"rest/{number}",
            order.seconds("cancel_time" if order.maybe_whole("cancel_time") else "update_time"),
            order=number,
            amount_minor=payment.money("total_amount", currency),
            currency=currency,
            reason=f"cancelled: {order.maybe_text('cancel_reason') or 'other'}",
        )
    ]


def _all_back(done: Sequence[Fields], shop: str) -> list[Event]:
    """Give what complete cancellations gave back; one that moved no money, as of a free gift, hides no other."""
    found = []
    for each in done:
        with suppress(Passed):
            found.append(_back(each, shop, "cancel", "cancel_id", "cancel_reason_text"))
    if not found:
        raise Passed("no_money")
    return found


def cancelled(message: Message, desk: Desk) -> list[Event]:
    """Read a cancellation: when it is complete, its detail says how much went back."""
    data = message.fields.part("data")
    if data.text("cancel_status") != "CANCELLATION_REQUEST_COMPLETE":
        raise Passed(UNDER_WAY)
    path, number = "/return_refund/202309/cancellations/search", data.id("cancel_id")
    found = _one(desk, _search(path, {"cancel_ids": [number]}), "cancellations", "cancel_id", number)
    return [_back(found, desk.shop, "cancel", "cancel_id", "cancel_reason_text")]


def returned(message: Message, desk: Desk) -> list[Event]:
    """Read a return or refund: when it is complete, its detail says how much went back."""
    data = message.fields.part("data")
    if data.text("return_status") != "RETURN_OR_REFUND_REQUEST_COMPLETE":
        raise Passed(UNDER_WAY)
    path, number = "/return_refund/202309/returns/search", data.id("return_id")
    found = _one(desk, _search(path, {"return_ids": [number]}), "return_orders", "return_id", number)
    return [_back(found, desk.shop, "return", "return_id", "return_reason_text")]


def _back(found: Fields, shop: str, kind: str, id_name: str, reason_name: str) -> Event:
    if not found.has("refund_amount"):
        raise Passed("no_money")
    refund = found.part("refund_amount")
    currency = refund.currency("currency")
    return order_refunded(
        shop,
        f"{kind}/{found.id(id_name)}",
        found.seconds("update_time"),
        order=found.id("order_id"),
        amount_minor=refund.money("refund_total", currency),
        currency=currency,
        reason=found.maybe_text(reason_name),
    )


def _search(path: str, wanted: Mapping[str, list[str]]) -> Call:
    return Call(path, {"page_size": "50"}, msgspec.json.encode(wanted))


def _asked(desk: Desk, path: str, wanted: Mapping[str, list[str]], name: str) -> list[Fields]:
    return _data(desk, _search(path, wanted)).parts(name)


def _data(desk: Desk, call: Call) -> Fields:
    answer = desk.fetch(call)
    if answer.whole("code") != 0:
        raise DetailAway(f"code {answer.whole('code')}")
    return answer.part("data")


def _one(desk: Desk, call: Call, name: str, id_name: str, wanted: str) -> Fields:
    """Give the one that was asked for; another one is none."""
    for each in _data(desk, call).parts(name):
        if each.id(id_name) == wanted:
            return each
    raise DetailAway(f"{id_name} {wanted} is not there yet")


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed, at a time that the body names and that is not long ago. Raises Unsigned."""
    app_key, body = access[APP_KEY].encode(), notification.body
    given = notification.headers.get("authorization")
    shop = signing.shop_of(access, NAME, given, lambda secret: signing.hmac_hex(secret, app_key + body))
    with suppress(Reject):  # what cannot be read is for `split` to say
        signing.recent(Fields.of(body).seconds("timestamp"), notification, WINDOW_MS)
    return shop


def split(notification: Notification) -> list[Message]:
    """Give the one message."""
    body = notification.body

    def tell(fields: Fields) -> tuple[str, str]:
        kind = str(fields.whole("type"))
        return kind, fields.maybe_id("tts_notification_id") or fingerprint(kind, body)

    return [message_of(body, tell)]


def prepare(call: Call, access: Access, now_ms: int) -> Call:
    """Sign a call for a shop, now."""
    told = {
        **call.parameters,
        "app_key": access[APP_KEY],
        "shop_cipher": access[CIPHER],
        "timestamp": str(now_ms // 1000),
    }
    secret = access.secrets[0].text
    ordered_text = "".join(f"{name}{told[name]}" for name in sorted(told))
    text = f"{secret}{call.path}{ordered_text}{(call.body or b'').decode()}{secret}"
    sign = signing.hmac_hex(secret.encode(), text.encode())
    headers = {"x-tts-access-token": token_of(access), "Content-Type": "application/json"}
    return call._replace(parameters={**told, "sign": sign}, headers=headers)


def ask_tokens(access: Access, refresh_token: str, _now_ms: int) -> Call:
    """Ask for new tokens."""
    told = {"app_key": access[APP_KEY], "app_secret": access.secrets[0].text}
    told |= {"refresh_token": refresh_token, "grant_type": "refresh_token"}
    return Call("/api/v2/token/refresh", told)


def read_tokens(answer: Fields, _now_ms: int) -> Tokens:
    """Read new tokens; access_token_expire_in is a time in seconds since 1970."""
    if answer.whole("code") != 0:
        raise DetailAway(f"code {answer.whole('code')}")
    data = answer.part("data")
    return Tokens(data.text("refresh_token"), data.text("access_token"), data.seconds("access_token_expire_in"))


RENEWAL = Renewal(AUTH_URL, ask_tokens, read_tokens)
TIKTOK_SHOP = Source(
    name=NAME,
    title="TikTok Shop",
    needs=(
        secrets_need("app secret"),
        Need(APP_KEY, "app key"),
        token_need("the seller"),
        Need(CIPHER, "shop_cipher of the shop"),
        Need(URL, "base URL of the interface", "https://open-api.tiktokglobalshop.com", web_address),
        Need(AUTH_URL, "base URL that renews tokens", "https://auth.tiktok-shops.com", web_address),
    ),
    kinds={"1": ordered, "11": cancelled, "12": returned},
    passed=dict.fromkeys(("3", "4", "5", "6", "7", "15", "16"), "not_ours"),
    verify=verify,
    split=split,
    prepare=prepare,
)
