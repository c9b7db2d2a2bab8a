"""Experiments whose truth is known: wrong findings are as rare, intervals as honest and power as great as was said.

`make test` tries a few hundred of each, `make soak` a thousand; every band is four binomial standard deviations wide.
"""

from math import sqrt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from nights import NIGHT
from scipy.stats import norm

from analytics.experiments.aired import aired
from analytics.experiments.assignment import assigned
from analytics.experiments.cuped import Sums, lift
from analytics.experiments.design import KINDS, Design
from analytics.experiments.lags import by_lot, robust, tellable
from analytics.experiments.power import trials
from analytics.experiments.sample_ratio import sample_ratio
from analytics.experiments.scripts import Rule, interval, result
from analytics.experiments.switchback import Layout, conservative_variance, horvitz_thompson
from hostledger.commands.experiment_plot import drawn
from hostledger.commands.experiment_switchback import fewest

RUNS = 1_000 if NIGHT else 200
VIEWERS = 3_000
LAYOUT = Layout(60, 2)
CYCLE = 12
SHARES = {"A": 50, "B": 30, "C": 20}
DRAWS = 399


def at_most(found, chance, runs=RUNS):
    """Whether a share of runs is no evidence that the chance is greater."""
    return found <= chance + 4 * sqrt(chance * (1 - chance) / runs)


def at_least(found, chance, runs=RUNS):
    return at_most(1 - found, 1 - chance, runs)


def revenue(chance, viewers=VIEWERS, runs=RUNS):
    """What viewers spend after and before: most nothing, some much; who bought before buys more."""
    keen = chance.gamma(0.5, 2.0, (runs, viewers))

    def spent():
        return (chance.random(keen.shape) < np.minimum(0.1 * keen, 1)) * chance.lognormal(8, 0.7, keen.shape)

    return spent(), spent() + spent()


class TestPeeking:
    @pytest.fixture(scope="class")
    @staticmethod
    def looked():
        """The difference between two alike arms and its error at every viewer, from the twentieth on."""
        chance = np.random.default_rng(11)
        net, past = revenue(chance)
        treated = chance.integers(0, 2, net.shape).astype(float)
        arms = [Sums.running(net, past, of) for of in (1 - treated, treated)]
        seen = slice(19, None)
        found = lift(*(Sums(*(part[:, seen] for part in arm.parts())) for arm in arms))
        return found, np.arange(20, VIEWERS + 1)

    def test_looking_after_every_viewer_finds_an_effect_that_is_none_in_at_most_5_percent(self, looked):
        found, n = looked
        low, high, p = interval(found.difference, found.se, n, 0.05, VIEWERS)
        wrong = ((low > 0) | (high < 0)).any(axis=1).mean()
        assert at_most(wrong, 0.05)
        assert (p <= 0.05).any(axis=1).mean() == wrong, "the interval and the p-value are of one mind"

    def test_looking_as_often_with_a_plain_test_finds_far_too_many(self, looked):
        """The failing control: if this were as rare, the claim above would mean nothing."""
        found, _ = looked
        plain = np.abs(found.difference) > norm.ppf(0.975) * found.se
        assert plain[:, -1].mean() < 0.12, "a single look at the end is sound"
        assert plain.any(axis=1).mean() > 0.2

    def test_nor_does_a_small_arm_in_which_few_have_bought(self):
        """One viewer of twenty: until several of them have bought, the arm's own variance says far too little."""
        chance = np.random.default_rng(17)
        net, past = revenue(chance)
        treated = (chance.random(net.shape) < 1 / 20).astype(float)
        arms = [Sums.running(net, past, of) for of in (1 - treated, treated)]
        found = lift(*(Sums(*(part[:, 199:] for part in arm.parts())) for arm in arms))
        enough, n = arms[1].n[:, 199:] >= 2, np.arange(200, VIEWERS + 1)

        def wrong(one):
            low, high, _ = interval(one.difference, one.se, n, 0.05, VIEWERS)
            return (((low > 0) | (high < 0)) & enough).any(axis=1).mean()

        assert at_most(wrong(found.careful()), 0.05)
        assert wrong(found) > 0.15, "the failing control: what is claimed above is the error's doing"

    def test_with_several_variants_p_is_below_alpha_where_the_interval_is_off_nothing(self):
        chance = np.random.default_rng(18)
        arm, noise = chance.choice(["A", "B", "C"], 600), chance.normal(1_000, 100, 600)
        found = []
        for effect in range(20, 60):
            net = (noise + effect * (arm != "A")).round().astype(int)
            viewers = pl.DataFrame({"assigned": arm, "seen": arm, "net_minor": net, "past_minor": np.zeros_like(net)})
            found += result(viewers, {"A": 1, "B": 1, "C": 1}, "A", Rule(tightest_at=400)).comparisons
        assert [one.p <= 0.05 for one in found] == [not one.low <= 0 <= one.high for one in found]
        assert any(0.025 < one.p <= 0.05 for one in found)
        assert any(0.05 < one.p <= 0.1 for one in found)

    def test_a_control_that_sold_nothing_has_no_lift_in_percent(self):
        chance = np.random.default_rng(19)
        arm, net = np.repeat(["A", "B"], 200), np.repeat([0, 100], 200) * chance.integers(0, 2, 400)
        viewers = pl.DataFrame({"assigned": arm, "seen": arm, "net_minor": net, "past_minor": 2 * net})
        (one,) = result(viewers, {"A": 1, "B": 1}, "A", Rule()).comparisons
        assert one.viewers == 200
        assert all(np.isnan(one.relative)), "what CUPED moves the control by is no revenue of it"

    def test_an_effect_is_found_and_lies_in_the_interval_at_every_look(self):
        chance, effect = np.random.default_rng(12), 200.0
        net, past = revenue(chance)
        treated = chance.integers(0, 2, net.shape).astype(float)
        arms = [Sums.running(net + effect * treated, past, of) for of in (1 - treated, treated)]
        found = lift(*(Sums(*(part[:, 19:] for part in arm.parts())) for arm in arms))
        low, high, _ = interval(found.difference, found.se, np.arange(20, VIEWERS + 1), 0.05, VIEWERS)
        assert at_least(((low <= effect) & (effect <= high)).all(axis=1).mean(), 0.95)
        assert (low[:, -1] > 0).mean() > 0.5


