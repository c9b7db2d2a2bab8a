"""Payloads of any shape: none crashes a receiver, and none yields money that it does not contain."""

import json
import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import NIGHT
from source_stage import access, douyin_detail, encoded, paid_shopify_order, tiktok_order, tree

from analytics.currencies import EXPONENTS
from analytics.rejection import REMEDIES, Reject
from streams.collector.judging import judged
from streams.sources.payload import Fields, parsed
from streams.sources.source import Call, Desk, DetailAway, Event, Notification, Passed, Unsigned, read_message
from streams.sources.table import SOURCES

TRIES = 100_000 if NIGHT else 1_500
ORDER, TIKTOK = "4781320682406083640", "576486316948490001"
HOSTILE = (
    None, True, False, 0, -1, 1, 2**63, -(2**63), 10**30, 1e308, 1e-9, 0.1, "", " ", "0", "-0", "1.005", "1e5", "NaN",
    "Infinity", "-1.50", "\uff11\uff12", "9" * 30, "9" * 300, "\x00", "ü" * 200, "USD", "XXX", "JPY", "KWD", "paid",
    "2026-02-30", "2008-01-10", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", [], {}, [[]], [None],
    {"a": {}}, [{"a": 1}], "refund", "success", "CANCELLED", "lost", "unattributed", "../../etc", "{}", "[1",
    '{"p_id": 1}', "\u202e", "\x1f",
)  # fmt: skip
"""What stands in a payload where it should not."""


def seeds() -> list[tuple[str, str, Any, list[Any]]]:
    """Payloads that are booked: source, kind, body, and what the platform answers."""
    refund, dispute = tree("shopify/refund")["refund"], tree("shopify/dispute")["dispute"]
    woo = tree("woocommerce/orders.update_an_order") | {"refunds": [{"id": 726}], "status": "cancelled"}
    woo_refund = [tree("woocommerce/order-refunds.retrieve_a_refund")]
    status, cancel = tree("tiktok_shop/OrderStatusChangeEvent"), tree("tiktok_shop/CancellationStatusChangeEvent")
    back, returns = tree("tiktok_shop/ReturnStatusChangeEvent"), tree("tiktok_shop/ReturnRefundSearchReturnsResponse")
    cancel["data"] |= {"cancel_status": "CANCELLATION_REQUEST_COMPLETE"}
    back["data"] |= {"return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE"}
    returns["data"]["return_orders"][0]["return_id"] = TIKTOK
    moving = status | {"data": status["data"] | {"order_status": "IN_TRANSIT"}}
    undone = status | {"data": status["data"] | {"order_status": "CANCELLED"}}
    cancellations = tree("tiktok_shop/ReturnRefundSearchCancellationsResponse")
    paid, gone = tree("douyin_shop/TradePaidEvent"), tree("douyin_shop/TradeCanceledEvent")
    paid["data"]["p_id"] = gone["data"]["p_id"] = ORDER
    whole = douyin_detail()
    whole["data"]["shop_order_detail"]["sku_order_list"][0].pop("after_sale_info")
    live = [{"event": name, "roomId": "7", "data": tree(f"tiktok_live/{name}")} for name in ("gift", "like", "member")]
    push = {"msg_id": "1", "sec_openid": "o", "timestamp": 1_649_068_964_000}
    cancelled = paid_shopify_order(cancelled_at="2016-06-21T00:00:00Z", refunds=[refund])
    return [
        ("shopify", "orders/paid", paid_shopify_order(), []),
        ("shopify", "orders/cancelled", cancelled, []),
        ("shopify", "refunds/create", refund, []),
        ("shopify", "disputes/update", dispute | {"status": "lost", "order_id": 1}, []),
        ("woocommerce", "order.updated", woo, [woo_refund]),
        ("woocommerce", "action.woocommerce_order_refunded", {"arg": 727}, [woo, woo_refund]),
        ("tiktok-shop", "", moving, [tiktok_order(TIKTOK)]),
        ("tiktok-shop", "", undone, [tiktok_order(TIKTOK), {"code": 0, "data": {}}]),
        ("tiktok-shop", "", cancel, [cancellations]),
        ("tiktok-shop", "", back, [returns]),
        ("douyin-shop", "", [paid], [douyin_detail()]),
        ("douyin-shop", "", gone, [whole]),
        ("douyin-shop", "", tree("douyin_shop/RefundSuccessEvent"), []),
        ("tiktok-live", "", live, []),
        ("douyin-live", "live_gift", [push | {"gift_num": 2, "gift_value": 20}], []),
        ("douyin-live", "live_like", [push | {"like_num": 2}], []),
        ("douyin-live", "room_data", tree("douyin_live/RoomDataBaseGetResponse"), []),
    ]


