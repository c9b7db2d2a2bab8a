"""What two arms are compared by: each measure once, a ratio of sums, with its formula."""

from dataclasses import dataclass

import polars as pl

from analytics.rules import HOUR_MS, SECOND_MS

_GROSS, _REFUNDS = (pl.col(name).cast(pl.Float64) for name in ("gross_minor", "refunds_minor"))
_VIEWER_HOURS = pl.col("watch_ms") / HOUR_MS


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of sums.

    top, bottom: what is added up, of a cell; unit: what it is told in; money: its top is in minor units of the
    currency; counting: it needs the views; binary: each of the bottom either has it or has not; base: what the bottom
    is called.
    """

    formula: str
    top: pl.Expr
    bottom: pl.Expr
    unit: str
    base: str
    money: bool = False
    counting: bool = False
    binary: bool = False


MEASURES = {
    "net_per_viewer_hour": Measure(
        "net = credited gross - refunds of what was sold then / hours watched",
        _GROSS - _REFUNDS,
        _VIEWER_HOURS,
        "per viewer-hour",
        "viewer-hours",
        money=True,
    ),
    "net_per_live_hour": Measure(
        "net / hours on air", _GROSS - _REFUNDS, pl.col("live_ms") / HOUR_MS, "per live hour", "live hours", money=True
    ),
    "conversion": Measure(
        "orders / views (people in the room when the arm comes on air + room entries)",
        pl.col("orders"),
        pl.col("views").cast(pl.Float64),
        "orders per view",
        "views",
        counting=True,
        binary=True,
    ),
    "aov": Measure(
        "average order value: credited gross / orders", _GROSS, pl.col("orders"), "per order", "orders", money=True
    ),
    "refund_rate": Measure(
        "refunds of what was sold then / credited gross, by amount", _REFUNDS, _GROSS, "of gross", "gross"
    ),
    "watch_time": Measure(
        "time watched / views",
        pl.col("watch_ms") / SECOND_MS,
        pl.col("views").cast(pl.Float64),
        "seconds per view",
        "views",
        counting=True,
    ),
}
"""Every measure by its name; the first is the one asked for unless another is."""