class TestCuped:
    def test_the_past_takes_out_the_square_of_its_correlation(self):
        chance = np.random.default_rng(13)
        before = chance.normal(50, 10, 20_000)
        after = 0.6 * before + chance.normal(0, 8, len(before))
        half = len(before) // 2
        arms = [Sums.of(after[part], before[part]) for part in (slice(half), slice(half, None))]
        plain = [Sums.of(after[part], np.zeros(half)) for part in (slice(half), slice(half, None))]
        left = (lift(*arms).se / lift(*plain).se) ** 2
        assert left == pytest.approx(1 - np.corrcoef(after, before)[0, 1] ** 2, abs=0.005)
        assert left == pytest.approx(1 - 0.36, abs=0.02), "0.6 x 10 of a deviation of 10"

    def test_the_past_does_not_bend_the_estimate(self):
        net, past = revenue(np.random.default_rng(14), viewers=400, runs=RUNS * 4)
        arms = [Sums.running(net, past, np.broadcast_to(of, net.shape)) for of in (HALF, 1 - HALF)]
        found = lift(*(Sums(*(part[:, -1] for part in arm.parts())) for arm in arms))
        assert abs(found.difference.mean()) < 4 * found.difference.std() / sqrt(len(net))
        assert found.difference.std() == pytest.approx(np.sqrt((found.se**2).mean()), rel=0.1)


HALF = np.arange(400) % 2.0


def coins(chance, count):
    return chance.integers(0, 2, (count, len(LAYOUT.points)))


def brought(chance, digital, effect, lags=(1, 1, 1)):
    """Revenue of periods: a daily cycle, noise that clings, and an effect in thirds: now, one and two periods after."""
    periods = digital.shape[-1]
    noise = chance.normal(0, 100, periods)
    for period in range(1, periods):
        noise[period] += 0.4 * noise[period - 1]
    felt = sum(thirds * np.pad(digital, (lag, 0))[:periods] for lag, thirds in enumerate(lags))
    start = chance.integers(CYCLE)
    cycle = 80 * np.cos((start + np.arange(periods)) * 2 * np.pi / CYCLE)
    return 500 + cycle + noise + effect / 3 * felt


