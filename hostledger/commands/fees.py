"""`hostledger fees`: what platforms, affiliates, hosts, avatar vendors and ads cost, in dated schedules."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from analytics.contracts.schedules import schedule
from analytics.contracts.sheets import WrongSheet
from hostledger.output import Format, FormatOption, refusing, show, tell
from hostledger.reading import DataOption, opened, settings_of
from hostledger.sheets import imported, listed, stored, text_of, version_of
from streams.ingest import wall_ms

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV file; its fields are in docs/CONTRACTS.md")],
    data: DataOption = None,
) -> None:
    """Import a fee schedule: it is checked, stored as the next version, and holds from now on.

    Example: hostledger fees import fees.csv

    A version is a whole schedule, never a change to one; earlier versions stay, and `settle --fees N` still settles by
    them. The file of the latest version again changes nothing. What is wrong is refused with its line, field and
    remedy, and nothing is stored.
    """
    text = text_of(file)
    with refusing(WrongSheet):
        rows = schedule(text)
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        version, new = stored(warehouse, "fee_schedules", "fees_versions", rows, text, file.name, wall_ms())
    tell(f"Version {version}: {rows.height} rows." if new else f"This is version {version} already; nothing changed.")


@app.command("list")
def list_(
    context: typer.Context,
    data: DataOption = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="rows of this version")] = None,
    output: FormatOption = Format.TABLE,
    *,
    versions: Annotated[bool, typer.Option("--versions", help="the versions, not the rows")] = False,
) -> None:
    """List the rows of the fee schedule in force, or of a version; or the versions.

    Example: hostledger fees list

    Example: hostledger fees list --versions --format json
    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        if versions:
            zone = ZoneInfo(settings.timezone)
            listed(warehouse.query("fees_versions"), output, "Versions of the fee schedule", zone)
            return
        chosen = version_of(imported(warehouse, "fees_versions"), version, "hostledger fees import FILE")
        rows = warehouse.query("fees_schedule", version=chosen)
    show(rows, output, f"Fee schedule, version {chosen}")
