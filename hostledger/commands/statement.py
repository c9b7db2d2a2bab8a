"""`hostledger statement`: a month's statement of a host, a likeness owner or a seller."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from analytics.contracts.statements import of_host, of_owner, of_seller
from hostledger.output import refuse, tell
from hostledger.reading import DataOption, ModelOption, moment, opened, settings_of
from hostledger.settling import FeesOption, Month, PeriodOption, asked_for, month
from hostledger.statements.files import file_stem, write
from hostledger.statements.page import Heading

_LISTS = {
    "host": "hostledger settle --by host",
    "owner": "hostledger likeness",
    "seller": "hostledger settle --by seller",
}
"""Where everybody who has a statement is listed."""


def statement(
    context: typer.Context,
    period: PeriodOption,
    out: Annotated[Path, typer.Option("--out", help="folder for the files; made if it is not there")],
    data: DataOption = None,
    host: Annotated[str | None, typer.Option("--host", help="id of a host")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="owner of a likeness, as contracts name them")] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="id of a seller")] = None,
    model: ModelOption = None,
    version: FeesOption = None,
) -> None:
    """Write the statement of a host, a likeness owner or a seller for a month: CSV, Parquet, a page, and a PDF.

    Example: hostledger statement --host ava-ai --period 2026-10 --out statements

    Example: hostledger statement --owner ava --period 2026-10 --out statements

    The lines add up to the row of `hostledger settle`. Each names its order, or the session whose hours it pays, or the
    row of the fee schedule or the contract that it follows from; hostledger explain ORDER says why the host has an
    order. amount: what a line adds to what the seller keeps; paid: what it pays to whom the statement is for.

    The page needs no other file and no script, and prints well; the PDF is made by a headless Chromium where one is
    installed. No viewer appears in any file. Prints the names of the files, one a line.
    """
    chosen = [(whose, who) for whose, who in (("host", host), ("owner", owner), ("seller", seller)) if who]
    if len(chosen) != 1:
        refuse("name one: --host, --owner or --seller")
    whose, who = chosen[0]
    asked = asked_for(context, data, period, model, version)
    with opened(asked.data, settings_of(context)) as warehouse:
        found = month(warehouse, asked, with_fees=True)
    lines = _lines(found, whose, who)
    if lines.is_empty():
        refuse(f"{whose} {who!r} has nothing in {period}; see who has: {_LISTS[whose]} --period {period}")
    try:
        files, lacking = write(out, file_stem(whose, who, period), _heading(found, whose, who), lines)
    except OSError as error:
        at = f" ({error.filename})" if error.filename and Path(error.filename) != out else ""
        refuse(
            f"--out {out}: {error.strerror or error}{at}; name a folder in one that is there and that you may write to"
        )
    for file in files:
        typer.echo(file)
    if lacking:
        tell(f"No PDF: {lacking}.")


def _lines(found: Month, whose: str, who: str) -> pl.DataFrame:
    facts = found.facts
    if whose == "owner":
        return of_owner(found.lines, facts.states, facts.portions, facts.contracts, who)
    return (of_host if whose == "host" else of_seller)(found.lines, facts.states, who)


def _heading(found: Month, whose: str, who: str) -> Heading:
    fees = f"version {found.fees}" if found.fees else "none imported"
    zone, closed_ms = found.days.zone, found.closed_ms
    books = "open: what still comes may change it" if closed_ms is None else f"closed at {moment(closed_ms, zone)}"
    facts = (
        ("Period", f"{found.asked.period}, days in {zone.key}"),
        ("Books", books),
        ("Attribution model", found.asked.model),
        ("Fee schedule", fees),
    )
    return Heading(whose, who, facts, zone)
