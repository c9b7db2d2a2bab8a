"""The collector over real HTTP and a real broker: 202 for what the broker has, and a reason for everything else."""

import gzip
import http.client
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
import uvicorn
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka_broker import Broker
from patience import PATIENCE_S, await_true
from ports import free_port
from test_kafka_topics import consumed
from typer.testing import CliRunner

from hostledger.door import build
from hostledger.logs import log_to_stderr
from streams.collector import app, bodies, connections, keys
from streams.collector.app import Collector
from streams.collector.gathering import Gatherer
from streams.collector.keys import Keyring, WrongKeys
from streams.collector.limits import Limits
from streams.collector.metrics import Metrics
from streams.collector.serving import configured
from streams.kafka import BrokerAway, producing
from streams.kafka.connection import Connection
from streams.kafka.producing import Producer, TooLarge
from streams.kafka.routing import partition_of, routed
from streams.kafka.topics import declared, ensure, names

SELLER = "seller 7"


class Answer(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Service:
    """A running collector and a client of it."""

    def __init__(self, port: int, key: str, gatherer: Gatherer) -> None:
        self.port, self.key, self.gatherer = port, key, gatherer

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=180)
        try:
            told = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, told)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        is_json = (response.getheader("content-type") or "").startswith("application/json")
        return Answer(response.status, json.loads(text) if is_json else text.decode(), dict(response.getheaders()))

    def post(self, body: bytes, query: str = "", **headers: str) -> Answer:
        return self.ask("POST", f"/v1/events{query}", body, **{"Authorization": f"Bearer {self.key}", **headers})

    def until_ready(self) -> None:
        await_true(lambda: self.ask("GET", "/readyz").status == 200)


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def serving(
    bootstrap: str,
    prefix: str,
    file: Path,
    rate: int = 1_000_000,
    delivery_ms: int = 60_000,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Service]:
    text, key = keys.make(SELLER, "2026-01-01")
    keys.write(file, {key.name: key})
    metrics = Metrics()
    gatherer = Gatherer(lambda: Producer(Connection(bootstrap), delivery_ms), names(prefix), metrics)
    collector = Collector(gatherer, Keyring(file), Limits(rate, clock), metrics)
    config, port = configured(collector.app()), free_port()
    config.port = port
    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.up.wait(PATIENCE_S)
    try:
        yield Service(port, text, gatherer)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def service(kafka: Broker, prefix: str, file: Path) -> Iterator[Service]:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=4))
    with serving(kafka.bootstrap, prefix, file) as running:
        running.until_ready()
        yield running


def liked(number: int, viewer: str = "v-1") -> dict[str, Any]:
    event_id = f"e-{viewer}-{number}"
    return {"event_id": event_id, "type": "liked", "occurred_at": number, "session_id": "s", "viewer_id": viewer}


def started(number: int, seller: Any = SELLER) -> dict[str, Any]:
    return {
        "event_id": f"s-{number}",
        "type": "session_started",
        "occurred_at": number,
        "session_id": f"s-{number}",
        "platform": "douyin",
        "seller_id": seller,
    }


