"""How small an effect a switchback can find, tried out on the seller's own history.

Every trial draws the coins anew and lays the schedule over a stretch of the history that begins anywhere; behind its end
comes its beginning. An effect that is a sum over the lags only shifts the estimate and leaves the errors as they are, so
one regression per trial answers for every size of effect.
"""

from dataclasses import dataclass

import numpy as np

from analytics.experiments.lags import regression, tellable
from analytics.experiments.switchback import Layout
from analytics.walks import Numbers

_ENOUGH = 1e-4


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials without any effect: estimate, standard error and critical value of each; alpha: the level of the test.

    Trials whose draw cannot be told apart count as not found.
    """

    estimates: Numbers
    errors: Numbers
    critical: float
    untellable: int

    def power(self, effect: float) -> float:
        """Give the chance to find an effect of this size per period."""
        found = np.abs(self.estimates + effect) > self.critical * self.errors
        return float(found.sum() / (len(found) + self.untellable))

    def smallest(self, power: float) -> float | None:
        """Give the smallest effect per period that is found with this chance, to a part in 10 000; None if none is."""
        high = float((np.abs(self.estimates) + self.critical * self.errors).max(initial=0)) or 1.0
        if self.power(high * 2) < power:
            return None
        low, high = 0.0, high * 2
        while high - low > _ENOUGH * high:
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle) >= power else (middle, high)
        return high


def trials(history: Numbers, layout: Layout, alpha: float, sides: Numbers, starts: Numbers) -> Trials:
    """Lay schedules over a history.

    history: net revenue of each period, in order; sides: coins, one draw a row; starts: where in the history each trial
    begins, from 0.
    """
    from scipy.stats import t  # noqa: PLC0415  # heavy: only who plans waits for it

    long = np.tile(history, 1 + -(-layout.periods // len(history)))
    draws = layout.drawn(sides)
    found = [
        regression(long[start : start + layout.periods], digital, layout.carryover, alpha)
        for digital, start in zip(draws, starts, strict=True)
        if tellable(digital, layout.carryover)
    ]
    df = layout.periods - 2 * layout.carryover - 2
    return Trials(
        np.array([one.estimate for one in found]),
        np.array([one.se for one in found]),
        float(t.ppf(1 - alpha / 2, df)),
        len(draws) - len(found),
    )
