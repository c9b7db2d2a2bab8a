"""Which stretch of time, and which state of the books, is meant: options that the commands on money share."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from analytics.events import MAX_TIME_MS
from analytics.metrics import day_end_ms, day_start_ms
from analytics.periods import Basis, Period
from analytics.rules import DAY_MS
from analytics.warehouse import Warehouse
from hostledger.output import refuse

FromOption = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="first day, in the seller's time zone")
]
ToOption = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="last day; it is in the report, whole")
]
PeriodOption = Annotated[str | None, typer.Option("--period", help="a month instead of days, as in 2026-10")]
AsOption = Annotated[
    str,
    typer.Option(
        "--as", help="first-reported: closed months as closed; now; or a day, as in 2026-10-31: as known then"
    ),
]
BOOKS = (
    "--as now shows what is known today, each sale and refund at its own time. --as first-reported shows closed months "
    "as they were closed; what came later counts in the first open month. --as 2026-10-31 shows what was known at the "
    "end of that day, each at its own time."
)
"""What the states of the books are, for a help text."""


def days_asked(first: datetime | None, last: datetime | None, zone: ZoneInfo) -> tuple[int, int]:
    """Give whole days, the last one included: half-open, milliseconds UTC. Refuses days in the wrong order."""
    if first and last and first > last:
        refuse(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}; swap them")
    from_ms = day_start_ms(first.date(), zone) if first else 0
    until_ms = day_end_ms(last.date(), zone) if last else MAX_TIME_MS + DAY_MS
    return max(from_ms, 0), max(until_ms, 0)


def check_zone(warehouse: Warehouse, basis: Basis, zone: ZoneInfo) -> None:
    """Refuse to show closed months in another zone than that of the books: they would be other months."""
    closed = warehouse.query("books_closings")["zone"].unique().to_list()
    if basis.posted and closed and closed != [zone.key]:
        refuse(
            f"time zone {zone.key}: months were closed in {closed[0]}, and as first reported they are months of it; "
            f"set HOSTLEDGER_TIMEZONE={closed[0]}, or say --timezone {closed[0]}"
        )


def month_asked(period: str | None, zone: ZoneInfo) -> tuple[int, int]:
    """Give a month, or all time without one: half-open, milliseconds UTC. Raises ValueError for what is no month."""
    if period is None:
        return days_asked(None, None, zone)
    month = Period.named(period, zone)
    return max(month.start_ms, 0), month.end_ms
