"""Totals from distinct paths are the sums of what every order gives, to the last fraction; and so is their fit."""

from collections import defaultdict
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import examples
from referee_intervals import Step
from referee_models import RefereeRules, step_weights

from analytics import models, shares, walks
from analytics.crediting import fit_journeys
from analytics.markov import NO_FIT, Fit, fit, transitions
from analytics.paths import STEPS
from analytics.rules import Rules

DAY_MS = 86_400_000
NO_LINEUPS = pl.DataFrame(
    schema={"session_id": pl.String, "start_ms": pl.Int64, "end_ms": pl.Int64, "host_ids": pl.List(pl.String)}
)
Path = list[list[str]]
Counted = list[tuple[Path, int, int]]
searched = settings(deadline=None, max_examples=examples(40))
LINEUP = st.lists(st.sampled_from("abcde"), min_size=1, max_size=3, unique=True).map(sorted)
COUNTED = st.lists(
    st.tuples(st.lists(LINEUP, max_size=6), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=8
)
POSITIONS = [("0.4", "0.4"), ("0", "1"), ("1", "0"), ("0.1", "0.25"), ("0.333", "0.667")]


def trodden(counted: Counted, path: Any = pl.String) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "path": [["\x1f".join(lineup) for lineup in path] for path, _, _ in counted],
            "conversions": [conversions for _, conversions, _ in counted],
            "nulls": [nulls for _, _, nulls in counted],
        },
        schema={"path": pl.List(pl.String), "conversions": pl.Int64, "nulls": pl.Int64},
    ).cast({"path": pl.List(path)})


def walked(paths: list[Path]) -> pl.DataFrame:
    """Steps of one order per path, a minute each."""
    rows = [
        (f"o{n}", number, "s", (number - 1) * 60_000, number * 60_000, 60_000, lineup)
        for n, path in enumerate(paths)
        for number, lineup in enumerate(path, 1)
    ]
    return pl.DataFrame(rows, schema=STEPS, orient="row")


def ordered(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"order_id": [f"o{n}" for n in range(count)], "ordered_ms": DAY_MS, "session_id": None},
        schema={"order_id": pl.String, "ordered_ms": pl.Int64, "session_id": pl.String},
    ).with_columns(declared_host_id=pl.lit(None, dtype=pl.String))


def order_by_order(paths: list[Path], model: str, rules: Rules, fitted: Fit) -> dict[str, Fraction]:
    """The exact shares of every order, summed by host; hosts with nothing left out."""
    rows = models.weights(
        ordered(len(paths)), walked(paths), NO_LINEUPS, Rules((model,), position=rules.position), fitted
    )
    whole: dict[str, int] = defaultdict(int)
    for order, weight in rows.select("order_id", "weight").iter_rows():
        whole[order] += weight
    found: dict[str, Fraction] = defaultdict(Fraction)
    for order, host, weight in rows.select("order_id", "host_id", "weight").iter_rows():
        found[host] += Fraction(weight, whole[order])
    return {host: share for host, share in found.items() if share}


@pytest.mark.parametrize("bits", [0, 62])
@pytest.mark.parametrize("model", shares.MODELS)
@searched
@given(
    counted=COUNTED,
    position=st.sampled_from(POSITIONS),
    path=st.sampled_from([pl.String, pl.Categorical]),
    effects=st.dictionaries(st.sampled_from("abcde"), st.integers(0, 9) | st.just(2**61 - 1)),
)
def test_totals_are_the_sum_of_what_every_order_gives(
    counted: Counted, position: tuple[str, str], path: Any, effects: dict[str, int], model: str, bits: int
) -> None:
    rules = Rules(position=(Fraction(position[0]), Fraction(position[1])))
    fitted = Fit.of_weights(1, effects, 0, 0)
    each = [path for path, conversions, _ in counted for _ in range(conversions)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shares, "_BITS", bits)
        found = shares.credited(trodden(counted, path), model, rules, fitted)
    assert found == order_by_order(each, model, rules, fitted)
    assert sum(found.values()) == len(each)


@searched
@given(counted=COUNTED, order=st.sampled_from([1, 2, 3]))
def test_a_fit_of_distinct_paths_is_the_fit_of_every_journey(counted: Counted, order: int) -> None:
    ends = [(path, did) for path, won, lost in counted for did in [True] * won + [False] * lost if path]
    steps = walked([path for path, _ in ends]).rename({"order_id": "journey"})
    outcomes = pl.DataFrame(
        {"journey": [f"o{n}" for n in range(len(ends))], "converted": [did for _, did in ends]},
        schema={"journey": pl.String, "converted": pl.Boolean},
    )
    found = shares.fitted(trodden(counted), order=order)
    assert found == fit(transitions(steps, outcomes, order))
    if order == 1:
        assert found == fit_journeys(steps.join(outcomes, on="journey", maintain_order="left"))


