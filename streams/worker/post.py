"""What lanes say to Kafka, and ask of it: orders to look at again, dead letters, records once more."""

from collections.abc import Sequence
from concurrent.futures import Future
from threading import local

import polars as pl

from streams.arriving import Record, Touched, touched_value
from streams.kafka.connection import Connection
from streams.kafka.dead_letters import Place, dead_letter
from streams.kafka.producing import Producer
from streams.kafka.reading import stretch
from streams.kafka.routing import partition_of
from streams.kafka.topics import Names
from streams.worker.metrics import Metrics

KIND = "kind"
TOUCHED = b"touched"


class _Sent(local):
    """What a thread has sent and not waited for: a lane answers for its own words, not for those of its neighbours."""

    def __init__(self) -> None:
        self.futures: list[Future[None]] = []


class KafkaPost:
    """Sends for lanes, each in one thread at a time; `flush` returns when all that its thread sent is acknowledged.

    Raises BrokerAway.
    """

    def __init__(self, connection: Connection, producer: Producer, topics: Names, metrics: Metrics) -> None:
        self._connection, self._producer, self._topics, self._metrics = connection, producer, topics, metrics
        self._partitions = 0
        self._sent = _Sent()

    def touch(self, touched: Sequence[Touched], viewer_id: str) -> None:
        """Ask the lane of a viewer to look at orders again."""
        self._partitions = self._partitions or self._producer.partitions(self._topics.events)
        partition = partition_of(viewer_id, self._partitions)
        self._send(self._topics.events, touched_value(touched), [(KIND, TOUCHED)], partition)

    def park(self, rejects: pl.DataFrame) -> None:
        """Send rejected lines to the dead letters, each with its place and its reason in headers."""
        for row in rejects.iter_rows(named=True):
            topic, _, partition = row["source"].rpartition("-")
            place = Place(topic, int(partition), row["record_offset"] or 0)
            facts = {"field": row["field"], "value": row["value"], "position": str(row["position"])}
            letter = dead_letter(row["line"], place, row["reason"], row["remedy"], **facts)
            self._metrics.rejects.labels(row["reason"]).inc()
            self._send(self._topics.dead_letters, letter.value, letter.headers)

    def flush(self) -> None:
        """Wait for the broker."""
        futures, self._sent.futures = self._sent.futures, []
        if futures:
            self._producer.wait_for(futures)

    def again(self, source: str, first: int, end: int) -> list[Record]:
        """Read the records of a partition from one offset up to another, those that are still there."""
        topic, _, partition = source.rpartition("-")
        found = stretch(self._connection, topic, int(partition), first, end) if end > first else ()
        records = [Record(record.offset, record.value, (KIND, TOUCHED) in record.headers) for record in found]
        self._metrics.say_gone(source, first, end - first - len(records))
        return records

    def _send(
        self, topic: str, value: bytes | None, headers: Sequence[tuple[str, bytes]], partition: int | None = None
    ) -> None:
        future = self._producer.dispatch(topic, value, partition=partition, headers=headers)
        self._sent.futures.append(future)
