"""How long what viewers did is kept: the TTL of the raw tables, set when asked, never shortened by accident.

Money and its evidence (orders, refunds, ledger, paths, rollups) are kept for ever. What goes by itself are the raw
events of viewers and who watched when, so many days after they were recorded.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analytics.warehouse import WarehouseError
from analytics.warehouse.rendering import on_cluster

TABLES = ("viewer_events", "presence")
LEAST_DAYS = 180
"""Six months: what China asks of the logs of live commerce. Less needs to be said twice."""
MOST_DAYS = 36_500
_TTL = re.compile(r"TTL recorded_at \+ (?:toIntervalDay\((\d+)\)|INTERVAL (\d+) DAY)")


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that are wanted, and whether less than is kept now may be meant. Raises ValueError if it cannot be."""

    days: int
    shorter: bool = False

    def __post_init__(self) -> None:
        """Refuse what would delete logs by accident."""
        if not 1 <= self.days <= MOST_DAYS:
            raise ValueError(f"days {self.days} are out of range; use {LEAST_DAYS} to {MOST_DAYS}")
        if self.days < LEAST_DAYS and not self.shorter:
            raise ValueError(f"days {self.days} are less than the {LEAST_DAYS} that rules of the trade ask for")


@dataclass(frozen=True, slots=True)
class Kept:
    """How many days are kept: before, and now."""

    before: int
    now: int


def retain(run: Callable[[str], str], wanted: Retention, cluster: str | None = None) -> Kept:
    """Keep viewers' raw events as long as wanted. Without `shorter` in what is wanted, it only ever gets longer.

    run: executes a statement and gives its answer as tab-separated text. Raises WarehouseError.
    """
    before = min(_days(run, table, cluster) for table in TABLES)
    for statement in changes(run, wanted, cluster):
        run(statement)
    return Kept(before, min(_days(run, table, cluster) for table in TABLES))


def changes(run: Callable[[str], str] | None, wanted: Retention, cluster: str | None = None) -> Iterator[str]:
    """Give the statements that `retain` runs; none where it is so already. run: None: no database yet."""
    for table in TABLES:
        now = _days(run, table, cluster) if run else LEAST_DAYS
        if wanted.days > now or (wanted.shorter and wanted.days < now):
            yield (
                f"ALTER TABLE {_local(table, cluster)}{on_cluster(cluster)} MODIFY TTL recorded_at + "
                f"toIntervalDay({wanted.days}) SETTINGS mutations_sync = 2"
            )


def _local(table: str, cluster: str | None) -> str:
    return f"{table}_local" if cluster else table


def _days(run: Callable[[str], str], table: str, cluster: str | None) -> int:
    name = _local(table, cluster)
    said = run(
        f"SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = '{name}'"  # noqa: S608  # our names
    )
    if not said.strip():
        return LEAST_DAYS  # as the migration makes it that is yet to come
    found = _TTL.search(said)
    if not found:
        raise WarehouseError(f"table {name} has another TTL than hostledger gives; set it back to days of recorded_at")
    return int(found[1] or found[2])
