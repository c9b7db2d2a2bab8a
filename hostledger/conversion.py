"""Reporting amounts beside the original ones: the rows of a report in one currency, with the rates used."""

from zoneinfo import ZoneInfo

import polars as pl

from analytics.metrics import on_days
from analytics.rates import Rates, converted
from analytics.warehouse import Warehouse

KEYS = {"days": ("day", "kind"), "hosts": ("host_id", "kind"), "sessions": ("session_id",)}
"""What the rows of each report are of, besides a currency."""
_MONEY = ("gross_minor", "refunds_minor", "net_minor")


def rates_known(warehouse: Warehouse, known_ms: int) -> Rates:
    """Read the rates that were known before a time. Raises WarehouseError."""
    return Rates.of(warehouse.query("rates_known", known_ms=known_ms))


def with_closings(credits_: pl.DataFrame, closings: pl.DataFrame) -> pl.DataFrame:
    """Add closed_ms to what was booked: when the month that holds its at_ms was closed; null: it is open.

    closings: CLOSINGS of all closed months, or none where the rates of today are wanted for all.
    """
    months = closings.select("start_ms", "end_ms", "closed_ms").unique().sort("start_ms")
    held = credits_.sort("at_ms").join_asof(months, left_on="at_ms", right_on="start_ms", strategy="backward")
    closed = pl.when(pl.col("at_ms") < pl.col("end_ms")).then("closed_ms")
    return held.with_columns(closed_ms=closed).drop("start_ms", "end_ms")


def beside(
    frame: pl.DataFrame, credits_: pl.DataFrame, report: str, target: str, rates: Rates, zone: ZoneInfo
) -> pl.DataFrame:
    """Put amounts in a reporting currency beside those of a report's rows; the last row is their sum.

    frame: rows of the report, with is_total; credits_: what was booked, as `analytics.reports` takes it, and closed_ms.
    Each day's amounts are converted at the rate of that day. Raises MissingRate.
    """
    keys = KEYS[report]
    dated = on_days(credits_, zone).rename({"day": "on_day"})
    named = dated.with_columns(day=pl.col("on_day").dt.to_string("%Y-%m-%d"), session_id=_named("session_id"))
    lines = (
        named.group_by(*keys, "currency", "on_day", "closed_ms")
        .agg(pl.col("gross_minor", "refunds_minor").sum())
        .sort(*keys, "currency", "on_day", "closed_ms")
    )
    shown = converted(lines, keys, target, rates)
    rows = frame.filter(~pl.col("is_total")).select(*keys, "currency", *_MONEY)
    sums = shown.filter(pl.col("currency").is_null()).with_columns(pl.lit("total").alias(keys[0]))
    beside_ = rows.join(
        shown.filter(pl.col("currency").is_not_null()),
        on=[*keys, "currency"],
        how="inner",
        nulls_equal=True,
        maintain_order="left",
    )
    return pl.concat([beside_, sums], how="diagonal_relaxed").with_columns(is_total=pl.col("currency").is_null())


def _named(column: str) -> pl.Expr:
    """Absent text is null in a report."""
    return pl.when(pl.col(column) != "").then(column)