def draws(chance, runs):
    found = []
    while len(found) < runs:
        digital = LAYOUT.drawn(coins(chance, 1)[0])
        found += [digital] if tellable(digital, LAYOUT.carryover) else []
    return found


class TestSwitchback:
    @pytest.mark.parametrize("lags", [(1, 1, 1), (3, 0, 0)], ids=["shared-by-all-lags", "felt-at-once"])
    def test_the_interval_by_lot_and_the_check_hold_the_truth(self, lags):
        chance, effect = np.random.default_rng(15), 150.0
        held = []
        for digital in draws(chance, RUNS):
            net = brought(chance, digital, effect, lags)
            found = by_lot(net, digital, LAYOUT, coins(chance, DRAWS)).effect(0.05)
            tau = horvitz_thompson(net, digital, LAYOUT.points, LAYOUT.carryover)
            half = norm.ppf(0.975) * np.sqrt(conservative_variance(net, digital, LAYOUT))
            held.append((found.low <= effect <= found.high, abs(tau - effect) <= half))
        by_regression, by_check = np.mean(held, axis=0)
        assert at_least(by_regression, 0.95)
        assert at_least(by_check, 0.95)

    def test_robust_errors_are_too_small_for_so_few_periods(self):
        """Why the interval is by lot: this one, told beside it, is not to be trusted alone."""
        chance, effect = np.random.default_rng(15), 150.0
        held = []
        for digital in draws(chance, RUNS):
            found = robust(brought(chance, digital, effect), digital, LAYOUT.carryover, 0.05)
            held.append(found.low <= effect <= found.high)
        assert 0.75 < np.mean(held) < 0.94

    def test_the_power_is_what_the_planner_said(self):
        chance = np.random.default_rng(16)
        history = brought(chance, np.zeros(3_000, dtype=np.int64), 0)
        planned = trials(history, LAYOUT, 0.05, coins(chance, 1_000), chance.integers(0, len(history), 1_000))
        effect = planned.smallest(0.8)
        assert planned.power(effect) >= 0.8 > planned.power(effect * 0.97)
        assert at_most(planned.power(0), 0.05, 1_000), "without an effect it finds as few as it should"
        found = [
            by_lot(brought(chance, digital, effect), digital, LAYOUT, coins(chance, DRAWS)).p() <= 0.05
            for digital in draws(chance, RUNS)
        ]
        assert abs(np.mean(found) - 0.8) <= 4 * sqrt(2 * 0.8 * 0.2 / RUNS), "both sides are drawn"

    def test_too_few_coins_speak_against_nothing(self):
        small = Layout(8, 2)
        digital = small.drawn(np.array([0, 1]))
        every = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        lot = by_lot(np.arange(8.0) + 1_000 * digital, digital, small, np.repeat(every, 50, axis=0))
        found = lot.effect(0.05)
        assert (found.low, found.high) == (-np.inf, np.inf)
        assert found.p > 0.4
        nothing = trials(np.arange(100.0), small, 0.05, np.repeat(every, 50, axis=0), np.arange(200) % 90)
        assert nothing.smallest(0.5) is None

    def test_a_trial_is_tested_against_the_other_draws_and_not_against_itself_twice(self):
        """With as many draws as the level needs, a great effect is found; counted twice, no p could be so low."""
        chance, many = np.random.default_rng(17), Layout(40, 1)
        sides = chance.integers(0, 2, (200, len(many.points)))
        planned = trials(chance.gamma(2, 100, 300), many, 1 / 200, sides, chance.integers(0, 300, 200))
        assert planned.power(1e9) == 1
        assert planned.smallest(0.9) is not None

    def test_a_history_in_which_hardly_anything_was_sold_finds_any_effect_and_the_search_ends(self):
        chance, many = np.random.default_rng(18), Layout(40, 1)
        history = np.zeros(3_000)
        history[:3] = 1_000
        sides = chance.integers(0, 2, (200, len(many.points)))
        planned = trials(history, many, 0.05, sides, chance.integers(0, 3_000, 200))
        assert 0 < planned.smallest(0.8) < 0.01
        assert planned.power(0) <= 0.05

    @pytest.mark.parametrize(("draws", "alpha", "needed"), [(19, 0.05, None), (18, 0.05, 19), (2_000, 0.0001, 9_999)])
    def test_draws_that_cannot_give_so_low_a_p_are_not_blamed_on_the_coins(self, draws, alpha, needed):
        assert fewest(draws, alpha) == needed
        assert ((1 + 0) / (1 + draws) <= alpha) == (needed is None)

    def test_a_period_run_by_hosts_of_unknown_kind_was_not_run_as_drawn(self):
        drawn = Design.draw(
            seller="s", currency="JPY", start_ms=0, period_ms=1_000, layout=Layout(8, 1), seed=3, alpha=0.05
        )
        kind = KINDS[drawn.digital[0]]
        shifts = pl.DataFrame({"kind": [kind, "unknown"], "start_ms": [0, 100], "end_ms": [100, 1_000]})
        row = aired(shifts, drawn).row(0, named=True)
        assert (row[f"{kind}_ms"], row["unknown_ms"], row["kept"]) == (100, 900, False)
        alone = aired(shifts.head(1), drawn).row(0, named=True)
        assert (alone["unknown_ms"], alone["kept"]) == (0, True)


