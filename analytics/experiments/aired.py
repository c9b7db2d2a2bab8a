"""Was the schedule that was drawn the one that was run? Who was on air says so."""

import polars as pl

from analytics.experiments.design import KINDS, Design

KEPT_FROM = 0.9
"""Share of the time on air that must be of the kind drawn for a period to count as run as drawn."""
ON_AIR = ("human_ms", "digital_ms", "unknown_ms")
"""Columns of time on air, by kind."""


def aired(shifts: pl.DataFrame, design: Design) -> pl.DataFrame:
    """Compare the periods of a design with the shifts.

    shifts: kind, start_ms, end_ms, cut to the design, each host's own. Returns period (from 1), start_ms, drawn (human
    or digital), human_ms, digital_ms, unknown_ms (on air, co-hosts each; unknown: of any other kind), kept (whether at
    least KEPT_FROM of them was of the kind drawn; dead air is not kept), one row per period.
    """
    first = (pl.col("start_ms") - design.start_ms) // design.period_ms
    last = (pl.col("end_ms") - 1 - design.start_ms) // design.period_ms
    begin = design.start_ms + pl.col("period") * design.period_ms
    share = (pl.min_horizontal("end_ms", begin + design.period_ms) - pl.max_horizontal("start_ms", begin)).alias("ms")
    cut = shifts.with_columns(period=pl.int_ranges(first, last + 1)).explode("period").select("period", "kind", share)
    of_kind = [pl.col("ms").filter(pl.col("kind") == kind).sum().alias(f"{kind}_ms") for kind in KINDS]
    of_kind.append(pl.col("ms").filter(~pl.col("kind").is_in(KINDS)).sum().alias("unknown_ms"))
    sums = cut.group_by(pl.col("period").cast(pl.Int64)).agg(of_kind)
    drawn = [KINDS[digital] for digital in design.digital]
    periods = pl.DataFrame({"period": range(design.periods), "drawn": drawn}).with_columns(start_ms=begin)
    ours = pl.when(pl.col("drawn") == "digital").then("digital_ms").otherwise("human_ms")
    whole = pl.sum_horizontal(ON_AIR)
    return (
        periods.join(sums, on="period", how="left", maintain_order="left")
        .with_columns(pl.col(ON_AIR).fill_null(0))
        .select(
            "start_ms",
            "drawn",
            *ON_AIR,
            period=pl.col("period") + 1,
            kept=(whole > 0) & (ours >= KEPT_FROM * whole),
        )
        .select("period", "start_ms", "drawn", *ON_AIR, "kept")
    )


def filled(sums: pl.DataFrame, periods: int) -> pl.Series:
    """Give what each period of `periods` brought, 0 where nothing was sold. sums: period (from 0), net_minor."""
    every = pl.DataFrame({"period": range(periods)}, schema={"period": pl.Int64})
    joined = every.join(
        sums.with_columns(pl.col("period").cast(pl.Int64)), on="period", how="left", maintain_order="left"
    )
    return joined["net_minor"].fill_null(0)
