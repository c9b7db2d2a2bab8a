"""A week that has everything the boards Hosts and Finance must get right, and the panels as plain rows."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from boards_referee import STREAMED, Choice
from scenario_stage import Event
from scenarios import to_bytes

from analytics.rules import Rules
from analytics.warehouse import Warehouse
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range, expanded
from dashboards.sql import statement
from streams.processor import Processor

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
BEGIN_MS = 1_774_648_800_000
"""2026-03-27 22:00:00 UTC: a Friday; clocks change in Berlin on Sunday, the quarter ends on Tuesday."""
SESSIONS = {
    "s1": ("a", "douyin", "CNY"),
    "s2": ("a", "tiktok", "KWD"),
    "s3": ("b", "douyin", "CNY"),
    "s4": ("b", "tiktok", "JPY"),
    "s5": ("a", "douyin", "CNY"),
    "s6": ("b", "douyin", "CNY"),
}
CAST = ("h1", "d1", "h2", "x1", "ghost", "d2")


def week(seed: int = 7) -> list[Event]:
    """Six sessions on seven days: relays with hand-overs in the middle of a minute, co-hosts, dead air, a twin with two
    versions, a host that changes kind, one nobody registered, three currencies, refunds for weeks, also beyond orders.
    """
    random = Random(seed)
    events: list[Event] = []

    def say(type_: str, at_ms: int, **fields: object) -> None:
        kept = {name: value for name, value in fields.items() if value is not None}
        events.append({"event_id": f"e{len(events)}", "type": type_, "occurred_at": at_ms} | kept)

    _hosts(say)
    for number, (session, (seller, platform, currency)) in enumerate(SESSIONS.items()):
        begin = BEGIN_MS + number * DAY_MS + random.randrange(5 * HOUR_MS)
        say("session_started", begin, session_id=session, seller_id=seller, platform=platform)
        end = _relay(say, random, session, begin)
        if session != "s6":
            say("session_ended", end, session_id=session)
        _people(say, random, session, (begin, end), currency)
    return sorted(events, key=lambda event: event["occurred_at"])


def _hosts(say: Any) -> None:
    def host(at_ms: int, host_id: str, kind: str, **more: object) -> None:
        say("host_registered", at_ms, host_id=host_id, name=f"Name of {host_id}", kind=kind, **more)

    host(BEGIN_MS - DAY_MS, "h1", "human")
    host(BEGIN_MS - DAY_MS, "d1", "digital", likeness_of="h1", vendor="acme", avatar_version="v1")
    host(BEGIN_MS - DAY_MS, "h2", "human")
    host(BEGIN_MS - DAY_MS, "x1", "human")
    host(BEGIN_MS - DAY_MS, "d2", "digital", likeness_of="h2", avatar_version="w1")
    host(BEGIN_MS - DAY_MS, "d3", "digital", likeness_of="somebody who is not registered")
    host(BEGIN_MS - DAY_MS, "d4", "digital", likeness_of="d1")
    host(BEGIN_MS + DAY_MS, "d1", "digital", likeness_of="h1", vendor="other", avatar_version="v1")
    host(BEGIN_MS + 2 * DAY_MS + 8 * HOUR_MS, "x1", "digital", avatar_version="x")
    host(BEGIN_MS + 2 * DAY_MS + HOUR_MS + 1, "d1", "digital", likeness_of="h1", vendor="other", avatar_version="v2")


def _relay(say: Any, random: Random, session: str, begin: int) -> int:
    """Shifts one after the other, some side by side; the last session's last shift goes on. Returns the end."""
    at = begin + random.randrange(MINUTE_MS)
    hosts = random.sample(CAST, len(CAST))
    for number, host_id in enumerate((*hosts, *hosts)):
        start = at + random.choice((0, 0, 0, 90_000, 5 * MINUTE_MS, -20 * MINUTE_MS, -HOUR_MS))
        at = max(at, start) + random.choice((20_000, HOUR_MS, 2 * HOUR_MS)) + random.randrange(3 * MINUTE_MS)
        say("shift_started", start, session_id=session, host_id=host_id)
        if session != "s6" or number < len(hosts):
            say("shift_ended", at, session_id=session, host_id=host_id)
    return at + 3 * MINUTE_MS


