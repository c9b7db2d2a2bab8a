"""Topics on a real broker: made once, never changed behind anybody's back; records acknowledged or said to be lost."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.producer.future import FutureProduceResult, FutureRecordMetadata
from kafka.producer.transaction_manager import TransactionManager
from kafka_broker import Broker
from patience import PATIENCE_S, await_true
from ports import free_port
from typer.testing import CliRunner, Result

from hostledger.door import build
from streams.kafka import BrokerAway, producing, reading, topics
from streams.kafka.connection import Connection, WrongConnection
from streams.kafka.ends import End
from streams.kafka.letters import letters
from streams.kafka.producing import Producer, TooLarge
from streams.kafka.topics import TopicRefused, declared, ensure, names


def consumed(bootstrap: str, topic: str) -> list[tuple[int, int, bytes]]:
    """Everything in a topic now: partition, offset, value; read up to the end that the broker names."""
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")) as consumer:
        where = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(where)
        ends = consumer.end_offsets(where)
        consumer.seek_to_beginning(*where)
        found: list[tuple[int, int, bytes]] = []
        until = time.monotonic() + PATIENCE_S
        while any(consumer.position(part) < ends[part] for part in where):
            assert time.monotonic() < until, f"{topic}: {len(found)} records of {ends}"
            for part, records in consumer.poll(200).items():
                found += [(part.partition, record.offset, record.value) for record in records]
        return found


@pytest.fixture
def producer(kafka: Broker) -> Iterator[Callable[..., Producer]]:
    made = []

    def make(**options: int) -> Producer:
        made.append(Producer(Connection(kafka.bootstrap), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_topics_are_made_once_and_then_left_alone(kafka: Broker, prefix: str) -> None:
    connection, wanted = Connection(kafka.bootstrap), declared(prefix, partitions=4)
    assert [found.state for found in ensure(connection, wanted, dry_run=True)] == ["missing"] * 3
    assert [found.state for found in ensure(connection, wanted)] == ["created"] * 3
    again = ensure(connection, wanted)
    assert [(found.state, found.differences) for found in again] == [("exists", ())] * 3
    assert [found.topic.name for found in again] == [
        f"{prefix}.events",
        f"{prefix}.roster",
        f"{prefix}.dead-letters",
    ]
    assert [found.topic.partitions for found in again] == [4, 1, 1]


def test_another_number_of_partitions_is_refused_with_the_reason(kafka: Broker, prefix: str) -> None:
    connection = Connection(kafka.bootstrap)
    ensure(connection, declared(prefix, partitions=2)[:1])
    for partitions in (1, 8):
        with pytest.raises(TopicRefused, match="a lane is a partition"):
            ensure(connection, declared(prefix, partitions=partitions))
    assert [found.state for found in ensure(connection, declared(prefix, 2), dry_run=True)][1:] == ["missing"] * 2


def test_a_difference_is_told_and_not_touched(apache_kafka: Broker, prefix: str) -> None:
    connection, wanted = Connection(apache_kafka.bootstrap), declared(prefix, partitions=1)
    ensure(connection, wanted)
    with closing(KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)) as admin:
        changed = ConfigResource(ConfigResourceType.TOPIC, names(prefix).events, {"retention.ms": "1000000"})
        admin.alter_configs([changed])
    for _ in range(2):
        events, roster, _letters = ensure(connection, wanted)
        assert (events.state, events.differences) == ("differs", ("retention.ms: 1000000, should be 604800000",))
        assert roster.state == "exists"


def test_more_replicas_than_brokers_are_refused_in_words(apache_kafka: Broker, prefix: str) -> None:
    if not apache_kafka.breakable:
        pytest.skip("its number of brokers is unknown: the cluster is not ours; unset KAFKA_BOOTSTRAP_SERVERS")
    with pytest.raises(TopicRefused, match="replication factor of 3"):
        ensure(Connection(apache_kafka.bootstrap), declared(prefix, replication=3))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producing, "METADATA_MS", 700)
    monkeypatch.setattr(topics, "TIMEOUT_MS", 700)
    monkeypatch.setattr(reading, "TIMEOUT_MS", 700)


@pytest.mark.usefixtures("impatient")
def test_no_broker_is_said_in_time_with_the_setting_that_names_it() -> None:
    connection = Connection(f"127.0.0.1:{free_port()}")
    said = "does not answer; start it, or name another with HOSTLEDGER_KAFKA"
    with pytest.raises(BrokerAway, match=said):
        Producer(connection)
    with pytest.raises(BrokerAway, match=said):
        ensure(connection, declared("nowhere"))
    with pytest.raises(BrokerAway, match=f"{said}; or it has no topic nowhere"):
        next(letters(connection, "nowhere"))


def test_a_ca_file_that_is_not_there_is_said_by_name() -> None:
    with pytest.raises(WrongConnection, match=r"/nowhere/ca\.pem"):
        Connection("127.0.0.1:1", security="SSL", ca="/nowhere/ca.pem").options()


def test_what_is_flushed_is_there_with_key_and_headers(
    kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=3))
    topic, ours = names(prefix).events, producer()
    assert ours.partitions(topic) == 3
    for number in range(30):
        ours.send(topic, b"%d" % number, partition=number % 3, headers=[("kind", b"touched")])
    ours.flush()
    with closing(
        KafkaConsumer(
            topic,
            bootstrap_servers=kafka.bootstrap,
            auto_offset_reset="earliest",
            consumer_timeout_ms=PATIENCE_S * 1000,
        )
    ) as consumer:
        found = [next(consumer) for _ in range(30)]
    assert {(record.partition, record.value) for record in found} == {(n % 3, b"%d" % n) for n in range(30)}
    assert {tuple(record.headers[0]) for record in found} == {("kind", b"touched")}


def test_offsets_and_the_end_of_a_topic_are_exact(
    apache_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    ensure(Connection(apache_kafka.bootstrap), declared(prefix, partitions=1))
    topic, ours = names(prefix).events, producer()
    for number in range(100):
        ours.send(topic, b"%d" % number, partition=0)
    ours.flush()
    assert consumed(apache_kafka.bootstrap, topic) == [(0, number, b"%d" % number) for number in range(100)]


def test_the_end_of_a_partition_is_told_to_all_who_ask_and_follows_what_comes(
    apache_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    connection, ours, topic = Connection(apache_kafka.bootstrap), producer(), names(prefix).roster
    ensure(connection, declared(prefix, partitions=1))

    async def asked() -> list[int]:
        end, found = End(connection, topic, 0), []
        for _ in range(3):
            found += await asyncio.gather(end.offset(), end.offset())
            ours.send(topic, b"event", partition=0, key=b"key")
            ours.flush()
        await end.close()
        return found

    assert asyncio.run(asked()) == [0, 0, 1, 1, 2, 2]


def test_the_end_of_a_partition_of_a_cluster_that_does_not_answer_is_not_known() -> None:
    with pytest.raises(BrokerAway, match="does not say where"):
        asyncio.run(End(Connection(f"127.0.0.1:{free_port()}"), "roster", 0).offset())


def test_a_record_beyond_the_limit_can_never_be_sent(
    kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=1))
    with pytest.raises(TooLarge, match="3000000 bytes"):
        producer().send(names(prefix).events, b"x" * 3_000_000, partition=0)


@pytest.mark.usefixtures("apache_kafka")
def test_a_topic_that_is_not_there_is_said_with_the_remedy(prefix: str, producer: Callable[..., Producer]) -> None:
    ours = producer()
    assert ours._client
    ours._client.config["max_block_ms"] = 700
    with pytest.raises(BrokerAway, match="hostledger topics makes it"):
        ours.partitions(names(prefix).events)


def until_acknowledged(ours: Producer, topic: str, word: bytes) -> bytes:
    """Send again until the broker has it, as clients do: one just back leads nothing yet, a busy one is late."""
    sent: list[bytes] = []

    def is_acknowledged() -> bool:
        sent.append(b"%s %d" % (word, len(sent)))
        try:
            ours.send(topic, sent[-1], partition=0)
            ours.flush()
        except BrokerAway:
            return False
        return True

    await_true(is_acknowledged)
    return sent[-1]


def assert_kept(broker: Broker, topic: str, *acknowledged: bytes) -> None:
    """Claim that the topic holds these, the last at its end, and nothing twice; what was refused may be there."""
    found = [value for _, _, value in consumed(broker.bootstrap, topic)]
    assert set(acknowledged) <= set(found)
    assert found[-1] == acknowledged[-1]
    assert len(found) == len(set(found))


def test_a_killed_broker_is_noticed_and_what_was_acknowledged_survives(
    breakable_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    ensure(Connection(breakable_kafka.bootstrap), declared(prefix, partitions=1))
    topic, ours = names(prefix).events, producer(delivery_ms=1000)
    before = until_acknowledged(ours, topic, b"before")
    breakable_kafka.kill()
    ours.send(topic, b"lost", partition=0)
    with pytest.raises(BrokerAway):
        ours.flush()
    breakable_kafka.start()
    after = until_acknowledged(ours, topic, b"after")
    assert_kept(breakable_kafka, topic, before, after)
    assert b"lost" not in {value for _, _, value in consumed(breakable_kafka.bootstrap, topic)}


def test_a_record_that_was_tried_and_given_up_does_not_end_the_producer(
    breakable_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    """Its client would wait for a producer id for ever."""
    ensure(Connection(breakable_kafka.bootstrap), declared(prefix, partitions=1))
    topic, ours = names(prefix).events, producer(delivery_ms=2000)
    before = until_acknowledged(ours, topic, b"before")
    with breakable_kafka.standing_still():
        ours.send(topic, b"tried", partition=0)
        with pytest.raises(BrokerAway):
            ours.flush()
    after = until_acknowledged(ours, topic, b"after")
    assert_kept(breakable_kafka, topic, before, after)


def test_what_a_client_holds_fails_as_soon_as_it_gives_up_a_record(
    breakable_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    """Nobody sends again meanwhile, so nothing but the client itself can end it."""
    ensure(Connection(breakable_kafka.bootstrap), declared(prefix, partitions=2))
    topic, ours = names(prefix).events, producer(delivery_ms=2000)
    until_acknowledged(ours, topic, b"before")
    with breakable_kafka.standing_still():
        first = ours.dispatch(topic, b"first", partition=0)
        time.sleep(1)
        with pytest.raises(BrokerAway):
            ours.dispatch(topic, b"second", partition=1).result(PATIENCE_S)
        assert first.done()
    until_acknowledged(ours, topic, b"after")


def test_a_record_handed_to_a_client_that_ends_meanwhile_fails_too(
    kafka: Broker, prefix: str, producer: Callable[..., Producer], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=1))
    topic, ours = names(prefix).events, producer()
    until_acknowledged(ours, topic, b"before")
    client = ours._client
    never_seen = FutureRecordMetadata(FutureProduceResult(TopicPartition(topic, 0)), None, None, None, -1, -1, -1)

    def ended_meanwhile(*_: object, **__: object) -> FutureRecordMetadata:
        ours._give_up(client)
        return never_seen

    monkeypatch.setattr(client, "send", ended_meanwhile)
    with pytest.raises(BrokerAway, match="has ended"):
        ours.dispatch(topic, b"late", partition=0).result(0)
    until_acknowledged(ours, topic, b"after")


def test_a_client_without_a_producer_id_counts_as_away(
    kafka: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would send nothing, and give up nothing either."""
    ensure(Connection(kafka.bootstrap), declared(prefix, partitions=1))
    monkeypatch.setattr(producing, "METADATA_MS", 700)
    monkeypatch.setattr(TransactionManager, "has_producer_id", lambda *_: False)
    with pytest.raises(BrokerAway, match="no producer id"):
        Producer(Connection(kafka.bootstrap))


