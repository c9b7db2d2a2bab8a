"""Figures of ranges and shifts that begin and end anywhere: to the millisecond, and to the minute around midnight."""

from itertools import product
from random import Random
from typing import NamedTuple

import polars as pl
from boards_referee import Choice
from boards_week import asked
from warehouse_stage import RECORDED_MS

from analytics.warehouse.embedded import Embedded
from analytics.warehouse.tables import TIME

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MIDNIGHT_MS = 1_774_656_000_000
"""2026-03-28 00:00 UTC."""
ROOM_MS = 6 * MINUTE_MS


class Shift(NamedTuple):
    """A host on air, half-open."""

    host_id: str
    start_ms: int
    end_ms: int


def put(warehouse: Embedded, table: str, rows: list[dict[str, object]], token: str) -> None:
    """Store rows; columns called …_at are given in milliseconds."""
    frame = pl.DataFrame(rows).with_columns(pl.col("^.*_at$", "^at$").cast(TIME))
    warehouse.insert(table, frame.with_columns(batch=pl.lit(1, pl.UInt64)), token)


def stored(warehouse: Embedded, newest_ms: int) -> None:
    """A batch is stored, up to a time."""
    put(warehouse, "batches", [{"source": "s", "token": "t", "newest_at": newest_ms, "recorded_at": newest_ms}], "b")


def room(warehouse: Embedded, moves: list[tuple[int, int]], joins: list[int], shifts: list[Shift]) -> None:
    """One session: who came and went, entries, who was on air."""
    seen = {"session_id": "s", "viewer_id": "v", "recorded_at": RECORDED_MS}
    put(warehouse, "presence", [seen | {"at": at, "change": sign} for at, sign in moves], "p")
    entry = seen | {"type": "viewer_joined", "count": 1}
    entries = [entry | {"event_id": f"e{number}", "occurred_at": at} for number, at in enumerate(joins)]
    put(warehouse, "viewer_events", entries, "e")
    aired = [{"host_id": host, "started_at": start, "ended_at": end} for host, start, end in shifts]
    put(warehouse, "shifts", [{"session_id": "s", "deleted": 0} | shift for shift in aired], "s")


def watched(moves: list[tuple[int, int]], shift: Shift) -> int:
    """Milliseconds that people were there during a shift."""
    return sum(sign * max(shift.end_ms - max(at, shift.start_ms), 0) for at, sign in moves)


def viewed(moves: list[tuple[int, int]], joins: list[int], shift: Shift) -> int:
    """People there when the first whole minute begins, and entries of the minutes that begin in the shift."""
    first, last = (-(-at // MINUTE_MS) * MINUTE_MS for at in (shift.start_ms, shift.end_ms))
    there = sum(sign for at, sign in moves if at < first)
    return there + sum(first <= at < last for at in joins) if first < last else 0


def test_watch_time_and_views_of_a_shift_are_those_of_its_milliseconds(warehouse: Embedded) -> None:
    """Six minutes full of people and of hand-overs, so that a minute has marks of several shifts in it."""
    random = Random(5)
    moves = [(MIDNIGHT_MS + random.randrange(ROOM_MS), random.choice((1, 1, -1))) for _ in range(400)]
    joins = [MIDNIGHT_MS + random.randrange(ROOM_MS) for _ in range(200)]
    starts = [MIDNIGHT_MS + random.randrange(ROOM_MS) for _ in range(8)]
    shifts = [Shift(f"h{number}", at, at + random.randrange(1, 2 * MINUTE_MS)) for number, at in enumerate(starts)]
    stored(warehouse, MIDNIGHT_MS + DAY_MS)
    room(warehouse, moves, joins, shifts)
    for first, last in ((0, 8), (1, 4), (2, 3), (3, 6)):
        choice = Choice(MIDNIGHT_MS + first * MINUTE_MS, MIDNIGHT_MS + last * MINUTE_MS)
        aired = [Shift(host, max(start, choice.from_ms), min(end, choice.until_ms)) for host, start, end in shifts]
        rows = asked(warehouse, "hosts_scorecard", choice)
        assert {row["host_id"]: (round(row["viewer_hours"] * HOUR_MS), row["views"]) for row in rows} == {
            shift.host_id: (watched(moves, shift), viewed(moves, joins, shift))
            for shift in aired
            if shift.start_ms < shift.end_ms
        }


def test_money_of_a_range_is_that_of_its_minutes_wherever_midnight_lies(warehouse: Embedded) -> None:
    """A coin of its own value in each of the minutes around the midnights at which ranges begin and end."""
    around = [MIDNIGHT_MS + day * DAY_MS + off * MINUTE_MS for day in range(5) for off in (-2, -1, 0, 1, 2)]
    coins = {at: 1 << place for place, at in enumerate(around)}
    line = {
        "model": "on_air",
        "host_id": "h",
        "kind": "sale",
        "currency": "CNY",
        "session_id": "",
        "basis": "",
        "reason": "",
    }
    line |= {"sign": 1, "fit": 0, "recorded_at": RECORDED_MS}
    sales = [
        {"order_id": f"o{at}", "amount_minor": coin, "ordered_at": at, "booked_at": at} for at, coin in coins.items()
    ]
    stored(warehouse, MIDNIGHT_MS)
    put(warehouse, "ledger", [line | sale for sale in sales], "l")
    for days, off, end in product((0, 1, 3), (-1, 0, 1), (-1, 0, 1, 2)):
        begin_ms = MIDNIGHT_MS + DAY_MS
        choice = Choice(begin_ms + off * MINUTE_MS, begin_ms + days * DAY_MS + end * MINUTE_MS)
        rows = asked(warehouse, "finance_conservation", choice)
        found = sum(int(row["hosts"] * 100) for row in rows)
        assert found == sum(coin for at, coin in coins.items() if choice.holds(at)), (days, off, end)
