"""Answers of the engine as the page gets them: a value for each cell, exact where it is money."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import polars as pl

from analytics.currencies import EXPONENTS
from analytics.warehouse import WarehouseError
from dashboards.spec import Column, Unit

Cell = str | int | float | None
USUAL_DIGITS = 2
"""Decimals of an amount whose currency is not known."""

_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_SECOND_MS = 1000


def digits(currency: str | None) -> int:
    """Decimals of a currency."""
    return EXPONENTS.get(currency or "", USUAL_DIGITS)


def rows(frame: pl.DataFrame, columns: Sequence[Column], currency: str | None) -> list[list[Cell]]:
    """Write an answer row by row, in the order of the columns.

    Money has the decimals of the row's `currency`, else of the one given. Raises WarehouseError for a column that is
    not there, and for an amount that has digits which its currency does not have.
    """
    if not frame.width:
        return []
    if missing := [column.name for column in columns if column.name not in frame.columns]:
        raise WarehouseError(f"the answer lacks the columns {', '.join(missing)}")
    codes = frame["currency"].to_list() if "currency" in frame.columns else [currency] * frame.height
    written = [_column(frame[column.name], column.unit, codes) for column in columns]
    return [list(row) for row in zip(*written, strict=True)]


def marks(frame: pl.DataFrame) -> list[dict[str, Cell]]:
    """Write the answer of an annotation: time_ms, end_ms (None for a moment), text."""
    if not frame.height:
        return []
    ends = _plain(frame["timeEnd"]) if "timeEnd" in frame.columns else [None] * frame.height
    stretches = zip(_plain(frame["time"]), ends, frame["text"], strict=True)
    return [
        {"time_ms": _time(at), "end_ms": None if end is None else _time(end), "text": _text(words)}
        for at, end, words in stretches
    ]


def _column(series: pl.Series, unit: Unit, codes: Sequence[str | None]) -> list[Cell]:
    if unit is Unit.MONEY:
        pairs = zip(_plain(series), codes, strict=True)
        return [None if value is None else money(value, code) for value, code in pairs]
    write = _WRITERS.get(unit, _text)
    return [None if value is None else write(value) for value in _plain(series)]


def _plain(series: pl.Series) -> list[Any]:
    """Give values as Python has them: 128-bit integers are integers, and times milliseconds UTC."""
    if series.dtype == pl.Binary:
        return [None if value is None else int.from_bytes(value, "little", signed=True) for value in series]
    if isinstance(series.dtype, pl.Datetime):
        return series.dt.epoch("ms").to_list()
    if series.dtype == pl.UInt32:
        return [_Seconds(value) if value is not None else None for value in series]
    return series.to_list()


class _Seconds(int):
    """A number of 32 bits, which is how the engine gives the seconds of a DateTime."""


def money(value: Decimal | float, currency: str | None) -> str | None:
    """Write an amount in whole units of a currency, with its decimals. A rate (a float) is rounded half to even.

    Raises WarehouseError where an exact amount would lose digits.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    written = _EXACT.quantize(exact, Decimal(1).scaleb(-digits(currency)))
    if written != exact and not isinstance(value, float):
        raise WarehouseError(f"the amount {value} has digits that {currency or 'its currency'} does not have")
    return f"{written or abs(written):f}"


def _time(value: int | date | str) -> Cell:
    if isinstance(value, date):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()) * _SECOND_MS
    return int(value) * _SECOND_MS if isinstance(value, _Seconds) else int(value)


def _date(value: date | str | int) -> Cell:
    if isinstance(value, int):
        seconds = value if isinstance(value, _Seconds) else value // _SECOND_MS
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _count(value: Decimal | float) -> Cell:
    return int(value)


def _number(value: Decimal | float) -> Cell:
    if isinstance(value, int):
        return int(value)
    return float(value) if math.isfinite(value) else None


def _text(value: object) -> Cell:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_WRITERS: dict[Unit, Callable[[Any], Cell]] = {
    Unit.TIME: _time,
    Unit.DATE: _date,
    Unit.COUNT: _count,
    Unit.STATE: _count,
    Unit.SHARE: _number,
    Unit.SECONDS: _number,
    Unit.NUMBER: _number,
    Unit.CHECK: _number,
}
