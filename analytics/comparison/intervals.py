"""How sure a weighted difference of rates is: sessions are the draws, whatever happens inside one hangs together.

The difference is linear in the sums of the sessions, to first order, with the weights of the strata taken as given:
each session moves it by its residuals, what it brought less what its denominator would bring at the rate of its
stratum and arm. The variance is the sum of the squares of these moves (cluster-robust, as in survey sampling) times a
correction: a rate that is fitted to a few sessions lies too close to them. The correction is what the sum falls short
by when every session is unlike the others by a factor of its own, half of it in all of its strata and half in each by
itself (after Bell and McCaffrey's bias-reduced linearisation). Where a stratum has only one session of an arm, its
residual is taken against the rate of the arm over all comparable strata, which is wide rather than narrow. An arm whose
sessions do not differ at all, because it sold nothing, does not show how much they could: then there is no interval.
Degrees of freedom are Satterthwaite's over strata and arms, at most the number of sessions less two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.special import stdtrit

LEVEL = 0.95
"""Confidence of every interval."""
_FEWEST = 2
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard error and degrees of freedom of a difference; None where an arm has one session, or all alike."""

    se: float | None
    freedom: float | None

    def around(self, difference: float) -> tuple[float | None, float | None]:
        """Give the ends of the interval."""
        if self.se is None or self.freedom is None:
            return None, None
        reach = float(stdtrit(self.freedom, (1 + LEVEL) / 2)) * self.se
        return difference - reach, difference + reach


@dataclass(frozen=True, slots=True)
class _Draws:
    """What is the same whatever the strata weigh; one place per unit, but for `shared`.

    session, arm: numbers of the session, and of the stratum and arm; part: of the arm's denominator in the stratum, 0
    where it is alone; pull: how far a stratum of weight 1 would move if the unit were unlike the others by its own
    size; move: how far it does; shared: the sums over sessions of part x part of two arms, squared.
    """

    session: np.ndarray
    arm: np.ndarray
    part: np.ndarray
    pull: np.ndarray
    move: np.ndarray
    shared: Any


def spreads(units: pl.DataFrame, figures: Sequence[str]) -> list[Spread]:
    """Work out how sure weighted differences are.

    units: one row per stratum, arm and session: stratum and session_id (as numbers), treated, top, bottom, and for each
    figure a column with the weight of the stratum; the weights of the strata add up to 1.
    """
    counts = units.group_by("treated").agg(pl.col("session_id").n_unique())["session_id"].to_list()
    if len(counts) < _FEWEST or min(counts) < _FEWEST:
        return [Spread(None, None)] * len(figures)
    draws = _drawn(units)
    if not _differ(draws):
        return [Spread(None, None)] * len(figures)
    return [_spread(draws, units[figure].to_numpy()) for figure in figures]


def _drawn(units: pl.DataFrame) -> _Draws:
    top, bottom = (units[name].cast(pl.Float64).to_numpy() for name in ("top", "bottom"))
    treated, session = (units[name].cast(pl.Int64).to_numpy() for name in ("treated", "session_id"))
    arm = units["stratum"].cast(pl.Int64).to_numpy() * 2 + treated
    whole = np.bincount(arm, bottom)[arm]
    several = np.bincount(arm, bottom > 0)[arm] > 1
    pooled = (np.bincount(treated, top) / np.bincount(treated, bottom))[treated]
    rate = np.where(several, np.bincount(arm, top)[arm] / whole, pooled)
    part = np.where(several, bottom / whole, 0.0)
    sign = (treated * 2 - 1) / whole
    taken = coo_array((np.where(part > 0, part, 0.0), (session, arm))).tocsr()
    return _Draws(session, arm, part, sign * rate * bottom, sign * (top - rate * bottom), (taken.T @ taken).power(2))


def _differ(draws: _Draws) -> bool:
    """Say whether both arms have sessions that are unlike each other."""
    moved, pulled = (np.bincount(draws.arm % 2, np.square(what)) for what in (draws.move, draws.pull))
    return bool((moved > _SAME**2 * pulled).all())


def _spread(draws: _Draws, weight: np.ndarray) -> Spread:
    moves = weight * draws.move
    squares = float(np.square(np.bincount(draws.session, moves)).sum())
    return Spread(sqrt(squares * _correction(draws, weight * draws.pull)), _freedom(draws, moves))


def _correction(draws: _Draws, pulls: np.ndarray) -> float:
    """Say what the sum of squares is to be multiplied by: what sessions unlike each other bring / what is left of it.

    What is left of one's own effect is itself less the part that its arm's rate takes up. `together`: a session is
    unlike in all of its strata alike, so what each takes up of each other counts, strata that share sessions two by
    two; `apart`: in each by itself.
    """
    own, taken = (np.bincount(draws.session, what) for what in (pulls, pulls * draws.part))
    arms = np.bincount(draws.arm, np.where(draws.part > 0, pulls, 0.0))
    together = float(own @ own)
    left_together = together - 2 * float(own @ taken) + float(arms @ (draws.shared @ arms))
    parts = np.bincount(draws.arm, np.square(draws.part))[draws.arm]
    apart = float(np.square(pulls).sum())
    left = left_together + float((np.square(pulls) * (1 - 2 * draws.part + parts)).sum())
    return (together + apart) / left if left > 0 else 1.0


def _freedom(draws: _Draws, moves: np.ndarray) -> float:
    """Satterthwaite's degrees of freedom, at most the sessions less two, at least one."""
    parts = np.bincount(draws.arm, np.square(moves))
    below = float((np.square(parts) / (np.bincount(draws.arm) - 1).clip(1)).sum())
    found = float(parts.sum()) ** 2 / below if below > 0 else 1.0
    sessions = int(np.count_nonzero(np.bincount(draws.session)))
    return max(1.0, min(found, sessions - 2))
