"""Events of many requests in common records, each request answered by the records that hold its own events."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import structlog

from streams.collector.asking import Asking
from streams.collector.metrics import Metrics
from streams.collector.parcels import Failure, Load, Parcel
from streams.kafka import BrokerAway
from streams.kafka.dead_letters import DeadLetter
from streams.kafka.packing import Packed, Packing
from streams.kafka.producing import Producer, TooLarge
from streams.kafka.routing import Routed, partition
from streams.kafka.topics import Names

GATHER_S = 0.01
"""How long a first event waits for those of other requests."""
MOST_WAITING = 64 * 1024 * 1024
"""Bytes of events that may be unacknowledged; beyond it a request is refused until Kafka is back."""
RETRY_S = 1.0
CLOSE_S = 10.0
log = structlog.get_logger("collector")


class Gatherer:
    """One thread that packs and sends. Without a broker it keeps trying to reach one, and parcels fail meanwhile."""

    def __init__(self, connect: Callable[[], Producer], names: Names, metrics: Metrics) -> None:
        self._connect, self._names, self._metrics = connect, names, metrics
        self._parcels: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._asking = Asking(names, self._parcels.put, self._arrived)
        self._producer: Producer | None = None
        self._away = "not connected yet"
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="gatherer", daemon=True)

    def start(self) -> None:
        """Begin to connect and to send."""
        self._thread.start()

    def close(self) -> None:
        """Send what is there, then end."""
        self._closing = True
        self._parcels.put(None)
        self._thread.join()

    @property
    def away(self) -> str:
        """Why the broker cannot be had, or empty."""
        return self._away

    def take(self, places: list[Routed], letters: Sequence[DeadLetter] = ()) -> Future[None]:
        """Take the events and dead letters of one request. Raises BrokerAway at once if too much is waiting already."""
        size = sum(len(place.line) for place in places) + sum(len(letter.value) for letter in letters)
        parcel = Parcel(places, letters, size)
        parcel.done.set_running_or_notify_cancel()  # a client that hangs up cancels nothing
        with self._lock:
            if self._waiting and self._waiting + parcel.size > MOST_WAITING:
                raise BrokerAway(f"{self._waiting} bytes wait for Kafka already")
            self._waiting += parcel.size
        self._metrics.waiting.inc(parcel.size)
        self._parcels.put(parcel)
        return parcel.done

    @property
    def alive(self) -> bool:
        """Whether the thread runs; without it nothing is ever acknowledged."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_done():
            if self._producer is None:
                self._reach()
            parcels = list(self._gathered())
            if parcels:
                self._send(parcels)
            elif self._away and self._producer and not self._waiting:
                self._let_go()
        self._let_go()

    def _is_done(self) -> bool:
        return self._closing and not self._asking.is_busy and self._parcels.empty()

    def _reach(self) -> None:
        try:
            producer = self._connect()
        except BrokerAway as error:
            self._say_away(error)
            return
        try:
            producer.partitions(self._names.events)
        except BrokerAway as error:
            producer.close()
            self._say_away(error)
        else:
            self._producer = producer
            self._say_back()

    def _let_go(self) -> None:
        """Close the producer; without traffic, a new connection is the way to see that Kafka is back."""
        if self._producer:
            self._producer.close(RETRY_S if self._away else CLOSE_S)
            self._producer = None

    def _gathered(self) -> Iterator[Parcel]:
        """Give what comes within the gathering time after the first parcel; nothing if none comes for a while."""
        until, wait_s = None, RETRY_S
        while wait_s > 0:
            try:
                parcel = self._parcels.get(timeout=wait_s)
            except queue.Empty:
                return
            if parcel is None:
                return
            yield parcel
            until = until or time.monotonic() + GATHER_S
            wait_s = until - time.monotonic()

    def _send(self, parcels: list[Parcel]) -> None:
        try:
            load = self._ready()
            parcels = [parcel for parcel in parcels if not self._asking.holds(load.producer, parcel)]
        except BrokerAway as error:
            self._say_away(error)
            for parcel in parcels:
                self._arrived(parcel, error)
            return
        for parcel in parcels:
            self._pack(load, parcel)
        for packed in load.packing.drain():
            self._dispatch(load, packed, load.riders[packed.partition])
        for parcel in parcels:
            self._arrived(parcel, None)

    def _ready(self) -> Load:
        """Give the producer, and records for its partitions. Raises BrokerAway, also for want of the topic."""
        if self._producer is None:
            raise BrokerAway(self._away)
        partitions = self._producer.partitions(self._names.events)
        return Load(self._producer, Packing(partitions), [[] for _ in range(partitions)])

    def _pack(self, load: Load, parcel: Parcel) -> None:
        """Send what becomes full. A parcel that may have more to come for a partition stays a rider of its record."""
        of_viewers = [place for place in parcel.places if not place.roster]
        for letter in parcel.letters:
            self._dispatch(load, letter, [parcel])
        for place in parcel.places:
            if place.roster:
                self._dispatch(load, place, [parcel])
        for into in {partition(place, load.packing.partitions) for place in of_viewers}:
            load.riders[into].append(parcel)
        for packed in load.packing.add(of_viewers):
            self._dispatch(load, packed, load.riders[packed.partition])
            load.riders[packed.partition] = [parcel]

    def _dispatch(self, load: Load, record: Packed | Routed | DeadLetter, riders: list[Parcel]) -> None:
        with self._lock:
            for parcel in riders:
                parcel.records += 1
        if load.failure:
            self._failed(riders, load.failure)
            return
        try:
            acknowledged = self._sent(load.producer, record)
        except BrokerAway as error:
            load.failure = error
            self._failed(riders, error)
        except TooLarge as error:
            self._refused(riders, error)
        else:
            acknowledged.add_done_callback(lambda done: self._settled(riders, done.exception()))

    def _sent(self, producer: Producer, record: Packed | Routed | DeadLetter) -> Future[None]:
        if isinstance(record, Packed):
            return producer.dispatch(self._names.events, record.value, partition=record.partition)
        if isinstance(record, DeadLetter):
            return producer.dispatch(self._names.dead_letters, record.value, headers=record.headers)
        key = (record.key or "").encode()
        return producer.dispatch(self._names.roster, record.line, partition=0, key=key)

    def _settled(self, riders: list[Parcel], failure: BaseException | None) -> None:
        if isinstance(failure, BrokerAway):
            self._failed(riders, failure)
            return
        if isinstance(failure, TooLarge):
            self._refused(riders, failure)
            return
        self._metrics.records.inc()
        self._say_back()
        for parcel in riders:
            self._arrived(parcel, None)

    def _failed(self, riders: list[Parcel], error: BrokerAway) -> None:
        self._say_away(error)
        for parcel in riders:
            self._arrived(parcel, error)

    def _refused(self, riders: list[Parcel], refusal: TooLarge) -> None:
        """Refuse a record for good only if it held a single request: others may be small enough without each other."""
        log.error("a record is too large", reason=str(refusal))
        failure = refusal if len(riders) == 1 else BrokerAway(str(refusal))
        for parcel in riders:
            self._arrived(parcel, failure)

    def _arrived(self, parcel: Parcel, failure: Failure | None) -> None:
        """One of a parcel's records is settled; the last one settles the parcel."""
        with self._lock:
            parcel.failure = parcel.failure or failure
            parcel.records -= 1
            if parcel.records:
                return
            self._waiting -= parcel.size
        self._metrics.waiting.dec(parcel.size)
        if parcel.failure:
            parcel.done.set_exception(parcel.failure)
        else:
            self._metrics.events.inc(len(parcel.places))
            parcel.done.set_result(None)

    def _say_away(self, error: BrokerAway) -> None:
        if not self._away:
            log.warning("kafka is away", reason=str(error))
        self._away = str(error)
        self._metrics.away.set(1)

    def _say_back(self) -> None:
        if self._away:
            log.info("kafka answers")
            self._away = ""
            self._metrics.away.set(0)
