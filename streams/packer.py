"""Topics with one event per record become packed topics: read far ahead, packed, acknowledged, and only then committed.

A crash repeats what was not committed; repeats are dropped later by event id, so nothing is lost or counted twice.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, KafkaError
from prometheus_client import CollectorRegistry, Counter, Gauge

from analytics.decoding import MARK, is_empty
from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.dead_letters import DeadLetter, Place, dead_letter
from streams.kafka.packing import AGE_MS, Packed, Packing
from streams.kafka.producing import Producer
from streams.kafka.routing import Routed, routed
from streams.kafka.topics import Names

MOST_EVENT = 1024 * 1024
"""Bytes of the longest event that is taken, as in the collector."""
MOST_RECORDS = 20_000
"""Records of one cycle."""
FETCH_BYTES = 8 * 1024 * 1024
RETRY_S = 1.0
log = structlog.get_logger("packer")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Metrics:
    """What the packer counts, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter("hostledger_packer_events", "Events packed and acknowledged", registry=self.registry)
        self.records = Counter("hostledger_packer_records", "Packed records acknowledged", registry=self.registry)
        self.parked = Counter(
            "hostledger_packer_parked_records",
            "Records sent to the dead letters, by reason code",
            ["reason"],
            registry=self.registry,
        )
        self.away = Gauge(
            "hostledger_packer_kafka_away", "1 while Kafka does not answer or acknowledge", registry=self.registry
        )


class Cycle:
    """What came in one turn of the loop: the lines, the parked records, the offsets to commit."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.parked: list[tuple[str, DeadLetter]] = []
        self.offsets: dict[Any, int] = {}
        self.records = 0

    def add(self, fetched: dict[Any, list[Any]]) -> None:
        """Add records of partitions, in order."""
        for where, records in fetched.items():
            self.offsets[where] = records[-1].offset + 1
            self.records += len(records)
            for record in records:
                self._add(record)

    def _add(self, record: Any) -> None:  # noqa: ANN401  # aiokafka's record, whatever its key and value
        if record.value is None:
            self._park(record, b"", "null_record", "send events, not empty records")
            return
        for line in _events(record.value):
            if len(line) > MOST_EVENT:
                self._park(record, line, "event_too_large", f"send events of at most {MOST_EVENT} bytes")
            else:
                self.lines.append(line)

    def _park(self, record: Any, line: bytes, reason: str, remedy: str) -> None:  # noqa: ANN401  # as above
        place = Place(record.topic, record.partition, record.offset)
        self.parked.append((reason, dead_letter(line, place, reason, remedy)))


def _events(value: bytes) -> list[bytes]:
    """Bring a record on lines: one event, perhaps written over several of them, or several events."""
    if b"\n" in value and not _is_object(value.removeprefix(MARK)):
        return [line for part in value.split(b"\n") if not is_empty(line := part.strip(b" \t\r"))]
    return [] if is_empty(value) else [value.strip().replace(b"\n", b" ")]


def _is_object(value: bytes) -> bool:
    try:
        _object.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


class Packer:
    """Reads topics as one member of a group until it is told to stop. Raises BrokerAway if Kafka is away at first."""

    def __init__(self, connection: Connection, topics: Iterable[str], names: Names, metrics: Metrics) -> None:
        self._connection, self._topics, self._names, self._metrics = connection, list(topics), names, metrics
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End after the cycle at hand."""
        self._stopped.set()

    async def run(self) -> None:
        """Pack until stopped."""
        producer = await asyncio.to_thread(Producer, self._connection)
        consumer = AIOKafkaConsumer(
            *self._topics,
            **self._connection.options(),
            group_id=f"{self._names.events}.packer",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            partitions = await asyncio.to_thread(producer.partitions, self._names.events)
            await consumer.start()
            while not self._stopped.is_set():
                await self._turn(consumer, producer, partitions)
        except KafkaConnectionError as error:
            raise BrokerAway(f"{self._connection.away}: {error}") from None
        finally:
            await consumer.stop()
            await asyncio.to_thread(producer.close)

    async def _turn(self, consumer: AIOKafkaConsumer, producer: Producer, partitions: int) -> None:
        cycle = await _collected(consumer)
        if not cycle.records:
            return
        places = routed(cycle.lines)
        roster = [place for place in places if place.roster]
        packing = Packing(partitions)
        packed = [*packing.add(place for place in places if not place.roster), *packing.drain()]
        while not await self._sent(producer, packed, roster, cycle.parked):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), RETRY_S)
            if self._stopped.is_set():
                return
        self._metrics.events.inc(len(places))
        self._metrics.records.inc(len(packed) + len(roster))
        for reason, _ in cycle.parked:
            self._metrics.parked.labels(reason).inc()
        await _commit(consumer, cycle)

    async def _sent(
        self,
        producer: Producer,
        packed: Sequence[Packed],
        roster: Sequence[Routed],
        parked: Sequence[tuple[str, DeadLetter]],
    ) -> bool:
        """Send all of it and say whether the broker has it; if not, some of it may have arrived."""
        try:
            await asyncio.to_thread(self._send, producer, packed, roster, parked)
        except BrokerAway as error:
            self._metrics.away.set(1)
            log.warning("kafka is away", reason=str(error))
            return False
        self._metrics.away.set(0)
        return True

    def _send(
        self,
        producer: Producer,
        packed: Sequence[Packed],
        roster: Sequence[Routed],
        parked: Sequence[tuple[str, DeadLetter]],
    ) -> None:
        for record in packed:
            producer.send(self._names.events, record.value, partition=record.partition)
        for place in roster:
            producer.send(self._names.roster, place.line, partition=0, key=(place.key or "").encode())
        for _, letter in parked:
            producer.send(self._names.dead_letters, letter.value, headers=letter.headers)
        producer.flush()


async def _collected(consumer: AIOKafkaConsumer) -> Cycle:
    """Read until there is enough for full records, or the first event has waited long enough."""
    cycle = Cycle()
    left_ms, until = AGE_MS, 0.0
    while left_ms > 0 and cycle.records < MOST_RECORDS:
        cycle.add(await consumer.getmany(timeout_ms=left_ms, max_records=MOST_RECORDS - cycle.records))
        now = time.monotonic()
        if not cycle.records:
            break
        until = until or now + AGE_MS / 1000
        left_ms = int((until - now) * 1000)
    return cycle


async def _commit(consumer: AIOKafkaConsumer, cycle: Cycle) -> None:
    """Commit what still is ours; what is not, or cannot be committed now, comes again, here or at another member."""
    ours = consumer.assignment()
    offsets = {where: offset for where, offset in cycle.offsets.items() if where in ours}
    try:
        if offsets:
            await consumer.commit(offsets)
    except KafkaError as error:
        log.warning("offsets not committed; events will be repeated", reason=type(error).__name__)
