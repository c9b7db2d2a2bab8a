"""`hostledger close`: close a month of the books, so that its figures never change again."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.closing import Books, NotDue, totals
from analytics.periods import Period
from analytics.warehouse import Warehouse, WarehouseError, books
from hostledger.output import Format, FormatOption, refuse, refusing, tell
from hostledger.reading import DataOption, ModelOption, ZoneOption, moment, opened, present, served, settings_of
from hostledger.settings import WrongSetting, model_name, time_zone
from streams.journal import Journal


@dataclass(frozen=True, slots=True)
class _Asked:
    """How the answer is shown."""

    zone: ZoneInfo
    model: str
    output: Format


def close(
    context: typer.Context,
    period: Annotated[str | None, typer.Argument(help="month to close, as in 2026-10")] = None,
    data: DataOption = None,
    timezone: ZoneOption = None,
    model: ModelOption = None,
    output: FormatOption = Format.TABLE,
    *,
    listed: Annotated[bool, typer.Option("--list", help="list the closed months with their figures")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be closed, and close nothing")] = False,
    through: Annotated[bool, typer.Option("--through", help="close the open months before it too, in order")] = False,
) -> None:
    """Close a month: its figures never change again.

    Example: hostledger close 2026-10

    Example: hostledger close --list --format json

    What comes later for a closed month, a refund, a late order, a restatement, counts in the first open month; its
    lines keep the id of the order or refund and the time at which it happened. Months close in order, in the time zone
    of the seller, once each; closing one again says when it was closed, and changes nothing. Workers may go on: a
    closing holds whole batches, and what was under way counts in the next month.

    The figures of each closing are stored beside it; hostledger reconcile works them out anew and compares.

    gross, refunds, net: what counts in the month, under the model shown; all models have the same sums. earlier: the
    part of net that corrects months closed before. lines: ledger lines.

    Exit code 2: the month is not over, or an earlier one is open.
    """
    settings = settings_of(context)
    with refusing(WrongSetting, ValueError):
        asked = _Asked(ZoneInfo(time_zone(timezone or settings.timezone)), model_name(model or settings.model), output)
        wanted = None if period is None else Period.named(period, asked.zone)
    if (wanted is None) != listed:
        refuse("name a month to close, as in: hostledger close 2026-10; or list the closed ones with --list")
    folder = data or settings.data
    with opened(folder, settings) as warehouse, refusing(NotDue, WarehouseError):
        if wanted is None:
            _list(warehouse, asked)
            return
        if not served(folder, settings):
            _check_finished(folder)
        _close(warehouse, wanted, asked, dry_run=dry_run, through=through)


def _check_finished(folder: Path) -> None:
    if unfinished := Journal(folder / "journal").pending():
        refuse(
            f"batch {unfinished[0].batch} of {unfinished[0].source} was cut off by a crash; finish it first: "
            f"hostledger replay --data {folder}"
        )


def _close(warehouse: Warehouse, wanted: Period, asked: _Asked, *, dry_run: bool, through: bool) -> None:
    known = books.books(warehouse, asked.zone)
    months = known.due(wanted, _now_ms(), through=through)
    if not months:
        stands = known.closed(wanted)
        books.prove(warehouse, stands)
        closed_at = moment(int(stands["closed_ms"][0]), asked.zone)
        tell(f"Period {wanted.name} was closed at {closed_at} already; nothing changed.")
        _show(books.evidence(warehouse, wanted.name), asked, "Closed")
        return
    found = [_figures(warehouse, month, known, dry_run=dry_run) for month in months]
    _show(pl.concat(found), asked, "Would be closed" if dry_run else "Closed")


def _figures(warehouse: Warehouse, month: Period, known: Books, *, dry_run: bool) -> pl.DataFrame:
    """Close a month, or only look; give its figures."""
    if dry_run:
        return books.outlook(warehouse, month)
    books.close(warehouse, month, known, _now_ms())
    return books.evidence(warehouse, month.name)


def _list(warehouse: Warehouse, asked: _Asked) -> None:
    closed = books.closings(warehouse).group_by("period").agg(pl.col("zone", "closed_ms").first()).sort("period")
    if closed.is_empty():
        tell("No period is closed yet; close the first one, as in: hostledger close 2026-10")
    at = pl.Series("closed_at", [moment(ms, asked.zone) for ms in closed["closed_ms"]], dtype=pl.String)
    when = closed.with_columns(at).drop("closed_ms")
    sums = totals(books.evidence(warehouse)).filter(pl.col("model") == asked.model)
    present(when.join(sums, on="period", how="left", maintain_order="left_right"), asked.output, "Closed periods")


def _show(figures: pl.DataFrame, asked: _Asked, title: str) -> None:
    present(totals(figures).filter(pl.col("model") == asked.model), asked.output, title)


def _now_ms() -> int:
    return int(time.time() * 1000)
