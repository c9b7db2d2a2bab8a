"""Periods of the books: calendar months in the time zone of the seller, half-open, milliseconds UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from analytics.metrics import day_end_ms, day_start_ms

NOW, FIRST_REPORTED = "now", "first-reported"
ALL_MS = 9_000_000_000_000
"""After every time of ours."""
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


@dataclass(frozen=True, slots=True)
class Basis:
    """Which state of the books is meant.

    posted: by the time at which a line counts, so that closed months stay as they were closed; else by the time to
    which it belongs. known_ms: lines written before it. said: in words, for a title.
    """

    posted: bool
    known_ms: int
    said: str

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> Self:
        """Read first-reported, now, or a day of a zone. Raises ValueError naming value and remedy."""
        if text in {NOW, FIRST_REPORTED}:
            return cls(text == FIRST_REPORTED, ALL_MS, "; as first reported" if text == FIRST_REPORTED else "")
        try:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone).date()
        except ValueError:
            raise ValueError(
                f"--as {text!r} is not understood; use {FIRST_REPORTED}, {NOW} or a day, as in 2026-10-31"
            ) from None
        return cls(False, day_end_ms(day, zone), f"; as known on {day}")

    @property
    def is_now(self) -> bool:
        """Whether it is all that is known, each at its own time."""
        return not self.posted and self.known_ms == ALL_MS


def _following(first: date) -> date:
    if first.month == _DECEMBER:
        return date(first.year + 1, 1, 1)
    return date(first.year, first.month + 1, 1)
