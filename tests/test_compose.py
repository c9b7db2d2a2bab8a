"""What `docker compose up` would start: pinned, closed to the outside, in order, with our own commands and settings.

No container is started here. What can be checked without one is: names, files, commands, settings, rights, order. The
rights of each ClickHouse user are tried on the engine itself.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import native_child
import pytest
import typer
import yaml
from lane_stage import Group, routed
from scenarios import scenario
from warehouse_books import rows

import hostledger
from analytics.rules import Rules
from analytics.warehouse import WarehouseError
from analytics.warehouse.server import Server
from dashboards.boards import ALERTS, BOARDS
from dashboards.grafana.checking import queries
from dashboards.grafana.emitting import emitted
from dashboards.macros import Range, expanded
from dashboards.sql import statement
from hostledger.door import COMMANDS, build
from hostledger.settings import PREFIX, SETTINGS, SOURCE_SETTINGS, Settings, WrongSetting

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("hostledger:")}
OTHERS = {name: service for name, service in SERVICES.items() if name not in OURS}
ONCE = {"topics", "migrate", "cli"}
"""Services that do one thing and end."""
ASKED = re.compile(r"\$\{(\w+)([^}]*)\}")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$")
USERS = ROOT / "deploy" / "clickhouse" / "users.xml"
ROLES = ("migrator", "writer", "reader", "grafana")


def lasting() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in SERVICES.items() if name not in ONCE}


def given(service: dict[str, Any]) -> dict[str, str]:
    """The environment of a service."""
    found = service.get("environment", {})
    assert isinstance(found, dict)
    return found


def environments() -> Iterator[tuple[str, str, str]]:
    """Service, name and value of every variable."""
    for name, service in SERVICES.items():
        yield from ((name, key, value) for key, value in given(service).items())


def test_the_services_are_those_of_one_machine() -> None:
    parts = {"kafka", "clickhouse", "grafana", "topics", "migrate", "collector", "worker", "page", "cli"}
    assert set(SERVICES) == parts
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert "container_name" not in SERVICES["worker"]


def test_every_image_is_pinned_to_one_version() -> None:
    froms = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(froms) == 2
    images = {name: service["image"] for name, service in SERVICES.items()}
    for image in [*images.values(), *froms]:
        assert re.fullmatch(r"[a-z][a-z/-]+:\d+\.\d+\.\d+[\w.-]*", image), image
    assert {service["image"] for service in OURS.values()} == {f"hostledger:{hostledger.__version__}"}
    assert all(service["build"] == "." for service in OURS.values())
    assert not any("build" in service for service in OTHERS.values())
    assert re.search(r"grafana-clickhouse-datasource@\d+\.\d+\.\d+$", SERVICES["grafana"]["environment"][PLUGINS])


PLUGINS = "GF_PLUGINS_PREINSTALL_SYNC"


def test_the_brokers_version_is_the_one_that_the_tests_run_on() -> None:
    pom = (ROOT / "tests" / "kafka" / "pom.xml").read_text()
    found = re.search(r"<kafka.version>([\d.]+)</kafka.version>", pom)
    assert found
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{found[1]}"


def test_the_image_is_installed_from_the_lock_file_by_hash_and_keeps_no_tools_to_build_with() -> None:
    first, second = (ROOT / "Dockerfile").read_text().split("\nFROM ")[1:]
    assert "--require-hashes -r requirements.lock" in first
    assert "--no-deps --no-build-isolation ." in first
    assert "uninstall --yes setuptools pip" in first
    assert "-slim-" in second.partition("\n")[0]
    assert "pip uninstall" in second
    assert "apt-get" not in first + second
    assert re.search(r"^USER 10001:10001$", second, re.MULTILINE)
    assert 'ENTRYPOINT ["hostledger"]' in second


def test_what_the_image_copies_is_there_and_not_kept_from_it() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    copied = {
        source
        for words in re.findall(r"^COPY (?!--)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        for source in words.split()[:-1]
    }
    assert copied == allowed
    assert [name for name in sorted(copied) if not (ROOT / name).exists()] == []
    assert not any(fnmatch(".env", name) or fnmatch(".git", name) for name in allowed)


def test_ports_are_open_on_this_machine_only() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(ports) == {"clickhouse", "collector", "grafana", "page"}
    for published in ports.values():
        assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in published), published
    everything = [port for published in ports.values() for port in published]
    assert len(set(everything)) == len(everything)
    assert not any("network_mode" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    uid, _, _ = service["user"].partition(":")
    assert int(uid) > 0
    assert service.get("read_only") is (None if name == "kafka" else True), "kafka writes its settings into its image"
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service)
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_has_a_health_check_or_ends_by_itself(name: str) -> None:
    service = SERVICES[name]
    if name in ONCE:
        assert "healthcheck" not in service
        assert "restart" not in service
        return
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} < set(check)
    assert service["restart"] == "unless-stopped"


def test_our_health_checks_ask_a_route_that_is_there_on_the_port_that_is_set() -> None:
    for name in ("collector", "worker"):
        port = given(SERVICES[name])[f"{PREFIX}{name.upper()}_PORT"]
        code = SERVICES[name]["healthcheck"]["test"][-1]
        compile(code, name, "exec")
        assert f"http://127.0.0.1:{port}/readyz" in code
    assert "http://127.0.0.1:8765/healthz" in SERVICES["page"]["healthcheck"]["test"][-1]
    assert given(SERVICES["page"])["HOSTLEDGER_PORT"] == "8765"
    assert "/healthz" in (ROOT / "dashboards" / "page" / "app.py").read_text()
    assert '"/readyz"' in (ROOT / "streams" / "collector" / "app.py").read_text()
    assert '"/readyz"' in (ROOT / "streams" / "worker" / "application.py").read_text()


def test_every_service_waits_for_what_it_stands_on() -> None:
    edges = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    for name, needs in edges.items():
        for other, how in needs.items():
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how == {"condition": expected}, (name, other)
            assert other in SERVICES
            assert "profiles" not in SERVICES[other]
    assert {name: set(needs) for name, needs in edges.items() if needs} == {
        "topics": {"kafka"},
        "migrate": {"clickhouse"},
        "collector": {"topics"},
        "worker": {"topics", "migrate"},
        "page": {"migrate"},
        "grafana": {"migrate"},
    }


def test_every_file_that_is_mounted_is_there_and_every_volume_is_declared() -> None:
    mounts = [mount.split(":") for service in SERVICES.values() for mount in service.get("volumes", [])]
    files = [mount for mount in mounts if mount[0].startswith(".")]
    assert len(files) == 5
    for source, _, mode in files:
        assert (ROOT / source).exists(), source
        assert mode == "ro"
    assert {mount[0] for mount in mounts if not mount[0].startswith(".")} == set(COMPOSE["volumes"])


def command_of(name: str) -> tuple[str, list[str]]:
    name, *options = SERVICES[name]["command"]
    return name, options


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_command_is_one_of_ours_with_options_that_it_has(name: str) -> None:
    command, options = command_of(name)
    assert command in COMMANDS
    found = typer.main.get_command(build([command])).commands[command]  # type: ignore[attr-defined]  # a group
    assert all(isinstance(option, str) for option in options)
    assert found.make_context(command, list(options)).args == []


def test_every_setting_is_one_that_we_know_and_every_value_is_taken() -> None:
    known = {PREFIX + setting.name for setting in SETTINGS.values()} | SOURCE_SETTINGS
    assert [key for _, key, _ in environments() if key.startswith(PREFIX) and key not in known] == []
    for name, service in OURS.items():
        values = {key: ASKED.sub("told", value) for key, value in given(service).items() if key not in SOURCE_SETTINGS}
        settings = Settings.read(values)
        assert settings.kafka == "kafka:9092" or PREFIX + "KAFKA" not in values, name
    assert not any(key.startswith(PREFIX) for service in OTHERS.values() for key in given(service))


def test_the_users_of_clickhouse_are_named_with_their_own_passwords() -> None:
    places = {"migrate": "migrator", "worker": "writer", "page": "reader", "cli": "reader"}
    for name, user in places.items():
        environment = given(SERVICES[name])
        assert environment["HOSTLEDGER_CLICKHOUSE"] == f"clickhouse://{user}@clickhouse:9000/hostledger"
        assert f"CLICKHOUSE_{user.upper()}_PASSWORD:?" in environment["HOSTLEDGER_CLICKHOUSE_PASSWORD"]
    assert {name for name, service in OURS.items() if "HOSTLEDGER_CLICKHOUSE" in given(service)} == set(places)


def test_no_secret_is_written_down_and_none_has_a_default() -> None:
    secrets = [(name, key, value) for name, key, value in environments() if SECRET.search(key)]
    must = [(name, key, value) for name, key, value in secrets if key not in SOURCE_SETTINGS]
    assert len(must) == 11
    for name, key, value in must:
        assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), (name, key)
    asked = {name: rest for name, rest in ASKED.findall(TEXT) if name not in SOURCE_SETTINGS}
    assert all(rest.startswith(":?") and len(rest) > 10 for rest in asked.values())


def test_the_collector_is_given_what_the_platforms_need_and_connects_those_that_have_secrets() -> None:
    collector = given(SERVICES["collector"])
    assert {key: value for key, value in collector.items() if key in SOURCE_SETTINGS} == {
        name: f"${{{name}:-}}" for name in SOURCE_SETTINGS
    }
    empty = {key: ASKED.sub("", value) for key, value in collector.items()}
    assert Settings.read(empty).sources == {}
    one = Settings.read(empty | {"HOSTLEDGER_SHOPIFY_SECRETS": "a b", "HOSTLEDGER_TIKTOK_LIVE_SECRETS": "c"})
    assert set(one.sources) == {"shopify", "tiktok-live"}
    with pytest.raises(WrongSetting, match="HOSTLEDGER_TIKTOK_SHOP_APP_KEY"):
        Settings.read(empty | {"HOSTLEDGER_TIKTOK_SHOP_SECRETS": "a"})


def test_the_example_names_what_is_asked_for_and_gives_nothing_away() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert sorted(name for name, _ in pairs) == sorted({name for name, _ in ASKED.findall(TEXT)})
    assert [value for _, value in pairs if value] == []


def test_the_boards_come_from_where_they_are_mounted_and_read_as_the_user_of_grafana() -> None:
    grafana = SERVICES["grafana"]
    mounts = dict(mount.split(":")[:2] for mount in grafana["volumes"])
    folder = ROOT / "dashboards" / "provisioning"
    (provider,) = yaml.safe_load((folder / "dashboards" / "boards.yaml").read_text())["providers"]
    assert mounts["./dashboards/provisioning/boards"] == provider["options"]["path"]
    assert mounts["./dashboards/provisioning/alerting"] == "/etc/grafana/provisioning/alerting"
    (source,) = yaml.safe_load((folder / "datasources" / "clickhouse.yaml").read_text())["datasources"]
    assert (source["uid"], source["type"]) == ("clickhouse", grafana["environment"][PLUGINS].partition("@")[0])
    data = source["jsonData"]
    assert (data["host"], data["port"], data["protocol"]) == ("clickhouse", 8123, "http")
    assert (data["username"], data["defaultDatabase"]) == ("grafana", "hostledger")
    assert source["secureJsonData"]["password"].lstrip("$") in grafana["environment"]


def users() -> ET.Element:
    found = ET.parse(USERS).getroot().find("users")  # noqa: S314  # our own file
    assert found is not None
    return found


def test_the_users_have_passwords_from_the_environment_and_the_open_one_is_gone() -> None:
    assert [user.tag for user in users()] == ["default", *ROLES]
    assert users()[0].attrib == {"remove": "remove"}
    clickhouse = given(SERVICES["clickhouse"])
    for name in ROLES:
        password = users().find(f"{name}/password")
        assert password is not None
        assert not password.text
        assert password.attrib["from_env"] in clickhouse
    assert clickhouse["CLICKHOUSE_SKIP_USER_SETUP"] == "1"
    assert not users().findall(".//access_management")


@pytest.fixture
def acting(tmp_path: Path) -> Iterator[Callable[[str], native_child.Child]]:
    """Starts the engine on one folder, its only user with the rights that the file gives to the role."""
    running: list[native_child.Child] = []

    def start(role: str) -> native_child.Child:
        for child in running:
            if child.process:
                child.kill()
        tree = ET.parse(USERS)  # noqa: S314  # our own file
        everyone = tree.getroot().find("users")
        assert everyone is not None
        chosen = everyone.find(role)
        assert chosen is not None
        for user in list(everyone):
            everyone.remove(user)
        chosen.tag = "default"
        password = chosen.find("password")
        assert password is not None
        password.attrib.clear()
        everyone.append(chosen)
        profiles = tree.getroot().find("profiles")
        assert profiles is not None
        ET.SubElement(profiles, "default")
        ET.SubElement(ET.SubElement(tree.getroot(), "quotas"), "default")
        tree.write(tmp_path / f"{role}.xml")
        config = tmp_path / f"{role}-config.xml"
        config.write_text(f"<clickhouse><users_config>{tmp_path / role}.xml</users_config></clickhouse>")
        child = native_child.Child(Path(f"{tmp_path / 'engine'}?config-file={config}"))
        child.start()
        running.append(child)
        return child

    yield start
    for child in running:
        if child.process:
            child.kill()


def answered(grafana: Server) -> int:
    """Have every query of the boards and alerts planned with the rights of Grafana's user; says how many there are."""
    span, count = Range(0, 60_000, 60_000), 0
    for name, board in BOARDS.items():
        values = {v.name: [] for v in board.variables} | {"zone": ["UTC"]}
        for _, query in queries(emitted(name, board)):
            grafana.run(f"EXPLAIN PLAN {expanded(query['rawSql'], span, values)}")
            count += 1
    for alert in ALERTS:
        grafana.run(f"EXPLAIN PLAN {expanded(statement(alert.query), span, {})}")
        count += 1
    return count


