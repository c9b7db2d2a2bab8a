"""What cells are sorted by, so that like is compared with like: variables of a cell, and strata of several."""

from collections.abc import Sequence

import polars as pl

from analytics.rules import DAY_MS, HOUR_MS

VARIABLES = {
    "platform": "platform of the session",
    "hour_of_week": "weekday and hour, in the seller's time zone",
    "hour_of_day": "hour, in the seller's time zone",
    "daypart": "quarter of the day, in the seller's time zone",
    "weekend": "Saturday and Sunday, or not, in the seller's time zone",
    "category": "category of the session",
    "seller": "seller of the session",
    "source": "traffic source that most room entries of the session's hour came from",
    "price_band": "third of the sessions, by the mean usual price of the products that the session sold",
    "stream_hour": "hours since the session began",
}
"""What a cell may be sorted by, and what it means."""
ON_DEMAND = ("price_band",)
"""Variables that cost a question of their own: every product of every session."""
UNTOLD = "not told"
"""What a variable is where nobody said."""
_WEEKLY_MS = 14 * DAY_MS
_BANDS = ("low", "middle", "high")


def usual(cells: pl.DataFrame) -> tuple[str, ...]:
    """Choose strata: by hour of the week where the cells (hour_ms) span two weeks or more, else by hour of the day."""
    first, last = cells.select(first=pl.col("hour_ms").min(), last=pl.col("hour_ms").max()).row(0)
    long = first is not None and last - first >= _WEEKLY_MS
    return ("platform", "hour_of_week" if long else "hour_of_day", "category")


def described(cells: pl.DataFrame, sessions: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Add the variables of time and session to cells.

    cells: session_id, hour_ms; sessions: session_id, platform, category, seller_id, started_ms. Returns the cells with
    the variables of VARIABLES but source and price_band, as text.
    """
    since = ((pl.col("hour_ms") - pl.col("started_ms")) / HOUR_MS).round().clip(0).cast(pl.Int64)
    return (
        cells.join(sessions.rename({"seller_id": "seller"}), on="session_id", how="left", maintain_order="left")
        .join(_hours(cells, zone), on="hour_ms", maintain_order="left")
        .with_columns(stream_hour=since.cast(pl.String))
        .with_columns(pl.col("platform", "category", "seller", "stream_hour").fill_null(UNTOLD))
        .drop("started_ms")
    )


def _hours(cells: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Write each hour_ms that cells have in the words of the strata, once, however many cells there are."""
    at = pl.from_epoch("hour_ms", time_unit="ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    padded, part = at.dt.strftime("%Hh"), at.dt.hour() // 6 * 6
    begin, end = ((part + more).cast(pl.String).str.zfill(2) for more in (0, 6))
    return cells.select(pl.col("hour_ms").unique()).with_columns(
        hour_of_week=pl.concat_str(at.dt.strftime("%a"), padded, separator=" "),
        hour_of_day=padded,
        daypart=pl.concat_str(begin, pl.lit("h to "), end, pl.lit("h")),
        weekend=pl.when(at.dt.weekday() > 5).then(pl.lit("weekend")).otherwise(pl.lit("workday")),  # noqa: PLR2004  # Friday
    )


def with_source(cells: pl.DataFrame, entries: pl.DataFrame) -> pl.DataFrame:
    """Add `source`: where most room entries of the cell's session and hour came from.

    entries: session_id, hour_ms, source (of most entries, '' untold), one row for each session and hour.
    """
    named = entries.select("session_id", "hour_ms", pl.col("source").replace("", UNTOLD))
    joined = cells.join(named, on=["session_id", "hour_ms"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("source").fill_null(UNTOLD))


def with_price_band(cells: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Add `price_band`: low, middle or high.

    products: session_id, product_id, quantity, gmv_minor. A product's usual price is the same for both arms: all that
    was paid for it / all pieces. A session's price is the mean over its products, however many pieces it sold of
    each.
    """
    prices = products.group_by("product_id").agg(price=pl.col("gmv_minor").sum() / pl.col("quantity").sum())
    levels = (
        products.join(prices, on="product_id", maintain_order="left")
        .group_by("session_id")
        .agg(price=pl.col("price").mean())
    )
    third = ((pl.col("price").rank("min") - 1) * len(_BANDS) / pl.len()).floor().cast(pl.Int64)
    band = third.replace_strict(dict(enumerate(_BANDS)), return_dtype=pl.String)
    joined = cells.join(
        levels.select("session_id", price_band=band), on="session_id", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("price_band").fill_null(UNTOLD))


def sorted_into(cells: pl.DataFrame, variables: Sequence[str]) -> pl.DataFrame:
    """Add `stratum`: the values of variables in one text; without any, all cells are in one."""
    if not variables:
        return cells.with_columns(stratum=pl.lit("all"))
    return cells.with_columns(stratum=pl.concat_str(list(variables), separator=" · "))
