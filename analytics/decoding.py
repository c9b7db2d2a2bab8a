"""Newline-delimited bytes to frames of facts: fast where all is well, patient where it is not.

A piece of lines is read whole by the strict decoder. If anything in it is not quite right, the odd line is cut out and
read patiently, so that one bad event never harms its neighbours.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

import msgspec
import numpy as np
import polars as pl
from msgspec import Raw

from analytics import rejection
from analytics.columns import ViewerColumns
from analytics.contract import LOOSE_TYPES, TYPES
from analytics.events import MAX_ID_BYTES, Event, ViewerEvent
from analytics.facts import Facts, frames
from analytics.rejection import Reject

PIECE_BYTES = 1 << 15
FEW = 4
"""A piece with more odd lines than this has a producer with fields of its own: its lines are decoded loosely."""
_NEWLINE = ord("\n")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_MARK = b"\xef\xbb\xbf"  # the byte-order mark that some tools put before the first line
_index = re.compile(r"`\$\[(\d+)\]")
_strict = msgspec.json.Decoder(Union[tuple(TYPES.values())])  # noqa: UP007  # the members are data
_loose = msgspec.json.Decoder(Union[tuple(LOOSE_TYPES)])  # noqa: UP007  # as above
_objects = msgspec.json.Decoder(dict[str, Raw])

REJECTS = {
    "position": pl.UInt64,
    "reason": pl.String,
    "field": pl.String,
    "value": pl.String,
    "remedy": pl.String,
    "line": pl.Binary,
}
"""Columns of the rejects frame: position is the line's number in the source, line its original bytes."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a stretch of bytes held."""

    facts: Facts
    rejects: pl.DataFrame
    lines: int
    unknown_fields: int


@dataclass(slots=True)
class _Reading:
    """The running result: viewer events, the other events with their line numbers, rejects."""

    viewer: ViewerColumns
    other: list[tuple[Event, int]]
    rejects: list[tuple[int, str, str | None, str | None, str, bytes]]
    check_viewers: bool
    unknown_fields: int = 0


def decode(data: bytes, first_position: int = 1) -> Decoded:
    """Read newline-delimited events.

    data: whole lines; the last newline may be missing; empty lines are passed over.
    first_position: number of the first line in its source, for the rejects.
    """
    read = _read_all(data, first_position, check_viewers=False)
    facts = frames(read.viewer, read.other)
    if _has_long_ids(facts.viewer_events):
        read = _read_all(data, first_position, check_viewers=True)
        facts = frames(read.viewer, read.other)
    return Decoded(
        facts=facts,
        rejects=pl.DataFrame(read.rejects, schema=REJECTS, orient="row"),
        lines=_lines(data) if data else 0,
        unknown_fields=read.unknown_fields,
    )


def _read_all(data: bytes, first_position: int, *, check_viewers: bool) -> _Reading:
    read = _Reading(ViewerColumns(), [], [], check_viewers)
    position = first_position
    for piece in _pieces(data):
        _read(piece, position, read)
        position += piece.count(b"\n")
    return read


def _has_long_ids(viewer_events: pl.DataFrame) -> bool:
    """Whether an id has more bytes than the contract allows; the strict decoder counts characters."""
    ids = pl.col("event_id", "session_id", "viewer_id", "product_id")
    longest = viewer_events.select(ids.str.len_bytes().max()).row(0)
    return any(length is not None and length > MAX_ID_BYTES for length in longest)


def _pieces(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        cut = data.find(b"\n", start + PIECE_BYTES)
        end = len(data) if cut < 0 else cut + 1
        yield data[start:end]
        start = end


def _read(piece: bytes, position: int, read: _Reading) -> None:
    """Read a piece whole; where that fails, the lines before the odd one, the odd one, and the lines behind it."""
    waiting, odd_ones = [(piece, position)], 0
    while waiting:
        part, first = waiting.pop()
        if _lines(part) == 1:
            _read_one(part.removesuffix(b"\n"), first, read)
            continue
        odd = _read_whole(part, first, read, strictly=odd_ones < FEW)
        if odd is not None:
            odd_ones += 1
            cuts = _cuts(part, odd)
            waiting += [(part[start:end], first + line) for line, start, end in reversed(cuts)]


def _read_whole(part: bytes, first: int, read: _Reading, *, strictly: bool) -> int | None:
    """Read lines at once. Returns null if all is well, else the number of a line to cut at, from 0."""
    lines = _lines(part)
    try:
        events, unknown = (_strict.decode_lines(part), 0) if strictly else _decoded_loosely(part)
        if len(events) == lines and _breaks_between_events(part):
            _keep(events, first, read)
            read.unknown_fields += unknown
            return None
    except msgspec.ValidationError as error:
        if named := _index.search(str(error)):
            return min(int(named[1]), lines - 1)
    except (*_UNREADABLE, Reject):
        pass
    return lines // 2


def _breaks_between_events(part: bytes) -> bool:
    """Whether no event goes over a line break, which is but a space to the decoder: none has one between } and {."""
    if not part.startswith(b"{"):
        return False
    text = np.frombuffer(part, dtype=np.uint8)
    breaks = np.flatnonzero(text[:-1] == _NEWLINE)
    ends = breaks - 1
    ends -= text[ends] == ord("\r")
    return bool((text[ends] == ord("}")).all() and (text[breaks + 1] == ord("{")).all())


def _lines(part: bytes) -> int:
    """Count lines; the last one may lack its newline."""
    return part.count(b"\n") + (not part.endswith(b"\n"))


def _decoded_loosely(part: bytes) -> tuple[list[Event], int]:
    """Decode lines, leaving out fields that the contract does not know, and counting them."""
    events, objects = _loose.decode_lines(part), _objects.decode_lines(part)
    return events, sum(map(rejection.unknown_fields, events, objects))


def _cuts(part: bytes, odd: int) -> list[tuple[int, int, int]]:
    """Cut before and behind a line: (number of the first line, start, end) of each piece that is not empty."""
    ends = np.flatnonzero(np.frombuffer(part, dtype=np.uint8) == _NEWLINE) + 1
    start = int(ends[odd - 1]) if odd else 0
    behind = int(ends[odd]) if odd < len(ends) else len(part)
    bounds = ((0, 0, start), (odd, start, behind), (odd + 1, behind, len(part)))
    return [(line, begin, end) for line, begin, end in bounds if begin < end]


def _keep(events: list[Event], position: int, read: _Reading) -> None:
    viewer = [event for event in events if isinstance(event, ViewerEvent)]
    other: list[tuple[Event, int]] = []
    if len(viewer) < len(events):
        numbered = enumerate(events, position)
        other = [(event, number) for number, event in numbered if not isinstance(event, ViewerEvent)]
    for event in events if read.check_viewers else [event for event, _ in other]:
        rejection.check(event)
    read.viewer.add(viewer)
    read.other += other


def _read_one(line: bytes, position: int, read: _Reading) -> None:
    if not line.removeprefix(_MARK).strip():
        return
    try:
        event, unknown = _read_patiently(line)
    except Reject as reject:
        read.rejects.append((position, reject.reason, reject.field, reject.value, reject.remedy, line))
        return
    read.unknown_fields += unknown
    if isinstance(event, ViewerEvent):
        read.viewer.add([event])
    else:
        read.other.append((event, position))


def _read_patiently(line: bytes) -> tuple[Event, int]:
    try:
        event = _strict.decode(line)
    except _UNREADABLE:
        return rejection.read_line(line.removeprefix(_MARK))
    rejection.check(event)
    return event, 0
