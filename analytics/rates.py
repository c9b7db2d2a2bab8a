"""Dated exchange rates, exactly: read, versioned, and used on amounts beside which they are shown.

A rate holds from its day until the next one, at most RATE_DAYS days. It is used as it was given, from one currency to
another: it is never turned round, and no two are chained. Amounts are exact fractions until they are shown; then they
are rounded half to even to the minor unit of the reporting currency, and what rounding does to a sum is said.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl

from analytics.currencies import EXPONENTS, exponent

RATE_DAYS = 7
"""How many days a rate holds without a newer one: over weekends and holidays."""
RATES: dict[str, Any] = {
    "rate_date": pl.Date,
    "from_currency": pl.String,
    "to_currency": pl.String,
    "version": pl.UInt32,
    "rate": pl.Decimal(38, 18),
}
"""Columns of rates; rate is how many units of to_currency one unit of from_currency is worth."""
_HEADER = ["date", "from", "to", "rate"]
_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,18})?")
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2100, 1, 1)
_KEY = ["rate_date", "from_currency", "to_currency"]


class WrongRate(ValueError):  # noqa: N818  # named for what is the case
    """A line of a file is no rate; the message names line, field, value and remedy."""


class MissingRate(LookupError):  # noqa: N818  # named for what is the case
    """No rate is known for a day and pair; the message names both and the remedy."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate: its value, the day it was given for, its version, when it was imported (ms UTC)."""

    value: Fraction
    day: date
    version: int
    known_ms: int = 0


def read(text: str) -> pl.DataFrame:
    """Read rates from CSV with the columns date, from, to, rate. Returns RATES without version. Raises WrongRate."""
    lines = csv.reader(text.removeprefix("\ufeff").splitlines())
    header = [name.strip().lower() for name in next(lines, [])]
    if header != _HEADER:
        raise WrongRate(f"line 1: the columns are {','.join(header) or 'missing'}; they must be {','.join(_HEADER)}")
    found: dict[tuple[str, ...], str] = {}
    for number, line in enumerate(lines, 2):
        if line:
            *key, rate = _checked(number, [field.strip() for field in line])
            if found.setdefault(tuple(key), rate) != rate:
                raise WrongRate(f"line {number}: {' '.join(key)} has another rate above; leave one of them")
    rows = [(date.fromisoformat(day), *pair, rate) for (day, *pair), rate in found.items()]
    schema = {"rate_date": pl.Date, "from_currency": pl.String, "to_currency": pl.String, "rate": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("rate").cast(RATES["rate"])).sort(_KEY)


def _checked(number: int, line: Sequence[str]) -> list[str]:
    """Check a line and give its fields in their standard form. Raises WrongRate."""
    if len(line) != len(_HEADER):
        raise WrongRate(f"line {number}: {len(line)} fields; write four: {','.join(_HEADER)}")
    day, source, target, rate = line
    on_day = _day(number, day)
    for field, code in (("from", source), ("to", target)):
        if code not in EXPONENTS:
            raise WrongRate(f"line {number}: {field} {code!r} is unknown; use an ISO 4217 code in capitals")
    if source == target:
        raise WrongRate(f"line {number}: from and to are both {source}; leave the line out")
    if not _DECIMAL.fullmatch(rate) or not Fraction(rate):
        raise WrongRate(
            f"line {number}: rate {rate!r} is none; write a decimal number greater than 0, with a point and at most 18 "
            "decimals, as in 7.8123"
        )
    return [on_day.isoformat(), source, target, text(Fraction(rate))]


def _day(number: int, day: str) -> date:
    """Read a day on which there may be orders. Raises WrongRate."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise WrongRate(f"line {number}: date {day!r} is no day; write it as in 2026-10-31") from None
    if not _FIRST_DAY <= found <= _LAST_DAY:
        raise WrongRate(f"line {number}: date {day!r} is out of range; use a day from {_FIRST_DAY} to {_LAST_DAY}")
    return found


def news(given: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Find what is new in rates: as RATES, with the next version of each day and pair. stored: RATES."""
    latest = stored.sort("version").group_by(_KEY, maintain_order=True).last().select(*_KEY, "version", old="rate")
    return (
        given.join(latest, on=_KEY, how="left", maintain_order="left")
        .filter(pl.col("rate").ne_missing(pl.col("old")))
        .with_columns(version=pl.col("version").fill_null(0) + 1)
        .select(pl.col(name).cast(dtype) for name, dtype in RATES.items())
    )


def after(now_ms: int, *earlier: pl.Series) -> int:
    """Give the time of an import: after these times too, even if a clock lags."""
    return max([now_ms, *(int(at_ms) + 1 for times in earlier for at_ms in times)])


