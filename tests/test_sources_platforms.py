"""What the payloads of each platform become: published examples with their traps, and orders through their lives."""

import json
from typing import Any

import pytest
from source_stage import (
    SECRET,
    access,
    answering,
    douyin_detail,
    encoded,
    events,
    example,
    paid_shopify_order,
    signed,
    tiktok_order,
    tree,
)

from analytics.decoding import decode
from analytics.rejection import Reject
from streams.collector.hooks import Connected, Parsed, read_into
from streams.sources.access import Secret, WrongAccess, given, price, secrets, web_address
from streams.sources.payload import Fields
from streams.sources.source import PASSED, DetailAway, Event, Notification, Passed, Unsigned
from streams.sources.table import SOURCES, setting_name

ORDER = "4781320682406083640"
TIKTOK = "576486316948490001"


def total(event: Event) -> int:
    return sum(line["amount_minor"] for line in event["lines"])


def passed(name: str, body: Any, **more: Any) -> str:
    with pytest.raises(Passed) as found:
        events(name, body, **more)
    return found.value.reason


def rejected(name: str, body: Any, **more: Any) -> tuple[str, str | None, str | None]:
    with pytest.raises(Reject) as found:
        events(name, body, **more)
    return found.value.reason, found.value.field, found.value.value


# Shopify


def test_a_paid_shopify_order_has_the_total_that_was_paid_and_a_time_with_its_offset() -> None:
    (event,) = events("shopify", paid_shopify_order(), kind="orders/paid")
    assert decode(encoded(event)).rejects.is_empty()
    assert (event["order_id"], event["viewer_id"], event["currency"]) == (
        "shopify/450789469",
        "shopify/207119551",
        "USD",
    )
    assert event["occurred_at"] == 1_199_980_800_000  # 2008-01-10T11:00:00-05:00 is 16:00 UTC
    assert [line["amount_minor"] for line in event["lines"]] == [19_900, 19_900, 19_900, 40_994 - 3 * 19_900]
    assert total(event) == 40_994


def test_a_shopify_order_that_is_only_authorized_or_a_test_is_not_booked() -> None:
    assert passed("shopify", example("shopify/order"), kind="orders/paid") == "not_paid"
    assert passed("shopify", paid_shopify_order(financial_status="partially_paid"), kind="orders/paid") == "not_paid"
    assert passed("shopify", paid_shopify_order(test=True), kind="orders/paid") == "test"
    assert passed("shopify", paid_shopify_order(), kind="orders/create") == "not_paid"


def test_discounts_of_a_shopify_line_are_counted_once() -> None:
    line = tree("shopify/order")["order"]["line_items"][0] | {"quantity": 2, "total_discount": "3.00"}
    spread = line | {"discount_allocations": [{"amount": "3.00"}, {"amount": "0.33"}]}
    order = paid_shopify_order(line_items=[line, spread], total_price="789.67", customer=None)
    (event,) = events("shopify", order, kind="orders/paid")
    # 2 · 199.00 - 3.00 = 395.00; 2 · 199.00 - 3.33 = 394.67; together 789.67, so nothing is left for charges
    assert [line["amount_minor"] for line in event["lines"]] == [39_500, 39_467]
    assert event["viewer_id"] == "shopify/guest/450789469"


def test_a_shopify_order_paid_in_another_currency_than_the_shops_is_booked_as_it_was_paid() -> None:
    def both(shop: str, buyer: str) -> dict[str, Any]:
        money = {"shop_money": (shop, "USD"), "presentment_money": (buyer, "JPY")}
        return {name: {"amount": amount, "currency_code": code} for name, (amount, code) in money.items()}

    plain = tree("shopify/order")["order"]["line_items"][0] | {"quantity": 2, "price_set": both("199.00", "30000")}
    spread = plain | {"discount_allocations": [{"amount": "3.33", "amount_set": both("3.33", "500")}]}
    reduced = plain | {"total_discount": "1.00", "total_discount_set": both("1.00", "150")}
    total_price = {"total_price": "800.00", "total_price_set": both("800.00", "120000")}
    order = paid_shopify_order(line_items=[spread, reduced], presentment_currency="JPY", **total_price)
    (event,) = events("shopify", order, kind="orders/paid")
    assert event["currency"] == "JPY"
    assert [line["amount_minor"] for line in event["lines"]] == [59_500, 59_850, 650]
    back = tree("shopify/refund")["refund"]["transactions"][0] | {"amount": "20000", "currency": "JPY"}
    undone = {"cancelled_at": "2016-06-21T00:00:00Z", "refunds": [{"transactions": [back]}]}
    refund, rest = events("shopify", order | undone, kind="orders/cancelled")
    assert (refund["currency"], rest["currency"], rest["amount_minor"]) == ("JPY", "JPY", 100_000)
    wrong = order | {"total_price_set": {"presentment_money": {"amount": "1", "currency_code": "EUR"}}}
    assert rejected("shopify", wrong, kind="orders/paid") == ("field_value", "total_price_set", "EUR")
    del order["total_price_set"]
    assert rejected("shopify", order, kind="orders/paid")[:2] == ("field_missing", "total_price_set")


