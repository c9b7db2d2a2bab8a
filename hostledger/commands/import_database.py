"""`hostledger import database`: what a query of a shop's database answers into the books, by a mapping file."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hostledger.importing import (
    DataOption,
    EventsOption,
    Gathered,
    MappingOption,
    PartialOption,
    PreviewOption,
    Wish,
    finish,
    gather,
)
from hostledger.output import Format, FormatOption, refuse, refusing
from hostledger.reading import settings_of
from streams.sources.tables.database import WrongDatabase, answer
from streams.sources.tables.importing import Imported, import_table
from streams.sources.tables.mapping import Mapping, WrongMapping, read_mapping
from streams.sources.tables.wholes import CameApart, wholes


def database(
    context: typer.Context,
    query: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="file with one SELECT")],
    *,
    mapping: MappingOption,
    url_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="file with the database's URL [setting HOSTLEDGER_DATABASE]"),
    ] = None,
    preview: PreviewOption = False,
    partial: PartialOption = False,
    events: EventsOption = None,
    data: DataOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read what a query answers into the books. If a row cannot be taken, none is; see --partial.

    The URL is that of a SQLite, PostgreSQL or MySQL database, such as sqlite:///orders.db; it comes from the setting
    HOSTLEDGER_DATABASE or a file, so that its password stands on no command line. Rows of one order, or of one refund,
    have to follow each other: end the query with ORDER BY. All rows are read before the first is booked; what was
    imported before, from a file too, is not booked again.

    Example: hostledger import database orders.sql --mapping orders.toml --url-file orders.url --preview
    """
    settings = settings_of(context)
    with refusing(WrongMapping, WrongDatabase, CameApart, OSError, UnicodeDecodeError), TemporaryDirectory() as folder:
        url = url_file.read_text() if url_file else settings.database
        if not url:
            refuse("no database is named; set HOSTLEDGER_DATABASE to its URL, or write it to a file for --url-file")
        found = _gathered(url, query.read_text(), read_mapping(mapping), Path(folder) / "events")
        finish(settings, query.name, found, Wish(preview, partial, events, data, output))


def _gathered(url: str, query: str, mapping: Mapping, events: Path) -> Gathered:
    columns = (TextColumn("rows read"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("rows", total=None)
        return gather(_imported(url, query, mapping), events, 1, lambda rows: bar.advance(task, rows))


def _imported(url: str, query: str, mapping: Mapping) -> Iterator[Imported]:
    for rows in wholes(answer(url, query, mapping.columns()), mapping):
        yield import_table(rows, mapping)