@dataclass(frozen=True, slots=True)
class Rates:
    """Every version of every rate, the latest first, by pair and day."""

    known: Mapping[tuple[str, str], Mapping[date, Sequence[Rate]]]

    @classmethod
    def of(cls, stored: pl.DataFrame) -> "Rates":
        """Take all versions of rates: RATES, and known_ms (when each was imported)."""
        known: dict[tuple[str, str], dict[date, list[Rate]]] = {}
        for row in stored.sort("version", "known_ms", descending=True).iter_rows(named=True):
            rate = Rate(Fraction(row["rate"]), row["rate_date"], row["version"], row["known_ms"])
            pair = known.setdefault((row["from_currency"], row["to_currency"]), {})
            pair.setdefault(row["rate_date"], []).append(rate)
        return cls(known)

    def on(self, day: date, source: str, target: str, closed_ms: int | None = None) -> Rate:
        """Give the rate in force on a day. Raises MissingRate.

        closed_ms: when the month of the day was closed. Then only rates count that were known at that time; where none
        of them is in force, those that the first later import of one brought. So no later import changes the answer.
        """
        if source == target:
            return Rate(Fraction(1), day, 0)
        pair = self.known.get((source, target), {})
        found = [rate for back in range(RATE_DAYS) for rate in pair.get(day - timedelta(back), ())]
        if closed_ms is not None and found:
            until_ms = max(closed_ms, min(rate.known_ms for rate in found))
            found = [rate for rate in found if rate.known_ms <= until_ms]
        if found:
            return found[0]
        raise MissingRate(
            f"no rate from {source} to {target} for {day}, or for one of the {RATE_DAYS - 1} days before; import one: "
            f"a line {day},{source},{target},RATE in a file for hostledger rates import"
        )


def exactly(minor: int, source: str, target: str, rate: Rate) -> Fraction:
    """Convert minor units of one currency to those of another, exactly."""
    return Fraction(minor) * rate.value * Fraction(10) ** (exponent(target) - exponent(source))


def converted(lines: pl.DataFrame, keys: Sequence[str], target: str, rates: Rates) -> pl.DataFrame:
    """Convert sums to a reporting currency, day by day, and round each row once.

    lines: keys, on_day (date), closed_ms (when its month was closed; null: it is open, or the latest rates are wanted),
    currency, gross_minor, refunds_minor. Returns a row per keys and currency, with
    in_currency, in_gross_minor, in_refunds_minor, in_net_minor, rate (text; null where it changed), rate_date (text;
    the first and the last where there are several), in_rounding_minor (null); and a last row without keys and currency:
    the sums, rounded once, and in_rounding_minor, by which the net of the rows above differs from that. Raises
    MissingRate.
    """
    rows = list(_rows(lines, keys, target, rates))
    whole = [sum((row[2][place] for row in rows), Fraction(0)) for place in (0, 1)]
    shown = [_shown(key, code, exact, used, target) for key, code, exact, used in rows]
    total = _shown((None,) * len(keys), None, whole, [], target)
    total["in_rounding_minor"] = sum(row["in_net_minor"] for row in shown) - total["in_net_minor"]
    table = [dict(zip(keys, row.pop("key"), strict=True)) | row for row in [*shown, total]]
    return pl.DataFrame(table, infer_schema_length=None)


_Row = tuple[tuple[Any, ...], str, list[Fraction], list[Rate]]


def _rows(lines: pl.DataFrame, keys: Sequence[str], target: str, rates: Rates) -> Iterator[_Row]:
    """Sum exactly by keys and currency, in the order in which they come; with the rates used, by day."""
    for (*key, code), group in lines.group_by(*keys, "currency", maintain_order=True):
        exact, used = [Fraction(0), Fraction(0)], []
        dated = group.sort("on_day").select("on_day", "closed_ms", "gross_minor", "refunds_minor")
        for day, closed_ms, gross, refunds in dated.iter_rows():
            rate = rates.on(day, str(code), target, closed_ms)
            used.append(rate)
            exact[0] += exactly(gross, str(code), target, rate)
            exact[1] += exactly(refunds, str(code), target, rate)
        yield tuple(key), str(code), exact, used


def _shown(
    key: tuple[Any, ...], code: str | None, exact: Sequence[Fraction], used: Sequence[Rate], target: str
) -> dict[str, Any]:
    """A row for people: figures rounded half to even, and the rate with its day."""
    gross, refunds = (round(part) for part in exact)
    values, days = {rate.value for rate in used}, [rate.day.isoformat() for rate in used]
    return {
        "key": key,
        "currency": code,
        "in_currency": target,
        "in_gross_minor": gross,
        "in_refunds_minor": refunds,
        "in_net_minor": gross - refunds,
        "rate": text(values.pop()) if len(values) == 1 else None,
        "rate_date": None if not days else days[0] if days[0] == days[-1] else f"{days[0]}..{days[-1]}",
        "in_rounding_minor": None,
    }


def text(value: Fraction | Decimal) -> str:
    """Write a rate as the decimal it was given as, without noughts at its end."""
    scaled = Fraction(value) * 10**18
    return f"{scaled.numerator // 10**18}.{scaled.numerator % 10**18:018d}".rstrip("0").rstrip(".")
