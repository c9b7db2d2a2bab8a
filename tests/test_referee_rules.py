"""The referee's reading of the rules, on plain values, and its own invariants on random scenarios."""

from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referee import books, paid_orders
from referee_intervals import FOREVER, Lineup, Step, Watch, path, shift_intervals, union, watch_intervals
from referee_models import EVERY_MODEL, Order, RefereeRules, on_air_weights, weights
from referee_rollups import rollups
from scenario_stage import Event
from scenarios import scenario, scenarios, shaken

searched = settings(max_examples=40, deadline=None)


def test_touching_and_overlapping_intervals_are_one_and_the_empty_vanishes() -> None:
    assert union([(5, 5), (3, 4), (0, 2), (2, 3), (6, 9), (7, 8)]) == [(0, 4), (6, 9)]


def test_a_shift_without_end_lasts_until_its_session_ends_or_for_ever() -> None:
    assert shift_intervals([(1, True), (2, True)], 9) == [(1, 9)]
    assert shift_intervals([(1, True)], FOREVER) == [(1, FOREVER)]
    assert shift_intervals([(9, True)], 9) == []
    assert shift_intervals([(1, True), (12, False)], 9) == [(1, 12)]


@pytest.mark.parametrize(
    ("marks", "activity", "watched"),
    [
        pytest.param([(0, True), (90, False)], [0, 90], [(0, 90)], id="an explicit leave is believed across a gap"),
        pytest.param([(0, True)], [0, 10, 21], [(0, 20)], id="silence ends a watch one limit after the last event"),
        pytest.param([(0, True)], [0, 10, 20], [(0, 30)], id="a gap of exactly the limit is no silence"),
        pytest.param(
            [(0, True), (30, True)], [0, 30], [(0, 10), (30, 40)], id="a join after silence opens a new watch"
        ),
        pytest.param([(0, True), (8, True)], [0, 8], [(0, 18)], id="a join while joined changes nothing"),
        pytest.param(
            [(0, True), (30, True), (99, False)], [0, 30, 99], [(0, 10), (30, 99)], id="silence, then a leave"
        ),
        pytest.param([(4, False), (4, True), (6, False)], [4, 6], [(4, 6)], id="at one instant ends come first"),
        pytest.param([(0, True), (4, False), (4, True), (6, False)], [0, 4, 6], [(0, 6)], id="touching is one"),
    ],
)
def test_watches_end(marks: list[tuple[int, bool]], activity: list[int], watched: list[tuple[int, int]]) -> None:
    assert watch_intervals(marks, activity, 10, FOREVER) == watched


def test_a_session_end_caps_only_the_watch_nobody_left() -> None:
    assert watch_intervals([(0, True)], [0], 10, 5) == [(0, 5)]
    assert watch_intervals([(5, True)], [5], 10, 5) == []
    assert watch_intervals([(0, True), (8, False)], [0, 8], 10, 5) == [(0, 8)]


SHIFTS = {("A", "mei"): [(0, 100)], ("A", "twin"): [(100, 200)], ("A", "tom"): [(50, 200)], ("B", "else"): [(0, 999)]}


def order_at(at_ms: int, session: str | None = "A", declared: str | None = None) -> Order:
    return Order("o", "v", session, declared, at_ms, "CNY", 100)


@pytest.mark.parametrize(
    ("order", "hosts"),
    [
        pytest.param(order_at(0), {"mei"}, id="the start is on air"),
        pytest.param(order_at(100), {"twin", "tom"}, id="at a hand-over the incoming host has it"),
        pytest.param(order_at(230), {"twin", "tom"}, id="the grace reaches its last millisecond"),
        pytest.param(order_at(231), set(), id="and no further"),
        pytest.param(order_at(100, None), set(), id="no session, no host"),
        pytest.param(order_at(100, "C"), set(), id="a session without shifts"),
    ],
)
def test_who_is_on_air(order: Order, hosts: set[str]) -> None:
    assert set(on_air_weights(order, SHIFTS, 30)) == hosts