def ndjson(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def stored(kafka: Broker, topic: str) -> list[dict[str, Any]]:
    return [json.loads(line) for _, _, value in consumed(kafka.bootstrap, topic) for line in value.splitlines()]


def ids(events: list[dict[str, Any]]) -> list[str]:
    return sorted(event["event_id"] for event in events)


def reasons(answer: Answer) -> list[tuple[int, str, str | None]]:
    return [(found["index"], found["reason"], found["field"]) for found in answer.body["events"]]


def test_accepted_events_are_in_kafka_when_the_answer_comes(
    apache_kafka: Broker, prefix: str, service: Service
) -> None:
    events = [liked(n, f"v-{n % 5}") for n in range(50)]
    answer = service.post(ndjson(*events, started(1)))
    assert (answer.status, answer.body) == (202, {"accepted": 51, "rejected": 0, "events": []})
    records = consumed(apache_kafka.bootstrap, names(prefix).events)
    found = [(where, json.loads(line)) for where, _, value in records for line in value.splitlines()]
    assert ids([event for _, event in found]) == ids(events)
    assert len(records) <= 4
    assert all(where == partition_of(event["viewer_id"], 4) for where, event in found)
    assert ids(stored(apache_kafka, names(prefix).roster)) == ["s-1"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps([liked(1), liked(2)], indent=2).encode(), {}),
        (b"\xef\xbb\xbf" + ndjson(liked(1), liked(2)).replace(b"\n", b"\r\n\r\n"), {}),
        (gzip.compress(ndjson(liked(1), liked(2)), mtime=0), {"Content_Encoding": "gzip"}),
        (
            gzip.compress(ndjson(liked(1)), mtime=0) + gzip.compress(ndjson(liked(2)), mtime=0),
            {"Content_Encoding": "gzip"},
        ),
    ],
    ids=["array", "windows", "gzip", "gzip-in-two-members"],
)
def test_events_come_as_lines_or_array_plain_or_packed(
    apache_kafka: Broker, prefix: str, service: Service, body: bytes, headers: dict[str, str]
) -> None:
    assert service.post(body, **headers).status == 202
    assert stored(apache_kafka, names(prefix).events) == [liked(1), liked(2)]


def test_one_bad_event_holds_back_its_request_and_says_why(apache_kafka: Broker, prefix: str, service: Service) -> None:
    bad = {**liked(2), "occurred_at": "noon"}
    answer = service.post(ndjson(liked(1), bad, liked(3)) + b"nonsense\n")
    assert (answer.status, answer.body["accepted"], answer.body["rejected"]) == (400, 0, 2)
    assert reasons(answer) == [(1, "field_type", "occurred_at"), (3, "not_json", None)]
    assert answer.body["events"][0]["value"] == '"noon"'
    assert "milliseconds since 1970" in answer.body["events"][0]["remedy"]
    assert stored(apache_kafka, names(prefix).events) == []


def test_with_partial_the_good_events_are_taken(apache_kafka: Broker, prefix: str, service: Service) -> None:
    body = ndjson(liked(1), {**liked(2), "type": "sneezed"}, liked(3))
    answer = service.post(body, "?partial=true")
    assert (answer.status, answer.body["accepted"], reasons(answer)) == (202, 2, [(1, "type_unknown", "type")])
    assert ids(stored(apache_kafka, names(prefix).events)) == ["e-v-1-1", "e-v-1-3"]
    assert service.post(b"nonsense", "?partial=true").status == 400
    assert service.post(body, "?partial=yes").body["reason"] == "partial_unknown"


@pytest.mark.parametrize("seller", ["seller 8", 7])
def test_a_key_begins_no_session_of_another_seller(service: Service, seller: object) -> None:
    answer = service.post(ndjson(started(1), started(2, seller)).replace(b"session_started", b"session_st\\u0061rted"))
    assert (answer.status, reasons(answer)) == (400, [(1, "wrong_seller", "seller_id")])


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer nonsense", "Basic {key}", "Bearer {key}x", "Bearer hl_00000000_" + "A" * 43]
)
def test_without_a_valid_key_nothing_is_read(service: Service, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(key=service.key)}
    answer = service.ask("POST", "/v1/events", ndjson(liked(1)), **headers)
    assert (answer.status, answer.body["reason"]) == (401, "key_unknown")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_seller_changes_keys_without_a_gap(service: Service, file: Path) -> None:
    first = service.key
    text, second = keys.make(SELLER, "2026-02-01")
    keys.write(file, keys.read(file) | {second.name: second})
    assert service.post(ndjson(liked(1))).status == 202
    service.key = text
    assert service.post(ndjson(liked(2))).status == 202
    keys.write(file, {second.name: second})
    assert service.post(ndjson(liked(3))).status == 202
    service.key = first
    assert service.post(ndjson(liked(4))).status == 401


def test_a_spoiled_file_of_keys_leaves_the_last_ones_valid(service: Service, file: Path) -> None:
    file.write_text("half a li")
    assert service.post(ndjson(liked(1))).status == 202
    file.unlink()
    assert service.post(ndjson(liked(1))).status == 401


