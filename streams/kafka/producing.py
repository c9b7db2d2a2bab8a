"""The producer that only believes acknowledgements: all replicas, idempotent, lz4. Nothing is sent and forgotten."""

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.saying import said
from streams.kafka.topics import MAX_MESSAGE_BYTES

LINGER_MS = 5
BATCH_BYTES = 1024 * 1024
DELIVERY_MS = 30_000
METADATA_MS = 5_000
_ROOM = 4096
"""Bytes that headers and framing of a record may take beside its value."""


class TooLarge(ValueError):  # noqa: N818  # named for what is the case
    """The record exceeds what the topics take; it can never be sent."""


class Producer:
    """A producer with acks=all and idempotence: what it repeats after a lost answer is kept once by the broker.

    Any thread may send; `flush` speaks for all that was sent before it. Raises BrokerAway if no broker answers.
    """

    def __init__(self, connection: Connection, delivery_ms: int = DELIVERY_MS, linger_ms: int = LINGER_MS) -> None:
        self._lock = Lock()
        self._waiting: list[Any] = []
        self._away = connection.away
        try:
            self._kafka = KafkaProducer(
                **connection.options(),
                client_id="hostledger",
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=linger_ms,
                batch_size=BATCH_BYTES,
                max_request_size=MAX_MESSAGE_BYTES,
                delivery_timeout_ms=delivery_ms,
                request_timeout_ms=min(delivery_ms // 2, DELIVERY_MS),
                max_block_ms=METADATA_MS,
                bootstrap_timeout_ms=METADATA_MS,
                reconnect_backoff_max_ms=1000,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        except KafkaError as error:
            raise BrokerAway(f"{self._away}: {said(error)}") from None

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        partition: int | None = None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Hand over one record; `flush` says whether the broker has it. Raises TooLarge, BrokerAway."""
        future = self.dispatch(topic, value, partition=partition, key=key, headers=headers)
        with self._lock:
            self._waiting.append(future)

    def dispatch(
        self,
        topic: str,
        value: bytes | None,
        *,
        partition: int | None = None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> Any:  # noqa: ANN401  # kafka-python has no types
        """Hand over one record and give kafka-python's future of it; `wait_for` speaks for it, and `flush` does not.

        Raises TooLarge, BrokerAway.
        """
        if value is not None and len(value) > MAX_MESSAGE_BYTES - _ROOM:
            raise TooLarge(f"a record of {len(value)} bytes exceeds the {MAX_MESSAGE_BYTES - _ROOM} of topic {topic}")
        try:
            return self._kafka.send(topic, value, key=key, headers=list(headers), partition=partition)
        except MessageSizeTooLargeError as error:
            raise TooLarge(said(error)) from None
        except KafkaError as error:
            raise BrokerAway(f"{self._away}: {said(error)}") from None

    def flush(self, timeout_s: float = DELIVERY_MS / 1000) -> None:
        """Return when the broker has acknowledged all that was sent; else raise BrokerAway and forget it.

        After BrokerAway some of it may have arrived: who sends it again has to bear repeats.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self.wait_for(waiting, timeout_s)

    def wait_for(self, dispatched: Sequence[Any], timeout_s: float = DELIVERY_MS / 1000) -> None:
        """Return when the broker has acknowledged these, as `dispatch` gave them; else raise BrokerAway."""
        until = time.monotonic() + timeout_s
        try:
            self._kafka.flush(timeout_s)
            for future in dispatched:
                future.get(max(0.001, until - time.monotonic()))
        except KafkaError as error:
            raise BrokerAway(f"{self._away}: {said(error)}") from None

    def partitions(self, topic: str) -> int:
        """Count the partitions of a topic. Raises BrokerAway, also for a topic that is not there."""
        try:
            return len(self._kafka.partitions_for(topic))
        except KafkaError as error:
            raise BrokerAway(
                f"{self._away}; or it has no topic {topic} (hostledger topics makes it): {said(error)}"
            ) from None

    def close(self, timeout_s: float = 5) -> None:
        """Close the connections; what was not flushed may be lost."""
        self._kafka.close(timeout_s)
