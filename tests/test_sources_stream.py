"""Payloads of all platforms, shuffled and repeated, through the collector, Kafka, a worker and the warehouse."""

import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from kafka_broker import Broker
from patience import await_true
from source_stage import Platform, douyin_detail, encoded, paid_shopify_order, platform, tiktok_order, tree
from stream_stage import Stage
from test_sources_collector import Receiver, receiving
from warehouse_books import posted, rows

ORDER = "4781320682406083640"
TIKTOK = "576486316948490001"
ROOM, HOST = "1473196049974326153", "341234"
Sending = Callable[[Receiver], Any]


def sending(name: str, body: Any, kind: str = "") -> Sending:
    raw = body if isinstance(body, bytes) else encoded(body)
    return lambda receiver: receiver.send(name, raw, kind=kind)


def is_taken(send: Sending, receiver: Receiver) -> bool:
    """Send again where a busy machine was too slow to tell the detail, as platforms do."""
    status = send(receiver).status
    assert status in {200, 503}
    return bool(status == 200)


def payloads(shops: Platform) -> list[Sending]:
    """The published examples; numbers and states that join them to each other are put in."""
    refund, dispute = tree("shopify/refund")["refund"], tree("shopify/dispute")["dispute"]
    second = paid_shopify_order(id=450789470, total_price="50.00", line_items=[])
    woo = tree("woocommerce/orders.update_an_order")
    woo_refunded = woo | {"refunds": [{"id": 726, "reason": "", "total": "-10.00"}]}
    told = encoded([tree("woocommerce/order-refunds.retrieve_a_refund")])
    shops.answers["/wp-json/wc/v3/orders/727/refunds"] = [(200, told)]
    now = {"timestamp": int(time.time())}
    status = tree("tiktok_shop/OrderStatusChangeEvent") | now
    cancel = tree("tiktok_shop/CancellationStatusChangeEvent") | now
    back = tree("tiktok_shop/ReturnStatusChangeEvent") | now
    cancel["data"] |= {"cancel_status": "CANCELLATION_REQUEST_COMPLETE"}
    back["data"] |= {"return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE"}
    cancellations = tree("tiktok_shop/ReturnRefundSearchCancellationsResponse")
    cancellations["data"]["cancellations"][0] |= {"order_id": TIKTOK}
    cancellations["data"]["cancellations"][0]["refund_amount"]["currency"] = "IDR"
    returns = tree("tiktok_shop/ReturnRefundSearchReturnsResponse")
    returns["data"]["return_orders"][0] |= {"order_id": TIKTOK, "return_id": TIKTOK}
    returns["data"]["return_orders"][0]["refund_amount"]["currency"] = "IDR"
    shops.answers["/order/202309/orders"] = tiktok_order(TIKTOK)
    shops.answers["/return_refund/202309/cancellations/search"] = cancellations
    shops.answers["/return_refund/202309/returns/search"] = returns
    shops.answers["/order/orderDetail"] = douyin_detail()
    paid, refunded = tree("douyin_shop/TradePaidEvent"), tree("douyin_shop/RefundSuccessEvent")
    paid["data"]["p_id"] = ORDER
    refunded["data"] |= {"p_id": int(ORDER), "refund_amount": 200}
    member = {"event": "member", "roomId": ROOM, "data": tree("tiktok_live/member")}
    like = {"event": "like", "roomId": ROOM, "data": tree("tiktok_live/like")}
    unpaid = status | {"data": status["data"] | {"order_status": "UNPAID"}}
    moving = status | {"data": status["data"] | {"order_status": "IN_TRANSIT"}}
    return [
        sending("shopify", paid_shopify_order(), "orders/paid"),
        sending("shopify", refund, "refunds/create"),
        sending("shopify", dispute | {"status": "lost", "order_id": 450789469}, "disputes/update"),
        sending("shopify", second, "orders/paid"),
        sending("shopify", second | {"cancelled_at": "2008-01-11T00:00:00Z"}, "orders/cancelled"),
        sending("shopify", tree("shopify/order"), "orders/create"),
        sending("shopify", b"nonsense", "orders/paid"),
        sending("woocommerce", woo, "order.updated"),
        sending("woocommerce", woo_refunded, "order.updated"),
        *(sending("tiktok-shop", body) for body in (unpaid, moving, cancel, back)),
        sending("douyin-shop", [paid]),
        sending("douyin-shop", [refunded, paid]),
        sending("tiktok-live", [member, like]),
    ]


def test_the_books_of_the_examples_are_those_computed_by_hand(
    apache_kafka: Broker, database: str, prefix: str, tmp_path: Path
) -> None:
    random = Random(7)
    with (
        Stage(apache_kafka, database, prefix, tmp_path / "log", HOSTLEDGER_MODELS="declared,on_air") as scene,
        platform() as shops,
        receiving(apache_kafka.bootstrap, prefix, shops.url, tmp_path / "keys") as receiver,
    ):
        receiver.until_ready()
        about = {"event_id": "h", "type": "host_registered", "occurred_at": 1, "host_id": HOST, "kind": "digital"}
        scene.produce([encoded(about | {"name": "Twin"})], random)
        scene.worker()
        sendings = payloads(shops)
        sendings += random.choices(sendings, k=len(sendings))
        random.shuffle(sendings)
        for send in sendings:
            await_true(partial(is_taken, send, receiver))
        scene.drained()
        with closing(scene.books()) as warehouse:
            booked, likes = (
                posted(warehouse),
                rows(warehouse, "SELECT sum(count) FROM viewer_events WHERE type = 'liked'"),
            )
            rejects = rows(warehouse, "SELECT count() FROM rejects")
    by_order: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (order, model, _refund, host, _booked), amount in booked.items():
        if model == "declared":
            by_order[order][host] += amount
    assert by_order == {
        # 409.94 paid, 209.00 refunded, 100.00 charged back
        "shopify/450789469": {"unattributed": 40_994 - 20_900 - 10_000},
        # 50.00 paid, then cancelled: all of it goes back
        "shopify/450789470": {"unattributed": 5_000 - 5_000},
        # 6.45 + 12.90 + 10.00 paid, 10.00 refunded
        "woocommerce/727": {"unattributed": 645 + 1_290 + 1_000 - 1_000},
        # 5000 rupiah have 500000 minor units; 1.23 cancelled, 1.23 returned
        f"tiktok-shop/{TIKTOK}": {"unattributed": 500_000 - 123 - 123},
        # 500 fen, 200 of them refunded; the platform names the author
        f"douyin-shop/{ORDER}": {HOST: 500 - 200},
    }
    assert likes == [("6",)]
    assert rejects == [("0",)], "no repeat contradicts what it repeats"
