"""Closing the books: which months are due, and what a closing pins.

A closing pins the last stored batch of every lane. Batches of a lane follow one another, and every ledger line carries
its batch, so the lines of a closing are known for ever, whatever was under way when it was made.
"""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from analytics.ledger import EXCESS
from analytics.periods import Period

PINS: dict[str, Any] = {"lane": pl.UInt64, "last_batch": pl.UInt64}
"""The last batch of each lane: what a closing holds of it."""
CLOSINGS: dict[str, Any] = {
    "period": pl.String,
    "start_ms": pl.Int64,
    "end_ms": pl.Int64,
    "zone": pl.String,
    "closed_ms": pl.Int64,
    "lane": pl.UInt64,
    "after_batch": pl.UInt64,
    "last_batch": pl.UInt64,
}
"""Columns of closings, one row per period and lane; after_batch is the last batch of the closing before."""
FIGURES: dict[str, Any] = {
    "period": pl.String,
    "currency": pl.String,
    "model": pl.String,
    "host_id": pl.String,
    "seller_id": pl.String,
    "gross": pl.Decimal(38, 0),
    "refunds": pl.Decimal(38, 0),
    "earlier": pl.Decimal(38, 0),
    "lines": pl.UInt64,
}
"""What a period says, per account and seller, as the ledger keeps it: excess_refund is positive there."""
_LANE_BITS = 40
_SIDE = pl.when(pl.col("host_id") == EXCESS).then(-1).otherwise(1).cast(pl.Int128)
"""The ledger keeps excess_refund positive; in a net it is money that went back."""


class NotDue(ValueError):  # noqa: N818  # named for what is the case
    """The period cannot be closed now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Books:
    """What is known when somebody wants to close.

    closings: CLOSINGS; pins: PINS, as they are now; earliest_ms: booking time of the first line, None for no line, read
    after the pins; zone: that of the settings.
    """

    closings: pl.DataFrame
    pins: pl.DataFrame
    earliest_ms: int | None
    zone: ZoneInfo

    def closed(self, period: Period) -> pl.DataFrame:
        """Give the rows of a period's closing; none if it is open."""
        return self.closings.filter(pl.col("period") == period.name)

    def due(self, wanted: Period, now_ms: int, *, through: bool) -> list[Period]:
        """List the months to close so that the wanted one is, in order; none if it is closed. Raises NotDue."""
        self._check_zone()
        if self.closed(wanted).height:
            return []
        if now_ms < wanted.end_ms:
            raise NotDue(
                f"period {wanted.name} goes on until the end of its month in {self.zone.key}; close it after that, or "
                f"look at what it holds so far: hostledger report days --period {wanted.name}"
            )
        first = self._first_open(wanted)
        if wanted.start_ms < first.start_ms:
            raise NotDue(f"period {wanted.name} lies before {first.name}, where the books begin; close that one first")
        if first != wanted and not through:
            raise NotDue(
                f"periods close in order, and {first.name} is open; close it first, or all of them with: "
                f"hostledger close {wanted.name} --through"
            )
        return list(first.through(wanted, self.zone))

    def _check_zone(self) -> None:
        zones = self.closings["zone"].unique().to_list()
        if zones and zones != [self.zone.key]:
            raise NotDue(
                f"time zone {self.zone.key}: earlier periods were closed in {zones[0]}, and one that is closed in "
                f"another would overlap or leave a gap; set HOSTLEDGER_TIMEZONE={zones[0]}"
            )

    def _first_open(self, wanted: Period) -> Period:
        last_ms = self.closings["end_ms"].max()
        if last_ms is not None:
            if wanted.end_ms <= int(self.closings["start_ms"].min()):  # type: ignore[arg-type]  # not empty
                raise NotDue(f"period {wanted.name} lies before the first closed one, where the books begin")
            return Period.holding(int(last_ms), self.zone)  # type: ignore[arg-type]  # an Int64 column
        if self.earliest_ms is None:
            raise NotDue("nothing is booked yet, so there is nothing to close; see: hostledger replay --help")
        return Period.holding(self.earliest_ms, self.zone)


