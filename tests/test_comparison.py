"""What a comparison says is right: against published answers, against known truth, never more than data hold."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf, isclose, sqrt

import numpy as np
import polars as pl
import pytest
from comparison_world import World, covered
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nights import NIGHT, seeds
from polars.testing import assert_frame_equal
from referee_cases import expected, rows
from scipy.stats import binom
from statsmodels.regression.linear_model import WLS

from analytics.comparison import wording
from analytics.comparison.balance import LARGE, balance, remaining, shown
from analytics.comparison.cells import selling
from analytics.comparison.estimates import FIGURES, Estimate, contrast, estimates, numbered, overlap, strata_table
from analytics.comparison.intervals import LEVEL
from analytics.comparison.novelty import by_days, by_stream_hour
from analytics.comparison.odds import odds
from analytics.comparison.strata import with_price_band
from analytics.rules import DAY_MS, HOUR_MS

CASE = "stratified_ucb"
Cell = tuple[str, str, bool, float, float]


def cells_of(cells: Sequence[Cell]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema=["session_id", "stratum", "treated", "top", "bottom"], orient="row")


def applicants() -> pl.DataFrame:
    """The case, each applicant a session of its own."""
    found: list[Cell] = []
    for row in rows(CASE):
        for top, count in ((1.0, int(row["success"])), (0.0, int(row["fail"]))):
            found += [
                (f"{len(found) + one}", row["stratum"], row["arm"] == "treated", top, 1.0) for one in range(count)
            ]
    return cells_of(found)


def by_figure(cells: pl.DataFrame) -> dict[str, Estimate]:
    return {estimate.figure: estimate for estimate in estimates(cells)}


def test_berkeleys_admissions_turn_when_they_are_stratified_as_published() -> None:
    known, found = expected(CASE), by_figure(applicants())
    tolerance = known["tolerance_abs"]
    assert tuple(found) == FIGURES
    for figure, name in {
        "crude": "crude_risk_difference",
        "ate": "post_stratified_ATE_rd",
        "att": "ATT_rd",
        "mantel_haenszel": "mantel_haenszel_rd (=fixed-effect OLS)",
    }.items():
        assert found[figure].difference == pytest.approx(known[name], abs=tolerance)
    table = strata_table(applicants())
    for stratum, difference in table.select("stratum", "difference").iter_rows():
        assert difference == pytest.approx(known["stratum_risk_difference"][stratum], abs=tolerance)
    assert found["crude"].difference > 0.1
    assert found["ate"].high is not None
    assert found["ate"].high < 0


def test_the_same_cells_are_numbered_alike_whatever_the_process_has_seen() -> None:
    cells = applicants().select("session_id", "stratum").unique(maintain_order=True)
    seen = cells.reverse().cast(pl.Categorical)
    found = numbered(cells)
    assert seen.height == found.height
    for name in ("session_id", "stratum"):
        assert found[name].to_list() == (cells[name].rank("dense") - 1).to_list()


def test_the_standard_error_is_the_published_one_but_for_the_correction_for_small_samples() -> None:
    table = strata_table(applicants())
    weights = (table["control_bottom"] + table["treated_bottom"]) / 4526
    plain, left, pulls = 0.0, 0.0, 0.0
    for weight, row in zip(weights, table.iter_rows(named=True), strict=True):
        for arm in ("control", "treated"):
            rate, size = row[f"{arm}_rate"], row[f"{arm}_bottom"]
            plain += weight**2 * rate * (1 - rate) / size
            pulls += weight**2 * rate**2 / size
            left += weight**2 * rate**2 / size * (1 - 1 / size)
    assert sqrt(plain) == pytest.approx(expected(CASE)["se_post_stratified"], abs=1e-9)
    assert by_figure(applicants())["ate"].se == pytest.approx(sqrt(plain * pulls / left), abs=1e-9)


def test_the_odds_ratio_and_its_test_are_the_published_ones() -> None:
    known, found = expected(CASE), odds(applicants(), LEVEL)
    assert found is not None
    assert found.ratio == pytest.approx(known["mantel_haenszel_or"], abs=1e-9)
    assert [found.low, found.high] == pytest.approx(known["or_ci95"], abs=1e-9)
    assert found.chi2 == pytest.approx(known["cmh_chi2_corrected"], abs=1e-9)
    assert found.p == pytest.approx(known["cmh_p_corrected"], abs=1e-9)


COUNT = st.integers(0, 30)
TABLES = st.lists(st.tuples(COUNT, COUNT, COUNT, COUNT), min_size=1, max_size=5)


@example([(1, 0, 0, 1)])
@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_mantel_haenszel_is_that_of_exact_fractions_and_of_least_squares_within_strata(
    tables: list[tuple[int, int, int, int]],
) -> None:
    cells = cells_of(
        [
            (f"{number}{arm}", str(number), arm == "t", float(table[place]), float(table[place] + table[place + 1]))
            for number, table in enumerate(tables)
            for arm, place in (("t", 0), ("c", 2))
        ]
    )
    both = [table for table in tables if table[0] + table[1] and table[2] + table[3]]
    ratio = (
        sum(Fraction(a * d, a + b + c + d) for a, b, c, d in both),
        sum(Fraction(b * c, a + b + c + d) for a, b, c, d in both),
    )
    found = odds(cells, LEVEL)
    if all(ratio):
        assert found is not None
        assert isclose(found.ratio, ratio[0] / ratio[1], rel_tol=1e-9)
    else:
        assert found is None
    estimate = contrast(cells, "mantel_haenszel")
    assert (estimate is None) == (not both)
    if estimate:
        design = [
            [float(arm), *(float(one == place) for one in range(len(both)))]
            for place in range(len(both))
            for arm in (1, 0)
        ]
        rates = [rate for a, b, c, d in both for rate in (a / (a + b), c / (c + d))]
        sizes = [size for a, b, c, d in both for size in (a + b, c + d)]
        fitted = WLS(np.array(rates), np.array(design), weights=np.array(sizes, dtype=float)).fit()
        assert estimate.difference == pytest.approx(fitted.params[0], abs=1e-9)


@given(st.integers(0, 10_000), st.data())
@settings(max_examples=25, deadline=None)
def test_splitting_cells_and_shuffling_them_changes_no_figure(seed: int, data: st.DataObject) -> None:
    cells = World(sessions=12, hours=3).drawn(seed).drop("rate")
    parts = data.draw(st.lists(st.floats(0, 1), min_size=cells.height, max_size=cells.height))
    split = pl.concat(
        [cells.with_columns(pl.col("top", "bottom") * pl.Series(one)) for one in (parts, [1 - part for part in parts])]
    )
    for whole, pieces in zip(
        estimates(cells), estimates(split.sample(fraction=1, shuffle=True, seed=seed)), strict=True
    ):
        assert pieces.difference == pytest.approx(whole.difference, rel=1e-9, abs=1e-9)
        assert (pieces.se, pieces.freedom) == pytest.approx((whole.se, whole.freedom), rel=1e-6)


def test_a_host_with_the_weak_hours_looks_worse_and_is_better() -> None:
    """Simpson: by night little is sold, and by night the digital host is on air."""
    cells = cells_of(
        [
            (f"{hour}{number}", hour, treated, (rate + 0.1 * (number - 1)) * bottom, bottom)
            for hour, treated, rate, bottom in (
                ("day", False, 10.0, 900.0),
                ("day", True, 11.0, 100.0),
                ("night", False, 2.0, 100.0),
                ("night", True, 3.0, 900.0),
            )
            for number in range(3)
        ]
    )
    found = by_figure(cells)
    assert found["crude"].difference == pytest.approx(3.8 - 9.2)
    assert [found[figure].difference for figure in FIGURES[1:]] == pytest.approx([1.0, 1.0, 1.0])
    said = wording.finding(
        found["ate"], found["crude"], ("people", "avatars"), lambda value: f"{value:.1f}", "per hour"
    )
    assert "avatars had 1.0 per hour more than people" in said
    assert "the other way" in said


def test_without_overlap_there_is_no_number() -> None:
    cells = cells_of([("a", "day", False, 5.0, 2.0), ("b", "night", True, 7.0, 2.0), ("c", "night", True, 1.0, 2.0)])
    assert [estimate.figure for estimate in estimates(cells)] == ["crude"]
    out = overlap(strata_table(cells))
    assert (out.comparable, out.left_out, out.control_left_out, out.treated_left_out) == (0, 1.0, 1.0, 1.0)
    said = wording.finding(None, None, ("people", "avatars"), str, "per hour")
    assert said.startswith("No comparison is possible")
    assert not any(character.isdigit() for character in said)


def test_without_an_arm_there_is_nothing_at_all() -> None:
    assert estimates(cells_of([("a", "day", True, 5.0, 2.0), ("b", "day", True, 5.0, 2.0)])) == []


def test_strata_of_one_arm_are_left_out_and_their_share_is_told() -> None:
    both = [(f"{n}", "day", n % 2 == 0, 10.0, 2.0) for n in range(6)]
    cells = cells_of([*both, ("x", "night", True, 100.0, 4.0)])
    out = overlap(strata_table(cells))
    assert (out.strata, out.comparable) == (2, 1)
    assert out.left_out == pytest.approx(4 / 16)
    assert (out.control_left_out, out.treated_left_out) == (0, pytest.approx(4 / 10))
    assert by_figure(cells)["ate"].difference == 0
    assert by_figure(cells)["crude"].difference > 0


def test_one_session_of_an_arm_gives_no_interval() -> None:
    found = by_figure(cells_of([("a", "d", False, 5.0, 2.0), ("b", "d", True, 7.0, 2.0), ("c", "d", True, 6.0, 2.0)]))[
        "ate"
    ]
    assert (found.low, found.high, found.se) == (None, None, None)
    assert "too few" in wording.finding(found, None, ("people", "avatars"), str, "per hour")


@pytest.mark.parametrize("arm", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_an_arm_whose_sessions_do_not_differ_is_not_taken_as_certain(arm: bool, rate: float) -> None:
    """Three sessions without a sale, or all alike, beside twenty that differ: no chance was seen, but there is one."""
    alike = [(f"a{number}", "d", arm, rate * number, float(number)) for number in (3, 7, 9)]
    found = by_figure(cells_of([*alike, *((f"{n}", "d", not arm, 10.0 + n, 2.0) for n in range(20))]))["ate"]
    assert (found.low, found.high, found.se) == (None, None, None)
    said = wording.finding(found, None, ("people", "avatars"), str, "per hour")
    assert "does not say how sure" in said
    assert "interval" not in said


@pytest.mark.parametrize(
    ("control", "treated", "named"), [(9, 4, "9 of people and 4 of avatars"), (40, 9, "9 of avatars")]
)
def test_few_sessions_are_named(control: int, treated: int, named: str) -> None:
    found = Estimate("ate", 5.0, 6.0, 1.0, 0.5, 1.5, 0.2, 0.2, 9.0, 2, control, treated, 9.0, 9.0)
    assert f"Few sessions: {named}." in wording.finding(found, None, ("people", "avatars"), str, "per hour")
    enough = replace(found, control_sessions=10, treated_sessions=10)
    assert "Few" not in wording.finding(enough, None, ("people", "avatars"), str, "per hour")


def test_a_session_alone_in_its_stratum_widens_the_interval_instead_of_counting_as_certain() -> None:
    rates = (4.0, 6.0, 5.0, 9.0, 2.0, 7.0)
    lone = [
        (f"{n}{treated}", f"h{n}", treated, rate * 3 + treated, 3.0)
        for n, rate in enumerate(rates)
        for treated in (False, True)
    ]
    found = by_figure(cells_of(lone))["ate"]
    assert found.difference == pytest.approx(1 / 3)
    assert found.se is not None
    assert found.se > 0.5


def test_weights_answer_their_own_question() -> None:
    """An effect of 1 by day, of 3 by night, where the treated has nine tenths of its traffic."""
    cells = cells_of(
        [
            (f"{hour}{number}{treated}", hour, treated, bottom * (5 + effect * treated), bottom)
            for hour, effect, bottoms in (("day", 1, (60.0, 10.0)), ("night", 3, (40.0, 90.0)))
            for treated, bottom in zip((False, True), bottoms, strict=True)
            for number in range(2)
        ]
    )
    found = {figure: estimate.difference for figure, estimate in by_figure(cells).items()}
    assert found["ate"] == pytest.approx((70 * 1 + 130 * 3) / 200)
    assert found["att"] == pytest.approx((10 * 1 + 90 * 3) / 100)
    harmonic = (600 / 70, 3600 / 130)
    assert found["mantel_haenszel"] == pytest.approx((harmonic[0] * 1 + harmonic[1] * 3) / sum(harmonic))


RUNS = 1_000 if NIGHT else 120
WORLDS = {
    "hand-overs in each session": World(),
    "one host a session": World(handovers=False),
    "many sessions, many strata": World(sessions=200, hours=24),
}


@pytest.mark.parametrize("name", WORLDS)
def test_intervals_hold_the_truth_as_often_as_they_say(name: str) -> None:
    """By night in 93 to 97 of a hundred; by day as often as chance lets an interval of 95 % that is right."""
    shares = covered(WORLDS[name], seeds(0, RUNS, RUNS))
    low, high = (0.93, 0.97) if NIGHT else (binom.ppf(chance, RUNS, LEVEL) / RUNS for chance in (1e-4, 1 - 1e-4))
    assert {figure: share for figure, share in shares.items() if not low <= share <= high} == {}


def test_the_arms_are_alike_where_they_are_weighted_alike_and_what_remains_is_named() -> None:
    cells = pl.DataFrame(
        {
            "session_id": list("abcdefgh"),
            "stratum": ["day"] * 4 + ["night"] * 4,
            "treated": [False, False, False, True, False, True, True, True],
            "top": [1.0] * 8,
            "bottom": [1.0] * 8,
            "hour": ["day"] * 4 + ["night"] * 4,
            "source": ["paid", "paid", "paid", "free", "paid", "paid", "free", "free"],
        }
    )
    table = balance(cells, ["hour", "source"])
    of_hour = table.filter(variable="hour").row(0, named=True)
    assert abs(of_hour["before"]) == pytest.approx(0.5 / sqrt((0.75 * 0.25 + 0.25 * 0.75) / 2))
    assert of_hour["after"] == 0
    paid = table.filter(variable="source", value="paid").row(0, named=True)
    assert (paid["control_share"], paid["treated_share"]) == (1.0, 0.25)
    assert remaining(table) == ["source"]


def test_arms_with_nothing_in_common_are_named_as_different() -> None:
    """One arm on one platform, the other on another: no difference is greater, and no stratum holds it equal."""
    rows = [(f"{arm}{number}", "all", arm, 1.0, 2.0) for arm in (False, True) for number in range(3)]
    cells = cells_of(rows).with_columns(platform=pl.when("treated").then(pl.lit("new")).otherwise(pl.lit("old")))
    table = balance(cells, ["platform"])
    assert dict(table.select("value", "after").iter_rows()) == {"new": inf, "old": -inf}
    assert remaining(table) == ["platform"]


def test_a_difference_that_stratifying_made_is_named_though_five_others_were_greater_before() -> None:
    """Seller `f` had a sixth of both arms; all of its digital hours lie where the human arm is rare."""
    control = [("day", seller, hours) for seller, hours in zip("abcdef", (8.0, 2.0, 8.0, 2.0, 10.0, 5.0), strict=True)]
    treated = [("day", seller, hours) for seller, hours in zip("abcde", (2.0, 8.0, 2.0, 8.0, 5.0), strict=True)]
    cells = pl.DataFrame(
        [
            (f"{seller}{arm}", stratum, arm, seller, hours)
            for arm, lines in ((False, [*control, ("night", "a", 0.1)]), (True, [*treated, ("night", "f", 5.0)]))
            for stratum, seller, hours in lines
        ],
        schema=["session_id", "stratum", "treated", "seller", "bottom"],
        orient="row",
    ).with_columns(top=pl.col("bottom"))
    few = shown(balance(cells, ["seller"]))
    assert few.height == 5
    assert "f" not in few["value"]
    last = balance(cells, ["seller"]).row(-1, named=True)
    assert (last["value"], abs(last["before"]) < LARGE, abs(last["after"]) > LARGE) == ("f", True, True)


def test_what_remains_is_said_and_nothing_is_claimed_of_what_was_not_seen() -> None:
    out = overlap(
        strata_table(cells_of([("a", "d", False, 1.0, 3.0), ("b", "d", True, 1.0, 1.0), ("c", "n", True, 1.0, 1.0)]))
    )
    said = wording.limits(["hour_of_day"], out, "viewer-hours", ["source"], ["price_band"])
    assert said == (
        "Observational: nobody drew lots for who goes on air. Held equal: hour of day; 20% of the viewer-hours lie in "
        "strata with one arm and are left out. Differences in source remain; price band was not looked at; what is not "
        "recorded may differ too."
    )


@pytest.mark.parametrize(("low", "high", "tells"), [(-1.0, 3.0, False), (0.5, 3.0, True), (-3.0, -0.1, True)])
def test_an_interval_with_nought_in_it_claims_no_difference(low: float, high: float, tells: bool) -> None:
    middle = (low + high) / 2
    found = Estimate("ate", 5.0, 5.0 + middle, middle, low, high, middle / 5, 1.0, 9.0, 2, 5, 5, 9.0, 9.0)
    said = wording.finding(found, None, ("people", "avatars"), lambda value: f"{value:.1f}", "per hour")
    assert ("do not tell" in said) is not tells
    assert (" more than " in said or " less than " in said) is tells


def aged(days: int) -> pl.DataFrame:
    """A twin whose lift falls from 40 % by 10 % a day, beside its original, both in each hour of the day."""
    return pl.DataFrame(
        [
            {
                "session_id": f"{day}-{hour}",
                "hour_ms": day * DAY_MS + hour * HOUR_MS,
                "host_id": "twin" if treated else "original",
                "treated": treated,
                "stratum": str(hour),
                "stream_hour": str(hour % 3),
                "bottom": 10.0,
                "top": 10.0 * (5 + hour) * (1.4 - 0.1 * day if treated else 1.0),
            }
            for day in range(days)
            for hour in range(12)
            for treated in (False, True)
        ]
    )


def test_the_lift_of_each_day_of_a_version_is_found() -> None:
    versions = pl.DataFrame({"host_id": ["twin", "twin"], "began_ms": [HOUR_MS // 2, 4 * DAY_MS]})
    found = by_days(aged(6), versions, 30)
    assert found["day"].to_list() == [0, 1, 2, 3]
    both_versions = [(0.4 + 0.0) / 2, (0.3 - 0.1) / 2]
    assert found["lift"].to_list() == pytest.approx([*both_versions, 0.2, 0.1], abs=0.02)
    assert by_days(aged(6), versions, 2)["day"].to_list() == [0, 1]
    assert by_days(aged(6), versions.clear(), 30).is_empty()


def test_the_novelty_of_an_avatar_alone_is_measured_against_people_alone() -> None:
    versions = pl.DataFrame({"host_id": ["twin"], "began_ms": [0]})
    pairs = aged(1).with_columns(session_id=pl.lit("pair ") + pl.col("session_id"), host_id=pl.lit(""), top=9_999.0)
    found = by_days(pl.concat([aged(1), pairs]), versions, 30)
    assert_frame_equal(found, by_days(aged(1), versions, 30))


def test_the_same_cells_give_the_same_figures_to_the_last_digit() -> None:
    """By day the engine keeps habits that it does not promise; `make disorder` takes them away."""
    drawn = World(sessions=200).drawn(5)
    cells = drawn.with_columns(host_id=pl.lit("twin"), hour_ms=pl.int_range(pl.len()) % 60 * HOUR_MS)
    versions = pl.DataFrame({"host_id": ["twin"], "began_ms": [0]})
    products = drawn.select("session_id", product_id="stratum", quantity=1, gmv_minor="top").unique(
        ["session_id", "product_id"], keep="first", maintain_order=True
    )
    for figures in (
        lambda: balance(cells, ["stratum", "session_id"]),
        lambda: by_days(cells, versions, 3),
        lambda: with_price_band(cells, products),
        lambda: pl.DataFrame(estimates(cells)),
    ):
        assert figures().equals(figures())


def test_the_interval_of_a_lift_is_of_the_ratio_of_two_uncertain_rates() -> None:
    """Two and a half times the control: with the control's rate as given it held the truth in 83 of a hundred."""
    held = []
    for seed in seeds(0, RUNS, RUNS):
        cells = World(sessions=40, hours=3, handovers=False, effect=2.5).drawn(seed)
        placed = cells.with_columns(stream_hour=pl.lit("0"))
        (found,) = by_stream_hour(placed).iter_rows(named=True)
        true = contrast(cells.with_columns(top=pl.col("rate") * pl.col("bottom")), "ate")
        assert true is not None
        assert true.ratio is not None
        held.append(found["lift_low"] <= true.ratio <= found["lift_high"])
    assert sum(held) >= binom.ppf(1e-4, RUNS, LEVEL)


