"""Markov attribution: transition counts, removal effects, a fit with a version.

State = the line-up (for order k: the last k line-ups). Removing a host sends every transition into a state that
contains the host to NULL; the removal effect is 1 - P(conversion without) / P(conversion). Method: Anderl, Becker, von
Wangenheim, Schumann, "Mapping the customer journey" (2016); the states here are line-ups, so co-hosts are removed one
by one. All arithmetic is in exact rationals (FLINT).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Self

import numpy as np
import polars as pl
from flint import fmpq, fmpq_mat

from analytics.chains import CONVERSION, NULL, START, remembering, tallied
from analytics.walks import Numbers, coded, heads

EXACT_WEIGHT_LIMIT = 10**38
"""Weights are stored in 38 digits."""
ROUNDED_SCALE = 10**12


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model.

    version: 0 means no fit yet. base: P(conversion). removal: host -> removal effect, exact.
    journeys, conversions: how many were counted. stored_weights: weights read back from where a fit was stored.
    """

    version: int
    base: Fraction
    removal: dict[str, Fraction]
    journeys: int
    conversions: int
    stored_weights: dict[str, int] | None = None

    @classmethod
    def of_weights(cls, version: int, weights: dict[str, int], journeys: int, conversions: int) -> Self:
        """Bring a stored fit back as what crediting needs of it: its weights."""
        return cls(version, Fraction(0), {}, journeys, conversions, weights)

    @property
    def shares(self) -> dict[str, Fraction]:
        """The model's own share per host, RE / sum of RE; reported apart, it is not the sum of the credits."""
        whole = sum(self.removal.values())
        return {host: effect / whole if whole else Fraction(0) for host, effect in self.removal.items()}

    @property
    def exact(self) -> bool:
        """Whether the weights are the exact ratio of the removal effects."""
        return max(self._ratio().values(), default=0) < EXACT_WEIGHT_LIMIT

    def weights(self) -> dict[str, int]:
        """Integer weight per host: the exact ratio of the removal effects, or 10^12 x RE where that is too long."""
        if self.stored_weights is not None:
            return self.stored_weights
        ratio = self._ratio()
        if max(ratio.values(), default=0) < EXACT_WEIGHT_LIMIT:
            return ratio
        return {host: round(effect * ROUNDED_SCALE) for host, effect in self.removal.items()}

    def _ratio(self) -> dict[str, int]:
        scale = lcm(*(effect.denominator for effect in self.removal.values()))
        whole = {host: int(effect * scale) for host, effect in self.removal.items()}
        common = gcd(*whole.values()) or 1
        return {host: weight // common for host, weight in whole.items()}


NO_FIT = Fit(version=0, base=Fraction(0), removal={}, journeys=0, conversions=0)


def transitions(steps: pl.DataFrame, outcomes: pl.DataFrame, order: int = 1) -> pl.DataFrame:
    r"""Count transitions of journeys.

    steps: journey, step, host_ids (list); outcomes: journey, converted; order: how many line-ups a state remembers.
    Returns source, target (state names: line-ups joined by "\x1e", hosts by "\x1f"), transitions. They are plain
    sums: counts of two batches of journeys add up.
    """
    first = _heads(steps, outcomes)
    if first is None:
        steps = steps.join(outcomes, on="journey", how="semi").sort("journey", "step")
        first = heads(steps["journey"].rle_id().to_numpy())
    converted = _converted(steps["journey"].gather(first), outcomes)
    lineup, lineups = coded(steps["host_ids"])
    state, names = remembering(lineup, lineups.names, first, order)
    return tallied(state, names, first, converted, 1 - converted)


def _heads(steps: pl.DataFrame, outcomes: pl.DataFrame) -> Numbers | None:
    """First steps, if the journeys stand one after the other, each in step order, as in the outcomes; else None."""
    number, journey = steps["step"].to_numpy(), steps["journey"]
    first = np.flatnonzero(number == 1)
    same = (journey == journey.shift()).fill_null(value=False).to_numpy()
    follows = np.append(False, number[1:] == number[:-1] + 1)[: len(number)] & same
    in_order = ((number == 1) | follows).all() and _same(journey.gather(first), outcomes["journey"])
    return first if in_order else None


def _same(one: pl.Series, other: pl.Series) -> bool:
    return len(one) == len(other) and bool((one == other).all())


def _converted(journeys: pl.Series, outcomes: pl.DataFrame) -> Numbers:
    """1 for each journey that converted, else 0."""
    if not _same(journeys, outcomes["journey"]):
        outcomes = journeys.to_frame("journey").join(outcomes, on="journey", how="left", maintain_order="left")
    return outcomes["converted"].cast(pl.Int64).to_numpy()


def fit(counts: pl.DataFrame, version: int = 1) -> Fit:
    """Solve a chain for its removal effects.

    counts: as `transitions` gives them. P(conversion) is the START entry of (I - Q)^-1 r, r the transitions to
    CONVERSION. Without any conversion there is nothing to remove: an empty fit of that version.
    """
    rows = list(counts.iter_rows())
    journeys = sum(n for source, _, n in rows if source == START)
    conversions = sum(n for _, target, n in rows if target == CONVERSION)
    if not conversions:
        return Fit(version, Fraction(0), {}, journeys, 0)
    states = [START, *sorted({source for source, _, _ in rows} - {START})]
    index = {state: i for i, state in enumerate(states)}
    inverse, reach = _solve(rows, index)
    base = _fraction(reach[0, 0])
    hosts = sorted({host for state in states[1:] for host in _hosts(state)})
    removal = {
        host: _removal([index[s] for s in states[1:] if host in _hosts(s)], inverse, reach) / base for host in hosts
    }
    return Fit(version, base, removal, journeys, conversions)


def _hosts(state: str) -> list[str]:
    return [host for lineup in state.split("\x1e") for host in lineup.split("\x1f")]


def _solve(rows: list[tuple[str, str, int]], index: dict[str, int]) -> tuple[fmpq_mat, fmpq_mat]:
    """(I - Q)^-1 and (I - Q)^-1 r, exact."""
    size = len(index)
    totals = [0] * size
    for source, _, n in rows:
        totals[index[source]] += n
    system = fmpq_mat(size, size, [fmpq(int(i == j)) for i in range(size) for j in range(size)])
    converts = fmpq_mat(size, 1)
    for source, target, n in rows:
        i, p = index[source], fmpq(n, totals[index[source]])
        if target == CONVERSION:
            converts[i, 0] = p
        elif target != NULL:
            system[i, index[target]] -= p
    inverse = system.inv()
    return inverse, inverse * converts


def _removal(removed: list[int], inverse: fmpq_mat, reach: fmpq_mat) -> Fraction:
    """P(conversion) that passes through a removed state: the first-hit distribution times the reach from there.

    The first-hit distribution x over the removed states S solves x N[S,S] = N[start,S], N = (I - Q)^-1.
    """
    size = len(removed)
    block = fmpq_mat(size, size, [inverse[j, i] for i in removed for j in removed])
    target = fmpq_mat(size, 1, [inverse[0, i] for i in removed])
    first_hit = block.solve(target)
    return sum((_fraction(first_hit[k, 0] * reach[i, 0]) for k, i in enumerate(removed)), Fraction(0))


def _fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))