def test_the_money_of_a_shopify_refund_is_in_its_transactions() -> None:
    (event,) = events("shopify", example("shopify/refund"), kind="refunds/create")
    assert event["amount_minor"] == 20_900  # the lines say 2 · 199.00
    assert (event["refund_id"], event["order_id"]) == ("shopify/transaction/179259969", "shopify/450789469")


def test_only_money_that_moved_is_refunded() -> None:
    refund = tree("shopify/refund")["refund"]
    one = refund["transactions"][0]
    pending = one | {"id": 1, "status": "pending"}
    others = [pending, one | {"id": 2, "status": "failure"}, one | {"id": 3, "kind": "void"}, one | {"test": True}]
    assert passed("shopify", refund | {"transactions": others}, kind="refunds/create") == "pending"
    assert passed("shopify", refund | {"transactions": []}, kind="refunds/create") == "no_money"
    suggested = tree("shopify/refund_calculate")["refund"] | {"order_id": 450789469}
    suggested["transactions"][0] |= {"status": "success"}
    assert passed("shopify", suggested, kind="refunds/create") == "no_money"
    (event,) = events("shopify", refund | {"transactions": [*others, one]}, kind="refunds/create")
    (later,) = events("shopify", pending | {"status": "success"}, kind="order_transactions/create")
    assert (event["refund_id"], later["refund_id"]) == ("shopify/transaction/179259969", "shopify/transaction/1")


def test_a_cancelled_shopify_order_gives_back_what_its_refunds_left() -> None:
    refund = tree("shopify/refund")["refund"]
    order = paid_shopify_order(
        financial_status="partially_refunded",
        cancelled_at="2016-06-21T00:00:00+02:00",
        cancel_reason="fraud",
        refunds=[refund],
    )
    (known,) = events("shopify", refund, kind="refunds/create")
    first, rest = events("shopify", order, kind="orders/cancelled")
    assert {**first, "reason": known["reason"]} == known
    assert (rest["refund_id"], rest["amount_minor"]) == ("shopify/rest/450789469", 40_994 - 20_900)
    assert (rest["reason"], rest["occurred_at"]) == ("cancelled: fraud", 1_466_460_000_000)
    pending = refund["transactions"][0] | {"status": "pending"}
    waiting = order | {"refunds": [refund | {"transactions": [pending]}]}
    assert passed("shopify", waiting, kind="orders/cancelled") == "pending"
    foreign = refund["transactions"][0] | {"currency": "EUR"}
    mixed = order | {"refunds": [refund | {"transactions": [foreign]}]}
    assert rejected("shopify", mixed, kind="orders/cancelled") == ("refund_currency_mismatch", "currency", "EUR")
    # The topic is not under the signature: a paid order sent as a cancelled one takes nothing back.
    assert passed("shopify", paid_shopify_order(), kind="orders/cancelled") == "not_paid"


def test_a_message_is_booked_whole_or_parked_whole() -> None:
    """One refund that the contract refuses, and what it leaves of the order: the rest alone would be wrong."""
    refund = tree("shopify/refund")["refund"]
    odd = refund["transactions"][0] | {"id": "9" * 200}
    order = paid_shopify_order(cancelled_at="2016-06-21T00:00:00Z", refunds=[refund | {"transactions": [odd]}])
    source, found = SOURCES["shopify"], Parsed()
    notification = Notification({"x-shopify-topic": "orders/cancelled"}, encoded(order), 0)
    (message,) = source.split(notification)
    read_into(found, Connected(source, access(source), answering()), message, "shopify")
    assert (found.places, found.booked, found.outcomes) == ([], [], ["unusable"])
    assert [letter.value for letter in found.letters] == [encoded(order)]


