"""Which stretch of time is looked at: what people write, the newest event, whole minutes, steps of a handy length."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from analytics.rules import DAY_MS, HOUR_MS, MINUTE_MS
from dashboards.macros import Range
from dashboards.page.figures import Json

RECORDED_MS = DAY_MS
"""An event older than this, or ahead of the clock by more than a minute, belongs to a recording."""

ALL = "all"
"""Since the first order or room entry."""

POINTS = 240
"""A line has at most this many points."""

STEPS_MS = tuple(
    minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440, 10_080, 40_320, 524_160)
)
"""Lengths of a step, from a minute to 52 weeks."""

_RELATIVE = re.compile(r"now(?:-(\d{1,4})([mhdwy]))?", re.ASCII)
_COUNTED = re.compile(r"\d{1,14}", re.ASCII)
_UNITS_MS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS, "y": 365 * DAY_MS}
_LAST_MS = (1 << 32) * 1000
"""The engine's times end here, in 2106."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as people say it: so long before the newest event, or at a time of its own, milliseconds UTC."""

    before_ms: int | None = None
    at_ms: int | None = None

    def told(self, end_ms: int) -> int:
        """Give the time, where `end_ms` is the end of the newest event's minute."""
        return max(end_ms - self.before_ms, 0) if self.before_ms is not None else self.at_ms or 0


def moment(text: str, zone: str) -> Moment | None:
    """Read `now`, `now-6h`, milliseconds, or an ISO date or time (in the zone, if it names none); None for others."""
    if found := _RELATIVE.fullmatch(text):
        return Moment(before_ms=int(found[1]) * _UNITS_MS[found[2]] if found[1] else 0)
    at_ms = int(text) if _COUNTED.fullmatch(text) else _iso_ms(text, zone)
    return Moment(at_ms=at_ms) if at_ms is not None and 0 <= at_ms < _LAST_MS else None


def _iso_ms(text: str, zone: str) -> int | None:
    try:
        said = datetime.fromisoformat(text)
        aware = said if said.tzinfo else said.replace(tzinfo=ZoneInfo(zone))
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None


def end_of_minute(at_ms: int) -> int:
    """Give the end of the minute that runs at a time."""
    return (at_ms // MINUTE_MS + 1) * MINUTE_MS


def spread(from_ms: int, until_ms: int) -> Range:
    """Widen a stretch to whole minutes, at least one, and choose the shortest step that keeps it below `POINTS`."""
    begin = from_ms // MINUTE_MS * MINUTE_MS
    end = max(-(-until_ms // MINUTE_MS) * MINUTE_MS, begin + MINUTE_MS)
    step_ms = next((step for step in STEPS_MS if end - begin <= step * POINTS), STEPS_MS[-1])
    return Range(begin, end, step_ms)


def clock(newest_ms: int | None, now_ms: int) -> Json:
    """Say how old the data is, or that it is a recording: now_ms, newest_ms, age_ms, mode (empty, live, recorded)."""
    if newest_ms is None:
        return {"now_ms": now_ms, "newest_ms": None, "age_ms": None, "mode": "empty"}
    recorded = not -MINUTE_MS <= now_ms - newest_ms < RECORDED_MS
    age_ms = None if recorded else max(now_ms - newest_ms, 0)
    return {"now_ms": now_ms, "newest_ms": newest_ms, "age_ms": age_ms, "mode": "recorded" if recorded else "live"}
