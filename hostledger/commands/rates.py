"""`hostledger rates`: dated exchange rates for reporting amounts."""

import hashlib
import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics import rates
from analytics.periods import ALL_MS
from analytics.rates import WrongRate
from analytics.warehouse import tables
from analytics.warehouse.books import closings
from hostledger.output import Format, FormatOption, refusing, show, tell
from hostledger.reading import DataOption, moment, opened, settings_of
from hostledger.sheets import text_of

app = typer.Typer(no_args_is_help=True)


@app.command("import")
def import_rates(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with the columns date,from,to,rate")],
    data: DataOption = None,
) -> None:
    """Store dated rates, all of a file or none. Nothing is edited: another rate for a known day is a new version.

    Example: hostledger rates import ecb-2026-10.csv

    A line such as 2026-10-01,CNY,EUR,0.1207 says that from this day one CNY is worth 0.1207 EUR, until the next line
    for the pair, at most seven days. Rates are decimal text, exact to 18 decimals; they are used in the direction in
    which they are given, and never chained. As first reported, a closed month keeps the rates it was closed with.
    """
    settings = settings_of(context)
    with refusing(WrongRate):
        given = rates.read(text_of(file))
    with opened(data or settings.data, settings) as warehouse:
        stored = warehouse.query("rates_known", known_ms=ALL_MS)
        new = rates.news(given, stored)
        token = hashlib.sha256(new.write_csv().encode()).hexdigest()
        now_ms = rates.after(int(time.time() * 1000), stored["known_ms"], closings(warehouse)["closed_ms"])
        warehouse.insert("rates", tables.rates(new, file.name, now_ms), f"rates-{token}")
    versions = new.filter(pl.col("version") > 1).height
    tell(f"{new.height} rates stored, {versions} of them new versions; {given.height - new.height} were known.")


@app.command("list")
def list_rates(context: typer.Context, data: DataOption = None, output: FormatOption = Format.TABLE) -> None:
    """List all rates with all their versions; the latest version of a day and pair is used.

    Example: hostledger rates list --format csv
    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        found = warehouse.query("rates_known", known_ms=ALL_MS)
    zone = ZoneInfo(settings.timezone)
    known = pl.Series("known_at", [moment(ms, zone) for ms in found["known_ms"]], dtype=pl.String)
    texts = pl.Series("rate", [rates.text(rate) for rate in found["rate"]], dtype=pl.String)
    show(found.with_columns(texts, known).drop("known_ms"), output)
