"""The commands on a ClickHouse server: `migrate` makes its database, and those that read, read it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from native_child import PASSWORD
from scenarios import scenario, to_bytes
from typer.testing import CliRunner
from warehouse_stage import RECORDED_MS

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import shipped
from analytics.warehouse.server import Server
from dashboards.page.sight import WHOLE
from hostledger import serving
from hostledger.door import build
from streams.processor import Processor

NAMES = [migration.name for migration in shipped()]


def run(*arguments: str, code: int = 0, **settings: str) -> Any:
    """Run a command with settings."""
    environment = {f"HOSTLEDGER_{name}": value for name, value in settings.items()}
    result = CliRunner().invoke(build(arguments), list(arguments), env=environment)
    assert result.exit_code == code, result.output + result.stderr
    return result


@pytest.fixture
def url(clickhouse: Callable[[str], str]) -> Iterator[str]:
    """The address of a database that is not there yet."""
    address = clickhouse("test_commands")
    yield address
    Server.migrate(address, password=PASSWORD)
    with closing(Server.open(address, password=PASSWORD)) as server:
        server.run("DROP DATABASE test_commands")


def test_migrate_makes_the_database_and_says_what_it_did(url: str) -> None:
    settings = {"CLICKHOUSE": url, "CLICKHOUSE_PASSWORD": PASSWORD}
    planned = run("migrate", "--dry-run", **settings).stdout
    assert planned.startswith("CREATE TABLE batches (\n")
    assert "non_replicated_deduplication_window = 10000" in planned
    assert run("migrate", **settings).stdout.split() == NAMES
    again = run("migrate", **settings)
    assert (again.stdout, again.stderr.strip()) == ("", "The database is up to date.")
    assert run("migrate", "--dry-run", **settings).stdout == ""
    longer = run("migrate", "--dry-run", RETENTION_DAYS="400", **settings).stdout
    assert longer == "".join(
        f"ALTER TABLE {table} MODIFY TTL recorded_at + toIntervalDay(400) SETTINGS mutations_sync = 2;\n\n"
        for table in ("viewer_events", "presence")
    )
    assert run("migrate", "--dry-run", RETENTION_DAYS="400", **settings).stdout == longer, "it changed nothing"


def test_migrate_shows_what_a_cluster_would_get(url: str) -> None:
    planned = run("migrate", "--dry-run", CLICKHOUSE=url, CLICKHOUSE_PASSWORD=PASSWORD, CLUSTER="live").stdout
    assert "MODIFY TTL" not in planned
    kept = {"RETENTION_DAYS": "400", "CLUSTER": "live"}
    planned = run("migrate", "--dry-run", CLICKHOUSE=url, CLICKHOUSE_PASSWORD=PASSWORD, **kept).stdout
    assert "ALTER TABLE presence_local ON CLUSTER 'live' MODIFY TTL recorded_at + toIntervalDay(400)" in planned
    assert "CREATE TABLE batches_local ON CLUSTER 'live' (" in planned
    assert "Distributed('live', currentDatabase(), batches_local, bitShiftRight(batch, 40))" in planned


def test_migrate_without_a_server_says_how_to_name_one() -> None:
    assert "HOSTLEDGER_CLICKHOUSE=clickhouse://" in run("migrate", code=2).stderr


def test_a_wrong_password_and_an_old_database_are_refused_in_one_line(url: str) -> None:
    refused = run("migrate", code=2, CLICKHOUSE=url, CLICKHOUSE_PASSWORD="wr0ng")  # noqa: S106  # a wrong one
    assert "HOSTLEDGER_CLICKHOUSE_PASSWORD" in refused.stderr
    assert "wr0ng" not in refused.stderr
    lacking = run("reconcile", code=2, CLICKHOUSE=url, CLICKHOUSE_PASSWORD=PASSWORD)
    assert "hostledger migrate" in lacking.stderr
    assert "Traceback" not in lacking.output


def fed(warehouse: Any, folder: Path) -> None:
    """The same small history, whatever the warehouse."""
    events = scenario(1, "medium", ordered=True)
    processor = Processor(warehouse, folder, Rules(), lambda: RECORDED_MS)
    for start in range(0, len(events), 80):
        processor.process("test", to_bytes(events[start : start + 80]), start + 1, 0)


def test_the_reading_commands_say_of_a_server_what_they_say_of_a_folder(url: str, tmp_path: Path) -> None:
    data, journal = tmp_path / "data", tmp_path / "journal"
    journal.mkdir()
    with closing(Embedded.open(data)) as warehouse:
        fed(warehouse, data)
    settings = {"CLICKHOUSE": url, "CLICKHOUSE_PASSWORD": PASSWORD}
    run("migrate", **settings)
    with closing(Server.open(url, password=PASSWORD)) as server:
        fed(server, journal)
    order_id = json.loads(run("sql", "SELECT max(order_id) AS id FROM orders", "--format=json", **settings).stdout)[
        "id"
    ]
    for arguments in (
        ["report", "hosts", "--format=json"],
        ["report", "days", "--format=csv"],
        ["explain", order_id, "--format=json"],
        ["reconcile", "--format=json"],
        ["sql", "SELECT model, sum(amount_minor) FROM ledger GROUP BY model ORDER BY model", "--format=csv"],
    ):
        asked_of_the_server = run(*arguments, **settings)
        asked_of_the_folder = run(*arguments, "--data", str(data))
        assert asked_of_the_server.stdout == asked_of_the_folder.stdout
        assert asked_of_the_server.stdout
        named = run(*arguments, "--data", str(data), **settings)
        assert named.stdout == asked_of_the_folder.stdout, "an option goes before a setting"


def test_the_page_shows_the_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"CLICKHOUSE": url, "CLICKHOUSE_PASSWORD": PASSWORD}
    run("migrate", **settings)
    shown: list[int] = []

    def serve(app: Any, _port: int, _host: str, on_ready: Callable[[str], None]) -> None:
        on_ready("http://127.0.0.1:0/")
        desk = app.state.feeds.of(WHOLE)._desk
        shown.append(desk.look().batches)
        desk.close()

    monkeypatch.setattr(serving, "serve", serve)
    run("page", "--port=0", **settings)
    assert shown == [0]
    assert threading.active_count() < 20
