"""The fast core against the slow referee: the same books to the last minor unit, for any events and any rules."""

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nights import examples
from referee import books as referee_books
from referee import paid_orders, refunds_of
from referee_intervals import first_of_each
from referee_models import EVERY_MODEL, RefereeRules
from scenario_stage import Event
from scenarios import scenario, scenarios, shaken, to_bytes

from analytics.crediting import books as core_books
from analytics.decoding import decode
from analytics.rules import Rules

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
COLUMNS = ["order_id", "model", "host_id", "kind", "refund_id", "amount_minor", "currency", "booked_ms"]
STEPS = ["order_id", "start_ms", "end_ms", "session_id", "host_ids", "watched_ms"]
searched = settings(max_examples=examples(16), deadline=None, suppress_health_check=[HealthCheck.too_slow])

POSITIONS = [("0.4", "0.4"), ("0.3", "0.7"), ("0", "1"), ("1", "0"), ("0.1", "0.25"), ("0.333", "0.333")]


@st.composite
def rulings(draw: st.DrawFn) -> RefereeRules:
    """Any rules that make sense, the defaults among them."""
    first, last = draw(st.sampled_from(POSITIONS))
    return RefereeRules(
        models=tuple(draw(st.just(EVERY_MODEL) | st.lists(st.sampled_from(EVERY_MODEL), min_size=1, unique=True))),
        lookback_ms=draw(st.sampled_from([7 * DAY_MS, 60_000, HOUR_MS, 6 * HOUR_MS, 1_799_999])),
        grace_ms=draw(st.sampled_from([120_000, 0, 60_000, HOUR_MS])),
        half_life_ms=draw(st.sampled_from([7 * DAY_MS, 1, 500, 30_000, HOUR_MS, 7_777_777])),
        position=(Fraction(first), Fraction(last)),
        idle_ms=draw(st.sampled_from([4 * HOUR_MS, 60_000, 599_999, 600_000, HOUR_MS])),
    )


def core(events: list[Event], rules: RefereeRules) -> Any:
    asked = Rules(
        models=rules.models,
        lookback_ms=rules.lookback_ms,
        grace_ms=rules.grace_ms,
        half_life_ms=rules.half_life_ms,
        position=rules.position,
        idle_ms=rules.idle_ms,
    )
    return core_books(decode(to_bytes(events)).facts, asked)


def entries_of(events: list[Event], rules: RefereeRules) -> list[tuple[Any, ...]]:
    frame: pl.DataFrame = core(events, rules).entries
    return frame.select(COLUMNS).rows()


def refereed_entries(events: list[Event], rules: RefereeRules) -> list[tuple[Any, ...]]:
    return [tuple(entry.values()) for entry in referee_books(events, rules).entries]


@searched
@given(events=scenarios(), rules=rulings())
def test_the_core_books_what_the_referee_books(events: list[Event], rules: RefereeRules) -> None:
    assert entries_of(events, rules) == refereed_entries(events, rules)


@pytest.mark.parametrize("seed", range(4))
def test_the_core_books_what_the_referee_books_for_a_busy_evening(seed: int) -> None:
    events = scenario(seed, "medium")
    assert entries_of(events, RefereeRules()) == refereed_entries(events, RefereeRules())


@searched
@given(events=scenarios(), rules=rulings())
def test_the_core_walks_the_paths_the_referee_walks(events: list[Event], rules: RefereeRules) -> None:
    steps = core(events, rules).steps.sort("order_id", "step")
    walked = [
        (order_id, step.start_ms, step.end_ms, step.session_id, list(step.host_ids), step.watched_ms)
        for order_id, path in sorted(referee_books(events, rules).paths.items())
        for step in path
    ]
    assert steps.select(STEPS).rows() == walked
    numbers = steps.group_by("order_id", maintain_order=True).agg("step")["step"].to_list()
    assert all(of == list(range(1, len(of) + 1)) for of in numbers)


@searched
@given(events=scenarios(), rules=rulings())
def test_the_core_fits_markov_as_exactly_as_the_referee(events: list[Event], rules: RefereeRules) -> None:
    rules = replace(rules, models=EVERY_MODEL)
    known, found = referee_books(events, rules).markov, core(events, rules).fit
    if known is None:
        assert found is None or (found.base, found.removal) == (0, {})
    else:
        assert (found.base, found.removal) == (known.base, known.removal)


VIEWER, HOST = ("viewer_joined", "viewer_left", {"viewer_id": "v"}), ("shift_started", "shift_ended", {"host_id": "h"})