def test_a_restart_under_way_neither_loses_nor_repeats_nor_reorders(
    breakable_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    """The producer is idempotent: what it repeats after a lost answer is there once."""
    ensure(Connection(breakable_kafka.bootstrap), declared(prefix, partitions=1))
    topic, ours = names(prefix).events, producer(delivery_ms=PATIENCE_S * 1000)
    for number in range(300):
        ours.send(topic, b"%d" % number, partition=0)
        if number == 100:
            breakable_kafka.kill()
        if number == 200:
            breakable_kafka.start()
        if not number % 30:
            time.sleep(0.01)
    ours.flush(PATIENCE_S)
    assert [int(value) for _, _, value in consumed(breakable_kafka.bootstrap, topic)] == list(range(300))


def test_the_roster_keeps_one_record_per_event_when_it_is_compacted(
    apache_kafka: Broker, prefix: str, producer: Callable[..., Producer]
) -> None:
    ensure(Connection(apache_kafka.bootstrap), declared(prefix, partitions=1))
    topic = names(prefix).roster
    quickly = {"segment.ms": "200", "min.cleanable.dirty.ratio": "0.001", "min.compaction.lag.ms": "0"}
    with closing(KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, quickly)])
    ours, until = producer(), time.monotonic() + PATIENCE_S
    for turn in range(3):
        for event in range(5):
            ours.send(topic, b"%d-%d" % (event, turn), partition=0, key=b"e-%d" % event)
        ours.flush()
    values: list[bytes] = []
    while len(values) != 6:
        assert time.monotonic() < until, values
        ours.send(topic, b"tick", partition=0, key=b"tick")
        ours.flush()
        time.sleep(0.5)
        values = sorted({value for _, _, value in consumed(apache_kafka.bootstrap, topic)})
    assert values == [b"0-2", b"1-2", b"2-2", b"3-2", b"4-2", b"tick"]


def test_the_command_makes_topics_and_refuses_what_would_harm(kafka: Broker, prefix: str) -> None:
    environment = {"HOSTLEDGER_KAFKA": kafka.bootstrap, "HOSTLEDGER_TOPICS": prefix}

    def run(*arguments: str) -> Result:
        words = ["topics", *arguments]
        return CliRunner().invoke(build(words), words, env=environment, catch_exceptions=False)

    assert run("--partitions", "2", "--format", "csv").stdout.splitlines()[1].startswith(f"{prefix}.events,created,2")
    refused = run("--partitions", "3")
    assert refused.exit_code == 2
    assert "other partitions would move viewers" in refused.stderr
