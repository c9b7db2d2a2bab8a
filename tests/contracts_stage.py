"""Made-up worlds for settlements: orders with credits and refunds over three months, shifts, schedules, contracts."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from contracts_referee import Row, start_ms
from hypothesis import strategies as st
from referee_models import allocate, by_hash

from analytics.contracts.pay import Days
from analytics.contracts.schedules import schedule
from analytics.contracts.scope import CONTRACTS
from analytics.contracts.settlement import Facts
from analytics.contracts.states import STATES

MONTHS = [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)]
EDGES = [start_ms(day) for day in MONTHS]
HOSTS = {"mei": "human", "tom": "human", "mei-ai": "digital", "bot": "digital", "unattributed": "unattributed"}
SESSIONS: list[tuple[str | None, str | None, str | None, str | None]] = [
    ("s1", "A", "douyin", "beauty"),
    ("s2", "A", "tiktok", None),
    ("s3", "B", "douyin", "food"),
    (None, None, None, None),
]
CATEGORIES: dict[str | None, str | None] = {"s1": "beauty", "s2": None, "s3": "food", None: None}
_PLACE = ("session_id", "host_id", "host_kind", "seller_id", "platform", "category")
AIR: dict[str, Any] = dict.fromkeys(_PLACE, pl.String) | {"start_ms": pl.Int64, "end_ms": pl.Int64}
ORDER_LINES: dict[str, Any] = dict.fromkeys(("order_id", "line_id", "category"), pl.String) | {"amount_minor": pl.Int64}


@dataclass(frozen=True)
class World:
    """Orders with their history, as plain rows."""

    orders: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    air: list[dict[str, Any]]
    schedule: pl.DataFrame
    contracts: list[dict[str, Any]]

    def states(self, from_ms: int, until_ms: int) -> list[dict[str, Any]]:
        """What the books hold of every order before and after a period; untouched orders are left out."""
        return [row for order in self.orders for row in states_of(order, from_ms, until_ms)]

    def facts(self, from_ms: int, until_ms: int) -> Facts:
        return Facts(
            states=pl.DataFrame(self.states(from_ms, until_ms), schema=STATES),
            order_lines=pl.DataFrame(self.lines, schema=ORDER_LINES),
            sessions=pl.DataFrame(
                [(session_id, category) for session_id, category in CATEGORIES.items() if session_id],
                schema=["session_id", "category"],
                orient="row",
            ),
            air=pl.DataFrame(clipped(self.air, from_ms, until_ms), schema=AIR),
            contracts=pl.DataFrame(self.contracts, schema=CONTRACTS),
            schedule=self.schedule,
        )


def clipped(air: list[dict[str, Any]], from_ms: int, until_ms: int) -> list[dict[str, Any]]:
    cut = [span | {"start_ms": max(span["start_ms"], from_ms), "end_ms": min(span["end_ms"], until_ms)} for span in air]
    return [span for span in cut if span["start_ms"] < span["end_ms"]]


def days(first: int, last: int) -> Days:
    """Whole months, from one of MONTHS to before another."""
    return Days(MONTHS[first], MONTHS[last], ZoneInfo("UTC"))


def states_of(order: Row, from_ms: int, until_ms: int) -> list[dict[str, Any]]:
    before, after = books_at(order, from_ms), books_at(order, until_ms)
    if before == after:
        return []
    session_id, seller_id, platform, _ = order["session"]
    found = []
    for host_id in sorted(before.keys() | after.keys()):
        (g0, n0), (g1, n1) = before.get(host_id, (0, 0)), after.get(host_id, (0, 0))
        if any((g0, n0, g1, n1)):
            found.append(
                {
                    "order_id": order["order_id"], "session_id": session_id, "host_id": host_id,
                    "host_kind": HOSTS.get(host_id, host_id), "seller_id": seller_id, "platform": platform,
                    "currency": order["currency"], "at_ms": order["at_ms"],
                    "gross_before": g0, "net_before": n0, "gross_after": g1, "net_after": n1,
                }
            )  # fmt: skip
    return found


def books_at(order: Row, at_ms: int) -> dict[str, tuple[int, int]]:
    """Gross and net of each account of an order as of an instant (exclusive), by the definitions of the books."""
    if order["at_ms"] >= at_ms:
        return {}
    tie = by_hash(order["order_id"])
    refunded = sum(amount for ms, amount in order["refunds"] if ms < at_ms)
    gross = allocate(order["amount"], order["weights"], tie)
    net = allocate(max(order["amount"] - refunded, 0), order["weights"], tie)
    found = {host_id: (gross[host_id], net[host_id]) for host_id in gross}
    if refunded > order["amount"]:
        found["excess_refund"] = (0, refunded - order["amount"])
    return found


def worlds() -> st.SearchStrategy[World]:
    """Any world, by its seed: several currencies, refunds of any size and time, co-hosts, rows of any scope."""
    return st.integers(0, 10**9).map(lambda seed: world(random.Random(seed)))


def world(chance: random.Random) -> World:
    orders, lines = [], []
    for number in range(chance.randint(4, 8)):
        parts = [(amount(chance), chance.choice([None, "beauty", "food"])) for _ in range(chance.randint(1, 3))]
        whole, at_ms = sum(part for part, _ in parts), chance.randrange(EDGES[0], EDGES[3])
        hosts = chance.sample(sorted(HOSTS), chance.randint(1, 3))
        orders.append(
            {
                "order_id": f"o{number}", "at_ms": at_ms, "amount": whole,
                "currency": chance.choice(["CNY", "CNY", "JPY", "KWD"]), "session": chance.choice(SESSIONS),
                "weights": {host: chance.randint(1, 5) for host in hosts},
                "refunds": [
                    (at_ms + chance.randrange(45 * 86_400_000), chance.randint(0, whole + 5))
                    for _ in range(chance.randint(0, 3))
                ],
            }
        )  # fmt: skip
        lines += [
            {"order_id": f"o{number}", "line_id": f"l{place}", "category": category, "amount_minor": part}
            for place, (part, category) in enumerate(parts)
        ]
    air = [span(chance) for _ in range(chance.randint(1, 5))]
    return World(orders, lines, air, schedule(sheet(chance)), deals(chance))


def amount(chance: random.Random) -> int:
    return chance.choice([chance.randint(0, 50), chance.randint(0, 2_000), 1, 3, 99_999_999, 4_000_000_000_000])


def span(chance: random.Random) -> dict[str, Any]:
    session_id, seller_id, platform, category = chance.choice(SESSIONS[:3])
    host_id = chance.choice([host for host in HOSTS if host != "unattributed"])
    start = chance.randrange(EDGES[0], EDGES[3])
    return {
        "session_id": session_id, "host_id": host_id, "host_kind": HOSTS[host_id], "seller_id": seller_id,
        "platform": platform, "category": category, "start_ms": start,
        "end_ms": start + chance.randint(1, 3 * 86_400_000),
    }  # fmt: skip


def deals(chance: random.Random, low: int = EDGES[0] - 10**9, high: int = EDGES[3] + 10**9) -> list[dict[str, Any]]:
    """Several contracts; they overlap as they like."""
    return [agreement(chance, number, low, high) for number in range(chance.randint(0, 5))]


def agreement(chance: random.Random, number: int, low: int, high: int) -> dict[str, Any]:
    begin, end = sorted(chance.sample(range(low, high), 2))
    return {
        "contract_id": f"c{number}", "host_id": chance.choice(["mei-ai", "mei-ai", "bot"]),
        "owner": chance.choice(["mei", "studio"]), "valid_from_ms": begin, "valid_to_ms": end,
        "fee_minor": chance.randint(0, 10_000), "currency": chance.choice(["CNY", "JPY"]),
        "royalty_bps": chance.choice([0, 1, 333, 10_000]),
        "platforms": chance.choice([[], ["douyin"], ["tiktok", "x"]]),
        "categories": chance.choice([[], ["beauty"], ["food", "y"]]), "label_required": chance.random() < 0.5,
    }  # fmt: skip


DEFAULT_KINDS = {"host_hourly": "human", "host_commission": "human", "avatar_hourly": "digital"}
FEES = ["platform_fee", "affiliate", "ads", "host_hourly", "host_commission", "avatar_hourly"]
HEAD = "fee,platform,seller_id,host_id,host_kind,currency,from,until,bps,base,refundable,amount_minor,tiers"
WHOM = [("", ""), ("", "human"), ("mei", ""), ("mei-ai", ""), ("", "digital")]


def sheet(chance: random.Random) -> str:
    """The text of a schedule: each fee for everybody, most of the time, and rows of any scope; none of them meet."""
    told: dict[tuple[str, ...], str] = {}
    rows = [(fee, "", "", "", "") for fee in FEES if chance.random() < 0.9]
    for _ in range(chance.randint(0, 6)):
        place = chance.choice(["", "", "douyin"]), chance.choice(["", "", "A"])
        rows.append((chance.choice(FEES), *place, *chance.choice(WHOM)))
    for fee, platform, seller, host, kind in rows:
        currency, begin, until, *terms = agreed(chance, fee)
        own = "" if fee in {"host_hourly", "avatar_hourly"} else currency
        whom = kind or ("" if host else DEFAULT_KINDS.get(fee, ""))
        line = [fee, platform, seller, host, whom, currency, begin, until, *terms]
        told.setdefault((fee, platform, seller, host, whom, own), ",".join(line))
    return "\n".join([HEAD, *told.values()])


def agreed(chance: random.Random, fee: str) -> list[str]:
    """Currency, days and terms of a row: currency, from, until, bps, base, refundable, amount_minor, tiers."""
    begin, until = chance.choice(["2026-08-15", "2026-09-20"]), chance.choice(["", "", "2026-10-15"])
    if fee in {"platform_fee", "affiliate"}:
        base, refundable = chance.choice([("gross", "full"), ("gross", "none"), ("net", "full")])
        bps = str(chance.choice([1, 333, 500, 2_500, 10_000]))
        return [chance.choice(["", "", "CNY"]), begin, until, bps, base, refundable, "", ""]
    currency = chance.choice(["CNY", "JPY"])
    if fee == "host_commission":
        rates = chance.choice(["0:100", "0:0;500:250", "0:1;7:9999;1000:50"])
        return [currency, begin, until, "", "", chance.choice(["full", "none"]), "", rates]
    end = until or ("2026-11-07" if fee == "ads" else "")
    return [currency, begin, end, "", "", "", str(chance.randint(1, 100_000)), ""]


def at(text: str) -> int:
    """An instant written as in 2026-10-01T20:00."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
