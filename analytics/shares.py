"""What each host is credited with in all, from distinct paths with counts: exact, without crediting order by order.

The same answers as the sum of the exact shares of every order, for the models that depend on the path alone. Sums of
whole numbers are kept by (length of the path, line-up), and only these few become fractions.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import polars as pl
from flint import fmpq

from analytics import texts
from analytics.chains import remembering, tallied
from analytics.markov import Fit, fit
from analytics.models import UNATTRIBUTED
from analytics.path_models import effects
from analytics.rules import Rules
from analytics.texts import End
from analytics.walks import (
    AT_ONCE,
    Lineups,
    Numbers,
    added,
    heads,
    held,
    integers,
    narrowest,
    starts,
    stretches,
    summed,
    widened,
)

_BITS = 62
Cells = Iterator[tuple[str, fmpq]]


@dataclass(frozen=True)
class Trodden:
    """Distinct paths as numbers: line-up of each step, path after path; count: steps per path; worth: of each path."""

    lineup: Numbers
    lineups: Lineups
    count: Numbers
    worth: Numbers

    @cached_property
    def first(self) -> Numbers:
        """First step of each path."""
        return starts(self.count)

    @cached_property
    def once(self) -> bool:
        """Whether every path is worth 1."""
        return bool((self.worth == 1).all())

    def sets(self) -> tuple[Numbers, Numbers, Numbers]:
        """Distinct hosts: set and host of each pair, sorted by set, and the worth of each set.

        Paths with the same hosts are one set where their hosts fit into the bits of a number.
        """
        if len(self.lineups.hosts) > _BITS:
            each = held(np.repeat(np.arange(len(self.count)), self.count), self.lineup, self.lineups)
            return each.path, each.host, self.worth
        bits = np.bitwise_or.reduceat(np.int64(1) << self.lineups.members, self.lineups.starts)
        masks = np.bitwise_or.reduceat(bits[self.lineup], self.first)
        masks, worth = summed(masks, None if self.once else self.worth, 1 << len(self.lineups.hosts))
        pair, host = np.nonzero(masks[:, None] >> np.arange(len(self.lineups.hosts)) & 1)
        return pair, host, worth

    def by_length(self, step: Numbers | None = None) -> Iterator[tuple[int, int, int]]:
        """Sum the worth of one step of each path (all steps, if None) by length and line-up: length, code, sum."""
        size = max(len(self.lineups.names), 1)
        lengths = (int(self.count.max(initial=0)) + 1) * size
        if step is None:
            some_paths = stretches(self.count, max(AT_ONCE, lengths))
            found = added((self._cells(some, size, lengths) for some in some_paths), lengths)
        else:
            found = summed(self.count * size + self.lineup[step], None if self.once else self.worth, lengths)
        cells, sums = found
        yield from ((*divmod(cell, size), whole) for cell, whole in zip(cells.tolist(), sums.tolist(), strict=True))

    def _cells(self, some: slice, size: int, lengths: int) -> tuple[Numbers, Numbers]:
        """Sum the worth of every step of some paths by length x size + line-up."""
        count, worth = self.count[some], self.worth[some]
        short = narrowest(lengths)
        key = np.repeat((count * size).astype(short), count)
        key += self.lineup[self.first[some.start] :][: len(key)].astype(short)
        return summed(key, None if (worth == 1).all() else np.repeat(worth, count), lengths)

    def split(self, code: int, worth: fmpq) -> Cells:
        """Split worth equally over a line-up."""
        size = int(self.lineups.sizes[code])
        for member in range(self.lineups.starts[code], self.lineups.starts[code] + size):
            yield self.lineups.hosts[int(self.lineups.members[member])], worth / size


def credited(
    paths: pl.DataFrame, model: str, rules: Rules, fitted: Fit | None = None, measure: str = "conversions"
) -> dict[str, Fraction]:
    r"""Give each host's exact credit under one of MODELS, in the measure.

    paths: path (list of line-ups, each its hosts joined by "\x1f"; text, or faster Categorical or Enum), the measure
    (integer, not negative: conversions, or amount_minor of one currency). rules: for `position`; fitted: for `markov`.
    Hosts with nothing are absent; a path without a step is credited to `unattributed`. Raises KeyError for a model that
    needs more than the path.
    """
    found: dict[str, list[fmpq]] = defaultdict(list)
    if model in _STEPWISE:
        paths = _alike(paths, pl.col(measure) == 1)
    steps, worth = texts.steps(paths["path"], _ENDS.get(model)), integers(paths[measure])
    count = steps.count
    if not count.all():
        found[UNATTRIBUTED] = [fmpq(int(worth[count == 0].sum()))]
        count, worth = count[count > 0], worth[count > 0]
    if len(count):
        trodden = Trodden(steps.lineup, steps.lineups, count, worth)
        for host, part in MODELS[model](trodden, rules, fitted):
            found[host].append(part)
    sums = {host: _sum(parts) for host, parts in sorted(found.items())}
    return {host: Fraction(int(whole.p), int(whole.q)) for host, whole in sums.items() if whole}


def fitted(paths: pl.DataFrame, version: int = 1, order: int = 1) -> Fit:
    """Fit the Markov model to distinct paths (path as in `credited`, conversions, nulls); no path: not a journey."""
    return fit(counted(paths, order), version)


def counted(paths: pl.DataFrame, order: int = 1) -> pl.DataFrame:
    """Count the transitions of distinct paths, as `markov.transitions` does: sums, that add up."""
    paths = _alike(paths, pl.col("conversions") + pl.col("nulls") == 1)
    steps = texts.steps(paths["path"])
    count, ends = steps.count, (integers(paths["conversions"]), integers(paths["nulls"]))
    if not count.all():
        count, ends = count[count > 0], (ends[0][count > 0], ends[1][count > 0])
    state, names = remembering(steps.lineup, steps.lineups.names, starts(count), order)
    return tallied(state, names, starts(count), *ends)


def _alike(paths: pl.DataFrame, once: pl.Expr) -> pl.DataFrame:
    """Put paths that count once before the others: for stretches of them, there is nothing to multiply."""
    alike = paths.select(once.fill_null(value=False)).to_series()
    if alike.all() or not alike.any():
        return paths
    return pl.concat([paths.filter(alike), paths.filter(~alike)])


def _sum(parts: list[fmpq]) -> fmpq:
    """Sum fractions two by two, so that the long ones meet late."""
    while len(parts) > 1:
        parts = [sum(parts[i : i + 2], fmpq(0)) for i in range(0, len(parts), 2)]
    return parts[0]


def _linear(paths: Trodden, _rules: Rules, _fit: Fit | None) -> Cells:
    for length, code, worth in paths.by_length():
        yield from paths.split(code, fmpq(worth, length))


def _position(paths: Trodden, rules: Rules, _fit: Fit | None) -> Cells:
    """Every step has a middle step's share; the first and the last have theirs in place of it."""
    ends = ((rules.position[0], paths.first), (rules.position[1], paths.first + paths.count - 1))
    for length, code, worth in paths.by_length():
        yield from paths.split(code, worth * _middle(length, rules))
    for share, step in ends:
        for length, code, worth in paths.by_length(step):
            yield from paths.split(code, worth * (_end(length, share, rules) - _middle(length, rules)))


