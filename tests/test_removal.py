"""Removal effects for reading: the exact fit's in doubles, of whole journeys, with honest intervals."""

from fractions import Fraction
from random import Random

import numpy as np
import polars as pl
import pytest
from nights import NIGHT
from referee_cases import expected, journeys_of
from referee_markov import Journey, markov_fit

from analytics.chains import CONVERSION, START
from analytics.intervals import OPEN_MS
from analytics.markov import fit, transitions
from analytics.removal import effects, journeys, walked

CASES = ("markov_bryl3", "markov_shapley_do10", "heuristics_toy9")


def frame(found, viewers=None, ended=None):
    """Journeys of the referee as the frame that is walked; each of its own viewer, unless said."""
    rows = [
        (
            f"j{number}",
            f"v{number if viewers is None else viewers[number]}",
            0 if ended is None else ended[number],
            journey.converted,
            step,
            sorted(lineup),
        )
        for number, journey in enumerate(found)
        for step, lineup in enumerate(journey.lineups, 1)
    ]
    names = ["journey", "viewer_id", "ended_ms", "converted", "step", "host_ids"]
    return pl.DataFrame(rows, schema=names, orient="row")


def wandering(seed, count=60, hosts=5):
    """Random journeys, with co-hosts, that come back to where they were."""
    random = Random(seed)
    return [
        Journey(
            tuple(
                frozenset(random.sample("abcdefgh"[:hosts], random.choice((1, 1, 2))))
                for _ in range(random.randint(1, 5))
            ),
            converted=random.random() < 0.4,
        )
        for _ in range(count)
    ]


