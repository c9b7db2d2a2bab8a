"""Marks to intervals, line-ups and paths: one thing at a time, in the plainest words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

Event = Mapping[str, Any]
Interval = tuple[int, int]
Mark = tuple[int, bool]
FOREVER = 2**62


class Step(NamedTuple):
    """A maximal run of one viewer watching one line-up of one session."""

    start_ms: int
    end_ms: int
    session_id: str
    host_ids: tuple[str, ...]
    watched_ms: int


class Lineup(NamedTuple):
    """The hosts on air in a session in one stretch."""

    start_ms: int
    end_ms: int
    host_ids: tuple[str, ...]


class Watch(NamedTuple):
    """One stretch of one viewer in one session."""

    session_id: str
    start_ms: int
    end_ms: int


def first_of_each(things: Iterable[Event], key: str) -> list[Event]:
    """Keep the first of those that share an id."""
    kept: dict[str, Event] = {}
    for thing in things:
        kept.setdefault(thing[key], thing)
    return list(kept.values())


def session_ends(events: Sequence[Event]) -> dict[str, int]:
    """A session's end is its latest session_ended."""
    ends: dict[str, int] = {}
    for event in events:
        if event["type"] == "session_ended":
            ends[event["session_id"]] = max(event["occurred_at"], ends.get(event["session_id"], event["occurred_at"]))
    return ends


def marks(events: Sequence[Event], starting: str, ending: str, owner: str) -> dict[tuple[str, str], list[Mark]]:
    """Per (session, owner) the sorted marks (time, on); at equal times ends come before starts."""
    found: dict[tuple[str, str], set[Mark]] = defaultdict(set)
    for event in events:
        if event["type"] in (starting, ending):
            found[event["session_id"], event[owner]].add((event["occurred_at"], event["type"] == starting))
    return {pair: sorted(times) for pair, times in found.items()}


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Join what overlaps or touches; the empty vanishes."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def shift_intervals(times: Sequence[Mark], session_end: int) -> list[Interval]:
    """One host in one session; what is still on at the end of the marks lasts until the session's end."""
    found: list[Interval] = []
    since: int | None = None
    for at, on in times:
        if on and since is None:
            since = at
        elif not on and since is not None:
            found.append((since, at))
            since = None
    if since is not None:
        found.append((since, session_end))
    return union(found)


def fell_idle(activity: Sequence[int], since: int, until: int, idle_ms: int) -> int | None:
    """When a viewer counts as gone: one idle limit into the first gap longer than it in [since, until]."""
    times = [at for at in activity if since <= at <= until]
    if until == FOREVER:
        times.append(FOREVER)
    for earlier, later in pairwise(times):
        if later - earlier > idle_ms:
            return earlier + idle_ms
    return None


def watch_intervals(times: Sequence[Mark], activity: Sequence[int], idle_ms: int, session_end: int) -> list[Interval]:
    """One viewer in one session; an explicit leave is believed, anything else ends by silence or with the session."""
    found: list[Interval] = []
    since: int | None = None
    for place, (at, on) in enumerate(times):
        if not on:
            if since is not None:
                found.append((since, at))
            since = None
            continue
        since = at if since is None else since
        following = times[place + 1] if place + 1 < len(times) else (FOREVER, True)
        if not following[1]:
            continue
        gone = fell_idle(activity, at, following[0], idle_ms)
        if gone is not None:
            found.append((since, min(gone, session_end)))
            since = None
    return union(found)


def shifts(events: Sequence[Event]) -> dict[tuple[str, str], list[Interval]]:
    """Per (session, host) the disjoint intervals on air."""
    ends = session_ends(events)
    pairs = marks(events, "shift_started", "shift_ended", "host_id")
    return {pair: shift_intervals(times, ends.get(pair[0], FOREVER)) for pair, times in pairs.items()}


def viewer_activity(events: Sequence[Event]) -> dict[str, list[int]]:
    """Per viewer the sorted times of all their events; a refund is not the viewer's doing."""
    found: dict[str, set[int]] = defaultdict(set)
    for event in events:
        if event.get("viewer_id") is not None and event["type"] != "order_refunded":
            found[event["viewer_id"]].add(event["occurred_at"])
    return {viewer: sorted(times) for viewer, times in found.items()}


def watches(events: Sequence[Event], idle_ms: int) -> dict[tuple[str, str], list[Interval]]:
    """Per (session, viewer) the disjoint intervals watched."""
    ends = session_ends(events)
    activity = viewer_activity(events)
    pairs = marks(events, "viewer_joined", "viewer_left", "viewer_id")
    return {
        pair: watch_intervals(times, activity[pair[1]], idle_ms, ends.get(pair[0], FOREVER))
        for pair, times in pairs.items()
    }


def lineups(on_air: Mapping[tuple[str, str], list[Interval]]) -> dict[str, list[Lineup]]:
    """Per session the stretches between neighbouring shift boundaries in which somebody is on air."""
    found: dict[str, list[Lineup]] = {}
    for session in sorted({session for session, _ in on_air}):
        present = [(host, span) for (of, host), spans in on_air.items() if of == session for span in spans]
        boundaries = sorted({instant for _, span in present for instant in span})
        stretches = [
            Lineup(start, end, tuple(sorted(host for host, span in present if span[0] <= start and end <= span[1])))
            for start, end in pairwise(boundaries)
        ]
        found[session] = [stretch for stretch in stretches if stretch.host_ids]
    return found


def path(seen: Sequence[Watch], on_air: Mapping[str, list[Lineup]], since: int, until: int) -> list[Step]:
    """Read the steps of one viewer in [since, until): clip, cut, sort, merge neighbours alike."""
    pieces: list[Step] = []
    for watch in seen:
        for lineup in on_air.get(watch.session_id, []):
            start = max(watch.start_ms, lineup.start_ms, since)
            end = min(watch.end_ms, lineup.end_ms, until)
            if start < end:
                pieces.append(Step(start, end, watch.session_id, lineup.host_ids, end - start))
    steps: list[Step] = []
    for piece in sorted(pieces, key=lambda step: (step.start_ms, step.session_id)):
        before = steps[-1] if steps else None
        if before and (before.session_id, before.host_ids) == (piece.session_id, piece.host_ids):
            end, watched = max(before.end_ms, piece.end_ms), before.watched_ms + piece.watched_ms
            steps[-1] = before._replace(end_ms=end, watched_ms=watched)
        else:
            steps.append(piece)
    return steps
