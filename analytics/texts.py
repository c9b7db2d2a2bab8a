"""Paths taken to the codes of their steps: from lists, or from texts without a text per step.

Many texts are one run of bytes. It is cut behind every separator and behind every text, and Arrow looks the pieces up
among those that were met, as they lie there: a name with its separator, or without where it is the last of its path.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from analytics.walks import Lineups, Numbers, coded_names, stretches

SEPARATOR = ">"
End = Literal["first", "last"]
_AT_ONCE = 1 << 19
_CODE, _MOST, _GLANCE = np.uint16, 1 << 14, 1 << 10


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of paths: line-up of each, path after path; count: how many each path has."""

    lineup: Numbers
    lineups: Lineups
    count: Numbers


def steps(path: pl.Series, end: End | None = None) -> Steps:
    """Take paths to their steps, or to the first or last of each.

    path: lists of line-ups, empty without a step; or their texts, joined by SEPARATOR, null without a step.
    """
    if path.dtype != pl.String:
        return _listed(path, end)
    known = path.drop_nulls()
    found = _cut(known, end) or _listed(known.str.split(SEPARATOR), end)
    if len(known) == len(path):
        return found
    count = np.zeros(len(path), np.int64)
    count[path.is_not_null().to_numpy()] = found.count
    return Steps(found.lineup, found.lineups, count)


def _listed(path: pl.Series, end: End | None) -> Steps:
    count = path.list.len().cast(pl.Int64).to_numpy()
    walked = path if count.all() else path.filter(count > 0)
    if end is None:
        return Steps(*coded_names(walked.explode()), count)
    picked = walked.list.first() if end == "first" else walked.list.last()
    return Steps(*coded_names(picked), np.minimum(count, 1))


def _cut(path: pl.Series, end: End | None) -> Steps | None:
    """As many texts at a time as stay in the processor's cache; None if pieces are empty, or too many to be kept."""
    met, codes, counts = _Met(), [np.zeros(0, _CODE)], [np.zeros(0, np.int64)]
    for some in stretches(path.str.len_bytes().to_numpy(), _AT_ONCE):
        cut = pieces(path[some].to_arrow(compat_level=pl.CompatLevel.oldest()))
        found = None if cut is None else met.looked_up(cut)
        if found is None:
            return None
        code, last = found
        behind = np.flatnonzero(last) + 1
        count = np.diff(behind, prepend=0)
        if end is not None:
            code, count = code[behind - (count if end == "first" else 1)], np.ones_like(count)
        codes.append(code)
        counts.append(count)
    return Steps(np.concatenate(codes), Lineups.of(met.names), np.concatenate(counts))


def pieces(flat: Any) -> Any | None:  # noqa: ANN401  # Arrow arrays
    """Cut texts (large strings) where they lie; None if one has nothing behind its last separator."""
    _, offsets, data = flat.buffers()
    behind = np.frombuffer(offsets, np.int64)[flat.offset :][: len(flat) + 1]
    begin, size = int(behind[0]), int(behind[-1] - behind[0])
    cut = np.zeros(size + 1, bool)
    np.equal(np.frombuffer(data, np.uint8)[begin:][:size], ord(SEPARATOR), out=cut[1:])
    behind = behind - begin
    if cut[behind[1:]].any() or (behind[1:] == behind[:-1]).any():
        return None
    cut[behind] = True
    at = np.flatnonzero(cut)
    return pa.Array.from_buffers(pa.large_binary(), len(at) - 1, [None, pa.py_buffer(at), data.slice(begin)])


class _Met:
    """The pieces that were met: each is a name, and whether it is the last of its path."""

    def __init__(self) -> None:
        self._pieces = pa.array([], pa.large_binary())
        self._codes: dict[bytes, int] = {}
        self._told = np.zeros(0, _CODE)

    @property
    def names(self) -> pl.Series:
        """The name of each code."""
        return pl.Series([name.decode() for name in self._codes], dtype=pl.String)

    def looked_up(self, cut: Any) -> tuple[Numbers, Numbers] | None:  # noqa: ANN401  # an Arrow array
        """Give the code of each piece, and which are the last of a path; None if too many were met."""
        if not self._codes:
            self._meet(cut[:_GLANCE].unique())
        found = pc.index_in(cut, value_set=self._pieces)
        if found.null_count:
            self._meet(cut.filter(found.is_null()).unique())
            found = pc.index_in(cut, value_set=self._pieces)
        if len(self._pieces) > _MOST:
            return None
        told = self._told.take(found.to_numpy())
        return told >> 1, (told & 1).astype(bool)

    def _meet(self, pieces: Any) -> None:  # noqa: ANN401  # an Arrow array
        """Number pieces: twice the code of the name, and one more for the last of a path."""
        self._pieces = pa.concat_arrays([self._pieces, pieces])
        told = []
        for piece in pieces.to_pylist():
            name = piece.removesuffix(SEPARATOR.encode())
            told.append(2 * self._codes.setdefault(name, len(self._codes)) + (name == piece))
        self._told = np.concatenate([self._told, np.array(told, np.int64).astype(_CODE)])
