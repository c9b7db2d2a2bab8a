"""Newline-delimited bytes to frames of facts: fast where all is well, patient where it is not.

A piece of lines is read whole by the strict decoder. If anything in it is not quite right, the odd line is cut out and
read patiently, so that one bad event never harms its neighbours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Self, Union

import msgspec
import numpy as np
import polars as pl
from msgspec import Raw

from analytics import rejection
from analytics.columns import OTHER, ViewerColumns, kinds_of
from analytics.contract import LOOSE_TYPES, TYPES
from analytics.events import MAX_ID_BYTES, Event, ViewerEvent
from analytics.facts import Facts, frames
from analytics.rejection import Reject

PIECE_BYTES = 1 << 15
_NEAR_BYTES = 1 << 18
"""So many bytes are still near the processor when their lines' first and last letters are looked at."""
FEW = 4
"""A piece with more odd lines than this has a producer with fields of its own: its lines are decoded loosely."""
_NEWLINE = ord("\n")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some tools put before the first line; it is passed over."""
_is_of_viewer = bytes(kind != OTHER for kind in range(256))
_is_other = bytes(kind == OTHER for kind in range(256))
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


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where the lines of some bytes end (behind the newline), and which of them go from { to }."""

    ends: np.ndarray
    tidy: np.ndarray

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Find the lines; the last one may lack its newline."""
        if not data:
            return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
        text = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", dtype=np.uint8)
        ends, opened, closed = [], [text[:1] == ord("{")], []
        for start in range(0, len(text), _NEAR_BYTES):
            near = np.flatnonzero(text[start : start + _NEAR_BYTES] == _NEWLINE) + (start + 1)
            last = np.maximum(near - 2, 0)
            last -= text[last] == ord("\r")
            ends.append(near)
            opened.append(text[np.minimum(near, len(text) - 1)] == ord("{"))
            closed.append(text[last] == ord("}"))
        return cls(np.concatenate(ends), np.concatenate(opened)[:-1] & np.concatenate(closed))

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Cut into pieces of about PIECE_BYTES: the first line, and the line behind the last one."""
        line, start = 0, 0
        while line < len(self.ends):
            behind = min(int(np.searchsorted(self.ends, start + PIECE_BYTES)) + 1, len(self.ends))
            yield line, behind
            line, start = behind, int(self.ends[behind - 1])

    def untidy(self, start: int, end: int) -> int | None:
        """Give the first line that is no object from its beginning to its end: a line break is but a space to JSON."""
        tidy = self.tidy[start:end]
        return None if tidy.all() else start + int(tidy.argmin())

    def bytes(self, data: bytes, start: int, end: int) -> bytes:
        """The bytes of the lines from start to before end."""
        return data[int(self.ends[start - 1]) if start else 0 : int(self.ends[end - 1])]


@dataclass(slots=True)
class _Reading:
    """The running result: viewer events, the other events with their line numbers, rejects."""

    data: bytes
    lines: _Lines
    first_position: int
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
        lines=len(read.lines.ends),
        unknown_fields=read.unknown_fields,
    )


def is_empty(line: bytes) -> bool:
    """Whether a line holds nothing, so that `decode` passes over it."""
    return not line.removeprefix(MARK).strip()


def _read_all(data: bytes, first_position: int, *, check_viewers: bool) -> _Reading:
    read = _Reading(data, _Lines.of(data), first_position, ViewerColumns(), [], [], check_viewers)
    for first, behind in read.lines.pieces():
        _read(first, behind, read)
    return read


def _has_long_ids(viewer_events: pl.DataFrame) -> bool:
    """Whether an id has more bytes than the contract allows; the strict decoder counts characters."""
    ids = pl.col("event_id", "session_id", "viewer_id", "product_id")
    longest = viewer_events.select(ids.str.len_bytes().max()).row(0)
    return any(length is not None and length > MAX_ID_BYTES for length in longest)


def _read(first: int, behind: int, read: _Reading) -> None:
    """Read lines whole; where that fails, those before the odd one, the odd one, and those behind it."""
    waiting, odd_ones = [(first, behind)], 0
    while waiting:
        start, end = waiting.pop()
        if end - start == 1:
            _read_one(start, read)
            continue
        odd = _read_whole(start, end, read, strictly=odd_ones < FEW)
        if odd is not None:
            odd_ones += 1
            cuts = ((start, odd), (odd, odd + 1), (odd + 1, end))
            waiting += [(begin, stop) for begin, stop in reversed(cuts) if begin < stop]


def _read_whole(start: int, end: int, read: _Reading, *, strictly: bool) -> int | None:
    """Read lines at once. Returns null if all is well, else the line to cut at."""
    if (untidy := read.lines.untidy(start, end)) is not None:
        return untidy
    part = read.lines.bytes(read.data, start, end)
    try:
        events, unknown = (_strict.decode_lines(part), 0) if strictly else _decoded_loosely(part)
        if len(events) == end - start:
            _keep(events, read.first_position + start, read)
            read.unknown_fields += unknown
            return None
    except msgspec.ValidationError as error:
        if named := _index.search(str(error)):
            return min(start + int(named[1]), end - 1)
    except (*_UNREADABLE, Reject):
        pass
    return (start + end) // 2


def _decoded_loosely(part: bytes) -> tuple[list[Event], int]:
    """Decode lines, leaving out fields that the contract does not know, and counting them."""
    events, objects = _loose.decode_lines(part), _objects.decode_lines(part)
    return events, sum(map(rejection.unknown_fields, events, objects))


def _keep(events: list[Event], position: int, read: _Reading) -> None:
    kinds = kinds_of(events)
    viewer: Sequence[Any] = events
    other: list[tuple[Event, int]] = []
    if OTHER in kinds:
        other = [(events[at], position + at) for at in compress(range(len(events)), kinds.translate(_is_other))]
        viewer = list(compress(events, kinds.translate(_is_of_viewer)))
        kinds = kinds.replace(bytes([OTHER]), b"")
    for event in events if read.check_viewers else [event for event, _ in other]:
        rejection.check(event)
    read.viewer.add(viewer, kinds)
    read.other += other


def _read_one(number: int, read: _Reading) -> None:
    line = read.lines.bytes(read.data, number, number + 1).removesuffix(b"\n")
    position = read.first_position + number
    try:
        found = read_line(line)
    except Reject as reject:
        read.rejects.append((position, reject.reason, reject.field, reject.value, reject.remedy, line))
        return
    if found is None:
        return
    event, unknown = found
    read.unknown_fields += unknown
    if isinstance(event, ViewerEvent):
        read.viewer.add([event], kinds_of([event]))
    else:
        read.other.append((event, position))


def read_line(line: bytes) -> tuple[Event, int] | None:
    """Read one line by itself, as `decode` judges it: its event and how many fields the contract does not know.

    Null for an empty line, also one of a byte-order mark alone. Raises Reject.
    """
    if is_empty(line):
        return None
    try:
        event = _strict.decode(line)
    except _UNREADABLE:
        return rejection.read_line(line.removeprefix(MARK))
    rejection.check(event)
    return event, 0
