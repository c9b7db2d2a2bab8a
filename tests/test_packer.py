"""The packer on a real broker: every event once per reading, in order, committed only when it is acknowledged."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka_broker import Broker
from patience import PATIENCE_S, await_true
from ports import free_port
from prometheus_client import generate_latest
from test_collector import liked, ndjson, started
from test_kafka_topics import consumed

from analytics.decoding import decode
from streams import packer as packing
from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.producing import Producer
from streams.kafka.routing import partition_of
from streams.kafka.topics import Names, declared, ensure, names
from streams.packer import Metrics, Packer


@pytest.fixture
def source(kafka: Broker, prefix: str) -> str:
    """A topic of somebody else's, with two partitions; ours are there too."""
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=3))
    with closing(KafkaAdminClient(bootstrap_servers=kafka.bootstrap)) as admin:
        admin.create_topics(
            {f"{prefix}.theirs": {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True
        )
    return f"{prefix}.theirs"


def send(kafka: Broker, topic: str, *values: bytes | None) -> None:
    producer = Producer(Connection(kafka.bootstrap))
    for number, value in enumerate(values):
        producer.send(topic, value, partition=number % 2, key=b"k")
    producer.flush()
    producer.close()


@contextmanager
def running(bootstrap: str, source: str, ours: Names) -> Iterator[Metrics]:
    """Run a packer on a loop and thread of its own."""
    metrics, loop, failures = Metrics(), asyncio.new_event_loop(), []
    made: list[Packer] = []
    begun = threading.Event()

    async def run() -> None:
        made.append(Packer(Connection(bootstrap), [source], ours, metrics))
        begun.set()
        try:
            await made[0].run()
        except BrokerAway as error:
            failures.append(error)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert begun.wait(PATIENCE_S)
    try:
        yield metrics
    finally:
        loop.call_soon_threadsafe(made[0].stop)
        thread.join(PATIENCE_S)
        loop.close()
        assert not thread.is_alive()
    if failures:
        raise failures[0]


def count(metrics: Metrics, name: str) -> float:
    return metrics.registry.get_sample_value(name) or 0.0


def committed(bootstrap: str, source: str, ours: Names) -> list[int | None]:
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, group_id=f"{ours.events}.packer")) as consumer:
        return [consumer.committed(TopicPartition(source, number)) for number in range(2)]


def test_events_of_others_are_packed_once_in_order_and_committed(
    apache_kafka: Broker, prefix: str, source: str
) -> None:
    events = [liked(n, f"v-{n % 7}") for n in range(3000)]
    send(apache_kafka, source, *(json.dumps(event).encode() for event in events), json.dumps(started(1)).encode())
    ours = names(prefix)
    with running(apache_kafka.bootstrap, source, ours) as metrics:
        await_true(lambda: count(metrics, "hostledger_packer_events_total") == 3001)
    records = consumed(apache_kafka.bootstrap, ours.events)
    assert len(records) < 60
    found = [(where, json.loads(line)) for where, _, value in records for line in value.splitlines()]
    assert all(where == partition_of(event["viewer_id"], 3) for where, event in found)
    assert sorted(event["occurred_at"] for _, event in found) == list(range(3000))
    for viewer in range(7):
        for parity in (0, 1):
            times = [event["occurred_at"] for _, event in found if event["viewer_id"] == f"v-{viewer}"]
            of_one_partition = [at for at in times if at % 2 == parity]
            assert of_one_partition == sorted(of_one_partition)
    assert [json.loads(value) for _, _, value in consumed(apache_kafka.bootstrap, ours.roster)] == [started(1)]
    assert committed(apache_kafka.bootstrap, source, ours) == [1501, 1500]
    assert count(metrics, "hostledger_packer_records_total") == len(records) + 1


def test_what_can_be_no_event_is_parked_with_its_place(apache_kafka: Broker, prefix: str, source: str) -> None:
    pretty = json.dumps(liked(1), indent=1).encode()
    enormous = b"x" * (packing.MOST_EVENT + 1)
    send(apache_kafka, source, pretty, None, b"nonsense", enormous, ndjson(liked(2), liked(3)))
    ours = names(prefix)
    with running(apache_kafka.bootstrap, source, ours) as metrics:
        await_true(lambda: count(metrics, "hostledger_packer_events_total") == 4)
        await_true(lambda: b'parked_records_total{reason="event_too_large"} 1.0' in generate_latest(metrics.registry))
    values = [line for _, _, value in consumed(apache_kafka.bootstrap, ours.events) for line in value.splitlines()]
    assert sorted(json.loads(line)["event_id"] for line in values if line != b"nonsense") == [
        "e-v-1-1",
        "e-v-1-2",
        "e-v-1-3",
    ]
    assert b"nonsense" in values
    with closing(
        KafkaConsumer(
            ours.dead_letters,
            bootstrap_servers=apache_kafka.bootstrap,
            auto_offset_reset="earliest",
            consumer_timeout_ms=PATIENCE_S * 1000,
        )
    ) as consumer:
        letters = [next(consumer), next(consumer)]
    told = {dict(letter.headers)["reason"].decode(): (dict(letter.headers), letter.value) for letter in letters}
    assert told.keys() == {"event_too_large", "null_record"}
    headers, value = told["event_too_large"]
    assert value == enormous[: 1024 * 1024]
    assert (headers["topic"], headers["partition"], headers["offset"]) == (source.encode(), b"1", b"1")
    assert b"at most" in headers["remedy"]
    assert told["null_record"][1] == b""