def closing(period: Period, books: Books, closed_ms: int) -> pl.DataFrame:
    """Close a period up to the pins of the books: its rows (CLOSINGS), by lane."""
    before = books.closings.filter(pl.col("start_ms") < period.start_ms)
    pinned = before.group_by("lane").agg(after_batch=pl.col("last_batch").max())
    none_yet = pl.col("lane") * (1 << _LANE_BITS)
    return (
        books.pins.join(pinned, on="lane", how="left")
        .sort("lane")
        .with_columns(
            period=pl.lit(period.name),
            start_ms=pl.lit(period.start_ms),
            end_ms=pl.lit(period.end_ms),
            zone=pl.lit(books.zone.key),
            closed_ms=pl.lit(closed_ms),
            after_batch=pl.col("after_batch").fill_null(none_yet),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in CLOSINGS.items())
    )


def totals(figures: pl.DataFrame) -> pl.DataFrame:
    """Sum figures (FIGURES) by period, currency and model.

    What was refunded beyond an order counts as refunded, so that net is what was paid less what was returned.
    Returns period, currency, model, gross_minor, refunds_minor, net_minor, earlier_minor (Int128), lines.
    """
    sums = {f"{name}_minor": (pl.col(name).cast(pl.Int128) * _SIDE).sum() for name in ("gross", "refunds", "earlier")}
    return (
        figures.group_by("period", "currency", "model")
        .agg(**sums, lines=pl.col("lines").sum())
        .sort("period", "currency", "model")
        .with_columns(net_minor=pl.col("gross_minor") - pl.col("refunds_minor"))
        .select("period", "currency", "model", "gross_minor", "refunds_minor", "net_minor", "earlier_minor", "lines")
    )


def compared(stored: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Compare figures (FIGURES) that were stored with those worked out anew, account by account and seller by seller.

    Returns period, currency, model, expected_minor, found_minor (net, as `totals` has it), figures, same (counts), off
    (accounts with another figure), off_minor (of each, as the ledger keeps it: found - expected).
    """
    amounts = ["gross", "refunds", "earlier", "lines"]
    both = stored.join(found, on=list(FIGURES)[:5], how="full", coalesce=True, suffix="_found").with_columns(
        pl.col(*amounts, *(f"{name}_found" for name in amounts)).fill_null(0)
    )
    is_same = pl.all_horizontal(pl.col(name) == pl.col(f"{name}_found") for name in amounts)
    net, net_found = (
        pl.col(f"gross{suffix}").cast(pl.Int128) - pl.col(f"refunds{suffix}").cast(pl.Int128)
        for suffix in ("", "_found")
    )
    month = ["period", "currency", "model"]
    accounts = (
        both.with_columns(expected_minor=net, found_minor=net_found, is_same=is_same)
        .group_by(*month, "host_id")
        .agg(
            pl.col("expected_minor", "found_minor").sum(), figures=pl.len().cast(pl.Int64), same=pl.col("is_same").sum()
        )
        .sort(*month, "host_id")
    )
    is_off = pl.col("same") != pl.col("figures")
    return accounts.group_by(month, maintain_order=True).agg(
        (pl.col("expected_minor", "found_minor") * _SIDE).sum(),
        pl.col("figures").sum(),
        same=pl.col("same").cast(pl.Int64).sum(),
        off=pl.col("host_id").filter(is_off),
        off_minor=(pl.col("found_minor") - pl.col("expected_minor")).filter(is_off),
    )


def suspected(orders: pl.DataFrame) -> list[str]:
    """Choose the orders to name where a closing differs: order_id, late, fits, the likeliest first.

    Those with lines written after the closing if there are any, else those that sum to a difference, else all.
    """
    signs = (orders.filter(pl.col(sign) == 1)["order_id"].to_list() for sign in ("late", "fits"))
    return next(filter(None, signs), orders["order_id"].to_list())
