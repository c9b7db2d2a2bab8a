"""What is in the topic of dead letters now: all that was parked, by workers, packers and collectors alike."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from streams.kafka.connection import Connection
from streams.kafka.reading import whole_topic


class Letter(NamedTuple):
    """One dead letter and where it is. told: what its headers say, `reason` and `remedy` always among it."""

    partition: int
    offset: int
    at_ms: int
    value: bytes
    told: Mapping[str, str]

    @property
    def sender(self) -> str:
        """Whose it was: a platform with the kind of payload, or the topic that the record was in."""
        if "source" in self.told:
            return f"{self.told['source']} {self.told.get('kind', '')}".strip()
        return self.told.get("topic", "")


def letters(connection: Connection, topic: str) -> Iterator[Letter]:
    """Give every dead letter up to the end as it is now, the oldest of each partition first. Raises BrokerAway."""
    return joined(map(_letter, whole_topic(connection, topic)))


def joined(found: Iterable[Letter]) -> Iterator[Letter]:
    """Put together what was parked in parts; where one is missing the others come as they are, at the end."""
    waiting: dict[frozenset[tuple[str, str]], dict[int, Letter]] = {}
    for letter in found:
        if not {"part", "whole"} <= letter.told.keys():
            yield letter
            continue
        number, count = map(int, letter.told["part"].split("/"))
        told = {name: text for name, text in letter.told.items() if name != "part"}
        parts = waiting.setdefault(frozenset(told.items()), {})
        parts[number] = letter
        if len(parts) == count:
            value = b"".join(parts[number].value for number in sorted(parts))
            yield parts[1]._replace(value=value, told={name: told[name] for name in told if name != "whole"})
            parts.clear()
    for parts in waiting.values():
        yield from parts.values()


def _letter(record: Any) -> Letter:  # noqa: ANN401  # kafka-python has no types
    told = {name: value.decode(errors="replace") for name, value in record.headers}
    return Letter(record.partition, record.offset, record.timestamp, record.value or b"", told)
