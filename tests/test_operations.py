"""The page of operations says what is so: its metrics, settings, rights and tests exist, and its promises are kept."""

import ast
import asyncio
import json
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from clickhouse_driver.errors import ServerException
from lane_stage import Log
from prometheus_client import CollectorRegistry
from warehouse_books import rows

from analytics.rules import DAY_MS, Rules
from analytics.warehouse import WarehouseError, asking, failures
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.rendering import WINDOW
from hostledger.commands.worker import STATEMENTS_AT_ONCE
from hostledger.door import COMMANDS
from hostledger.settings import PREFIX, SETTINGS
from streams import packer
from streams.arriving import Record
from streams.collector import app, bodies, connections, gathering, serving
from streams.collector import metrics as collector_metrics
from streams.ingest import wall_ms
from streams.kafka import packing, topics
from streams.lane import Means
from streams.rosters import Rosters
from streams.worker import metrics as worker_metrics
from streams.worker.conducting import MOST, Conductor
from streams.worker.engine import Engine
from streams.worker.holding import Hold
from streams.worker.limits import GROUPS_AT_ONCE, HELD, Limits
from streams.worker.messages import Message, Place
from streams.worker.patience import Patience

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "OPERATIONS.md").read_text()
EVENTS, ROSTER = Place("t.events", 0), Place("t.roster", 0)
HIDDEN = {"hostledger_reading"}
"""A name on the page that is no metric: the profile of settings in ClickHouse."""


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def table(title: str) -> list[list[str]]:
    """Cells of the rows of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    assert re.fullmatch(r"[|-]+", lines[1])
    return [[cell.strip() for cell in re.split(r" \| ", line.strip("| "))] for line in lines[2:]]


def samples() -> tuple[set[str], set[str]]:
    """Names of our metrics as they are exposed, and of all their series."""
    names, series = set(), set()
    registries: list[CollectorRegistry] = [
        worker_metrics.Metrics().registry,
        collector_metrics.Metrics().registry,
        packer.Metrics().registry,
    ]
    for registry in registries:
        for family in registry.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            names.add(name)
            series |= {name} | ({f"{name}_bucket", f"{name}_count"} if family.type == "histogram" else set())
    return names, series


def proofs() -> set[str]:
    """Names of all test functions."""
    return {
        node.name
        for file in (ROOT / "tests").glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_metric_has_its_line_and_no_other_is_named() -> None:
    names, series = samples()
    assert len(names) > 20
    lines = table("What to watch")
    assert sorted(row[0].strip("`") for row in lines) == sorted(names)
    for name, meaning, question in lines:
        assert len(meaning) > 10, name
        assert name.strip("`") in question, name
    found = set(re.findall(r"\bhostledger_[a-z_]+\b", PAGE)) - HIDDEN
    assert found - series == set()


def test_every_setting_that_is_named_is_one() -> None:
    known = {PREFIX + setting.name for setting in SETTINGS.values()}
    found = set(re.findall(r"\bHOSTLEDGER_[A-Z_]+\b", PAGE))
    assert len(found) > 15
    assert found - known == set()


def test_every_command_that_is_named_is_one() -> None:
    found = set(re.findall(r"`hostledger ([a-z-]+)", PAGE)) | set(re.findall(r"run --rm cli (\w+)", PAGE))
    assert {"migrate", "topics", "reconcile", "keys"} <= found
    assert found - COMMANDS.keys() == set()


def test_every_failure_is_proved_by_tests_that_are_there() -> None:
    lines, known = table("What happens when"), proofs()
    assert len(lines) > 20
    for what, *_, proof in lines:
        named = re.findall(r"`(test_\w+)`", proof)
        assert named, what
        assert [name for name in named if name not in known] == [], what
    assert all(len(row) == 5 for row in lines)


def test_the_amounts_on_the_page_are_those_of_the_code() -> None:
    said = dict(row for row in table("Sizing") if len(row) == 2)
    assert f"{Limits().batch_bytes >> 20} MiB" in said["one batch"]
    assert HELD == 4
    assert "; four of them" in said["one batch"]
    assert (min(max(os.cpu_count() or 1, 2), 4), 8) == (GROUPS_AT_ONCE, STATEMENTS_AT_ONCE)
    assert said["one worker"].startswith("a group of lanes per core side by side, two at least, four at most")
    assert said["one worker"].endswith("eight connections to ClickHouse")
    assert said["waiting in a worker while it is at work"].startswith(f"{MOST >> 20} MiB of records")
    assert f"{packing.MOST_EVENTS:,} events or {packing.MOST_BYTES >> 10} KiB" in said["one record"]
    assert f"{topics.MAX_MESSAGE_BYTES >> 20} MiB at most" in said["one record"]
    sizes = (bodies.MOST_SENT, bodies.MOST_UNPACKED, bodies.MOST_EVENT)
    assert [int(size) << 20 for size in re.findall(r"(\d+) MiB", said["one request"])] == list(sizes)
    assert f"{app.MOST_REQUESTS} requests" in said["one request"]
    assert said["connections of a collector"].startswith(f"{connections.MOST_CONNECTIONS}, ")
    assert f"{connections.HEAD_S} s without" in said["connections of a collector"]
    assert f"{gathering.MOST_WAITING >> 20} MiB" in said["unacknowledged in a collector"]
    assert f"{WINDOW:,} blocks" in said["de-duplication by token"]
    days = [
        int(topic.configs["retention.ms"]) // DAY_MS
        for topic in topics.declared("t")
        if "retention.ms" in topic.configs
    ]
    assert f"events {days[0]} days, dead letters {days[2]} days" in said["Kafka keeps"]
    assert f"at most {serving.DRAIN_S} s" in section("Upgrades")


def test_the_rights_on_the_page_are_those_of_the_file() -> None:
    users = ET.parse(ROOT / "deploy" / "clickhouse" / "users.xml").getroot().find("users")  # noqa: S314  # our own file
    assert users is not None
    held = {f"{query.text} TO {user.tag}" for user in users for query in user.findall("grants/query")}
    said = set(re.findall(r"^    (GRANT .*);$", section("Users of ClickHouse"), re.MULTILINE))
    assert said == {grant for grant in held if "default.*" not in grant}


def test_who_reads_has_the_settings_of_our_own_readers() -> None:
    profile = ET.parse(ROOT / "deploy" / "clickhouse" / "users.xml").getroot().find("profiles/hostledger_reading")  # noqa: S314  # our own file
    said = re.search(r"CREATE SETTINGS PROFILE hostledger_reading SETTINGS (.*);", section("Users of ClickHouse"))
    assert profile is not None
    assert said is not None
    for name, value in asking.READING.items():
        assert profile.findtext(name) == value
        assert f"{name} = {value}" in said[1].split(", ")


def test_the_engine_reads_the_sql_of_the_page(warehouse: Embedded) -> None:
    """What has to do with users it reads and then refuses: the embedded engine has none to change."""
    titles = ("How a batch is delivered", "Users of ClickHouse")
    statements = [text for title in titles for text in re.findall(r"^    ([A-Z].*?);?$", section(title), re.MULTILINE)]
    assert len(statements) > 20
    for text in statements:
        if text.startswith("SELECT"):
            assert rows(warehouse, text) == []
            continue
        with pytest.raises(WarehouseError) as refused:
            warehouse._run(text)
        assert "SYNTAX_ERROR" not in str(refused.value), text


def test_a_full_disk_of_the_server_is_waited_for() -> None:
    """Code 243 is that of a ClickHouse without room; the second try finds some."""
    metrics, tries = worker_metrics.Metrics(), []

    def insert() -> str:
        tries.append("try")
        if len(tries) == 1:
            raise failures.explained(
                ServerException("DB::Exception: Cannot reserve 1.00 MiB", 243), "insert into orders"
            )
        return "stored"

    assert Patience(metrics).insist(insert) == "stored"
    assert metrics.registry.get_sample_value("hostledger_retries_total", {"what": "warehouse"}) == 1
    assert metrics.registry.get_sample_value("hostledger_away") == 0


class Worked:
    """An engine that owns the roster and one partition, over a folder."""

    def __init__(self, warehouse: Embedded, wait_ms: int = 0, gap_ms: int = 30_000) -> None:
        self.warehouse, self.metrics = warehouse, worker_metrics.Metrics()
        means = Means(warehouse, Rules(models=("on_air",)), wall_ms, Rosters(warehouse), Log())
        self.engine = Engine(means, ROSTER.topic, Limits(wait_ms=wait_ms, fit_every_ms=0, gap_ms=gap_ms), self.metrics)
        self.engine.assigned({EVENTS, ROSTER})

    def credited(self) -> list[tuple[str, ...]]:
        return rows(
            self.warehouse,
            "SELECT order_id, host_id, sum(amount_minor) FROM ledger GROUP BY 1, 2 HAVING sum(amount_minor) != 0",
        )


def message(place: Place, offset: int, *events: dict[str, object]) -> Message:
    value = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    return Message(place, Record(offset, value), wall_ms())


def order(number: int, at_ms: int) -> dict[str, object]:
    return {
        "event_id": f"e{number}",
        "type": "order_paid",
        "occurred_at": at_ms,
        "order_id": f"o{number}",
        "viewer_id": "v1",
        "session_id": "s1",
        "currency": "CNY",
        "lines": [{"line_id": "1", "product_id": "p1", "quantity": 1, "amount_minor": 1000}],
    }


def roster(at_ms: int) -> list[dict[str, object]]:
    return [
        {
            "event_id": "r1",
            "type": "session_started",
            "occurred_at": at_ms,
            "session_id": "s1",
            "platform": "douyin",
            "seller_id": "m1",
        },
        {"event_id": "r2", "type": "shift_started", "occurred_at": at_ms, "session_id": "s1", "host_id": "h1"},
    ]


def test_records_fetched_before_a_partition_moved_do_not_hide_those_in_between(warehouse: Embedded) -> None:
    """After a seek, records of an earlier fetch may still come; they are let go of until the missing ones are there."""
    worked, now = Worked(warehouse), wall_ms()
    every = [message(EVENTS, offset, order(offset, now)) for offset in range(8)]
    assert worked.engine.turn(every[:1], {EVENTS: 8}, 0) == ({EVENTS: 1}, {})
    assert worked.engine.turn(every[4:5], {EVENTS: 8}, 0) == ({EVENTS: 1}, {EVENTS: 1})
    assert worked.engine.turn(every[5:6], {EVENTS: 8}, 0) == ({EVENTS: 1}, {EVENTS: 1})
    assert worked.engine.turn([every[1], every[2], every[6]], {EVENTS: 8}, 0) == ({EVENTS: 3}, {EVENTS: 3})
    assert worked.engine.turn(every[3:], {EVENTS: 8}, 0) == ({EVENTS: 8}, {})
    assert sorted(row[0] for row in worked.credited()) == [f"o{number}" for number in range(8)]
    told = worked.metrics.registry.get_sample_value("hostledger_missing_offsets_total", {"source": str(EVENTS)})
    assert told is None


def test_offsets_that_are_gone_are_sought_for_a_time_then_counted_and_passed_over(warehouse: Embedded) -> None:
    worked, now = Worked(warehouse, gap_ms=50), wall_ms()
    first = [message(EVENTS, 0, order(0, now))]
    assert worked.engine.turn(first, {EVENTS: 1}, 0) == ({EVENTS: 1}, {})
    later = [message(EVENTS, offset, order(offset, now)) for offset in (6, 7)]
    assert worked.engine.turn(later, {EVENTS: 8}, 0) == ({EVENTS: 1}, {EVENTS: 1})
    time.sleep(0.1)
    done, seeks = worked.engine.turn(later, {EVENTS: 8}, 0)
    assert (done[EVENTS], seeks) == (8, {})
    told = worked.metrics.registry.get_sample_value("hostledger_missing_offsets_total", {"source": str(EVENTS)})
    assert told == 5
    assert sorted(row[0] for row in worked.credited()) == ["o0", "o6", "o7"]


def test_events_wait_shortly_for_the_roster_and_a_late_one_restates(warehouse: Embedded) -> None:
    worked, now, time_s = Worked(warehouse), wall_ms(), [0.0]
    worked.engine._hold = Hold(0.2, 1 << 20, lambda: time_s[0])
    worked.engine.turn([message(EVENTS, 0, order(0, now))], {EVENTS: 1}, 1)
    assert worked.credited() == []
    time_s[0] = 0.19
    worked.engine.look_around(1)
    assert worked.credited() == []
    time_s[0] = 0.2
    worked.engine.look_around(1)
    assert worked.credited() == [("o0", "unattributed", "1000")]
    worked.engine.turn([message(ROSTER, 0, *roster(now - 60_000))], {ROSTER: 1}, 1)
    worked.engine.look_around(1)
    assert worked.credited() == [("o0", "h1", "1000")]
    assert worked.metrics.registry.get_sample_value("hostledger_restatements_total") == 2


class Fetched:
    """A record as Faust hands it over; it remembers whether it was acknowledged."""

    def __init__(self, found: Message) -> None:
        self.message = SimpleNamespace(
            topic=found.place.topic,
            partition=found.place.partition,
            offset=found.record.offset,
            value=found.record.value,
            headers=None,
            timestamp=found.appended_ms / 1000,
        )
        self.is_acknowledged = False

    def ack(self) -> None:
        self.is_acknowledged = True


def test_what_waits_is_not_acknowledged_before_it_is_stored(warehouse: Embedded) -> None:
    """Acknowledging first would commit an offset to Kafka that a crash could never come back to."""
    worked, now = Worked(warehouse, wait_ms=60_000), wall_ms()

    async def seek(_place: Place, _offset: int) -> None:
        raise AssertionError

    async def ends() -> tuple[dict[Place, int], int]:
        return {EVENTS: 1, ROSTER: 1}, 1

    async def play() -> None:
        conductor = Conductor(worked.engine, seek, ends)
        waiting, on_air = Fetched(message(EVENTS, 0, order(0, now))), Fetched(message(ROSTER, 0, *roster(now)))
        await conductor.take([waiting])
        await conductor.turn()
        assert not waiting.is_acknowledged
        assert worked.credited() == []
        await conductor.take([on_air])
        await conductor.turn()
        assert (waiting.is_acknowledged, on_air.is_acknowledged) == (True, True)
        assert [row[0] for row in worked.credited()] == ["o0"]
        await conductor.stop()

    asyncio.run(play())


def test_more_waits_only_while_there_is_room_and_what_lies_behind_a_gap_is_fetched_again(warehouse: Embedded) -> None:
    """The last order comes while the gap before it is being found: it is let go of too, and one seek is enough."""
    worked, now, sought = Worked(warehouse), wall_ms(), list[int]()
    orders = [Fetched(message(EVENTS, number, order(number, now))) for number in range(4)]
    meanwhile = list[Fetched]()

    async def seek(_place: Place, offset: int) -> None:
        sought.append(offset)

    async def play() -> None:
        async def ends() -> tuple[dict[Place, int], int]:
            while meanwhile:
                taken.append(asyncio.create_task(conductor.take([meanwhile.pop()])))
                await asyncio.sleep(0)
            return {EVENTS: 4}, 0

        conductor, taken = Conductor(worked.engine, seek, ends, most=1), list[asyncio.Task[None]]()
        taking = asyncio.create_task(conductor.take([orders[0]]))
        await asyncio.sleep(0)
        assert not taking.done()
        await conductor.turn()
        await taking
        meanwhile.append(orders[3])
        await asyncio.gather(conductor.take([orders[2]]), conductor.turn())
        assert not orders[2].is_acknowledged
        await asyncio.gather(conductor.take(orders[1:]), conductor.turn(), *taken)
        assert [fetched.is_acknowledged for fetched in orders] == [True] * 4
        await conductor.stop()

    asyncio.run(play())
    assert sought == [1]
    assert [row[0] for row in sorted(worked.credited())] == ["o0", "o1", "o2", "o3"]


@pytest.mark.parametrize(("ahead_ms", "moves"), [(DAY_MS // 2, True), (2 * DAY_MS, False)])
def test_a_clock_that_runs_ahead_does_not_move_event_time(warehouse: Embedded, ahead_ms: int, *, moves: bool) -> None:
    """One of half a day is believed; one of two days is booked at its own time and believed no further."""
    worked, now = Worked(warehouse), wall_ms()
    worked.engine.turn([message(EVENTS, 0, order(0, now), order(1, now + ahead_ms))], {EVENTS: 1}, 0)
    assert [row[0] for row in sorted(worked.credited())] == ["o0", "o1"]
    newest = int(rows(warehouse, "SELECT max(toUnixTimestamp64Milli(newest_at)) FROM batches")[0][0])
    assert newest == (now + ahead_ms if moves else now)