def test_the_lift_of_either_arm_over_the_other_is_one_answer() -> None:
    cells = World(sessions=20, hours=3, effect=2.5).drawn(1).with_columns(stream_hour=pl.lit("0"))
    there, back = (
        by_stream_hour(one).row(0, named=True) for one in (cells, cells.with_columns(treated=~pl.col("treated")))
    )
    for end, other in (("lift", "lift"), ("lift_low", "lift_high"), ("lift_high", "lift_low")):
        assert (1 + there[end]) * (1 + back[other]) == pytest.approx(1, rel=1e-9)
    assert there["lift_low"] < there["lift"] < there["lift_high"]


@pytest.mark.parametrize("treated", [(0.0, 0.0), (-9.0, -3.0), (30_000.0, -29_990.0)])
def test_a_lift_without_a_rate_of_its_own_has_no_interval(treated: tuple[float, float]) -> None:
    cells = cells_of(
        [
            *((f"d{n}", "d", True, top, 2.0) for n, top in enumerate(treated)),
            *((f"{n}", "d", False, 5.0 + n, 2.0) for n in range(3)),
        ]
    )
    (found,) = by_stream_hour(cells.with_columns(stream_hour=pl.lit("0"))).iter_rows(named=True)
    assert found["lift"] == pytest.approx(sum(treated) / 4 / 3 - 1)
    assert (found["lift_low"], found["lift_high"]) == (None, None)


def test_the_lift_of_each_hour_of_the_stream_is_found() -> None:
    found = by_stream_hour(aged(2))
    assert found["stream_hour"].to_list() == [0, 1, 2]
    assert found["lift"].to_list() == pytest.approx([0.35] * 3)


def test_sessions_in_which_nobody_bought_are_compared_too() -> None:
    sessions = pl.DataFrame({"session_id": ["a", "b", "c", "d"], "seller_id": ["s", "s", "t", None]})
    assert sorted(selling(sessions, pl.DataFrame({"session_id": ["a", "d", "e"]}))) == ["a", "b", "d", "e"]
    assert sorted(selling(sessions, pl.DataFrame({"session_id": ["c"]}))) == ["c"]
