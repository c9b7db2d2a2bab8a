"""Paths as numbers: line-ups and hosts are coded once, so that no text is touched per step.

Sums over codes are sums of integers: numpy's 64 bits where they hold, Python's integers (an object array) where not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

WIDE = 1 << 62
AT_ONCE = 1 << 16
"""How many steps are taken at a time, so that what is made of them stays in the processor's cache."""
_EXACT_DOUBLE = 1 << 53
_SPARSE = 4
Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Lineups:
    """Distinct line-ups by code: line-up c has the hosts members[starts[c] : starts[c] + sizes[c]].

    names: hosts joined by the unit separator; hosts: name of each host code, sorted.
    """

    names: pl.Series
    hosts: pl.Series
    members: Numbers
    starts: Numbers
    sizes: Numbers

    @property
    def together(self) -> bool:
        """Whether any line-up has more than one host."""
        return len(self.members) > len(self.sizes)

    @classmethod
    def of(cls, names: pl.Series) -> "Lineups":
        """Take line-ups by their names, each once."""
        parts = names.str.split("\x1f").list.unique().list.sort()
        hosts = parts.explode().unique().sort()
        sizes = parts.list.len().cast(pl.Int64).to_numpy()
        return cls(names, hosts, hosts.search_sorted(parts.explode()).to_numpy().astype(np.int64), starts(sizes), sizes)


@dataclass(frozen=True, slots=True)
class Held:
    """Distinct pairs of path and host, sorted by both, with the steps behind each.

    path, host: of each pair; step: step rows, pair after pair; starts: where each pair's steps begin in `step`.
    """

    path: Numbers
    host: Numbers
    step: Numbers
    starts: Numbers

    def summed(self, per_step: Numbers) -> Numbers:
        """Sum a number of each step over the steps of each pair."""
        return np.add.reduceat(per_step[self.step], self.starts) if len(self.starts) else per_step[:0]


def coded(host_ids: pl.Series) -> tuple[Numbers, Lineups]:
    """Code a column of line-ups (lists of hosts, none empty): code per row, and the line-ups behind the codes."""
    alone = (host_ids.list.len() == 1).to_numpy()
    if alone.all():
        return coded_names(host_ids.explode())
    together = pl.Series(~alone)
    names = pl.concat([host_ids.filter(~together).explode(), host_ids.filter(together).list.join("\x1f")])
    found, lineups = coded_names(names)
    codes = np.empty(len(found), dtype=np.int64)
    codes[np.concatenate([np.flatnonzero(alone), np.flatnonzero(~alone)])] = found
    return codes, lineups


def coded_names(names: pl.Series) -> tuple[Numbers, Lineups]:
    """Code a text column of line-ups: code per row, and the line-ups behind the codes."""
    codes, distinct = factorized(names)
    return codes, Lineups.of(distinct)


def factorized(texts: pl.Series) -> tuple[Numbers, pl.Series]:
    """Number the distinct values of a text column from 0: number per row, and the value of each number."""
    found = texts if texts.dtype in (pl.Categorical, pl.Enum) else texts.cast(pl.Categorical(pl.Categories.random()))
    codes = found.to_physical().to_numpy().astype(np.int64)
    used = np.bincount(codes) > 0 if len(codes) else codes > 0
    row_of = np.zeros(len(used), dtype=np.int64)
    row_of[codes] = np.arange(len(codes))
    distinct = texts.gather(row_of[used]).cast(pl.String)
    return (codes if used.all() else (np.cumsum(used) - 1)[codes]), distinct


def held(path: Numbers, lineup: Numbers, lineups: Lineups) -> Held:
    """Find who is held by each path. path: of each step, not falling; lineup: code of each step."""
    step, host = np.arange(len(lineup)), lineups.members[lineups.starts[lineup]]
    if lineups.together:
        sizes = lineups.sizes[lineup]
        step, host = np.repeat(step, sizes), lineups.members[ranges(lineups.starts[lineup], sizes)]
    pair = path[step] * max(len(lineups.hosts), 1) + host
    order = sorted_rows(pair)
    first = heads(pair[order])
    distinct, step_of = order[first], step[order]
    return Held(path[step_of[first]], host[distinct], step_of, first)


