"""When rooms are on air and who presents: sessions, shifts, labels, scripts and featured products."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from streams.generator.cast import PRODUCTS, Cast, Host, Mark, Room, product_id
from streams.generator.plan import HOUR_MS, Plan

MINUTE_MS = 60_000
VARIANTS = ("A", "B")
"""Variants of every script, in equal shares."""
_SCRIPT_MS = 25 * MINUTE_MS
_NIGHT_ENDS, _NIGHT_STARTS = 8, 23


@dataclass(frozen=True, slots=True)
class Shift:
    """One host on air, half-open, with the scripts that began (ms, variant)."""

    host: Host
    start_ms: int
    end_ms: int
    scripts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One livestream of one room, a whole number of minutes long."""

    number: int
    session_id: str
    room: Room
    start_ms: int
    end_ms: int
    shifts: tuple[Shift, ...]


def is_night(at_ms: int) -> bool:
    """Whether it is night where the viewers live (UTC+8), the hours of the digital hosts."""
    hour = (at_ms // HOUR_MS + 8) % 24
    return hour < _NIGHT_ENDS or hour >= _NIGHT_STARTS


def sessions(plan: Plan, cast: Cast) -> tuple[Session, ...]:
    """Cut each room's time into sessions with pauses, and fill them with shifts."""
    rng = np.random.default_rng([plan.seed, 2])
    found: list[Session] = []
    for room in cast.rooms:
        share = plan.sessions // plan.rooms + (room.number < plan.sessions % plan.rooms)
        for left, right in pairwise(_slots(plan, room.number, share)):
            start = left if left == plan.start_ms else left + int(rng.uniform(0, 0.08) * (right - left))
            minutes = max(1, int((right - start) * rng.uniform(0.82, 0.96)) // MINUTE_MS)
            end = start + minutes * MINUTE_MS
            name = f"s{plan.seed}-{len(found) + 1}"
            found.append(Session(len(found), name, room, start, end, _shifts(plan, room, start, end, rng)))
    return tuple(found)


def _slots(plan: Plan, room: int, count: int) -> list[int]:
    """The bounds of a room's slots; rooms are out of step, so that they do not pause together."""
    length = (plan.end_ms - plan.start_ms) / count
    inner = [plan.start_ms + int(length * (k - 0.8 * room / plan.rooms)) for k in range(1, count)]
    return [plan.start_ms, *inner, plan.end_ms]


def _shifts(plan: Plan, room: Room, start: int, end: int, rng: np.random.Generator) -> tuple[Shift, ...]:
    """Rotate the crew: hand-overs at the exact instant, now and then dead air or a co-host."""
    shifts: list[Shift] = []
    at, host = start, None
    while at < end:
        length = int(plan.shift_minutes * MINUTE_MS * rng.uniform(0.5, 1.5))
        stop = end if end - at < 1.4 * length else at + length
        avatar = room.number % 2 == 1 if at == plan.start_ms else _wants_avatar(plan, at, rng)
        host = _pick(room, host, rng, digital=avatar)
        shifts.append(_shift(plan, host, at, stop, rng))
        if rng.random() < plan.cohost_rate:
            guest = _pick(room, host, rng, digital=False)
            shifts.append(_shift(plan, guest, at + (stop - at) // 5, at + (stop - at) * 7 // 10, rng))
        at = stop + (int(rng.uniform(20_000, 180_000)) if rng.random() < plan.dead_air_rate else 0)
    return tuple(shifts)


def _wants_avatar(plan: Plan, at_ms: int, rng: np.random.Generator) -> bool:
    """Whether the next shift is meant for a digital host: more often by night."""
    return bool(rng.random() < (plan.digital_night_share if is_night(at_ms) else plan.digital_day_share))


def _pick(room: Room, last: Host | None, rng: np.random.Generator, *, digital: bool) -> Host:
    """Draw a host of the wanted kind, or of the other kind if only the last host is of it."""
    others = [host for host in room.crew if host is not last]
    wanted = [host for host in others if host.digital == digital] or others
    return wanted[rng.integers(len(wanted))]


def _shift(plan: Plan, host: Host, start: int, end: int, rng: np.random.Generator) -> Shift:
    """One shift; digital hosts begin a script at once and then every 25 minutes: variant A or B, or both."""
    times = range(start, end, _SCRIPT_MS) if host.digital else ()
    if plan.scripts_by_viewer:
        return Shift(host, start, end, tuple((at, variant) for at in times for variant in VARIANTS))
    return Shift(host, start, end, tuple((at, VARIANTS[rng.integers(2)]) for at in times))


def marks(plan: Plan, found: tuple[Session, ...]) -> list[Mark]:
    """The events of all sessions: their bounds, shifts, labels, scripts and featured products."""
    rng = np.random.default_rng([plan.seed, 3])
    gap = _first_long_avatar(found)
    events: list[Mark] = []
    for session in found:
        events.append(_opening(session, rng))
        for shift in session.shifts:
            unclosed = shift.end_ms == session.end_ms and rng.random() < 0.3  # noqa: PLR2004 the end closes it
            events += _shift_marks(session, shift, closed=not unclosed)
            if shift.host.digital:
                gapped = rng.random() < plan.label_gap_rate or shift is gap
                events += _label_marks(session, shift, gapped=gapped)
        events += _features(plan, session, rng)
        events.append(Mark(session.end_ms, "session_ended", {"session_id": session.session_id}))
    return events


def _first_long_avatar(found: tuple[Session, ...]) -> Shift | None:
    """The earliest digital shift of five minutes or more: its label has a gap in every plan."""
    long = (s for session in found for s in session.shifts if s.host.digital and s.end_ms - s.start_ms >= 5 * MINUTE_MS)
    return min(long, key=lambda shift: shift.start_ms, default=None)


def _opening(session: Session, rng: np.random.Generator) -> Mark:
    shop = session.room.shop
    facts = {"session_id": session.session_id, "platform": shop.platform, "seller_id": shop.seller_id}
    title = shop.titles[rng.integers(len(shop.titles))]
    return Mark(session.start_ms, "session_started", {**facts, "title": title, "category": shop.categories[0]})


def _shift_marks(session: Session, shift: Shift, *, closed: bool) -> list[Mark]:
    """Start, scripts and end of one shift; the last one of a session may be closed by the session's end alone."""
    who: dict[str, object] = {"session_id": session.session_id, "host_id": shift.host.host_id}
    name = script_id(session.room)
    scripts = [Mark(at, "script_started", {**who, "script_id": name, "variant": v}) for at, v in shift.scripts]
    end = [Mark(shift.end_ms, "shift_ended", who)] if closed else []
    return [Mark(shift.start_ms, "shift_started", who), *scripts, *end]


def script_id(room: Room) -> str:
    """Name the script of a room's avatars."""
    return f"script-{room.shop.seller_id}"


def _label_marks(session: Session, shift: Shift, *, gapped: bool) -> list[Mark]:
    """The AI label from start to end of a digital shift; a gap hides it for a tenth of the shift, 30 s or more."""
    who: dict[str, object] = {"session_id": session.session_id, "host_id": shift.host.host_id}
    length = shift.end_ms - shift.start_ms
    events = [Mark(shift.start_ms, "label_shown", who), Mark(shift.end_ms, "label_hidden", who)]
    if gapped and length >= 2 * MINUTE_MS:
        hidden = shift.start_ms + length // 3
        back = hidden + max(length // 10, 30_000)
        events[1:1] = [Mark(hidden, "label_hidden", who), Mark(back, "label_shown", who)]
    return events


def _features(plan: Plan, session: Session, rng: np.random.Generator) -> list[Mark]:
    """Products pinned one after another while somebody is on air."""
    events = []
    step = int(plan.feature_minutes * MINUTE_MS)
    for at in range(session.start_ms + step // 2, session.end_ms, step):
        host = next((s.host for s in session.shifts if s.start_ms <= at < s.end_ms), None)
        if host is not None:
            shown = product_id(session.room.number * PRODUCTS + int(rng.integers(PRODUCTS)))
            fields: dict[str, object] = {"session_id": session.session_id, "product_id": shown}
            events.append(Mark(at, "product_featured", {**fields, "host_id": host.host_id}))
    return events
