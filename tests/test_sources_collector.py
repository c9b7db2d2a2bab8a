"""Platforms send, the collector answers: over real HTTP, into a real broker; details come from a local platform."""

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import structlog
import uvicorn
from kafka import KafkaConsumer, TopicPartition
from kafka_broker import Broker
from patience import PATIENCE_S
from ports import free_port
from source_stage import (
    APP_KEY,
    SECRET,
    TOKEN,
    Platform,
    access,
    encoded,
    example,
    paid_shopify_order,
    platform,
    signed,
    tiktok_order,
    tree,
)
from test_collector import Answer, Server, Service, stored

from hostledger.logs import log_to_stderr
from streams.collector.app import Collector
from streams.collector.bodies import MOST_SENT
from streams.collector.gathering import Gatherer
from streams.collector.hooks import Connected, Hooks
from streams.collector.keys import Keyring
from streams.collector.limits import Limits
from streams.collector.metrics import Metrics
from streams.collector.replays import Replays
from streams.kafka import producing
from streams.kafka.connection import Connection
from streams.kafka.letters import letters
from streams.kafka.producing import Producer
from streams.kafka.topics import declared, ensure, names
from streams.sources import fetching
from streams.sources.fetching import Fetcher, Pace
from streams.sources.source import Call, DetailAway
from streams.sources.table import SOURCES

TIKTOK = "576486316948490001"


class Receiver(Service):
    """A collector with every source connected."""

    def send(self, name: str, body: bytes, *, kind: str = "", **more: Any) -> Answer:
        return self.ask("POST", f"/v1/sources/{name}", body, **signed(name, body, kind=kind, **more))

    def counted(self, metric: str, **labels: str) -> float:
        told = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
        for line in self.ask("GET", "/metrics").body.splitlines():
            if line.startswith(f"hostledger_collector_source_{metric}_total{{{told}}} "):
                return float(line.rpartition(" ")[2])
        return 0


@contextmanager
def receiving(bootstrap: str, prefix: str, url: str, keys: Path) -> Iterator[Receiver]:
    metrics = Metrics()
    gatherer = Gatherer(lambda: Producer(Connection(bootstrap), 60_000), names(prefix), metrics)
    connected = {}
    for name, source in SOURCES.items():
        given = access(source, f"{SECRET} the-next-one", URL=url, DIAMOND="0.01 USD")
        connected[name] = Connected(source, given, Fetcher(source, given, per_second=1000).fetch)
    hooks = Hooks(connected, metrics)
    app = Collector(gatherer, Keyring(keys), Limits(1000, time.monotonic), metrics, hooks).app()
    port = free_port()
    server = Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = Thread(target=server.run)
    thread.start()
    assert server.up.wait(PATIENCE_S)
    try:
        yield Receiver(port, "", gatherer)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@pytest.fixture
def shops() -> Iterator[Platform]:
    with platform() as stage:
        yield stage


@pytest.fixture
def receiver(kafka: Broker, prefix: str, shops: Platform, tmp_path: Path) -> Iterator[Receiver]:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=2))
    with receiving(kafka.bootstrap, prefix, shops.url, tmp_path / "keys") as running:
        running.until_ready()
        yield running


