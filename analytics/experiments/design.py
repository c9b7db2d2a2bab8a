"""A switchback that was drawn: kept in a file, so that the analysis is of what was drawn and of nothing else."""

from typing import Self

import msgspec
import numpy as np

from analytics.experiments.assignment import assigned
from analytics.experiments.switchback import Layout
from analytics.walks import Numbers

KINDS = ("human", "digital")


class WrongDesignError(ValueError):
    """A file that is no design; the message says what is wrong with it and what to do."""


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """What the planner found: the smallest effect per period (minor units) that is detected with a chance.

    None: none is. history_periods: periods of the past that were tried, and what they brought in all.
    """

    chance: float
    smallest_effect_minor: int | None
    trials: int
    history_periods: int
    history_net_minor: int


class Design(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A switchback of one seller in one currency, as it was drawn.

    start_ms: when the first period begins (ms UTC); period_ms: how long each is; digital: 1 or 0 for each period.
    """

    design: str = "switchback"
    seller: str
    currency: str
    start_ms: int
    period_ms: int
    periods: int
    carryover: int
    seed: int
    alpha: float
    digital: tuple[int, ...]
    power: Power | None = None

    @classmethod
    def draw(
        cls, *, seller: str, currency: str, start_ms: int, period_ms: int, layout: Layout, seed: int, alpha: float
    ) -> Self:
        """Draw a schedule: the coins come from the seed by the hash of `assigned`, the same everywhere and for ever."""
        return cls(
            seller=seller,
            currency=currency,
            start_ms=start_ms,
            period_ms=period_ms,
            periods=layout.periods,
            carryover=layout.carryover,
            seed=seed,
            alpha=alpha,
            digital=_schedule(layout, seed),
        )

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a design. Raises WrongDesignError, also if its schedule is not the one that its seed draws."""
        try:
            design = msgspec.json.decode(data, type=cls)
            schedule = _schedule(design.layout, design.seed)
        except ValueError as error:
            raise WrongDesignError(f"{error}; give the file that hostledger experiment design has written") from None
        if design.design != "switchback" or design.digital != schedule:
            raise WrongDesignError(
                f"its schedule is not what seed {design.seed} draws; give the file as it was written, for a schedule "
                "that somebody changed is not random"
            )
        return design

    @property
    def layout(self) -> Layout:
        """Periods and carry-over."""
        return Layout(self.periods, self.carryover)

    @property
    def end_ms(self) -> int:
        """When the last period ends, in ms UTC."""
        return self.start_ms + self.periods * self.period_ms

    @property
    def schedule(self) -> Numbers:
        """The kind of each period: 1 for digital."""
        return np.array(self.digital)


def _schedule(layout: Layout, seed: int) -> tuple[int, ...]:
    coins = range(len(layout.points))
    sides = [assigned(f"coin {coin}", f"switchback {seed}", {"0": 1, "1": 1}) == "1" for coin in coins]
    return tuple(layout.drawn(np.array(sides, dtype=np.int64)).tolist())
