"""What was generated: counted as it is drawn, with the true effects that the data hide."""

from collections import Counter
from dataclasses import asdict, dataclass

import polars as pl

from streams.generator.names import SOURCES
from streams.generator.plan import Plan
from streams.generator.world import World


class Tally:
    """Running counts of what is drawn; `stated` closes them."""

    __slots__ = ("counts", "events", "excess_minor", "gross_minor", "malformed", "refunded_minor", "viewers")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.malformed: Counter[str] = Counter()
        self.gross_minor: Counter[int] = Counter()
        self.refunded_minor: Counter[int] = Counter()
        self.excess_minor: Counter[int] = Counter()
        self.viewers: list[pl.Series] = []

    def add(self, events: dict[str, pl.DataFrame], malformed: pl.DataFrame) -> None:
        """Count events by type, as `faults.delivered` returns them, and malformed lines."""
        for kind, frame in events.items():
            single = frame.filter(~frame["repeated"])
            self.events[kind] += single.height
            self.counts["repeated"] += frame.height - single.height
            self.counts["late"] += int(single["late"].sum())
            self.counts["extra_fields"] += int(single["extra"].sum())
        self.malformed.update(malformed["fault"].to_list())
        if "order_paid" in events:
            self._sold(_single(events["order_paid"]))
            self._returned(_single(events["order_paid"]), _single(events["order_refunded"]))
            self.viewers.append(events["viewer_joined"]["viewer"].unique())

    def _sold(self, orders: pl.DataFrame) -> None:
        self.gross_minor.update(_by_room(orders, "amount"))
        self.counts["outside"] += orders["session"].null_count()
        self.counts["declared"] += orders["host"].len() - orders["host"].null_count()
        for name in ("sample", "discounted", "numeric"):
            self.counts[name] += int(orders[name].sum())

    def _returned(self, orders: pl.DataFrame, refunds: pl.DataFrame) -> None:
        """Count refunds once each, and what they exceed their orders by."""
        once = refunds.unique("number")
        self.counts["refunds"] += once.height
        self.counts["refunds_told_again"] += refunds.height - once.height
        self.refunded_minor.update(_by_room(once, "amount"))
        paid = orders.select(pl.col("number").alias("order"), pl.col("amount").alias("paid"))
        back = once.group_by("order", "room").agg(pl.col("amount").sum()).join(paid, on="order")
        self.counts["refunded_orders"] += back.height
        over = back.select("room", amount=pl.col("amount") - pl.col("paid")).filter(pl.col("amount") > 0)
        self.excess_minor.update(_by_room(over, "amount"))


def _single(events: pl.DataFrame) -> pl.DataFrame:
    """Events without those that arrive once more."""
    return events.filter(~events["repeated"])


def _by_room(frame: pl.DataFrame, column: str) -> dict[int, int]:
    """Sum a column by room."""
    return dict(frame.group_by("room").agg(pl.col(column).sum()).iter_rows())


@dataclass(frozen=True, slots=True)
class Truth:
    """What a plan holds; docs/GENERATOR.md explains each field. Times are ms UTC, amounts minor units by currency."""

    plan: dict[str, object]
    start_ms: int
    end_ms: int
    lines: int
    events: int
    events_by_type: dict[str, int]
    repeated_lines: int
    malformed_lines: int
    malformed_by_fault: dict[str, int]
    late_events: int
    extra_field_events: int
    numeric_id_orders: int
    viewers: int
    visits: int
    sessions: int
    orders: int
    orders_outside: int
    orders_declared: int
    orders_sample: int
    orders_discounted: int
    gross_minor: dict[str, int]
    refunds: int
    refunds_told_again: int
    refunded_orders: int
    refunded_minor: dict[str, int]
    excess_minor: dict[str, int]
    base_conversion: float
    effects: dict[str, object]
    hosts: list[dict[str, object]]

    def as_dict(self) -> dict[str, object]:
        """Return plain values, ready for JSON."""
        return asdict(self)


def stated(world: World, base: float, tally: Tally) -> Truth:
    """Close the counts of a whole plan and add the true effects."""
    plan, counts, events = world.plan, tally.counts, tally.events
    wrong = tally.malformed.total()
    return Truth(
        plan=asdict(plan),
        start_ms=plan.start_ms,
        end_ms=plan.end_ms,
        lines=events.total() + counts["repeated"] + wrong,
        events=events.total(),
        events_by_type=dict(sorted(events.items())),
        repeated_lines=counts["repeated"],
        malformed_lines=wrong,
        malformed_by_fault=dict(sorted(tally.malformed.items())),
        late_events=counts["late"],
        extra_field_events=counts["extra_fields"],
        numeric_id_orders=counts["numeric"],
        viewers=pl.concat(tally.viewers).n_unique(),
        visits=events["viewer_joined"],
        sessions=len(world.sessions),
        orders=events["order_paid"],
        orders_outside=counts["outside"],
        orders_declared=counts["declared"],
        orders_sample=counts["sample"],
        orders_discounted=counts["discounted"],
        gross_minor=_by_currency(world, tally.gross_minor),
        refunds=counts["refunds"],
        refunds_told_again=counts["refunds_told_again"],
        refunded_orders=counts["refunded_orders"],
        refunded_minor=_by_currency(world, tally.refunded_minor),
        excess_minor=_by_currency(world, tally.excess_minor),
        base_conversion=base,
        effects=_effects(plan),
        hosts=_hosts(world),
    )


def _by_currency(world: World, by_room: Counter[int]) -> dict[str, int]:
    """Add rooms up to currencies."""
    sums = Counter[str]()
    for room, minor in sorted(by_room.items()):
        sums[world.cast.rooms[room].shop.currency] += minor
    return dict(sums)


def _effects(plan: Plan) -> dict[str, object]:
    """The multipliers of conversion that all hosts share."""
    names = ("digital_effect", "novelty_lift", "novelty_half_life_days", "variant_b_effect", "dead_air_effect")
    sources = {source.name: source.effect for source in SOURCES}
    return {**{name: getattr(plan, name) for name in names}, "sources": sources}


def _hosts(world: World) -> list[dict[str, object]]:
    """Each host with the true multiplier, and avatars with the instants of their versions."""
    return [
        {
            "host_id": host.host_id,
            "name": host.name,
            "kind": "digital" if host.digital else "human",
            "likeness_of": host.likeness_of,
            "multiplier": host.multiplier,
            "avatar_versions": [{"from_ms": at_ms, "version": version} for at_ms, version in host.versions],
        }
        for host in world.cast.hosts
    ]
