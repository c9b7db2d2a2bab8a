"""ClickHouse types, read from their names, and the polars types that hold their values.

The polars types are those that the embedded engine gives through Arrow: an enum is its number, a DateTime its seconds,
a 128-bit integer its 16 bytes, low cardinality is invisible.
"""

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from analytics.warehouse import WarehouseError

WRAPPERS = {"Nullable", "LowCardinality", "Array"}
NUMBERS: dict[str, tuple[str, pl.DataType]] = {
    "Int8": ("<i1", pl.Int8()),
    "Int16": ("<i2", pl.Int16()),
    "Int32": ("<i4", pl.Int32()),
    "Int64": ("<i8", pl.Int64()),
    "UInt8": ("<u1", pl.UInt8()),
    "UInt16": ("<u2", pl.UInt16()),
    "UInt32": ("<u4", pl.UInt32()),
    "UInt64": ("<u8", pl.UInt64()),
    "Float32": ("<f4", pl.Float32()),
    "Float64": ("<f8", pl.Float64()),
}
"""Plain numbers: how numpy and polars call them."""
_PLAIN: dict[str, pl.DataType] = {name: dtype for name, (_, dtype) in NUMBERS.items()} | {
    "Bool": pl.Boolean(),
    "String": pl.String(),
    "Date": pl.Date(),
    "Date32": pl.Date(),
    "Nothing": pl.Null(),
    "DateTime": pl.UInt32(),
    "Enum8": pl.Int8(),
    "Enum16": pl.Int16(),
    "Int128": pl.Binary(),
    "UInt128": pl.Binary(),
    "UUID": pl.Binary(),
}
_TYPE = re.compile(r"\s*(\w+)\s*(?:\((.*)\))?\s*", re.DOTALL)
_ELEMENT = re.compile(r"(?:(`[^`]+`|\w+)\s+)?([A-Z].*)", re.DOTALL)
_OPTION = re.compile(r"\s*'((?:[^'\\]|\\.)*)'\s*=\s*(-?\d+)\s*", re.DOTALL)
DIGITS = 38
"""Digits of the longest decimal that polars holds."""
_UNITS = (("ms", 3), ("us", 6), ("ns", 9))


@dataclass(frozen=True, slots=True)
class Kind:
    """A ClickHouse type: its name, its arguments as text, the types inside it, and the names of a tuple's elements."""

    name: str
    arguments: tuple[str, ...] = ()
    inner: tuple["Kind", ...] = ()
    names: tuple[str, ...] = ()


@cache
def kind(text: str) -> Kind:
    """Read the name of a ClickHouse type. Raises WarehouseError."""
    found = _TYPE.fullmatch(text)
    if not found:
        raise WarehouseError(f"type {text} is not understood")
    name, arguments = found[1], tuple(_split(found[2])) if found[2] else ()
    if name == "SimpleAggregateFunction":
        return kind(arguments[1])
    if name in WRAPPERS:
        return Kind(name, arguments, (kind(arguments[0]),))
    if name == "Tuple":
        elements = [_ELEMENT.fullmatch(part) for part in arguments]
        names = tuple((found[1] or str(at)).strip("`") for at, found in enumerate(elements, 1) if found)
        return Kind(name, arguments, tuple(kind(found[2]) for found in elements if found), names)
    return Kind(name, arguments)


def dtype(of: Kind) -> pl.DataType:
    """Give the polars type that holds the values of a ClickHouse type. Raises WarehouseError if none holds them."""
    if plain := _PLAIN.get(of.name):
        if of.name == "DateTime" and not of.arguments:
            raise _zoneless(of)
        return plain
    if of.name in {"Nullable", "LowCardinality"}:
        return dtype(of.inner[0])
    if of.name == "Array":
        return pl.List(dtype(of.inner[0]))
    if of.name == "Tuple":
        return pl.Struct({name: dtype(inner) for name, inner in zip(of.names, of.inner, strict=True)})
    if of.name == "Decimal" and int(of.arguments[0]) <= DIGITS:
        return pl.Decimal(int(of.arguments[0]), int(of.arguments[1]))
    if of.name == "DateTime64":
        return _moments(of)
    raise WarehouseError(f"type {of.name} is not read exactly here; turn it into text with toString(…) in the query")


def options(of: Kind) -> dict[str, int]:
    """Give the numbers of an enum by their names."""
    found = [_OPTION.fullmatch(argument) for argument in of.arguments]
    return {re.sub(r"\\(.)", r"\1", option[1]): int(option[2]) for option in found if option}


def _moments(of: Kind) -> pl.DataType:
    if len(of.arguments) == 1:
        raise _zoneless(of)
    unit = next(unit for unit, digits in _UNITS if int(of.arguments[0]) <= digits)
    return pl.Datetime(unit, of.arguments[1].strip("'"))  # type: ignore[arg-type]  # one of the three units


def _zoneless(of: Kind) -> WarehouseError:
    return WarehouseError(f"type {of.name} has no time zone; name one in the query, as in toDateTime64(x, 3, 'UTC')")


def _split(text: str) -> list[str]:
    """Cut at the commas that are in no brackets and no quotes."""
    parts, depth, quoted, begin, at = [], 0, False, 0, 0
    while at < len(text):
        character = text[at]
        if quoted:
            at += character == "\\"
            quoted = character != "'"
        elif character == "'":
            quoted = True
        elif character == "," and not depth:
            parts.append(text[begin:at].strip())
            begin = at + 1
        else:
            depth += (character == "(") - (character == ")")
        at += 1
    return [*parts, text[begin:].strip()]