@pytest.mark.parametrize(("back_at_once", "plain"), [(VIEWER, HOST), (HOST, VIEWER)], ids=["watch", "shift"])
def test_an_explicit_end_outlives_the_session_even_when_a_start_follows_at_once(back_at_once: Any, plain: Any) -> None:
    lines = [{"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": 100}]
    told: list[Event] = [
        {"type": back_at_once[0], "occurred_at": 0} | back_at_once[2],
        {"type": "session_ended", "occurred_at": 100_000},
        {"type": back_at_once[1], "occurred_at": 300_000} | back_at_once[2],
        {"type": back_at_once[0], "occurred_at": 300_000} | back_at_once[2],
        {"type": plain[0], "occurred_at": 150_000} | plain[2],
        {"type": plain[1], "occurred_at": 400_000} | plain[2],
        {"type": "order_paid", "occurred_at": 200_000, "order_id": "o", "viewer_id": "v", "currency": "CNY"}
        | {"lines": lines},
    ]
    events = [{"event_id": f"e{number}", "session_id": "A"} | event for number, event in enumerate(told)]
    found = entries_of(events, RefereeRules())
    assert {entry[2] for entry in found} == {"h"}
    assert found == refereed_entries(events, RefereeRules())


def growing(hosts: int, stays: dict[str, int]) -> list[Event]:
    """One more host on air each second; viewers (how long each stays) who buy as they leave."""
    told: list[Event] = [
        {"type": "shift_started", "occurred_at": number * 1_000, "host_id": f"h{number}"} for number in range(hosts)
    ]
    for viewer, stay_ms in stays.items():
        line = {"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": 1_234_567}
        bought = {"order_id": f"o-{viewer}", "currency": "CNY", "lines": [line]}
        for what, at_ms in (("viewer_joined", 0), ("viewer_left", stay_ms), ("order_paid", stay_ms)):
            more = bought if what == "order_paid" else {}
            told.append({"type": what, "occurred_at": at_ms, "viewer_id": viewer} | more)
    return [{"event_id": f"e{number}", "session_id": "A"} | event for number, event in enumerate(told)]


@pytest.mark.parametrize("hosts", [63, 110])
def test_line_ups_of_every_size_are_split_as_exactly_as_the_referee_does_however_long_the_weights(hosts: int) -> None:
    events = growing(hosts, {"whole": hosts * 1_000, "soon": 3_000, "rest": hosts * 1_000 - 1})
    assert entries_of(events, RefereeRules()) == refereed_entries(events, RefereeRules())


def test_the_weights_of_an_order_do_not_depend_on_the_orders_beside_it() -> None:
    def weights(events: list[Event]) -> list[tuple[Any, ...]]:
        found = core(events, RefereeRules(models=("time_decay", "linear"))).entries
        return list(found.filter(pl.col("order_id") == "o-soon").select("model", "host_id", "weight").rows())

    beside, alone = growing(110, {"soon": 7_000, "whole": 110_000}), growing(110, {"soon": 7_000})
    assert weights(beside) == weights(alone)
    longest = core(beside, RefereeRules(models=("time_decay",))).entries["weight"].max()
    assert longest == 10**38 - 1


@searched
@given(data=st.data())
def test_order_and_repeats_do_not_change_the_books(data: st.DataObject) -> None:
    events = data.draw(scenarios())
    again = data.draw(shaken(events))
    assert entries_of(again, RefereeRules()) == entries_of(events, RefereeRules())


@searched
@given(events=scenarios(), rules=rulings())
def test_no_money_is_made_or_lost(events: list[Event], rules: RefereeRules) -> None:
    orders = paid_orders(first_of_each(events, "event_id"))
    refunds = refunds_of(orders, events)
    gmv: dict[str, int] = defaultdict(int)
    net: dict[str, int] = defaultdict(int)
    excess: dict[str, int] = defaultdict(int)
    for order in orders:
        refunded = sum(refund["amount_minor"] for refund in refunds.get(order.order_id, []))
        gmv[order.currency] += order.amount_minor
        net[order.currency] += order.amount_minor - refunded
        excess[order.currency] += max(refunded - order.amount_minor, 0)
    entries: pl.DataFrame = core(events, rules).entries
    for model in rules.models:
        for currency, sold in gmv.items():
            booked = entries.filter(pl.col("model") == model, pl.col("currency") == currency)
            beyond = pl.col("host_id") == "excess_refund"
            assert booked.filter(pl.col("kind") == "sale")["amount_minor"].sum() == sold
            assert booked.filter(beyond)["amount_minor"].sum() == excess[currency]
            assert booked.filter(~beyond)["amount_minor"].sum() == net[currency] + excess[currency]


@searched
@given(events=scenarios())
def test_no_host_ends_below_zero_or_above_the_order(events: list[Event]) -> None:
    amounts = {order.order_id: order.amount_minor for order in paid_orders(events)}
    held = (
        core(events, RefereeRules())
        .entries.filter(pl.col("host_id") != "excess_refund")
        .group_by("order_id", "model", "host_id")
        .agg(pl.col("amount_minor").sum())
    )
    assert all(0 <= row["amount_minor"] <= amounts[row["order_id"]] for row in held.iter_rows(named=True))
