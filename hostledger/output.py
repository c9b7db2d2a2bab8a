"""How a command speaks: tables for people, JSON and CSV for machines, and clear refusals."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, NoReturn

import polars as pl
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

REFUSED = 2
"""Exit code for what the user can mend: wrong input, wrong options, a locked folder, a full disk, a port in use."""
_WIDEST = 10_000
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it: control characters, ends of lines, directions of writing."""


class Format(StrEnum):
    """How a table is shown."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json or csv for machines")]


def show(frame: pl.DataFrame, output: Format, title: str = "") -> None:
    """Print a frame: as a table (numbers to the right), as JSON (a list of objects) or as CSV."""
    if output is Format.JSON:
        typer.echo(frame.write_json())
    elif output is Format.CSV:
        typer.echo(frame.write_csv(), nl=False)
    else:
        print_table(_table(frame, title))


def print_table(table: Table) -> None:
    """Print a table as wide as it needs to be: a figure is never cut."""
    console = Console()
    wanted = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
    Console(width=max(console.width, wanted)).print(table)


def _table(frame: pl.DataFrame, title: str) -> Table:
    table = Table(title=Text(_shown(title), "table.title") if title else None, title_justify="left")
    for name, dtype in frame.schema.items():
        table.add_column(_cell(name.replace("_", " ")), justify="right" if dtype.is_numeric() else "left")
    for row in frame.iter_rows():
        table.add_row(*map(_cell, row))
    return table


def _cell(value: object) -> Text:
    """Write a value as it is: text of events is no markup, and its control characters are shown, not obeyed."""
    if value is None:
        return Text()
    shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return Text(_shown(shown))


def _shown(text: str) -> str:
    return _OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


def legible(table: str) -> str:
    """Show what a terminal would obey in the lines of a table."""
    return "\n".join(map(_shown, table.split("\n")))


def tell(message: str) -> None:
    """Say something to the person, beside the output (standard error)."""
    Console(stderr=True).print(message, soft_wrap=True, highlight=False, markup=False)


def refuse(message: str) -> NoReturn:
    """Say what is wrong and what to do, and end with exit code 2."""
    tell(message)
    raise typer.Exit(REFUSED)


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors that the user can mend into refusals; a file or folder is named with its remedy."""
    try:
        yield
    except errors as error:
        if isinstance(error, OSError) and error.filename:
            refuse(f"{error.filename}: {error.strerror}; name another that you may use")
        refuse(str(error))
