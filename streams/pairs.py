"""Rows that are found by their pair of viewer and session, without a look at those of others.

A batch touches few of the pairs that are watching. So the rows lie in the order of the hashes of their pairs, what is
replaced is only marked as gone, and what is new lies beside them until it is worth putting all in order again.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

PAIR = ["viewer_id", "session_id"]
_AT_LEAST, _SHARE = 20_000, 4
"""Rows beside, or gone, that are borne in any case; and which part of those in order may be."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows with `viewer_id` and `session_id`, any number for each pair.

    ordered: rows by the hash of their pair, with these hashes; there: which of them count; beside: rows to add.
    """

    ordered: pl.DataFrame
    hashes: np.ndarray
    there: np.ndarray
    beside: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Self:
        """Put rows in order."""
        hashes = _hashes(rows)
        order = np.argsort(hashes)
        return cls(rows[order], hashes[order], np.ones(len(order), dtype=bool), rows.clear())

    @property
    def height(self) -> int:
        """How many rows there are."""
        return int(self.there.sum()) + self.beside.height

    @property
    def rows(self) -> pl.DataFrame:
        """All rows, in any order."""
        return pl.concat([self.ordered.filter(self.there), self.beside])

    def where(self, condition: pl.Expr) -> pl.DataFrame:
        """Give the rows for which something holds."""
        return pl.concat([self.ordered.filter(condition, self.there), self.beside.filter(condition)])

    def of_pairs(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of these pairs (PAIR, each once)."""
        found = [self.ordered[self._found(pairs)], self.beside]
        return pl.concat(found).join(pairs, on=PAIR, how="semi")

    def replaced(self, pairs: pl.DataFrame, rows: pl.DataFrame) -> "Pairs":
        """Have these rows instead of those of these pairs."""
        if pairs.height * _SHARE > len(self.there) + self.beside.height:
            return self._unordered(pl.concat([self.rows.join(pairs, on=PAIR, how="anti"), rows]))
        found = self._found(pairs)
        mine = self.ordered[found].select(PAIR).with_columns(place=pl.Series(found, dtype=pl.Int64))
        there = self.there.copy()
        there[mine.join(pairs, on=PAIR, how="semi")["place"].to_numpy()] = False
        beside = pl.concat([self.beside.join(pairs, on=PAIR, how="anti"), rows])
        after = Pairs(self.ordered, self.hashes, there, beside)
        most = max(_AT_LEAST, len(there) // _SHARE)
        is_loose = beside.height > most or len(there) - int(there.sum()) > most
        return Pairs.of(after.rows) if is_loose else after

    @classmethod
    def _unordered(cls, rows: pl.DataFrame) -> Self:
        """Leave rows as they are: putting them in order pays when few of them are asked for."""
        return cls(rows.clear(), np.empty(0, dtype=np.uint64), np.empty(0, dtype=bool), rows)

    def _found(self, pairs: pl.DataFrame) -> np.ndarray:
        """Places in the order of what counts and may be of these pairs: their hashes say so."""
        wanted = np.sort(_hashes(pairs))  # numpy's unique takes twenty times as long
        wanted = wanted[np.diff(wanted, prepend=~wanted[:1]) != 0]
        first = np.searchsorted(self.hashes, wanted, "left")
        counts = np.searchsorted(self.hashes, wanted, "right") - first
        ends = np.cumsum(counts)
        places = np.repeat(first - ends + counts, counts) + np.arange(counts.sum())
        return np.asarray(places[self.there[places]])


def _hashes(rows: pl.DataFrame) -> np.ndarray:
    return np.asarray(rows.select(PAIR).hash_rows().to_numpy())
