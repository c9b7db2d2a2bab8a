"""What the imports of tables share: events gathered in a file, rejects counted by reason, and then booked or not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Annotated

import polars as pl
import typer

from analytics.rejection import REMEDIES
from hostledger.output import Format, refuse, refusing, show, tell
from hostledger.settings import Settings
from streams.sources.files import stretches
from streams.sources.tables.importing import REASONS, Imported

SHOWN = 5
"""Events that a preview shows."""
MappingOption = Annotated[
    Path, typer.Option("--mapping", exists=True, dir_okay=False, help="which column is what, TOML; see docs/SOURCES.md")
]
PreviewOption = Annotated[bool, typer.Option("--preview", help="show the first events and the rejects, store nothing")]
PartialOption = Annotated[bool, typer.Option("--partial", help="take the good rows although others cannot be taken")]
EventsOption = Annotated[Path | None, typer.Option("--events", help="write the events to this file, store nothing")]
DataOption = Annotated[Path | None, typer.Option("--data", help="warehouse folder [setting HOSTLEDGER_DATA]")]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A table as events in a file. rejects: as `by_reason` counts them."""

    events: Path
    rows: int
    count: int
    rejects: pl.DataFrame

    @property
    def rejected(self) -> int:
        """How many rows cannot be taken."""
        return int(self.rejects["rows"].sum())


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants done with a table."""

    preview: bool
    partial: bool
    events: Path | None
    data: Path | None
    output: Format


def gather(
    parts: Iterable[Imported], events: Path, first_line: int, told: Callable[[int], object] = lambda _rows: None
) -> Gathered:
    """Write the events of a table's parts to a file, and count its rejects. told: called with the rows of each part.

    first_line: the number that the first row has where it comes from.
    """
    rows, count, rejects = 0, 0, [by_reason(pl.DataFrame(schema=_REJECTS), first_line)]
    with events.open("wb") as file:
        for part in parts:
            file.write(part.events)
            rows, count = rows + part.rows, count + part.count
            rejects.append(by_reason(part.rejects, first_line))
            told(part.rows + part.rejects.height)
    return Gathered(events, rows, count, _added(pl.concat(rejects)))


_REJECTS = {"row": pl.Int64, "reason": pl.String, "field": pl.String, "value": pl.String}


def by_reason(rejects: pl.DataFrame, first_line: int) -> pl.DataFrame:
    """Count rejects by reason: reason, rows, line (of the first), field, value, remedy."""
    remedy = pl.col("reason").replace_strict(REMEDIES | REASONS, default=None, return_dtype=pl.String)
    lines = rejects.select("reason", "field", "value", rows=pl.lit(1, dtype=pl.Int64), line=pl.col("row") + first_line)
    return _added(lines.with_columns(remedy=remedy))


def _added(counts: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("field", "value", "remedy").sort_by("line").first()
    found = counts.group_by("reason").agg(pl.col("rows").sum(), pl.col("line").min(), first)
    return found.sort("rows", "reason", descending=[True, False])


def finish(settings: Settings, source: str, gathered: Gathered, wish: Wish) -> None:
    """Show what was gathered, and book it, write it or leave it, as is wished. Refuses if a row cannot be taken."""
    if gathered.rejected:
        show(gathered.rejects, wish.output, "Rows that cannot be taken")
    tell(f"{gathered.rows} rows are {gathered.count} events; {gathered.rejected} rows cannot be taken.")
    if wish.preview:
        _show_first(gathered.events)
        return
    if gathered.rejected and not wish.partial:
        refuse("Nothing was stored. Correct the rows or the mapping, or take the others with --partial.")
    if wish.events:
        with refusing(OSError):
            copyfile(gathered.events, wish.events)
    else:
        _book(settings, wish.data or settings.data, source, gathered.events)


def _show_first(events: Path) -> None:
    with events.open() as file:
        for _, line in zip(range(SHOWN), file, strict=False):
            typer.echo(line, nl=False)


def _book(settings: Settings, data: Path, source: str, events: Path) -> None:
    from analytics.warehouse import WarehouseError  # noqa: PLC0415  # a preview works without the warehouse's engine
    from streams.ingest import ingest  # noqa: PLC0415  # as above

    with refusing(WarehouseError):
        tell(str(ingest(data, source, stretches(events), settings.rules())))
