"""`hostledger report`: gross, refunds, net, orders and live hours by day, host or session."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics import reports
from analytics.metrics import METRICS, booked
from analytics.periods import NOW, Basis
from analytics.rates import MissingRate
from analytics.reports import FIGURES, OUTSIDE, SPLIT
from analytics.warehouse import Warehouse
from analytics.warehouse.books import closings
from hostledger.conversion import beside, rates_known, with_closings
from hostledger.output import Format, FormatOption, refuse, refusing
from hostledger.reading import (
    CurrencyOption,
    DataOption,
    ModelOption,
    ZoneOption,
    currency_code,
    moment,
    newest_ms,
    opened,
    present,
    settings_of,
)
from hostledger.settings import WrongSetting, model_name, time_zone
from hostledger.windows import BOOKS, AsOption, FromOption, PeriodOption, ToOption, check_zone, days_asked, month_asked

InOption = Annotated[
    str | None, typer.Option("--in", help="a reporting currency beside the original ones, as in EUR; needs rates")
]
TotalsOption = Annotated[bool, typer.Option("--totals", help="rows of totals in json and csv too; tables have them")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about; from_ms and until_ms (half-open, milliseconds UTC) begin days of the zone."""

    data: Path
    model: str
    currency: str
    zone: ZoneInfo
    from_ms: int
    until_ms: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Books:
    """A warehouse folder, seen through what is asked; the frames are those of `analytics.reports`."""

    warehouse: Warehouse
    asked: Asked
    newest_ms: int

    @property
    def credits(self) -> pl.DataFrame:
        """What was booked."""
        if self.asked.basis.is_now:
            return booked(self.warehouse.query("report_credits", model=self.asked.model, **self._window()))
        return booked(self.warehouse.query("report_credits_as", **self._as()))

    @property
    def dated_credits(self) -> pl.DataFrame:
        """What was booked, with closed_ms where months are shown as they were closed."""
        stored = closings(self.warehouse)
        return with_closings(self.credits, stored if self.asked.basis.posted else stored.clear())

    @property
    def paid(self) -> pl.DataFrame:
        """Orders paid."""
        if self.asked.basis.is_now:
            return self.warehouse.query("report_orders", **self._window())
        return self.warehouse.query("report_orders_as", **self._as()).filter(pl.col("kind") == "").drop("kind")

    @property
    def listed(self) -> pl.DataFrame:
        """Orders that list a kind."""
        if self.asked.basis.is_now:
            return self.warehouse.query("report_kind_orders", model=self.asked.model, **self._window())
        return self.warehouse.query("report_orders_as", **self._as()).filter(pl.col("kind") != "").drop("session_id")

    @property
    def on_air(self) -> pl.DataFrame:
        """Who was on air, up to the newest event."""
        until_ms = min(self.asked.until_ms, self.newest_ms)
        return self.warehouse.query("report_shifts", from_ms=self.asked.from_ms, until_ms=until_ms)

    def _as(self) -> dict[str, str | int]:
        basis = self.asked.basis
        state: dict[str, str | int] = {"posted": int(basis.posted), "known_ms": basis.known_ms}
        return self._window() | state | {"model": self.asked.model}

    def _window(self) -> dict[str, str | int]:
        return {"currency": self.asked.currency, "from_ms": self.asked.from_ms, "until_ms": self.asked.until_ms}


def _days(books: Books) -> pl.DataFrame:
    return reports.by_day(books.credits, books.listed, books.paid, books.on_air, books.asked.zone)


def _hosts(books: Books) -> pl.DataFrame:
    names = books.warehouse.query("report_hosts").rename({"likeness_of": "twin_of"})
    table = reports.by_host(books.credits, books.paid, books.on_air)
    shown = table.join(names, on="host_id", how="left", maintain_order="left")
    return shown.select("host_id", "name", "kind", "twin_of", "currency", *FIGURES, "share_bp", "is_total")


def _sessions(books: Books) -> pl.DataFrame:
    known = books.warehouse.query("report_sessions")
    zone = books.asked.zone
    started = [None if ms is None else moment(ms, zone) for ms in known["started_ms"]]
    table = (
        reports.by_session(books.credits, books.paid, books.on_air)
        .join(known.with_columns(started_at=pl.Series(started, dtype=pl.String)), on="session_id", how="left")
        .sort("currency", "is_total", pl.col("session_id") == OUTSIDE, "started_ms", "session_id")
        .with_columns(pl.col("session_id").replace(OUTSIDE, None))
    )
    place = ("session_id", "platform", "seller_id", "title", "started_at", "currency")
    return table.select(*place, "gross_minor", *SPLIT, "unattributed_share_bp", *FIGURES[1:], "is_total")