def test_a_chargeback_is_a_refund_once_it_is_lost() -> None:
    dispute = tree("shopify/dispute")["dispute"]
    assert passed("shopify", dispute, kind="disputes/update") == "pending"  # won
    assert passed("shopify", dispute | {"status": "lost", "type": "inquiry"}, kind="disputes/update") == "pending"
    lost = dispute | {"status": "lost", "order_id": 450789469, "finalized_on": "2013-08-01T00:00:00Z"}
    (event,) = events("shopify", lost, kind="disputes/update")
    assert (event["refund_id"], event["amount_minor"], event["reason"]) == (
        "shopify/chargeback/1052608616",
        10_000,
        "chargeback: fraudulent",
    )
    assert rejected("shopify", dispute | {"status": "lost"}, kind="disputes/update")[:2] == (
        "field_missing",
        "order_id",
    )


# WooCommerce


def test_a_woo_order_is_read_in_utc_with_the_tax_of_its_lines() -> None:
    (event,) = events("woocommerce", example("woocommerce/orders.update_an_order"), kind="order.updated")
    # 6.00 + 0.45; 12.00 + 0.90; delivery 10.00: 29.35
    assert [line["amount_minor"] for line in event["lines"]] == [645, 1290, 1000]
    assert event["occurred_at"] == 1_490_210_888_000  # date_paid_gmt, 19:28:08; the shop's clock says 16:28:08
    assert event["viewer_id"] == "woocommerce/guest/727"


def test_a_woo_order_before_payment_is_not_booked() -> None:
    order = tree("woocommerce/orders.update_an_order") | {"date_paid_gmt": None}
    assert passed("woocommerce", order, kind="order.updated") == "not_paid"


def test_refunds_of_a_woo_order_have_the_times_that_the_shop_tells() -> None:
    short = {"id": 726, "reason": "", "total": "-10.00"}
    order = tree("woocommerce/orders.update_an_order") | {"refunds": [short], "customer_id": 26}
    fetch = answering([tree("woocommerce/order-refunds.retrieve_a_refund")])
    payment, refund = events("woocommerce", order, kind="order.updated", fetch=fetch)
    assert (payment["viewer_id"], total(payment)) == ("woocommerce/26", 2935)
    assert (refund["refund_id"], refund["amount_minor"]) == ("woocommerce/refund/726", 1000)
    assert refund["occurred_at"] == 1_490_126_831_000  # 2017-03-21T20:07:11 UTC
    with pytest.raises(DetailAway):
        events("woocommerce", order, kind="order.updated")


def test_a_cancelled_woo_order_gives_back_the_rest() -> None:
    order = tree("woocommerce/orders.update_an_order") | {"status": "cancelled", "refunds": [{"id": 726}]}
    refund = tree("woocommerce/order-refunds.retrieve_a_refund")
    found = events("woocommerce", order, kind="order.updated", fetch=answering([refund]))
    assert [event.get("amount_minor") for event in found] == [None, 1000, 2935 - 1000]
    asked = events(
        "woocommerce",
        {"action": "woocommerce_order_refunded", "arg": 727},
        kind="action.woocommerce_order_refunded",
        fetch=answering(order, [refund]),
    )
    assert asked == found
    with pytest.raises(DetailAway, match="another order"):
        events(
            "woocommerce",
            {"action": "woocommerce_order_refunded", "arg": 728},
            kind="action.woocommerce_order_refunded",
            fetch=answering(order),
        )


def test_a_paid_woo_order_that_fails_was_charged_back() -> None:
    order = tree("woocommerce/orders.update_an_order") | {"status": "failed"}
    payment, rest = events("woocommerce", order, kind="order.updated")
    assert (rest["refund_id"], rest["amount_minor"], rest["reason"]) == (
        "woocommerce/rest/727",
        total(payment),
        "failed",
    )
    assert passed("woocommerce", order | {"date_paid_gmt": None}, kind="order.updated") == "not_paid"


