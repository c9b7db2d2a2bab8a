"""The stage a random scenario plays on: its clock, its people, the events so far."""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

Event = dict[str, Any]
Size = Literal["small", "medium"]
CURRENCIES = ("CNY", "JPY", "KWD")
PLATFORMS = ("douyin", "tiktok")
GRIDS_MS = (30_000, 60_000, 600_000, 1_800_000)
GRACE_MS = 120_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How many of each a scenario has at most."""

    hosts: int
    sessions: int
    viewers: int
    orders: int
    ticks: int


EXTENTS: dict[Size, Extent] = {
    "small": Extent(hosts=4, sessions=3, viewers=5, orders=7, ticks=24),
    "medium": Extent(hosts=7, sessions=6, viewers=30, orders=50, ticks=60),
}


class Stage:
    """One scenario in the making: its random source, its clock, its people and the events so far."""

    def __init__(self, seed: int, size: Size) -> None:
        self.random = random = Random(f"{size} {seed}")
        self.extent = extent = EXTENTS[size]
        self.grid_ms = random.choice(GRIDS_MS)
        self.origin_ms = random.choice((0, 1_700_000_000_000))
        self.hosts = [f"h{number}" for number in range(1, random.randint(2, extent.hosts) + 1)]
        self.sessions = [f"s{number}" for number in range(1, random.randint(1, extent.sessions) + 1)]
        self.viewers = [f"v{number}" for number in range(1, random.randint(1, extent.viewers) + 1)]
        self.events: list[Event] = []

    def tick(self) -> int:
        """An instant of the coarse clock, seldom a millisecond beside it."""
        beside = self.random.choice((-1, 1)) if self.chance(0.05) else 0
        return max(self.origin_ms + self.grid_ms * self.random.randint(0, self.extent.ticks) + beside, 0)

    def ticks(self, count: int) -> list[int]:
        """Sorted instants, some of them equal."""
        return sorted(self.tick() for _ in range(count))

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.random.random() < share

    def say(self, type_: str, at_ms: int, **fields: object) -> Event:
        """Add an event; fields that are None are left out."""
        event: Event = {"event_id": f"e{len(self.events) + 1}", "type": type_, "occurred_at": at_ms}
        event |= {name: value for name, value in fields.items() if value is not None}
        self.events.append(event)
        return event

    def session(self) -> str:
        """Any of the sessions."""
        return self.random.choice(self.sessions)

    def viewer(self) -> str:
        """Any of the viewers."""
        return self.random.choice(self.viewers)
