"""The primary analysis of a switchback: a regression on who is on air now and was in the periods before.

The effect is the sum of the coefficients of lags 0 to m: what a period brings more after m + 1 digital ones in a row than
after m + 1 human ones, if effects add up. Errors are robust to autocorrelation (HAC): Newey, West (1987). The
randomisation p-value needs no errors at all: it draws the coins again; Fisher (1935), Bojinov et al. (2020).
"""

from dataclasses import dataclass

import numpy as np

from analytics.experiments.switchback import Layout
from analytics.walks import Numbers

_DRAWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect per period with its interval at the level that was asked for; df: degrees of freedom of the errors."""

    estimate: float
    se: float
    low: float
    high: float
    p: float
    df: float


def lagged(digital: Numbers, lags: int) -> Numbers:
    """Give the regressors of the periods after the first `lags`: a 1, and who was on air now, one before, and so on."""
    windows = np.lib.stride_tricks.sliding_window_view(digital, lags + 1, axis=-1)[..., ::-1]
    return np.concatenate([np.ones((*windows.shape[:-1], 1)), windows], axis=-1)


def tellable(digital: Numbers, carryover: int) -> bool:
    """Whether a draw can tell the lags from each other and from the level: whether it switches, and not too late."""
    regressors = lagged(digital, carryover)
    periods, unknown = regressors.shape
    return periods > unknown and int(np.linalg.matrix_rank(regressors)) == unknown


def regression(net: Numbers, digital: Numbers, carryover: int, alpha: float, lags: int | None = None) -> Effect:
    """Regress what the periods brought on lags 0 to `lags` (the carry-over) and add up those of 0 to the carry-over.

    The draw must be `tellable`. HAC errors with a Bartlett window as long as carry-over and the usual 4 (T/100)^(2/9) ask,
    corrected for the number of regressors, and Student's t.
    """
    from statsmodels.api import OLS  # type: ignore[import-untyped] # noqa: PLC0415  # heavy: only analyses wait for it

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
    return Effect(float(tested.effect[0]), float(tested.sd.item()), low, high, float(tested.pvalue), fitted.df_resid)


def estimates(net: Numbers, digital: Numbers, carryover: int) -> Numbers:
    """Give the estimate of `regression` for many draws at once (the first axis), without errors; 0 if not tellable."""
    regressors = lagged(digital, carryover)
    solved = np.linalg.pinv(regressors)[..., 1:, :].sum(axis=-2)
    return np.asarray((solved * net[..., carryover:]).sum(axis=-1))


def randomisation_p(net: Numbers, digital: Numbers, layout: Layout, sides: Numbers) -> float:
    """Give the share of draws whose estimate is at least as far from 0 as the one at hand, which counts as a draw too.

    sides: coins of other draws, one draw a row. Exact if who was on air made no difference to any period.
    """
    found = abs(estimates(net, digital, layout.carryover))
    parts = np.array_split(sides, -(-len(sides) // _DRAWS_AT_ONCE))
    others = np.concatenate([estimates(net, layout.drawn(part), layout.carryover) for part in parts])
    return float((1 + (np.abs(others) >= found * (1 - 1e-9)).sum()) / (1 + len(sides)))
