"""Douyin shop: payments, cancellations and refunds. A payment carries a status, so the order's detail is asked for.

Signature: event-sign, MD5 in hexadecimal over app key, raw body and app secret, beside the header app-id. Calls are
signed as HMAC-SHA256 over method, parameters and time between two app secrets. Sources: op.jinritemai.com/docs/
guide-docs/153/99 as implemented by github.com/minibear2021/doudian (doudian/core.py at 5455519) and by
github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.ByteDance; the former renews tokens too, as here. Amounts are fen,
the minor unit of CNY.
"""

from datetime import datetime, timedelta, timezone
from hashlib import md5

import msgspec

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
    Unsigned,
    fingerprint,
    messages_of,
)
from streams.sources.tokens import Renewal, Tokens, token_need, token_of

NAME = "douyin-shop"
APP_KEY = "APP_KEY"
CURRENCY = "CNY"
UNPAID = frozenset({1, 103})
"""order_status: 1 waits for payment, 103 is paid in part (the first phase of a presale)."""
DONE = 10000
_BEIJING = timezone(timedelta(hours=8))


def paid(message: Message, desk: Desk) -> list[Event]:
    """Read a payment. The detail's lines name room and author: where all of them agree, the order declares them."""
    number = message.fields.nested("data").id("p_id")
    order = _detail(desk, number)
    if not order.maybe_whole("pay_time") or order.whole("order_status") in UNPAID:
        raise Passed("not_paid")
    lines = order.parts("sku_order_list")
    return [
        order_paid(
            desk.shop,
            number,
            order.seconds("pay_time"),
            viewer=order.maybe_id("open_id") or order.maybe_id("doudian_open_id"),
            currency=CURRENCY,
            total_minor=order.whole("pay_amount"),
            lines=[_line(each, index) for index, each in enumerate(lines)],
            session=_agreed(lines, "room_id_str"),
            host=_agreed(lines, "author_id"),
        )
    ]


def _line(each: Fields, index: int) -> Event:
    """Read a line. `product_id_str` and `room_id_str` have all digits; the names without `_str` may not."""
    product = each.maybe_id("product_id_str") or each.id("product_id")
    category = each.maybe_id("first_cid")
    return line(f"{index}/{each.id('order_id')}", product, each.whole("item_num"), each.whole("pay_amount"), category)


def _agreed(lines: list[Fields], name: str) -> str | None:
    named = {each.maybe_id(name) for each in lines}
    return named.pop() if len(named) == 1 else None


def cancelled(message: Message, desk: Desk) -> list[Event]:
    """Read a cancelled order: nothing before payment; after it all of the order, unless refunds of its own tell."""
    data = message.fields.nested("data")
    number = data.id("p_id")
    order = _detail(desk, number)
    if not order.maybe_whole("pay_time"):
        raise Passed("not_paid")
    if any(_has_aftersale(each) for each in order.parts("sku_order_list")):
        raise Passed("refunds_tell")
    return [
        order_refunded(
            desk.shop,
            f"rest/{number}",
            data.seconds("cancel_time"),
            order=number,
            amount_minor=order.whole("pay_amount"),
            currency=CURRENCY,
            reason=f"cancelled: {data.maybe_text('cancel_reason') or 'other'}",
        )
    ]


def _has_aftersale(each: Fields) -> bool:
    return each.has("after_sale_info") and each.part("after_sale_info").maybe_whole("after_sale_status") != 0


def refunded(message: Message, desk: Desk) -> list[Event]:
    """Read a refund that has succeeded: it says itself how much; refund_post_amount is a part of it."""
    data = message.fields.nested("data")
    return [
        order_refunded(
            desk.shop,
            f"aftersale/{data.id('aftersale_id')}",
            data.seconds("success_time"),
            order=data.id("p_id"),
            amount_minor=data.whole("refund_amount"),
            currency=CURRENCY,
            reason=f"reason code {data.maybe_whole('reason_code')}",
        )
    ]


