"""`hostledger import online-retail`: a real order file into the books, with the bridge that closes to the penny."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from hostledger.output import Format, FormatOption, print_table, refuse, refusing, tell
from hostledger.settings import Settings
from streams.sources.online_retail import WrongFileError, read_invoices, statement
from streams.sources.online_retail.importing import trading_days
from streams.sources.online_retail.roster import plan

SOURCE = "online-retail"

OrderFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Online Retail order file, CSV or .csv.gz")
]


def online_retail(
    context: typer.Context,
    file: OrderFile,
    *,
    roster: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="roster events, one JSON object per line")],
    events: Annotated[Path | None, typer.Option(help="write the events to this file and leave the books alone")] = None,
    data: Annotated[Path | None, typer.Option(help="warehouse folder")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read an Online Retail order file into the books, and show the bridge from the file's totals to theirs.

    Each line that cannot be booked is in the bridge with its reason; how lines are read is in docs/ONLINE_RETAIL.md.

    Example: hostledger import online-retail online_retail.csv.gz --roster roster.jsonl
    """
    try:
        imported = read_invoices(file, roster)
    except WrongFileError as refused:
        refuse(str(refused))
    if events is None:
        _book(context.obj, data, imported.events)
    else:
        _write(events, imported.events)
    _show(statement(imported), output)


def online_retail_roster(
    file: OrderFile,
    out: Annotated[Path, typer.Argument(dir_okay=False, help="where the roster goes, one JSON object per line")],
) -> None:
    """Make a synthetic shift plan for the trading days of an Online Retail order file; no such stream took place.

    Example: hostledger import online-retail-roster online_retail.csv.gz roster.jsonl
    """
    try:
        days = trading_days(file)
    except WrongFileError as refused:
        refuse(str(refused))
    _write(out, plan(days))
    Console().print(
        f"{out}: synthetic shift plan for {len(days)} trading days", soft_wrap=True, highlight=False, markup=False
    )


def pounds(minor: int) -> str:
    """Pence as pounds and pence: -81249 is -812.49."""
    whole, pence = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole:,}.{pence:02}"


def _book(settings: Settings, data: Path | None, events: bytes) -> None:
    from analytics.warehouse import WarehouseError  # noqa: PLC0415  # --events works without the warehouse's engine
    from streams.ingest import ingest  # noqa: PLC0415  # as above

    with refusing(WarehouseError):
        tell(str(ingest(data or settings.data, SOURCE, [events], settings.rules())))


def _show(table: pl.DataFrame, output: Format) -> None:
    if output is Format.JSON:
        typer.echo(table.write_json())
    elif output is Format.CSV:
        typer.echo(table.write_csv(), nl=False)
    else:
        print_table(_bridge_table(table))


def _bridge_table(table: pl.DataFrame) -> Table:
    shown = Table("side", "item", title="From the file to the books, GBP")
    shown.add_column("lines", justify="right")
    shown.add_column("amount", justify="right", no_wrap=True)
    shown.add_column("meaning")
    for row in table.iter_rows(named=True):
        bold = "bold" if row["item"] in {"file", "booked"} else None
        figures = (f"{row['lines']:,}", pounds(row["amount_minor"]))
        shown.add_row(
            row["side"], row["item"], *figures, row["meaning"] or "", style=bold, end_section=row["item"] == "booked"
        )
    return shown


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        refuse(f"{out}: cannot be written ({error.strerror}). Remedy: name a file in a folder that exists.")