def _narrow(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave columns out of a table for people that say little: titles, and unknown hosts where there are none."""
    if "gross_unknown_minor" in frame.columns and (frame["gross_unknown_minor"] == 0).all():
        frame = frame.drop("gross_unknown_minor")
    return frame.drop("title", strict=False)


def _offer(name: str, title: str, rows: Callable[[Books], pl.DataFrame], teaching: str) -> None:
    """Make a command of a report; its help ends with the meaning of every metric."""

    def answer(
        context: typer.Context,
        data: DataOption = None,
        model: ModelOption = None,
        first: FromOption = None,
        last: ToOption = None,
        period: PeriodOption = None,
        state: AsOption = NOW,
        timezone: ZoneOption = None,
        currency: CurrencyOption = None,
        reporting: InOption = None,
        output: FormatOption = Format.TABLE,
        *,
        totals: TotalsOption = False,
    ) -> None:
        settings = settings_of(context)
        if period and (first or last):
            refuse("--period is a whole month; leave out --from and --to, or the period")
        with refusing(WrongSetting, ValueError):
            zone = ZoneInfo(time_zone(timezone or settings.timezone))
            window = month_asked(period, zone) if period else days_asked(first, last, zone)
            chosen, basis = model_name(model or settings.model), Basis.read(state, zone)
        asked = Asked(data or settings.data, chosen, currency_code(currency), zone, *window, basis)
        with opened(asked.data, settings) as warehouse, refusing(MissingRate):
            check_zone(warehouse, basis, zone)
            books = Books(warehouse, asked, newest_ms(warehouse, asked.data, asked.model))
            frame = rows(books)
            if target := currency_code(reporting):
                known = rates_known(warehouse, asked.basis.known_ms)
                frame = beside(frame, books.dated_credits, name, target, known, zone)
        if output is Format.TABLE:
            frame = _narrow(frame.drop("is_total"))
        elif not totals:
            frame = frame.filter(~pl.col("is_total")).drop("is_total")
        present(frame, output, f"{title}; model {asked.model}; days in {asked.zone.key}{asked.basis.said}")

    meanings = "\n\n".join(f"{metric}: {meant.formula}." for metric, meant in METRICS.items())
    app.command(
        name,
        help=f"{teaching}\n\n{meanings}\n\n{_MONEY}\n\n{BOOKS} Live hours, names and kinds are always those of today.",
    )(answer)


_MONEY = (
    "Amounts are exact: in json and csv in minor units of the currency (JPY 0, CNY 2, KWD 3 decimals), in tables in "
    "decimals. The account unattributed holds what no host has a claim on; excess_refund what was refunded beyond an "
    "order: the rows add up to the total, which is what was paid less what was refunded.\n\n"
    "--in EUR shows each amount in that currency too (in_…), each day's at the rate of the day, with the rate and its "
    "day; a row of many days has no single rate. With --as first-reported a closed month keeps the rates that were "
    "known when it was closed. The row total is their sum over all currencies, rounded once; "
    "in_rounding is what the nets of the rows sum to beyond it."
)
_offer(
    "days",
    "By day and host kind",
    _days,
    "What did human and digital hosts sell on each day of the seller? One row per day, kind and currency, and the "
    "share that nobody has a claim on; the day `all` is the whole window.\n\n"
    "Example: hostledger report days --from 2026-03-01 --to 2026-03-31 --timezone Asia/Shanghai --currency CNY\n\n"
    "kind: human, digital or unknown (never registered), as the host was registered at the time; or an account.",
)
_offer(
    "hosts",
    "By host",
    _hosts,
    "What did each host sell? One row per host and currency.\n\n"
    "Example: hostledger report hosts --model linear --format csv\n\n"
    "kind: the kind that the host was registered with at the time; a host that changed it has a row for each. "
    "twin_of: the human host whose likeness a digital host is.",
)
_offer(
    "sessions",
    "By session",
    _sessions,
    "What did each livestream sell, and how much of it did which kind of host? One row per session and currency; "
    "without a session_id: sold outside of any.\n\n"
    "Example: hostledger report sessions --from 2026-03-02 --to 2026-03-02\n\n"
    "started_at: in the seller's time zone. gross_human, gross_digital, gross_unknown, gross_unattributed: the gross "
    "by who has the credit. unattributed_share: the part that nobody has a claim on. live hours: with somebody on "
    "air, co-hosts once.",
)