def _middle(length: int, rules: Rules) -> fmpq:
    first, last = rules.position
    return _rational((1 - first - last) / (length - 2)) if length > 2 else fmpq(0)  # noqa: PLR2004  # first and last


def _end(length: int, share: Fraction, rules: Rules) -> fmpq:
    if length == 1:
        return fmpq(1, 2)  # it is both the first and the last
    return _rational(share / sum(rules.position) if length == 2 else share)  # noqa: PLR2004  # first and last


def _rational(share: Fraction) -> fmpq:
    return fmpq(share.numerator, share.denominator)


def _shapley(paths: Trodden, _rules: Rules, _fit: Fit | None) -> Cells:
    """Each path's worth, equally over its distinct hosts."""
    return _weighed(paths, np.ones(len(paths.lineups.hosts), np.int64))


def _markov(paths: Trodden, _rules: Rules, fit: Fit | None) -> Cells:
    """Each path's worth over its distinct hosts by removal effect; where none has one, equally."""
    if fit is None:
        raise TypeError("markov needs a fit: give `fitted`")
    return _weighed(paths, effects(fit, paths.lineups.hosts))


def _weighed(paths: Trodden, weight: Numbers) -> Cells:
    """Each path's worth over its distinct hosts by weight. Paths whose hosts weigh the same in all are taken as one."""
    pair, host, worth = paths.sets()
    first = heads(pair)
    size = np.diff(np.append(first, len(host)))
    whole = np.add.reduceat(widened(weight, int(weight.max()) * len(weight))[host], first)
    kind, sums = _kinds(np.where(whole == 0, -size, whole))
    cells, worths = summed(kind[pair] * len(weight) + host, worth[pair], len(sums) * len(weight))
    for cell, part in zip(cells.tolist(), worths.tolist(), strict=True):
        of, who = divmod(cell, len(weight))
        share = fmpq(int(weight[who]), sums[of]) if sums[of] > 0 else fmpq(1, -sums[of])
        yield paths.lineups.hosts[who], part * share


def _kinds(numbers: Numbers) -> tuple[Numbers, list[int]]:
    """Number the distinct numbers."""
    distinct, kind = np.unique(numbers, return_inverse=True)
    return kind, distinct.tolist()


MODELS: dict[str, Callable[[Trodden, Rules, Fit | None], Iterable[tuple[str, fmpq]]]] = {
    "first": _linear,
    "last": _linear,
    "linear": _linear,
    "position": _position,
    "shapley": _shapley,
    "markov": _markov,
}
"""Models that the path alone decides; `first` and `last` are `linear` on one step of it."""
_STEPWISE = ("linear", "position")
"""Models that multiply what a path is worth by its steps."""
_ENDS: dict[str, End] = {"first": "first", "last": "last"}
