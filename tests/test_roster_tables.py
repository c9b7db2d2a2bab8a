"""Claims about the roster kept ready for the boards: it says what the events say, in any order and with repeats.

The referee reads the events one by one; the views over the facts have to agree as well.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from typing import Any

import polars as pl
import pytest
from referee_cells import rows_of
from warehouse_stage import execute

from analytics.warehouse.embedded import Embedded
from analytics.warehouse.tables import TIME

BEGAN = datetime(2026, 8, 1, tzinfo=UTC)
HOSTS, SESSIONS, INSTANTS = ("h1", "h2", "d1", "d2"), ("s1", "s2", "s3"), 9
Event = dict[str, Any]


def drawn(random: Random) -> list[Event]:
    """Registrations, starts and ends that change their minds, many of them at the same instant."""
    events: list[Event] = []
    for number in range(60):
        at = BEGAN + timedelta(milliseconds=random.randrange(INSTANTS))
        event: Event = {"event_id": f"e{number:02}", "occurred_at": at}
        if random.random() < 0.5:
            kind, likeness = random.choice((("human", None), ("digital", "h1"), ("digital", None)))
            name = random.choice(("Ann", "安", ""))
            event |= {"type": "host_registered", "host_id": random.choice(HOSTS), "name": name, "kind": kind}
            events.append(event | {"likeness_of": likeness})
        elif random.random() < 0.6:
            event |= {"type": "session_started", "session_id": random.choice(SESSIONS), "platform": "douyin"}
            events.append(event | {"seller_id": f"seller-{number}", "title": random.choice((None, f"Room {number}"))})
        else:
            events.append(event | {"type": "session_ended", "session_id": random.choice(SESSIONS)})
    return events


def store(warehouse: Embedded, events: list[Event], token: str) -> None:
    columns = ("type", "session_id", "host_id", "name", "kind", "likeness_of", "platform", "seller_id", "title")
    schema = {"event_id": pl.String, "occurred_at": TIME} | dict.fromkeys(columns, pl.String)
    frame = pl.DataFrame(events, schema).with_columns(batch=pl.lit(1, pl.UInt64))
    warehouse.insert("roster_events", frame, token)


@pytest.fixture(scope="module", params=[1, 2, 3])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Embedded, list[Event]]]:
    """Events stored out of order, in pieces, one piece twice."""
    random = Random(request.param)  # no secret
    events = drawn(random)
    shaken = random.sample(events, len(events))
    with closing(Embedded.open(tmp_path_factory.mktemp("roster") / "data")) as warehouse:
        for piece in (0, 20, 40, 20):
            store(warehouse, shaken[piece : piece + 20], f"piece-{piece}")
        yield warehouse, sorted(events, key=lambda event: (event["occurred_at"], event["event_id"]))


def of(events: list[Event], key: str, type_: str) -> dict[str, list[Event]]:
    """The events of a type by host or session, in order."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event["type"] == type_:
            found.setdefault(event[key], []).append(event)
    return found


def test_a_host_is_as_it_was_registered_last(told: tuple[Embedded, list[Event]]) -> None:
    warehouse, events = told
    said = rows_of(warehouse, "SELECT host_id, name, kind, likeness_of FROM roster_hosts FINAL ORDER BY host_id")
    last = {host: registered[-1] for host, registered in of(events, "host_id", "host_registered").items()}
    assert said == [
        {
            "host_id": host,
            "name": last[host]["name"],
            "kind": last[host]["kind"],
            "likeness_of": last[host]["likeness_of"],
        }
        for host in sorted(last)
    ]
    view = "SELECT assumeNotNull(host_id) AS host_id, name, toString(kind) AS kind, likeness_of FROM hosts"
    assert said == rows_of(warehouse, f"{view} ORDER BY host_id")


def test_a_kind_holds_from_its_registration_and_the_first_one_before_it_too(told: tuple[Embedded, list[Event]]) -> None:
    warehouse, events = told
    registered = of(events, "host_id", "host_registered")
    said = rows_of(
        warehouse,
        "SELECT asked.host_id AS host_id, asked.at AS at, roster_kinds.kind AS kind FROM ("  # noqa: S608  # ours
        f" SELECT arrayJoin({list(HOSTS)}) AS host_id,"
        f" arrayJoin(range({INSTANTS + 2})) AS step, toDateTime64('2026-07-31 23:59:59.999', 3, 'UTC')"
        " + toIntervalMillisecond(step) AS at"
        ") AS asked ASOF LEFT JOIN roster_kinds FINAL ON asked.host_id = roster_kinds.host_id"
        " AND asked.at >= roster_kinds.from_at ORDER BY host_id, at",
    )
    assert len(said) == len(HOSTS) * (INSTANTS + 2)
    for row in said:
        known = registered[row["host_id"]]
        before = [one["kind"] for one in known if one["occurred_at"] <= row["at"]]
        assert row["kind"] == (before[-1] if before else known[0]["kind"])


def test_a_session_is_as_it_was_started_last_and_lasts_from_its_first_start_to_its_last_end(
    told: tuple[Embedded, list[Event]],
) -> None:
    warehouse, events = told
    columns = "platform, seller_id, title, category, started_at, ended_at"
    said = rows_of(warehouse, f"SELECT session_id, {columns} FROM roster_sessions FINAL ORDER BY session_id")  # noqa: S608  # ours
    began, ended = of(events, "session_id", "session_started"), of(events, "session_id", "session_ended")
    assert [row["session_id"] for row in said] == sorted(began.keys() | ended.keys())
    for row in said:
        starts, ends = began.get(row["session_id"], []), ended.get(row["session_id"], [])
        assert row["title"] == (starts[-1]["title"] if starts else None)
        assert row["seller_id"] == (starts[-1]["seller_id"] if starts else None)
        assert row["started_at"] == (starts[0]["occurred_at"] if starts else None)
        assert row["ended_at"] == (ends[-1]["occurred_at"] if ends else None)
    view = f"SELECT assumeNotNull(session_id) AS session_id, {columns} FROM sessions ORDER BY session_id"  # noqa: S608  # ours
    assert said == rows_of(warehouse, view.replace("platform,", "toString(platform) AS platform,"))


def test_a_warehouse_from_before_is_filled_and_a_repeat_changes_nothing(told: tuple[Embedded, list[Event]]) -> None:
    warehouse, _ = told
    tables = {"roster_hosts": "host_id, name, kind, likeness_of", "roster_kinds": "host_id, from_at, kind"}
    tables |= {"roster_sessions": "session_id, platform, seller_id, title, category, started_at, ended_at"}
    texts = [f"SELECT {said} FROM {table} FINAL ORDER BY ALL" for table, said in tables.items()]  # noqa: S608  # ours
    before = [execute(warehouse, text) for text in texts]
    text = (files("analytics.warehouse") / "migrations" / "0009_roster.sql").read_text()
    filling = [part.strip() for part in text.split(";\n") if part.strip().startswith("INSERT")]
    assert len(filling) == len(tables)
    for table in tables:
        execute(warehouse, f"TRUNCATE TABLE {table}")
    assert [execute(warehouse, text) for text in texts] != before
    for _ in range(2):
        for statement in filling:
            execute(warehouse, statement)
        assert [execute(warehouse, text) for text in texts] == before
