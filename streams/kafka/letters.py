"""What is in the topic of dead letters now: all that was parked, by workers, packers and collectors alike."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.saying import said

POLL_MS = 1_000
SILENT_POLLS = 30
"""After so many fetches without a record the broker counts as away."""
TIMEOUT_MS = 5_000


class Letter(NamedTuple):
    """One dead letter and where it is. told: what its headers say, `reason` and `remedy` always among it."""

    partition: int
    offset: int
    at_ms: int
    value: bytes
    told: Mapping[str, str]

    @property
    def sender(self) -> str:
        """Whose it was: a platform with the kind of payload, or the topic that the record was in."""
        if "source" in self.told:
            return f"{self.told['source']} {self.told.get('kind', '')}".strip()
        return self.told.get("topic", "")


def letters(connection: Connection, topic: str) -> Iterator[Letter]:
    """Give every dead letter up to the end as it is now, the oldest of each partition first. Raises BrokerAway."""
    away = f"{connection.away}; or it has no topic {topic} (hostledger topics makes it)"
    try:
        with closing(_consumer(connection)) as consumer:
            yield from _until_end(consumer, topic, away)
    except KafkaError as error:
        raise BrokerAway(f"{away}: {said(error)}") from None


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


def _until_end(consumer: Any, topic: str, away: str) -> Iterator[Letter]:  # noqa: ANN401  # as above
    places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    if not places:
        raise BrokerAway(away)
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends, silent = consumer.end_offsets(places), 0
    while any(consumer.position(place) < ends[place] for place in places):
        fetched = consumer.poll(POLL_MS)
        silent = 0 if fetched else silent + 1
        if silent == SILENT_POLLS:
            raise BrokerAway(away)
        for place, records in fetched.items():
            yield from (_letter(record) for record in records if record.offset < ends[place])


def _letter(record: Any) -> Letter:  # noqa: ANN401  # as above
    told = {name: value.decode(errors="replace") for name, value in record.headers}
    return Letter(record.partition, record.offset, record.timestamp, record.value or b"", told)