HIDDEN = (
    "viewer_id FROM orders",
    "line FROM rejects",
    "* FROM viewer_events",
    "viewer_id FROM presence",
    "* FROM presence",
)


def test_each_user_of_clickhouse_can_do_its_work_and_no_more(acting: Callable[[str], native_child.Child]) -> None:
    """The very grants of the file, on the engine: tables made, a story booked in lanes, read, and refused."""

    def opened(role: str) -> Server:
        return Server.open(acting(role).url("hostledger"), password=native_child.PASSWORD)

    Server.migrate(acting("migrator").url("hostledger"), password=native_child.PASSWORD)
    random = Random(42)
    with closing(opened("writer")) as writer:
        Group(writer, routed(scenario(42, "small"), random), Rules()).drain()
        assert int(rows(writer, "SELECT count() FROM ledger")[0][0]) > 10
        for text in (
            "DROP TABLE ledger",
            "ALTER TABLE ledger DELETE WHERE 1",
            "CREATE TABLE more (a Int8) ENGINE = Log",
        ):
            with pytest.raises(WarehouseError, match="Not enough privileges"):
                writer.run(text)
    with closing(opened("reader")) as reader:
        assert int(reader.query("page_clock")["batches"][0]) > 0
        assert int(rows(reader, "SELECT uniqExact(viewer_id) FROM orders")[0][0]) > 0
        with pytest.raises(WarehouseError):
            reader.run("INSERT INTO markov_fits (fit) VALUES (9)")
    with closing(opened("grafana")) as grafana:
        assert int(rows(grafana, "SELECT sum(gmv) FROM orders_minute")[0][0]) > 0
        assert int(rows(grafana, "SELECT count() FROM hosts")[0][0]) > 0
        assert int(rows(grafana, "SELECT sum(amount_minor) FROM orders")[0][0]) > 0
        grafana.run("SELECT 1 SETTINGS max_execution_time = 30")
        with pytest.raises(WarehouseError, match="max_memory_usage"):
            grafana.run("SELECT 1 SETTINGS max_memory_usage = 9000000000")
        assert answered(grafana) > 50
        for text in HIDDEN:
            with pytest.raises(WarehouseError, match="Not enough privileges"):
                grafana.run(f"SELECT {text}")
