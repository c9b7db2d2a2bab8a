"""The board Finance: every figure is what plain Python makes of the events, exact to the last minor unit."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from boards_referee import Choice, Truth, money, period_of
from boards_referee_finance import FINANCE
from boards_week import BEGIN_MS, DAY_MS, HOUR_MS, MINUTE_MS, alike, arriving, asked, spanning, stored, week
from scenarios import scenario
from warehouse_books import rows

from analytics.warehouse import Warehouse
from dashboards.boards.finance import BOARD, PERIOD

ALL = Choice(BEGIN_MS, BEGIN_MS + 30 * DAY_MS)
WITHIN = replace(
    ALL, from_ms=BEGIN_MS + DAY_MS + 3 * HOUR_MS, until_ms=BEGIN_MS + 3 * DAY_MS + 9 * HOUR_MS + 7 * MINUTE_MS
)
CHOICES = [
    ALL,
    replace(WITHIN, model="linear", other="first", currency="KWD", zone="Asia/Kolkata", period="week"),
    replace(
        ALL, model="shapley", other="declared", currency="JPY", zone="Europe/Berlin", period="month", seller=("b",)
    ),
    replace(
        ALL, model="watch_time", platform=("douyin",), host=("d1", "x1"), zone="Pacific/Kiritimati", period="quarter"
    ),
    replace(WITHIN, kind=("digital", "excess_refund"), session=("s2", "s3"), zone="Asia/Shanghai", period="year"),
]


class Told(NamedTuple):
    """A warehouse, what is true, and the choices to look at it with."""

    warehouse: Warehouse
    truth: Truth
    choices: list[Choice]


@pytest.fixture(scope="module", params=["week", "scenario"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    events = week() if request.param == "week" else scenario(7, "medium", ordered=True)
    with stored(tmp_path_factory.mktemp("finance") / "data", arriving(events)) as (warehouse, newest_ms):
        yield Told(warehouse, Truth(events, newest_ms), CHOICES if request.param == "week" else [spanning(events)])


@pytest.mark.parametrize("panel", FINANCE)
def test_every_panel_says_what_the_events_say(told: Told, panel: str) -> None:
    for choice in told.choices:
        assert alike(asked(told.warehouse, f"finance_{panel}", choice)) == alike(FINANCE[panel](told.truth, choice)), (
            choice
        )


def test_restatements_are_the_lines_that_late_facts_brought(told: Told) -> None:
    for choice in told.choices:
        assert asked(told.warehouse, "finance_restatements", choice) == _restated(told.warehouse, choice, told.truth)


def _restated(warehouse: Warehouse, choice: Choice, truth: Truth) -> list[dict[str, Any]]:
    lines = rows(
        warehouse,
        "SELECT model, currency, toUnixTimestamp64Milli(booked_at), reason, order_id, amount_minor, "
        "toString(recorded_at), host_id, session_id FROM ledger WHERE kind = 'restatement'",
    )
    found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for model, currency, at, reason, *rest in lines:
        if (
            (model, currency) == (choice.model, choice.currency)
            and choice.holds(int(at))
            and truth.in_sessions(rest[4], choice)
            and rest[3] in (choice.host or (rest[3],))
        ):
            found.setdefault((str(period_of(int(at), "day", choice.zone)), reason), []).append(tuple(rest))
    told: list[dict[str, Any]] = [
        {
            "day": day,
            "reason": reason,
            "lines": len(each),
            "orders": len({order_id for order_id, *_ in each}),
            "moved": money(sum(max(int(amount), 0) for _, amount, *_ in each), choice.currency),
            "latest": max(recorded for _, _, recorded, *_ in each),
        }
        for (day, reason), each in sorted(found.items())
    ]
    return sorted(told, key=lambda row: str(row["day"]), reverse=True)


def test_the_bridge_closes(told: Told) -> None:
    for choice in (told.choices[0], replace(told.choices[0], model="declared", other="time_decay", currency="JPY")):
        bridge = asked(told.warehouse, "finance_bridge", choice)
        assert bridge
        assert sum(row["difference"] for row in bridge) == 0
        assert all(row["before"] + row["moved_in"] - row["moved_out"] == row["after"] for row in bridge)
        assert all(row["after"] - row["before"] == row["difference"] for row in bridge)


def test_every_model_keeps_the_same_money(told: Told) -> None:
    found = asked(told.warehouse, "finance_models", told.choices[0])
    sums = {model: sum(row[model] for row in found) for model in found[0] if isinstance(found[0][model], Decimal)}
    assert len(sums) == 9
    assert len(set(sums.values())) == 1
    assert all(row["markov"] is None for row in found)


@pytest.mark.parametrize("period", [value for value, _ in PERIOD.options])
def test_periods_of_any_length_hold_the_same_money(told: Told, period: str) -> None:
    choice = told.choices[0]
    (totals,) = asked(told.warehouse, "finance_totals", choice)
    periods = asked(told.warehouse, "finance_periods", replace(choice, period=period))
    mine = [row for row in periods if row["currency"] == choice.currency]
    for name in ("gross", "refunds", "net", "excess"):
        assert sum(row[name] for row in mine) == totals[name]


def test_the_week_has_what_is_to_be_got_right() -> None:
    truth = Truth(week(), BEGIN_MS + 30 * DAY_MS)
    assert {row["currency"] for row in FINANCE["conservation"](truth, ALL)} == {"CNY", "JPY", "KWD"}
    assert len(FINANCE["excess"](truth, ALL)) > 5
    (totals,) = FINANCE["totals"](truth, ALL)
    assert 0 < totals["unattributed"] < 1
    assert FINANCE["periods"](truth, ALL) != FINANCE["cohorts"](truth, ALL)
    assert {row["kind"] for row in FINANCE["by_kind"](truth, ALL)} == {
        "human",
        "digital",
        "unknown",
        "unattributed",
        "excess_refund",
    }
    assert len(FINANCE["bridge"](truth, ALL)) > 5
    assert {panel.id for panel in BOARD.panels} == {*FINANCE, "restatements"}
