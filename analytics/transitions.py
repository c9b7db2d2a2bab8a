"""Transition counts that are kept: of those who never bought, by quarter of an hour, and as differences."""

import numpy as np
import polars as pl

from analytics.chains import CONVERSION, NULL, START, remembering
from analytics.removal import Counts, holding
from analytics.rules import MINUTE_MS
from analytics.walks import Numbers, coded, heads

QUARTER_MS = 15 * MINUTE_MS
MEMORIES = (1, 2, 3)
"""How many line-ups a state may remember."""
_KEY = ("memory", "quarter_ms", "source", "target")
LOST = {
    "memory": pl.UInt8,
    "quarter_ms": pl.Int64,
    "source": pl.String,
    "target": pl.String,
    "times": pl.Int64,
}
"""Columns of kept counts: times that journeys which ended in a quarter went from source to target."""


def lost_transitions(steps: pl.DataFrame, newest_ms: int) -> pl.DataFrame:
    """Count the transitions of journeys without an order by the quarter in which their last step ended.

    steps: viewer_id, end_ms, host_ids, the steps of a viewer together and in order; a step that has not ended counts up
    to newest_ms. Returns LOST.
    """
    first = heads(steps["viewer_id"].rle_id().to_numpy())
    if not len(first):
        return pl.DataFrame(schema=LOST)
    ended = np.minimum(np.maximum.reduceat(steps["end_ms"].to_numpy(), first), newest_ms) // QUARTER_MS * QUARTER_MS
    quarter = np.concatenate([np.repeat(ended, np.diff(np.append(first, steps.height))), ended])
    lineup, lineups = coded(steps["host_ids"])
    found = [
        _ways(*remembering(lineup, lineups.names, first, memory), first)
        .with_columns(quarter_ms=quarter, memory=pl.lit(memory, pl.UInt8))
        .group_by(_KEY)
        .agg(times=pl.len().cast(pl.Int64))
        for memory in MEMORIES
    ]
    return pl.concat(found).select(list(LOST)).sort(_KEY)


def _ways(state: Numbers, names: pl.Series, first: Numbers) -> pl.DataFrame:
    """Give source and target of every step of journeys that lead nowhere, then of their beginnings."""
    size = len(names)
    last = np.append(first[1:], len(state)) - 1
    target = np.append(state[1:], 0)
    target[last] = size
    names = pl.concat([names.cast(pl.String), pl.Series([NULL, START])])
    source = np.concatenate([state, np.full(len(first), size + 1)])
    return pl.DataFrame(
        {"source": names.gather(source), "target": names.gather(np.concatenate([target, state[first]]))}
    )


def changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Give what has to be added to counts (LOST) to make them others, sorted; what is the same is absent."""
    columns = [pl.col(name).cast(dtype) for name, dtype in LOST.items()]
    both = pl.concat([after.select(columns), before.select(columns).with_columns(-pl.col("times"))])
    return both.group_by(_KEY).agg(pl.col("times").sum()).filter(pl.col("times") != 0).select(list(LOST)).sort(_KEY)


def solvable(counts: pl.DataFrame) -> Counts:
    """Take counts (source, target, times: whole journeys) as numbers, to be solved by `removal.effects`."""
    ends = [START, CONVERSION, NULL]
    states = pl.concat([counts["source"], counts["target"]]).unique().sort()
    names = states.filter(~states.is_in(ends))
    code = dict(zip([*names, *ends], range(len(names) + len(ends)), strict=True))
    source, target = (
        counts[side].replace_strict(code, return_dtype=pl.Int64).to_numpy() for side in ("source", "target")
    )
    holds, hosts = holding(names)
    return Counts(source, target, counts["times"].cast(pl.Float64).to_numpy(), holds, hosts)
