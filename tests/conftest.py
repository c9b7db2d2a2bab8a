"""Fixtures: a warehouse in a folder of its own, and the word on what a test run requires."""

import gc
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import kafka_broker
import kafka_sockets
import native_child
import pytest
from hypothesis import HealthCheck, settings
from nights import NIGHT

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server
from streams.kafka import producing, reading, topics
from streams.processor import Processor

REQUIRED = set(os.environ.get("HOSTLEDGER_REQUIRE", "").replace(",", " ").split())
"""What must be there: a test that needs it then fails instead of being skipped."""

ANSWER_MS = 60_000
LONGEST = (
    "test_stream",
    "test_stream_commands",
    "test_kafka_dead_letters",
    "test_faults",
    "test_benchmarks_stream",
    "test_lanes",
    "test_together",
    "test_collector",
    "test_kafka_topics",
    "test_packer",
    "test_page_browser",
    "test_commands_feeding",
    "test_commands_reading",
    "test_page_streams",
    "test_warehouse_contract",
    "test_warehouse_values",
    "test_engines_alike",
    "test_compose",
    "test_boards_values",
    "test_compare_command",
    "test_processor",
    "test_shares",
    "test_boards_hosts",
    "test_boards_live",
    "test_boards_by_hand",
    "test_server",
    "test_boards_finance",
    "test_core_equals_referee",
    "test_benchmarks",
)
"""Files that take longest, the longest first; files run whole, some at a time."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Embedded]:
    opened = Embedded.open(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def processor(warehouse: Embedded) -> Callable[..., Processor]:
    def make(rules: Rules | None = None) -> Processor:
        return Processor(warehouse, warehouse.folder, rules or Rules(), lambda: int(time.time() * 1000))

    return make


def pytest_configure() -> None:
    """What is tried is the same in every run, and may take its time; only a night looks for what is new."""
    kafka_sockets.close_when_forgotten()
    settings.register_profile(
        "ours", deadline=None, derandomize=not NIGHT, suppress_health_check=[HealthCheck.too_slow], print_blob=True
    )
    settings.load_profile("ours")


@pytest.fixture(scope="session", autouse=True)
def _what_was_left_open_is_found() -> Iterator[None]:
    """Whoever leaves a socket or a file open fails the run, always, and not only if it happens to be noticed."""
    yield
    gc.collect()


def pytest_report_header() -> list[str]:
    return [f"kafka: {kafka_broker.MEANINGS[kafka_broker.choice()]}", f"clickhouse server: {native_child.MEANING}"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show what tests have measured on the way."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {name}: {value}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that all workers end at about the same time."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


def lacking(what: str, reason: str) -> NoReturn:
    """Skip for want of something, or fail if this test run requires it."""
    if what in REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka_broker.Broker]:
    """A broker for the plain path: yours, Apache Kafka, or Tansu."""
    try:
        broker = kafka_broker.make(tmp_path_factory.mktemp("kafka") / "broker")
        broker.start()
    except kafka_broker.NoBroker as error:
        lacking("kafka", str(error))
    with pytest.MonkeyPatch.context() as patient:  # a busy broker may take longer to answer than users would wait
        patient.setattr(reading, "TIMEOUT_MS", ANSWER_MS)
        patient.setattr(producing, "METADATA_MS", ANSWER_MS)
        patient.setattr(topics, "TIMEOUT_MS", ANSWER_MS)
        yield broker
    broker.stop()


@pytest.fixture
def apache_kafka(kafka: kafka_broker.Broker) -> kafka_broker.Broker:
    """A broker whose offsets, lag, compaction and idempotence can be trusted."""
    if not kafka.is_apache:
        lacking("kafka", f"{kafka.name} cannot show this; install Java 17 and Maven")
    return kafka


@pytest.fixture
def breakable_kafka(apache_kafka: kafka_broker.Broker) -> Iterator[kafka_broker.Broker]:
    """A broker that the test may stop and kill; it runs again afterwards."""
    if not apache_kafka.breakable:
        lacking("kafka", f"{apache_kafka.name} is not ours to stop; unset KAFKA_BOOTSTRAP_SERVERS")
    yield apache_kafka
    if not apache_kafka.runs:
        apache_kafka.start()


@pytest.fixture
def prefix() -> str:
    """A prefix for topics that no other test has."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """A ClickHouse server, yours or ours: gives the address of a database on it."""
    if native_child.GIVEN:
        yield lambda database: f"{native_child.GIVEN.rstrip('/')}/{database}"
        return
    child = native_child.Child(tmp_path_factory.mktemp("clickhouse"))
    child.start()
    yield child.url
    child.kill()


@pytest.fixture
def database(clickhouse: Callable[[str], str]) -> Iterator[str]:
    """The address of a database of this test alone, empty and gone afterwards."""
    url = clickhouse(f"test_{uuid.uuid4().hex[:12]}")
    Server.migrate(url, password=native_child.PASSWORD)
    yield url
    with closing(Server.open(url, password=native_child.PASSWORD)) as server:
        server.run("DROP DATABASE " + server.database)


@pytest.fixture
def server(database: str) -> Iterator[Server]:
    """A warehouse on a ClickHouse server."""
    opened = Server.open(database, password=native_child.PASSWORD)
    yield opened
    opened.close()
