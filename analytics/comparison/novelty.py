"""Does it wear off? The treated arm's lift by days since its avatar's version began, and by hours of the stream."""

from collections.abc import Callable
from dataclasses import asdict
from math import exp
from typing import Any

import polars as pl

from analytics.comparison.estimates import Estimate, contrast, numbered
from analytics.rules import DAY_MS, HOUR_MS

_ENDLESS = 10
"""An interval of more than e^10 times the lift up and down says nothing."""
_FRACTIONS = ("lift", "lift_low", "lift_high", "control", "treated", "difference", "low", "high", "se", "freedom")
_COUNTS = ("strata", "control_sessions", "treated_sessions")
_COLUMNS: dict[str, Any] = (
    dict.fromkeys(_FRACTIONS, pl.Float64)
    | dict.fromkeys(_COUNTS, pl.Int64)
    | dict.fromkeys(("control_bottom", "treated_bottom"), pl.Float64)
)


def by_days(cells: pl.DataFrame, versions: pl.DataFrame, days: int) -> pl.DataFrame:
    """Compare each day of an avatar's version with the control arm in the same strata (as ATT).

    cells: as for `contrast`, with host_id ('' where several were on air, left out here) and hour_ms; versions:
    host_id, began_ms (first shift of a version). Days are 24 hours, the hour in which a version began belongs to it.
    Returns day (0 to days - 1), lift (treated / control - 1), lift_low, lift_high (None where either sold nothing, or
    the difference has no interval), and the columns of Estimate.
    """
    known = numbered(cells.filter(pl.col("host_id") != ""))
    aged = _aged(known.filter("treated"), versions)
    control = known.filter(~pl.col("treated"))

    def on(day: int) -> pl.DataFrame:
        treated = aged.filter(pl.col("day") == day).select(control.columns)
        alike = control.join(treated, on="stratum", how="semi", maintain_order="left")
        return pl.concat([alike, treated])

    return _rows("day", sorted(set(aged.filter(pl.col("day") < days)["day"])), on, "att")


def by_stream_hour(cells: pl.DataFrame) -> pl.DataFrame:
    """Compare the arms in each hour since their sessions began (as ATE over that hour's traffic).

    cells: as for `contrast`, with stream_hour (text of a whole number; others are left out). Returns stream_hour and
    what `by_days` returns.
    """
    placed = numbered(cells).with_columns(number=pl.col("stream_hour").cast(pl.Int64, strict=False))

    def at(hour: int) -> pl.DataFrame:
        return placed.filter(pl.col("number") == hour)

    return _rows("stream_hour", sorted(set(placed["number"].drop_nulls())), at, "ate")


def _aged(treated: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Add `day`: whole days from the begin of the version that was on air at the end of the cell's hour."""
    began = versions.select("host_id", "began_ms").sort("began_ms")
    hours = treated.with_columns(end_ms=pl.col("hour_ms") + HOUR_MS - 1).sort("end_ms", maintain_order=True)
    return (
        hours.join_asof(began, left_on="end_ms", right_on="began_ms", by="host_id", check_sortedness=False)
        .drop_nulls("began_ms")
        .with_columns(day=((pl.col("hour_ms") - pl.col("began_ms")).clip(0) // DAY_MS))
    )


def _rows(name: str, values: list[int], cells: Callable[[int], pl.DataFrame], figure: str) -> pl.DataFrame:
    rows = [{name: value, **row} for value in values if (row := _row(cells(value), figure))]
    return pl.DataFrame(rows, {name: pl.Int64} | _COLUMNS)


def _row(cells: pl.DataFrame, figure: str) -> dict[str, object]:
    """Give the lift of cells with its interval, and the estimate; nothing where no stratum has both arms."""
    found = contrast(cells, figure)
    if found is None:
        return {}
    low, high = _ends(cells, found)
    return {"lift": found.ratio, "lift_low": low, "lift_high": high, **asdict(found)}


def _ends(cells: pl.DataFrame, found: Estimate) -> tuple[float | None, float | None]:
    """Give the interval of the lift, both rates being uncertain: that of the logarithm of treated / control.

    To first order it moves as the treated's rate less the control's times their ratio does, over the treated's rate.
    """
    if found.ratio is None:
        return None, None
    rate = found.treated / found.control
    level = contrast(
        cells.with_columns(top=pl.when("treated").then("top").otherwise(pl.col("top") * rate)), found.figure
    )
    if level is None or level.high is None or level.high > _ENDLESS * found.treated:
        return None, None
    reach = level.high / found.treated
    return rate * exp(-reach) - 1, rate * exp(reach) - 1