def test_a_record_is_judged_by_its_events(apache_kafka: Broker, prefix: str, source: str) -> None:
    """Neither a mark before an event on several lines nor the length of all together spoils them."""
    marked = b"\xef\xbb\xbf" + json.dumps(liked(1), indent=1).encode()
    large = ndjson(*({**liked(n), "note": "x" * 400_000} for n in range(2, 4)))
    send(apache_kafka, source, marked, large + b"y" * (packing.MOST_EVENT + 1), b"\x0c", b"\xef\xbb\xbf")
    ours = names(prefix)
    with running(apache_kafka.bootstrap, source, ours) as metrics:
        await_true(lambda: committed(apache_kafka.bootstrap, source, ours) == [2, 2])
        assert count(metrics, "hostledger_packer_events_total") == 3
    lines = [line for _, _, value in consumed(apache_kafka.bootstrap, ours.events) for line in value.splitlines()]
    assert sorted(json.loads(line.decode("utf-8-sig"))["occurred_at"] for line in lines) == [1, 2, 3]
    assert [value for _, _, value in consumed(apache_kafka.bootstrap, ours.dead_letters)] == [b"y" * packing.MOST_EVENT]


def test_an_id_too_long_for_a_key_goes_where_a_worker_rejects_it(
    apache_kafka: Broker, prefix: str, source: str
) -> None:
    head, tail = b'{"type":"shift_ended","event_id":"', b'"}'
    poison = head + b"a" * (packing.MOST_EVENT - len(head) - len(tail)) + tail
    send(apache_kafka, source, poison, json.dumps(liked(1)).encode())
    ours = names(prefix)
    with running(apache_kafka.bootstrap, source, ours):
        await_true(lambda: committed(apache_kafka.bootstrap, source, ours) == [1, 1])
    values = b"".join(value for _, _, value in consumed(apache_kafka.bootstrap, ours.events))
    assert decode(values).rejects["reason"].to_list() == ["id_too_long"]
    assert decode(values).facts.viewer_events["event_id"].to_list() == ["e-v-1-1"]


def test_what_was_not_acknowledged_is_read_again(
    apache_kafka: Broker, prefix: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(apache_kafka, source, *(json.dumps(liked(n)).encode() for n in range(10)))
    ours = names(prefix)

    def away(*_: object) -> None:
        raise BrokerAway("no acknowledgement")

    with monkeypatch.context() as patch:
        patch.setattr(Producer, "flush", away)
        with running(apache_kafka.bootstrap, source, ours) as metrics:
            await_true(lambda: count(metrics, "hostledger_packer_kafka_away") == 1)
    assert committed(apache_kafka.bootstrap, source, ours) == [None, None]
    with running(apache_kafka.bootstrap, source, ours) as metrics:
        await_true(lambda: count(metrics, "hostledger_packer_events_total") == 10)
    found = [
        json.loads(line)["occurred_at"]
        for _, _, value in consumed(apache_kafka.bootstrap, ours.events)
        for line in value.splitlines()
    ]
    assert set(found) == set(range(10))
    assert committed(apache_kafka.bootstrap, source, ours) == [5, 5]


def test_a_restart_of_the_broker_loses_nothing(breakable_kafka: Broker, prefix: str, source: str) -> None:
    ours = names(prefix)
    with running(breakable_kafka.bootstrap, source, ours) as metrics:
        send(breakable_kafka, source, *(json.dumps(liked(n)).encode() for n in range(100)))
        await_true(lambda: count(metrics, "hostledger_packer_events_total") == 100)
        breakable_kafka.kill()
        breakable_kafka.start()
        send(breakable_kafka, source, *(json.dumps(liked(n)).encode() for n in range(100, 200)))
        await_true(lambda: count(metrics, "hostledger_packer_events_total") >= 200)
    found = {
        json.loads(line)["occurred_at"]
        for _, _, value in consumed(breakable_kafka.bootstrap, ours.events)
        for line in value.splitlines()
    }
    assert found == set(range(200))


def test_the_command_packs_until_sigterm(kafka: Broker, prefix: str, source: str) -> None:
    send(kafka, source, *(json.dumps(liked(n)).encode() for n in range(10)))
    environment = os.environ | {"HOSTLEDGER_KAFKA": kafka.bootstrap, "HOSTLEDGER_TOPICS": prefix}
    command = [sys.executable, "-c", "from hostledger.door import main; main()", "pack", source]
    running_command = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert f"Packing {source} into {prefix}.events" in running_command.stderr.readline()
        await_true(
            lambda: sum(value.count(b"\n") for _, _, value in consumed(kafka.bootstrap, names(prefix).events)) == 10
        )
        running_command.send_signal(signal.SIGTERM)
        assert running_command.wait(PATIENCE_S) == 0
        said = [json.loads(line) for line in running_command.stderr]
        assert [line for line in said if line["level"] != "warning"] == [], "a busy broker may be told of, no more"
    finally:
        running_command.kill()
        running_command.wait()
        running_command.stderr.close()


def test_without_kafka_the_command_says_so(prefix: str) -> None:
    environment = os.environ | {"HOSTLEDGER_KAFKA": f"127.0.0.1:{free_port()}", "HOSTLEDGER_TOPICS": prefix}
    command = [sys.executable, "-c", "from hostledger.door import main; main()", "pack", "theirs"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 2
    assert "does not answer" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