def test_a_cancelled_woo_order_waits_until_the_shop_tells_every_refund_that_it_names() -> None:
    """Or what they leave would be too much, and money would go back twice."""
    named = [{"id": 726}, {"id": 727}]
    order = tree("woocommerce/orders.update_an_order") | {"status": "cancelled", "refunds": named}
    refund = tree("woocommerce/order-refunds.retrieve_a_refund")
    with pytest.raises(DetailAway, match="not there yet"):
        events("woocommerce", order, kind="order.updated", fetch=answering([refund]))
    both = [refund, refund | {"id": 727, "amount": "5.00"}]
    found = events("woocommerce", order, kind="order.updated", fetch=answering(both))
    assert [event.get("amount_minor") for event in found] == [None, 1000, 500, 2935 - 1500]


def test_all_pages_of_the_refunds_of_a_woo_order_are_read() -> None:
    refund = tree("woocommerce/order-refunds.retrieve_a_refund") | {"amount": "0.10"}
    told = [refund | {"id": number} for number in range(101)]
    order = tree("woocommerce/orders.update_an_order") | {
        "status": "cancelled",
        "refunds": [{"id": each["id"]} for each in told],
    }
    found = events("woocommerce", order, kind="order.updated", fetch=answering(told[:100], told[100:]))
    assert [event.get("amount_minor") for event in found] == [None, *[10] * 101, 2935 - 1010]


def test_a_woo_order_number_is_a_number_before_it_goes_into_an_address() -> None:
    body = {"action": "woocommerce_order_refunded", "arg": "../users"}
    assert rejected("woocommerce", body, kind="action.woocommerce_order_refunded") == ("field_type", "arg", "../users")


# TikTok Shop


def test_a_tiktok_order_is_booked_from_its_detail_once_it_is_paid() -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent")
    assert passed("tiktok-shop", event) == "not_paid"
    event["data"]["order_status"] = "AWAITING_SHIPMENT"
    (order,) = events("tiktok-shop", event, fetch=answering(tiktok_order(TIKTOK)))
    assert (order["order_id"], order["viewer_id"], order["occurred_at"]) == (
        f"tiktok-shop/{TIKTOK}",
        "7021436810468230477",
        1_619_611_563_000,
    )
    # IDR has two decimals in ISO 4217: "5000" is 500000, "0.01" is 1
    assert [line["amount_minor"] for line in order["lines"]] == [1, 499_999]
    assert "session_id" not in order
    assert "host_id" not in order
    unpaid = answering(tiktok_order(TIKTOK, paid_time=None))
    assert passed("tiktok-shop", event, fetch=unpaid) == "not_paid"


@pytest.mark.parametrize(
    "answer",
    [tiktok_order("576461413038785752"), {"code": 0, "data": {}}, {"code": 105001, "message": "token", "data": None}],
    ids=["another", "none", "refused"],
)
def test_the_detail_of_another_order_is_no_detail(answer: Any) -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent")
    event["data"]["order_status"] = "IN_TRANSIT"
    with pytest.raises(DetailAway):
        events("tiktok-shop", event, fetch=answering(answer))


def test_cancellations_and_returns_are_refunds_when_they_are_complete() -> None:
    cancel, back = tree("tiktok_shop/CancellationStatusChangeEvent"), tree("tiktok_shop/ReturnStatusChangeEvent")
    assert [passed("tiktok-shop", each) for each in (cancel, back)] == ["pending", "pending"]
    cancel["data"]["cancel_status"] = "CANCELLATION_REQUEST_COMPLETE"
    back["data"]["return_status"] = "RETURN_OR_REFUND_REQUEST_COMPLETE"
    returns = tree("tiktok_shop/ReturnRefundSearchReturnsResponse")
    returns["data"]["return_orders"][0]["return_id"] = back["data"]["return_id"]
    (first,) = events(
        "tiktok-shop", cancel, fetch=answering(example("tiktok_shop/ReturnRefundSearchCancellationsResponse"))
    )
    (second,) = events("tiktok-shop", back, fetch=answering(returns))
    assert (first["refund_id"], first["amount_minor"]) == ("tiktok-shop/cancel/4035318504086604100", 123)
    # This return has the digits of an order: its kind sets it apart.
    assert (second["refund_id"], second["order_id"]) == (
        f"tiktok-shop/return/{TIKTOK}",
        "tiktok-shop/577686530908261117",
    )
    returns["data"]["return_orders"][0]["refund_amount"]["refund_total"] = "0"
    assert passed("tiktok-shop", back, fetch=answering(returns)) == "no_money"


