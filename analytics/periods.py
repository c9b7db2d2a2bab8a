"""Periods of the books: calendar months in the time zone of the seller, half-open, milliseconds UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from analytics.metrics import day_start_ms

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_DECEMBER = 12
_FIRST_YEAR, _LAST_YEAR = 1969, 9998
"""Our times begin with 1970 UTC, when it is still 1969 in the west."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month: its name as in 2026-10, and when it begins and ends in a time zone."""

    name: str
    start_ms: int
    end_ms: int

    @classmethod
    def named(cls, name: str, zone: ZoneInfo) -> Self:
        """Read a month such as 2026-10. Raises ValueError naming value and remedy."""
        found = _MONTH.fullmatch(name)
        if not found or not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
            raise ValueError(f"period {name!r} is no month; write it as in 2026-10")
        first = date(int(found[1]), int(found[2]), 1)
        return cls(name, day_start_ms(first, zone), day_start_ms(_following(first), zone))

    @classmethod
    def holding(cls, at_ms: int, zone: ZoneInfo) -> Self:
        """Give the month that holds an instant."""
        return cls.named(f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m}", zone)

    def following(self, zone: ZoneInfo) -> "Period":
        """Give the month after it."""
        return Period.holding(self.end_ms, zone)

    def through(self, last: "Period", zone: ZoneInfo) -> Iterator["Period"]:
        """List the months from this one to another, both included; none if that is earlier."""
        month = self
        while month.start_ms <= last.start_ms:
            yield month
            month = month.following(zone)


def _following(first: date) -> date:
    if first.month == _DECEMBER:
        return date(first.year + 1, 1, 1)
    return date(first.year, first.month + 1, 1)
