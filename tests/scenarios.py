"""Random, valid, nasty event lists: a coarse clock, so that hand-overs, joins, leaves and orders often collide."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st
from scenario_stage import CURRENCIES, GRACE_MS, PLATFORMS, Event, Size, Stage


def register_hosts(stage: Stage) -> None:
    """Humans, their digital twins, synthetic hosts; some change, some are never registered."""
    for number, host in enumerate(stage.hosts):
        if stage.chance(0.1):
            continue
        digital = number % 2 == 1
        twin_of = stage.hosts[number - 1] if digital and stage.chance(0.6) else None
        fields = {"name": f"Host {host}", "kind": "digital" if digital else "human", "likeness_of": twin_of}
        stage.say("host_registered", stage.origin_ms, host_id=host, **fields)
        if digital and stage.chance(0.3):
            stage.say("host_registered", stage.tick(), host_id=host, **fields, vendor="acme", avatar_version="2")


def relay(stage: Stage, session: str) -> None:
    """Hand-overs at exact instants, in turn, at times with dead air between and an end that is missing."""
    instants = stage.ticks(stage.random.randint(2, 6))
    gap_ms = stage.random.choice((0, 0, 0, 60_000, GRACE_MS, GRACE_MS + 1, 2 * stage.grid_ms))
    turns = list(pairwise(instants))
    for number, (start, end) in enumerate(turns):
        host = stage.hosts[number % len(stage.hosts)]
        stage.say("shift_started", start, session_id=session, host_id=host)
        if number + 1 < len(turns) or stage.chance(0.7):
            stage.say("shift_ended", max(start, end - gap_ms), session_id=session, host_id=host)


def crowd(stage: Stage, session: str) -> None:
    """Co-hosts, overlapping shifts of one host, repeated starts and ends, ends without start."""
    for _ in range(stage.random.randint(1, 8)):
        host = stage.random.choice(stage.hosts)
        start, end = stage.ticks(2)
        if stage.chance(0.85):
            stage.say("shift_started", start, session_id=session, host_id=host)
        if stage.chance(0.75):
            stage.say("shift_ended", end, session_id=session, host_id=host)


def run_sessions(stage: Stage) -> None:
    """Sessions with their shifts, labels and scripts; some end twice, some never."""
    for session in stage.sessions:
        start = stage.tick()
        platform = stage.random.choice(PLATFORMS)
        stage.say("session_started", start, session_id=session, platform=platform, seller_id="seller")
        stage.random.choice((relay, relay, crowd))(stage, session)
        for _ in range(stage.random.choice((0, 1, 1, 1, 2))):
            stage.say("session_ended", stage.tick(), session_id=session)
        host = stage.random.choice(stage.hosts)
        stage.say("label_shown", stage.tick(), session_id=session, host_id=host)
        stage.say("label_hidden", stage.tick(), session_id=session, host_id=host)
        stage.say("script_started", stage.tick(), session_id=session, host_id=host, script_id="x", variant="a")
        stage.say("product_featured", stage.tick(), session_id=session, product_id="p1", host_id=host)


def attend(stage: Stage, viewer: str, session: str) -> None:
    """One viewer in one room: in good order, never leaving, leaving or joining twice, or any way at all."""
    instants = stage.ticks(stage.random.randint(1, 6))
    manner = stage.random.choice(("orderly", "orderly", "stays", "leaves twice", "joins twice", "any"))
    source = stage.random.choice((None, "feed", "search"))
    for number, at in enumerate(instants):
        joins = {
            "orderly": number % 2 == 0,
            "stays": True,
            "leaves twice": number % 3 == 0,
            "joins twice": number % 3 != 2,
            "any": stage.chance(0.5),
        }[manner]
        if joins:
            stage.say("viewer_joined", at, session_id=session, viewer_id=viewer, source=source)
        else:
            stage.say("viewer_left", at, session_id=session, viewer_id=viewer)


def watch_and_act(stage: Stage) -> None:
    """Viewers in several rooms, also at once, and what they do there."""
    for viewer in stage.viewers:
        for session in stage.random.sample(stage.sessions, stage.random.randint(0, min(3, len(stage.sessions)))):
            attend(stage, viewer, session)
    for _ in range(stage.random.randint(0, 2 * len(stage.viewers))):
        room = {"session_id": stage.session(), "viewer_id": stage.viewer()}
        kind = stage.random.choice(
            ("product_clicked", "cart_added", "commented", "liked", "shared", "followed", "gift")
        )
        if kind == "gift":
            money = {"amount_minor": stage.random.randint(1, 500), "currency": stage.random.choice(CURRENCIES)}
            stage.say("gift_sent", stage.tick(), **room, **money)
        elif kind in ("product_clicked", "cart_added"):
            stage.say(kind, stage.tick(), **room, product_id=stage.random.choice(("p1", "p2")))
        else:
            stage.say(kind, stage.tick(), **room, count=stage.random.choice((None, 1, 7)))


def order_lines(stage: Stage) -> list[Event]:
    """One to three lines, at times a discount below zero, at times for nothing; never below zero in all."""
    amounts = [stage.random.choice((0, 1, 3, 100, 9_900, 10_001, stage.random.randint(0, 10**6)))]
    amounts += [stage.random.randint(0, 300) for _ in range(stage.random.choice((0, 0, 1)))]
    if stage.chance(0.25):
        amounts.append(-stage.random.randint(0, sum(amounts)))
    return [
        {"line_id": str(number), "product_id": f"p{number}", "quantity": 1 + number % 2, "amount_minor": amount}
        for number, amount in enumerate(amounts, start=1)
    ]


def order_instant(stage: Stage) -> int:
    """At a boundary, at the end of the grace, just past it, or anywhere, also after everything."""
    boundary: int = stage.random.choice(stage.events)["occurred_at"]
    ends = [event["occurred_at"] for event in stage.events if event["type"] == "shift_ended"]
    last_off: int = stage.random.choice(ends or [boundary])
    far = stage.origin_ms + stage.grid_ms * stage.extent.ticks * 3
    return stage.random.choice((boundary, boundary, last_off + GRACE_MS, last_off + GRACE_MS + 1, stage.tick(), far))


def take_orders(stage: Stage) -> None:
    """Orders in and outside sessions, some by strangers, some naming a host, some said twice."""
    for number in range(1, stage.random.randint(0, stage.extent.orders) + 1):
        order = stage.say(
            "order_paid",
            order_instant(stage),
            order_id=f"o{number}",
            viewer_id=stage.viewer() if stage.chance(0.95) else "stranger",
            currency=stage.random.choice(CURRENCIES[: stage.random.randint(1, 3)]),
            lines=order_lines(stage),
            session_id=stage.session() if stage.chance(0.75) else None,
            host_id=stage.random.choice((*stage.hosts, "nobody-registered-me")) if stage.chance(0.25) else None,
        )
        if stage.chance(0.05):
            stage.events.append({**order, "event_id": f"e{len(stage.events) + 1}"})
        give_back(stage, order)


def give_back(stage: Stage, order: Event) -> None:
    """No, one or many refunds: partial, full, beyond, nothing, before the order, in the wrong money, said twice."""
    amount = sum(line["amount_minor"] for line in order["lines"])
    for number in range(1, stage.random.choice((0, 0, 0, 1, 1, 2, 4)) + 1):
        viewer = order["viewer_id"] if stage.chance(0.3) else None
        refund = stage.say(
            "order_refunded",
            max(order["occurred_at"] + stage.grid_ms * stage.random.choice((-2, 0, 1, 1, 40)), 0),
            refund_id=f"{order['order_id']}-r{number}",
            order_id=order["order_id"],
            amount_minor=stage.random.choice((0, 1, 1, amount // 3, amount // 2, amount, amount + 50)),
            currency="EUR" if stage.chance(0.05) else order["currency"],
            viewer_id=viewer,
            reason=stage.random.choice((None, "size")),
        )
        if stage.chance(0.2):
            stage.events.append({**refund, "event_id": f"e{len(stage.events) + 1}"})


def sign_contract(stage: Stage) -> None:
    """A likeness contract, which changes no credit."""
    stage.say(
        "likeness_contracted",
        stage.origin_ms,
        contract_id="c1",
        host_id=stage.hosts[1],
        owner=stage.hosts[0],
        valid_from=stage.origin_ms,
        valid_to=stage.origin_ms + 10**9,
        fee_minor=50_000,
        currency="CNY",
        royalty_bps=500,
        platforms=["douyin"],
    )


def scenario(seed: int, size: Size = "small", *, ordered: bool = False, repeats: bool = True) -> list[Event]:
    """Make the valid events of one seed, every time the same.

    ordered: by time, as a well-behaved producer sends them; else in any order. repeats: some events come twice.
    """
    stage = Stage(seed, size)
    register_hosts(stage)
    run_sessions(stage)
    watch_and_act(stage)
    take_orders(stage)
    sign_contract(stage)
    stage.say("order_refunded", stage.tick(), refund_id="lost", order_id="unknown", amount_minor=9, currency="CNY")
    events = list(stage.events)
    if repeats:
        events += [event for event in stage.events if stage.chance(0.08)]
    stage.random.shuffle(events)
    return sorted(events, key=lambda event: event["occurred_at"]) if ordered else events


def scenarios(size: Size = "small") -> st.SearchStrategy[list[Event]]:
    """Scenarios of any seed; the seed alone shrinks."""
    return st.integers(min_value=0, max_value=2**32 - 1).map(lambda seed: scenario(seed, size))


def shaken(events: Sequence[Event]) -> st.SearchStrategy[list[Event]]:
    """The same events in another order, some of them more than once."""

    def shake(seed: int) -> list[Event]:
        random = Random(seed)
        again = [event for event in events if random.random() < random.choice((0.0, 0.1, 0.5))]
        return random.sample([*events, *again], len(events) + len(again))

    return st.integers(min_value=0, max_value=2**32 - 1).map(shake)


def cuts(length: int, most: int = 8) -> st.SearchStrategy[list[int]]:
    """Cut points 0 = c0 <= c1 <= … = length, so that batches are the slices between neighbours (some empty)."""
    inner = st.lists(st.integers(min_value=0, max_value=length), max_size=most)
    return inner.map(lambda points: [0, *sorted(points), length])


def to_bytes(events: Sequence[Mapping[str, Any]]) -> bytes:
    """Newline-delimited JSON, as producers send it."""
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
