"""The methods of experiments against their reference cases: published figures, full enumerations, public packages."""

from fractions import Fraction
from itertools import product

import numpy as np
import polars as pl
import pytest
from referee_cases import expected, inputs, rows
from scipy.stats import t
from tea_tasting import Experiment, Mean, SampleRatio

from analytics.experiments import sequence
from analytics.experiments.cuped import Sums, lift
from analytics.experiments.lags import robust, weighing
from analytics.experiments.rates import rate_interval
from analytics.experiments.sample_ratio import sample_ratio
from analytics.experiments.scripts import interval
from analytics.experiments.switchback import Layout, coins, conservative_variance, horvitz_thompson

SWITCHBACK, SEQUENCE, CUPED = map(expected, ("switchback_ht", "always_valid_normal_mixture", "cuped_ab"))
PUBLISHED = inputs("switchback_ht")


def outcome(digital, carryover):
    """The case's outcomes: y_t = 10 + t mod 5 + 3 d_t + 2 d_(t-1) + d_(t-2), the last term with a carry-over of 2."""

    def before(periods):
        return np.pad(digital, ((0, 0), (periods, 0)))[:, : digital.shape[1]]

    level = 10 + np.arange(digital.shape[1]) % 5
    return level + 3 * digital + 2 * before(1) + (before(2) if carryover >= 2 else 0)


def squares(arm):
    """Sum of squares with which an arm's variance is the published one: of a proportion it is p (1 - p)."""
    n, mean = arm["n"], arm["sum"] / arm["n"]
    return arm.get("sum_squares", n * mean**2 + (n - 1) * mean * (1 - mean))


class TestSwitchback:
    def test_the_published_estimates_are_reproduced(self):
        every, optimal = ([np.array(PUBLISHED[name][key]) for key in ("y", "d")] for name in ("exp_every", "exp_opt"))
        layout = Layout(120, 2)
        assert horvitz_thompson(*every, range(1, 121), 2) == pytest.approx(SWITCHBACK["exp_every_tau"], abs=1e-9)
        tau = horvitz_thompson(*optimal, layout.points, 2)
        se = np.sqrt(conservative_variance(*optimal, layout))
        assert tau == pytest.approx(SWITCHBACK["exp_opt_tau"], abs=1e-9)
        assert se == pytest.approx(SWITCHBACK["exp_opt_se_conservative"], abs=1e-9)
        assert [tau - 1.96 * se, tau + 1.96 * se] == pytest.approx(SWITCHBACK["exp_opt_ci95_z196"], abs=1e-9)

    def test_the_points_of_the_published_schedule_are_ours(self):
        points = [place + 1 for place, thrown in enumerate(PUBLISHED["exp_opt"]["rand_points"]) if thrown]
        assert list(Layout(120, 2).points) == points

    def test_the_published_regression_is_reproduced(self):
        net, digital = (np.array(PUBLISHED["exp_every"][key]) for key in ("y", "d"))
        published = SWITCHBACK["ols_lag012_sum_on_6_lags (every)"]
        assert robust(net, digital, 2, 0.05, lags=6).estimate == pytest.approx(published, abs=1e-9)

    @pytest.mark.parametrize("case", SWITCHBACK["enumeration"], ids=lambda case: f"T{case['T']}-m{case['m']}")
    def test_over_all_draws_the_estimate_is_the_truth_and_the_variance_what_was_enumerated(self, case):
        points, m = case["randomization_points"], case["m"]
        digital = np.array(list(product([0, 1], repeat=len(points))))[:, coins(points, case["T"])]
        assert len(digital) == case["assignments"]
        net = outcome(digital, m)
        found = horvitz_thompson(net, digital, points, m)
        assert found.mean() == pytest.approx(float(Fraction(case["mean_estimate"])), abs=1e-9)
        assert found.var() == pytest.approx(float(Fraction(case["variance_exact"])), abs=1e-9)
        if case["is_optimal_design"]:
            layout = Layout(case["T"], m)
            assert list(layout.points) == points
            conservative = conservative_variance(net, digital, layout).mean()
            assert conservative == pytest.approx(float(Fraction(case["expected_conservative_variance"])), abs=1e-9)
            assert conservative >= found.var()

    @pytest.mark.parametrize("case", SWITCHBACK["minimax"], ids=lambda case: f"T{case['T']}-m{case['m']}")
    def test_our_points_are_those_that_brute_force_found_best(self, case):
        assert list(Layout(case["T"], case["m"]).points) == case["optimal_points"]

    def test_the_weights_of_many_draws_give_the_regressions_estimates(self):
        net = np.array(PUBLISHED["exp_opt"]["y"])
        draws = Layout(120, 2).drawn(np.random.default_rng(3).integers(0, 2, (5, 58)))
        alone = [robust(net, draw, 2, 0.05).estimate for draw in draws]
        assert weighing(draws, 2) @ net[2:] == pytest.approx(alone, abs=1e-9)

    @pytest.mark.parametrize(
        ("layout", "said"),
        [
            ((12, 0), "carryover is 0; it must be at least 1 period"),
            ((13, 2), "periods is 13; it must be a multiple of the carry-over"),
            ((9, 3), "at least 4 times as many"),
        ],
    )
    def test_a_layout_without_an_optimal_design_is_refused(self, layout, said):
        with pytest.raises(ValueError, match=said):
            Layout(*layout)