def _people(say: Any, random: Random, session: str, span: tuple[int, int], currency: str) -> None:
    begin, end = span
    for number in range(14):
        viewer, at = f"v{number}", begin + random.randrange((end - begin) // 2)
        for _ in range(random.randint(1, 3)):
            say("viewer_joined", at, session_id=session, viewer_id=viewer)
            at += random.choice((30_000, 10 * MINUTE_MS, 3 * HOUR_MS)) + random.randrange(MINUTE_MS)
            if random.random() < 0.8:
                say("viewer_left", at, session_id=session, viewer_id=viewer)
            at += random.randrange(10 * MINUTE_MS)
    for number in range(25):
        _order(
            say,
            random,
            session,
            f"o{session}-{number}",
            begin + random.randrange(end - begin + 4 * MINUTE_MS),
            currency,
        )


def _order(say: Any, random: Random, session: str, order_id: str, at: int, currency: str) -> None:
    amount = random.choice((0, 1, 9_900, 10_001, random.randrange(10**7)))
    paid_in = currency if random.random() < 0.8 else random.choice(("CNY", "JPY", "KWD"))
    say(
        "order_paid",
        at,
        order_id=order_id,
        viewer_id=f"v{random.randrange(16)}",
        currency=paid_in,
        lines=[{"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": amount}],
        session_id=session if random.random() < 0.85 else None,
        host_id=random.choice(CAST) if random.random() < 0.2 else None,
    )
    for number in range(random.choice((0, 0, 0, 1, 1, 3))):
        later = random.choice((-HOUR_MS, HOUR_MS, DAY_MS, 20 * DAY_MS)) + random.randrange(HOUR_MS)
        back = {"amount_minor": random.choice((1, amount // 3, amount, amount + 77)), "currency": paid_in}
        say("order_refunded", at + later, refund_id=f"{order_id}-r{number}", order_id=order_id, **back)


def arriving(events: Sequence[Event], seed: int = 7) -> list[list[Event]]:
    """The events in two batches by time, and one in ten late, in a third."""
    random = Random(seed)
    late = [event for event in events if random.random() < 0.1 and event["type"] != "host_registered"]
    on_time = [event for event in events if event not in late]
    size = -(-len(on_time) // 2)
    return [*(on_time[at : at + size] for at in range(0, len(on_time), size)), late]


@contextmanager
def stored(folder: Path, batches: Sequence[Sequence[Event]]) -> Iterator[tuple[Embedded, int]]:
    """A warehouse that has taken batches in, under every model but markov; and its newest time."""
    with closing(Embedded.open(folder)) as warehouse:
        processor = Processor(warehouse, warehouse.folder, Rules(models=STREAMED), lambda: int(time.time() * 1000))
        position = 1
        for batch in batches:
            processor.process("week", to_bytes(batch), position, 0)
            position += len(batch)
        yield warehouse, processor.state.newest_ms or 0


def asked(warehouse: Warehouse, name: str, choice: Choice) -> list[dict[str, Any]]:
    """What a panel's query says: decimals exact, counts whole, ratios floating, times and dates as text."""
    span = Range(choice.from_ms, choice.until_ms, MINUTE_MS)
    answer = json.loads(warehouse.sql(expanded(statement(name), span, choice.values), "JSONCompact"), parse_float=str)
    types = [(column["name"], column["type"]) for column in answer["meta"]]
    return [
        {column: _value(kind, value) for (column, kind), value in zip(types, row, strict=True)}
        for row in answer["data"]
    ]


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if "Decimal" in kind:
        return Decimal(value)
    return float(value) if "Float" in kind else value


def alike(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in which every fraction is the nearest double, to compare with answers; the last digit is forgiven."""
    return [{name: _rounded(value) for name, value in row.items()} for row in rows]


def _rounded(value: Any) -> Any:
    return float(f"{float(value):.13g}") if isinstance(value, float | Fraction) else value


def spanning(events: Sequence[Event]) -> Choice:
    """All of some events."""
    first, last = (of(event["occurred_at"] for event in events) // MINUTE_MS * MINUTE_MS for of in (min, max))
    return Choice(first, last + MINUTE_MS)
