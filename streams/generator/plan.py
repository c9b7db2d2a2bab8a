"""Every parameter of a generated day, with its meaning and its limits."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Self

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = 1_772_409_600_000
"""The default start, 2026-03-02T00:00:00Z: a Monday, eight in the morning where the viewers live (UTC+8)."""

SEEDS = 1_000_000
_EARLIEST_MS = 90 * DAY_MS
_MOST_ROOMS = 1_000
_EVENTS_AT_ONCE = 60_000
_PARTS_OF_HOUR = (1, 2, 3, 4, 6, 10, 12, 20, 30, 60)
_LIVELY = {"visits_per_viewer": 1.6, "daily_swing": 0.2, "shift_minutes": 12.0, "feature_minutes": 2.0}
_COUNTS = ("hours", "viewers", "sessions", "rooms")
_POSITIVE = (
    *("visits_per_viewer", "watch_median_minutes", "shift_minutes", "feature_minutes", "novelty_half_life_days"),
    *("digital_effect", "variant_b_effect", "dead_air_effect", "late_max_minutes", "refund_tail_days"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a generated day is made of; equal plans give equal bytes.

    Names ending in `_rate` or `_share` are probabilities from 0 to 1; `*_per_visit` are mean events per room entry.
    docs/GENERATOR.md says what each one does. Raises ValueError that names the field, its value and the remedy.
    """

    seed: int = 7
    start_ms: int = START_MS
    hours: int = 24
    viewers: int = 30_000
    visits_per_viewer: float = 1.4
    orders: int = 2_000
    sessions: int = 24
    rooms: int = 6

    daily_swing: float = 0.7
    watch_median_minutes: float = 2.5
    watch_sigma: float = 1.1
    never_leaves_rate: float = 0.12
    clicks_per_visit: float = 2.5
    carts_per_visit: float = 0.5
    likes_per_visit: float = 3.0
    comments_per_visit: float = 1.2
    shares_per_visit: float = 0.15
    follows_per_visit: float = 0.12
    gifts_per_visit: float = 0.08

    shift_minutes: float = 60.0
    feature_minutes: float = 5.0
    digital_day_share: float = 0.4
    digital_night_share: float = 0.75
    cohost_rate: float = 0.15
    dead_air_rate: float = 0.1
    label_gap_rate: float = 0.05
    avatar_age_days: float = 10.0

    host_sigma: float = 0.25
    digital_effect: float = 0.8
    novelty_lift: float = 0.6
    novelty_half_life_days: float = 4.0
    variant_b_effect: float = 1.08
    scripts_by_viewer: bool = False
    dead_air_effect: float = 0.3
    price_elasticity: float = 0.35

    outside_rate: float = 0.06
    declared_rate: float = 0.3
    sample_rate: float = 0.01
    discount_rate: float = 0.08
    numeric_id_rate: float = 0.01
    refund_rate: float = 0.15
    refund_full_share: float = 0.65
    refund_excess_rate: float = 0.02
    refund_again_rate: float = 0.02
    refund_tail_days: float = 120.0

    disorder_ms: int = 2_000
    late_rate: float = 0.002
    late_max_minutes: float = 180.0
    repeat_rate: float = 0.003
    extra_field_rate: float = 0.001
    malformed_rate: float = 0.000_2

    def __post_init__(self) -> None:
        for name, value in ((field.name, getattr(self, field.name)) for field in fields(self)):
            _refuse_outside(name, value)
        if self.sessions < self.rooms:
            raise ValueError(f"sessions={self.sessions} is fewer than rooms={self.rooms}; give each room a session")
        if self.hours * 12 * self.rooms < self.sessions:
            limit = self.hours * 12 * self.rooms
            raise ValueError(f"sessions={self.sessions} is more than {limit}, one in five minutes; give fewer sessions")
        if self.carts_per_visit > self.clicks_per_visit:
            raise ValueError(f"carts_per_visit={self.carts_per_visit} is above clicks_per_visit; give at most as many")
        if self.orders * 2 > self.visits:
            raise ValueError(f"orders={self.orders} is more than half of {self.visits} room entries; give more viewers")

    @property
    def end_ms(self) -> int:
        """The instant at which the last session is over; orders and refunds still come after it."""
        return self.start_ms + self.hours * HOUR_MS

    @property
    def visits(self) -> int:
        """Room entries (`viewer_joined` events) of the whole plan."""
        return max(self.viewers, round(self.viewers * self.visits_per_viewer))

    @property
    def events_per_visit(self) -> float:
        """Mean number of events of one room entry, orders and what comes with them not counted."""
        actions = (name for name in self.__slots__ if name.endswith("_per_visit"))
        return 2 - self.never_leaves_rate + float(sum(getattr(self, name) for name in actions))

    @property
    def step_ms(self) -> int:
        """The time that is drawn at once: an hour, or less if it holds more than 60 000 events."""
        wanted = self.visits * self.events_per_visit / self.hours / _EVENTS_AT_ONCE
        return HOUR_MS // next((parts for parts in _PARTS_OF_HOUR if parts >= wanted), _PARTS_OF_HOUR[-1])

    @property
    def steps(self) -> int:
        """How many steps the plan is drawn in."""
        return (self.end_ms - self.start_ms) // self.step_ms

    @classmethod
    def sized(cls, events: int = 5_000_000, orders: int = 20_000, **changes: Any) -> Self:  # noqa: ANN401 any field
        """Return a plan of about `events` lines (repeats and malformed ones counted) and `orders` orders, within 5 %.

        changes: any other field; `viewers` is worked out. Raises ValueError if so few events cannot hold the orders.
        """
        if "viewers" in changes:
            raise ValueError(f"viewers={changes['viewers']} cannot be given with events; leave one of the two out")
        if orders < 0:
            raise ValueError(f"orders={orders} is below 0; give 0 or more")
        plan = cls(orders=0, **changes)
        per_event, per_viewer = 1 + plan.repeat_rate + plan.malformed_rate, max(1.0, plan.visits_per_viewer)
        besides = _roster_events(plan) + orders * (3 + 1.1 * plan.refund_rate)
        viewers = round((events / per_event - besides) / plan.events_per_visit / per_viewer)
        fewest = max(1, math.ceil(2 * orders / plan.visits_per_viewer))
        if viewers < fewest:
            least = math.ceil((fewest * per_viewer * plan.events_per_visit + besides) * per_event)
            raise ValueError(
                f"events={events} cannot hold {orders} orders and the roster; give at least {least} events"
            )
        return replace(plan, viewers=viewers, orders=orders)

    @classmethod
    def demo(cls, start_ms: int = START_MS, **changes: Any) -> Self:  # noqa: ANN401 any field
        """Return a lively day to be delivered as its time comes: 40 to 80 events, two thirds of an order per second.

        start_ms: when it starts, in milliseconds UTC. changes: any other field, also `events` and `orders`.
        """
        hours = changes.get("hours", 24)
        size = {"events": 58 * 3600 * hours, "orders": 2_400 * hours, "sessions": max(4, hours), "rooms": 4}
        return cls.sized(**{**size, **_LIVELY, **changes, "start_ms": start_ms})