def read(name: str, kind: str, body: bytes, answers: list[bytes]) -> list[list[Event]]:
    """The events of each message, as the contract takes them; whatever may be raised is a refusal with a remedy."""
    source, left = SOURCES[name], list(answers)
    headers = {"x-shopify-topic": kind, "x-wc-webhook-topic": kind, "x-msg-type": kind, "x-roomid": "7"}

    def fetch(_call: Call) -> Fields:
        if not left:
            raise DetailAway("no answer")
        try:
            found = parsed(left.pop(0))
            return Fields({"answer": found} if isinstance(found, list) else found)
        except Reject as reject:
            raise DetailAway(reject.reason) from None

    notification = Notification(headers, body, 1_661_887_134_397)
    with pytest.raises(Unsigned):
        source.verify(notification, access(source))
    source.is_greeting(notification)
    desk, found = Desk(name, access(source, DIAMOND="0.01 USD"), fetch), []
    for message in source.split(notification):
        try:
            events = read_message(source, message, desk)
        except (Passed, DetailAway):
            continue
        except Reject as reject:
            json.dumps([reject.remedy, reject.field, reject.value])
            continue
        lines = [msgspec.json.encode(event) for event in events]
        _, complaints = judged(lines, name)
        assert {complaint.reason for complaint in complaints} <= REMEDIES.keys()
        found.append([] if complaints else events)
    return found


def amounts(*bodies: bytes) -> dict[str, set[int]]:
    """Every amount that payloads contain, by currency, whatever field it stands in; slowly, apart from the sources."""
    numbers: set[Decimal] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                walk(each)
        elif isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            try:
                number = Decimal(value)
            except InvalidOperation:
                try:
                    walk(parsed(value.encode()) if isinstance(value, str) and value[:1] in "{[" and value else None)
                except (Reject, UnicodeEncodeError):
                    return
                return
            if number.is_finite() and abs(number.adjusted()) < 30:
                numbers.add(number)

    for body in bodies:
        try:
            walk(parsed(body))
        except Reject:
            continue
    return {
        code: {int(n * 10**digits) for n in numbers} | {int(n) for n in numbers} for code, digits in EXPONENTS.items()
    }


