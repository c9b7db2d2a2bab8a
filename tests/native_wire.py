"""Native blocks on the wire: only the borders of columns are found, the bytes between them are left as they are."""

import re
import struct
from dataclasses import dataclass, field
from typing import Any

WIDTHS = {
    "UInt8": 1,
    "Int8": 1,
    "Bool": 1,
    "UInt16": 2,
    "Int16": 2,
    "Date": 2,
    "UInt32": 4,
    "Int32": 4,
    "Float32": 4,
    "DateTime": 4,
    "Date32": 4,
    "IPv4": 4,
    "UInt64": 8,
    "Int64": 8,
    "Float64": 8,
    "DateTime64": 8,
    "UUID": 16,
    "IPv6": 16,
    "UInt128": 16,
    "Int128": 16,
    "UInt256": 32,
    "Int256": 32,
    "Enum8": 1,
    "Enum16": 2,
    "Nothing": 1,
    "IntervalDay": 8,
}
"""Bytes of a value of the types that have one width."""
DECIMALS = ((9, 4), (18, 8), (38, 16), (76, 32))
NEED_MORE = (IndexError, struct.error)
"""What a parser raises while bytes are missing."""

Parsed = tuple[str, Any]
"""A type: what it is, and its width or what is inside."""
TEXT: Parsed = ("string", None)


@dataclass
class Column:
    name: str
    type: str
    raw: bytes = b""


@dataclass
class Block:
    rows: int = 0
    columns: list[Column] = field(default_factory=list)

    def written(self, *, flagged: bool) -> bytes:
        """As Native bytes; flagged: with the byte for a serialisation of its own behind each type."""
        flag = b"\0" if flagged else b""
        body = b"".join(string(column.name) + string(column.type) + flag + column.raw for column in self.columns)
        return varint(len(self.columns)) + varint(self.rows) + body


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def string(text: str) -> bytes:
    data = text.encode()
    return varint(len(data)) + data


def read_varint(data: bytearray, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, at


def read_string(data: bytearray, at: int) -> tuple[str, int]:
    length, at = read_varint(data, at)
    if at + length > len(data):
        raise IndexError
    return bytes(data[at : at + length]).decode(), at + length


def read_head(data: bytearray, at: int, flagged: bool) -> tuple[tuple[str, str], int]:
    """Name and type of a column."""
    name, at = read_string(data, at)
    kind, at = read_string(data, at)
    if flagged:
        assert not data[at], "a serialisation of its own"
        at += 1
    return (name, kind), at


def read_body(data: bytearray, at: int, kind: Parsed, rows: int) -> tuple[bytes, int]:
    """The bytes of a column."""
    end = _skip(kind, rows, data, _skip_prefix(kind, at)) if rows else at
    if end > len(data):
        raise IndexError
    return bytes(data[at:end]), end


def read_size(data: bytearray, at: int, info: bool = False) -> tuple[tuple[int, int], int]:
    """Columns and rows of a block."""
    while info:  # fields 1 (one byte) and 2 (four bytes), 0 ends
        number, at = read_varint(data, at)
        at += {1: 1, 2: 4}.get(number, 0)
        info = bool(number)
    width, at = read_varint(data, at)
    rows, at = read_varint(data, at)
    return (width, rows), at


def read_block(data: bytearray, at: int, flagged: bool, info: bool = False) -> tuple[Block, int]:
    (width, rows), at = read_size(data, at, info)
    block = Block(rows)
    for _ in range(width):
        (name, kind), at = read_head(data, at, flagged)
        raw, at = read_body(data, at, parse(kind), rows)
        block.columns.append(Column(name, kind, raw))
    return block, at


def parse(text: str) -> Parsed:
    """A type as nested pairs: what it is, and its width or what is inside."""
    found = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    assert found, text
    name, arguments = found[1], _arguments(found[2] or "")
    if name in {"Nullable", "Array", "SimpleAggregateFunction"}:
        inner = parse(arguments[-1])
        return inner if name.startswith("Simple") else (name.lower(), inner)
    if name in {"Map", "Tuple"}:
        parts = "tuple", [parse(re.sub(r"^`?\w+`?\s+(?=[A-Z])", "", argument)) for argument in arguments]
        return parts if name == "Tuple" else ("array", parts)
    if name == "LowCardinality":
        return "keys", parse(re.sub(r"^Nullable\((.*)\)$", r"\1", arguments[0]))
    return TEXT if name == "String" else ("fixed", _width(name, arguments))


def _width(name: str, arguments: list[str]) -> int:
    if name == "Decimal":
        return next(width for digits, width in DECIMALS if int(arguments[0]) <= digits)
    return int(arguments[0]) if name == "FixedString" else WIDTHS[name]


def _arguments(text: str) -> list[str]:
    out, depth, now, quoted = [], 0, "", False
    for letter in text:
        quoted ^= letter == "'"
        if not quoted:
            depth += (letter == "(") - (letter == ")")
            if letter == "," and not depth:
                out.append(now.strip())
                now = ""
                continue
        now += letter
    return [*out, now.strip()] if now.strip() else out


def _skip_prefix(parsed: Parsed, at: int) -> int:
    what, inner = parsed
    if what == "keys":
        return at + 8
    if what in {"nullable", "array"}:
        return _skip_prefix(inner, at)
    for element in inner if what == "tuple" else ():
        at = _skip_prefix(element, at)
    return at


def _skip(parsed: Parsed, rows: int, data: bytearray, at: int) -> int:
    what, inner = parsed
    if what == "fixed":
        return at + inner * rows
    if what == "nullable":
        return _skip(inner, rows, data, at + rows)
    if what == "array":
        total = struct.unpack_from("<Q", data, at + 8 * (rows - 1))[0] if rows else 0
        return _skip(inner, total, data, at + 8 * rows)
    if what == "tuple":
        for element in inner:
            at = _skip(element, rows, data, at)
        return at
    return _skip_strings(rows, data, at) if what == "string" else _skip_keys(inner, rows, data, at)


def skip_strings(rows: int, data: bytearray, at: int) -> tuple[int, int]:
    """Pass over as many of these texts as are there whole; how many are left, and where they begin."""
    size = len(data)
    while rows:
        length, begin = (data[at], at + 1) if at < size else (128, at)
        if length > 127:
            try:
                length, begin = read_varint(data, at)
            except IndexError:
                break
        if begin + length > size:
            break
        at = begin + length
        rows -= 1
    return rows, at


def _skip_strings(rows: int, data: bytearray, at: int) -> int:
    left, at = skip_strings(rows, data, at)
    if left:
        raise IndexError
    return at


def _skip_keys(inner: Parsed, rows: int, data: bytearray, at: int) -> int:
    if not rows:
        return at
    flags, size = struct.unpack_from("<QQ", data, at)
    at = _skip(inner, size, data, at + 16)
    return at + 8 + struct.unpack_from("<Q", data, at)[0] * (1, 2, 4, 8)[flags & 0xFF]