def test_a_declared_host_has_it_all_and_else_who_is_on_air() -> None:
    named = weights("declared", order_at(100, declared="x"), [], SHIFTS, rules=RefereeRules(), removal={})
    unnamed = weights("declared", order_at(100), [], SHIFTS, rules=RefereeRules(), removal={})
    assert (set(named), set(unnamed)) == ({"x"}, {"twin", "tom"})


def event(number: int, type_: str, at_ms: int, **fields: object) -> Event:
    return {"event_id": f"e{number}", "type": type_, "occurred_at": at_ms, **fields}


def sold(amount_minor: int, currency: str = "CNY") -> Event:
    lines = [{"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": amount_minor}]
    return event(0, "order_paid", 1_000, order_id="o", viewer_id="v", currency=currency, lines=lines)


def refunded(number: int, at_ms: int, amount_minor: int, currency: str = "CNY", **fields: object) -> Event:
    money = {"amount_minor": amount_minor, "currency": currency}
    return event(number, "order_refunded", at_ms, refund_id=f"r{number}", order_id="o", **money, **fields)


def booked(events: list[Event]) -> list[tuple[str | None, str, int]]:
    entries = books(events, RefereeRules(models=("last",))).entries
    return [(entry["refund_id"], entry["host_id"], entry["amount_minor"]) for entry in entries]


def test_each_refund_adds_only_its_own_excess() -> None:
    assert booked([sold(10), refunded(1, 2_000, 8), refunded(2, 3_000, 5), refunded(3, 4_000, 4)]) == [
        (None, "unattributed", 10),
        ("r1", "unattributed", -8),
        ("r2", "excess_refund", 3),
        ("r2", "unattributed", -2),
        ("r3", "excess_refund", 4),
    ]


def test_a_refund_in_another_currency_or_of_another_order_books_nothing() -> None:
    other = {**refunded(2, 2_000, 8), "order_id": "unknown"}
    assert booked([sold(10), refunded(1, 2_000, 8, "JPY"), other]) == [(None, "unattributed", 10)]


def test_an_order_for_nothing_is_booked_as_nothing() -> None:
    assert booked([sold(0)]) == [(None, "unattributed", 0)]


def test_a_refund_is_not_the_viewers_doing() -> None:
    joined = event(1, "viewer_joined", 0, session_id="A", viewer_id="v")
    found = books([joined, refunded(2, 50, 1, viewer_id="v")], RefereeRules(idle_ms=100))
    assert found.watches == {("A", "v"): [(0, 100)]}


def test_the_latest_session_end_counts_and_ends_come_before_starts() -> None:
    events = [
        event(1, "shift_started", 0, session_id="A", host_id="h"),
        event(2, "shift_ended", 5, session_id="A", host_id="h"),
        event(3, "shift_started", 5, session_id="A", host_id="h"),
        event(4, "session_ended", 20, session_id="A"),
        event(5, "session_ended", 10, session_id="A"),
    ]
    assert books(events).shifts == books(events[::-1]).shifts == {("A", "h"): [(0, 20)]}


def test_a_decay_to_nothing_is_the_last_step() -> None:
    steps = [Step(0, 1, "A", ("a",), 1), Step(1, 2, "A", ("b", "c"), 1)]
    found = weights("time_decay", order_at(1_000), steps, {}, rules=RefereeRules(half_life_ms=1), removal={})
    assert found == {"b": Fraction(1, 2), "c": Fraction(1, 2)}


def test_removal_effects_that_are_all_zero_are_shapley() -> None:
    steps = [Step(0, 1, "A", ("a",), 1), Step(1, 2, "A", ("b",), 1)]
    for removal in ({}, {"a": Fraction(0), "b": Fraction(0)}):
        found = weights("markov", order_at(9), steps, {}, rules=RefereeRules(), removal=removal)
        assert found == {"a": 1, "b": 1}


def test_only_what_was_seen_before_the_order_and_within_the_look_back_counts() -> None:
    lineups = {"A": [Lineup(0, 50, ("a",)), Lineup(50, 100, ("b",)), Lineup(100, 200, ("a",))]}
    assert path([Watch("A", 0, 150)], lineups, 20, 70) == [Step(20, 50, "A", ("a",), 30), Step(50, 70, "A", ("b",), 20)]


