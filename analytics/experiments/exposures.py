"""Who was exposed to a script, when first, and what they bought after and before."""

from typing import Any

import polars as pl

from analytics.experiments.assignment import assigned
from analytics.intervals import OPEN_MS, overlaps
from analytics.roster import UNNAMED

EXPOSURES: dict[str, Any] = {
    "viewer_id": pl.String,
    "exposed_ms": pl.Int64,
    "variants": pl.List(pl.String),
}


def runs(started: pl.DataFrame, shifts: pl.DataFrame, script_id: str) -> pl.DataFrame:
    """Find when a script ran, and which variants of it at a time.

    started: session_id, host_id, script_id, variant (null: A), at_ms, of all scripts; shifts: session_id, host_id,
    start_ms, end_ms. A script runs until the host begins another at a later instant, or goes off air. Variants that a
    host begins at one instant run side by side: the avatar shows every viewer their own.
    Returns session_id, host_id, start_ms, end_ms, variants (sorted list), disjoint per session and host.
    """
    place = ("session_id", "host_id")
    begun = (
        started.with_columns(pl.col("variant").fill_null(UNNAMED))
        .group_by(*place, "at_ms")
        .agg(variants=pl.col("variant").filter(pl.col("script_id") == script_id).unique().sort())
        .sort(*place, "at_ms")
        .with_columns(next_ms=pl.col("at_ms").shift(-1).over(place).fill_null(OPEN_MS))
    )
    return (
        begun.filter(pl.col("variants").list.len() > 0)
        .join(shifts, on=place)
        .filter((pl.col("start_ms") <= pl.col("at_ms")) & (pl.col("at_ms") < pl.col("end_ms")))
        .select(*place, start_ms="at_ms", end_ms=pl.min_horizontal("next_ms", "end_ms"), variants="variants")
        .sort(*place, "start_ms")
    )


def exposures(seen: pl.DataFrame, ran: pl.DataFrame) -> pl.DataFrame:
    """Find the first instant at which each viewer was present while the script ran, and which variants ran there.

    Where several ran at that instant, of co-hosts or in several sessions, all of them count.
    seen: watches; ran: as `runs` gives them. Returns EXPOSURES, sorted by exposed_ms and viewer.
    """
    hosts = ran.select("session_id", "host_id").unique()
    place = pl.concat_str("session_id", "host_id", separator="\x1f").alias("place")
    met = overlaps(
        seen.join(hosts, on="session_id").select("viewer_id", place, "start_ms", "end_ms"),
        ran.select(place, "start_ms", "end_ms", "variants"),
        "place",
    )
    first = met.filter(pl.col("start_ms") == pl.col("start_ms").min().over("viewer_id")).explode("variants")
    of_viewer = first.group_by("viewer_id").agg(
        exposed_ms=pl.col("start_ms").first(), variants=pl.col("variants").unique().sort()
    )
    return of_viewer.select(pl.col(name).cast(dtype) for name, dtype in EXPOSURES.items()).sort(
        "exposed_ms", "viewer_id"
    )


def arms(exposed: pl.DataFrame, experiment: str, shares: dict[str, int]) -> pl.DataFrame:
    """Add who is in which arm.

    assigned: the variant that the hash gives; seen: that one if it ran where the viewer was first exposed, else the
    first of those that did.
    """
    given = [assigned(viewer, experiment, shares) for viewer in exposed["viewer_id"]]
    held = exposed.with_columns(assigned=pl.Series(given, dtype=pl.String))
    there = pl.col("variants").list.contains(pl.col("assigned"))
    return held.with_columns(seen=pl.when(there).then("assigned").otherwise(pl.col("variants").list.first()))


def outcomes(
    exposed: pl.DataFrame, orders: pl.DataFrame, refunds: pl.DataFrame, window_ms: int, past_ms: int
) -> pl.DataFrame:
    """Add what each viewer bought: net_minor, in the window from the exposure on; past_minor, before it.

    exposed: viewer_id, exposed_ms and more; orders: order_id, viewer_id, ordered_ms, amount_minor, of one currency;
    refunds: order_id, refunded_ms, amount_minor. What was refunded is taken off its order, at most all of it; off an
    order of the past only what was refunded before the exposure, for the variant may move later refunds.
    Keeps the order of `exposed`.
    """
    bought = orders.join(exposed.select("viewer_id", "exposed_ms"), on="viewer_id")
    after = pl.col("ordered_ms") >= pl.col("exposed_ms")
    near = (pl.col("ordered_ms") < pl.col("exposed_ms") + window_ms) & after
    before = (pl.col("ordered_ms") >= pl.col("exposed_ms") - past_ms) & ~after
    back = (
        bought.select("order_id", "exposed_ms", after=after)
        .join(refunds.select("order_id", "refunded_ms", back="amount_minor"), on="order_id")
        .filter(pl.col("after") | (pl.col("refunded_ms") < pl.col("exposed_ms")))
        .group_by("order_id")
        .agg(pl.col("back").sum())
    )
    net = (pl.col("amount_minor") - pl.col("back").fill_null(0)).clip(lower_bound=0)
    sums = (
        bought.join(back, on="order_id", how="left")
        .group_by("viewer_id")
        .agg(net_minor=net.filter(near).sum(), past_minor=net.filter(before).sum())
    )
    filled = [pl.col(name).fill_null(0) for name in ("net_minor", "past_minor")]
    return exposed.join(sums, on="viewer_id", how="left", maintain_order="left").with_columns(filled)