def _roster_events(plan: Plan) -> float:
    """Estimate the events of hosts and sessions: what a room emits in an hour on air, times the hours on air."""
    digital = (plan.digital_day_share * 15 + plan.digital_night_share * 9) / 24
    per_shift = 2 + 2 * plan.cohost_rate + digital * (3.2 + plan.shift_minutes / 30)
    hourly = 60 / plan.feature_minutes + 60 / plan.shift_minutes * per_shift
    return plan.rooms * (plan.hours * 0.85 * hourly + 5) + 2 * plan.sessions


def _refuse_outside(name: str, value: float) -> None:
    """Raise ValueError if a field lies outside its limits."""
    if not math.isfinite(value):
        raise ValueError(f"{name}={value} is not finite; give a number")
    if name == "start_ms" and value < _EARLIEST_MS:
        raise ValueError(f"start_ms={value} is before April 1970; give a later start")
    if name == "rooms" and value > _MOST_ROOMS:
        raise ValueError(f"rooms={value} is above {_MOST_ROOMS}; give fewer rooms")
    if name == "seed" and not 0 <= value < SEEDS:
        raise ValueError(f"seed={value} is outside 0 to {SEEDS - 1}; give a number in that range")
    if name.endswith(("_rate", "_share", "_swing")) and not 0 <= value <= 1:
        raise ValueError(f"{name}={value} is not between 0 and 1; give a share, such as 0.01 for one in a hundred")
    if name in _COUNTS and value < 1:
        raise ValueError(f"{name}={value} is below 1; give 1 or more")
    if name in _POSITIVE and not value > 0:
        raise ValueError(f"{name}={value} is not above 0; give a positive number")
    if not value >= 0:
        raise ValueError(f"{name}={value} is below 0; give 0 or more")
