"""Which topic, key and partition an event has. Nothing is judged: what cannot be read goes where a worker rejects it.

Viewer events and orders follow their viewer, refunds their order (its viewer may be unknown); the roster has its topic.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct as Layout
from typing import NamedTuple
from zlib import crc32

import msgspec
from msgspec import Raw, Struct

from analytics.contract import ROSTER_TYPES
from analytics.decoding import MARK
from analytics.events import MAX_ID_BYTES, OrderRefunded

ROSTER = frozenset(str(struct.__struct_config__.tag) for struct in ROSTER_TYPES)
REFUND = str(OrderRefunded.__struct_config__.tag)
_REMEMBERED = 1 << 16
_WORD = 0xFFFFFFFF
_SEED, _MIX = 0x9747B28C, 0x5BD1E995


class Routed(NamedTuple):
    """One line and where it goes: the roster topic, or events; without a key it goes by its bytes.

    A roster event without an id, or with one longer than ids may be, goes to the events: it can be no record's key.
    """

    line: bytes
    roster: bool
    key: str | None


class _Head(Struct, gc=False):
    type: str | None = None
    event_id: str | int | None = None
    viewer_id: str | int | None = None
    order_id: str | int | None = None


_heads = msgspec.json.Decoder(_Head)
_objects = msgspec.json.Decoder(dict[str, Raw])
_words = Layout("<I")
_text = msgspec.json.Decoder(str)
_number = re.compile(rb"(?!-0$)-?\d")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def routed(lines: Sequence[bytes]) -> list[Routed]:
    """Say where each line goes; a line is one event without its newline."""
    if all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        try:
            heads = _heads.decode_lines(b"\n".join(lines))
        except _UNREADABLE:
            heads = []
        if len(heads) == len(lines):
            return [_place(line, head) for line, head in zip(lines, heads, strict=True)]
    return [_place(line, _read(line)) for line in lines]


def partition_of(key: str, partitions: int) -> int:
    """Give the partition of a key, the same as Kafka's default partitioner (murmur2 of its UTF-8 bytes)."""
    return _positive_murmur2(key) % partitions


def partition(place: Routed, partitions: int) -> int:
    """Give the partition of a line of the events topic."""
    return crc32(place.line) % partitions if place.key is None else partition_of(place.key, partitions)


def _place(line: bytes, head: _Head) -> Routed:
    kind = head.type
    if kind in ROSTER:
        key = _digits(head.event_id)
        return Routed(line, key is not None and len(key) <= MAX_ID_BYTES, key)
    return Routed(line, False, _digits(head.order_id if kind == REFUND else head.viewer_id))


def _digits(value: str | int | None) -> str | None:
    if value.__class__ is int:
        return str(value)
    return value or None  # type: ignore[return-value]  # text or null


def _read(line: bytes) -> _Head:
    line = line.removeprefix(MARK)
    try:
        return _heads.decode(line)
    except msgspec.ValidationError:
        return _read_patiently(line)
    except _UNREADABLE:
        return _Head()


def _read_patiently(line: bytes) -> _Head:
    """Read ids that are numbers beyond 64 bits as their exact digits, as the contract does."""
    try:
        raw = _objects.decode(line)
        return _Head(*(_exact(raw.get(name)) for name in _Head.__struct_fields__))
    except _UNREADABLE:
        return _Head()


def _exact(raw: Raw | None) -> str | None:
    if raw is None:
        return None
    value = bytes(raw)
    if value.startswith(b'"'):
        return _text.decode(value)
    return value.decode() if _number.match(value) else "0" if value == b"-0" else None


@lru_cache(_REMEMBERED)
def _positive_murmur2(key: str) -> int:
    """Austin Appleby's MurmurHash2 as Kafka's Java client has it (org.apache.kafka.common.utils.Utils.murmur2)."""
    data = key.encode()
    length = len(data)
    whole = length & ~3
    found = _SEED ^ length
    for (word,) in _words.iter_unpack(data[:whole]):
        mixed = word * _MIX & _WORD
        found = (found * _MIX & _WORD) ^ ((mixed ^ mixed >> 24) * _MIX & _WORD)
    if rest := data[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * _MIX & _WORD
    found = (found ^ found >> 13) * _MIX & _WORD
    return (found ^ found >> 15) & 0x7FFFFFFF
