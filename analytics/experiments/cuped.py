"""CUPED: differences of means, narrowed by what each viewer did before; from sums alone, so they can be kept running.

Deng, Xu, Kohavi, Walker, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data"
(2013). Theta comes from the total covariance of the two arms together.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from analytics.walks import Numbers


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of one arm: n viewers, outcome y and past x with their squares and products; numbers, or arrays."""

    n: Any
    y: Any
    x: Any
    yy: Any
    xx: Any
    xy: Any

    @classmethod
    def running(cls, y: Numbers, x: Numbers, here: Numbers) -> Self:
        """Sum up the viewers of an arm (here: 1, else 0) from the first on, along the last axis."""
        y, x = y * here, x * here
        return cls(*(np.cumsum(part, axis=-1) for part in (here, y, x, y * y, x * x, x * y)))

    @classmethod
    def of(cls, y: Numbers, x: Numbers) -> Self:
        """Sum up the viewers of an arm."""
        return cls(len(y), y.sum(), x.sum(), (y * y).sum(), (x * x).sum(), (x * y).sum())

    def __add__(self, other: "Sums") -> "Sums":
        mine, others = self.parts(), other.parts()
        return Sums(*(one + two for one, two in zip(mine, others, strict=True)))

    def parts(self) -> tuple[Any, ...]:
        """Give the six sums, in their order."""
        return self.n, self.y, self.x, self.yy, self.xx, self.xy

    @property
    def var_y(self) -> Any:  # noqa: ANN401  # a number or an array
        """Sample variance of the outcome."""
        return (self.yy - self.y * self.y / self.n) / (self.n - 1)

    @property
    def var_x(self) -> Any:  # noqa: ANN401  # as above
        """Sample variance of the past."""
        return (self.xx - self.x * self.x / self.n) / (self.n - 1)

    @property
    def cov(self) -> Any:  # noqa: ANN401  # as above
        """Sample covariance of outcome and past."""
        return (self.xy - self.x * self.y / self.n) / (self.n - 1)


@dataclass(frozen=True, slots=True)
class Lift:
    """A difference of means (treatment minus control) with its standard error; numbers, or arrays over time.

    base: the control's mean; theta: what of the past was taken out; alike_se: the standard error if both arms vary
    alike.
    """

    difference: Any
    se: Any
    base: Any
    base_se: Any
    theta: Any
    alike_se: Any

    def careful(self) -> Self:
        """Give the same with the error of arms that vary alike, where that is greater.

        A small arm in which few have bought does not show yet how much it varies: before the first has, not at all.
        """
        return replace(self, se=np.maximum(self.se, self.alike_se))

    def relative(self) -> tuple[Any, Any]:
        """Give the lift as a part of the control's mean, and its standard error, by the delta method."""
        treated = self.base + self.difference
        treated_var = np.square(self.se) - np.square(self.base_se)
        var = treated_var / self.base**2 + np.square(self.base_se) * treated**2 / self.base**4
        return self.difference / self.base, np.sqrt(var)


def lift(control: Sums, treatment: Sums) -> Lift:
    """Compare two arms, each viewer's outcome less theta times how much their past differs from the mean past."""
    both = control + treatment
    var_x = both.var_x
    theta = np.where(var_x > 0, both.cov / np.where(var_x > 0, var_x, 1), 0.0)
    mean_x = both.x / both.n
    means, errors, within = [], [], 0.0
    for arm in (control, treatment):
        means.append(arm.y / arm.n - theta * (arm.x / arm.n - mean_x))
        left = np.maximum(arm.var_y + theta * theta * arm.var_x - 2 * theta * arm.cov, 0.0)
        errors.append(left / arm.n)
        within = within + left * (arm.n - 1) / (both.n - 2)
    alike = np.sqrt(within * (1 / control.n + 1 / treatment.n))
    return Lift(means[1] - means[0], np.sqrt(errors[0] + errors[1]), means[0], np.sqrt(errors[0]), theta, alike)


def winsorised(values: Numbers, share: float) -> tuple[Numbers, float]:
    """Cap values at the quantile `share` of those above 0, so that one huge order does not decide; and that cap."""
    above = values[values > 0]
    cap = float(np.quantile(above, share)) if len(above) else 0.0
    return np.minimum(values, cap), cap
