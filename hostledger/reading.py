"""What the reading commands share: an open folder, options read, amounts and times written for people."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.currencies import EXPONENTS, decimal_text
from analytics.rules import MODELS
from analytics.warehouse import Warehouse, WarehouseError
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server
from hostledger.output import Format, refuse, refusing, show, tell
from hostledger.settings import Settings
from streams.journal import Journal

DataOption = Annotated[Path | None, typer.Option("--data", help="warehouse folder [setting HOSTLEDGER_DATA]")]
ModelOption = Annotated[str | None, typer.Option("--model", help="attribution model [setting HOSTLEDGER_MODEL]")]
ZoneOption = Annotated[
    str | None, typer.Option("--timezone", help="time zone of the seller [setting HOSTLEDGER_TIMEZONE]")
]
CurrencyOption = Annotated[str | None, typer.Option("--currency", help="only this currency, as in CNY")]

MINOR, BASIS_POINTS, MILLISECONDS = "_minor", "_bp", "_ms"
"""Endings of columns: amounts in minor units of the row's currency, shares, durations.

Amounts that begin with in_ are of the row's `in_currency`, if it has one.
"""


def settings_of(context: typer.Context) -> Settings:
    """Give the settings that the door has read."""
    settings: Settings = context.obj
    return settings


def served(data: Path, settings: Settings) -> bool:
    """Say whether a server is meant: HOSTLEDGER_CLICKHOUSE names one, and no option names another folder."""
    return bool(settings.clickhouse) and data == settings.data


@contextmanager
def opened(data: Path, settings: Settings) -> Iterator[Warehouse]:
    """Open the warehouse to read: the server that the settings name, or a folder that exists.

    Refuses if there is none, it cannot be reached or another process holds it, or it cannot answer.
    """
    if served(data, settings):
        with refusing(WarehouseError), closing(connected(settings)) as server:
            yield server
        return
    with _folder(data) as warehouse:
        yield warehouse


def connected(settings: Settings) -> Server:
    """Connect to the server that the settings name. Raises WarehouseError."""
    return Server.open(settings.clickhouse, password=settings.clickhouse_password, cluster=settings.cluster or None)


@contextmanager
def _folder(data: Path) -> Iterator[Embedded]:
    if data.is_file():
        refuse(f"data folder {data} is a file; name the folder of a warehouse with --data")
    if not (data / "clickhouse").is_dir():
        refuse(
            f"data folder {data} holds no warehouse; name another with --data, or fill this one: "
            f"hostledger replay FILE --data {data}"
        )
    with refusing(WarehouseError), closing(Embedded.open(data)) as warehouse:
        if unfinished := Journal(data / "journal").pending():
            tell(
                f"Batch {unfinished[0].batch} of {unfinished[0].source} was cut off by a crash; these figures may hold "
                f"a part of it. The next hostledger replay --data {data} finishes it first."
            )
        yield warehouse


def newest_ms(warehouse: Warehouse, data: Path, model: str) -> int:
    """Give the newest event time, 0 for none; refuse a model that is not booked."""
    newest, models, _ = warehouse.query("report_books").row(0)
    if newest is None:
        tell(f"Nothing is stored in {data} yet; fill it: hostledger replay FILE --data {data}")
    elif models and model not in models:
        known = ", ".join(name for name in MODELS if name in models)
        refuse(f"model {model!r} is not booked in {data}; choose one of these with --model: {known}")
    return newest or 0


def currency_code(text: str | None) -> str:
    """Check a currency; '' for none. Refuses a code that is not in ISO 4217."""
    if text is not None and text not in EXPONENTS:
        refuse(f"currency {text!r} is unknown; use an ISO 4217 code in capitals, such as CNY or JPY")
    return text or ""


def moment(ms: int, zone: ZoneInfo) -> str:
    """Write a time in a zone, with its offset: 2026-03-02 20:15:00.250+08:00."""
    return (
        datetime.fromtimestamp(ms // 1000, zone)
        .replace(microsecond=ms % 1000 * 1000)
        .isoformat(" ", "milliseconds" if ms % 1000 else "seconds")
    )


def duration(ms: int) -> str:
    """Write a duration as hours:minutes:seconds; what is beyond whole seconds is cut."""
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def present(frame: pl.DataFrame, output: Format, title: str = "") -> None:
    """Show a frame: for machines as it is, for people with amounts in decimals, shares in percent, hours in h:mm:ss."""
    show(readable(frame) if output is Format.TABLE else frame, output, title)


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Write the columns that end in _minor (of the row's `currency`), _bp and _ms for people, to the right."""
    shown = {name: _texts(frame, name) for name in frame.columns}
    return pl.DataFrame({_heading(name): texts for name, texts in shown.items()})


def _heading(name: str) -> str:
    plain = name.removesuffix(MINOR).removesuffix(BASIS_POINTS).removesuffix(MILLISECONDS)
    return "live_hours" if plain == "live" else plain


def _texts(frame: pl.DataFrame, name: str) -> pl.Series:
    column = frame[name]
    if name.endswith(MINOR):
        reporting = name.startswith("in_") and "in_currency" in frame.columns
        pairs = zip(column, frame["in_currency" if reporting else "currency"], strict=True)
        return _right([None if None in {minor, code} else decimal_text(int(minor), code) for minor, code in pairs])
    if name.endswith(BASIS_POINTS):
        return _right([None if points is None else percent(int(points)) for points in column])
    if name.endswith(MILLISECONDS):
        return _right([None if ms is None else duration(ms) for ms in column])
    return column


def percent(points: int) -> str:
    """Write basis points as a percentage: 1234 as 12.34 %."""
    whole, rest = divmod(abs(points), 100)
    return f"{'-' if points < 0 else ''}{whole:,}.{rest:02d} %"


def _right(texts: list[str | None]) -> pl.Series:
    width = max((len(text) for text in texts if text), default=0)
    return pl.Series([text and text.rjust(width) for text in texts], dtype=pl.String)
