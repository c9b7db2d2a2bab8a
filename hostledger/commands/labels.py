"""`hostledger labels`: the AI label of digital hosts on air, and what was earned against the rules."""

from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.contracts.labels import coverage
from analytics.contracts.platforms import TABLE, at_risk
from analytics.metrics import share
from analytics.warehouse import Warehouse
from hostledger.commands.rules import NO_ADVICE
from hostledger.output import Format, FormatOption, refuse, tell
from hostledger.reading import DataOption, ModelOption, moment, opened, present, settings_of
from hostledger.settling import PeriodOption, asked_for, bare, bare_at_sales, month
from hostledger.sheets import imported


def labels(
    context: typer.Context,
    period: PeriodOption,
    data: DataOption = None,
    model: ModelOption = None,
    output: FormatOption = Format.TABLE,
    *,
    gaps: Annotated[bool, typer.Option("--gaps", help="list every stretch without the label")] = False,
    risk: Annotated[bool, typer.Option("--at-risk", help="the money earned against the platform rules")] = False,
) -> None:
    """Say per session and digital host how much of its time on air the AI label was shown; lowest coverage first.

    Example: hostledger labels --period 2026-10

    Example: hostledger labels --period 2026-10 --gaps

    Example: hostledger labels --period 2026-10 --at-risk --format csv

    on air, shown: time on air, and the part of it with the label. coverage: shown / on air.

    --at-risk: what digital hosts were credited with where a rule (hostledger rules) bans them, or wants the label and
    it was missing when the order was paid; per host, platform and rule, with the source of the rule. share: of all that
    digital hosts were credited with, net. A credit counts once.
    """
    if gaps and risk:
        refuse("--gaps and --at-risk are two tables; ask for one")
    asked = asked_for(context, data, period, model)
    with opened(asked.data, settings_of(context)) as warehouse:
        found = month(warehouse, asked)
        missing = (bare_at_sales if risk else bare)(warehouse, found)
        rules = _rules(warehouse) if risk else pl.DataFrame(schema=TABLE)
    if risk:
        held = at_risk(found.facts.states, missing, rules, found.days.zone)
        present(held, output, f"Revenue at risk: {found.title}")
        tell(NO_ADVICE)
    elif gaps:
        present(_listed(missing, found.days.zone), output, f"Without the AI label: {found.title}")
    else:
        told = coverage(found.facts.air, missing).with_columns(coverage_bp=share(pl.col("shown_ms"), pl.col("air_ms")))
        present(
            told.sort("coverage_bp", 0 - pl.col("air_ms"), "session_id", "host_id"), output, f"AI label: {found.title}"
        )


def _rules(warehouse: Warehouse) -> pl.DataFrame:
    known = imported(warehouse, "rules_versions")
    if not known:
        refuse("no platform rules were imported; see and take the examples: hostledger rules import --examples")
    rows = warehouse.query("rules_table", version=max(known))
    return rows.select(pl.col(name).cast(dtype) for name, dtype in TABLE.items())


def _listed(missing: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    begins, ends = ([moment(ms, zone) for ms in missing[name]] for name in ("start_ms", "end_ms"))
    bounds = (pl.Series("from", begins, dtype=pl.String), pl.Series("until", ends, dtype=pl.String))
    place = ("session_id", "host_id", "seller_id", "platform")
    return missing.select(*place, *bounds, gap_ms=pl.col("end_ms") - pl.col("start_ms"))
