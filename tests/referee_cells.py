"""The slow referee of cells: every session minute by minute, from the facts, with plain numbers."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from analytics.warehouse import Warehouse
from dashboards.macros import literal

MINUTE_MS = 60_000
Row = Mapping[str, Any]
Key = tuple[str, int, str, str]
NOTHING: dict[str, Any] = dict.fromkeys(("live_ms", "watch_ms", "views", "gross", "refunds", "orders"), 0)


def rows_of(warehouse: Warehouse, text: str) -> list[dict[str, Any]]:
    return warehouse.ask(text).to_dicts()


def ms(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)


def nearest(at_ms: int) -> int:
    """The nearest whole minute, ms; half a minute is rounded up."""
    return (at_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS


def hour_of(at_ms: int, zone: ZoneInfo) -> int:
    """When the hour of a zone begins that holds an instant, ms UTC."""
    local = datetime.fromtimestamp(at_ms // 1000, zone)
    return at_ms // 1000 * 1000 - (local.minute * 60 + local.second) * 1000


class Cells:
    """Sums of cells by session, hour, arm and host, for arms told apart by `member` (of a host at a time)."""

    def __init__(
        self, warehouse: Warehouse, model: str, currency: str, arms: tuple[str, str], by: str, zone: str
    ) -> None:
        self.warehouse, self.zone, self.by = warehouse, ZoneInfo(zone), by
        self.names = {arms[0]: "control", arms[1]: "treated"}
        self.sums: dict[Key, dict[str, Any]] = defaultdict(lambda: dict(NOTHING))
        newest = ms(rows_of(warehouse, "SELECT max(newest_at) AS at FROM batches")[0]["at"])
        self.kinds = rows_of(
            warehouse, "SELECT host_id, toString(kind) AS kind, from_at FROM host_kinds ORDER BY from_at"
        )
        self.shifts = [
            (
                row["session_id"],
                row["host_id"],
                ms(row["started_at"]),
                ms(row["ended_at"]) if row["ended_at"] else newest,
            )
            for row in rows_of(warehouse, "SELECT * FROM shifts FINAL")
        ]
        for session in sorted({shift[0] for shift in self.shifts}):
            self._watch(session)
        lines = rows_of(warehouse, f"SELECT * FROM ledger WHERE model = '{model}' AND currency = '{currency}'")  # noqa: S608  # ours
        for line in lines:
            self._credit(line)

    def kind(self, host: str, at_ms: int) -> str:
        known = [row for row in self.kinds if row["host_id"] == host]
        valid = [row["kind"] for row in known if ms(row["from_at"]) <= at_ms]
        return (valid or ["unknown"])[-1]

    def line_up(self, session: str, minute: int) -> list[tuple[str, str]]:
        """Hosts on air in a whole minute, with the kind they have in it."""
        found = []
        for own, host, start, end in self.shifts:
            changes = sorted({ms(row["from_at"]) for row in self.kinds if row["host_id"] == host} - {0})
            for begin, until in zip(
                [start, *(at for at in changes if start < at < end)],
                [*(at for at in changes if start < at < end), end],
                strict=True,
            ):
                if own == session and nearest(begin) <= minute < nearest(until):
                    found.append((host, self.kind(host, begin)))
        return sorted(found)

    def arm(self, session: str, minute: int) -> str:
        members = {kind if self.by == "kind" else host for host, kind in self.line_up(session, minute)}
        if not members:
            return "none"
        return self.names.get(members.pop(), "other") if len(members) == 1 else "other"

    def _watch(self, session: str) -> None:
        mine = [shift for shift in self.shifts if shift[0] == session]
        first, last = min(nearest(shift[2]) for shift in mine), max(nearest(shift[3]) for shift in mine)
        its = f"session_id = {literal(session)}"
        changes = [
            (ms(row["at"]), row["change"])
            for row in rows_of(self.warehouse, f"SELECT at, change FROM presence WHERE {its}")  # noqa: S608  # ours
        ]
        joins = [
            ms(row["occurred_at"])
            for row in rows_of(
                self.warehouse,
                f"SELECT occurred_at FROM viewer_events WHERE type = 'viewer_joined' AND {its}",  # noqa: S608  # ours
            )
        ]
        before = "none"
        for minute in range(first, last, MINUTE_MS):
            end, arm, hosts = minute + MINUTE_MS, self.arm(session, minute), self.line_up(session, minute)
            if arm != "none":
                sums = self.sums[session, hour_of(minute, self.zone), arm, hosts[0][0] if len(hosts) == 1 else ""]
                sums["live_ms"] += MINUTE_MS
                sums["watch_ms"] += sum(change * (end - max(at, minute)) for at, change in changes if at < end)
                sums["views"] += sum(minute <= at < end for at in joins)
                sums["views"] += sum(change for at, change in changes if at < minute) if arm != before else 0
            before = arm

    def _credit(self, line: Row) -> None:
        account, session, minute = line["host_id"], line["session_id"], ms(line["ordered_at"]) // MINUTE_MS * MINUTE_MS
        if account in ("unattributed", "excess_refund") or all(shift[0] != session for shift in self.shifts):
            return
        hosts, on_air = self.line_up(session, minute), self.arm(session, minute)
        first = min(nearest(shift[2]) for shift in self.shifts if shift[0] == session)
        if minute < first:
            return
        minute_told = min(minute, max(nearest(shift[3]) for shift in self.shifts if shift[0] == session))
        member = self.kind(account, minute + MINUTE_MS // 2 - 1) if self.by == "kind" else account
        arm = "other" if on_air == "other" else self.names.get(member, "other")
        sums = self.sums[session, hour_of(minute_told, self.zone), arm, "" if len(hosts) > 1 else account]
        if line["refund_id"] is None:
            sums["gross"] += line["amount_minor"]
            sums["orders"] += Fraction(line["sign"], len(hosts) if arm == on_air else 1)
        else:
            sums["refunds"] -= line["amount_minor"]