def test_every_variant_of_a_test_is_in_its_picture(tmp_path):
    lift_ = pl.DataFrame({"exposed_ms": [0, 1_000], "difference": [1.0, 2.0], "low": [0.0, 1.0], "high": [2.0, 3.0]})
    file = tmp_path / "lift.svg"
    drawn(file, dict.fromkeys("BCDEFG", lift_), "A", "JPY", ZoneInfo("Asia/Tokyo"), 1_000)
    assert all(f"<!-- {variant} less A -->" in file.read_text() for variant in "BCDEFG")


class TestAssignment:
    def test_arms_are_as_large_as_their_shares_and_the_check_lets_them_pass(self):
        arms = [assigned(f"viewer {number}", "opening", SHARES) for number in range(20_000)]
        counts = {variant: arms.count(variant) for variant in SHARES}
        assert not sample_ratio(counts, SHARES).blocks
        assert sample_ratio({}, SHARES).p == 1, "nobody speaks against nothing"
        assert sample_ratio(counts, {"A": 48, "B": 30, "C": 22}).blocks, "two points of a hundred are noticed"

    def test_two_early_viewers_of_a_small_arm_block_nothing_and_forty_do(self):
        """Two of four where 5 of 100 were meant: by chi-square once in 10 000 tests, in truth once in 71."""
        shares = {"A": 95, "B": 5}
        assert sample_ratio({"A": 2, "B": 2}, shares).p < 0.001
        assert not sample_ratio({"A": 2, "B": 2}, shares).blocks
        assert sample_ratio({"A": 40, "B": 40}, shares).blocks, "four expected, forty came"

    def test_two_experiments_divide_the_same_viewers_independently(self):
        viewers = [f"viewer {number}" for number in range(20_000)]
        both = [tuple(assigned(viewer, name, {"A": 1, "B": 1}) for name in ("one", "two")) for viewer in viewers]
        cells = {cell: both.count(tuple(cell)) for cell in ("AA", "AB", "BA", "BB")}
        assert not sample_ratio(cells, dict.fromkeys(cells, 1)).blocks

    def test_the_hash_is_the_documented_one_for_ever(self):
        """By sha256sum: the digests of opening, 0x1F and v1 to v4 begin with 12, 71, c0, 6b, of 100 (hexadecimal)."""
        arms = {viewer: assigned(viewer, "opening", {"B": 1, "A": 1}) for viewer in ("v1", "v2", "v3", "v4")}
        assert arms == {"v1": "A", "v2": "A", "v3": "B", "v4": "A"}
        thirds = {viewer: assigned(viewer, "opening", {"A": 1, "B": 1, "C": 1}) for viewer in arms}
        assert thirds == {"v1": "A", "v2": "B", "v3": "C", "v4": "B"}, "6b lies beyond 55, a third of 100"

    def test_an_arm_without_a_share_gets_nobody_and_none_at_all_are_refused(self):
        arms = {assigned(str(number), "x", {"A": 0, "B": 1, "C": 0}) for number in range(500)}
        assert arms == {"B"}
        with pytest.raises(ValueError, match="are all 0"):
            assigned("v", "x", {"A": 0})
