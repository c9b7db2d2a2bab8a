"""The board Live says what the events say, added up by hand: every panel, several ranges and filters, money exact."""

from collections.abc import Iterator

import pytest
from board_stage import alike, asked, between, evening, filled, whole_evening
from boards_referee import Choice, Truth
from live_referee import PANELS, Live, audience, latest, revenue

from analytics.warehouse.embedded import Embedded

EVENTS = evening()
NEWEST_MS = max(event["occurred_at"] for event in EVENTS)
CHOICES = {
    "the whole evening": whole_evening(),
    "an hour": between(35, 95),
    "a minute": between(88, 89),
    "before the newest event": between(90, 171),
    "nothing yet": between(-600, -540),
    "yen": whole_evening(currency="JPY"),
    "dinar, by path": whole_evening(currency="KWD", model="linear"),
    "an hour without a sale": between(-70, -10, currency="KWD"),
    "a seller": whole_evening(seller=("a",)),
    "a platform and a session": between(10, 120, platform=("douyin", "tiktok"), session=("s1", "s2")),
    "a host": whole_evening(host=("d1",)),
    "hosts, first touch": between(20, 140, host=("h1", "x1", "unattributed"), model="first"),
    "a kind": whole_evening(kind=("digital",)),
    "kinds and a seller": whole_evening(kind=("unattributed", "unknown", "excess_refund"), seller=("b", "nobody")),
    "a host of a kind": whole_evening(host=("x1",), kind=("digital",), model="time_decay"),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    opened = filled(tmp_path_factory.mktemp("evening"), EVENTS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth(EVENTS, NEWEST_MS)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=list(CHOICES))
def test_every_panel_says_what_the_events_say(stage: Embedded, truth: Truth, choice: Choice) -> None:
    live = Live(truth, choice)
    for panel, expected in PANELS.items():
        assert alike(asked(stage, f"live_{panel}", choice)) == alike(expected(live)), panel


@pytest.mark.parametrize("choice", CHOICES.values(), ids=list(CHOICES))
def test_the_latest_orders_are_those_of_the_choice(stage: Embedded, truth: Truth, choice: Choice) -> None:
    expected = latest(Live(truth, choice))
    found = asked(stage, "live_latest", choice)
    told = ("time", "order_id", "session", "amount", "refunded", "items", "session_id")
    assert [[row[name] for name in told] for row in found] == [[row[name] for name in told] for row in expected]
    for row, of in zip(found, expected, strict=True):
        assert row["reason"]
        assert all(truth.name(host_id) in row["credit"] for host_id in of["hosts"])
        assert row["credit"].endswith(" %") == (len(of["hosts"]) > 1)


@pytest.mark.parametrize("step_ms", [300_000, 3_600_000])
def test_longer_steps_add_money_up_and_take_the_most_people(stage: Embedded, truth: Truth, step_ms: int) -> None:
    choice = whole_evening()
    assert asked(stage, "live_revenue", choice, step_ms) == revenue(Live(truth, choice), step_ms)
    assert asked(stage, "live_audience", choice, step_ms) == audience(Live(truth, choice), step_ms)
