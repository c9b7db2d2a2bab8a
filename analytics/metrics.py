"""The standard metrics, each declared once with its formula; exact ratios of sums; and the days they are told by.

Frames carry `gross_minor`, `refunds_minor`, `credited_minor`, `orders` and `live_ms`. Only these sums are ever added;
a ratio is taken of sums, last, and never averaged.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from analytics.events import MAX_TIME_MS
from analytics.ledger import EXCESS
from analytics.models import UNATTRIBUTED
from analytics.rules import DAY_MS, HOUR_MS

BASIS_POINTS = 10_000
_BEYOND = date(2100, 1, 2)


def half_even(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Divide whole numbers and round half to even, exactly. Null where the denominator is 0 or null."""
    above, below = numerator.cast(pl.Int128), denominator.cast(pl.Int128)
    divisible = pl.when(below > 0).then(below)
    quotient = above // divisible
    twice = 2 * (above - quotient * divisible)
    up = (twice > divisible) | ((twice == divisible) & (quotient % 2 != 0))
    return quotient + up.cast(pl.Int128)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its formula in words, and in code where it is worked out of the sums of a row."""

    formula: str
    worked_out: pl.Expr | None = None


METRICS = {
    "gross_minor": Metric("GMV: credited sales at the time of the order, refunds not deducted"),
    "refunds_minor": Metric("refunds, at the time of the refund"),
    "net_minor": Metric("net GMV: gross - refunds", pl.col("gross_minor") - pl.col("refunds_minor")),
    "orders": Metric("distinct orders; one with hosts of two kinds counts for both, and once in the total"),
    "live_ms": Metric("live hours: time on air, a shift that goes on counted to the newest event"),
    "gmv_per_live_hour_minor": Metric(
        "GMV credited to hosts / live hours, in whole minor units, rounded half to even",
        half_even(pl.col("credited_minor").cast(pl.Int128) * HOUR_MS, pl.col("live_ms")),
    ),
    "share_bp": Metric("gross / gross of the total, in basis points (1/100 of a percent), rounded half to even"),
}
"""Every metric of the reports by its column. Amounts are in minor units of the row's currency, per currency."""

SUMS: dict[str, Any] = {
    "gross_minor": pl.Int128,
    "refunds_minor": pl.Int128,
    "credited_minor": pl.Int128,
    "orders": pl.Int64,
    "live_ms": pl.Int64,
}
"""What may be added up. credited_minor: gross of hosts, the account `unattributed` left out."""


def summed(frame: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Add up the sums by key, without keys over all. Amounts become Int128, so that no sum overflows."""
    return frame.group_by(keys).agg(pl.col(name).cast(dtype).sum() for name, dtype in SUMS.items())


def booked(credits_: pl.DataFrame) -> pl.DataFrame:
    """Turn booked credits into sums: host_id, gross_minor, refunds_minor and orders get credited_minor and live_ms.

    The ledger keeps `excess_refund` positive. Here it is a refund like any other, nobody's: so that the accounts add
    up to all that was paid less all that was refunded.
    """
    account = pl.col("host_id")
    returned = pl.col("refunds_minor").cast(pl.Int128)
    return credits_.with_columns(
        pl.col("gross_minor").cast(pl.Int128),
        refunds_minor=pl.when(account == EXCESS).then(0 - returned).otherwise(returned),
        credited_minor=pl.when(account.is_in([UNATTRIBUTED, EXCESS])).then(0).otherwise("gross_minor").cast(pl.Int128),
        live_ms=pl.lit(0, dtype=pl.Int64),
    )


def measured(frame: pl.DataFrame) -> pl.DataFrame:
    """Work out net and GMV per live hour from the sums of each row."""
    found = {name: metric.worked_out for name, metric in METRICS.items() if metric.worked_out is not None}
    return frame.with_columns(**found)


def share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Give a part of a whole in basis points; null where there is no whole."""
    return half_even(part.cast(pl.Int128) * BASIS_POINTS, whole)


def day_start_ms(day: date, zone: ZoneInfo) -> int:
    """Say when a day begins in a time zone, milliseconds UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def day_end_ms(day: date, zone: ZoneInfo) -> int:
    """Say when a day ends in a time zone, milliseconds UTC; for days beyond all times of events, when these end."""
    return day_start_ms(day + timedelta(1), zone) if day < _BEYOND else MAX_TIME_MS + DAY_MS


def days(first_ms: int, last_ms: int, zone: ZoneInfo) -> pl.DataFrame:
    """List the days of a time zone from the one that holds first_ms to the one that holds last_ms.

    Returns day (date), day_start_ms, day_end_ms (half-open; 23 or 25 hours where the clocks change).
    """
    first, last = (datetime.fromtimestamp(ms / 1000, zone).date() for ms in (first_ms, last_ms))
    listed = [first + timedelta(number) for number in range((last - first).days + 2)]
    starts = [day_start_ms(day, zone) for day in listed]
    return pl.DataFrame(
        {"day": listed[:-1], "day_start_ms": starts[:-1], "day_end_ms": starts[1:]},
        schema={"day": pl.Date, "day_start_ms": pl.Int64, "day_end_ms": pl.Int64},
    )


def on_days(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Add the `day` that holds at_ms in a time zone."""
    if frame.is_empty():
        return frame.with_columns(day=pl.lit(None, dtype=pl.Date))
    listed = days(frame["at_ms"].min(), frame["at_ms"].max(), zone)  # type: ignore[arg-type]  # not empty
    return frame.sort("at_ms").join_asof(
        listed.select("day", "day_start_ms"), left_on="at_ms", right_on="day_start_ms", strategy="backward"
    )


def cut_at_days(spans: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Cut spans (start_ms, end_ms, half-open) where a day of a time zone begins, and add the `day` of each piece."""
    if spans.is_empty():
        return spans.with_columns(day=pl.lit(None, dtype=pl.Date))
    listed = days(spans["start_ms"].min(), spans["end_ms"].max(), zone)  # type: ignore[arg-type]  # not empty
    return (
        spans.join_where(listed, pl.col("start_ms") < pl.col("day_end_ms"), pl.col("end_ms") > pl.col("day_start_ms"))
        .with_columns(
            start_ms=pl.max_horizontal("start_ms", "day_start_ms"), end_ms=pl.min_horizontal("end_ms", "day_end_ms")
        )
        .drop("day_start_ms", "day_end_ms")
    )


def union_ms(spans: pl.DataFrame, key: str) -> pl.DataFrame:
    """Measure how long at least one span of a key lasts: key, live_ms. Overlaps count once."""
    reach = pl.col("end_ms").cum_max().shift(1).over(key, order_by="start_ms")
    begin = pl.max_horizontal("start_ms", reach)
    return (
        spans.sort(key, "start_ms")
        .with_columns(alone_ms=(pl.col("end_ms") - begin).clip(0))
        .group_by(key)
        .agg(live_ms=pl.col("alone_ms").sum())
    )
