"""Rows by pair are those of a plain frame, whatever was replaced before, and however many pairs share a hash."""

from random import Random

import numpy as np
import polars as pl
import pytest

from streams import pairs
from streams.pairs import PAIR, Pairs

ROWS = {"viewer_id": pl.String, "session_id": pl.String, "at_ms": pl.Int64}


def rows_of(random: Random, most: int) -> pl.DataFrame:
    found = [
        (f"v{random.randrange(6)}", f"s{random.randrange(3)}", random.randrange(9))
        for _ in range(random.randrange(most))
    ]
    return pl.DataFrame(found, schema=ROWS, orient="row")


def as_list(rows: pl.DataFrame) -> list[tuple[str, str, int]]:
    return sorted(rows.rows())


@pytest.fixture(params=[2, 1 << 64], ids=["hashes that collide", "hashes"])
def _hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pairs._hashes
    monkeypatch.setattr(pairs, "_AT_LEAST", 3)
    monkeypatch.setattr(
        pairs, "_hashes", lambda rows: np.asarray([int(h) % request.param for h in real(rows)], np.uint64)
    )


@pytest.mark.usefixtures("_hashes")
@pytest.mark.parametrize("seed", range(20))
def test_rows_by_pair_are_those_of_a_plain_frame(seed: int) -> None:
    random = Random(seed)
    plain = rows_of(random, 80)
    kept = Pairs.of(plain)
    for _ in range(12):
        wanted = rows_of(random, random.choice((2, 3, 30))).select(PAIR).unique()
        assert as_list(kept.of_pairs(wanted)) == as_list(plain.join(wanted, on=PAIR, how="semi"))
        new = rows_of(random, 12)
        before, listed = kept, as_list(kept.rows)
        kept, plain = kept.replaced(wanted, new), pl.concat([plain.join(wanted, on=PAIR, how="anti"), new])
        assert as_list(kept.rows) == as_list(plain)
        assert kept.height == plain.height
        assert as_list(kept.where(pl.col("at_ms") < 4)) == as_list(plain.filter(pl.col("at_ms") < 4))
        assert as_list(before.rows) == listed
