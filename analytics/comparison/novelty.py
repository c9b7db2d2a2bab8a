"""Does it wear off? The treated arm's lift by days since its avatar's version began, and by hours of the stream."""

from collections.abc import Callable
from dataclasses import asdict

import polars as pl

from analytics.comparison.estimates import Estimate, contrast, numbered
from analytics.rules import DAY_MS, HOUR_MS


def by_days(cells: pl.DataFrame, versions: pl.DataFrame, days: int) -> pl.DataFrame:
    """Compare each day of an avatar's version with the control arm in the same strata (as ATT).

    cells: as for `contrast`, with host_id ('' where several were on air, left out here) and hour_ms; versions:
    host_id, began_ms (first shift of a version). Days are 24 hours, the hour in which a version began belongs to it.
    Returns day (0 to days - 1), lift (treated / control - 1), lift_low, lift_high, and the columns of Estimate.
    """
    known = numbered(cells)
    aged = _aged(known.filter("treated"), versions)
    control = known.filter(~pl.col("treated"))

    def on(day: int) -> Estimate | None:
        treated = aged.filter(pl.col("day") == day).select(control.columns)
        alike = control.join(treated, on="stratum", how="semi", maintain_order="left")
        return contrast(pl.concat([alike, treated]), "att")

    return _rows("day", sorted(set(aged.filter(pl.col("day") < days)["day"])), on)


def by_stream_hour(cells: pl.DataFrame) -> pl.DataFrame:
    """Compare the arms in each hour since their sessions began (as ATE over that hour's traffic).

    cells: as for `contrast`, with stream_hour (text of a whole number; others are left out). Returns stream_hour and
    what `by_days` returns.
    """
    placed = numbered(cells).with_columns(number=pl.col("stream_hour").cast(pl.Int64, strict=False))

    def at(hour: int) -> Estimate | None:
        return contrast(placed.filter(pl.col("number") == hour), "ate")

    return _rows("stream_hour", sorted(set(placed["number"].drop_nulls())), at)


def _aged(treated: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Add `day`: whole days from the begin of the version that was on air at the end of the cell's hour."""
    began = versions.select("host_id", "began_ms").sort("began_ms")
    hours = treated.with_columns(end_ms=pl.col("hour_ms") + HOUR_MS - 1).sort("end_ms")
    return (
        hours.join_asof(began, left_on="end_ms", right_on="began_ms", by="host_id", check_sortedness=False)
        .drop_nulls("began_ms")
        .with_columns(day=((pl.col("hour_ms") - pl.col("began_ms")).clip(0) // DAY_MS))
    )


def _rows(name: str, values: list[int], asked: Callable[[int], Estimate | None]) -> pl.DataFrame:
    found = [(value, estimate) for value in values if (estimate := asked(value)) is not None]
    rows = [{name: value, **_lift(estimate), **asdict(estimate)} for value, estimate in found]
    return pl.DataFrame(rows, infer_schema_length=None).drop("figure", "ratio", strict=False)


def _lift(estimate: Estimate) -> dict[str, float | None]:
    """The difference and its interval as parts of the control's rate, which is taken as given."""

    def part(value: float | None) -> float | None:
        return value / estimate.control if value is not None and estimate.control > 0 else None

    return {"lift": part(estimate.difference), "lift_low": part(estimate.low), "lift_high": part(estimate.high)}
