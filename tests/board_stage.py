"""An evening that has everything the board Live must get right, fed through the real processor, and panels as rows."""

import calendar
import json
import time
from collections.abc import Mapping, Sequence
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

MINUTE_MS = 60_000
BEGIN_MS = 1_785_754_800_000
"""2026-08-03 11:00:00 UTC."""
HOSTILE = [
    "'",
    "''",
    "\\",
    "\\'",
    "$",
    "$__fromTime",
    "${host:sqlstring}",
    "$__conditionalAll(1=0, $host)",
    ") OR 1=1 --",
    "') OR 1=1 --",
    "{{credited}}",
    "主播🛒",
    "%s",
]
CONTROL = ["a\0b", "line\nbreak", "\ttab"]
"""Session ids may hold these; host ids may not."""
CAST = {"h1": "human", "h2": "human", "d1": "digital", "d2": "digital", "x1": "human"}
CURRENCIES = ("CNY", "CNY", "CNY", "JPY", "KWD")
ROOMS = ("s1", "s2", "s3", "s4")


class Evening:
    """Events in the making; times in minutes since the evening began."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.events: list[Event] = []

    def say(self, type_: str, minutes: float, **fields: object) -> None:
        """Add an event; fields that are None are left out."""
        kept = {name: value for name, value in fields.items() if value is not None}
        at = {"event_id": f"e{len(self.events)}", "type": type_, "occurred_at": BEGIN_MS + round(minutes * MINUTE_MS)}
        self.events.append(at | kept)

    def shift(self, session_id: str, host_id: str, start: float, end: float | None) -> None:
        """Put a host on air."""
        self.say("shift_started", start, session_id=session_id, host_id=host_id)
        if end is not None:
            self.say("shift_ended", end, session_id=session_id, host_id=host_id)

    def order(self, order_id: str, minutes: float, amount: int, **more: object) -> None:
        """Sell something in two lines."""
        lines = [
            {
                "line_id": "1",
                "product_id": f"p{self.random.randrange(5)}",
                "quantity": 2,
                "amount_minor": amount - amount // 3,
            },
            {"line_id": "2", "product_id": "p9", "quantity": 1, "amount_minor": amount // 3},
        ]
        self.say(
            "order_paid", minutes, **({"order_id": order_id, "viewer_id": "v1", "currency": "CNY"} | more), lines=lines
        )


def evening(seed: int = 5) -> list[Event]:
    """Four rooms with hand-overs in the middle of a minute, co-hosts, dead air, a host that changes kind on air, a host
    that nobody registered, a room that nobody opened, labels that come and go; and a small room for every hostile id.
    """
    stage = Evening(seed)
    _cast(stage)
    _rooms(stage)
    _people(stage)
    _sales(stage)
    for number, odd in enumerate([*HOSTILE, *CONTROL]):
        _odd_room(stage, odd, number)
    return sorted(stage.events, key=lambda event: event["occurred_at"])


def _cast(stage: Evening) -> None:
    for host_id, kind in CAST.items():
        twin = {"likeness_of": "h1"} if host_id == "d1" else {}
        stage.say("host_registered", -60, host_id=host_id, name=f"Name of {host_id}", kind=kind, **twin)
    stage.say("host_registered", 120.5, host_id="x1", name="Name of x1", kind="digital", likeness_of="nobody")


def _rooms(stage: Evening) -> None:
    stage.say(
        "session_started", -1, session_id="s1", seller_id="a", platform="douyin", title="秋冬晚场", category="shoes"
    )
    stage.say("session_started", 5, session_id="s2", seller_id="a", platform="tiktok", title="Late show")
    stage.say("session_started", 19, session_id="s3", seller_id="b", platform="douyin", title="Late show")
    stage.say("session_ended", 155, session_id="s1")
    stage.say("session_ended", 100, session_id="s3")
    shifts: Sequence[tuple[str, str, float, float | None]] = (
        ("s1", "h1", 0, 40),
        ("s1", "d1", 40.33, 90.75),
        ("s1", "h1", 80, 90.75),
        ("s1", "x1", 95.25, 150),
        ("s2", "d1", 10, 60),
        ("s2", "h2", 60, None),
        ("s3", "ghost", 20, 50),
        ("s3", "d2", 50, 100),
        ("s4", "x1", 0, 30),
    )
    for shift in shifts:
        stage.shift(*shift)
    for session_id, host_id, shown, hidden in (("s1", "d1", 41, 55.5), ("s1", "d1", 60, 500), ("s3", "d2", 45, 70)):
        stage.say("label_shown", shown, session_id=session_id, host_id=host_id)
        if hidden < 200:
            stage.say("label_hidden", hidden, session_id=session_id, host_id=host_id)
    stage.say("label_shown", 70.5, session_id="s3", host_id="d2")
    for minutes in (3, 61.5, 130):
        stage.say("product_featured", minutes, session_id="s1", product_id=f"p{minutes}", host_id="h1")


def _people(stage: Evening) -> None:
    random = stage.random
    for number in range(30):
        viewer, at = f"v{number}", random.random() * 100
        for _ in range(random.randint(1, 4)):
            room = random.choice(ROOMS)
            stage.say("viewer_joined", at, session_id=room, viewer_id=viewer)
            for type_ in ("product_clicked", "cart_added", "commented", "liked", "shared", "followed"):
                if random.random() < 0.3:
                    product = {"product_id": "p1"} if type_ in ("product_clicked", "cart_added") else {"count": 3}
                    stage.say(type_, at + random.random() * 5, session_id=room, viewer_id=viewer, **product)
            at += random.random() * 40
            if random.random() < 0.7:
                stage.say("viewer_left", at, session_id=room, viewer_id=viewer)


def _sales(stage: Evening) -> None:
    random = stage.random
    for number in range(70):
        at, amount = random.random() * 158, random.choice((0, 1, 9_900, random.randrange(10**7)))
        paid = {"currency": random.choice(CURRENCIES), "viewer_id": f"v{random.randrange(34)}"}
        room = random.choice(ROOMS) if random.random() < 0.85 else None
        named = random.choice(("h1", "d1", "stranger")) if random.random() < 0.2 else None
        stage.order(f"o{number}", at, amount, session_id=room, host_id=named, **paid)
        for back in range(random.choice((0, 0, 0, 1, 2))):
            returned = random.choice((1, amount // 3, amount, amount + 77))
            fields = {"refund_id": f"o{number}-{back}", "order_id": f"o{number}", "currency": paid["currency"]}
            stage.say("order_refunded", max(at + random.choice((-3, 4, 25)), 0), amount_minor=returned, **fields)


def _odd_room(stage: Evening, odd: str, number: int) -> None:
    """Minutes 170 to 171: a room, its seller, its platform and its host with this id, and one order of its own."""
    stage.say("session_started", 170, session_id=odd, seller_id=odd, platform=odd, title=odd)
    host_id = odd if odd in HOSTILE else "h2"
    stage.shift(odd, host_id, 170, 170.9)
    stage.say("viewer_joined", 170.1, session_id=odd, viewer_id=odd)
    stage.order(f"odd-{number}", 170.5, odd_amount(odd), session_id=odd, viewer_id=odd)
    stage.say("session_ended", 171, session_id=odd)


def odd_amount(odd: str) -> int:
    """What was sold in the room with this id, minor units of CNY."""
    return int(3 ** (1 + [*HOSTILE, *CONTROL].index(odd)))


def filled(folder: Path, events: Sequence[Event], batches: int = 6) -> Embedded:
    """Feed events to a new warehouse, cut at random, a quarter of them later than their turn."""
    warehouse = Embedded.open(folder)
    processor = Processor(warehouse, folder, Rules(models=STREAMED), lambda: int(time.time() * 1000))
    random = Random(1)
    places = [turn + (random.random() < 0.25) * random.randrange(len(events)) for turn in range(len(events))]
    late = [event for _, event in sorted(zip(places, events, strict=True), key=lambda placed: placed[0])]
    size = -(-len(late) // batches)
    for start in range(0, len(late), size):
        processor.process("evening", to_bytes(late[start : start + size]), start + 1, 0)
    return warehouse


def whole_evening(**more: Any) -> Choice:
    """The four rooms from before the evening until after it, ended as the page ends it."""
    return Choice(**({"from_ms": BEGIN_MS - 60 * MINUTE_MS, "until_ms": BEGIN_MS + 172 * MINUTE_MS} | more))


def between(first: int, last: int, **more: Any) -> Choice:
    """From minute to minute of the evening."""
    return Choice(from_ms=BEGIN_MS + first * MINUTE_MS, until_ms=BEGIN_MS + last * MINUTE_MS, **more)


def asked(warehouse: Warehouse, name: str, choice: Choice, step_ms: int = MINUTE_MS) -> list[dict[str, Any]]:
    """What a query says: decimals exact, counts whole, ratios floating, times in milliseconds UTC."""
    return rows_of(warehouse, name, Range(choice.from_ms, choice.until_ms, step_ms), choice.values)


def rows_of(warehouse: Warehouse, name: str, span: Range, values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """What a query says about a range and values."""
    return said(warehouse, expanded(statement(name), span, values))


def said(warehouse: Warehouse, text: str) -> list[dict[str, Any]]:
    """What a statement says."""
    answer = json.loads(warehouse.sql(text, "JSONCompact"), parse_float=str)
    kinds = [(column["name"], column["type"]) for column in answer["meta"]]
    return [
        {name: _value(kind, value) for (name, kind), value in zip(kinds, row, strict=True)} for row in answer["data"]
    ]


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if "DateTime" in kind:
        assert "UTC" in kind
        return round(Decimal(time_of(value)) * 1000)
    if "Decimal" in kind:
        return Decimal(value)
    return float(value) if "Float" in kind else value


def time_of(text: str) -> str:
    """Seconds since 1970 of a time as the engine writes it, as decimal text."""
    whole, _, part = text.partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%d %H:%M:%S"))
    return f"{seconds}.{part or 0}"


def alike(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows in which every fraction is a double, the last digits forgiven."""
    return [{name: _rounded(value) for name, value in row.items()} for row in rows]


def _rounded(value: Any) -> Any:
    return float(f"{float(value):.12g}") if isinstance(value, float | Fraction) else value