class TestSequence:
    @pytest.mark.parametrize("row", SEQUENCE["mixture"], ids=lambda row: f"s{row['s']}-v{row['v']}")
    def test_the_mixture_is_the_published_one(self, row):
        rho = sequence.mixing(row["v_opt"], row["alpha"])
        assert rho == pytest.approx(row["rho"], abs=1e-6)
        assert sequence.log_evidence(row["s"], row["v"], rho) == pytest.approx(row["log_e"], abs=1e-6)
        assert sequence.p_value(row["s"], row["v"], rho) == pytest.approx(row["p"], abs=1e-6)
        assert sequence.bound(row["v"], rho, row["alpha"]) == pytest.approx(row["bound"], abs=1e-6)

    @pytest.mark.parametrize("row", SEQUENCE["growthbook"], ids=["proportions", "means"])
    def test_the_interval_of_a_relative_lift_is_growthbooks(self, row):
        arms = [Sums(arm["n"], arm["sum"], 0, squares(arm), 0, 0) for arm in (row["a"], row["b"])]
        part, se = lift(*arms).relative()
        low, high, p = interval(part, se, row["a"]["n"] + row["b"]["n"], row["alpha"], row["tuning"])
        assert part == pytest.approx(row["estimate"], abs=1e-6)
        assert [low, high] == pytest.approx(row["ci"], abs=1e-6)
        assert [low, high] == pytest.approx(row["published_ci"], abs=1e-5)
        assert p == pytest.approx(row["p"], abs=1e-6)

    @pytest.mark.parametrize("row", SEQUENCE["bernoulli_ci"], ids=lambda row: f"{row['successes']}-of-{row['trials']}")
    def test_the_interval_of_a_share_is_the_published_one(self, row):
        found = rate_interval(row["successes"], row["trials"], row["alpha"], row["t_opt"])
        assert found == pytest.approx(row["ci"], abs=2e-6), "published with five or six digits, the rest cut off"

    def test_nobody_tried_says_nothing_and_all_or_none_reach_the_end(self):
        assert rate_interval(0, 0, 0.05, 100) == (0, 1)
        assert rate_interval(0, 400, 0.05, 100)[0] == 0
        assert rate_interval(400, 400, 0.05, 100)[1] == 1
        assert rate_interval(400, 400, 0.05, 100)[0] == pytest.approx(1 - rate_interval(0, 400, 0.05, 100)[1])

    def test_a_sequential_ratio_test_is_the_same_mixture(self):
        """Johari et al.'s Lambda: v = n, rho = 2 sigma^2 / tau^2."""
        given = inputs("always_valid_normal_mixture")["msprt"]
        x, y = np.array(given["x"]), np.array(given["y"])
        n = np.arange(1, len(x) + 1)
        s = np.cumsum(x - y) / np.sqrt(2 * given["sigma"] ** 2)
        found = np.exp(sequence.log_evidence(s, n, 2 * given["sigma"] ** 2 / given["tau"] ** 2))
        assert found == pytest.approx(SEQUENCE["msprt"]["lambda"], abs=1e-6)


class TestCuped:
    ARMS = tuple(
        tuple(np.array([float(row[name]) for row in rows("cuped_ab") if row["variant"][-1] == arm]) for name in pair)
        for arm, pair in (("A", ("post", "pre")), ("B", ("post", "pre")))
    )

    @pytest.mark.parametrize("answer", ["no_adjustment", "cuped_theta_total"])
    def test_estimate_error_and_theta_are_those_of_public_packages(self, answer):
        known, past = CUPED[answer], answer != "no_adjustment"
        arms = [Sums.of(y, x if past else np.zeros(len(x))) for y, x in self.ARMS]
        found = lift(*arms)
        assert float(found.theta) == pytest.approx(known["theta"], abs=1e-9)
        assert found.difference == pytest.approx(known["estimate"], abs=1e-9)
        assert found.se == pytest.approx(known["se"], abs=1e-9)
        half = t.ppf(0.975, known["df_welch"]) * found.se
        assert [found.difference - half, found.difference + half] == pytest.approx(known["ci95"], abs=1e-9)

    def test_tea_tasting_finds_the_same_lift_error_and_sample_ratio(self):
        data = pl.DataFrame(rows("cuped_ab")).with_columns(
            pl.col("pre", "post").cast(pl.Float64), arm=pl.col("variant").str.tail(1)
        )
        metrics = {"lift": Mean("post", "pre"), "sizes": SampleRatio(method="norm", correction=False)}
        theirs = Experiment(metrics, variant="arm").analyze(data)
        found = lift(*(Sums.of(y, x) for y, x in self.ARMS))
        assert found.difference == pytest.approx(theirs["lift"].effect_size, abs=1e-9)
        half = t.ppf(0.975, CUPED["cuped_theta_total"]["df_welch"]) * found.se
        assert found.difference + half == pytest.approx(theirs["lift"].effect_size_ci_upper, abs=1e-9)
        assert sample_ratio(CUPED["n"], {"A": 1, "B": 1}).p == pytest.approx(theirs["sizes"].pvalue, abs=1e-9)

    def test_running_sums_end_at_the_sums_of_all(self):
        (y_a, x_a), (y_b, x_b) = self.ARMS
        here = np.repeat([1.0, 0.0], [len(y_a), len(y_b)])
        running = Sums.running(np.append(y_a, y_b), np.append(x_a, x_b), here)
        assert [part[-1] for part in running.parts()] == pytest.approx(Sums.of(y_a, x_a).parts())

    def test_the_sample_ratio_check_is_the_published_one(self):
        known = CUPED["srm_chi2"]
        found = sample_ratio(CUPED["n"], {"A": 50, "B": 50})
        assert (found.chi2, found.p) == pytest.approx((known["chi2"], known["p"]), abs=1e-9)
        assert not found.blocks
