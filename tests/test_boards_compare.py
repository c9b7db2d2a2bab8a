"""Claims about the board Compare by hand: late and wrong facts, several rooms, scripts side by side."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from board_stage import BEGIN_MS, rows_of
from scenarios import to_bytes

from analytics.experiments.assignment import assigned
from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range
from streams.processor import Processor

Event = dict[str, Any]
Feed = Callable[..., Embedded]
HOUR_S, MONTH_S = 3_600, 30 * 86_400
SPAN = Range(BEGIN_MS - HOUR_S * 1000, BEGIN_MS + 24 * HOUR_S * 1000, 60_000)
AIR, VISIT = {"session_id": "s", "host_id": "h"}, {"session_id": "s", "viewer_id": "v"}


def say(type_: str, at_s: float, **fields: object) -> Event:
    return {"type": type_, "occurred_at": BEGIN_MS + round(at_s * 1000)} | fields


def sold(order_id: str, at_s: float) -> Event:
    lines = [{"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": 1_000}]
    return say("order_paid", at_s, order_id=order_id, viewer_id="v", currency="CNY", lines=lines, session_id="s")


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Feed]:
    """A room with one open shift of a human that runs the script `sell`; then batches of further events."""
    with closing(Embedded.open(tmp_path)) as warehouse:
        writer = Processor(warehouse, tmp_path, Rules(), lambda: BEGIN_MS + 2 * HOUR_S * 1000)

        def fed(*batches: Sequence[Event]) -> Embedded:
            room = [
                say("host_registered", -10, host_id="h", name="h", kind="human"),
                say("session_started", 0, session_id="s", seller_id="a", platform="p"),
                say("shift_started", 0, **AIR),
                say("script_started", 350, script_id="sell", **AIR),
            ]
            for number, batch in enumerate((room, *batches)):
                events = [event | {"event_id": f"{number}-{place}"} for place, event in enumerate(batch)]
                assert writer.process("x", to_bytes(events), 100 * number + 1, number).rejects == 0
            return warehouse

        yield fed


def exposed(warehouse: Embedded) -> list[tuple[int, int]]:
    """Viewers and buyers of the script's only variant, a minute after their exposure."""
    chosen = {"script": ["sell"], "window": ["60"], "currency": ["CNY"]}
    return [(row["viewers"], row["buyers"]) for row in rows_of(warehouse, "compare_script_arms", SPAN, chosen)]


LAST = say("viewer_joined", 2 * HOUR_S, session_id="s", viewer_id="last")


def test_a_stay_that_ends_and_one_that_begins_at_the_instant_of_an_end_that_was_corrected(feed: Feed) -> None:
    """Presence changes by two at that instant: the end there is taken back, and the next stay begins."""
    first = [say("viewer_joined", 300, **VISIT), say("viewer_left", 500, **VISIT), LAST]
    late = [say("viewer_left", 320, **VISIT), say("viewer_joined", 500, **VISIT), sold("o", 510)]
    warehouse = feed(first, late)
    assert "2" in warehouse.sql("SELECT DISTINCT change FROM presence", "TabSeparated").split()
    assert exposed(warehouse) == [(1, 1)]


def test_who_has_gone_with_the_session_is_not_exposed_behind_it(feed: Feed) -> None:
    """Presence changes by minus two: the stay that began there is taken back, and an earlier one ends there."""
    host, visit = {"session_id": "u", "host_id": "other"}, {"session_id": "u", "viewer_id": "v"}
    behind = [say("shift_started", 600, **host), say("script_started", 600, script_id="sell", **host)]
    warehouse = feed(
        [
            say("viewer_joined", 500, **visit),
            say("viewer_joined", 2 * HOUR_S, session_id="t", viewer_id="last"),
            *behind,
        ],
        [say("viewer_joined", 300, **visit), say("session_ended", 500, session_id="u")],
    )
    assert "-2" in warehouse.sql("SELECT DISTINCT change FROM presence", "TabSeparated").split()
    assert exposed(warehouse) == [(0, 0)]


@pytest.mark.parametrize(
    "ahead",
    [
        say("host_registered", MONTH_S, host_id="h", name="h", kind="digital"),
        say("script_started", MONTH_S, script_id="sing", **AIR),
        say("shift_started", MONTH_S, session_id="s", host_id="other"),
        say("shift_ended", MONTH_S, **AIR),
    ],
)
def test_what_is_dated_far_ahead_puts_nobody_on_air_behind_the_newest_event(feed: Feed, ahead: Event) -> None:
    warehouse = feed([say("viewer_joined", 300, **VISIT), LAST, sold("o", 400)], [ahead])
    chosen = {"model": ["on_air"], "currency": ["CNY"], "zone": ["UTC"], "seller": [], "platform": [], "session": []}
    strata = rows_of(warehouse, "compare_strata", SPAN, chosen)
    assert sum(row["human_hours"] for row in strata) == pytest.approx((2 * HOUR_S - 300) / HOUR_S)
    assert {row["digital_hours"] for row in strata} == {0}
    known = {
        "model": "on_air",
        "currency": "CNY",
        "by": "kind",
        "control": "human",
        "treated": "digital",
        "zone": "UTC",
    }
    cells = warehouse.query("compare_cells", **known, from_ms=0, until_ms=4_000_000_000_000, counting=1)
    assert cells["live_ms"].sum() == 2 * HOUR_S * 1000


