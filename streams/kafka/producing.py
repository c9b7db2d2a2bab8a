"""The producer that only believes acknowledgements: all replicas, idempotent, lz4. Nothing is sent and forgotten."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.saying import said
from streams.kafka.topics import MAX_MESSAGE_BYTES

LINGER_MS = 5
BATCH_BYTES = 1024 * 1024
DELIVERY_MS = 30_000
METADATA_MS = 5_000
ENDING_S = 1.0
"""How long a client that ends may still send."""
_ROOM = 4096
"""Bytes that headers and framing of a record may take beside its value."""


class TooLarge(ValueError):  # noqa: N818  # named for what is the case
    """The record exceeds what the topics take; it can never be sent."""


class Producer:
    """A producer with acks=all and idempotence: what it repeats after a lost answer is kept once by the broker.

    Any thread may send; `flush` speaks for all that was sent before it. Raises BrokerAway if no broker answers.
    A client of kafka-python that has given up a record is not used again: if it had tried to send it, it then waits for
    a producer id for ever (3.0.12). What is sent next goes out by a new client.
    """

    def __init__(self, connection: Connection, delivery_ms: int = DELIVERY_MS, linger_ms: int = LINGER_MS) -> None:
        self._lock = Lock()
        self._waiting: list[Any] = []
        self._away = connection.away
        self._options = {
            **connection.options(),
            "client_id": "hostledger",
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": "lz4",
            "linger_ms": linger_ms,
            "batch_size": BATCH_BYTES,
            "max_request_size": MAX_MESSAGE_BYTES,
            "delivery_timeout_ms": delivery_ms,
            "request_timeout_ms": min(delivery_ms // 2, DELIVERY_MS),
            "max_block_ms": METADATA_MS,
            "bootstrap_timeout_ms": METADATA_MS,
            "reconnect_backoff_max_ms": 1000,
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
        }
        self._client: KafkaProducer | None = None
        self._spent: list[KafkaProducer] = []
        self._at_work()

    def _at_work(self) -> KafkaProducer:
        """Give the client that sends; the one before has ended if it gave up a record. Raises BrokerAway."""
        with self._lock:
            spent, self._spent = self._spent, []
        for client in spent:
            _end(client, ENDING_S)
        with self._lock:
            if self._client is None:
                with self._answering():
                    self._client = KafkaProducer(**self._options)
            return self._client

    def _give_up(self, client: KafkaProducer) -> None:
        """Send nothing more by this client; it is called from its own thread too, which cannot end itself."""
        with self._lock:
            if self._client is client:
                self._client = None
                self._spent.append(client)

    @contextmanager
    def _answering(self, remedy: str = "") -> Iterator[None]:
        """Say BrokerAway where kafka-python fails."""
        try:
            yield
        except KafkaError as error:
            raise BrokerAway(f"{self._away}{remedy}: {said(error)}") from None

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
        client = self._at_work()
        with self._answering():
            try:
                future = client.send(topic, value, key=key, headers=list(headers), partition=partition)
            except MessageSizeTooLargeError as error:
                raise TooLarge(said(error)) from None
        future.add_errback(lambda _: self._give_up(client))
        return future

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
        with self._lock:
            client = self._client
        with self._answering():
            if client:
                client.flush(timeout_s)
            for future in dispatched:
                future.get(max(0.001, until - time.monotonic()))

    def partitions(self, topic: str) -> int:
        """Count the partitions of a topic. Raises BrokerAway, also for a topic that is not there."""
        client = self._at_work()
        with self._answering(f"; or it has no topic {topic} (hostledger topics makes it)"):
            return len(client.partitions_for(topic))

    def close(self, timeout_s: float = 5) -> None:
        """Close the connections; what was not acknowledged within that time may be lost."""
        with self._lock:
            ending, self._spent = [*self._spent, self._client], []
            self._client = None
        for client in filter(None, ending):
            _end(client, timeout_s)


def _end(client: KafkaProducer, timeout_s: float) -> None:
    """Close a client, or let go of what it cannot send: its futures then fail."""
    try:
        client.close(timeout_s)
    except KafkaTimeoutError:  # with records that cannot be sent, it gives up before it has ended its thread
        client._sender.force_close()  # noqa: SLF001  # there is no other way to let go of them
        client.close(timeout_s)