def test_an_order_cancelled_after_payment_is_refunded_once() -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent")
    event["data"]["order_status"] = "CANCELLED"
    order = tiktok_order(TIKTOK, status="CANCELLED")
    none = {"code": 0, "data": {"cancellations": []}}
    (rest,) = events("tiktok-shop", event, fetch=answering(order, none))
    assert (rest["refund_id"], rest["amount_minor"]) == (f"tiktok-shop/rest/{TIKTOK}", 500_000)
    asked = tree("tiktok_shop/ReturnRefundSearchCancellationsResponse")
    asked["data"]["cancellations"][0] |= {"order_id": TIKTOK}
    assert passed("tiktok-shop", event, fetch=answering(order, asked)) == "refunds_tell"
    asked["data"]["cancellations"][0] |= {"cancel_status": "CANCELLATION_REQUEST_COMPLETE"}
    (told,) = events("tiktok-shop", event, fetch=answering(order, asked))
    assert told["refund_id"] == "tiktok-shop/cancel/4035318504086604100"
    assert passed("tiktok-shop", event, fetch=answering(tiktok_order(TIKTOK, paid_time=0), none)) == "not_paid"


def test_a_cancellation_that_moved_no_money_hides_no_other() -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent")
    event["data"]["order_status"] = "CANCELLED"
    asked = tree("tiktok_shop/ReturnRefundSearchCancellationsResponse")
    (first,) = asked["data"]["cancellations"]
    first |= {"order_id": TIKTOK, "cancel_status": "CANCELLATION_REQUEST_COMPLETE"}
    nothing, free = first | {"cancel_id": "2", "refund_amount": None}, {"currency": "USD", "refund_total": "0"}
    asked["data"]["cancellations"] = [nothing, first, first | {"cancel_id": "3", "refund_amount": free}]
    order = tiktok_order(TIKTOK, status="CANCELLED")
    (told,) = events("tiktok-shop", event, fetch=answering(order, asked))
    assert (told["refund_id"], told["amount_minor"]) == ("tiktok-shop/cancel/4035318504086604100", 123)
    asked["data"]["cancellations"] = [first, nothing, first | {"cancel_id": "4"}]
    both = events("tiktok-shop", event, fetch=answering(order, asked))
    assert [(one["refund_id"].rpartition("/")[2], one["amount_minor"]) for one in both] == [
        ("4035318504086604100", 123),
        ("4", 123),
    ]
    asked["data"]["cancellations"] = [nothing]
    assert passed("tiktok-shop", event, fetch=answering(order, asked)) == "no_money"


# Douyin shop


def paid_event(order: object = ORDER) -> Any:
    event = tree("douyin_shop/TradePaidEvent")
    event["data"]["p_id"] = order
    return event


@pytest.mark.parametrize("order", [ORDER, int(ORDER)], ids=["text", "number"])
def test_a_douyin_order_declares_room_and_author_with_all_their_digits(order: object) -> None:
    (event,) = events("douyin-shop", paid_event(order), fetch=answering(example("douyin_shop/OrderDetailResponse")))
    assert event["order_id"] == f"douyin-shop/{ORDER}"
    assert (event["session_id"], event["host_id"]) == ("1473196049974326153", "341234")  # room_id is 435454545
    assert (event["currency"], total(event)) == ("CNY", 500)  # fen, sent as text
    assert (event["viewer_id"], event["occurred_at"]) == ("23431434", 1_617_355_413_000)
    (line,) = event["lines"]
    assert (line["product_id"], line["quantity"], line["category"]) == ("3473196049974326153", 2, "20005")


def test_lines_that_name_different_rooms_declare_none() -> None:
    answer = douyin_detail(pay_amount="1000")
    lines = answer["data"]["shop_order_detail"]["sku_order_list"]
    lines.append(lines[0] | {"room_id_str": "0", "order_id": "4781320682406083641"})
    (event,) = events("douyin-shop", paid_event(), fetch=answering(answer))
    assert "session_id" not in event
    assert event["host_id"] == "341234"
    assert [line["line_id"] for line in event["lines"]] == [f"0/{ORDER}", "1/4781320682406083641"]


