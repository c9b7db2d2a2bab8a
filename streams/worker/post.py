"""The way back into Kafka: orders to look at again, and dead letters."""

from collections.abc import Sequence

import polars as pl

from streams.arriving import touched_value
from streams.kafka.dead_letters import Place, dead_letter
from streams.kafka.producing import Producer
from streams.kafka.routing import partition_of
from streams.kafka.topics import Names
from streams.worker.metrics import Metrics

KIND = "kind"
TOUCHED = b"touched"


class KafkaPost:
    """Sends for lanes; everything is acknowledged when `flush` returns. Raises BrokerAway."""

    def __init__(self, producer: Producer, topics: Names, metrics: Metrics) -> None:
        self._producer, self._topics, self._metrics = producer, topics, metrics
        self._partitions = 0

    def touch(self, order_ids: Sequence[str], viewer_id: str) -> None:
        """Ask the lane of a viewer to look at orders again."""
        self._partitions = self._partitions or self._producer.partitions(self._topics.events)
        self._producer.send(
            self._topics.events,
            touched_value(order_ids),
            partition=partition_of(viewer_id, self._partitions),
            headers=[(KIND, TOUCHED)],
        )

    def park(self, rejects: pl.DataFrame) -> None:
        """Send rejected lines to the dead letters, each with its place and its reason in headers."""
        for row in rejects.iter_rows(named=True):
            topic, _, partition = row["source"].rpartition("-")
            place = Place(topic, int(partition), row["record_offset"] or 0)
            facts = {"field": row["field"], "value": row["value"], "position": str(row["position"])}
            letter = dead_letter(row["line"], place, row["reason"], row["remedy"], **facts)
            self._metrics.rejects.labels(row["reason"]).inc()
            self._producer.send(self._topics.dead_letters, letter.value, headers=letter.headers)

    def flush(self) -> None:
        """Wait for the broker."""
        self._producer.flush()