def test_too_much_is_refused_before_it_is_held(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_SENT", 20_000)
    monkeypatch.setattr(bodies, "MOST_UNPACKED", 50_000)
    assert service.post(b" " * 20_001).body["reason"] == "body_too_large"
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < 20_000
    answer = service.post(bomb, Content_Encoding="gzip")
    assert (answer.status, answer.body["remedy"]) == (
        413,
        "send at most 50000 bytes unpacked; cut it into several requests",
    )
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        chunks = (b" " * 1000 for _ in range(25))
        connection.request(
            "POST", "/v1/events", chunks, {"Authorization": f"Bearer {service.key}"}, encode_chunked=True
        )
        assert connection.getresponse().status == 413
    finally:
        connection.close()


def test_one_enormous_event_is_refused_alone(service: Service) -> None:
    answer = service.post(ndjson(liked(1), {**liked(2), "note": "x" * bodies.MOST_EVENT}), "?partial=true")
    assert (answer.status, answer.body["accepted"], reasons(answer)) == (202, 1, [(1, "event_too_large", None)])


def test_a_bomb_is_never_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(b" " * 300_000_000, 1)
    tracemalloc.start()
    try:
        with pytest.raises(bodies.Refused, match="body_too_large"):
            bodies.unpacked(bomb, "gzip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * bodies.MOST_UNPACKED


def test_lines_that_hold_nothing_are_no_accepted_events(service: Service) -> None:
    answer = service.post(ndjson(liked(1)) + b"\x0c\n\xef\xbb\xbf\n" + ndjson(liked(2)))
    assert (answer.status, answer.body["accepted"]) == (202, 2)


def test_many_gzip_members_cost_what_they_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = []
    make = zlib.decompressobj

    class Counting:
        def __init__(self, wbits: int) -> None:
            self._member = make(wbits)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._member, name)

        def decompress(self, data: bytes, most: int) -> bytes:
            handed.append(len(data))
            return self._member.decompress(data, most)

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    text = os.urandom(10_000)
    body = gzip.compress(text, mtime=0) + gzip.compress(b"", mtime=0) * 2000 + gzip.compress(b"end", mtime=0)
    assert bodies.unpacked(body, "gzip") == text + b"end"
    assert sum(handed) < 20 * len(body)


@pytest.mark.parametrize(
    ("body", "encoding", "status", "reason"),
    [
        (b"", "identity", 400, "no_events"),
        (b"\n \r\n", "identity", 400, "no_events"),
        (b"\x0c\n\x0b", "identity", 400, "no_events"),
        (b"\xef\xbb\xbf\n\xef\xbb\xbf \n", "identity", 400, "no_events"),
        (b"[]", "identity", 400, "no_events"),
        (b'[{"a":1}', "identity", 400, "not_json"),
        (b"plain", "gzip", 400, "not_gzip"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-12], "gzip", 400, "not_gzip"),
        (gzip.compress(b"x", mtime=0) + b"trailing", "gzip", 400, "not_gzip"),
        (b"plain", "br", 415, "encoding_unknown"),
    ],
)
def test_a_body_that_is_no_events_is_refused_whole(
    service: Service, body: bytes, encoding: str, status: int, reason: str
) -> None:
    answer = service.post(body, Content_Encoding=encoding)
    assert (answer.status, answer.body["reason"]) == (status, reason)


def test_a_key_that_sends_too_much_is_told_when_to_return(kafka: Broker, prefix: str, file: Path) -> None:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=1))
    with serving(kafka.bootstrap, prefix, file, rate=10, clock=lambda: 7.0) as service:
        service.until_ready()
        assert service.post(ndjson(*map(liked, range(60)))).status == 202
        answer = service.post(ndjson(liked(1)))
        assert (answer.status, answer.body["reason"]) == (429, "too_many_events")
        assert answer.headers["retry-after"] == "5"


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    limits = Limits(10, lambda: now[0])
    assert [limits.wait_s("a", 20), limits.wait_s("a", 1), limits.wait_s("b", 20)] == [0, 1, 0]
    now[0] = 0.5
    assert [limits.wait_s("a", 5), limits.wait_s("a", 11)] == [0, 2]
    now[0] = 100
    assert [limits.wait_s("a", 1000), limits.wait_s("a", 1)] == [0, 99]


