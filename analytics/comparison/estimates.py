"""The figures of a comparison: crude, and stratified with the weights of ATE, ATT and Mantel-Haenszel.

Inside a stratum the difference is the treated arm's ratio of sums less the control's. The figures differ in how
strata are weighted, so each answers its own question: crude: no strata. ate: what all traffic would bring under the
one arm less under the other; weights are the denominators of both. att: the same for the traffic that the treated arm
had. mantel_haenszel: weights n0 n1 / (n0 + n1), the most precise where the difference is the same everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from analytics.comparison.intervals import Spread, spreads

_N0, _N1 = pl.col("control_bottom"), pl.col("treated_bottom")
WEIGHTS = {"ate": _N0 + _N1, "att": _N1, "mantel_haenszel": _N0 * _N1 / (_N0 + _N1)}
"""Weight of a stratum, up to a factor."""
FIGURES = ("crude", *WEIGHTS)
ONE = "all"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure: treated less control, with its interval and what it stands on.

    control, treated: rates of the arms, weighted alike; low, high, se, freedom: None where an arm has one session only,
    or sessions that do not differ; ratio: treated / control - 1, None where the control's rate is not above 0.
    """

    figure: str
    control: float
    treated: float
    difference: float
    low: float | None
    high: float | None
    ratio: float | None
    se: float | None
    freedom: float | None
    strata: int
    control_sessions: int
    treated_sessions: int
    control_bottom: float
    treated_bottom: float


def strata_table(cells: pl.DataFrame) -> pl.DataFrame:
    """Sum cells by stratum.

    cells: session_id, stratum, treated, top, bottom. Returns stratum, and for each arm (control_, treated_) top,
    bottom, sessions, rate; difference; comparable (both arms have a denominator); sorted by all traffic, the most
    first.
    """
    wide = cells.group_by("stratum").agg(
        *(
            expression.filter(of).sum().alias(f"{arm}_{name}")
            for arm, of in (("control", ~pl.col("treated")), ("treated", pl.col("treated")))
            for name, expression in (("top", pl.col("top")), ("bottom", pl.col("bottom")))
        ),
        control_sessions=pl.col("session_id").filter(~pl.col("treated")).n_unique(),
        treated_sessions=pl.col("session_id").filter("treated").n_unique(),
    )
    rates = wide.with_columns(
        pl.when(pl.col(f"{arm}_bottom") > 0).then(pl.col(f"{arm}_top") / pl.col(f"{arm}_bottom")).alias(f"{arm}_rate")
        for arm in ("control", "treated")
    )
    return rates.with_columns(
        difference=pl.col("treated_rate") - pl.col("control_rate"),
        comparable=(pl.col("control_bottom") > 0) & (pl.col("treated_bottom") > 0),
    ).sort(0 - (_N0 + _N1), "stratum")


def estimates(cells: pl.DataFrame) -> list[Estimate]:
    """Work out every figure that can be had: none where an arm is missing, the crude one where no stratum has both."""
    known = numbered(cells)
    crude = contrast(known.with_columns(stratum=pl.lit(ONE)), "ate")
    return ([] if crude is None else [replace(crude, figure="crude")]) + _contrasts(known, tuple(WEIGHTS))


def numbered(cells: pl.DataFrame) -> pl.DataFrame:
    """Write session_id and stratum as their places among all of them, so that a year takes seconds.

    The same cells always get the same numbers: sums go by them, and their last digits with them. What is a number
    already stays.
    """
    texts = [cells[name] for name in ("session_id", "stratum") if cells.schema[name] == pl.String]
    return cells.with_columns(text.cast(pl.Enum(text.unique().sort())).to_physical() for text in texts)


def contrast(cells: pl.DataFrame, figure: str) -> Estimate | None:
    """Compare the arms over the strata that have both, by the weights of a figure; None where there are none."""
    return next(iter(_contrasts(cells, (figure,))), None)


def _contrasts(cells: pl.DataFrame, figures: Sequence[str]) -> list[Estimate]:
    """Compare the arms by the weights of several figures."""
    known = numbered(cells.select("session_id", "stratum", "treated", "top", "bottom"))
    table = strata_table(known).filter("comparable")
    if table.is_empty():
        return []
    table = table.with_columns((WEIGHTS[figure] / WEIGHTS[figure].sum()).alias(figure) for figure in figures)
    units = (
        known.group_by("stratum", "treated", "session_id", maintain_order=True)
        .agg(pl.col("top", "bottom").sum())
        .join(table.select("stratum", *figures), on="stratum", maintain_order="left")
    )
    sessions = dict(units.group_by("treated").agg(pl.col("session_id").n_unique()).iter_rows())
    sure = spreads(units, figures)
    return [_estimated(table, sessions, *one) for one in zip(figures, sure, strict=True)]


def _estimated(table: pl.DataFrame, sessions: dict[bool, int], figure: str, sure: Spread) -> Estimate:
    control, treated = (float((table[figure] * table[f"{arm}_rate"]).sum()) for arm in ("control", "treated"))
    low, high = sure.around(treated - control)
    return Estimate(
        figure=figure,
        control=control,
        treated=treated,
        difference=treated - control,
        low=low,
        high=high,
        ratio=treated / control - 1 if control > 0 else None,
        se=sure.se,
        freedom=sure.freedom,
        strata=table.height,
        control_sessions=sessions[False],
        treated_sessions=sessions[True],
        control_bottom=float(table["control_bottom"].sum()),
        treated_bottom=float(table["treated_bottom"].sum()),
    )


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much can be compared, and the shares of denominators in strata without the other arm; None of nothing."""

    strata: int
    comparable: int
    control_left_out: float | None
    treated_left_out: float | None
    left_out: float | None


def overlap(table: pl.DataFrame) -> Overlap:
    """Say how much of a strata table is left out because an arm is missing."""
    lone = table.filter(~pl.col("comparable"))
    sums = {
        arm: (float(lone[f"{arm}_bottom"].sum()), float(table[f"{arm}_bottom"].sum())) for arm in ("control", "treated")
    }
    shares = {arm: part / whole if whole else None for arm, (part, whole) in sums.items()}
    part, whole = (float(sum(sums[arm][place] for arm in sums)) for place in (0, 1))
    return Overlap(
        strata=table.height,
        comparable=table.height - lone.height,
        control_left_out=shares["control"],
        treated_left_out=shares["treated"],
        left_out=part / whole if whole else None,
    )
