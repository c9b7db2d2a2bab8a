"""What hours and results cost: pay per hour on air, commission tiers on net, avatar vendors, and ads."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import polars as pl

from analytics.contracts.schedules import HOURLY, SCOPE, dated, matched, tiers
from analytics.contracts.splitting import accrued, divided, split
from analytics.contracts.states import CELL, cells, credited, lined, nobody
from analytics.metrics import BASIS_POINTS, day_start_ms, half_even
from analytics.rules import HOUR_MS


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a time zone, from the first to before `until_day`."""

    first_day: date
    until_day: date
    zone: ZoneInfo

    @property
    def start_ms(self) -> int:
        """When it begins."""
        return day_start_ms(self.first_day, self.zone)

    @property
    def end_ms(self) -> int:
        """When it ends, exclusive."""
        return day_start_ms(self.until_day, self.zone)

    def part(self, amount: int, first: date, until: date) -> int:
        """Say what of an amount for the days from `first` to before `until` belongs to these days, exactly."""
        return accrued(amount, first, until, self.until_day) - accrued(amount, first, until, self.first_day)


def hourly(air: pl.DataFrame, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Give the lines of pay and vendor cost per hour on air.

    air: session_id, host_id, host_kind, seller_id, platform, start_ms, end_ms, within the period; table: SCHEDULE.
    A shift is cut where a row of the fee begins or ends; the time of a host in a session under a row is summed, and
    paid to the millisecond, rounded half to even.
    """
    return pl.concat([_hours(air, fee, table, zone) for fee in HOURLY])


def _hours(air: pl.DataFrame, fee: str, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    own = dated(table.filter(pl.col("fee") == fee), zone)
    bounds = own.select(pl.concat([pl.col("from_ms"), pl.col("until_ms")]).unique().sort()).to_series()
    pieces = cut(air, bounds).with_columns(at_ms="start_ms")
    rate = own.select("row", "currency", "amount_minor")
    paid = (
        matched(pieces, fee, table, zone)
        .group_by("session_id", "host_id", "host_kind", "seller_id", "platform", "row")
        .agg(air_ms=(pl.col("end_ms") - pl.col("start_ms")).sum())
        .join(rate, on="row")
        .sort("session_id", "host_id", "row", "host_kind")
    )
    cost = half_even(pl.col("air_ms").cast(pl.Int128) * pl.col("amount_minor"), pl.lit(HOUR_MS))
    basis = pl.format("{} ms on air at {} {} minor units an hour", "air_ms", "amount_minor", "currency")
    return lined(paid.with_columns(amount_minor=0 - cost, source=pl.format("fees line {}", "row"), basis=basis), fee)


def cut(spans: pl.DataFrame, bounds: pl.Series) -> pl.DataFrame:
    """Cut spans (start_ms, end_ms, half-open) at the bounds that lie within them."""
    if spans.is_empty() or bounds.is_empty():
        return spans
    edges = pl.DataFrame(
        {"low": [None, *bounds], "high": [*bounds, None]}, schema=dict.fromkeys(("low", "high"), pl.Int64)
    )
    met = (pl.col("low").is_null() | (pl.col("end_ms") > pl.col("low"))) & (
        pl.col("high").is_null() | (pl.col("start_ms") < pl.col("high"))
    )
    return (
        spans.join(edges, how="cross")
        .filter(met)
        .with_columns(start_ms=pl.max_horizontal("start_ms", "low"), end_ms=pl.min_horizontal("end_ms", "high"))
        .drop("low", "high")
    )


def commissions(states: pl.DataFrame, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Give the lines of commissions on what a host sold in the period, by tiers.

    What counts is net where the row is refundable, else gross; the row in force when the order was paid holds for it.
    The tiers begin anew with each host, row, currency and period. The sum is rounded half to even once and split over
    the host's cells by what each has. Below zero (refunds of earlier periods) the first tier's rate takes back.
    """
    found = matched(credited(states), "host_commission", table, zone)
    terms = table.filter(pl.col("fee") == "host_commission").select("row", "tiers", "refundable")
    kept = pl.col("refundable") == "none"
    counted = pl.col("gross_after") - pl.col("gross_before")
    net = pl.col("net_after") - pl.col("net_before")
    group = ["host_id", "row", "currency"]
    each = (
        found.join(terms, on="row")
        .with_columns(counts=pl.when(kept).then(counted).otherwise(net))
        .group_by(*CELL, "row", "tiers")
        .agg(pl.col("counts").sum())
        .with_columns(whole=pl.col("counts").sum().over(group))
        .sort(*group, *CELL)
    )
    due = [tiered(whole, tiers(text)) for whole, text in each.select("whole", "tiers").iter_rows()]
    each = each.with_columns(
        due=pl.Series(due, dtype=pl.Int64), weight=(pl.col("counts") * pl.col("whole").sign()).clip(0)
    )
    part = split(each, group, "due", "weight", ("platform", "seller_id"))
    basis = pl.format("tiers {} of {} minor units in the period", "tiers", "whole")
    return lined(
        each.with_columns(amount_minor=-part, source=pl.format("fees line {}", "row"), basis=basis), "host_commission"
    )


def tiered(amount: int, rates: list[tuple[int, int]]) -> int:
    """Work out a commission: each tier's rate on the part of the amount within it, rounded half to even once.

    rates: (from_minor, bps) rising from 0. Below 0 the first rate holds.
    """
    bounds = [bound for bound, _ in rates[1:]] + [max(amount, rates[-1][0])]
    parts = [
        (min(amount, above) - below) * bps
        for (below, bps), above in zip(rates, bounds, strict=True)
        if amount > below or below == 0
    ]
    return divided(sum(parts), BASIS_POINTS)


def ads(states: pl.DataFrame, table: pl.DataFrame, days: Days) -> pl.DataFrame:
    """Give the lines of ads: the part of each amount that its days have in the period, over the accounts it is for.

    Split by gross of the period, by largest remainder; where nothing was sold within its scope, it goes to
    `unattributed`.
    """
    whole, lines = cells(states), []
    for one in table.filter(pl.col("fee") == "ads").sort("row").iter_rows(named=True):
        due = days.part(one["amount_minor"], one["from_day"], one["until_day"])
        within = [pl.col(name) == one[name] for name in SCOPE if one[name] is not None]
        line = pl.lit(f"fees line {one['row']}")
        basis = pl.lit(f"{one['amount_minor']} {one['currency']} minor units, {one['from_day']} to {one['until_day']}")
        lines.append(spread(whole.filter(within), due, one | {"host_id": None}).with_columns(source=line, basis=basis))
    return lined(pl.concat(lines), "ads") if lines else lined(whole.clear().with_columns(amount_minor=0), "ads")


def spread(bearers: pl.DataFrame, due: int, otherwise: dict[str, object]) -> pl.DataFrame:
    """Split a cost over cells (CELL, gross_minor) by gross; without gross, all to one cell of `otherwise` or nobody.

    Returns CELL and amount_minor, negative.
    """
    bearing = bearers.filter(pl.col("gross_minor") > 0).with_columns(due=pl.lit(due, dtype=pl.Int64), all=pl.lit(""))
    if bearing.is_empty():
        alone = pl.DataFrame([{name: otherwise[name] for name in CELL}], schema=dict.fromkeys(CELL, pl.String))
        borne = alone if otherwise["host_id"] else nobody(alone)
        return borne.with_columns(amount_minor=pl.lit(-due, dtype=pl.Int64))
    part = split(bearing, ["all"], "due", "gross_minor", ("platform", "host_id"))
    return bearing.select(*CELL, amount_minor=-part)
