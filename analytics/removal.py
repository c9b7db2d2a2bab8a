"""Markov removal effects for reading: from transition counts in doubles, with an interval by viewer, over time.

The ledger's fit is exact (`markov`); here the same chain is solved in doubles, in milliseconds, so that it can be
solved again for every week and for hundreds of resamples. Whole journeys are counted or left out, never single
transitions: only then P(conversion) is the orders divided by the journeys.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from analytics.chains import remembering
from analytics.crediting import lookers_steps
from analytics.intervals import OPEN_MS
from analytics.walks import Lineups, Numbers, coded, factorized, heads

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Counts:
    """Transitions of journeys as numbers: from state `source` to state `target`, so often each.

    States 0 to size - 1 are line-ups (or the last few); size: START, size + 1: CONVERSION, size + 2: NULL.
    hosts: names; holds: size x hosts, whether a state contains a host. The counts of two sets of journeys add up.
    """

    source: Numbers
    target: Numbers
    times: Numbers
    holds: Numbers
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """P(conversion) and the removal effect of each host; the first axis counts resamples, if there are any."""

    base: Numbers
    removal: Numbers

    @property
    def shares(self) -> Numbers:
        """The model's own share per host: its effect divided by the sum of all."""
        whole = self.removal.sum(axis=-1, keepdims=True)
        return np.asarray(np.divide(self.removal, whole, out=np.zeros_like(self.removal), where=whole > 0))


@dataclass(frozen=True, slots=True)
class Walked:
    """Journeys as numbers: the pair of states of every transition, and the viewer of each.

    pair: source x width + target; holds, hosts: as in Counts.
    """

    pair: Numbers
    viewer: Numbers
    viewers: int
    holds: Numbers
    hosts: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many states there are, START, CONVERSION and NULL among them."""
        return len(self.holds) + 3

    def counted(self) -> Counts:
        """Count the transitions."""
        pairs, times = np.unique(self.pair, return_counts=True)
        return Counts(*np.divmod(pairs, self.width), times.astype(float), self.holds, self.hosts)

    def resampled(self, weights: Numbers) -> Counts:
        """Count with a weight for every viewer (resamples x viewers): the times of each resample are a row."""
        from scipy.sparse import coo_array  # noqa: PLC0415  # heavy: only who asks for an interval waits for it

        pairs, column = np.unique(self.pair, return_inverse=True)
        ones = np.ones(len(column))
        each = coo_array((ones, (column, self.viewer)), shape=(len(pairs), self.viewers)).tocsr()
        times = np.concatenate([(each @ part.T).T for part in np.array_split(weights, -(-len(weights) // _AT_ONCE))])
        return Counts(*np.divmod(pairs, self.width), times, self.holds, self.hosts)


def journeys(found: pl.DataFrame, watches: pl.DataFrame, lineups: pl.DataFrame, newest_ms: int) -> pl.DataFrame:
    """Give every journey with its viewer and its end: at the order, or where the last step of a looker ended.

    found: order_id, viewer_id, ordered_ms, step, host_ids; watches: of viewers without an order.
    Returns journey, viewer_id, ended_ms, converted, step, host_ids; the steps of a journey stand together, in order.
    """
    lost = lookers_steps(watches, lineups)
    ended = pl.col("end_ms").replace(OPEN_MS, newest_ms).max().over("viewer_id")
    columns = ["journey", "viewer_id", "ended_ms", "converted", "step", "host_ids"]
    return pl.concat(
        [
            found.with_columns(
                journey=pl.lit("o") + pl.col("order_id"),
                ended_ms=pl.col("ordered_ms"),
                converted=True,
                step=pl.col("step").cast(pl.UInt32),
            ).select(columns),
            lost.with_columns(journey=pl.lit("v") + pl.col("viewer_id"), ended_ms=ended, converted=False).select(
                columns
            ),
        ]
    )


def walked(whole: pl.DataFrame, order: int = 1) -> Walked:
    """Take journeys (as `journeys` gives them) to transitions; order: how many line-ups a state remembers."""
    first = heads(whole["journey"].rle_id().to_numpy())
    lineup, lineups = coded(whole["host_ids"])
    state, names = remembering(lineup, lineups.names, first, order)
    size, last = len(names), np.append(first[1:], len(state))[: len(first)] - 1
    converted = whole["converted"].to_numpy()[first]
    target = np.append(state[1:], 0)[: len(state)]
    target[last] = np.where(converted, size + 1, size + 2)
    source = np.concatenate([state, np.full(len(first), size)])
    viewer, viewers = factorized(whole["viewer_id"])
    holds, hosts = holding(names)
    pair = source * (size + 3) + np.concatenate([target, state[first]])
    return Walked(pair, np.concatenate([viewer, viewer[first]]), len(viewers), holds, hosts)


def holding(names: pl.Series) -> tuple[Numbers, tuple[str, ...]]:
    """Which state contains which host."""
    lineups = Lineups.of(names.cast(pl.String).str.replace_all("\x1e", "\x1f"))
    holds = np.zeros((len(names), len(lineups.hosts)), dtype=bool)
    holds[np.repeat(np.arange(len(names)), lineups.sizes), lineups.members] = True
    return holds, tuple(lineups.hosts)


def effects(counts: Counts) -> Effects:
    """Solve the chain for P(conversion) and the removal effects; without a conversion there are none."""
    if counts.times.ndim == 1:
        base, removal = _solved(counts, counts.times)
        return Effects(np.asarray(base), removal)
    found = [_solved(counts, times) for times in counts.times]
    return Effects(np.array([base for base, _ in found]), np.stack([removal for _, removal in found]))


def _solved(counts: Counts, times: Numbers) -> tuple[Any, Numbers]:
    """Solve one row of times.

    N = (I - Q)^-1, r: the reach of each state; removing the states S loses x r[S], with x N[S, S] = N[start, S].
    """
    size = len(counts.holds)
    start = size
    chances = np.zeros((size + 1, size + 3))
    chances[counts.source, counts.target] = times
    totals = chances.sum(axis=1, keepdims=True)
    chances = np.divide(chances, totals, out=chances, where=totals > 0)
    inverse = np.linalg.inv(np.eye(size + 1) - chances[:, : size + 1])
    reach = inverse @ chances[:, size + 1]
    if not reach[start] > 0:
        return 0.0, np.zeros(len(counts.hosts))
    lost = [_lost(np.flatnonzero(states), inverse, reach, start) for states in counts.holds.T]
    return reach[start], np.clip(np.array(lost) / reach[start], 0.0, 1.0)


def _lost(removed: Numbers, inverse: Numbers, reach: Numbers, start: int) -> float:
    first_hit = np.linalg.solve(inverse[np.ix_(removed, removed)].T, inverse[start, removed])
    return float(first_hit @ reach[removed])