def test_neighbours_alike_are_one_step_across_a_gap_but_not_across_another_room() -> None:
    lineups = {"A": [Lineup(0, 99, ("a",))], "B": [Lineup(0, 99, ("a",))]}
    apart = [Watch("A", 0, 10), Watch("A", 20, 30)]
    assert path(apart, lineups, 0, 99) == [Step(0, 30, "A", ("a",), 20)]
    between = [*apart, Watch("B", 10, 12)]
    assert [step.session_id for step in path(between, lineups, 0, 99)] == ["A", "B", "A"]


def test_rollups_count_likes_and_gifts_by_what_they_say() -> None:
    room = {"session_id": "A", "viewer_id": "v"}
    events = [
        event(1, "liked", 60_001, **room, count=7),
        event(2, "liked", 119_999, **room),
        event(3, "gift_sent", 60_000, **room, amount_minor=5, currency="JPY"),
    ]
    found = rollups(events).activity
    assert set(found) == {("A", 60_000)}
    assert (found["A", 60_000].actions["liked"], found["A", 60_000].gifts) == (8, {"JPY": 5})


@searched
@given(data=st.data())
def test_order_and_repeats_change_nothing(data: st.DataObject) -> None:
    events = data.draw(scenarios())
    again = data.draw(shaken(events))
    assert books(again) == books(events)
    assert rollups(again) == rollups(events)


@searched
@given(events=scenarios())
def test_every_model_books_every_order_whole(events: list[Event]) -> None:
    booked: dict[tuple[str, str], int] = defaultdict(int)
    for entry in books(events).entries:
        if entry["kind"] == "sale":
            booked[entry["model"], entry["order_id"]] += entry["amount_minor"]
    orders = paid_orders(events)
    assert booked == {(model, order.order_id): order.amount_minor for model in EVERY_MODEL for order in orders}


@searched
@given(events=scenarios())
def test_the_fit_is_a_probability_with_effects_between_none_and_all(events: list[Event]) -> None:
    found = books(events)
    steps = [steps for steps in found.paths.values() if steps]
    assert (found.markov is None) == (not steps)
    if found.markov is not None:
        assert 0 < found.markov.base <= 1
        assert len(steps) % found.markov.base.numerator == 0
        assert all(0 <= effect <= 1 for effect in found.markov.removal.values())


@searched
@given(events=scenarios())
def test_steps_lie_before_their_order_and_hold_no_more_time_than_they_span(events: list[Event]) -> None:
    found = books(events)
    rules = RefereeRules()
    for order in found.orders:
        steps = found.paths[order.order_id]
        assert [step.start_ms for step in steps] == sorted(step.start_ms for step in steps)
        for step in steps:
            assert order.ordered_ms - rules.lookback_ms <= step.start_ms < step.end_ms <= order.ordered_ms
            assert 0 < step.watched_ms <= step.end_ms - step.start_ms


def test_the_scenarios_reach_the_corners() -> None:
    met: dict[str, int] = defaultdict(int)
    for seed in range(150):
        found = books(scenario(seed))
        met["fit"] += found.markov is not None
        for steps in found.paths.values():
            met["several steps"] += len(steps) > 1
            met["several sessions"] += len({step.session_id for step in steps}) > 1
            met["co-hosts"] += any(len(step.host_ids) > 1 for step in steps)
            met["merged across a gap"] += any(step.watched_ms < step.end_ms - step.start_ms for step in steps)
        for entry in found.entries:
            met["excess"] += entry["host_id"] == "excess_refund"
            met["unattributed"] += entry["host_id"] == "unattributed"
            met["zero sale"] += entry["kind"] == "sale" and not entry["amount_minor"]
        ordered = {order.order_id: order.ordered_ms for order in found.orders}
        met["refund first"] += any(entry["booked_at"] < ordered[entry["order_id"]] for entry in found.entries)
    assert min(met.values()) >= 10, dict(met)
    assert len(met) == 9


def test_a_scenario_is_the_same_every_time() -> None:
    assert scenario(7) == scenario(7) != scenario(8)