@searched
@given(
    counted=st.lists(st.tuples(st.lists(LINEUP, min_size=1, max_size=6), st.booleans()), min_size=1, max_size=6),
    data=st.data(),
)
def test_transitions_do_not_depend_on_the_order_of_rows(counted: list[tuple[Path, bool]], data: st.DataObject) -> None:
    steps = walked([path for path, _ in counted]).rename({"order_id": "journey"})
    outcomes = pl.DataFrame(
        {"journey": [f"o{n}" for n in range(len(counted))], "converted": [did for _, did in counted]}
    )
    known = transitions(steps, outcomes, 2)
    shaken = steps[data.draw(st.permutations(range(steps.height)))]
    other = outcomes[data.draw(st.permutations(range(outcomes.height)))]
    for given_steps, given_outcomes in ((shaken, outcomes), (steps, other), (shaken, other)):
        assert transitions(given_steps, given_outcomes, 2).rows() == known.rows()


@pytest.mark.parametrize("worth", [10**15, 2**62 + 1])
def test_totals_of_amounts_that_no_double_holds_are_exact(worth: int) -> None:
    paths = trodden([([["a"], ["b", "c"], ["a"]], 0, 0), ([["b"]], 0, 0)] * 3).with_columns(
        amount_minor=pl.Series([worth] * 6)
    )
    found = shares.credited(paths, "linear", Rules(), measure="amount_minor")
    assert found == {"a": 2 * worth, "b": Fraction(worth, 2) + 3 * worth, "c": Fraction(worth, 2)}
    assert shares.credited(paths, "shapley", Rules(), measure="amount_minor") == {
        "a": worth,
        "b": 4 * worth,
        "c": worth,
    }


def test_a_path_without_a_step_is_nobodys_and_no_path_at_all_gives_nothing() -> None:
    assert shares.credited(trodden([([], 3, 1)]), "linear", Rules()) == {"unattributed": 3}
    assert shares.credited(trodden([]), "shapley", Rules()) == {}
    assert shares.fitted(trodden([])).journeys == 0


def test_markov_totals_without_a_fit_are_refused() -> None:
    with pytest.raises(TypeError, match="give `fitted`"):
        shares.credited(trodden([([["a"]], 1, 0)]), "markov", Rules())
    with pytest.raises(KeyError, match="time_decay"):
        shares.credited(trodden([([["a"]], 1, 0)]), "time_decay", Rules())


def test_weights_too_long_for_64_bits_stay_exact() -> None:
    path = [[f"h{number:02d}" for number in range(size)] for size in (23, 19, 17, 13, 11, 7, 5, 3, 2)]
    rules = Rules(("time_decay", "linear"))
    rows = models.weights(ordered(1), walked([path]), NO_LINEUPS, rules, NO_FIT)
    assert int(rows["weight"].max()) > walks.WIDE  # type: ignore[arg-type]  # not empty
    steps = [
        Step((number - 1) * 60_000, number * 60_000, "s", tuple(lineup), 60_000)
        for number, lineup in enumerate(path, 1)
    ]
    for model in rules.models:
        known = step_weights(model, DAY_MS, steps, RefereeRules())
        mine = dict(rows.filter(pl.col("model") == model).select("host_id", "weight").iter_rows())
        whole, all_ = sum(mine.values()), sum(known.values(), Fraction(0))
        assert {host: Fraction(weight, whole) for host, weight in mine.items()} == {
            host: weight / all_ for host, weight in known.items()
        }


@searched
@given(paths=st.lists(st.lists(LINEUP, max_size=4), min_size=1, max_size=6), data=st.data())
def test_weights_of_some_orders_are_those_they_have_among_all(paths: list[Path], data: st.DataObject) -> None:
    fitted = shares.fitted(trodden([(path, 1, 1) for path in paths]))
    orders, steps = ordered(len(paths)), walked(paths)
    everyone = models.weights(orders, steps, NO_LINEUPS, Rules(), fitted)
    some = orders[data.draw(st.lists(st.sampled_from(range(len(paths))), unique=True))]
    found = models.weights(some, steps, NO_LINEUPS, Rules(), fitted)
    key = ["order_id", "model", "host_id"]
    assert found.sort(key).rows() == everyone.join(some, on="order_id", how="semi").sort(key).rows()
    assert found.schema == models.WEIGHTS


def test_texts_are_numbered_by_what_is_used_of_their_categories() -> None:
    texts = pl.Series(["a", "b", "c", "b"], dtype=pl.Enum(["z", "c", "b", "a"]))[1:]
    codes, distinct = walks.factorized(texts)
    assert distinct.gather(codes).to_list() == ["b", "c", "b"]
    assert len(distinct) == 2


@searched
@given(st.lists(st.integers(0, 2**61), max_size=20))
def test_rows_are_sorted_by_key_and_equal_keys_by_row(keys: list[int]) -> None:
    for key in (pl.Series(keys, dtype=pl.Int64), pl.Series(keys, dtype=pl.Int64) % 7):
        rows = walks.sorted_rows(key.to_numpy()).tolist()
        assert rows == sorted(range(len(keys)), key=lambda row: (key[row], row))


def test_short_keys_are_summed_as_long_ones_are() -> None:
    key = np.array([60_000, 5, 60_000, 40_000], np.uint16)
    keys, sums = walks.summed(key, None, 1 << 16)
    assert (keys.tolist(), sums.tolist()) == ([5, 40_000, 60_000], [1, 1, 2])
