"""The board Hosts: every figure is what plain Python makes of the events, for several ranges, models and choices."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest
from boards_referee import HOSTS, Choice, Truth, versions
from boards_week import BEGIN_MS, DAY_MS, HOUR_MS, MINUTE_MS, alike, arriving, asked, spanning, stored, week
from scenarios import scenario

from analytics.warehouse import Warehouse
from dashboards.boards.hosts import BOARD

ALL = Choice(BEGIN_MS, BEGIN_MS + 30 * DAY_MS, zone="Asia/Shanghai")
WITHIN = replace(
    ALL,
    from_ms=BEGIN_MS + DAY_MS + 3 * HOUR_MS,
    until_ms=BEGIN_MS + 3 * DAY_MS + 9 * HOUR_MS + 7 * MINUTE_MS,
    zone="Asia/Kolkata",
)
CHOICES = [
    ALL,
    replace(WITHIN, model="linear", currency="KWD"),
    replace(ALL, model="shapley", currency="JPY", zone="Europe/Berlin", seller=("b",)),
    replace(WITHIN, model="watch_time", platform=("douyin",), host=("d1", "x1", "h2")),
    replace(ALL, kind=("digital", "unattributed"), session=("s1", "s3")),
]


class Told(NamedTuple):
    """A warehouse, what is true, and the choices to look at it with."""

    warehouse: Warehouse
    truth: Truth
    choices: list[Choice]


@pytest.fixture(scope="module", params=["week", "scenario"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    events = week() if request.param == "week" else scenario(8, "medium", ordered=True)
    with stored(tmp_path_factory.mktemp("hosts") / "data", arriving(events)) as (warehouse, newest_ms):
        yield Told(warehouse, Truth(events, newest_ms), CHOICES if request.param == "week" else [spanning(events)])


@pytest.mark.parametrize("panel", [panel.id for panel in BOARD.panels])
def test_every_panel_says_what_the_events_say(told: Told, panel: str) -> None:
    for choice in told.choices:
        assert alike(asked(told.warehouse, f"hosts_{panel}", choice)) == alike(HOSTS[panel](told.truth, choice)), choice


def test_the_week_has_what_is_to_be_got_right() -> None:
    truth = Truth(week(), BEGIN_MS + 30 * DAY_MS)
    rows = {(row["host_id"], row["kind"]): row for row in HOSTS["scorecard"](truth, ALL)}
    assert {("x1", "human"), ("x1", "digital"), ("ghost", "unknown"), ("d1", "digital")} <= set(rows)
    assert {("unattributed", "unattributed"), ("excess_refund", "excess_refund")} <= set(rows)
    assert all(rows["d1", "digital"][name] for name in ("conversion", "refund_rate", "refunded_orders", "watch_time"))
    assert [version for _, _, version in versions(truth)["d1"]] == ["v1", "v2"]
    assert max(row["day"] for row in HOSTS["avatar_days"](truth, ALL)) > 2
    assert HOSTS["leftovers"](truth, replace(ALL, model="linear"))
    pairs = HOSTS["twins"](truth, ALL)
    ratios = {row["host_id"]: (row["live_ratio"], row["viewer_ratio"]) for row in pairs[1::2]}
    assert all((*ratios["d1"], *ratios["d2"]))
    assert {row["kind"] for row in pairs[::2]} == {"human", "digital", "unknown"}
    lineups = [lineup for each in truth.books.lineups.values() for lineup in each]
    assert any(len(lineup.host_ids) > 1 for lineup in lineups)
    assert any(piece.start_ms % MINUTE_MS for piece in truth.air(ALL))
