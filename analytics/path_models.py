"""The models that look at a viewer's path: integer weights from the steps before an order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

import numpy as np
import polars as pl
from flint import arb, ctx, fmpq

from analytics.markov import Fit
from analytics.rules import Rules
from analytics.walks import Held, Lineups, Numbers, coded, heads, held, ranges, rows_among, widened

DECAY_SCALE = 10**12
_EXACT_BITS = 192
_DOUBTFUL = 0.001  # a double of 10^12 is off by less; nearer to a half than this it is computed exactly
_LONGEST_DECAY = 45.0  # half-lives after which the weight has surely rounded to zero


@dataclass(frozen=True)
class Paths:
    """The steps of orders as numbers, path after path.

    orders: the orders; row: the order of each path; first: its first step; count: its steps; path: the path of each
    step; number: 1 to n; lineup: line-up of each step; age_ms: order - end of step; watched_ms: of each step.
    """

    orders: pl.DataFrame
    row: Numbers
    first: Numbers
    count: Numbers
    path: Numbers
    number: Numbers
    lineup: Numbers
    lineups: Lineups
    age_ms: Numbers
    watched_ms: Numbers

    @cached_property
    def held(self) -> Held:
        """Who is on each path."""
        return held(self.path, self.lineup, self.lineups)

    @cached_property
    def who(self) -> pl.DataFrame:
        """Order and host of each pair that is held."""
        return self.named(self.held.path, self.held.host)

    @cached_property
    def common(self) -> int:
        """Least common multiple of all sizes of line-ups."""
        return lcm(*np.unique(self.lineups.sizes).tolist())

    def split(self, weight: Numbers) -> Numbers:
        """Bring a weight per step to one per host of its line-up: times the lcm of the order's sizes, over the size."""
        largest = int(weight.max(initial=1)) * self.common * int(self.count.max(initial=1))
        weight = widened(weight, largest)
        if self.common == 1:
            return weight
        sizes = widened(self.lineups.sizes, largest)[self.lineup]
        return np.asarray(weight * (np.lcm.reduceat(sizes, self.first)[self.path] // sizes))

    def named(self, path: Numbers, host: Numbers) -> pl.DataFrame:
        """Give paths and hosts their names: order_id, host_id."""
        order_id = self.orders["order_id"].gather(self.row[path])
        return pl.DataFrame({"order_id": order_id, "host_id": self.lineups.hosts.gather(host)})


@dataclass(frozen=True, slots=True)
class Weighed:
    """Hosts of some orders with their weights, all on the same basis. who: order_id, host_id."""

    who: pl.DataFrame
    weight: Numbers
    basis: str


def numbered(steps: pl.DataFrame, orders: pl.DataFrame) -> Paths:
    """Take the steps of these orders as numbers.

    steps: as `paths.steps` gives them, maybe of more orders; orders: order_id, ordered_ms.
    """
    row = rows_among(steps["order_id"].gather(np.flatnonzero(steps["step"].to_numpy() == 1)), orders["order_id"])
    if len(row) and row.min() < 0:
        number = np.cumsum(steps["step"].to_numpy() == 1) - 1
        steps, row = steps.filter(pl.Series(row >= 0).gather(number)), row[row >= 0]
    first = np.flatnonzero(steps["step"].to_numpy() == 1)
    count = np.diff(np.append(first, steps.height))
    path = np.repeat(np.arange(len(first)), count)
    lineup, lineups = coded(steps["host_ids"])
    age_ms = orders["ordered_ms"].to_numpy()[row][path] - steps["end_ms"].to_numpy()
    number, watched_ms = steps["step"].to_numpy().astype(np.int64), steps["watched_ms"].to_numpy()
    return Paths(orders, row, first, count, path, number, lineup, lineups, age_ms, watched_ms)


def _over_all(paths: Paths, weight: Numbers, basis: str) -> Iterator[Weighed]:
    """Split each step's weight over its line-up; a host in several steps has the sum."""
    yield Weighed(paths.who, paths.held.summed(paths.split(weight)), basis)


def _at(paths: Paths, steps: Numbers, basis: str) -> Iterator[Weighed]:
    """Split one step of each path over its line-up."""
    sizes = paths.lineups.sizes[paths.lineup[steps]]
    host = paths.lineups.members[ranges(paths.lineups.starts[paths.lineup[steps]], sizes)]
    each = np.repeat(steps, sizes) if paths.common > 1 else steps
    yield Weighed(paths.named(paths.path[each], host), paths.split(np.ones(len(paths.path), np.int64))[each], basis)


def _first(paths: Paths, _rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    yield from _at(paths, paths.first, "first step of the path")


def _last(paths: Paths, _rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    yield from _at(paths, paths.first + paths.count - 1, "last step of the path")


def _linear(paths: Paths, _rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    yield from _over_all(paths, np.ones(len(paths.path), np.int64), "every step of the path equally")


def _position(paths: Paths, rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    first, last, middle = position_weights(paths.count, *rules.position)
    weight = np.repeat(middle, paths.count)
    weight[paths.first + paths.count - 1] = last
    weight[paths.first] = first
    yield from _over_all(paths, weight, "position in the path")


def position_weights(count: Numbers, first: Fraction, last: Fraction) -> tuple[Numbers, Numbers, Numbers]:
    """Weights of the first, the last and any other step of paths of `count` steps, as whole numbers.

    n = 1: 1, n = 2: first : last, n >= 3: the rest to the middle. The first and the last step of one are the same.
    """
    scale = lcm(first.denominator, last.denominator)
    whole_first, whole_last = int(first * scale), int(last * scale)
    inner = np.maximum(count - 2, 1)
    ends = (np.where(count == 1, 1, whole * inner) for whole in (whole_first, whole_last))
    return *ends, np.full(len(count), scale - whole_first - whole_last)  # type: ignore[return-value]  # three arrays


def _time_decay(paths: Paths, rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    """Half of the weight is lost per half-life between the step's end and the order; all zero: as `last`."""
    decay = decayed(paths.age_ms, rules.half_life_ms)
    alive = np.maximum.reduceat(decay, paths.first) > 0 if len(decay) else np.zeros(0, dtype=bool)
    (found,) = _over_all(paths, decay, "recency of each step")
    if alive.all():
        yield found
        return
    pairs = alive[paths.held.path]
    yield Weighed(found.who.filter(pairs), found.weight[pairs], found.basis)
    last = (paths.first + paths.count - 1)[~alive]
    yield from _at(paths, last, "last step of the path: every step is too old to weigh")


def decayed(age_ms: Numbers, half_life_ms: int) -> Numbers:
    """round-half-even(10^12 x 2^(-age / half-life)), exact: doubles, and exactly where a double is in doubt."""
    close = DECAY_SCALE * np.exp2(-np.minimum(age_ms / half_life_ms, _LONGEST_DECAY))
    whole = np.rint(close).astype(np.int64)
    doubtful = np.flatnonzero(np.abs(close - np.floor(close) - 0.5) < _DOUBTFUL)
    with ctx.workprec(_EXACT_BITS):
        whole[doubtful] = [_decayed(age, half_life_ms) for age in age_ms[doubtful].tolist()]
    return np.asarray(whole)


def _decayed(age_ms: int, half_life_ms: int) -> int:
    """One age, exactly: a whole number of half-lives is a fraction; any other power is irrational, so never a tie."""
    halvings, part = divmod(age_ms, half_life_ms)
    if not part:
        return round(Fraction(DECAY_SCALE, 1 << halvings))
    power = arb(2) ** arb(fmpq(-age_ms, half_life_ms))
    return int((power * DECAY_SCALE + arb(fmpq(1, 2))).floor().unique_fmpz())


def _watch_time(paths: Paths, _rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    yield from _over_all(paths, paths.watched_ms, "time watched in each step")


def _shapley(paths: Paths, _rules: Rules, _fit: Fit) -> Iterator[Weighed]:
    """1 per distinct host: the Shapley value of v(S) = revenue of the orders whose hosts all lie in S."""
    yield Weighed(paths.who, np.ones(len(paths.held.path), np.int64), "each host of the path equally")


def _markov(paths: Paths, _rules: Rules, fit: Fit) -> Iterator[Weighed]:
    """The removal effect of each distinct host of the path, as the smallest whole numbers; all zero: as `shapley`."""
    weight = effects(fit, paths.lineups.hosts)[paths.held.host]
    first = heads(paths.held.path)
    common = np.gcd.reduceat(weight, first) if len(first) else weight
    divisor = np.repeat(common, np.diff(np.append(first, len(weight))))
    for known, basis in _MARKOV_BASIS.items():
        chosen = (divisor > 0) == known
        if chosen.any():
            who = paths.who if chosen.all() else paths.who.filter(chosen)
            yield Weighed(who, weight[chosen] // divisor[chosen] if known else np.ones(who.height, np.int64), basis)


_MARKOV_BASIS = {
    True: "removal effect of each host",
    False: "each host of the path equally: no removal effect is known",
}


def effects(fit: Fit, hosts: pl.Series) -> Numbers:
    """Give each host its weight in a fit, 0 where the fit does not know it."""
    known = fit.weights()
    weight = np.array([known.get(host, 0) for host in hosts], dtype=object)
    return widened(weight, int(max(weight, default=0)))


BY_STEPS: dict[str, Callable[[Paths, Rules, Fit], Iterator[Weighed]]] = {
    "first": _first,
    "last": _last,
    "linear": _linear,
    "position": _position,
    "time_decay": _time_decay,
    "watch_time": _watch_time,
    "shapley": _shapley,
    "markov": _markov,
}
"""Weights of each path model from numbered steps."""