def solved(found, order=1):
    way = walked(frame(found), order)
    answer = effects(way.counted())
    return float(answer.base), dict(zip(way.hosts, answer.removal.tolist(), strict=True))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_doubles_come_to_the_referees_fractions(seed, order):
    found = wandering(seed)
    known = markov_fit(found, order)
    base, removal = solved(found, order)
    assert base == pytest.approx(float(known.base), abs=1e-12)
    assert removal == pytest.approx({host: float(effect) for host, effect in known.removal.items()}, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_doubles_come_to_the_published_effects(case):
    found = journeys_of(case)
    known = markov_fit(found)
    base, removal = solved(found)
    assert removal == pytest.approx({host: float(effect) for host, effect in known.removal.items()}, abs=1e-12)
    assert base == pytest.approx(float(known.base), abs=1e-12)


def test_the_published_shares_are_reproduced():
    known = expected("markov_shapley_do10")["markov_order1"]["share"]
    way = walked(frame(journeys_of("markov_shapley_do10")))
    shares = effects(way.counted()).shares
    assert dict(zip(way.hosts, shares.tolist(), strict=True)) == pytest.approx(known, abs=1e-9)


class TestInvariants:
    @pytest.mark.parametrize("order", [1, 2, 3])
    @pytest.mark.parametrize("seed", range(5, 8))
    def test_conversion_is_orders_by_journeys_for_every_order_and_effects_are_shares(self, seed, order):
        found = wandering(seed)
        base, removal = solved(found, order)
        assert base == pytest.approx(sum(journey.converted for journey in found) / len(found), abs=1e-12)
        assert all(0 <= effect <= 1 for effect in removal.values())
        exact = fit(counted(frame(found), order))
        assert exact.base == Fraction(sum(journey.converted for journey in found), len(found))
        assert all(0 <= effect <= 1 for effect in exact.removal.values())

    def test_staying_changes_nothing(self):
        """Self-loops: the same line-up once more in the counts of a state."""
        counts = counted(frame(wandering(9)))
        states = [state for state in counts["source"].unique() if state != START]
        loops = pl.DataFrame({"source": states, "target": states, "transitions": range(1, len(states) + 1)})
        with_loops = pl.concat([counts, loops.cast(counts.schema)])
        with_loops = with_loops.group_by("source", "target").agg(pl.col("transitions").sum())
        assert (fit(with_loops).base, fit(with_loops).removal) == (fit(counts).base, fit(counts).removal)

    def test_counts_of_two_halves_add_up_and_whole_journeys_expire(self):
        found = wandering(10)
        whole, old, new = (counted(frame(part)) for part in (found, found[:30], found[30:]))
        taken = pl.concat([whole, old.with_columns(-pl.col("transitions"))])
        left = taken.group_by("source", "target").agg(pl.col("transitions").sum()).filter(pl.col("transitions") != 0)
        assert left.sort("source", "target").equals(new)
        assert fit(left).base == Fraction(sum(journey.converted for journey in found[30:]), 30)

    def test_a_journey_that_lost_one_transition_breaks_the_conversion(self):
        """The failing control: why journeys expire whole."""
        found = wandering(10)
        counts = counted(frame(found))
        first = counts.filter((pl.col("target") == CONVERSION) & (pl.col("transitions") > 1)).head(1)
        broken = pl.concat([counts, first.with_columns(transitions=pl.lit(-1, pl.Int64))])
        broken = broken.group_by("source", "target").agg(pl.col("transitions").sum())
        conversions = sum(journey.converted for journey in found) - 1
        assert fit(broken).base not in {Fraction(conversions, len(found)), Fraction(conversions, len(found) - 1)}

    def test_without_a_conversion_nobody_has_an_effect(self):
        base, removal = solved([Journey((frozenset("a"), frozenset("b")), converted=False)])
        assert (base, removal) == (0, {"a": 0, "b": 0})


def counted(found, order=1):
    outcomes = found.filter(pl.col("step") == 1).select("journey", "converted")
    return transitions(found.select("journey", "step", "host_ids"), outcomes, order)


class TestInterval:
    def test_a_weight_of_one_for_everybody_is_the_count_itself(self):
        way = walked(frame(wandering(11), viewers=[number % 20 for number in range(60)]))
        plain, again = effects(way.counted()), effects(way.resampled(np.ones((2, way.viewers))))
        assert again.removal == pytest.approx(np.stack([plain.removal, plain.removal]))

    def test_a_weight_counts_all_journeys_of_a_viewer_and_only_theirs(self):
        found, viewers = wandering(12), [number % 20 for number in range(60)]
        way = walked(frame(found, viewers))
        weights = np.ones((1, way.viewers))
        weights[0, 7] = 3.0
        seen = list(dict.fromkeys(viewers))
        thrice = found + [journey for journey, viewer in zip(found, viewers, strict=True) if viewer == seen[7]] * 2
        assert effects(way.resampled(weights)).base[0] == pytest.approx(solved(thrice)[0], abs=1e-12)

    def test_the_interval_holds_the_truth(self):
        """Journeys a, b or both, whose removal effects are known: P(a) = P(ab) = 0.4, P(b) = 0.2; all convert alike."""
        runs, held = (400 if NIGHT else 60), []
        kinds = [Journey((frozenset("a"),), True), Journey((frozenset("a"), frozenset("b")), True)]
        kinds += [Journey((frozenset("b"),), True)]
        for seed in range(runs):
            chance = np.random.default_rng(seed)
            picked = chance.choice(3, 400, p=(0.4, 0.4, 0.2))
            bought = chance.random(400) < 0.3
            found = [Journey(kinds[kind].lineups, bool(sold)) for kind, sold in zip(picked, bought, strict=True)]
            way = walked(frame(found))
            again = effects(way.resampled(chance.poisson(1.0, (200, way.viewers)).astype(float)))
            low, high = np.quantile(again.removal[:, way.hosts.index("b")], (0.025, 0.975))
            held.append(low <= 0.6 <= high)
        assert np.mean(held) >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)


def test_journeys_end_at_the_order_or_with_the_last_step_and_open_watches_at_the_newest_event():
    found = pl.DataFrame(
        {"order_id": ["o", "o"], "viewer_id": "buyer", "ordered_ms": 70, "step": [1, 2], "host_ids": [["a"], ["b"]]},
        schema_overrides={"ordered_ms": pl.Int64},
    )
    watches = pl.DataFrame({"viewer_id": ["u", "w"], "session_id": "s", "start_ms": [5, 15], "end_ms": [12, OPEN_MS]})
    lineups = pl.DataFrame(
        {"session_id": "s", "start_ms": [0, 10], "end_ms": [10, OPEN_MS], "host_ids": [["a"], ["a", "b"]]}
    )
    whole = journeys(found, watches, lineups, 90)
    assert whole.rows() == [
        ("oo", "buyer", 70, True, 1, ["a"]),
        ("oo", "buyer", 70, True, 2, ["b"]),
        ("vu", "u", 12, False, 1, ["a"]),
        ("vu", "u", 12, False, 2, ["a", "b"]),
        ("vw", "w", 90, False, 1, ["a", "b"]),
    ]
