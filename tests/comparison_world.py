"""Sessions whose true effect is known: what a comparison has to find, and how often its intervals have to hold it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.comparison.estimates import WEIGHTS, Estimate, contrast


@dataclass(frozen=True, slots=True)
class World:
    """How cells are drawn. hours: strata; length: hours of a session; spread: sigma of what makes one session unlike
    another, log-normal with mean 1, which both arms of a session share; handovers: both arms in each session.
    """

    sessions: int = 60
    hours: int = 6
    length: int = 3
    spread: float = 0.5
    effect: float = 0.8
    handovers: bool = True

    def drawn(self, seed: int) -> pl.DataFrame:
        """Cells with their true rate: session_id, stratum, treated, top, bottom, rate.

        Late hours sell less and belong to the treated: the crude difference is confounded. The effect differs by hour.
        """
        random = np.random.default_rng(seed)
        session = np.repeat(np.arange(self.sessions), self.length)
        hour = (
            np.repeat(random.integers(0, self.hours, self.sessions), self.length)
            + np.tile(np.arange(self.length), self.sessions)
        ) % self.hours
        share = 0.25 + 0.5 * hour / (self.hours - 1)
        luck = random.random(len(session)) if self.handovers else np.repeat(random.random(self.sessions), self.length)
        treated = luck < share
        bottom = random.lognormal(4, 0.6, len(session))
        base = 30.0 * (1.6 - hour / self.hours)
        rate = np.where(treated, base * (self.effect + 0.1 * (hour % 2)), base)
        own = np.repeat(random.lognormal(-(self.spread**2) / 2, self.spread, self.sessions), self.length)
        orders = random.poisson(rate * own * bottom / 90)
        top = np.array([random.lognormal(np.log(90) - 0.32, 0.8, count).sum() for count in orders])
        return pl.DataFrame(
            {
                "session_id": session.astype(str),
                "stratum": hour.astype(str),
                "treated": treated,
                "top": top,
                "bottom": bottom,
                "rate": rate,
            }
        )


def truth(cells: pl.DataFrame, figure: str) -> float:
    """What a figure ought to say of drawn cells: the difference of true rates, by the traffic that was."""
    expected = cells.with_columns(top=pl.col("rate") * pl.col("bottom"))
    found = contrast(expected, figure)
    assert found is not None
    return found.difference


def covered(world: World, seeds: Sequence[int]) -> dict[str, float]:
    """How often the interval of each figure holds the truth."""
    held = dict.fromkeys(WEIGHTS, 0)
    for seed in seeds:
        cells = world.drawn(seed)
        for figure in WEIGHTS:
            found = contrast(cells, figure)
            held[figure] += found is not None and holds(found, truth(cells, figure))
    return {figure: count / len(seeds) for figure, count in held.items()}


def holds(found: Estimate, true: float) -> bool:
    """Whether an interval holds a value."""
    assert found.low is not None
    assert found.high is not None
    return found.low <= true <= found.high