def sorted_rows(key: Numbers) -> Numbers:
    """Row numbers in the order of a non-negative key, equal keys in the order of their rows.

    Key and row are packed into one number where 63 bits hold both: sorting plain numbers is the fastest sort there is.
    """
    bits = len(key).bit_length()
    if len(key) and int(key.max()) < 1 << (63 - bits):
        return np.asarray(np.sort((key << bits) | np.arange(len(key))) & ((1 << bits) - 1))
    return np.argsort(key, kind="stable")


def heads(key: Numbers) -> Numbers:
    """Rows at which a run of equal keys begins."""
    return np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, dtype=np.int64)


def starts(sizes: Numbers) -> Numbers:
    """Where each of several stretches of these sizes begins, laid end to end."""
    return np.asarray(np.cumsum(sizes) - sizes)


def ranges(first: Numbers, sizes: Numbers) -> Numbers:
    """first, first + 1, ... of each size, laid end to end."""
    if len(sizes) and sizes.max() == sizes.min() == 1:
        return first
    return np.asarray(np.arange(int(sizes.sum())) + np.repeat(first - starts(sizes), sizes))


def stretches(sizes: Numbers, at_once: int) -> Iterator[slice]:
    """Cut things of these sizes, one after the other, into stretches of about that size in all."""
    ends = np.cumsum(sizes)
    marks = np.arange(at_once, int(ends[-1]), at_once) if len(ends) else ends
    cuts = np.unique(np.concatenate([[0], np.searchsorted(ends, marks), [len(ends)]]))
    return (slice(begin, end) for begin, end in pairwise(cuts.tolist()))


def widened(numbers: Numbers, bound: int) -> Numbers:
    """Integers that can hold results up to the bound: 64 bits, or Python's where that is not enough."""
    return numbers.astype(np.int64 if bound < WIDE else object)


def rows_among(texts: pl.Series, known: pl.Series) -> Numbers:
    """Row at which each text stands among the known ones, which are distinct; -1 where it does not."""
    if len(texts) == len(known) and (texts == known).all():
        return np.arange(len(known))
    rows = pl.DataFrame({"text": known, "row": np.arange(len(known))})
    found = texts.alias("text").to_frame().join(rows, on="text", how="left", maintain_order="left")
    return found["row"].fill_null(-1).to_numpy()


def narrowest(size: int) -> type[np.integer[Any]]:
    """Give the kind of integers for numbers below the size: the shorter, the faster are sums over many."""
    return np.uint16 if size <= 1 << 16 else np.int64


def integers(numbers: pl.Series) -> Numbers:
    """Take integers of any width as numbers: 64 bits where they hold them, Python's where not."""
    largest = int(numbers.max() or 0)  # type: ignore[arg-type]  # integers
    return numbers.cast(pl.Int64).to_numpy() if largest < WIDE else np.array(numbers.to_list(), dtype=object)


def summed(key: Numbers, times: Numbers | None, size: int) -> tuple[Numbers, Numbers]:
    """Sum times (not negative; once each, if None) by key (0 to below size): keys with a sum above 0, and the sums.

    Exact: in doubles where every sum is a whole number that a double holds, else in integers.
    """
    whole = len(key) if times is None else len(key) * int(times.max(initial=0))
    if size <= _SPARSE * len(key) and whole < _EXACT_DOUBLE:
        sums = np.bincount(key, times)
        found = np.flatnonzero(sums)
        return found, sums[found].astype(np.int64)
    key = key.astype(np.int64)
    rows = sorted_rows(key)
    first = heads(key[rows])
    ordered = np.ones(len(key), np.int64) if times is None else widened(times[rows], whole)
    sums = np.add.reduceat(ordered, first) if len(first) else ordered
    return key[rows][first][sums > 0], sums[sums > 0]


def added(parts: Iterable[tuple[Numbers, Numbers]], size: int) -> tuple[Numbers, Numbers]:
    """Add up what `summed` gave for parts."""
    nothing = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    keys, sums = zip(nothing, *parts, strict=True)
    return summed(np.concatenate(keys), np.concatenate(sums), size)