@pytest.fixture
def without_kafka(prefix: str, shops: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(producing, "METADATA_MS", 200)
    with receiving(f"127.0.0.1:{free_port()}", prefix, shops.url, tmp_path / "keys") as running:
        yield running


@pytest.fixture(autouse=True)
def _tries_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSE_S", 0.001)


@pytest.fixture(autouse=True)
def _platforms_have_time_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(fetching, "ANSWER_S", PATIENCE_S)


def parked(kafka: Broker, prefix: str) -> list[tuple[bytes, dict[str, str]]]:
    place = TopicPartition(names(prefix).dead_letters, 0)
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        consumer.assign([place])
        end = consumer.end_offsets([place])[place]
        found: list[Any] = []
        until = time.monotonic() + PATIENCE_S
        while len(found) < end:
            assert time.monotonic() < until, f"{len(found)} of {end} dead letters"
            found += consumer.poll(1000).get(place, [])
    finally:
        consumer.close()
    return [(record.value, {name: value.decode() for name, value in record.headers}) for record in found]


def test_a_notification_is_in_kafka_when_the_answer_comes(
    apache_kafka: Broker, prefix: str, receiver: Receiver
) -> None:
    answer = receiver.send("shopify", encoded(paid_shopify_order()), kind="orders/paid")
    assert (answer.status, answer.body) == (
        200,
        {"code": 0, "msg": "success", "events": 1, "messages": ["booked"]},
    )
    (event,) = stored(apache_kafka, names(prefix).events)
    assert event["order_id"] == "shopify/450789469"
    assert receiver.counted("messages", source="shopify", outcome="booked") == 1


def test_a_notification_that_comes_again_is_seen_and_sent_once(
    apache_kafka: Broker, prefix: str, receiver: Receiver, shops: Platform
) -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent") | {"tts_notification_id": "7327112393057371910"}
    event |= {"timestamp": int(time.time())}
    event["data"]["order_status"] = "AWAITING_SHIPMENT"
    shops.answers["/order/202309/orders"] = tiktok_order(TIKTOK)
    first = receiver.send("tiktok-shop", encoded(event))
    again = receiver.send("tiktok-shop", encoded(event | {"timestamp": int(time.time()) - 1}))
    assert [first.body["messages"], again.body["messages"]] == [["booked"], ["repeated"]]
    assert len(shops.asked) == 1
    other = receiver.send("tiktok-shop", encoded(event | {"tts_notification_id": "7327112393057371911"}))
    assert other.body["messages"] == ["booked"]
    first_event, second_event = stored(apache_kafka, names(prefix).events)
    assert first_event == second_event, "another notification of the order has the same event id: the books drop it"
    assert receiver.counted("messages", source="tiktok-shop", outcome="repeated") == 1


def test_each_refund_of_a_woo_order_is_booked_although_the_same_bytes_tell_of_it(
    apache_kafka: Broker, prefix: str, receiver: Receiver, shops: Platform
) -> None:
    order = tree("woocommerce/orders.update_an_order") | {"id": 727, "date_paid_gmt": "2017-03-22T19:28:11"}
    refund, told = tree("woocommerce/order-refunds.retrieve_a_refund"), []
    for number in (1, 2):
        told.append(refund | {"id": number, "amount": f"{number}.00"})
        shops.answers["/wp-json/wc/v3/orders/727"] = order | {"refunds": [{"id": each["id"]} for each in told]}
        shops.answers["/wp-json/wc/v3/orders/727/refunds"] = [(200, encoded(told))]
        answer = receiver.send("woocommerce", b'{"action": "x", "arg": 727}', kind="action.woocommerce_order_refunded")
        assert answer.body["messages"] == ["booked"]
    refunds = {event["refund_id"] for event in stored(apache_kafka, names(prefix).events) if "refund_id" in event}
    assert refunds == {"woocommerce/refund/1", "woocommerce/refund/2"}


def test_both_secrets_hold_while_they_are_exchanged(receiver: Receiver) -> None:
    body = encoded(paid_shopify_order())
    for known in (SECRET, "the-next-one"):
        assert receiver.send("shopify", body, kind="orders/paid", known=known).status == 200
    refused = receiver.send("shopify", body, kind="orders/paid", known="the-one-before")
    assert (refused.status, refused.body["reason"]) == (401, "signature_wrong")


def test_what_is_unsigned_stale_or_of_nobody_is_refused_and_counted(without_kafka: Receiver) -> None:
    body = encoded(paid_shopify_order())
    for name in SOURCES:
        answer = without_kafka.ask("POST", f"/v1/sources/{name}", body)
        assert (answer.status, answer.body["reason"]) == (401, "signature_missing")
        assert without_kafka.counted("refusals", source=name, reason="signature_missing") == 1
    late = without_kafka.send("tiktok-live", b"[]", at_ms=1_700_000_000_000)
    assert (late.status, late.body["reason"]) == (401, "stale")
    assert without_kafka.counted("refusals", source="tiktok-live", reason="stale") == 1
    unknown = without_kafka.ask("POST", "/v1/sources/amazon", body)
    assert (unknown.status, unknown.body["reason"]) == (404, "source_unknown")
    assert without_kafka.ask("GET", "/v1/sources/shopify").status == 405


def test_a_hook_that_is_being_saved_is_greeted(without_kafka: Receiver) -> None:
    """WooCommerce asks, unsigned, before it saves a hook."""
    assert without_kafka.ask("POST", "/v1/sources/woocommerce", b"webhook_id=142").status == 200
    assert without_kafka.ask("POST", "/v1/sources/woocommerce", b"webhook_id=142&x=1").status == 401


def test_what_cannot_be_booked_is_acknowledged_and_parked_with_its_bytes(
    apache_kafka: Broker, prefix: str, receiver: Receiver
) -> None:
    broken = encoded(paid_shopify_order(total_price="409.945"))
    negative = encoded(paid_shopify_order(id=7, total_price="-1.00"))
    answers = [
        receiver.send("shopify", broken, kind="orders/paid"),
        receiver.send("shopify", negative, kind="orders/paid"),
        receiver.send("shopify", b"not json", kind="orders/paid"),
    ]
    assert [(answer.status, answer.body["messages"]) for answer in answers] == [(200, ["unusable"])] * 3
    found = parked(apache_kafka, prefix)
    assert [value for value, _ in found] == [broken, negative, b"not json"]
    told = {"source": "shopify", "kind": "orders/paid", "shop": "shopify"}
    assert [headers | told for _, headers in found] == [headers for _, headers in found]
    assert [(headers["reason"], headers.get("field"), headers.get("value")) for _, headers in found] == [
        ("amount_inexact", "total_price", "409.945"),
        ("negative_order", "lines", "-100"),
        ("not_json", None, "not json"),
    ]
    assert all(headers["remedy"] for _, headers in found)
    assert receiver.counted("messages", source="shopify", outcome="unusable") == 3
    assert stored(apache_kafka, names(prefix).events) == []


def test_one_bad_message_of_a_list_harms_no_other(apache_kafka: Broker, prefix: str, receiver: Receiver) -> None:
    good = tree("douyin_shop/RefundSuccessEvent")
    bad = {**good, "data": good["data"] | {"refund_amount": "much"}}
    test, untold = {"tag": "0", "msg_id": "0", "data": "2026"}, {"msg_id": "1", "data": "{}"}
    answer = receiver.send("douyin-shop", encoded([good, bad, test, 5, untold]))
    assert (answer.body["code"], answer.body["messages"]) == (0, ["booked", "unusable", "test", "unusable", "unusable"])
    comment = {"msg_id": "1", "sec_openid": "v", "timestamp": 1_700_000_000_000}
    answer = receiver.send("douyin-live", encoded([None, comment]), kind="live_comment", room="r-7")
    assert answer.body["messages"] == ["unusable", "booked"]
    events = stored(apache_kafka, names(prefix).events)
    assert {event["type"]: event.get("amount_minor") for event in events} == {
        "order_refunded": 13_200,
        "commented": None,
    }
    found = parked(apache_kafka, prefix)
    assert [json.loads(value) for value, _ in found] == [bad, 5, untold, None]
    assert [headers["reason"] for _, headers in found] == ["field_type", "not_object", "field_missing", "not_object"]
    assert (found[-1][1]["kind"], found[-1][1]["room"]) == ("live_comment", "r-7")


def test_a_kind_that_others_need_is_passed_over_and_one_that_nobody_knows_is_parked(
    apache_kafka: Broker, prefix: str, receiver: Receiver
) -> None:
    """A platform that sees failures sends for days, then disables the hook."""
    body = b'{"id": 1}'
    for name, kind in (("woocommerce", "product.updated"), ("shopify", "carts/update")):
        assert receiver.send(name, body, kind=kind).body["messages"] == ["not_ours"]
    for name, kind in (("woocommerce", "order.paid"), ("shopify", ""), ("douyin-live", "live_sale")):
        answer = receiver.send(name, body, kind=kind)
        assert (answer.status, answer.body["messages"]) == (200, ["unusable"])
    assert [
        (value, told["source"], told["reason"], told.get("value")) for value, told in parked(apache_kafka, prefix)
    ] == [
        (body, "woocommerce", "kind_unknown", "order.paid"),
        (body, "shopify", "kind_missing", None),
        (body, "douyin-live", "kind_unknown", "live_sale"),
    ]


def test_all_of_what_is_acknowledged_is_kept(apache_kafka: Broker, prefix: str, receiver: Receiver) -> None:
    """A payload that is larger than a record is parked in parts, and comes back whole."""
    long = encoded(paid_shopify_order(total_price="much", note="n" * MOST_SENT))[: MOST_SENT - 1]
    assert receiver.send("shopify", long, kind="orders/paid").body["messages"] == ["unusable"]
    connection = Connection(apache_kafka.bootstrap)
    (letter,) = letters(connection, names(prefix).dead_letters)
    assert letter.value == long
    assert set(letter.told) == {"reason", "remedy", "source", "kind", "shop", "value"}


def test_without_its_detail_a_notification_comes_again(
    apache_kafka: Broker, prefix: str, receiver: Receiver, shops: Platform
) -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent") | {"timestamp": int(time.time())}
    event["data"]["order_status"] = "IN_TRANSIT"
    order = (200, encoded(tiktok_order(TIKTOK)))
    shops.answers["/order/202309/orders"] = [(500, b""), (429, b""), (502, b"<html>"), order]
    answer = receiver.send("tiktok-shop", encoded(event))
    assert (answer.status, answer.body["reason"], answer.headers["retry-after"]) == (503, "detail_away", "30")
    assert receiver.counted("refusals", source="tiktok-shop", reason="detail_away") == 1
    assert len(shops.asked) == 3
    assert receiver.send("tiktok-shop", encoded(event)).body["messages"] == ["booked"]
    assert len(stored(apache_kafka, names(prefix).events)) == 1


def test_without_kafka_a_notification_comes_again(without_kafka: Receiver) -> None:
    answer = without_kafka.send("shopify", encoded(paid_shopify_order()), kind="orders/paid")
    assert (answer.status, answer.body["reason"], answer.headers["retry-after"]) == (503, "kafka_away", "5")
    assert without_kafka.counted("messages", source="shopify", outcome="booked") == 0


def test_calls_are_signed_as_the_platforms_say(shops: Platform) -> None:
    import hashlib  # noqa: PLC0415  # the signatures, a second time
    import hmac  # noqa: PLC0415  # as above

    def hexed(text: str) -> str:
        return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()

    def ask(name: str, call: Call) -> tuple[dict[str, str], bytes, dict[str, str]]:
        given = access(SOURCES[name], URL=shops.url)
        shops.answers[call.path] = {"code": 0}
        Fetcher(SOURCES[name], given).fetch(call)
        return shops.asked[-1][1:]

    query, body, headers = ask("tiktok-shop", Call("/order/202309/orders", {"ids": TIKTOK}))
    assert headers["x-tts-access-token"] == TOKEN
    told = {name: value for name, value in query.items() if name != "sign"}
    assert told.keys() == {"app_key", "ids", "shop_cipher", "timestamp"}
    text = "".join(f"{name}{told[name]}" for name in sorted(told))
    assert query["sign"] == hexed(f"{SECRET}/order/202309/orders{text}{SECRET}")

    query, body, _ = ask("douyin-shop", Call("/order/orderDetail", {}, b'{"shop_order_id":"1"}'))
    text = f"app_key{APP_KEY}methodorder.orderDetailparam_json{body.decode()}timestamp{query['timestamp']}v2"
    assert (query["sign"], query["access_token"], query["method"]) == (
        hexed(f"{SECRET}{text}{SECRET}"),
        TOKEN,
        "order.orderDetail",
    )
    _, _, headers = ask("woocommerce", Call("/wp-json/wc/v3/orders/1/refunds", {}))
    assert headers["authorization"] == "Basic Y2tfNzpjc183"


@pytest.mark.parametrize(
    ("answers", "reason", "tries"),
    [
        ([(404, b"{}")], "status 404", 1),
        ([(302, b"")], "status 302", 1),
        ([(503, b"")], "status 503", 3),
        ([(200, b"nonsense")], "answer not_json", 1),
        ([(200, b'"x"')], "answer not_object", 1),
        ([(200, b"[" + b"1," * 3_000_000 + b"1]")], "answer too long", 1),
    ],
)
def test_an_answer_that_is_none_is_away(shops: Platform, answers: Any, reason: str, tries: int) -> None:
    shops.answers["/x"] = answers
    source = SOURCES["woocommerce"]
    with pytest.raises(DetailAway, match=reason):
        Fetcher(source, access(source, URL=shops.url)).fetch(Call("/x", {}))
    assert len(shops.asked) == tries


def test_a_platform_that_is_not_there_is_away() -> None:
    source = SOURCES["woocommerce"]
    with pytest.raises(DetailAway, match="ConnectionError") as away:
        Fetcher(source, access(source, URL=f"http://127.0.0.1:{free_port()}")).fetch(Call("/x", {}))
    assert away.value.__cause__ is None


def test_calls_keep_their_distance() -> None:
    now = [100.0]
    pace = Pace(10, lambda: now[0])
    assert [round(pace.wait_s(), 3) for _ in range(3)] == [0, 0.1, 0.2]
    now[0] = 200
    assert pace.wait_s() == 0


def test_the_oldest_message_is_forgotten_first() -> None:
    replays = Replays(2)
    for name in ("a", "b"):
        replays.remember("shopify", "shop", name)
    assert replays.known("shopify", "shop", "a")
    replays.remember("shopify", "shop", "c")
    assert [replays.known("shopify", "shop", name) for name in "abc"] == [True, False, True]
    assert not replays.known("woocommerce", "shop", "a")


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    out = io.StringIO()
    before = logging.getLogger().handlers[:]
    monkeypatch.setattr(sys, "stderr", out)
    log_to_stderr()
    yield out
    structlog.reset_defaults()
    logging.basicConfig(handlers=before, force=True)


def test_no_secret_and_no_person_appears_in_logs_metrics_or_answers(
    logged: io.StringIO, receiver: Receiver, shops: Platform
) -> None:
    event = tree("tiktok_shop/OrderStatusChangeEvent") | {"timestamp": int(time.time())}
    event["data"]["order_status"] = "IN_TRANSIT"
    shops.answers["/order/202309/orders"] = [(401, b"")]
    answers = [
        receiver.send("tiktok-shop", encoded(event)),
        receiver.send("tiktok-shop", b"x"),
        receiver.send("shopify", example("shopify/order"), kind="orders/paid"),
        receiver.send("shopify", encoded(paid_shopify_order(total_price="Bob")), kind="orders/paid"),
    ]
    assert [answer.status for answer in answers] == [503, 200, 200, 200]
    said = logged.getvalue() + receiver.ask("GET", "/metrics").body + str([answer.body for answer in answers])
    assert "tiktok-shop" in said
    for hidden in (SECRET, TOKEN, APP_KEY, "Bob", "bob.norman"):
        assert hidden not in said
