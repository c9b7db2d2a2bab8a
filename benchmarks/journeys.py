"""Seeded journeys for the attribution models: the same for everyone, kept as three arrays in one file.

length: steps per journey (1 to 8); host: host number of every step, journey after journey; converted: per journey;
age_ms: per step, from its end to the conversion. Every journey is of one host at a time: the peers know no co-hosts.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

HOSTS = [f"host-{number:02d}" for number in range(12)]
LONGEST = 8
CONVERSION = 0.3
ORDERED_MS = 1_772_409_600_000
_SEED = 20260302
_DAY_MS = 86_400_000


def generated(folder: Path, count: int) -> Path:
    """Give the file of that many journeys."""
    path = folder / f"journeys-{count}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, **_drawn(count))
    return path


def _drawn(count: int) -> dict[str, Any]:
    """Popular hosts come more often, and some convert better than others."""
    chance = np.random.default_rng(_SEED)
    popular = 1 / np.arange(2, len(HOSTS) + 2)
    length = chance.integers(1, LONGEST + 1, count)
    host = chance.choice(len(HOSTS), length.sum(), p=popular / popular.sum()).astype(np.int8)
    appeal = chance.uniform(0.5, 1.5, len(HOSTS))[host]
    mean = np.add.reduceat(appeal, np.cumsum(length) - length) / length
    converted = chance.random(count) < CONVERSION * mean / mean.mean()
    age = _ages(length, chance)
    return {"length": length, "host": host, "converted": converted, "age_ms": age}


def _ages(length: Any, chance: np.random.Generator) -> Any:  # noqa: ANN401  # an array
    """Ages fall from step to step and end above zero, all within a week."""
    gaps = chance.integers(60_000, _DAY_MS // 2, length.sum())
    total = np.cumsum(gaps[::-1])[::-1]
    ends = np.cumsum(length)
    after = np.append(total, 0)[ends]
    return total - np.repeat(after, length)


def steps(path: Path, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Our input: the steps of the first journeys in the columns of `paths.STEPS`, and journey, converted."""
    drawn = np.load(path)
    length = drawn["length"][:count]
    rows = int(length.sum())
    ids = pl.Series(np.arange(count)).cast(pl.String)
    end = ORDERED_MS - drawn["age_ms"][:rows]
    journeys = pl.DataFrame({"journey": ids, "converted": drawn["converted"][:count]})
    names = pl.Series(HOSTS).gather(drawn["host"][:rows])
    walked = pl.DataFrame(
        {
            "order_id": ids.gather(np.repeat(np.arange(count), length)),
            "step": _numbers(length),
            "session_id": pl.repeat("s", rows, eager=True),
            "start_ms": end - 60_000,
            "end_ms": end,
            "watched_ms": pl.repeat(60_000, rows, eager=True),
            "host_ids": names.reshape((rows, 1)).arr.to_list(),
        }
    )
    return walked, journeys


def paths(path: Path, count: int) -> pl.DataFrame:
    """Give the first journeys as lists: path (host names as one dictionary), converted."""
    drawn = np.load(path)
    length = drawn["length"][:count]
    walked = pl.Series(drawn["host"][: int(length.sum())]).cast(pl.UInt8).cat.to(pl.Enum(HOSTS))
    journey = np.repeat(np.arange(count), length)
    lists = pl.DataFrame({"journey": journey, "path": walked}).group_by("journey", maintain_order=True).agg("path")
    return lists.select("path", converted=pl.Series(drawn["converted"][:count]))


def _numbers(length: Any) -> pl.Series:  # noqa: ANN401  # an array
    """1 to n within each journey."""
    starts = np.cumsum(length) - length
    return pl.Series(np.arange(length.sum()) - np.repeat(starts, length) + 1).cast(pl.UInt32)
