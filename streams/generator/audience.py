"""Who watches: room entries over the day, watch times, and viewers who come back."""

from dataclasses import dataclass

import numpy as np

from streams.generator.cast import Floats, Ints
from streams.generator.names import SOURCES
from streams.generator.plan import HOUR_MS, Plan
from streams.generator.schedule import MINUTE_MS, Session, is_night

VIEWER_BASE = 7_000_000_000_000_000_000
"""Viewer ids have nineteen digits, above 2^53, as platforms give them."""
_VIEWERS_OF_ROOM = 100_000_000_000_000
_VIEWER_STEP = 7_919
_OPENING_MINUTES = 4
_OPENING_SURGE = 3.0


@dataclass(frozen=True, slots=True)
class Doors:
    """One row per session and minute: when people come in, and how many.

    Sorted by room and instant; `totals` has one more row and holds the share of the plan's entries before each row.
    """

    rooms: Ints
    sessions: Ints
    starts: Ints
    totals: Floats


@dataclass(frozen=True, slots=True)
class Visits:
    """Room entries as columns: each is one watch, half-open, of one viewer in one session."""

    viewers: Ints
    sessions: Ints
    joined: Ints
    left: Ints
    sources: Ints

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.joined)


def doors(plan: Plan, sessions: tuple[Session, ...]) -> Doors:
    """Weigh each minute of each session: the hour of the day (UTC+8), the room, the surge at an opening."""
    counts = [(session.end_ms - session.start_ms) // MINUTE_MS for session in sessions]
    numbers = np.repeat(np.arange(len(sessions)), counts)
    minutes = np.concatenate([np.arange(count) for count in counts])
    rooms = np.array([session.room.number for session in sessions])[numbers]
    starts = np.array([session.start_ms for session in sessions])[numbers] + minutes * MINUTE_MS
    hours = starts / HOUR_MS + 8
    shape = 1 + plan.daily_swing * np.cos((hours - 20.5) * 2 * np.pi / 24)
    surge = np.where(minutes < _OPENING_MINUTES, _OPENING_SURGE, 1.0)
    order = np.lexsort((starts, rooms))
    weights = (shape * surge / (1 + 0.35 * rooms))[order]
    totals = np.concatenate([[0.0], np.cumsum(weights)])
    return Doors(rooms[order], numbers[order], starts[order], totals / totals[-1])


def visits(plan: Plan, found: Doors, ends: Ints, step: int, rng: np.random.Generator) -> Visits:
    """Draw the room entries of one step of the plan, in no order.

    ends: the end of each session. A viewer of a room comes back to that room alone, as ids differ between platforms.
    """
    parts = [_entries(plan, found, room, step, rng) for room in range(plan.rooms)]
    shuffled = rng.permutation(sum(len(cells) for _, cells in parts))
    viewers, cells = (np.concatenate(columns)[shuffled] for columns in zip(*parts, strict=True))
    return _watches(plan, viewers, found.sessions[cells], found.starts[cells], ends=ends, rng=rng)


def _entries(plan: Plan, found: Doors, room: int, step: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Viewers who enter one room in one step, and the rows of the doors through which they come."""
    opens = plan.start_ms + step * plan.step_ms
    low, high = np.searchsorted(found.rooms, [room, room + 1])
    first, last = low + np.searchsorted(found.starts[low:high], [opens, opens + plan.step_ms])
    before, begin, end, after = (found.totals[[low, first, last, high]] * plan.visits).round().astype(int)
    drawn = rng.uniform(found.totals[first], found.totals[last], end - begin)
    cells = np.clip(np.searchsorted(found.totals, drawn, side="right") - 1, first, max(first, last - 1))
    numbers = _viewers(plan, begin - before, end - begin, after - before, rng)
    return VIEWER_BASE + room * _VIEWERS_OF_ROOM + numbers * _VIEWER_STEP, cells


def _viewers(plan: Plan, first: int, count: int, room_visits: int, rng: np.random.Generator) -> Ints:
    """Number the viewers of the room's entries first … first + count: new ones evenly, the others come back."""
    room_viewers = round(room_visits / plan.visits * plan.viewers)
    entries = np.arange(first, first + count)
    known = -(-(entries + 1) * room_viewers // max(1, room_visits))
    new = known > -(-entries * room_viewers // max(1, room_visits))
    return np.where(new, known - 1, (rng.random(count) * known).astype(np.int64))


def _watches(
    plan: Plan, viewers: Ints, sessions: Ints, minutes: Ints, *, ends: Ints, rng: np.random.Generator
) -> Visits:
    """Let each entry begin within its minute and last a log-normal time, the session's end at most."""
    joined = minutes + rng.integers(1, MINUTE_MS, len(viewers))
    watched = np.exp(rng.normal(np.log(plan.watch_median_minutes * MINUTE_MS), plan.watch_sigma, len(viewers)))
    left = np.minimum(joined + np.clip(watched, 1_000, None).astype(np.int64), ends[sessions])
    by_day, by_night = (np.cumsum([s.day_share for s in SOURCES]), np.cumsum([s.night_share for s in SOURCES]))
    draws = rng.random(len(viewers))
    night = _nights(joined)
    sources = np.where(night, np.searchsorted(by_night[:-1], draws), np.searchsorted(by_day[:-1], draws))
    return Visits(viewers, sessions, joined, left, sources)


def _nights(at_ms: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say of each instant whether it is night (UTC+8)."""
    nights = np.array([is_night(hour * HOUR_MS) for hour in range(24)])
    return nights[at_ms // HOUR_MS % 24]
