"""What all sides read: the first lines of a generated day, and how many of them each minute and session has."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from math import inf
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.running import OUT
from streams.generator import Plan, arrivals
from streams.kafka.packing import Packed, Packing
from streams.kafka.routing import REFUND, ROSTER, Routed, routed

NO_SESSION = "none"
"""Stands for the session of an event that has none."""
MINUTE_MS = 60_000
_ROUTED_AT_ONCE = 50_000
_RATE_OF_ROOM = 33
"""Events per second of a lively room."""
Counts = dict[tuple[str, int], int]
"""Events by session and minute since 1970."""


class Head(Struct, gc=False):
    """What is counted by: id, type, time (ms UTC) and session of an event."""

    event_id: str
    type: str
    occurred_at: int
    session_id: str = NO_SESSION


_heads = msgspec.json.Decoder(Head)


@lru_cache(maxsize=2)
def lines(events: int, hours: int = 24) -> tuple[bytes, ...]:
    """Give about so many lines of a day, as they arrive, without malformed ones, which most sides cannot bear."""
    path = OUT / f"stream-{events}-{hours}.ndjson"
    if not path.exists():
        _generate(path, events, hours)
    return tuple(path.read_bytes().splitlines())


def happening(events: int, rate: int) -> tuple[bytes, ...]:
    """Give the first lines of an hour that has so many events per second on average, in as many rooms as that takes."""
    path = OUT / f"stream-{events}-at-{rate}.ndjson"
    if not path.exists():
        rooms = min(max(6, rate // _RATE_OF_ROOM), 1000)
        _write(
            path,
            Plan.sized(rate * 3600, rate * 3600 // 250, malformed_rate=0.0, hours=1, sessions=rooms, rooms=rooms),
            events,
        )
    return tuple(path.read_bytes().splitlines()[:events])


def _generate(path: Path, events: int, hours: int) -> None:
    rooms = {"hours": hours, "sessions": max(6, hours), "rooms": 6}
    _write(path, Plan.sized(events, events // 250, malformed_rate=0.0, **rooms))


def _write(path: Path, plan: Plan, most: float = inf) -> None:
    """Write the first lines of a plan, as many as asked for or a little more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part, count = path.with_suffix(".part"), 0
    with part.open("wb") as file:
        for _, data in arrivals(plan):
            file.write(data)
            count += data.count(b"\n")
            if count >= most:
                break
    part.replace(path)


def heads(data: Iterable[bytes]) -> list[Head]:
    """Read what is counted by."""
    return _heads.decode_lines(b"\n".join(data))


def counts(data: Iterable[bytes]) -> Counts:
    """Count every line: what a side must find that only counts."""
    return Counter((head.session_id, head.occurred_at // MINUTE_MS) for head in heads(data))


def stored_counts(data: Iterable[bytes]) -> Counts:
    """Count events of viewers and orders, each id once: what must be in the warehouse."""
    once = {head.event_id: head for head in heads(data) if head.type not in ROSTER and head.type != REFUND}
    return Counter((head.session_id, head.occurred_at // MINUTE_MS) for head in once.values())


def places(data: Sequence[bytes]) -> Iterator[Routed]:
    """Say of each line where it goes."""
    parts = iter(data)
    while part := list(islice(parts, _ROUTED_AT_ONCE)):
        yield from routed(part)


@lru_cache(maxsize=2)
def packed(data: tuple[bytes, ...], partitions: int) -> tuple[tuple[Packed, ...], tuple[Routed, ...]]:
    """Pack lines as the collector does, and give the roster's lines apart."""
    packing, roster = Packing(partitions), []

    def viewers() -> Iterator[Routed]:
        for place in places(data):
            if place.roster:
                roster.append(place)
            else:
                yield place

    records = [*packing.add(viewers()), *packing.drain()]
    return tuple(records), tuple(roster)