def test_a_list_of_douyin_messages_with_a_byte_order_mark_and_data_as_text_is_read() -> None:
    refund = tree("douyin_shop/RefundSuccessEvent")
    told = refund | {"data": json.dumps(refund["data"]), "msg_id": refund.pop("msgId"), "tag": "206"}
    (event,) = events("douyin-shop", b"\xef\xbb\xbf" + encoded([told]))
    assert (event["order_id"], event["amount_minor"]) == ("douyin-shop/4705288465508532862", 13_200)
    assert events("douyin-shop", example("douyin_shop/RefundSuccessEvent")) == [event]


def test_a_presale_that_is_paid_in_part_waits() -> None:
    assert passed("douyin-shop", paid_event(), fetch=answering(douyin_detail(order_status="103"))) == "not_paid"
    assert passed("douyin-shop", paid_event(), fetch=answering(douyin_detail(pay_time="0"))) == "not_paid"


def test_a_cancelled_douyin_order_is_refunded_only_if_it_was_paid_and_no_aftersale_tells() -> None:
    event = tree("douyin_shop/TradeCanceledEvent")
    event["data"]["p_id"] = ORDER
    assert passed("douyin-shop", event, fetch=answering(douyin_detail())) == "refunds_tell"
    assert passed("douyin-shop", event, fetch=answering(douyin_detail(pay_time="0"))) == "not_paid"
    answer = douyin_detail()
    del answer["data"]["shop_order_detail"]["sku_order_list"][0]["after_sale_info"]
    (rest,) = events("douyin-shop", event, fetch=answering(answer))
    assert (rest["refund_id"], rest["amount_minor"]) == (f"douyin-shop/rest/{ORDER}", 500)
    assert rest["occurred_at"] == 1_618_990_925_000


# Live rooms


def live(name: str, **changes: Any) -> Any:
    return {"event": name, "roomId": "7137728632142842883", "data": tree(f"tiktok_live/{name}") | changes}


def test_what_tiktok_viewers_do_is_read_with_all_digits() -> None:
    names = ("member", "chat", "like", "share", "follow")
    found = events("tiktok-live", [live(name) for name in names])
    assert [event["type"] for event in found] == ["viewer_joined", "commented", "liked", "shared", "followed"]
    assert {event["viewer_id"] for event in found} == {"0917443208700461436"}
    assert {event["session_id"] for event in found} == {"7137728632142842883"}
    assert found[2]["count"] == 6  # of the viewer; 21349 are the room's
    assert found[0]["occurred_at"] == 1_661_887_134_195
    # share and follow have one msgId in the documentation: both stay
    assert len({event["event_id"] for event in found}) == 5
    assert decode(b"\n".join(map(encoded, found))).rejects.is_empty()
    assert passed("tiktok-live", live("social")) == "statistics"  # says share and follow a second time
    assert passed("tiktok-live", live("roomUser")) == "statistics"


def test_a_streak_of_gifts_counts_once_at_its_end() -> None:
    streak = [live("gift", repeatCount=count, repeatEnd=False, msgId=str(count)) for count in (1, 2, 3)]
    assert {passed("tiktok-live", each) for each in streak} == {"streak"}
    (event,) = events("tiktok-live", live("gift", repeatCount=3, repeatEnd=True), DIAMOND="0.005 USD")
    assert (event["amount_minor"], event["currency"]) == (37, "USD")  # 3 · 25 · 0.5 = 37.5 cents, rounded down
    assert "7087613897129494000" not in json.dumps(event)  # this number lost its last digits
    (single,) = events("tiktok-live", live("gift", giftType=2, repeatEnd=False, repeatCount=1), DIAMOND="0.01 USD")
    assert single["amount_minor"] == 25
    (unpriced,) = events("tiktok-live", live("gift"))
    assert unpriced["amount_minor"] == 0


def pushed(**more: Any) -> Any:
    return {"msg_id": "123456781", "sec_openid": "_000abc", "timestamp": 1_649_068_964_000, "nickname": "-"} | more


