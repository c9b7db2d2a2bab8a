"""`hostledger import csv` and `parquet`: a table of orders or refunds into the books, by a mapping file."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from analytics.rejection import REMEDIES
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.settings import Settings
from streams.sources.files import BATCH_BYTES
from streams.sources.tables.importing import REASONS, Imported, import_table
from streams.sources.tables.mapping import WrongMapping, read_mapping
from streams.sources.tables.reading import HEADER_LINES, WrongFileError, read_csv, read_parquet

SHOWN = 5
"""Events that a preview shows."""
REMEDY = "give an intact file with a header that names each column once"
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the table")]
MappingOption = Annotated[
    Path, typer.Option("--mapping", exists=True, dir_okay=False, help="which column is what, TOML; see docs/SOURCES.md")
]
PreviewOption = Annotated[bool, typer.Option("--preview", help="show the first events and the rejects, store nothing")]
PartialOption = Annotated[bool, typer.Option("--partial", help="take the good rows although others cannot be taken")]
EventsOption = Annotated[Path | None, typer.Option("--events", help="write the events to this file, store nothing")]
DataOption = Annotated[Path | None, typer.Option("--data", help="warehouse folder [setting HOSTLEDGER_DATA]")]


def csv(
    context: typer.Context,
    file: FileArgument,
    *,
    mapping: MappingOption,
    preview: PreviewOption = False,
    partial: PartialOption = False,
    events: EventsOption = None,
    data: DataOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read a CSV file, plain or gzipped, into the books. If a row cannot be taken, none is; see --partial.

    Example: hostledger import csv orders.csv --mapping orders.toml --preview
    """
    imported = _imported(file, mapping, read_csv)
    _finish(context.obj, file, imported, output, preview=preview, partial=partial, events=events, data=data)


def parquet(
    context: typer.Context,
    file: FileArgument,
    *,
    mapping: MappingOption,
    preview: PreviewOption = False,
    partial: PartialOption = False,
    events: EventsOption = None,
    data: DataOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read a Parquet file into the books. If a row cannot be taken, none is; see --partial.

    Example: hostledger import parquet orders.parquet --mapping orders.toml --preview
    """
    imported = _imported(file, mapping, read_parquet)
    _finish(context.obj, file, imported, output, preview=preview, partial=partial, events=events, data=data)


def _imported(file: Path, mapping: Path, read: Callable[[Path, Collection[str], str], pl.DataFrame]) -> Imported:
    with refusing(WrongMapping, WrongFileError):
        told = read_mapping(mapping)
        return import_table(read(file, told.columns(), REMEDY), told)


def _finish(
    settings: Settings,
    file: Path,
    imported: Imported,
    output: Format,
    *,
    preview: bool,
    partial: bool,
    events: Path | None,
    data: Path | None,
) -> None:
    rejects = by_reason(imported.rejects)
    if not rejects.is_empty():
        show(rejects, output, "Rows that cannot be taken")
    tell(f"{imported.rows} rows are {imported.count} events; {imported.rejects.height} rows cannot be taken.")
    if preview:
        for line in imported.events.splitlines()[:SHOWN]:
            typer.echo(line)
        return
    if not imported.rejects.is_empty() and not partial:
        refuse("Nothing was stored. Correct the rows or the mapping, or take the others with --partial.")
    if events:
        with refusing(OSError):
            events.write_bytes(imported.events)
    else:
        _book(settings, data or settings.data, file, imported.events)


def by_reason(rejects: pl.DataFrame) -> pl.DataFrame:
    """Count rejects by reason: reason, rows, line (of the first in the file), field, value, remedy."""
    found = rejects.group_by("reason").agg(
        rows=pl.len().cast(pl.Int64),
        line=pl.col("row").min() + HEADER_LINES + 1,
        field=pl.col("field").sort_by("row").first(),
        value=pl.col("value").sort_by("row").first(),
    )
    remedy = pl.col("reason").replace_strict(REMEDIES | REASONS, default=None)
    return found.with_columns(remedy=remedy).sort("rows", "reason", descending=[True, False])


def _book(settings: Settings, data: Path, file: Path, events: bytes) -> None:
    from analytics.warehouse import WarehouseError  # noqa: PLC0415  # a preview works without the warehouse's engine
    from streams.ingest import ingest  # noqa: PLC0415  # as above

    with refusing(WarehouseError):
        tell(str(ingest(data, file.name, _stretches(events), settings.rules())))


def _stretches(events: bytes) -> Iterator[bytes]:
    """Cut into whole lines, about as many bytes at a time as a replay takes."""
    start = 0
    while start < len(events):
        end = events.find(b"\n", min(start + BATCH_BYTES, len(events) - 1)) + 1
        yield events[start:end]
        start = end