def assert_contained(messages: list[list[Event]], *bodies: bytes) -> None:
    """Orders and refunds are amounts of the payload, or what an amount of it leaves of another."""
    there = amounts(*bodies) if any(messages) else {}
    for events in messages:
        refunds = [event for event in events if event["type"] == "order_refunded"]
        back = sum({event["refund_id"]: event["amount_minor"] for event in refunds}.values())
        for event in events:
            if event["type"] == "order_paid":
                assert sum(line["amount_minor"] for line in event["lines"]) in there[event["currency"]]
            elif event["type"] == "order_refunded":
                known = there[event["currency"]]
                rest = event["refund_id"].split("/")[1] == "rest"
                assert (back if rest else event["amount_minor"]) in known
            elif event["type"] == "gift_sent":
                worth, known = event["amount_minor"], there["USD"] | {1}
                assert worth in there["CNY"] or any(worth == a * b for a in known for b in known if a * b)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a tree: what holds it, and its key."""
    for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(each, dict | list):
            yield from places(each)


def number(value: Any) -> bool:
    """Whether it is a number, or text of one, as ids, times and amounts are."""
    text = str(value)
    return isinstance(value, str | int | float) and text.replace(".", "", 1).lstrip("-").isdigit() and text.isascii()


def bent(value: Any, random: Random) -> Any:
    """A number that is not quite what it was."""
    text = str(value)
    return random.choice((f"{text}5", f"{text}.5", f"-{text}", f"{text}e1", f"{text}e-1", f"0{text}", text[:-1], text))


def spoiled(value: Any, random: Random) -> Any:
    """A tree with a few things wrong: other values, bent numbers, missing or doubled parts, parts of elsewhere."""
    found = [json.loads(json.dumps(value))]
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        holder, key = random.choice(list(places(found)))
        numbers = [(inside, name) for inside, name in places(found) if number(inside[name])]
        match random.randrange(6):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.append(holder[key])
            case 2:
                other, name = random.choice(list(places(found)))
                holder[key] = json.loads(json.dumps(other[name]))
            case 3:
                holder[key] = deepcopy(random.choice(HOSTILE))
            case _ if numbers:
                holder, key = random.choice(numbers)
                holder[key] = bent(holder[key], random)
    return found[0] if found else None


def bytes_of(value: Any, random: Random) -> bytes:
    """Its bytes, now and then broken."""
    body = bytearray(json.dumps(value, ensure_ascii=random.random() < 0.5).encode(errors="replace"))
    if random.random() < 0.1:
        for _ in range(random.randrange(1, 4)):
            where = random.randrange(len(body) + 1)
            body[where : where + random.randrange(3)] = random.randbytes(random.randrange(3))
    return bytes(body)


def test_the_seeds_are_booked() -> None:
    for name, kind, body, answers in seeds():
        raw = [encoded(answer) for answer in answers]
        messages = read(name, kind, encoded(body), raw)
        assert any(messages), (name, kind)
        assert_contained(messages, encoded(body), *raw)


def test_spoiled_payloads_neither_crash_nor_make_money(record_property: Callable[[str, str], None]) -> None:
    seed = int(os.environ.get("HOSTLEDGER_DEATHS", "1"))
    random, booked, made = Random(seed), 0, seeds()
    for _ in range(TRIES):
        name, kind, body, answers = random.choice(made)
        if random.random() < 0.5 or not answers:
            body = spoiled(body, random)
        else:
            answers = spoiled(answers, random)
            answers = answers if isinstance(answers, list) else [answers]
        raw, told = bytes_of(body, random), [bytes_of(answer, random) for answer in answers]
        messages = read(name, kind, raw, told)
        assert_contained(messages, raw, *told)
        booked += any(messages)
    record_property("hostile payloads", f"{TRIES} tried, {booked} of them booked something")
    assert 0 < booked < TRIES


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = [(name, kind) for name, source in SOURCES.items() for kind in (*source.kinds, *source.passed)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), TREES | st.binary(max_size=40), st.lists(TREES, max_size=2))
def test_a_body_of_any_shape_is_read_or_refused(place: tuple[str, str], body: Any, answers: list[Any]) -> None:
    raw = body if isinstance(body, bytes) else encoded(body)
    assert not any(read(*place, raw, [encoded(answer) for answer in answers]))


ORDERS = st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 5), st.integers(0, 10**6)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.sampled_from(["USD", "JPY", "KWD", "IDR"]), st.integers(0, 10**7))
def test_every_order_conserves_its_amount(lines: list[tuple[int, int, int]], currency: str, charges: int) -> None:
    """However an amount is written, its lines and charges come to the total, to the minor unit."""
    scale = 10 ** EXPONENTS[currency]

    def text(minor: int) -> str:
        return str(Decimal(minor) / scale)

    total = sum(price * quantity - discount for price, quantity, discount in lines) + charges
    items = [
        {"id": n, "product_id": n, "quantity": q, "price": text(p), "discount_allocations": [{"amount": text(d)}]}
        for n, (p, q, d) in enumerate(lines)
    ]
    order = paid_shopify_order(line_items=items, currency=currency, total_price=text(total))
    body = encoded(order)
    if total < 0:
        assert read("shopify", "orders/paid", body, []) == [[]]
        return
    ((event,),) = read("shopify", "orders/paid", body, [])
    assert sum(line["amount_minor"] for line in event["lines"]) == total
    cancelled = encoded(order | {"cancelled_at": "2016-06-21T00:00:00Z"})
    found = read("shopify", "orders/cancelled", cancelled, [])
    assert [[event["amount_minor"] for event in events] for events in found] == ([[total]] if total else [])