def test_what_douyin_viewers_do_is_read() -> None:
    assert events("douyin-live", [pushed(content="hello")], kind="live_comment")[0]["type"] == "commented"
    assert events("douyin-live", [pushed(like_num=12)], kind="live_like")[0]["count"] == 12
    (gift,) = events("douyin-live", [pushed(gift_num=3, gift_value=270)], kind="live_gift", room="7202")
    assert (gift["amount_minor"], gift["currency"], gift["session_id"]) == (270, "CNY", "7202")  # fen, of all three
    assert passed("douyin-live", [pushed(gift_num=3, gift_value=270, test=True)], kind="live_gift") == "test"
    kinds = [
        events("douyin-live", [pushed(enter_room_type=which)], kind="live_user_enter_leave")[0]["type"]
        for which in (1, 2)
    ]
    assert kinds == ["viewer_joined", "viewer_left"]
    assert passed("douyin-live", [pushed(fansclub_level=1)], kind="live_fansclub") == "not_ours"


def test_the_statistics_of_a_douyin_room_say_when_it_ran() -> None:
    begun, ended = events("douyin-live", example("douyin_live/RoomDataBaseGetResponse"), kind="room_data")
    assert (begun["type"], begun["occurred_at"], begun["seller_id"]) == (
        "session_started",
        1_686_726_126_000,
        "douyin-live",
    )
    assert (ended["type"], ended["occurred_at"]) == ("session_ended", 1_686_726_224_000)
    assert (
        passed("douyin-live", example("douyin_live/RoomDataInteractiveGetResponse"), kind="room_data") == "statistics"
    )


# Fields


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        (b'"199.00"', "USD", 19_900),
        (b"199.10", "USD", 19_910),
        (b"0.1", "USD", 10),
        (b"1e2", "JPY", 100),
        (b'"100.00"', "JPY", 100),
        (b"3", "KWD", 3000),
        (b"1234567890123.45", "CNY", 123_456_789_012_345),
        (b'"-1.5"', "EUR", -150),
    ],
)
def test_money_keeps_its_digits(text: bytes, currency: str, minor: int) -> None:
    assert Fields.of(b'{"total": ' + text + b"}").money("total", currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        (b'"0.001"', "USD", "amount_inexact"),
        (b'"100.5"', "JPY", "amount_inexact"),
        (b"1e-400", "USD", "amount_inexact"),
        (b"1e999999999", "USD", "amount_inexact"),
        (b"1e99999999999999999999", "USD", "field_value"),
        (b'"NaN"', "USD", "field_value"),
        (b'"5_0.00"', "USD", "field_value"),
        (b'" 5.00 "', "USD", "field_value"),
        ('"٣.1"'.encode(), "USD", "field_value"),
        (b'"1,000.00"', "USD", "field_value"),
        (b'"$5"', "USD", "field_value"),
        (b'"' + b"9" * 41 + b'"', "USD", "field_type"),
        (b"true", "USD", "field_type"),
        (b"null", "USD", "field_missing"),
        (b"[1]", "USD", "field_type"),
    ],
)
def test_money_that_is_none_is_refused_with_its_text(text: bytes, currency: str, reason: str) -> None:
    with pytest.raises(Reject) as found:
        Fields.of(b'{"total": ' + text + b"}").money("total", currency)
    assert (found.value.reason, found.value.field) == (reason, "total")


@pytest.mark.parametrize(
    ("text", "reason"),
    [(b"7.0876e18", "field_type"), (b"true", "field_type"), (b'""', "field_missing"), (b"{}", "field_type")],
)
def test_an_id_that_lost_digits_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(Reject, match=reason):
        Fields.of(b'{"id": ' + text + b"}").id("id")


@pytest.mark.parametrize("text", ["2008-01-10T11:00:00", "2008-01-10", "noon", "2008-02-30T00:00:00Z", ""])
def test_a_time_without_a_zone_or_out_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(Reject) as found:
        Fields({"at": text}).moment("at")
    assert found.value.field == "at"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"\xff{}", "not_utf8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not_json"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a": "\\ud800"}', "not_json"),
        (b"7", "not_object"),
        (b'"text"', "not_object"),
    ],
)
def test_a_body_that_is_no_object_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Reject, match=reason):
        events("shopify", body, kind="orders/paid")


# Signatures


