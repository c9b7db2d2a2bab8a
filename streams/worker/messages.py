"""Records on their way to their lanes: where each was found, and what waits for each lane."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.arriving import Record


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        """Name it as sources are named in the warehouse."""
        return f"{self.topic}-{self.partition}"


class Message(NamedTuple):
    """A record where it was found, and when it was appended (ms UTC)."""

    place: Place
    record: Record
    appended_ms: int


@dataclass(slots=True)
class Queue:
    """What waits for a lane, in the order of offsets.

    sought: the missing offset that is being sought, and since when (seconds); given_up: one that was not found in time.
    """

    messages: list[Message] = field(default_factory=list)
    sought: tuple[int, float] | None = None
    given_up: int | None = None

    def missing(self, expected: int) -> int | None:
        """Give the first offset from `expected` on that is not there although a later one is."""
        for message in self.messages:
            offset = message.record.offset
            if offset > expected and expected != self.given_up:
                return expected
            expected = max(expected, offset + 1)
        return None

    def add(self, message: Message) -> None:
        """Put a message at the end; one that is there, or lies before one that is there, is passed over."""
        if not self.messages or message.record.offset > self.messages[-1].record.offset:
            self.messages.append(message)

    def done_until(self, offset: int) -> bool:
        """Let go of what lies before an offset; say whether anything did."""
        before = len(self.messages)
        self.messages = [message for message in self.messages if message.record.offset >= offset]
        return len(self.messages) < before

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return sum(message.record.size for message in self.messages)

    def first(self, size: int) -> Sequence[Message]:
        """Give the first messages that fit into so many bytes, at least one."""
        total = 0
        for number, message in enumerate(self.messages):
            total += message.record.size
            if number and total > size:
                return self.messages[:number]
        return self.messages
