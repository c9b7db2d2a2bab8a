"""How sure a weighted difference of rates is: sessions are the draws, whatever happens inside one hangs together.

The difference is linear in the sums of the sessions, to first order, with the weights of the strata taken as given:
each session moves it by its residuals, what it brought less what its denominator would bring at the rate of its
stratum and arm. The variance is the sum of the squares of these moves (cluster-robust, as in survey sampling) times a
correction: a rate that is fitted to a few sessions lies too close to them. The correction is what the sum falls short
by when every session is unlike the others by a factor of its own, half of it in all of its strata and half in each by
itself (after Bell and McCaffrey's bias-reduced linearisation). Where a stratum has only one session of an arm, its
residual is taken against the rate of the arm over all comparable strata, which is wide rather than narrow. Degrees of
freedom are Satterthwaite's over strata and arms, at most the number of sessions less two.
"""

from dataclasses import dataclass
from math import sqrt

import polars as pl
from scipy.special import stdtrit

LEVEL = 0.95
"""Confidence of every interval."""
_FEWEST = 2
_ARM = ("stratum", "treated")


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard error and degrees of freedom of a difference; None where an arm has a single session."""

    se: float | None
    freedom: float | None

    def around(self, difference: float) -> tuple[float | None, float | None]:
        """Give the ends of the interval."""
        if self.se is None or self.freedom is None:
            return None, None
        reach = float(stdtrit(self.freedom, (1 + LEVEL) / 2)) * self.se
        return difference - reach, difference + reach


def spread(units: pl.DataFrame) -> Spread:
    """Work out how sure a weighted difference is.

    units: one row per stratum, arm and session: stratum, treated, session_id, top, bottom, weight (of the stratum; they
    add up to 1).
    """
    counts = units.group_by("treated").agg(pl.col("session_id").n_unique())["session_id"].to_list()
    if len(counts) < _FEWEST or min(counts) < _FEWEST:
        return Spread(None, None)
    moves = _moves(units)
    squares = float(moves.group_by("session_id", maintain_order=True).agg(pl.col("move").sum())["move"].pow(2).sum())
    return Spread(sqrt(squares * _correction(moves)), _freedom(moves))


def _moves(units: pl.DataFrame) -> pl.DataFrame:
    """Add what each session does to the difference.

    part: of the arm's denominator in the stratum, 0 where it is alone; pull: how far it would move the difference if it
    were unlike the others by its own size; move: how far it does.
    """
    whole = pl.col("bottom").sum().over(_ARM)
    several = (pl.col("bottom") > 0).sum().over(_ARM) > 1
    pooled = pl.col("top").sum().over("treated") / pl.col("bottom").sum().over("treated")
    rate = pl.when(several).then(pl.col("top").sum().over(_ARM) / whole).otherwise(pooled)
    scale = pl.when("treated").then(1.0).otherwise(-1.0) * pl.col("weight") / whole
    return units.with_columns(
        part=pl.when(several).then(pl.col("bottom") / whole).otherwise(0.0),
        pull=scale * rate * pl.col("bottom"),
        move=scale * (pl.col("top") - rate * pl.col("bottom")),
    )


def _correction(moves: pl.DataFrame) -> float:
    """Say what the sum of squares is to be multiplied by: what sessions unlike each other bring / what is left of it.

    What is left of one's own effect is itself less the part that its arm's rate takes up. `together`: a session is
    unlike in all of its strata alike; `apart`: in each by itself.
    """
    parts = pl.col("part").pow(2).sum().over(_ARM)
    sessions = moves.group_by("session_id", maintain_order=True).agg(
        pull=pl.col("pull").sum(), taken=(pl.col("pull") * pl.col("part")).sum()
    )
    together = float(sessions["pull"].pow(2).sum())
    left_together = together - 2 * float((sessions["pull"] * sessions["taken"]).sum()) + _between(moves)
    apart, left_apart = moves.select(
        apart=pl.col("pull").pow(2).sum(), left=(pl.col("pull").pow(2) * (1 - 2 * pl.col("part") + parts)).sum()
    ).row(0)
    left = left_together + left_apart
    return float((together + apart) / left) if left > 0 else 1.0


def _between(moves: pl.DataFrame) -> float:
    """Sum the squares of what each session takes up of each other: strata that share sessions, two by two."""
    arms = moves.filter(pl.col("part") > 0).select(
        pl.struct(_ARM).rank("dense").alias("arm"),
        pl.col("session_id").rank("dense").alias("session"),
        "part",
        pull=pl.col("pull").sum().over(_ARM),
    )
    pairs = (
        arms.join(arms, on="session")
        .group_by("arm", "arm_right", maintain_order=True)
        .agg(
            shared=(pl.col("part") * pl.col("part_right")).sum(), pulls=(pl.col("pull") * pl.col("pull_right")).first()
        )
    )
    return float((pairs["pulls"] * pairs["shared"].pow(2)).sum())


def _freedom(moves: pl.DataFrame) -> float:
    """Satterthwaite's degrees of freedom, at most the sessions less two, at least one."""
    parts = moves.group_by(_ARM, maintain_order=True).agg(
        part=pl.col("move").pow(2).sum(), draws=(pl.col("session_id").n_unique() - 1).clip(1)
    )
    below = float((parts["part"].pow(2) / parts["draws"]).sum())
    found = float(parts["part"].sum()) ** 2 / below if below > 0 else 1.0
    return max(1.0, min(found, moves["session_id"].n_unique() - 2))
