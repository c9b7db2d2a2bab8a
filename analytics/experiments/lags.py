"""The primary analysis of a switchback: a regression on who is on air now and was in the periods before.

The effect is the sum of the coefficients of lags 0 to m: what a period brings more after m + 1 digital ones in a row
than after m + 1 human ones, if effects add up. Its p-value and interval come from the lot itself: the coins are drawn
again, Fisher (1935), Bojinov, Simchi-Levi, Zhao (2023). Errors that are robust to autocorrelation (HAC), Newey, West
(1987), are told beside them; they are too small for the few periods of an experiment.
"""

from dataclasses import dataclass

import numpy as np

from analytics.experiments.switchback import Layout
from analytics.walks import Numbers

_SLACK = 1e-9
_STEPS = 60
_FARTHEST = 40


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect per period, with its interval at the level that was asked for and its p-value against none."""

    estimate: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Lot:
    """An estimate beside those that other draws of the coins would have given.

    own, others: with the revenue as it was; felt: what the others would estimate of an effect of 1, shared equally by
    a digital period and the m after it, that the schedule at hand had.
    """

    own: float
    others: Numbers
    felt: Numbers

    def p(self, effect: float = 0.0) -> float:
        """Give the share of draws, the one at hand among them, whose estimate is as far from the effect as its own."""
        farther = np.abs(self.others - effect * self.felt) >= abs(self.own - effect) * (1 - _SLACK)
        return float((1 + farther.sum()) / (1 + len(self.others)))

    def effect(self, alpha: float) -> Effect:
        """Give the estimate with all effects that the lot does not speak against; endless if the coins are too few."""
        return Effect(self.own, self._bound(alpha, -1.0), self._bound(alpha, 1.0), self.p())

    def _bound(self, alpha: float, side: float) -> float:
        inside = 0.0
        outside = float(np.abs(self.others).max(initial=0.0)) or 1.0
        for _ in range(_FARTHEST):
            if self.p(self.own + side * outside) <= alpha:
                break
            inside, outside = outside, 2 * outside
        else:
            return side * np.inf
        for _ in range(_STEPS):
            middle = (inside + outside) / 2
            kept = self.p(self.own + side * middle) > alpha
            inside, outside = (middle, outside) if kept else (inside, middle)
        return self.own + side * outside


def lagged(digital: Numbers, lags: int) -> Numbers:
    """Give the regressors of the periods after the first `lags`: a 1, and who was on air now, one before, and so on."""
    windows = np.lib.stride_tricks.sliding_window_view(digital, lags + 1, axis=-1)[..., ::-1]
    return np.concatenate([np.ones((*windows.shape[:-1], 1)), windows], axis=-1)


def tellable(digital: Numbers, carryover: int) -> Numbers:
    """Whether a draw (or each of many) tells the lags from each other and from the level: it switches, in good time."""
    regressors = lagged(digital, carryover)
    periods, unknown = regressors.shape[-2:]
    return np.asarray((np.linalg.matrix_rank(regressors) == unknown) & (periods > unknown))


def weighing(digital: Numbers, carryover: int) -> Numbers:
    """Give the weights of the periods after the first m whose sum is the regression's estimate, for each draw."""
    return np.asarray(np.linalg.pinv(lagged(digital, carryover))[..., 1:, :].sum(axis=-2))


def felt(digital: Numbers, carryover: int) -> Numbers:
    """Give what is felt of an effect of 1 in the periods after the first m: the share of digital ones among m + 1."""
    return np.asarray(lagged(digital, carryover)[..., 1:].mean(axis=-1))


def by_lot(net: Numbers, digital: Numbers, layout: Layout, sides: Numbers) -> Lot:
    """Estimate the effect from a schedule, and what other draws would have given.

    net: of each period; sides: coins of other draws, one draw a row; those that are not tellable are left out, as such
    a draw would not have been run.
    """
    m = layout.carryover
    draws = layout.drawn(sides)
    others = weighing(draws[tellable(draws, m)], m)
    own = float(weighing(digital, m) @ net[m:])
    return Lot(own, others @ net[m:], others @ felt(digital, m))


def robust(net: Numbers, digital: Numbers, carryover: int, alpha: float, lags: int | None = None) -> Effect:
    """Regress what the periods brought on lags 0 to `lags` (the carry-over) and add up those of 0 to the carry-over.

    HAC errors with a Bartlett window as long as the carry-over or the usual 4 (T/100)^(2/9), corrected for the number
    of regressors, and Student's t. The draw must be `tellable`.
    """
    from statsmodels.api import OLS  # noqa: PLC0415  # heavy: only analyses wait for it

    lags = carryover if lags is None else lags
    regressors = lagged(digital, lags)
    window = max(carryover, int(4 * (len(regressors) / 100) ** (2 / 9)))
    fitted = OLS(net[lags:], regressors).fit(
        cov_type="HAC", cov_kwds={"maxlags": window, "use_correction": True}, use_t=True
    )
    contrast = np.zeros(lags + 2)
    contrast[1 : carryover + 2] = 1
    tested = fitted.t_test(contrast)
    low, high = tested.conf_int(alpha)[0]
    return Effect(float(tested.effect[0]), float(low), float(high), float(tested.pvalue))
