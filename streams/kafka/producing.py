"""The producer that only believes acknowledgements: all replicas, idempotent, lz4. Nothing is sent and forgotten."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from kafka import KafkaProducer
from kafka.errors import (
    IllegalStateError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.saying import said
from streams.kafka.topics import MAX_MESSAGE_BYTES

LINGER_MS = 5
BATCH_BYTES = 1024 * 1024
DELIVERY_MS = 30_000
METADATA_MS = 5_000
ENDING_S = 1.0
"""How long is waited for the thread of a client that gave up; it lets go of what it holds by itself."""
_ASK_S = 0.005
_ROOM = 4096
"""Bytes that headers and framing of a record may take beside its value."""


class TooLarge(ValueError):  # noqa: N818  # named for what is the case
    """The record exceeds what its topic takes, or what topics ever take; as it is it can never be sent."""


class Producer:
    """A producer with acks=all and idempotence: what it repeats after a lost answer is kept once by the broker.

    Any thread may send; `flush` speaks for all that was sent before it. Raises BrokerAway if no broker answers.
    A client of kafka-python that has given up a record ends at once, and all that it holds fails with it: if it had
    tried to send the record, it would wait for a producer id for ever, and say nothing of the others (3.0.12). What is
    sent next goes out by a new client.
    """

    def __init__(self, connection: Connection, delivery_ms: int = DELIVERY_MS, linger_ms: int = LINGER_MS) -> None:
        self._lock, self._making = Lock(), Lock()
        self._waiting: list[Future[None]] = []
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
        """Give the client that sends; those before have ended if they gave up a record. Raises BrokerAway."""
        with self._making:
            with self._lock:
                client, spent, self._spent = self._client, self._spent, []
            for ended in spent:
                _end(ended, ENDING_S)
            if client is None:
                with self._answering():
                    made = _connected(self._options)
                with self._lock:
                    self._client = client = made
            return client

    def _give_up(self, client: KafkaProducer) -> bool:
        """Send nothing more by this client: its thread, which may be the one that calls, lets go of what it holds.

        Says whether it was at work until now.
        """
        with self._lock:
            is_at_work = self._client is client
            if is_at_work:
                self._client = None
                self._spent.append(client)
        if is_at_work:
            client._sender.force_close()  # noqa: SLF001  # `close` waits, and its own thread cannot call it
        return is_at_work

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
        acknowledged = self.dispatch(topic, value, partition=partition, key=key, headers=headers)
        with self._lock:
            self._waiting.append(acknowledged)

    def dispatch(
        self,
        topic: str,
        value: bytes | None,
        *,
        partition: int | None = None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> Future[None]:
        """Hand over one record: what is given ends when the broker has it, or else with BrokerAway or TooLarge.

        `wait_for` speaks for it, and `flush` does not. Raises TooLarge, BrokerAway.
        """
        if value is not None and len(value) > MAX_MESSAGE_BYTES - _ROOM:
            raise TooLarge(f"a record of {len(value)} bytes exceeds the {MAX_MESSAGE_BYTES - _ROOM} of topic {topic}")
        client = self._at_work()
        with self._answering():
            try:
                future = client.send(topic, value, key=key, headers=list(headers), partition=partition)
            except MessageSizeTooLargeError as error:
                raise TooLarge(said(error)) from None
        acknowledged: Future[None] = Future()
        future.add_callback(lambda _: acknowledged.set_result(None))
        future.add_errback(lambda error: acknowledged.set_exception(self._failure(client, topic, error)))
        with self._lock:
            is_at_work = self._client is client
        if not is_at_work and not future.is_done:  # it ended meanwhile, and may never have seen this record
            future.failure(IllegalStateError("the client has ended"))
        return acknowledged

    def _failure(self, client: KafkaProducer, topic: str, error: KafkaError) -> BrokerAway | TooLarge:
        """Give the failure of a record, and end the client that could not send it.

        Only the first failure of a client is about the record itself: kafka-python lets go of the others with it.
        """
        if self._give_up(client) and isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            return TooLarge(
                f"the broker takes no record of this length: raise max.message.bytes of topic {topic} to "
                f"{MAX_MESSAGE_BYTES} (hostledger topics says how it stands), or send less at once"
            )
        return BrokerAway(f"{self._away}: {said(error)}")

    def flush(self, timeout_s: float = DELIVERY_MS / 1000) -> None:
        """Return when the broker has acknowledged all that was sent; else raise BrokerAway and forget it.

        After BrokerAway some of it may have arrived: who sends it again has to bear repeats.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self.wait_for(waiting, timeout_s)

    def wait_for(self, dispatched: Sequence[Future[None]], timeout_s: float = DELIVERY_MS / 1000) -> None:
        """Return when the broker has acknowledged these, as `dispatch` gave them; else raise BrokerAway."""
        until = time.monotonic() + timeout_s
        with self._lock:
            client = self._client
        with self._answering():
            if client:
                client.flush(timeout_s)
        for acknowledged in dispatched:
            try:
                acknowledged.result(max(0.001, until - time.monotonic()))
            except TooLarge as error:  # the topic can be mended, and what waits here is lost if it is not sent again
                raise BrokerAway(str(error)) from None
            except TimeoutError:
                raise BrokerAway(f"{self._away}: no acknowledgement within {timeout_s:g} seconds") from None

    def knows(self, topic: str) -> bool:
        """Whether a topic needs not be asked for, so that a record of it is handed over at once. Raises BrokerAway."""
        return self._at_work()._metadata.partitions_for_topic(topic) is not None  # noqa: SLF001  # others ask and wait

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


def _connected(options: Mapping[str, Any]) -> KafkaProducer:
    """Make a client that has its producer id: one without an id sends nothing, and gives nothing up either."""
    client = KafkaProducer(**options)
    until = time.monotonic() + METADATA_MS / 1000
    while not client._transaction_manager.has_producer_id():  # noqa: SLF001  # nothing public tells it
        if time.monotonic() > until:
            _end(client, 0)
            raise KafkaTimeoutError(f"no producer id within {METADATA_MS} ms")
        time.sleep(_ASK_S)
    return client


def _end(client: KafkaProducer, timeout_s: float) -> None:
    """Close a client, or let go of what it cannot send: its futures then fail."""
    with suppress(KafkaTimeoutError):  # with records that cannot be sent, it gives up before it has ended its thread
        client.close(timeout_s)
        return
    client._sender.force_close()  # noqa: SLF001  # there is no other way to let go of them
    client._sender.join(timeout_s)  # noqa: SLF001  # as above
    with suppress(KafkaTimeoutError):  # its thread waits for a broker yet; it ends by itself
        client.close(timeout_s)
