"""The result of a script A/B test: each variant against the control, whenever somebody looks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from analytics.experiments import sequence
from analytics.experiments.cuped import Lift, Sums, lift, winsorised
from analytics.experiments.sample_ratio import SampleRatio, sample_ratio
from analytics.experiments.sequence import Real
from analytics.walks import Numbers

COMPLIES_FROM = 0.9
"""Share of viewers who must have seen what the hash gave them for it to explain anything."""
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """How a test is read; said before it begins.

    alpha: chance of a wrong finding in the whole test, shared by the comparisons. cap: quantile of what buyers spent at
    which revenue is capped. tightest_at: viewers of two arms at which the interval is to be tightest.
    """

    alpha: float = 0.05
    cap: float = 0.99
    tightest_at: int = 5_000

    def each(self, shares: dict[str, int]) -> float:
        """Give the part of alpha that each comparison with the control has."""
        return self.alpha / comparisons(shares)


def comparisons(shares: dict[str, int]) -> int:
    """Say with how many variants the control is compared."""
    return max(len(shares) - 1, 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One variant against the control, in minor units per viewer; the interval and p hold whenever somebody looks.

    p: times the number of comparisons, so that it is below alpha where the interval is off nothing; plain_se: the
    standard error without CUPED; relative: the lift as a part of the control's mean, with its interval; NaN where the
    control sold nothing.
    """

    variant: str
    viewers: int
    difference: float
    low: float
    high: float
    p: float
    se: float
    plain_se: float
    relative: tuple[float, float, float]

    @property
    def variance_left(self) -> float:
        """What CUPED left of the variance."""
        return (self.se / self.plain_se) ** 2 if self.plain_se else 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """A test: the sizes of its arms, the caps in minor units, and the comparisons (none while they are blocked).

    means: capped revenue per viewer of each arm, in minor units; None without viewers.
    """

    control: str
    counts: dict[str, int]
    means: dict[str, float | None]
    ratio: SampleRatio
    complied: float
    cap_minor: float
    comparisons: tuple[Comparison, ...]


def result(viewers: pl.DataFrame, shares: dict[str, int], control: str, rule: Rule, arm: str = "assigned") -> Result:
    """Compare each variant with the control.

    viewers: assigned, seen, net_minor, past_minor, in the order of exposure; arm: which of the first two columns says
    the arm. Blocked, that is without comparisons: where the arms are not as large as they were meant to be; where too
    few saw what the hash gave them; and where an arm has fewer than two viewers.
    """
    sizes = dict(viewers[arm].value_counts().iter_rows())
    counts = {variant: int(sizes.get(variant, 0)) for variant in sorted(shares)}
    ratio = sample_ratio(counts, shares)
    complied = float((viewers["assigned"] == viewers["seen"]).mean() or 0.0)  # type: ignore[arg-type]  # a share
    net, past, cap = _capped(viewers, rule)
    blocked = ratio.blocks or (arm == "assigned" and complied < COMPLIES_FROM) or min(counts.values()) < _FEWEST
    each = {variant: (viewers[arm] == variant).to_numpy() for variant in counts}
    compared = [
        _comparison(variant, (net, past), (each[control], each[variant]), shares, rule)
        for variant in counts
        if variant != control and not blocked
    ]
    means = {variant: float(net[of].mean()) if of.any() else None for variant, of in each.items()}
    return Result(control, counts, means, ratio, complied, cap, tuple(compared))


def _comparison(
    variant: str, values: tuple[Numbers, Numbers], here: tuple[Numbers, Numbers], shares: dict[str, int], rule: Rule
) -> Comparison:
    (net, past), (control, treated), alpha = values, here, rule.each(shares)
    arms = [Sums.of(net[of], past[of]) for of in (control, treated)]
    plain = lift(*(Sums.of(net[of], np.zeros(of.sum())) for of in (control, treated))).careful()
    found, n = lift(*arms).careful(), int(control.sum() + treated.sum())
    low, high, p = interval(found.difference, found.se, n, alpha, rule.tightest_at)
    part, part_se = found.relative() if min(found.base, arms[0].y) > 0 else (np.nan, np.nan)
    part_low, part_high, _ = interval(part, part_se, n, alpha, rule.tightest_at)
    relative = (float(part), float(part_low), float(part_high))
    p = min(1.0, float(p) * comparisons(shares))
    numbers = (float(found.difference), float(low), float(high), p, float(found.se), float(plain.se))
    return Comparison(variant, int(treated.sum()), *numbers, relative)


def interval(difference: Real, se: Real, n: Real, alpha: float, tightest_at: int) -> tuple[Any, Any, Any]:
    """Give low, high and p of a difference with standard error se between n viewers; nothing is known if se is 0."""
    rho = sequence.mixing(tightest_at, alpha)
    known = np.asarray(se) > 0
    safe = np.where(known, se, 1.0)
    half = np.where(known, sequence.half_width(safe, n, rho, alpha), np.inf)
    p = np.where(known, sequence.p_value(sequence.standardised(difference, safe, n), n, rho), 1.0)
    return difference - half, difference + half, p


def path(
    viewers: pl.DataFrame, shares: dict[str, int], pair: tuple[str, str], rule: Rule, arm: str = "assigned"
) -> pl.DataFrame:
    """Give the cumulative lift after every viewer, with its interval as it would have been seen then, capped as today.

    viewers, shares, rule, arm: as for `result`, with exposed_ms; pair: control and variant.
    Returns exposed_ms, viewers, difference, low, high (minor units per viewer), p; from the instant on at which both
    arms have two viewers.
    """
    net, past, _ = _capped(viewers, rule)
    here = viewers[arm].is_in(pair).to_numpy()
    treated = (viewers[arm] == pair[1]).to_numpy().astype(float)[here]
    arms = [Sums.running(net[here], past[here], of) for of in (1 - treated, treated)]
    enough = np.minimum(arms[0].n, arms[1].n) >= _FEWEST
    found: Lift = lift(*(Sums(*(part[enough] for part in one.parts())) for one in arms)).careful()
    n = (np.arange(len(treated)) + 1)[enough]
    low, high, p = interval(found.difference, found.se, n, rule.each(shares), rule.tightest_at)
    p = np.minimum(p * comparisons(shares), 1.0)
    figures = {"viewers": n, "difference": found.difference, "low": low, "high": high, "p": p}
    return pl.DataFrame({"exposed_ms": viewers["exposed_ms"].to_numpy()[here][enough], **figures})


def _capped(viewers: pl.DataFrame, rule: Rule) -> tuple[Numbers, Numbers, float]:
    """Outcome and past of each viewer, capped, and the outcome's cap."""
    net, cap = winsorised(viewers["net_minor"].to_numpy().astype(float), rule.cap)
    past, _ = winsorised(viewers["past_minor"].to_numpy().astype(float), rule.cap)
    return net, past, cap
