"""How small an effect a switchback can find, tried out on the seller's own history.

Every trial draws the coins anew and lays the schedule over a stretch of the history that begins anywhere; behind its
end comes its beginning. The estimate is a weighted sum of the periods, so that one table of estimates, of every trial
under every other draw, answers for every size of effect.
"""

from dataclasses import dataclass

import numpy as np

from analytics.experiments.lags import felt, tellable, weighing
from analytics.experiments.switchback import Layout
from analytics.walks import Numbers

_ENOUGH = 1e-4
_SLACK = 1e-9
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Trials:
    """Trials without any effect, in rows: the estimate of each, what every draw would give, and what it would feel.

    A trial's own draw is among them. alpha: level of the test by lot.
    """

    own: Numbers
    every: Numbers
    felt: Numbers
    alpha: float

    def power(self, effect: float) -> float:
        """Give the chance to find an effect of this size per period by lot."""
        own = np.abs(self.own + effect) * (1 - _SLACK)
        farther = np.abs(self.every + effect * self.felt) >= own[:, None]
        return float((farther.mean(axis=1) <= self.alpha).mean())

    def smallest(self, power: float) -> float | None:
        """Give the smallest effect per period that is found with this chance, to a part in 10 000; None if none is.

        Where most trials have no noise at all, any effect is found: then it is next to nothing.
        """
        low, high = 0.0, 4 * float(np.abs(self.every).max(initial=0)) or 1.0
        least = _NOTHING * high
        if self.power(high) < power:
            return None
        while high - low > max(_ENOUGH * high, least):
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle) >= power else (middle, high)
        return high


def trials(history: Numbers, layout: Layout, alpha: float, sides: Numbers, starts: Numbers) -> Trials:
    """Lay schedules over a history.

    history: net revenue of each period, in order; sides: coins, one draw a row, those that are not tellable are left
    out; starts: where in the history each trial begins, from 0. Every draw is a trial, beside all the others.
    """
    m = layout.carryover
    draws = layout.drawn(sides)
    told = tellable(draws, m)
    draws, starts = draws[told], starts[told]
    long = np.tile(history, 1 + -(-layout.periods // len(history)))
    net = long[starts[:, None] + np.arange(m, layout.periods)]
    weights = weighing(draws, m)
    own = (weights * net).sum(axis=-1)
    return Trials(own, net @ weights.T, felt(draws, m) @ weights.T, alpha)
