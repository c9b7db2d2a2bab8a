"""A switchback: human and digital alternate in blocks whose kinds are drawn beforehand.

Bojinov, Simchi-Levi, Zhao, "Design and analysis of switchback experiments" (Management Science 2023; arXiv:2009.00148):
with a carry-over of m periods the worst case is best at the randomisation points {1, 2m+1, 3m+1, ..., (n-2)m+1}.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.walks import Numbers

FEWEST_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class Layout:
    """How a switchback is cut: periods in all, and for how many a period is felt after it.

    Raises ValueError naming field, value and remedy.
    """

    periods: int
    carryover: int

    def __post_init__(self) -> None:
        """Refuse what has no optimal design."""
        if self.carryover < 1:
            raise ValueError(f"carryover is {self.carryover}; it must be at least 1 period: longer periods make it so")
        if self.periods % self.carryover or self.periods < FEWEST_BLOCKS * self.carryover:
            raise ValueError(
                f"periods is {self.periods}; it must be a multiple of the carry-over ({self.carryover}) and at least "
                f"{FEWEST_BLOCKS} times as many, such as {FEWEST_BLOCKS * 5 * self.carryover}"
            )

    @property
    def points(self) -> tuple[int, ...]:
        """Periods, from 1, at which a coin is thrown; until the next one its side stays."""
        m, n = self.carryover, self.periods // self.carryover
        return (1, *(block * m + 1 for block in range(2, n - 1)))

    @property
    def coin_of(self) -> Numbers:
        """Number of the coin, from 0, that decides each period."""
        return coins(self.points, self.periods)

    def drawn(self, sides: Numbers) -> Numbers:
        """Give the kind of each period (1: digital) from the sides of the coins; the last axis counts coins."""
        return np.asarray(np.asarray(sides)[..., self.coin_of])


def coins(points: Sequence[int], periods: int) -> Numbers:
    """Number of the coin, from 0, that decides each period, for any randomisation points."""
    return np.asarray(np.searchsorted(points, np.arange(1, periods + 1), side="right") - 1)


def horvitz_thompson(net: Numbers, digital: Numbers, points: Sequence[int], carryover: int) -> Numbers:
    """Estimate what a period brings more if it and the m before it are all digital than if all are human.

    net: of each period; digital: 1 or 0; points: where coins were thrown, each fair. The last axis counts periods; the
    first m periods are dropped. Unbiased over the draw of the coins, whatever the outcomes.
    """
    coin = coins(points, digital.shape[-1])
    thrown = coin[carryover:] - coin[: len(coin) - carryover] + 1
    return np.asarray((_pure(digital, carryover) * net[..., carryover:] * 2.0**thrown).mean(axis=-1))


def _pure(digital: Numbers, carryover: int) -> Numbers:
    """Say of each period after the first m: 1 if it and the m before are all digital, -1 if all human, else 0."""
    windows = np.lib.stride_tricks.sliding_window_view(digital, carryover + 1, axis=-1).sum(axis=-1)
    return np.asarray((windows == carryover + 1).astype(np.int64) - (windows == 0))


def conservative_variance(net: Numbers, digital: Numbers, layout: Layout) -> Numbers:
    """Estimate the variance of `horvitz_thompson` under the optimal design; on average it is not too small.

    With Y(k) the sum of block k of m periods after the first m: {8 Y(first)^2 + sum 32 Y(inner)^2 where both coins of
    the block agree + 8 Y(last)^2} / (T - m)^2. Products that no draw shows, such as of one block all digital and all
    human, are bounded by half the sum of their squares.
    """
    m, coin = layout.carryover, layout.coin_of
    blocks = net[..., m:].reshape(*net.shape[:-1], -1, m).sum(axis=-1)
    sides = digital[..., np.searchsorted(coin, np.arange(coin[-1] + 1))]
    inner = 32 * (blocks[..., 1:-1] ** 2 * (sides[..., 1:] == sides[..., :-1])).sum(axis=-1)
    outer = 8 * (blocks[..., 0] ** 2 + blocks[..., -1] ** 2)
    return np.asarray((inner + outer) / (layout.periods - m) ** 2)
