"""Many events in one record: what a consumer spends per record is then spread over its events. No clock, no broker."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.kafka.routing import Routed, partition

MOST_EVENTS = 2000
"""Events of a full record; a caller that flushes by age (AGE_MS) sends smaller ones."""
MOST_BYTES = 512 * 1024
"""Bytes of a full record before compression; one longer event makes a record of its own."""
AGE_MS = 200
"""How long the caller lets an event wait for company."""


class Packed(NamedTuple):
    """One record of the events topic: newline-delimited events of one partition, the last newline included."""

    partition: int
    value: bytes
    events: int


class Packing:
    """Open records, one per partition; events keep the order in which they were added."""

    def __init__(self, partitions: int, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self.partitions = partitions
        self._most_events, self._most_bytes = most_events, most_bytes
        self._lines: list[list[bytes]] = [[] for _ in range(partitions)]
        self._bytes = [0] * partitions

    def add(self, places: Iterable[Routed]) -> Iterator[Packed]:
        """Add lines of the events topic; gives each record that is full. Lines hold no newline."""
        partitions, open_lines, sizes = self.partitions, self._lines, self._bytes
        for place in places:
            into = partition(place, partitions)
            line = place.line
            longer = sizes[into] + len(line) + 1
            if longer > self._most_bytes and open_lines[into]:
                yield self._take(into)
                longer = len(line) + 1
            lines = open_lines[into]
            lines.append(line)
            sizes[into] = longer
            if len(lines) >= self._most_events or longer >= self._most_bytes:
                yield self._take(into)

    def drain(self) -> Iterator[Packed]:
        """Give what is in the open records; afterwards there is none."""
        for into, lines in enumerate(self._lines):
            if lines:
                yield self._take(into)

    def _take(self, into: int) -> Packed:
        lines = self._lines[into]
        self._lines[into], self._bytes[into] = [], 0
        lines.append(b"")
        return Packed(into, b"\n".join(lines), len(lines) - 1)
