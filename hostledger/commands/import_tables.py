"""`hostledger import csv` and `parquet`: a table of orders or refunds into the books, by a mapping file."""

from collections.abc import Callable, Collection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import polars as pl
import typer

from hostledger.importing import (
    DataOption,
    EventsOption,
    MappingOption,
    PartialOption,
    PreviewOption,
    Wish,
    finish,
    gather,
)
from hostledger.output import Format, FormatOption, refusing
from hostledger.reading import settings_of
from streams.sources.tables.importing import import_table
from streams.sources.tables.mapping import WrongMapping, read_mapping
from streams.sources.tables.reading import HEADER_LINES, WrongFileError, read_csv, read_parquet

REMEDY = "give an intact file with a header that names each column once"
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the table")]


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
    _import(context, file, mapping, read_csv, Wish(preview, partial, events, data, output))


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
    _import(context, file, mapping, read_parquet, Wish(preview, partial, events, data, output))


def _import(
    context: typer.Context,
    file: Path,
    mapping: Path,
    read: Callable[[Path, Collection[str], str], pl.DataFrame],
    wish: Wish,
) -> None:
    with refusing(WrongMapping, WrongFileError, OSError), TemporaryDirectory() as folder:
        told = read_mapping(mapping)
        imported = import_table(read(file, told.columns(), REMEDY), told)
        gathered = gather([imported], Path(folder) / "events", HEADER_LINES + 1)
        finish(settings_of(context), file.name, gathered, wish)
