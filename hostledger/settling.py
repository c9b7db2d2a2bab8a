"""What the commands about contracts share: the period they are about, and the facts of it out of the warehouse."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.contracts.labels import gaps, shown
from analytics.contracts.pay import Days
from analytics.contracts.schedules import SCHEDULE
from analytics.contracts.scope import CONTRACTS, with_twins
from analytics.contracts.settlement import Facts, settlement
from analytics.contracts.states import STATES
from analytics.periods import Period
from analytics.warehouse import Warehouse
from hostledger.output import refusing, tell
from hostledger.reading import newest_ms, settings_of
from hostledger.settings import WrongSetting, model_name, time_zone
from hostledger.sheets import version_at, version_of

PeriodOption = Annotated[str, typer.Option("--period", help="month, as in 2026-10, in the time zone of the books")]
FeesOption = Annotated[
    int | None,
    typer.Option("--fees", min=1, help="version of the fee schedule; else the latest, or what a closed month keeps"),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is settled: a warehouse folder (or server), a month, a model, a version of the fees (None: the latest)."""

    data: Path
    period: str
    model: str
    zone: ZoneInfo
    fees: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A month as it is asked for: its days, its facts, when it was closed (None: it is open), the version of its fees.

    fees: the version of the fee schedule in the facts (0: none).
    """

    asked: Asked
    days: Days
    facts: Facts
    closed_ms: int | None = None
    fees: int = 0

    @property
    def title(self) -> str:
        """Say what a table of it is about."""
        return f"{self.asked.period} in {self.days.zone.key}; model {self.asked.model}"

    @property
    def lines(self) -> pl.DataFrame:
        """Settle it."""
        return settlement(self.facts, self.days)


def asked_for(
    context: typer.Context, data: Path | None, period: str, model: str | None, fees: int | None = None
) -> Asked:
    """Read what is asked. Refuses a wrong model."""
    settings = settings_of(context)
    with refusing(WrongSetting):
        chosen = model_name(model or settings.model)
        zone = ZoneInfo(time_zone(settings.timezone))
    return Asked(data or settings.data, period, chosen, zone, fees)


def days_of(warehouse: Warehouse, asked: Asked) -> Days:
    """Give the days of the month asked for, in the zone of the closed periods, or the setting's if none is closed."""
    closed = warehouse.query("books_closings")
    zone = ZoneInfo(closed["zone"][0]) if closed.height else asked.zone
    with refusing(ValueError):
        period = Period.named(asked.period, zone)
    first, until = (datetime.fromtimestamp(ms // 1000, zone).date() for ms in (period.start_ms, period.end_ms))
    return Days(first, until, zone)


def month(warehouse: Warehouse, asked: Asked, *, with_fees: bool = False) -> Month:
    """Read the facts of a month, with the fee schedule if wanted; who is on air counts up to the newest event."""
    newest = newest_ms(warehouse, asked.data, asked.model)
    days = days_of(warehouse, asked)
    closed_ms = _closed_ms(warehouse, asked.period)
    version, schedule = _scheduled(warehouse, asked, closed_ms) if with_fees else (0, pl.DataFrame(schema=SCHEDULE))
    closed = asked.period if closed_ms is not None else ""
    contracts = _shaped(warehouse.query("settle_contracts", period=closed), CONTRACTS)
    facts = _facts(warehouse, asked.model, days, newest, schedule, contracts)
    return Month(asked, days, facts, closed_ms, version)


def _closed_ms(warehouse: Warehouse, period: str) -> int | None:
    closings = warehouse.query("books_closings").filter(pl.col("period") == period)
    return None if closings.is_empty() else int(closings["closed_ms"][0])


def _facts(
    warehouse: Warehouse, model: str, days: Days, newest: int, schedule: pl.DataFrame, contracts: pl.DataFrame
) -> Facts:
    window = {"from_ms": days.start_ms, "until_ms": days.end_ms}
    sessions = warehouse.query("settle_sessions")
    hosts = contracts["host_id"].unique().to_list() + _twins(warehouse)["host_id"].to_list()
    return Facts(
        states=_shaped(warehouse.query("settle_states", model=model, **window), STATES),
        order_lines=warehouse.query("settle_order_lines", model=model, host_ids=hosts, **window),
        sessions=sessions,
        air=_on_air(warehouse, days.start_ms, min(days.end_ms, newest), sessions),
        contracts=contracts,
        schedule=schedule,
    )


def _on_air(warehouse: Warehouse, from_ms: int, until_ms: int, sessions: pl.DataFrame) -> pl.DataFrame:
    spans = warehouse.query("report_shifts", from_ms=from_ms, until_ms=max(from_ms, until_ms))
    return spans.rename({"kind": "host_kind"}).join(sessions, on="session_id", how="left", maintain_order="left")


def bare(warehouse: Warehouse, found: Month) -> pl.DataFrame:
    """Work out the stretches of the month on air without the AI label (GAPS)."""
    return _unlabelled(warehouse, found.facts.air, found.facts.sessions)


def bare_at_sales(warehouse: Warehouse, found: Month) -> pl.DataFrame:
    """Work them out from the first order on that the month touches: a refund is mostly of a month before."""
    facts, days = found.facts, found.days
    first_ms = min([days.start_ms, *facts.states["at_ms"].sort().head(1)])
    return _unlabelled(warehouse, _on_air(warehouse, first_ms, days.end_ms, facts.sessions), facts.sessions)


def _unlabelled(warehouse: Warehouse, air: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    marks = warehouse.query("settle_labels").select("session_id", "host_id", "at_ms", on=pl.col("shown") == 1)
    return gaps(air, shown(marks, sessions.select("session_id", "ended_ms").drop_nulls("ended_ms")))


def faces(warehouse: Warehouse, contracts: pl.DataFrame) -> pl.DataFrame:
    """Give the contracts, with the digital twins that have none (CONTRACTS)."""
    return with_twins(contracts, _twins(warehouse))


def _scheduled(warehouse: Warehouse, asked: Asked, closed_ms: int | None) -> tuple[int, pl.DataFrame]:
    """Read the fee schedule: the version asked for, else that of the month; 0 and no rows where none was imported."""
    known = warehouse.query("fees_versions")
    if known.is_empty() and not asked.fees:
        tell("No fee schedule was imported, so no fees are deducted: hostledger fees import FILE")
        return 0, pl.DataFrame(schema=SCHEDULE)
    wanted = asked.fees or _version_of_month(asked.period, closed_ms, known)
    version = version_of(known["version"].to_list(), wanted, "hostledger fees import FILE")
    return version, _shaped(warehouse.query("fees_schedule", version=version), SCHEDULE)


def _version_of_month(period: str, closed_ms: int | None, known: pl.DataFrame) -> int | None:
    """Give the version that a closed month keeps, and say so where there is a later one; None for an open month."""
    if closed_ms is None:
        return None
    kept, latest = version_at(known, closed_ms), max(known["version"].to_list())
    if kept != latest:
        tell(f"{period} is closed and keeps version {kept} of the fee schedule; by the latest: --fees {latest}")
    return kept


def _twins(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.query("report_hosts").drop_nulls("likeness_of")


def _shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