def _detail(desk: Desk, number: str) -> Fields:
    answer = desk.fetch(Call("/order/orderDetail", {}, msgspec.json.encode({"shop_order_id": number})))
    code = answer.whole("code")
    if code != DONE:
        raise DetailAway(f"code {code}")
    order = answer.part("data").part("shop_order_detail")
    if order.id("order_id") != number:
        raise DetailAway(f"order {number} is not there yet")
    return order


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed. Raises Unsigned."""
    app_key, headers = access[APP_KEY].encode(), notification.headers
    if headers.get("app-id", access[APP_KEY]) != access[APP_KEY]:
        raise Unsigned("app_unknown")
    return signing.shop_of(
        access,
        NAME,
        headers.get("event-sign"),
        lambda secret: md5(app_key + notification.body + secret, usedforsecurity=False).hexdigest(),
    )


def split(notification: Notification) -> list[Message]:
    """Give the messages of the list; one that comes alone is a list of one."""
    return messages_of(notification.body, _kind_and_id)


def _kind_and_id(raw: bytes, fields: Fields) -> tuple[str, str]:
    kind = fields.id("tag")
    told = fields.maybe_id("msg_id") or fields.maybe_id("msgId")
    return kind, f"{kind}/{told}/{fingerprint(kind, raw)}" if told else fingerprint(kind, raw)


def prepare(call: Call, access: Access, now_ms: int) -> Call:
    """Sign a call for the shop, now."""
    signed = _signed(call, access, now_ms)
    return signed._replace(parameters={**signed.parameters, "access_token": token_of(access)})


def _signed(call: Call, access: Access, now_ms: int) -> Call:
    """Sign a call, in Beijing's time."""
    secret, method = access.secrets[0].text, call.path.strip("/").replace("/", ".")
    at = datetime.fromtimestamp(now_ms // 1000, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    signed = {
        "app_key": access[APP_KEY],
        "method": method,
        "param_json": (call.body or b"").decode(),
        "timestamp": at,
        "v": "2",
    }
    text = secret + "".join(f"{name}{value}" for name, value in signed.items()) + secret
    told = {name: value for name, value in signed.items() if name != "param_json"}
    told |= {"sign": signing.hmac_hex(secret.encode(), text.encode()), "sign_method": "hmac-sha256"}
    return call._replace(parameters=told, headers={"Content-Type": "application/json"})


def ask_tokens(access: Access, refresh_token: str, now_ms: int) -> Call:
    """Ask for new tokens."""
    body = msgspec.json.encode({"grant_type": "refresh_token", "refresh_token": refresh_token})
    return _signed(Call("/token/refresh", {}, body), access, now_ms)


def read_tokens(answer: Fields, now_ms: int) -> Tokens:
    """Read new tokens; expires_in counts seconds from now on."""
    if answer.whole("code") != DONE:
        raise DetailAway(f"code {answer.whole('code')}")
    data = answer.part("data")
    return Tokens(data.text("refresh_token"), data.text("access_token"), now_ms + data.seconds("expires_in"))


RENEWAL = Renewal(URL, ask_tokens, read_tokens)
DOUYIN_SHOP = Source(
    name=NAME,
    title="Douyin shop",
    needs=(
        secrets_need("app secret"),
        Need(APP_KEY, "app key"),
        token_need("the shop"),
        Need(URL, "base URL of the interface", "https://openapi-fxg.jinritemai.com", web_address),
    ),
    kinds={"101": paid, "110": paid, "106": cancelled, "206": refunded},
    passed={
        "0": "test",
        **dict.fromkeys(("100", "109"), "not_paid"),
        **dict.fromkeys(("102", "103", "104", "105", "107", "108", "111", "112", "113"), "not_ours"),
        **dict.fromkeys(map(str, (*range(200, 206), *range(207, 219))), "pending"),
    },
    verify=verify,
    split=split,
    prepare=prepare,
)