def test_requests_at_once_share_records_and_each_event_is_there_once(
    apache_kafka: Broker, prefix: str, service: Service
) -> None:
    answers: list[int] = []

    def send(viewer: str) -> None:
        answers.extend(service.post(ndjson(*(liked(n, viewer) for n in range(i, i + 20)))).status for i in (0, 20, 40))

    threads = [threading.Thread(target=send, args=(f"v-{n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 36
    found = stored(apache_kafka, names(prefix).events)
    for n in range(12):
        times = [event["occurred_at"] for event in found if event["viewer_id"] == f"v-{n}"]
        assert times == list(range(60))
    assert len(consumed(apache_kafka.bootstrap, names(prefix).events)) < 36 * 2


def test_without_kafka_it_runs_and_answers_503(prefix: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producing, "METADATA_MS", 500)
    with serving(f"127.0.0.1:{free_port()}", prefix, file) as service:
        answer = service.post(ndjson(liked(1)))
        assert (answer.status, answer.body["reason"], answer.headers["retry-after"]) == (503, "kafka_away", "5")
        assert service.ask("GET", "/readyz").status == 503
        assert service.ask("GET", "/healthz").status == 200


def test_kafka_goes_and_comes_back_and_no_accepted_event_is_lost(
    breakable_kafka: Broker, prefix: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producing, "METADATA_MS", 1000)
    ensure(Connection(breakable_kafka.bootstrap), declared(prefix, partitions=2))
    accepted = []
    with serving(breakable_kafka.bootstrap, prefix, file, delivery_ms=2000) as service:
        service.until_ready()

        def is_taken(number: int) -> bool:
            """Send as a client does, again and again: a broker that is just back, or busy, may not answer in time."""
            status = service.post(ndjson(liked(number))).status
            assert status in {202, 503}
            if status == 202:
                accepted.append(f"e-v-1-{number}")
            return status == 202

        await_true(lambda: is_taken(1))
        breakable_kafka.kill()
        assert not is_taken(2)
        assert service.ask("GET", "/readyz").status == 503
        breakable_kafka.start()
        service.until_ready()
        await_true(lambda: is_taken(2))
        await_true(lambda: is_taken(3))
    found = ids(stored(breakable_kafka, names(prefix).events))
    assert set(accepted) <= set(found)
    assert set(found) == {"e-v-1-1", "e-v-1-2", "e-v-1-3"}


def test_a_broker_that_stands_still_leaves_nothing_waiting(
    breakable_kafka: Broker, prefix: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fills the room fails by itself, or no request could be taken that would let it go."""
    monkeypatch.setattr(producing, "METADATA_MS", 1000)
    ensure(Connection(breakable_kafka.bootstrap), declared(prefix, partitions=2))
    viewers = {partition_of(viewer, 2): viewer for viewer in ("v-1", "v-8")}
    answers: list[Answer] = []
    with serving(breakable_kafka.bootstrap, prefix, file, delivery_ms=2000) as service:

        def send(partition: int, number: int) -> int:
            answers.append(service.post(ndjson(liked(number, viewers[partition]))))
            return answers[-1].status

        await_true(lambda: send(0, 1) == send(1, 1) == 202)
        answers.clear()
        threads = [threading.Thread(target=send, args=(partition, 2)) for partition in (0, 1)]
        with breakable_kafka.standing_still():
            for thread in threads:
                thread.start()
                time.sleep(1)
            for thread in threads:
                thread.join()
        told = [(answer.status, answer.body["reason"], answer.headers["retry-after"]) for answer in answers]
        assert told == [(503, "kafka_away", "5")] * 2
        assert "\nhostledger_collector_waiting_bytes 0.0\n" in service.ask("GET", "/metrics").body
        await_true(lambda: send(0, 3) == 202)


def test_a_topic_that_is_deleted_is_waited_for(
    apache_kafka: Broker, prefix: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producing, "METADATA_MS", 1000)
    connection = Connection(apache_kafka.bootstrap)
    ensure(connection, declared(prefix, partitions=2))
    with serving(apache_kafka.bootstrap, prefix, file, delivery_ms=1000) as service:

        def status(number: int) -> int:
            return service.post(ndjson(liked(number))).status

        await_true(lambda: status(1) == 202)
        with closing(KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)) as admin:
            admin.delete_topics([names(prefix).events])
            await_true(lambda: names(prefix).events not in admin.list_topics())
        assert [status(number) for number in (2, 3, 4)] == [503] * 3
        assert service.ask("GET", "/healthz").status == 200
        ensure(connection, declared(prefix, partitions=2))
        await_true(lambda: status(5) == 202)
    assert "e-v-1-5" in ids(stored(apache_kafka, names(prefix).events))


def test_a_missing_topic_of_the_roster_holds_up_nobody_else(
    apache_kafka: Broker, prefix: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(apache_kafka.bootstrap)
    wanted = declared(prefix, partitions=2)
    ensure(connection, [topic for topic in wanted if topic.name != names(prefix).roster])
    asked, answered = threading.Event(), threading.Event()
    ask = Producer.partitions

    def asks_slowly(producer: Producer, topic: str) -> int:
        if topic == names(prefix).roster:
            asked.set()
            assert answered.wait(PATIENCE_S)
        return ask(producer, topic)

    monkeypatch.setattr(producing, "METADATA_MS", 1000)
    monkeypatch.setattr(Producer, "partitions", asks_slowly)
    told: list[int] = []
    with serving(apache_kafka.bootstrap, prefix, file) as service:
        service.until_ready()
        of_roster = ndjson(*map(started, range(40)))
        waits = threading.Thread(target=lambda: told.append(service.post(of_roster).status))
        waits.start()
        assert asked.wait(PATIENCE_S)
        assert service.post(ndjson(liked(1))).status == 202
        assert told == []
        answered.set()
        waits.join()
        assert told == [503]
        assert service.ask("GET", "/readyz").status == 200
        ensure(connection, wanted)
        await_true(lambda: service.post(of_roster).status == 202)
    assert {f"s-{n}" for n in range(40)} == set(ids(stored(apache_kafka, names(prefix).roster)))


def allow(bootstrap: str, topic: str, most_bytes: int) -> None:
    """Set the length of the longest record that a topic takes."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        changed = ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": str(most_bytes)})
        admin.alter_configs([changed])


def test_what_a_topic_can_never_take_is_refused_for_good_and_says_what_to_mend(
    apache_kafka: Broker, prefix: str, service: Service
) -> None:
    topic = names(prefix).events
    allow(apache_kafka.bootstrap, topic, 10_000)
    large = ndjson({**liked(1), "note": os.urandom(10_000).hex()})
    answer = service.post(large)
    assert (answer.status, answer.body["reason"]) == (413, "record_too_large")
    assert f"max.message.bytes of topic {topic}" in answer.body["remedy"]
    assert [service.post(ndjson(liked(2))).status, service.ask("GET", "/readyz").status] == [202, 200]
    allow(apache_kafka.bootstrap, topic, 1_000_000)
    assert service.post(large).status == 202


def test_a_request_that_shares_a_record_with_others_is_not_refused_for_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone it may be small enough."""

    def too_large(*_: object, **__: object) -> Future[None]:
        future: Future[None] = Future()
        future.set_exception(TooLarge("too large together"))
        return future

    monkeypatch.setattr("streams.collector.gathering.GATHER_S", 1.0)
    monkeypatch.setattr(Producer, "dispatch", too_large)
    found = [service.gatherer.take(routed([json.dumps(liked(number)).encode()])) for number in (1, 2)]
    assert [type(done.exception(PATIENCE_S)) for done in found] == [BrokerAway] * 2
    with pytest.raises(TooLarge):
        service.gatherer.take(routed([json.dumps(liked(3)).encode()])).result(PATIENCE_S)
    assert service.ask("GET", "/readyz").status == 200


def test_without_a_connection_one_attempt_speaks_for_all_records(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def away(*_: object, **__: object) -> None:
        attempts.append(1)
        raise BrokerAway("no broker")

    assert service.post(ndjson(started(0))).status == 202
    monkeypatch.setattr(Producer, "dispatch", away)
    assert service.post(ndjson(*map(started, range(40)), *(liked(n, f"v-{n}") for n in range(40)))).status == 503
    assert len(attempts) == 1


@contextmanager
def begun(service: Service, head: bytes) -> Iterator[socket.socket]:
    """Open a connection and send some of a request."""
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as connection:
        connection.sendall(head)
        yield connection


def answered(connection: socket.socket) -> int:
    """Read an answer and give its status."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def test_more_requests_than_may_be_under_way_are_told_to_come_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_REQUESTS", 1)
    body = ndjson(liked(1))
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\n"
    with begun(service, f"{head}Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()) as slow:
        assert b"100 Continue\r\n" in slow.recv(100), "it waits for the body"
        refused = service.post(ndjson(liked(2)))
        assert (refused.status, refused.body["reason"], refused.headers["retry-after"]) == (503, "too_busy", "5")
        assert [service.ask("GET", path).status for path in ("/healthz", "/readyz")] == [200, 200]
        slow.sendall(body)
        assert answered(slow) == 202
    assert service.post(ndjson(liked(2))).status == 202


def has_hung_up(connection: socket.socket) -> bool:
    """Whether the other side ends a connection; it may have left something unread."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_connections_that_say_nothing_shut_nobody_out(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 130)
    with ExitStack() as held:
        silent = [held.enter_context(begun(service, b"POST /v1/events HTTP/1.1\r\nX:")) for _ in range(130)]
        assert service.post(ndjson(liked(1))).status == 202
        assert [service.ask("GET", path).status for path in ("/healthz", "/readyz")] == [200, 200]
        assert has_hung_up(silent[0]), "the oldest made room"
        silent[-1].sendall(b" y\r\nHost: x\r\n\r\n")
        assert answered(silent[-1]) == 401


@pytest.mark.parametrize("words", [b"", b"GET /healthz HTTP/1.1\r\nX:"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_connection_that_says_nothing_is_closed(
    service: Service, monkeypatch: pytest.MonkeyPatch, words: bytes, *, is_new: bool
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    asked = b"" if is_new else b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with suppress(ConnectionError), begun(service, asked) as silent:
        assert is_new or answered(silent) == 200
        silent.sendall(words)
        assert silent.recv(1) == b""
    assert service.ask("GET", "/healthz").status == 200


def test_what_waits_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.collector.gathering.MOST_WAITING", 10)
    monkeypatch.setattr(service.gatherer, "_waiting", 5)
    assert service.post(ndjson(liked(1))).status == 503


def test_the_metrics_say_what_happened(service: Service) -> None:
    service.post(ndjson(liked(1), liked(2)))
    service.post(b"nonsense")
    text = service.ask("GET", "/metrics").body
    for line in (
        'hostledger_collector_requests_total{status="202"} 1.0',
        'hostledger_collector_requests_total{status="400"} 1.0',
        "hostledger_collector_events_total 2.0",
        'hostledger_collector_rejected_events_total{reason="not_json"} 1.0',
        "hostledger_collector_waiting_bytes 0.0",
        "hostledger_collector_kafka_away 0.0",
        "hostledger_collector_acknowledge_seconds_count 1.0",
    ):
        assert f"\n{line}\n" in text


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    out = io.StringIO()
    before = logging.getLogger().handlers[:]
    monkeypatch.setattr(sys, "stderr", out)
    log_to_stderr()
    yield out
    structlog.reset_defaults()
    logging.basicConfig(handlers=before, force=True)


def test_no_secret_and_no_person_appears_in_logs_or_metrics(logged: io.StringIO, service: Service) -> None:
    service.post(ndjson(liked(1, "viewer-zhang"), {**liked(2, "viewer-zhang"), "occurred_at": "noon-zhang"}))
    service.post(ndjson(liked(1, "viewer-zhang")))
    service.ask("POST", "/v1/events", b"", Authorization="Bearer hl_12345678_wrong-secret")
    logging.getLogger("kafka").warning("a library speaks")
    said = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["status"] for line in said if line["event"] == "answered"] == [400, 202, 401]
    assert "a library speaks" in [line["event"] for line in said]
    assert {"level", "timestamp"} <= said[0].keys()
    secret = service.key[12:]
    for hidden in (service.key, secret, "wrong-secret", "zhang", SELLER):
        assert hidden not in logged.getvalue() + service.ask("GET", "/metrics").body


def test_a_key_is_kept_as_a_hash_for_its_owner_alone(file: Path) -> None:
    text, key = keys.make("seller/ü 7", "2026-01-01")
    keys.write(file, {key.name: key})
    assert text not in file.read_text()
    assert text[12:] not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys.read(file) == {key.name: key}
    assert Keyring(file).holder(text) == key
    assert Keyring(file).holder(text[:12] + text[:11:-1]) is None
    file.write_text("one two\n")
    with pytest.raises(WrongKeys, match="line 1"):
        Keyring(file)


@pytest.fixture
def command(kafka: Broker, prefix: str, file: Path) -> Callable[..., list[str]]:
    settings = {"HOSTLEDGER_KAFKA": kafka.bootstrap, "HOSTLEDGER_TOPICS": prefix, "HOSTLEDGER_KEYS": str(file)}
    environment = os.environ | settings

    def run(*arguments: str, **options: Any) -> Any:
        line = [sys.executable, "-c", "from hostledger.door import main; main()", *arguments]
        if options:
            return subprocess.Popen(line, env=environment, text=True, **options)
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, timeout=180)

    return run


@pytest.mark.parametrize("seller", ["", " ", "a\nb", "x" * 129])
def test_a_key_of_nobody_is_refused_and_the_file_stays_as_it_is(tmp_path: Path, seller: str) -> None:
    file, words = tmp_path / "keys", ["keys", "new", seller]
    refused = CliRunner().invoke(build(words), words, env={"HOSTLEDGER_KEYS": str(file)})
    assert (refused.exit_code, "is no seller_id" in refused.stderr) == (2, True)
    assert not file.exists()


def test_keys_are_made_listed_and_revoked_by_command(command: Callable[..., Any], file: Path) -> None:
    refused = command("collector")
    assert (refused.returncode, "hostledger keys new" in refused.stderr) == (2, True)

    def said(*arguments: str, code: int = 0) -> str:
        words = ["keys", *arguments]
        done = CliRunner().invoke(build(words), words, env={"HOSTLEDGER_KEYS": str(file)}, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.stdout

    text = said("new", "seller-7").strip()
    name = text.split("_")[1]
    assert Keyring(file).holder(text).holder == "seller-7"
    assert [(row["name"], row["seller"]) for row in json.loads(said("list", "--format", "json"))] == [
        (name, "seller-7")
    ]
    said("revoke", "0", code=2)
    said("revoke", name)
    assert Keyring(file).holder(text) is None


def is_refused(port: int) -> bool:
    """Whether nobody listens on a port any more."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_lets_a_request_under_way_finish(
    kafka: Broker, prefix: str, command: Callable[..., Any], file: Path
) -> None:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=1))
    text, key = keys.make(SELLER, "2026-01-01")
    keys.write(file, {key.name: key})
    port = free_port()
    running = command("collector", "--port", str(port), stderr=subprocess.PIPE)
    try:
        assert f"http://127.0.0.1:{port}/v1/events" in running.stderr.readline()
        service = Service(port, text, None)
        service.until_ready()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=180)
        body = ndjson(liked(1))
        connection.putrequest("POST", "/v1/events")
        connection.putheader("Authorization", f"Bearer {text}")
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 100", "it waits for the body"
        assert connection.sock.recv(13, socket.MSG_WAITALL).endswith(b"\r\n\r\n")
        connection.send(body[:10])
        running.send_signal(signal.SIGTERM)
        await_true(lambda: is_refused(port))
        connection.send(body[10:])
        assert connection.getresponse().status == 202
        connection.close()
        assert running.wait(PATIENCE_S) == 0
        assert all(json.loads(line) for line in running.stderr.read().splitlines())
    finally:
        running.kill()
        running.wait()
        running.stderr.close()
    assert [json.loads(value) for _, _, value in consumed(kafka.bootstrap, names(prefix).events)] == [liked(1)]
