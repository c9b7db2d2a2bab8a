"""The referee's models, Markov fit and split to the minor unit against published and worked cases."""

from collections import defaultdict
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest
from referee_cases import HOUR_MS, expected, hosts_of, inputs, journeys_of, rows, shares_of, steps_of
from referee_intervals import Step
from referee_markov import (
    CONVERSION,
    NULL,
    START,
    Journey,
    conversion_probability,
    markov_fit,
    transition_probabilities,
    without,
)
from referee_models import (
    Order,
    RefereeRules,
    allocate,
    by_hash,
    decayed,
    over_lineups,
    position_weights,
    step_weights,
    weights,
)


@pytest.mark.parametrize("model", ["first", "last", "linear", "position"])
def test_nine_toy_journeys_are_credited_as_five_public_tools_do(model: str) -> None:
    value: dict[str, Fraction] = defaultdict(Fraction)
    for row in rows("heuristics_toy9"):
        for host, share in shares_of(step_weights(model, 9, steps_of(row["path"]), RefereeRules())).items():
            value[host] += share * int(row["value"])
    exact = expected("heuristics_toy9")["models"][model]["exact_value"]
    assert value == {host: Fraction(text) for host, text in exact.items()}


def shapley_credits(case: str) -> dict[str, Fraction]:
    order = Order("o", "v", None, None, 9, "CNY", 1)
    credit: dict[str, Fraction] = defaultdict(Fraction)
    for row in rows(case):
        found = weights("shapley", order, steps_of(row["path"]), {}, rules=RefereeRules(), removal={})
        for host, share in shares_of(found).items():
            credit[host] += share * int(row["conversions"])
    return credit


def test_shapley_is_the_equal_split_over_distinct_hosts() -> None:
    of_nine = {host: 3 * credit for host, credit in shapley_credits("heuristics_toy9").items()}
    assert of_nine == expected("heuristics_toy9")["models"]["shapley_coverage"]["value"]
    of_ten = expected("markov_shapley_do10")["shapley_coverage_conversions"]
    assert shapley_credits("markov_shapley_do10") == pytest.approx(of_ten, abs=1e-9)


def test_the_equal_split_is_the_shapley_value_over_all_orders_of_arrival() -> None:
    journeys = [(frozenset(hosts_of(row["path"])), int(row["conversions"])) for row in rows("markov_shapley_do10")]
    arrivals = list(permutations(["Direct", "Email", "Search", "Social"]))
    value: dict[str, Fraction] = defaultdict(Fraction)
    for arrival in arrivals:
        for place, host in enumerate(arrival):
            before, after = frozenset(arrival[:place]), frozenset(arrival[: place + 1])
            gained = sum(count for hosts, count in journeys if hosts <= after and not hosts <= before)
            value[host] += Fraction(gained, len(arrivals))
    assert value == shapley_credits("markov_shapley_do10")


