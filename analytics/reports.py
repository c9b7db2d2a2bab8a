"""The books summed for people: by day and host kind, by host, by session; every table with its totals.

All take `credits_`, what was booked (at_ms, session_id, host_id, kind, currency and the sums of `metrics`), `paid`,
orders whatever their credit (at_ms, session_id, currency, orders), and `on_air` (session_id, host_id, kind, start_ms,
end_ms). Hours on air belong to every currency of the credits; none is null. Rows of totals say is_total, so that nobody
adds them to their parts.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl

from analytics.ledger import EXCESS
from analytics.metrics import SUMS, cut_at_days, measured, on_days, share, summed, union_ms
from analytics.models import UNATTRIBUTED

KINDS = ("human", "digital", "unknown", UNATTRIBUTED, EXCESS)
"""Kinds of hosts, then the accounts that are no host."""
TOTAL = "total"
"""Label of the row that sums all others of its group."""
EVERY_DAY = "all"
"""The day that stands for the whole window."""
OUTSIDE = ""
"""The session of what was sold outside of any."""
FIGURES = ("gross_minor", "refunds_minor", "net_minor", "orders", "live_ms", "gmv_per_live_hour_minor")
SPLIT = [f"gross_{kind}_minor" for kind in KINDS[:-1]]
"""Columns of a session's gross by kind."""


def by_day(
    credits_: pl.DataFrame, listed: pl.DataFrame, paid: pl.DataFrame, on_air: pl.DataFrame, zone: ZoneInfo
) -> pl.DataFrame:
    """Sum by day of a time zone, host kind and currency.

    listed: orders that list a host of a kind (at_ms, kind, currency, orders). Live hours of a kind are the sum of the
    shift hours of its hosts. Returns day (text, or EVERY_DAY), kind (or TOTAL), currency, FIGURES, share_bp, is_total.
    """
    money = on_days(credits_, zone).drop("orders")
    live = _in_currencies(_shift_hours(cut_at_days(on_air, zone)), credits_)
    lines = _together(money, on_days(listed, zone), live)
    wholes = _together(money, on_days(paid, zone), live)
    table = _table(_and_every_day(lines), _and_every_day(wholes), ["day", "currency"], "kind")
    one_day = table.filter(pl.col("day") != EVERY_DAY)
    return (
        (one_day if one_day["day"].n_unique() == 1 else table)
        .sort("day", "currency", _rank("kind"))
        .with_columns(is_total=pl.col("is_total") | (pl.col("day") == EVERY_DAY))
        .select("day", "kind", "currency", *FIGURES, "share_bp", "is_total")
    )


def by_host(credits_: pl.DataFrame, paid: pl.DataFrame, on_air: pl.DataFrame) -> pl.DataFrame:
    """Sum by host, the kind it had, and currency.

    Returns host_id (or an account, or TOTAL), kind, currency, FIGURES, share_bp, is_total; the most gross first.
    """
    live = _in_currencies(_shift_hours(on_air), credits_)
    lines, wholes = _together(credits_, live), _together(credits_.drop("orders"), paid, live)
    table = _table(lines, wholes, ["currency"], "host_id", "kind")
    return table.sort("currency", "is_total", _rank("kind"), 0 - pl.col("gross_minor"), "host_id").select(
        "host_id", "kind", "currency", *FIGURES, "share_bp", "is_total"
    )


def by_session(credits_: pl.DataFrame, paid: pl.DataFrame, on_air: pl.DataFrame) -> pl.DataFrame:
    """Sum by session and currency, with the gross split by kind; live hours are those with somebody on air.

    Returns session_id (or OUTSIDE, or TOTAL), currency, SPLIT, unattributed_share_bp, FIGURES, share_bp, is_total,
    unsorted.
    """
    live = _in_currencies(union_ms(on_air, "session_id"), credits_)
    lines = _together(credits_.drop("orders"), paid, live)
    each = credits_.with_columns(is_total=False)
    both = pl.concat([each, credits_.with_columns(session_id=pl.lit(TOTAL), is_total=True)])
    split = both.group_by("session_id", "currency", "is_total").agg(
        pl.col("gross_minor").filter(pl.col("kind") == kind).sum().alias(name)
        for kind, name in zip(KINDS, SPLIT, strict=False)
    )
    return (
        _table(lines, lines, ["currency"], "session_id")
        .join(split, on=["session_id", "currency", "is_total"], how="left")
        .with_columns(pl.col(name).fill_null(0) for name in SPLIT)
        .with_columns(unattributed_share_bp=share(pl.col(f"gross_{UNATTRIBUTED}_minor"), pl.col("gross_minor")))
    )


def _shift_hours(spans: pl.DataFrame) -> pl.DataFrame:
    return spans.with_columns(live_ms=pl.col("end_ms") - pl.col("start_ms"))


def _in_currencies(live: pl.DataFrame, credits_: pl.DataFrame) -> pl.DataFrame:
    """Say hours on air once per currency; without any money once, for no currency."""
    found = credits_["currency"].unique().to_list() or [None]
    return live.join(pl.DataFrame({"currency": found}, schema={"currency": pl.String}), how="cross")


def _together(*frames: pl.DataFrame) -> pl.DataFrame:
    """Put what adds up under one another; a sum that a frame does not have is 0."""
    return pl.concat(frames, how="diagonal_relaxed").with_columns(
        pl.col(name).cast(dtype).fill_null(0) for name, dtype in SUMS.items()
    )


def _and_every_day(lines: pl.DataFrame) -> pl.DataFrame:
    dated = lines.with_columns(day=pl.col("day").dt.to_string("%Y-%m-%d"))
    return pl.concat([dated, dated.with_columns(day=pl.lit(EVERY_DAY))])


def _table(lines: pl.DataFrame, wholes: pl.DataFrame, group: Sequence[str], *labels: str) -> pl.DataFrame:
    """Sum lines by group and labels, and wholes by group to a row labelled TOTAL (is_total); add every metric."""
    total = summed(wholes, *group)
    named = total.with_columns(pl.lit(TOTAL).alias(labels[0]), is_total=True)
    parts = summed(lines, *group, *labels).with_columns(is_total=False)
    table = pl.concat([parts, named], how="diagonal").join(
        total.select(*group, whole="gross_minor"), on=list(group), how="left", nulls_equal=True
    )
    return measured(table).with_columns(
        share_bp=share(pl.col("gross_minor"), pl.col("whole")), live_ms=pl.when(pl.col("live_ms") > 0).then("live_ms")
    )


def _rank(column: str) -> pl.Expr:
    ranks = {kind: place for place, kind in enumerate(KINDS)}
    return pl.col(column).replace_strict(ranks, default=len(KINDS), return_dtype=pl.Int8)
