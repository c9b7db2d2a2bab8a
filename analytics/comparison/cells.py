"""Cells: what an arm earned in an hour of a session, and how it was watched, ready to be compared."""

import polars as pl

from analytics.comparison.measures import Measure

ARMS = ("control", "treated")
SUMS = ("live_ms", "watch_ms", "views", "gross_minor", "refunds_minor", "orders")


def selling(sessions: pl.DataFrame, sold: pl.DataFrame) -> pl.Series:
    """Name the sessions that a comparison in a currency is about.

    They are all of the sellers who ever sold in it, also those in which nobody bought, and those without a known seller
    that sold in it. sessions: session_id, seller_id; sold: session_id of those that sold in it.
    """
    sellers = sessions.join(sold, on="session_id", how="semi").drop_nulls("seller_id").select("seller_id")
    theirs = sessions.join(sellers, on="seller_id", how="semi").select("session_id")
    return pl.concat([sold, theirs])["session_id"].unique()


def measured(lines: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """Turn sums of arms into cells of a measure.

    lines: session_id, hour_ms, host_id, arm, SUMS. Returns session_id, hour_ms, host_id, treated, top, bottom; line-
    ups of neither arm are left out, and so is a cell of nothing.
    """
    compared = lines.filter(pl.col("arm").is_in(ARMS))
    return compared.select(
        "session_id", "hour_ms", "host_id", treated=pl.col("arm") == "treated", top=measure.top, bottom=measure.bottom
    ).filter((pl.col("top") != 0) | (pl.col("bottom") != 0))


def elsewhere(lines: pl.DataFrame, measure: Measure) -> float | None:
    """Give the share of the denominator that was under line-ups of neither arm; None where there is none at all."""
    sums = lines.select("arm", bottom=measure.bottom)
    whole = float(sums["bottom"].sum())
    return float(sums.filter(~pl.col("arm").is_in(ARMS))["bottom"].sum()) / whole if whole else None