def test_scripts_begun_in_the_midst_of_a_line_up_do_not_cut_it(feed: Feed) -> None:
    starts = [say("script_started", 600 * number, script_id=f"s{number}", **AIR) for number in range(1, 7)]
    warehouse = feed([*starts, LAST])
    assert warehouse.sql("SELECT count() FROM stretches FINAL", "TabSeparated") == "8\n"
    found = warehouse.sql("SELECT host_ids, kind FROM line_ups ORDER BY start_at", "TabSeparated").split("\n")
    assert found[:-1] == ["[]\t", "['h']\thuman", "[]\t"]


@pytest.mark.parametrize(("paid_s", "buyers"), [(349.999, 0), (350, 1), (409.999, 1), (410, 0)])
def test_the_window_is_half_open_to_the_millisecond(feed: Feed, paid_s: float, buyers: int) -> None:
    assert exposed(feed([say("viewer_joined", 300, **VISIT), LAST, sold("o", paid_s)])) == [(1, buyers)]


def test_a_viewer_of_several_rooms_is_exposed_where_and_when_they_are_there(feed: Feed) -> None:
    """One stays in a room whose script begins last, having left many others early; one changes rooms shortly before."""
    rooms = [f"u{number}" for number in range(24)]
    aired = [
        event
        for place, room in enumerate(rooms)
        for event in (
            say("shift_started", 0, session_id=room, host_id=f"h{place}"),
            say("script_started", 320, script_id="sell", session_id=room, host_id=f"h{place}"),
            say("viewer_joined", 305, session_id=room, viewer_id="v"),
            say("viewer_left", 310, session_id=room, viewer_id="v"),
        )
    ]
    stays = [say("viewer_joined", 300, **VISIT), LAST, sold("in time", 405)]
    changes = [
        say("viewer_joined", 300, session_id="s", viewer_id="w"),
        say("viewer_joined", 325, session_id="u", viewer_id="w"),
        say("viewer_left", 330, session_id="s", viewer_id="w"),
        say("viewer_left", 500, session_id="u", viewer_id="w"),
        say("shift_started", 0, session_id="u", host_id="h9"),
        say("script_started", 340, script_id="sell", session_id="u", host_id="h9"),
        sold("late", 405) | {"viewer_id": "w"},
    ]
    assert exposed(feed([*aired, *stays, *changes])) == [(2, 1)]


def test_a_variant_of_another_script_beside_it_is_not_the_one_meant(feed: Feed) -> None:
    given_b = next(f"v{n}" for n in range(99) if assigned(f"v{n}", "sell", {"A": 1, "B": 1}) == "B")
    beside = [
        say("shift_started", 0, session_id="s", host_id="other"),
        say("script_started", 10, session_id="s", host_id="other", script_id="sing", variant="B"),
        say("shift_started", 0, session_id="t", host_id="third"),
        say("script_started", 10, session_id="t", host_id="third", script_id="sell", variant="B"),
    ]
    warehouse = feed([*beside, say("viewer_joined", 300, session_id="s", viewer_id=given_b), LAST])
    chosen = {"script": ["sell"], "window": ["60"], "currency": ["CNY"]}
    arms = rows_of(warehouse, "compare_script_arms", SPAN, chosen)
    assert [(arm["variant"], arm["viewers"], arm["saw"]) for arm in arms] == [("A", 0, 0), ("B", 1, 0)]


def test_a_line_up_begins_at_the_nearest_minute_and_what_was_sold_before_the_first_is_left_out(feed: Feed) -> None:
    room = {"session_id": "u", "host_id": "other"}
    warehouse = feed(
        [
            say("host_registered", -10, host_id="other", name="other", kind="digital"),
            say("session_started", 0, session_id="u", seller_id="a", platform="q"),
            say("viewer_joined", 0, session_id="u", viewer_id="w"),
            say("viewer_joined", 100, **VISIT),
            sold("before", 300) | {"session_id": "u"},
            say("shift_started", 645, **room),
            sold("in it", 900) | {"session_id": "u", "viewer_id": "w"},
            say("shift_ended", 1200, **room),
            LAST,
        ]
    )
    before = warehouse.sql(
        "SELECT host_id FROM revenue_minute WHERE model = 'last' AND session_id = 'u' ORDER BY minute", "TSV"
    )
    assert before.split() == ["h", "other"], "the host of another room earned what was sold before"
    chosen = {"model": ["last"], "currency": ["CNY"], "zone": ["UTC"], "seller": [], "platform": [], "session": []}
    (row,) = (row for row in rows_of(warehouse, "compare_strata", SPAN, chosen) if row["platform"] == "q")
    assert row["digital_hours"] == pytest.approx(540 / HOUR_S)
    assert (row["human_sessions"], row["digital_sessions"]) == (0, 1)
    assert float(row["digital"]) == pytest.approx(10 / (540 / HOUR_S), abs=0.01)
