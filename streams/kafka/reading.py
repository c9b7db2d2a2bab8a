"""Records of a topic read outside any consumer group: from where one likes up to where one likes."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.saying import said

POLL_MS = 1_000
SILENT_POLLS = 30
"""After so many fetches without a record the broker counts as away."""
TIMEOUT_MS = 5_000


def whole_topic(connection: Connection, topic: str) -> Iterator[Any]:
    """Give every record up to the end as it is now, the oldest of each partition first. Raises BrokerAway."""
    away = f"{connection.away}; or it has no topic {topic} (hostledger topics makes it)"
    try:
        with closing(_consumer(connection)) as consumer:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            if not places:
                raise BrokerAway(away)
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            yield from _until(consumer, consumer.end_offsets(places), away)
    except KafkaError as error:
        raise BrokerAway(f"{away}: {said(error)}") from None


def stretch(connection: Connection, topic: str, partition: int, first: int, end: int) -> Iterator[Any]:
    """Give the records of a partition from one offset up to another, those that are still there. Raises BrokerAway."""
    place = TopicPartition(topic, partition)
    try:
        with closing(_consumer(connection)) as consumer:
            consumer.assign([place])
            consumer.seek(place, max(first, consumer.beginning_offsets([place])[place]))
            yield from _until(consumer, {place: end}, connection.away)
    except KafkaError as error:
        raise BrokerAway(f"{connection.away}: {said(error)}") from None


def _consumer(connection: Connection) -> Any:  # noqa: ANN401  # kafka-python has no types
    return KafkaConsumer(
        **connection.options(),
        client_id="hostledger",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        bootstrap_timeout_ms=TIMEOUT_MS,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def _until(consumer: Any, ends: Mapping[TopicPartition, int], away: str) -> Iterator[Any]:  # noqa: ANN401  # as above
    silent = 0
    while any(consumer.position(place) < end for place, end in ends.items()):
        fetched = consumer.poll(POLL_MS)
        silent = 0 if fetched else silent + 1
        if silent == SILENT_POLLS:
            raise BrokerAway(away)
        for place, records in fetched.items():
            yield from (record for record in records if record.offset < ends[place])
