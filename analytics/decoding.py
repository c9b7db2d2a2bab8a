"""Newline-delimited bytes to frames of facts: fast where all is well, patient where it is not.

A piece of lines is first read whole by the strict decoder. If anything in it is not quite right, its lines are read one
by one, so that one bad event never harms its neighbours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

import msgspec
import numpy as np
import polars as pl

from analytics import rejection
from analytics.contract import TYPES, Event, ViewerEvent
from analytics.facts import Facts, frames
from analytics.rejection import Reject

PIECE_BYTES = 1 << 18
_strict = msgspec.json.Decoder(Union[tuple(TYPES.values())])  # noqa: UP007  # the members are data

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

    viewer: list[ViewerEvent]
    other: list[tuple[Event, int]]
    rejects: list[tuple[int, str, str | None, str | None, str, bytes]]
    unknown_fields: int = 0


def decode(data: bytes, first_position: int = 1) -> Decoded:
    """Read newline-delimited events.

    data: whole lines; the last newline may be missing; empty lines are passed over.
    first_position: number of the first line in its source, for the rejects.
    """
    read = _Reading([], [], [])
    position = first_position
    for piece in _pieces(data):
        _read(piece, position, read)
        position += piece.count(b"\n")
    lines = position - first_position + (not data.endswith(b"\n") and bool(data))
    return Decoded(
        facts=frames(read.viewer, read.other),
        rejects=pl.DataFrame(read.rejects, schema=REJECTS, orient="row"),
        lines=lines,
        unknown_fields=read.unknown_fields,
    )


def _pieces(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        cut = data.find(b"\n", start + PIECE_BYTES)
        end = len(data) if cut < 0 else cut + 1
        yield data[start:end]
        start = end


def _read(piece: bytes, position: int, read: _Reading) -> None:
    try:
        events = _strict.decode_lines(piece)
        if _one_per_line(piece, len(events)):
            _keep(events, position, read, ids_are_short=piece.isascii() and b"\\" not in piece)
            return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Reject):
        pass
    for number, line in enumerate(piece.split(b"\n")):
        if line.strip():
            _read_one(line, position + number, read)


def _one_per_line(piece: bytes, events: int) -> bool:
    """Whether every line is one event: to the decoder a break is a space, but no event has one between } and {."""
    if not piece.endswith(b"\n"):
        return False
    text = np.frombuffer(piece, np.uint8)
    breaks = np.flatnonzero(text == ord("\n"))
    ends = breaks - 1
    ends -= text[ends] == ord("\r")
    starts = breaks[:-1] + 1
    return events == len(breaks) and bool((text[ends] == ord("}")).all() and (text[starts] == ord("{")).all())


def _keep(events: list[Event], position: int, read: _Reading, *, ids_are_short: bool) -> None:
    viewer = [event for event in events if isinstance(event, ViewerEvent)]
    other: list[tuple[Event, int]] = []
    if len(viewer) < len(events):
        numbered = enumerate(events, position)
        other = [(event, number) for number, event in numbered if not isinstance(event, ViewerEvent)]
    for event in [event for event, _ in other] if ids_are_short else events:
        rejection.check(event)
    read.viewer += viewer
    read.other += other


def _read_one(line: bytes, position: int, read: _Reading) -> None:
    try:
        event, unknown = _read_patiently(line)
    except Reject as reject:
        read.rejects.append((position, reject.reason, reject.field, reject.value, reject.remedy, line))
        return
    read.unknown_fields += unknown
    if isinstance(event, ViewerEvent):
        read.viewer.append(event)
    else:
        read.other.append((event, position))


def _read_patiently(line: bytes) -> tuple[Event, int]:
    try:
        event = _strict.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return rejection.read_line(line.removeprefix(b"\xef\xbb\xbf"))
    rejection.check(event)
    return event, 0
