"""Who is on air, who was, and how many people watch."""

from itertools import accumulate
from typing import Any

import polars as pl

from dashboards.page.choice import Span
from dashboards.page.figures import Json, Names, Reader

LANES = 6
"""Sessions whose shifts are drawn below the revenue."""


def online(changes: pl.DataFrame) -> dict[str, int]:
    """People online per session at the clock, sessions without any left out.

    changes: session_id, at_ms, change, as `page_audience` gives them.
    """
    totals = changes.group_by("session_id").agg(pl.col("change").sum()).filter(pl.col("change") > 0)
    return dict(totals.sort("session_id").iter_rows())


def audience(changes: pl.DataFrame, span: Span) -> list[int]:
    """People online over all sessions after each step of the span, never below 0."""
    by_step = dict(changes.group_by("at_ms").agg(pl.col("change").sum()).iter_rows())
    before = span.from_ms - span.step_ms
    running = accumulate(by_step.get(at, 0) for at in range(before, span.until_ms, span.step_ms))
    return [max(people, 0) for people in running][1:]


def on_air(hosts: pl.DataFrame, watching: dict[str, int], sessions: dict[str, Json], names: Names) -> list[Json]:
    """List the rooms with somebody on air, and the open ones that are watched with nobody on air; fullest first.

    hosts: session_id, host_id, kind, since_ms, label, as `page_on_air` gives them.
    """
    rooms: dict[str, list[Json]] = {
        session_id: [] for session_id in watching if sessions.get(session_id, {}).get("ended_ms") is None
    }
    for row in hosts.to_dicts():
        shown = names.chip(row["host_id"]) | {key: row[key] for key in ("kind", "since_ms", "label")}
        rooms.setdefault(row["session_id"], []).append(shown | {"likeness": names.likeness(row["host_id"])})
    listed = [
        room(session_id, sessions) | {"online": watching.get(session_id, 0), "hosts": presenters}
        for session_id, presenters in rooms.items()
    ]
    return sorted(listed, key=lambda one: (-one["online"], one["session_id"]))


def lanes(shifts: pl.DataFrame, sessions: dict[str, Json], names: Names) -> list[Json]:
    """Lay out the shifts of the sessions that were last on air, one lane each.

    shifts: session_id, host_id, kind, start_ms, end_ms (null: on air), as `page_shifts` gives them.
    """
    latest = shifts.group_by("session_id").agg(
        pl.col("end_ms").is_null().any().alias("live"), pl.col("end_ms").max(), pl.col("start_ms").max()
    )
    order = latest.sort("live", "end_ms", "start_ms", "session_id", descending=[True, True, True, False])
    kept = order["session_id"].to_list()[:LANES]
    rows: dict[str, list[dict[str, Any]]] = {session_id: [] for session_id in sorted(kept)}
    for row in shifts.to_dicts():
        if row["session_id"] in rows:
            rows[row["session_id"]].append(row | {"name": names.host(row["host_id"])})
    return [room(session_id, sessions) | {"shifts": stretches} for session_id, stretches in rows.items()]


def room(session_id: str, sessions: dict[str, Json]) -> Json:
    """Say what is known of a session: session_id, platform, title, category."""
    known = sessions.get(session_id, {})
    return {"session_id": session_id} | {key: known.get(key) for key in ("platform", "title", "category")}


def sessions_of(warehouse: Reader, session_ids: set[str]) -> dict[str, Json]:
    """Read what is known of sessions, by session id."""
    rows = warehouse.query("page_sessions", session_ids=sorted(session_ids)).to_dicts() if session_ids else []
    return {row["session_id"]: row for row in rows}
