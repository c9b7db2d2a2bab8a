"""What a request sends on its way: parcels, and the records that go out with several of them."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from streams.kafka import BrokerAway
from streams.kafka.dead_letters import DeadLetter
from streams.kafka.packing import Packing
from streams.kafka.producing import Producer, TooLarge
from streams.kafka.routing import Routed
from streams.kafka.topics import Names

Failure = BrokerAway | TooLarge


@dataclass(slots=True, eq=False)
class Parcel:
    """The events of one request on their way; `done` ends when the broker has all of them, or else with a Failure.

    letters: what of the request could not become events, for the dead letters.
    """

    places: list[Routed]
    letters: Sequence[DeadLetter]
    size: int
    done: Future[None] = field(default_factory=Future)
    records: int = 1  # one more than are out, while they are still being handed over
    failure: Failure | None = None

    def topics(self, names: Names) -> set[str]:
        """Name the topics beside the events that it needs."""
        found = {names.roster} if any(place.roster for place in self.places) else set()
        return found | ({names.dead_letters} if self.letters else set())


@dataclass(slots=True, eq=False)
class Load:
    """What goes out at once: open records with their parcels, by partition. With a failure nothing more goes out."""

    producer: Producer
    packing: Packing
    riders: list[list[Parcel]]
    failure: BrokerAway | None = None
