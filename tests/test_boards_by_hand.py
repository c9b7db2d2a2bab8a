"""The boards Hosts and Finance on a stage so small that a person can add it up, on none at all, and on broken books."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from boards_referee import Choice
from boards_week import alike, asked, stored
from scenario_stage import Event
from warehouse_stage import execute

from analytics.warehouse.embedded import Embedded
from analytics.warehouse.own import of_hosts
from dashboards.boards import finance, hosts
from dashboards.macros import Range, expanded
from dashboards.spec import Unit
from dashboards.sql import statement

PANELS = {
    f"{name}_{panel.id}": panel
    for name, board in (("hosts", hosts), ("finance", finance))
    for panel in board.BOARD.panels
}
BEGIN, MINUTE = 1_785_754_800_000, 60_000
STAGE = Choice(BEGIN, BEGIN + 60 * MINUTE)
TYPES: dict[Unit, type] = {
    Unit.MONEY: Decimal,
    Unit.COUNT: int,
    Unit.CHECK: int,
    Unit.SHARE: float,
    Unit.NUMBER: float,
    Unit.SECONDS: float,
}


def _event(type_: str, minutes: float, **fields: object) -> Event:
    at = BEGIN + int(minutes * MINUTE)
    ids = [str(value) for name, value in fields.items() if name.endswith("_id")]
    return {"event_id": " ".join([type_, str(minutes), *ids]), "type": type_, "occurred_at": at} | fields


def _order(order_id: str, minutes: float, amount: int, currency: str = "CNY", **fields: object) -> Event:
    line = {"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": amount}
    more = {"order_id": order_id, "viewer_id": "buyer", "currency": currency, "lines": [line]}
    return _event("order_paid", minutes, **more, **fields)


def _refund(refund_id: str, order_id: str, minutes: float, amount: int) -> Event:
    fields = {"refund_id": refund_id, "order_id": order_id, "amount_minor": amount, "currency": "CNY"}
    return _event("order_refunded", minutes, **fields)


def _room(type_: str, minutes: float, viewer_id: str) -> Event:
    return _event(type_, minutes, session_id="s", viewer_id=viewer_id)


def _shift(type_: str, minutes: float, host_id: str) -> Event:
    return _event(type_, minutes, session_id="s", host_id=host_id)


def _hour() -> list[Event]:
    """李佳 is on air for 30.5 minutes, her twin from then on, to the last event at 50.5 minutes."""
    return [
        _event("host_registered", -10, host_id="h1", name="李佳", kind="human"),
        _event("host_registered", -10, host_id="d1", name="李佳 AI", kind="digital", likeness_of="h1"),
        _event("session_started", -1, session_id="s", platform="douyin", seller_id="seller"),
        _shift("shift_started", 0, "h1"),
        _shift("shift_ended", 30.5, "h1"),
        _shift("shift_started", 30.5, "d1"),
        _room("viewer_joined", 0, "a"),
        _room("viewer_joined", 1, "b"),
        _room("viewer_left", 20, "b"),
        _room("viewer_joined", 30.25, "c"),
        _room("viewer_left", 30.75, "c"),
        _room("viewer_joined", 50.25, "e"),
        _room("viewer_left", 50.5, "e"),
        _order("o1", 10, 10050, session_id="s"),
        _order("o2", 40, 20000, session_id="s"),
        _order("o3", 45, 9950),
        _order("o4", 5, 1234, "JPY", session_id="s"),
        _refund("f1", "o1", 49, 5025),
        _refund("f2", "o2", 50, 25000),
    ]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Embedded]:
    with stored(tmp_path / "data", [_hour()]) as (warehouse, _):
        yield warehouse


def test_columns_are_those_of_the_panel_and_of_its_units(stage: Embedded) -> None:
    silent = set()
    for name, panel in PANELS.items():
        rows = asked(stage, name, STAGE)
        silent |= {name} - {name for _ in rows}
        for row in rows:
            assert list(row) == [column.name for column in panel.columns], name
            for column in panel.columns:
                if row[column.name] is not None:
                    assert isinstance(row[column.name], TYPES.get(column.unit, str)), (name, column.name)
    assert silent == {"hosts_avatar_days", "hosts_leftovers", "finance_restatements"}


def test_an_empty_warehouse_answers(warehouse: Embedded) -> None:
    for name in PANELS:
        found = asked(warehouse, name, STAGE)
        assert not any(value for row in found for key, value in row.items() if key != "hour"), name
    assert len(asked(warehouse, "hosts_by_hour", STAGE)) == 24
    assert len(asked(warehouse, "finance_totals", STAGE)) == 1


def test_hostile_choices_are_only_values(stage: Embedded) -> None:
    hostile = ("' OR 1=1 --", "\\", "$__timeFilter(minute)", "${model:sqlstring}", "李佳\n")
    choice = replace(STAGE, seller=hostile, platform=hostile, session=hostile, host=hostile, kind=hostile)
    for name in ("hosts_scorecard", "hosts_leftovers", "finance_totals", "finance_bridge", "finance_by_seller"):
        found = asked(stage, name, choice)
        assert not any(value for row in found for key, value in row.items() if key != "hour"), name


def test_a_host_and_her_twin_by_hand(stage: Embedded) -> None:
    original, twin = asked(stage, "hosts_twins", STAGE)
    assert (original["host_id"], twin["host_id"]) == ("h1", "d1")
    assert original["pair"] == twin["pair"] == "李佳 and 李佳 AI"
    assert alike([original, twin]) == alike(
        [original | {"live_hours": 30.5 / 60}, twin | {"live_hours": 20 / 60, "refund_rate": 1.0, "live_ratio": 0.0}]
    )
    assert (original["net"], twin["net"]) == (Decimal("50.25"), Decimal(0))
    assert original["per_live_hour"] == Decimal("98.85"), "50.25 in 30.5 minutes"
    assert original["per_viewer_hour"] == Decimal("60.60"), "50.25 in 49.75 minutes watched"
    assert (original["refund_rate"], original["orders"], twin["orders"]) == (0.5, 1, 1)
    assert twin["live_difference"] == Decimal("-98.85")


def test_time_watched_and_views_are_exact_around_a_hand_over_within_a_minute(stage: Embedded) -> None:
    cards = {row["host_id"]: row for row in asked(stage, "hosts_scorecard", STAGE)}
    assert round(cards["h1"]["viewer_hours"] * 3_600_000) == 30.5 * MINUTE + 19 * MINUTE + 0.25 * MINUTE
    assert round(cards["d1"]["viewer_hours"] * 3_600_000) == 20 * MINUTE + 0.25 * MINUTE + 0.25 * MINUTE
    assert cards["h1"]["views"] == 3, "a and b, and c in the minute that begins before the hand-over"
    assert cards["d1"]["views"] == 2, "a in the room at 31 minutes, and e"
    assert (cards["h1"]["conversion"], cards["d1"]["conversion"]) == (1 / 3, 1 / 2)


def test_who_came_before_the_range_has_watched_since_the_room_opened(tmp_path: Path) -> None:
    with stored(tmp_path / "data", [_hour(), [_order("later", 58, 700, session_id="s")]]) as (warehouse, _):
        (room,) = asked(warehouse, "live_sessions", Choice(BEGIN + 51 * MINUTE, BEGIN + 56 * MINUTE))
    assert (room["session_id"], room["viewers"]) == ("s", 0), "nobody came in these five minutes, or after them"
    assert room["watch_time"] == (56 + 19 + 0.5 + 0.25) * 60 / 4, "a to the end of the range, b, c and e"


def test_sales_in_the_grace_after_a_shift_are_left_overs(tmp_path: Path) -> None:
    late = [_shift("shift_ended", 50.5, "d1"), _order("late", 50.5, 700, session_id="s")]
    with stored(tmp_path / "data", [_hour(), late]) as (warehouse, _):
        (row,) = asked(warehouse, "hosts_leftovers", STAGE)
    assert (row["host_id"], row["kind"], row["orders"], row["amount"]) == ("d1", "digital", 1, Decimal("7.00"))
    assert row["share"] == 700 / 20700


def test_one_bad_line_of_the_ledger_shows_as_what_it_is_off_by(stage: Embedded) -> None:
    def off() -> dict[tuple[str, str], tuple[int, int]]:
        found = asked(stage, "finance_conservation", STAGE)
        return {(row["currency"], row["model"]): (row["sales_off"], row["off"]) for row in found}

    before = off()
    assert len(before) == 2 * 9
    assert set(before.values()) == {(0, 0)}
    bad = (
        "INSERT INTO ledger SELECT * REPLACE({} AS amount_minor) FROM ledger "
        "WHERE model = 'on_air' AND order_id = 'o1' AND {}"
    )
    execute(stage, bad.format(3, "isNull(refund_id)"))
    assert off() == before | {("CNY", "on_air"): (3, 3)}
    execute(stage, bad.format(-11, "isNotNull(refund_id)"))
    assert off() == before | {("CNY", "on_air"): (3, -8)}


def test_an_order_that_is_being_booked_right_now_is_no_alarm(stage: Embedded) -> None:
    before = asked(stage, "finance_conservation", STAGE)
    again = (
        "INSERT INTO orders SELECT * REPLACE('{}' AS order_id, {} AS batch) FROM orders WHERE orders.order_id = 'o1'"
    )
    execute(stage, again.format("half", "batch + 1000"))
    assert asked(stage, "finance_conservation", STAGE) == before
    execute(stage, again.format("lost", "batch"))
    after = asked(stage, "finance_conservation", STAGE)
    assert {row["sales_off"] for row in after if row["currency"] == "CNY"} == {-10050}


def test_orders_without_any_books_are_off_by_all_of_it(stage: Embedded) -> None:
    for table in ("ledger", "revenue_minute"):
        execute(stage, f"TRUNCATE TABLE {table}")
    cny, jpy = asked(stage, "finance_conservation", STAGE)
    assert [cny[name] for name in ("currency", "model", "sales_off", "off")] == ["CNY", "none", -40000, -40000 + 30025]
    assert [jpy[name] for name in ("currency", "model", "sales_off", "off")] == ["JPY", "none", -1234, -1234]


def test_a_late_hand_over_is_shown_as_what_it_moved(tmp_path: Path) -> None:
    late = [_shift("shift_ended", 9, "h1"), _shift("shift_started", 9, "d1")]
    with stored(tmp_path / "data", [_hour(), late]) as (warehouse, _):
        (row,) = asked(warehouse, "finance_restatements", STAGE)
    assert (row["day"], row["reason"], row["orders"]) == ("2026-08-03", "late roster event", 1)
    assert (row["lines"], row["moved"]) == (4, Decimal("150.75")), (
        "100.50 to the twin, and 50.25 of refund back to the host"
    )


def _quiet_hours() -> list[Event]:
    """李佳 is on air for two hours, her twin for two more; one viewer is there from 11:05 to 14:30, and nobody else."""
    return [
        *_hour()[:4],
        _shift("shift_ended", 120, "h1"),
        _shift("shift_started", 120, "d1"),
        _shift("shift_ended", 240, "d1"),
        _room("viewer_joined", 5, "a"),
        _room("viewer_left", 210, "a"),
        _order("o1", 10, 6_000, session_id="s"),
        _order("o2", 185, 6_000, session_id="s"),
        _order("o3", 205, 60_000, session_id="s"),
        _refund("f1", "o1", 230, 250),
    ]


@pytest.mark.parametrize(
    ("first", "last", "human", "digital"),
    [
        (0, 300, (115, "30.00"), (90, "440.00")),
        (60, 180, (60, "0"), (60, "0")),
        (180, 195, (0, None), (15, "240.00")),
        (150, 195, (0, None), (45, "80.00")),
        (130, 150, (0, None), (20, "0")),
        (10, 11, (1, "3450.00"), (0, None)),
    ],
)
def test_a_rate_of_compare_is_over_the_minutes_of_the_range_also_when_nobody_comes_or_goes(
    tmp_path: Path, first: int, last: int, human: tuple[int, str | None], digital: tuple[int, str | None]
) -> None:
    """Nor does it matter whether the engine has merged its parts."""
    span = Choice(BEGIN + first * MINUTE, BEGIN + last * MINUTE)
    with stored(tmp_path / "data", [[event] for event in _quiet_hours()]) as (warehouse, _):
        for _ in range(2):
            crude = asked(warehouse, "compare_figures", span)[0]
            for kind, (minutes, rate) in (("human", human), ("digital", digital)):
                assert round(crude[f"{kind}_hours"] * 60, 9) == minutes
                assert crude[kind] == (rate and Decimal(rate))
            for table in ("presence_minute", "revenue_minute", "returns_minute"):
                execute(warehouse, f"OPTIMIZE TABLE {table} FINAL")


def test_credits_behind_the_last_shift_belong_to_the_hour_in_which_it_ended(tmp_path: Path) -> None:
    late = _order("late", 400, 500, session_id="s", host_id="d1")
    with stored(tmp_path / "data", [_quiet_hours(), [late]]) as (warehouse, _):
        for first, last, hours in ((0, 420, 5), (200, 420, 2), (390, 410, 1), (390, 400, 0), (401, 420, 0)):
            span = Choice(BEGIN + first * MINUTE, BEGIN + last * MINUTE, model="declared")
            rows = {row["hour"]: row for row in asked(warehouse, "compare_strata", span)}
            assert len(rows) == hours
            assert ("15:00" in rows) == (rows.get("15:00", {}).get("digital_sessions") == 1) == (first <= 400 < last)


def test_credits_before_the_first_shift_belong_to_no_kind(tmp_path: Path) -> None:
    early = _order("early", -5, 70_000, session_id="s", host_id="d1")
    whole = Choice(BEGIN - 30 * MINUTE, BEGIN + 300 * MINUTE, model="declared")
    found = []
    for number, batch in enumerate([_quiet_hours(), [early, *_quiet_hours()]]):
        with stored(tmp_path / str(number), [batch]) as (warehouse, _):
            earned = {row["host_id"]: row["gmv"] for row in asked(warehouse, "hosts_scorecard", whole)}
            found.append((earned["d1"], asked(warehouse, "compare_strata", whole)))
    (without, strata), (with_it, same) = found
    assert with_it - without == Decimal(700)
    assert same == strata
    assert len(strata) == 4


@pytest.mark.parametrize(("seller", "minutes"), [("seller", 115 + 30), ("other", 115)])
def test_a_session_that_sold_nothing_counts_if_its_seller_ever_sold(tmp_path: Path, seller: str, minutes: int) -> None:
    shop = {"session_id": "t", "viewer_id": "b"}
    more = [
        _event("session_started", 0, session_id="t", platform="douyin", seller_id=seller),
        _event("shift_started", 0, session_id="t", host_id="h1"),
        _event("shift_ended", 60, session_id="t", host_id="h1"),
        _event("viewer_joined", 10, **shop),
        _event("viewer_left", 40, **shop),
    ]
    with stored(tmp_path / "data", [[*_quiet_hours(), *more]]) as (warehouse, _):
        (crude, *_) = asked(warehouse, "compare_figures", replace(STAGE, until_ms=BEGIN + 300 * MINUTE))
        assert round(crude["human_hours"] * 60, 9) == minutes


@pytest.mark.parametrize(("changed_s", "human", "digital"), [(29.999, "180.00", "160.00"), (30, "280.00", "60.00")])
def test_an_account_off_air_has_the_kind_of_the_minute_told_to_the_nearest(
    tmp_path: Path, changed_s: float, human: str, digital: str
) -> None:
    """On the board and in the cells of the command; x becomes digital in the minute of the second of three orders."""
    hosts_ = [("h1", -60, "human"), ("d1", -60, "digital"), ("x", -60, "human"), ("x", 20 + changed_s / 60, "digital")]
    events = [_event("host_registered", at, host_id=host, name=host, kind=kind) for host, at, kind in hosts_]
    events += [_event("session_started", -1, session_id="s", platform="douyin", seller_id="seller")]
    for host, first, last in (("h1", 0, 30), ("d1", 30, 60)):
        events += [_shift("shift_started", first, host), _shift("shift_ended", last, host)]
    events += [_room("viewer_joined", 0, "a"), _room("viewer_left", 60, "a")]
    for order, at, amount in (("before", 19.9, 9_000), ("amid", 20.1, 5_000), ("after", 21, 3_000)):
        events.append(_order(order, at, amount, session_id="s", host_id="x"))
    sums = {kind: int(Decimal(rate) * 50) for kind, rate in (("control", human), ("treated", digital))}
    with stored(tmp_path / "data", [events]) as (warehouse, _):
        (crude, *_) = asked(warehouse, "compare_figures", replace(STAGE, model="declared"))
        assert (crude["human"], crude["digital"]) == (Decimal(human), Decimal(digital))
        arms = {"by": "kind", "control": "human", "treated": "digital", "model": "declared", "currency": "CNY"}
        cells = warehouse.query("compare_cells", **arms, zone="UTC", from_ms=0, until_ms=2 * BEGIN, counting=0)
        found = {row["arm"]: int(row["gross_minor"]) for row in cells.to_dicts() if row["gross_minor"]}
        assert found == sums


@pytest.mark.parametrize(("newest", "viewers"), [(72, 1), (71.9999, 0)])
def test_who_is_exposed_counts_when_the_window_is_over_with_what_was_paid_in_it(
    tmp_path: Path, newest: float, viewers: int
) -> None:
    """Half-open, also behind the last shift; whose coming was taken back was not there."""
    events = [
        *_hour()[:4],
        _shift("shift_ended", 30, "h1"),
        _event("script_started", 10, session_id="s", host_id="h1", script_id="x", variant="A"),
        _room("viewer_joined", 12, "buyer"),
        _room("viewer_left", 20, "buyer"),
        _order("a millisecond early", 11.99999, 7),
        _order("at", 12, 100),
        _order("a millisecond before the end", 71.99999, 10),
        _order("end", newest, 1),
    ]
    values = {"script": ["x"], "window": ["3600"], "currency": ["CNY"]}
    with stored(tmp_path / "data", [events]) as (warehouse, _):
        gone = f"'s', 'gone', fromUnixTimestamp64Milli({BEGIN + 11 * MINUTE}), arrayJoin([1, -1]), now(), 0"
        execute(warehouse, f"INSERT INTO presence SELECT {gone}")
        text = expanded(statement("compare_script_arms"), Range(BEGIN, BEGIN + 100 * MINUTE, MINUTE), values)
        (row,) = warehouse.ask(text).to_dicts()
    assert (row["viewers"], row["net"]) == (viewers, Decimal("1.10") * viewers)


@pytest.mark.parametrize(("first", "last"), [(0, 180), (0, 105), (60, 105), (74, 76)])
def test_credits_in_a_pause_belong_to_their_hour_also_where_the_range_ends_in_the_pause(
    tmp_path: Path, first: int, last: int
) -> None:
    events = _quiet_hours()[:3]
    for begin, end in ((0, 30), (120, 150)):
        events += [_shift("shift_started", begin, "d1"), _shift("shift_ended", end, "d1")]
    events += [_room("viewer_joined", 1, "a"), _room("viewer_left", 29, "a")]
    paid = _order("o", 75, 9_000, session_id="s", host_id="d1")
    span = Choice(BEGIN + first * MINUTE, BEGIN + last * MINUTE, model="declared")
    with stored(tmp_path / "data", [[*events, paid]]) as (warehouse, _):
        rows = {row["hour"]: row["digital"] for row in asked(warehouse, "compare_strata", span)}
    assert rows == ({"11:00": Decimal(0)} if first == 0 else {}) | {"12:00": None}


def test_choices_of_a_host_are_those_of_its_own_shifts_and_credits(tmp_path: Path) -> None:
    foreign = [
        _event("session_started", 0, session_id="t", platform="tiktok", seller_id="other"),
        _event("shift_started", 0, session_id="t", host_id="x"),
    ]
    chosen = [one for one in hosts.BOARD.variables if one.name in ("seller", "platform", "session")]
    with stored(tmp_path / "data", [[*_quiet_hours(), *foreign]]) as (warehouse, _):
        for host, expected in (("h1", ["seller", "douyin", "s"]), ("x", ["other", "tiktok", "t"])):
            reader = warehouse.reader(0, of_hosts([host]))
            texts = [expanded(statement(str(one.own)), Range(BEGIN, BEGIN + MINUTE, MINUTE), {}) for one in chosen]
            assert [reader.ask(text)["value"].to_list() for text in texts] == [[one] for one in expected]
            reader.close()


def test_of_two_registrations_at_one_instant_the_first_by_its_id_holds_before_them(tmp_path: Path) -> None:
    first = _event("host_registered", 40, host_id="x", name="X", kind="human")
    later = first | {"event_id": f"{first['event_id']} again", "kind": "digital"}
    shift = [_shift("shift_started", 0, "x"), _shift("shift_ended", 30, "x"), _room("viewer_joined", 0, "a")]
    sold = [_order("o1", 10, 6_000, session_id="s"), _room("viewer_left", 30, "a")]
    opened = _event("session_started", -1, session_id="s", platform="douyin", seller_id="seller")
    with stored(tmp_path / "data", [[opened, *shift, *sold, first, later]]) as (warehouse, _):
        assert asked(warehouse, "pipeline_labels", STAGE) == []
        for name in ("live_hosts", "hosts_scorecard"):
            assert {row["kind"] for row in asked(warehouse, name, STAGE)} == {"human"}, name
        (crude,) = asked(warehouse, "compare_figures", STAGE)
        assert (crude["human_hours"], crude["digital_hours"]) == (0.5, 0)


@pytest.mark.parametrize("apart_s", [0, 5])
@pytest.mark.parametrize("kinds", [("human", "digital"), ("digital", "human")])
def test_of_two_registrations_at_one_instant_or_minute_the_last_by_its_id_holds_for_time_and_money(
    tmp_path: Path, kinds: tuple[str, str], apart_s: int
) -> None:
    events = [_event("host_registered", -60, host_id="x", name="X", kind="human")]
    for late, kind in enumerate(kinds):
        one = _event("host_registered", 10 + late * apart_s / 60, host_id="x", name="X", kind=kind)
        events.append(one | {"event_id": f"{one['event_id']} {len(events)}"})
    events.append(_event("session_started", -1, session_id="s", platform="douyin", seller_id="seller"))
    events += [_shift("shift_started", 0, "x"), _shift("shift_ended", 30, "x"), _room("viewer_joined", 0, "a")]
    events += [_room("viewer_left", 30, "a"), _order("o", 15, 9_000, session_id="s", host_id="x")]
    arms = {"by": "kind", "control": "human", "treated": "digital", "model": "declared", "currency": "CNY"}
    with stored(tmp_path / "data", [events]) as (warehouse, _):
        cells = warehouse.query("compare_cells", **arms, zone="UTC", from_ms=0, until_ms=2 * BEGIN, counting=0)
        (crude, *_) = asked(warehouse, "compare_figures", replace(STAGE, model="declared"))
    net = {row["arm"]: int(row["gross_minor"]) for row in cells.to_dicts()}
    minutes = {row["arm"]: row["watch_ms"] // MINUTE for row in cells.to_dicts()}
    assert (net, minutes) == (
        ({"control": 0, "treated": 9_000}, {"control": 10, "treated": 20})
        if kinds[1] == "digital"
        else ({"control": 9_000}, {"control": 30})
    )
    rates = {
        kind: crude[kind] and round(crude[kind] * Decimal(crude[f"{kind}_hours"])) for kind in ("human", "digital")
    }
    assert rates == ({"human": 0, "digital": 90} if kinds[1] == "digital" else {"human": 90, "digital": None})


def test_a_day_whose_midnight_the_clocks_leave_out_is_a_day_of_its_own(tmp_path: Path) -> None:
    """In Cairo the clock went from 24:00 on 23 April 2026 to 01:00 on the next day."""
    first = (1_776_981_600_000 - BEGIN) // MINUTE
    sold = [_order(f"o{after}", first + after, after + 1_000) for after in (-1, 0, 600, 1380, 1381)]
    span = Choice(BEGIN + (first - 3000) * MINUTE, BEGIN + (first + 3000) * MINUTE, zone="Africa/Cairo")
    with stored(tmp_path / "data", [sold]) as (warehouse, _):
        days = asked(warehouse, "finance_revenue", span)
        assert [(row["time"], row["gross"]) for row in days] == [
            ("2026-04-22 22:00:00", Decimal("9.99")),
            ("2026-04-23 22:00:00", Decimal("26.00")),
            ("2026-04-24 21:00:00", Decimal("47.61")),
        ]
        periods = asked(warehouse, "finance_periods", span)
        assert [row["gross"] for row in reversed(periods)] == [row["gross"] for row in days]


def test_panels_agree_on_a_range_that_begins_and_ends_within_a_minute(tmp_path: Path) -> None:
    """All take the minutes that begin in it: not 10, of which it has the end, but 40, of which it has the begin."""
    events = [
        *_hour()[:4],
        _order("o1", 10.75, 10_000, session_id="s"),
        _order("ghost 1", 10.9, 700, session_id="s", host_id="ghost"),
        _order("o2", 20, 5_000, session_id="s"),
        _refund("f1", "o1", 30, 4_000),
        _refund("f2", "o2", 40.5, 6_000),
        _order("o3", 40.75, 300, session_id="s"),
        _order("ghost 2", 40.9, 80, session_id="s", host_id="ghost"),
    ]
    span = Choice(BEGIN + 10 * MINUTE + 30_000, BEGIN + 40 * MINUTE + 17_001, model="declared")
    with stored(tmp_path / "data", [events]) as (warehouse, _):
        rows = {name: asked(warehouse, name, span) for name in (*PANELS, "live_latest")}
    (totals,) = rows["finance_totals"]
    assert (totals["gross"], totals["refunds"], totals["orders"]) == (Decimal("53.80"), Decimal("100.00"), 3)
    assert sum(row["gross"] for row in rows["finance_cohorts"]) == totals["gross"]
    assert sum(row["refunds"] for row in rows["finance_cohorts"]) == Decimal("60.00"), "those of orders of the range"
    assert sum(row["before"] for row in rows["finance_bridge"]) == totals["net"]
    assert [(row["refund_id"], row["amount"]) for row in rows["finance_excess"]] == [("f2", Decimal("10.00"))]
    cards = {row["host_id"]: row for row in rows["hosts_scorecard"]}
    assert cards["h1"]["refunded_orders"] == 2 / 2, "o1 and o2 came back, o2 and o3 were sold"
    assert [(row["host_id"], row["amount"]) for row in rows["hosts_leftovers"]] == [("ghost", Decimal("0.80"))]
    assert [row["order_id"] for row in rows["live_latest"]] == ["ghost 2", "o3", "o2"]


def test_a_twin_has_no_ratio_to_an_original_who_was_not_on_air(stage: Embedded) -> None:
    original, twin = asked(stage, "hosts_twins", Choice(BEGIN + 31 * MINUTE, BEGIN + 50 * MINUTE))
    assert (original["live_hours"], original["net"]) == (0, Decimal("-50.25"))
    assert (twin["live_ratio"], twin["viewer_ratio"]) == (None, None)
    assert twin["per_live_hour"] > 600


def test_people_of_a_room_with_nothing_but_a_sale_have_their_watch_time(tmp_path: Path) -> None:
    late = [_order("late", 80, 700, session_id="s"), _room("viewer_left", 110, "a"), _shift("shift_ended", 50.5, "d1")]
    with stored(tmp_path / "data", [[*_hour(), *late]]) as (warehouse, _):
        (room,) = asked(warehouse, "live_sessions", Choice(BEGIN + 75 * MINUTE, BEGIN + 85 * MINUTE))
    assert (room["orders"], room["viewers"], room["live"]) == (1, 0, 0)
    assert room["watch_time"] == (85 + 19 + 0.5 + 0.25) * 60 / 4, "a to the end of the range, b, c and e"


def test_a_host_whose_credits_were_taken_back_is_not_shown(tmp_path: Path) -> None:
    late = [_shift("shift_ended", 9, "h1"), _shift("shift_started", 9, "d1")]
    with stored(tmp_path / "data", [_hour(), late]) as (warehouse, _):
        rows = asked(warehouse, "live_hosts", Choice(BEGIN + 10 * MINUTE, BEGIN + 30 * MINUTE))
    assert [(row["host_id"], row["gross"], row["orders"]) for row in rows] == [("d1", Decimal("100.50"), 1)]


def test_help_states_a_formula_and_ids_are_unique() -> None:
    for panel in PANELS.values():
        assert panel.help.endswith("."), panel.id
        assert "\n" not in panel.help
    assert len(PANELS) == len(hosts.BOARD.panels) + len(finance.BOARD.panels)
    for one, other in product((hosts.BOARD, finance.BOARD), repeat=2):
        assert (one.uid == other.uid) == (one is other)
