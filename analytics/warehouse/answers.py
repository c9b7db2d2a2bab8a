"""What the driver brings as Python values, as the frame that the embedded engine gives through Arrow."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from analytics.warehouse import WarehouseError
from analytics.warehouse.kinds import Kind, dtype, kind, options

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS = {"ms": timedelta(milliseconds=1), "us": timedelta(microseconds=1)}
_HUGE_BYTES = 16
_MS_DIGITS, _DRIVER_DIGITS = 3, 6


def answer(columns: Sequence[Sequence[Any]], header: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Make a frame of columns of Python values. header: name and ClickHouse type of each; no columns are no rows.

    Raises WarehouseError for a type that no frame holds exactly.
    """
    if not columns:
        return _nothing(tuple(header)).clone()
    return pl.DataFrame(
        [_series(name, kind(told), values) for (name, told), values in zip(header, columns, strict=True)]
    )


@lru_cache(1_000)
def _nothing(header: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    """Make a frame without rows once: most of what a batch looks up is not there."""
    return pl.DataFrame([_series(name, kind(told), ()) for name, told in header])


def _series(name: str, of: Kind, values: Sequence[Any]) -> pl.Series:
    target, convert = dtype(of), _converter(of)
    if convert:
        values = [None if value is None else convert(value) for value in values]
    return pl.Series(name, values, dtype=_counted(target)).cast(target)


def _counted(target: pl.DataType) -> pl.DataType:
    """Give the type with counts for times: what a frame takes from whole numbers without a detour."""
    if isinstance(target, pl.Datetime):
        return pl.Int64()
    if isinstance(target, pl.List):
        return pl.List(_counted(target.inner))  # type: ignore[arg-type]  # an instance, as `dtype` makes them
    if isinstance(target, pl.Struct):
        return pl.Struct({field.name: _counted(field.dtype) for field in target.fields})  # type: ignore[arg-type]  # as above
    return target


def _converter(of: Kind) -> Callable[[Any], Any] | None:
    """Give what turns the driver's value into that of the frame; None where they are the same."""
    if of.name in {"Nullable", "LowCardinality"}:
        return _converter(of.inner[0])
    if of.name == "Array":
        return _each(_converter(of.inner[0]))
    if of.name == "Tuple":
        return _fields(of)
    if of.name in {"Enum8", "Enum16"}:
        return options(of).__getitem__
    return _counter(of) if of.name == "DateTime64" else _SINGLE.get(of.name)


def _each(convert: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    return convert and (lambda values: [None if value is None else convert(value) for value in values])


def _fields(of: Kind) -> Callable[[Any], Any]:
    converts = [_converter(inner) or (lambda value: value) for inner in of.inner]
    return lambda values: {
        name: None if value is None else convert(value)
        for name, convert, value in zip(of.names, converts, values, strict=True)
    }


def _counter(of: Kind) -> Callable[[datetime], int]:
    if int(of.arguments[0]) > _DRIVER_DIGITS:
        raise WarehouseError("the driver reads times to the microsecond; ask for toUnixTimestamp64Nano(…) instead")
    step = _STEPS["ms" if int(of.arguments[0]) <= _MS_DIGITS else "us"]
    return lambda value: (value - _EPOCH) // step


_SINGLE: dict[str, Callable[[Any], Any]] = {
    "DateTime": lambda value: int(value.timestamp()),
    "Int128": lambda value: value.to_bytes(_HUGE_BYTES, "little", signed=True),
    "UInt128": lambda value: value.to_bytes(_HUGE_BYTES, "little"),
    "UUID": lambda value: value.bytes,
}