@pytest.mark.parametrize(
    ("case", "model", "order"),
    [
        ("heuristics_toy9", "markov_order1", 1),
        ("markov_shapley_do10", "markov_order1", 1),
        ("markov_shapley_do10", "markov_order2", 2),
    ],
)
def test_markov_removal_effects_are_exact(case: str, model: str, order: int) -> None:
    known = expected(case)
    known = known.get("models", known)[model]
    fit = markov_fit(journeys_of(case), order)
    assert fit is not None
    assert fit.removal == {host: Fraction(text) for host, text in known["exact_removal"].items()}
    if "share" in known:
        assert shares_of(fit.removal) == pytest.approx(known["share"], abs=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("case", ["heuristics_toy9", "markov_bryl3", "markov_shapley_do10"])
def test_the_conversion_probability_is_orders_over_journeys_for_every_order(case: str, order: int) -> None:
    journeys = journeys_of(case)
    fit = markov_fit(journeys, order)
    assert fit is not None
    assert fit.base == Fraction(sum(journey.converted for journey in journeys), len(journeys))
    assert all(0 <= effect <= 1 for effect in fit.removal.values())


def test_the_published_chain_has_its_published_numbers() -> None:
    known = expected("markov_bryl3")
    names = {START: "(start)", CONVERSION: "(conversion)", NULL: "(null)"}

    def name(state: Any) -> str:
        return names[state] if isinstance(state, str) else next(iter(state[0]))

    chain = transition_probabilities(journeys_of("markov_bryl3"))
    flat = {f"{name(here)}>{name(there)}": p for here, onward in chain.items() for there, p in onward.items()}
    assert flat == pytest.approx(known["transition_probability"], abs=1e-12)
    assert conversion_probability(chain) == pytest.approx(known["base_conversion_probability"], abs=1e-12)
    cut = {host: conversion_probability(without(chain, host)) for host in ("C1", "C2", "C3")}
    assert cut == pytest.approx(known["conversion_probability_without"], abs=1e-12)
    fit = markov_fit(journeys_of("markov_bryl3"))
    assert fit is not None
    assert fit.removal == known["removal_effect"]
    assert shares_of(fit.removal) == pytest.approx(known["share"], abs=1e-12)
    assert {host: 1000 * share for host, share in shares_of(fit.removal).items()} == pytest.approx(known["value"])


def test_no_converting_journey_gives_no_fit() -> None:
    assert markov_fit([Journey((frozenset("a"),), converted=False)]) is None


def test_self_loops_change_no_removal_effect() -> None:
    plain = [
        Journey((frozenset("a"), frozenset("b")), converted=True),
        Journey((frozenset("a"),), converted=False),
    ]
    looped = [
        Journey((frozenset("a"), frozenset("b"), frozenset("b"), frozenset("b")), converted=True),
        Journey((frozenset("a"), frozenset("a")), converted=False),
    ]
    assert markov_fit(plain) == markov_fit(looped)


@pytest.mark.parametrize("ends", sorted(expected("position_based_edges")["weights"]))
def test_position_based_edges(ends: str) -> None:
    first, last = (Fraction(part.split("=")[1]) for part in ends.split(","))
    for path, known in expected("position_based_edges")["weights"][ends].items():
        steps = steps_of(path)
        shares = shares_of(over_lineups(steps, position_weights(len(steps), first, last)))
        assert {host: 100 * share for host, share in shares.items()} == pytest.approx(known, abs=1e-9)


@pytest.mark.parametrize("half_life_hours", ["168", "24", "1"])
def test_time_decay_halves_with_the_half_life(half_life_hours: str) -> None:
    journeys: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows("time_decay_halflife"):
        journeys[row["journey"]].append(row)
    for journey, known in expected("time_decay_halflife")["half_life_hours"][half_life_hours].items():
        ages = [round(float(row["age_hours"]) * HOUR_MS) for row in journeys[journey]]
        decays = [decayed(age, int(half_life_hours) * HOUR_MS) for age in ages]
        steps = [Step(0, 1, "A", (row["channel"],), 1) for row in journeys[journey]]
        decayed_weights = over_lineups(steps, decays if any(decays) else [*[0] * (len(ages) - 1), 1])
        value = int(journeys[journey][0]["value"])
        # Weights are whole multiples of 10^-12, so a share may be off by that much.
        shares = {host: float(value * share) for host, share in shares_of(decayed_weights).items()}
        assert shares == pytest.approx(known, abs=max(1e-9, value * len(ages) * 1e-12))


def test_a_decay_that_ends_in_a_half_goes_to_the_even() -> None:
    assert [decayed(halvings, 1) for halvings in (0, 1, 12, 13, 14)] == [
        10**12,
        5 * 10**11,
        244140625,
        122070312,
        61035156,
    ]
    assert decayed(41, 1) == 0
    assert decayed(1, 2) == 707106781187


@pytest.mark.parametrize("case", inputs("largest_remainder"), ids=lambda c: c["tag"])
def test_largest_remainder_with_ties_to_the_lower_host(case: dict[str, Any]) -> None:
    known = {one["tag"]: one["allocation"] for one in expected("largest_remainder")}[case["tag"]]
    shares = {host: Fraction(weight) for host, weight in zip(case["hosts"], case["weights"], strict=True)}
    split = allocate(case["total"], shares, tie=case["hosts"].index)
    assert list(split.values()) == known


def test_ties_in_the_books_go_by_hash_and_not_by_name() -> None:
    shares = {"a": Fraction(1), "b": Fraction(1)}
    lucky = {order: allocate(1, shares, by_hash(order))["a"] for order in ("o1", "o2", "o3", "o4", "o5", "o6")}
    assert set(lucky.values()) == {0, 1}
