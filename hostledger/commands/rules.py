"""`hostledger rules`: what platforms and the law allow digital hosts, as a dated table."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from analytics.contracts.platforms import rule_table
from analytics.contracts.sheets import WrongSheet
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.reading import DataOption, opened, settings_of
from hostledger.sheets import imported, listed, stored, text_of, version_of
from streams.ingest import wall_ms

EXAMPLES = "platform_rules.csv"
NO_ADVICE = "Examples from public sources, and no legal advice: ask a lawyer what holds for you."
ExamplesOption = Annotated[bool, typer.Option("--examples", help="the examples that are shipped, with their sources")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="CSV file: platform,from,until,rule,source,note")] = None,
    data: DataOption = None,
    *,
    examples: ExamplesOption = False,
) -> None:
    """Import a rule table: it is checked, stored as the next version, and holds from now on.

    Example: hostledger rules import rules.csv

    Example: hostledger rules import --examples

    rule: banned (no digital hosts) or label_required (only with the AI label on screen). platform: as sessions name it,
    or * for all. from: the first day it holds; until: the first day it no longer holds. source: where it can be read.
    """
    if (file is None) != examples:
        refuse("name one file, or --examples: hostledger rules import rules.csv")
    text, source = (text_of(file), file.name) if file else (shipped(), f"shipped {EXAMPLES}")
    with refusing(WrongSheet):
        rows = rule_table(text)
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        table = rows.rename({"source": "source_of_rule"})
        version, new = stored(warehouse, "platform_rules", "rules_versions", table, text, source, wall_ms())
    tell(f"Version {version}: {rows.height} rows." if new else f"This is version {version} already; nothing changed.")
    if examples:
        tell(NO_ADVICE)


@app.command("list")
def list_(
    context: typer.Context,
    data: DataOption = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="rows of this version")] = None,
    output: FormatOption = Format.TABLE,
    *,
    versions: Annotated[bool, typer.Option("--versions", help="the versions, not the rows")] = False,
    examples: ExamplesOption = False,
) -> None:
    """List the rules in force, or of a version; or the versions; or the examples that are shipped.

    Example: hostledger rules list

    Example: hostledger rules list --examples --format csv
    """
    if examples:
        show(rule_table(shipped()), output, "Examples of platform rules")
        tell(NO_ADVICE)
        return
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        if versions:
            zone = ZoneInfo(settings.timezone)
            listed(warehouse.query("rules_versions"), output, "Versions of the platform rules", zone)
            return
        chosen = version_of(imported(warehouse, "rules_versions"), version, "hostledger rules import FILE")
        rows = warehouse.query("rules_table", version=chosen)
    show(rows, output, f"Platform rules, version {chosen}")


def shipped() -> str:
    """Give the text of the examples."""
    return (files("hostledger") / EXAMPLES).read_text(encoding="utf-8")
