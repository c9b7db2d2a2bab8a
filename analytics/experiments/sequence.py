"""Always-valid inference: an interval and a p-value that hold however often, and whenever, somebody looks.

A normal mixture martingale: Robbins (1970); Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform, nonparametric,
nonasymptotic confidence sequences" (2021); with an estimated variance it holds asymptotically, Waudby-Smith, Arbour,
Sinha, Kennedy, Ramdas (2021). `v` is intrinsic time, here the number of viewers; `s` the sum of standardised
differences. All functions take numbers or arrays.
"""

from math import log
from typing import Any

import numpy as np

from analytics.walks import Numbers

Real = float | Numbers


def mixing(tightest_at: float, alpha: float) -> float:
    """Give rho, with which the interval is about tightest when `tightest_at` viewers have been seen."""
    odds = 2 * log(1 / alpha)
    return tightest_at / (odds + log(1 + odds))


def log_evidence(s: Real, v: Real, rho: float) -> Any:  # noqa: ANN401  # a number or an array, as was given
    """Give the logarithm of the e-value against no effect: log(rho / (v + rho)) / 2 + s^2 / (2 (v + rho))."""
    return 0.5 * np.log(rho / (v + rho)) + np.square(s) / (2 * (v + rho))


def p_value(s: Real, v: Real, rho: float) -> Any:  # noqa: ANN401  # as above
    """Give min(1, 1 / e-value); under no effect it is ever at most alpha with a chance of at most alpha."""
    return np.exp(-np.maximum(log_evidence(s, v, rho), 0.0))


def bound(v: Real, rho: float, alpha: float) -> Any:  # noqa: ANN401  # as above
    """Give what |s| stays below for ever, but for a chance of alpha: sqrt((v + rho) ln((v + rho) / (rho alpha^2)))."""
    return np.sqrt((v + rho) * np.log((v + rho) / (rho * alpha**2)))


def half_width(se: Real, n: Real, rho: float, alpha: float) -> Any:  # noqa: ANN401  # as above
    """Give half the width of the interval of a difference with standard error se between arms of n viewers in all."""
    return np.sqrt(np.square(se) * n) * bound(n, rho, alpha) / n


def standardised(difference: Real, se: Real, n: Real) -> Any:  # noqa: ANN401  # as above
    """Give the sum s at time n that belongs to a difference with standard error se."""
    return difference * np.sqrt(n) / se
