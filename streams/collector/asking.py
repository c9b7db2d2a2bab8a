"""Topics beside the events are asked for aside: where one is missing, no answer comes, and only who needs it waits."""

import threading
from collections.abc import Callable

import structlog

from streams.collector.parcels import Parcel
from streams.kafka import BrokerAway
from streams.kafka.producing import Producer
from streams.kafka.topics import Names

log = structlog.get_logger("collector")


class Asking:
    """Holds parcels while a topic of theirs is being asked for, each topic by one thread.

    send: takes those whose topic is there; fail: those whose topic cannot be had.
    """

    def __init__(
        self, names: Names, send: Callable[[Parcel], None], fail: Callable[[Parcel, BrokerAway], None]
    ) -> None:
        self._names, self._send, self._fail = names, send, fail
        self._lock = threading.Lock()
        self._held: dict[str, list[Parcel]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether any parcel is held."""
        with self._lock:
            return bool(self._held)

    def holds(self, producer: Producer, parcel: Parcel) -> bool:
        """Hold a parcel if a topic of it is not known yet. Raises BrokerAway."""
        topic = next((topic for topic in sorted(parcel.topics(self._names)) if not producer.knows(topic)), None)
        if topic is None:
            return False
        with self._lock:
            held = self._held.setdefault(topic, [])
            held.append(parcel)
        if held == [parcel]:
            threading.Thread(target=self._ask, args=(producer, topic), name=f"asks for {topic}", daemon=True).start()
        return True

    def _ask(self, producer: Producer, topic: str) -> None:
        failure = None
        try:
            producer.partitions(topic)
        except BrokerAway as error:
            failure = error
            log.warning("a topic cannot be had", topic=topic, reason=str(error))
        with self._lock:
            held = self._held.pop(topic)
            if not failure:
                for parcel in held:
                    self._send(parcel)
                return
        for parcel in held:
            self._fail(parcel, failure)
