"""A viewer's path: the steps before an order."""

from typing import Any

import numpy as np
import polars as pl

from analytics.intervals import overlaps
from analytics.walks import coded

STEPS: dict[str, Any] = {
    "order_id": pl.String,
    "step": pl.UInt32,
    "session_id": pl.String,
    "start_ms": pl.Int64,
    "end_ms": pl.Int64,
    "watched_ms": pl.Int64,
    "host_ids": pl.List(pl.String),
}
"""Columns of the steps frame: step counts from 1, watched_ms is the sum of the pieces between start and end."""


def steps(orders: pl.DataFrame, watches: pl.DataFrame, lineups: pl.DataFrame, lookback_ms: int) -> pl.DataFrame:
    """Find the steps of each order's viewer in the look-back before the order.

    orders: order_id, viewer_id, ordered_ms; watches: viewer_id, session_id, start_ms, end_ms;
    lineups: session_id, start_ms, end_ms, host_ids. An order without a step is absent.
    Returns STEPS, sorted by order_id and step.
    """
    seen = (
        orders.select("order_id", "viewer_id", "ordered_ms")
        .join(watches, on="viewer_id")
        .with_columns(
            pl.max_horizontal("start_ms", pl.col("ordered_ms") - lookback_ms).alias("start_ms"),
            pl.min_horizontal("end_ms", "ordered_ms").alias("end_ms"),
        )
        .filter(pl.col("end_ms") > pl.col("start_ms"))
    )
    return merge(overlaps(seen.select("order_id", "session_id", "start_ms", "end_ms"), lineups, "session_id"))


def merge(pieces: pl.DataFrame) -> pl.DataFrame:
    """Join neighbouring pieces of one path that show the same line-up of the same session, also across a gap.

    pieces: order_id, session_id, start_ms, end_ms, host_ids. Returns STEPS.
    """
    if pieces.is_empty():
        return pl.DataFrame(schema=STEPS)
    pieces = pieces.with_columns(lineup=coded(pieces["host_ids"])[0]).sort("order_id", "start_ms", "session_id")
    changes = pieces.select(
        order=pl.col("order_id").ne_missing(pl.col("order_id").shift()),
        other=pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("session_id", "lineup")),
    )
    first = np.flatnonzero((changes["order"] | changes["other"]).to_numpy())
    orders = np.flatnonzero(changes["order"].to_numpy()[first])
    start_ms, end_ms = pieces["start_ms"].to_numpy(), pieces["end_ms"].to_numpy()
    return (
        pieces[first]
        .with_columns(
            step=np.arange(len(first)) - np.repeat(orders, np.diff(np.append(orders, len(first)))) + 1,
            end_ms=np.maximum.reduceat(end_ms, first),
            watched_ms=np.add.reduceat(end_ms - start_ms, first),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in STEPS.items())
    )