@pytest.mark.parametrize("name", SOURCES)
def test_a_signature_holds_for_these_bytes_and_these_secrets_alone(name: str) -> None:
    source, body = SOURCES[name], encoded({"timestamp": 1_700_000_000, "type": 1})
    now = 1_700_000_000_000
    headers = signed(name, body, kind="k", at_ms=now)

    def shop(told: dict[str, str], sent: bytes = body, known: str = f"old shop-a::{SECRET}") -> str:
        return source.verify(Notification(told, sent, now), access(source, known))

    assert shop(headers) == "shop-a"
    assert shop(headers, known=f"{SECRET} new") == name
    for sent, known in ((body + b" ", SECRET), (body, SECRET[1:])):
        with pytest.raises(Unsigned, match="signature_wrong"):
            shop(headers, sent, known)
    with pytest.raises(Unsigned, match="signature_missing"):
        shop({header: value for header, value in headers.items() if header.endswith(("topic", "type", "roomid"))})


@pytest.mark.parametrize("name", ["tiktok-shop", "douyin-live", "tiktok-live"])
@pytest.mark.parametrize("late_ms", [8 * 86_400_000, -6 * 60_000])
def test_a_notification_of_another_time_is_stale(name: str, late_ms: int) -> None:
    source, body, now = SOURCES[name], encoded({"timestamp": 1_700_000_000, "type": 1}), 1_700_000_000_000
    headers = signed(name, body, kind="k", at_ms=now)
    with pytest.raises(Unsigned, match="stale"):
        source.verify(Notification(headers, body, now + late_ms), access(source))


def test_a_room_that_is_not_under_the_signature_is_not_believed() -> None:
    source, body = SOURCES["douyin-live"], b"[]"
    headers = signed("douyin-live", body, kind="live_gift", at_ms=1)
    for header in ("x-roomid", "x-msg-type", "x-timestamp", "x-nonce-str"):
        with pytest.raises(Unsigned, match="signature_wrong"):
            source.verify(Notification({**headers, header: "7"}, body, 1), access(source))


# The table


def test_every_source_says_what_it_needs_in_settings_of_its_own() -> None:
    names = [setting_name(source, need.name) for source in SOURCES.values() for need in source.needs]
    assert len(set(names)) == len(names)
    for source in SOURCES.values():
        assert source.needs[0].name == "SECRETS"
        assert source.kinds
        assert not source.kinds.keys() & source.passed.keys()
        assert set(source.passed.values()) <= PASSED.keys()
        assert all(need.meaning for need in source.needs)
        assert given(source.needs, {}) is None
        hidden = repr(access(source, "kept-to-itself"))
        assert "kept-to-itself" not in hidden
        assert "token-7" not in hidden


def test_what_an_operator_gives_is_checked() -> None:
    assert secrets("one shop-b::two") == (Secret("", "one"), Secret("shop-b", "two"))
    for wrong in (
        "ftp://x",
        "http://shop.example.com",
        "https://me:pw@x",
        "https://",
        "https://x?y=1",
        "http://[",
        "x",
    ):
        with pytest.raises(WrongAccess):
            web_address(wrong)
    assert web_address("https://shop.example.com/") == "https://shop.example.com"
    for wrong in ("5", "0.005 usd", "-1 USD", "NaN USD", "1e400 USD", "x USD", ""):
        with pytest.raises(WrongAccess):
            price(wrong)
    with pytest.raises(WrongAccess, match="URL: give it a value"):
        given(SOURCES["woocommerce"].needs, {"SECRETS": "x"})
    with pytest.raises(WrongAccess, match=r"^URL: it is no URL"):
        given(SOURCES["woocommerce"].needs, {"SECRETS": "x", "URL": "x", "KEY": "y"})


def test_a_refund_below_zero_does_not_make_the_rest_grow() -> None:
    order = tree("woocommerce/orders.update_an_order") | {"status": "cancelled", "refunds": [{"id": 726}]}
    refund = tree("woocommerce/order-refunds.retrieve_a_refund") | {"amount": "-1.50"}
    assert rejected("woocommerce", order, kind="order.updated", fetch=answering([refund])) == (
        "field_value",
        "amount",
        "-150",
    )
    twice = answering([refund | {"amount": "10.00"}] * 2)
    found = events("woocommerce", order, kind="order.updated", fetch=twice)
    assert found[-1]["amount_minor"] == 2935 - 1000
