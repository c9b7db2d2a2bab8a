"""How a line that cannot be taken is parked in the dead-letters topic: its bytes as they came, the rest in headers."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

MOST_BYTES = 1024 * 1024
"""Bytes of one dead letter: a longer line is cut, and `place` says where the whole is."""


class Place(NamedTuple):
    """Where a record came from."""

    topic: str
    partition: int
    offset: int


class DeadLetter(NamedTuple):
    """A value and headers for the dead-letters topic."""

    value: bytes
    headers: list[tuple[str, bytes]]


def beside(file: Path) -> Path:
    """Where it stands what the headers of a dead letter said whose value is in a file."""
    return file.with_name(f"{file.name}.json")


def unusable(payload: bytes, source: str, kind: str, reason: str, remedy: str, **facts: str | None) -> list[DeadLetter]:
    """Make the records of a platform's payload that cannot be booked: nobody else has it, so all of it, in parts.

    facts: the shop that signed, the room, field and value at fault, where known. Headers: reason, remedy, source, kind
    and the facts, as UTF-8 text; a fact that is null is absent. Of several parts each says which it is, as in 2/3, and
    the hash of the whole.
    """
    told = {"reason": reason, "remedy": remedy, "source": source, "kind": kind, **facts}
    parts = [payload[start : start + MOST_BYTES] for start in range(0, len(payload), MOST_BYTES)]
    if len(parts) <= 1:
        return [_letter(payload, told)]
    told["whole"] = sha256(payload).hexdigest()
    return [_letter(part, {**told, "part": f"{number}/{len(parts)}"}) for number, part in enumerate(parts, 1)]


def dead_letter(line: bytes, place: Place, reason: str, remedy: str, **facts: str | None) -> DeadLetter:
    """Make the record of a parked line. facts: field and value at fault, where known, and the like.

    Headers: reason, remedy, topic, partition, offset and the facts, as UTF-8 text; a fact that is null is absent.
    """
    told = {"reason": reason, "remedy": remedy, **place._asdict(), **facts}
    return _letter(line, told)


def _letter(line: bytes, told: Mapping[str, object]) -> DeadLetter:
    texts = [(name, str(value)) for name, value in told.items() if value is not None]
    return DeadLetter(line[:MOST_BYTES], [(name, text.encode(errors="replace")) for name, text in texts])
