"""Claims about what the roles of a server let people see: their very grants and row policies, on the engine.

Roles cannot be made in the embedded engine. Its one user gets what a role has, from a file of users; so the name that a
row policy compares with is that of the host's user.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import native_child
import pytest
from page_stage import fill
from warehouse_books import rows

from analytics.warehouse import WarehouseError, roles
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server

POLICY = re.compile(r"CREATE ROW POLICY .* ON hostledger\.(\w+) FOR SELECT USING (.*) TO hostledger_host")
GRANT = re.compile(r"(GRANT .*) TO (\w+)")


@pytest.fixture
def acting(warehouse: Embedded, tmp_path: Path) -> Iterator[Callable[[str, str], Server]]:
    """Gives the filled database as somebody with a role sees it, who is the user of a host or of none."""
    fill(warehouse)
    warehouse.close()
    running: list[native_child.Child] = []

    def start(role: str, user: str) -> Server:
        (tmp_path / "users.xml").write_bytes(ET.tostring(users(role, user)))
        config = tmp_path / "config.xml"
        config.write_text(f"<clickhouse><users_config>{tmp_path}/users.xml</users_config></clickhouse>")
        child = native_child.Child(Path(f"{warehouse.folder / 'clickhouse'}?config-file={config}"))
        child.start()
        running.append(child)
        return Server.open(child.url("hostledger"), password=native_child.PASSWORD)

    yield start
    for child in running:
        child.kill()


def users(role: str, user: str) -> ET.Element:
    """The file of users with one, who has what a role has."""
    root = ET.fromstring(  # noqa: S314  # our own
        "<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><password/><networks>"
        "<ip>::/0</ip></networks><profile>default</profile><quota>default</quota><grants/><databases><hostledger/>"
        "</databases></default></users></clickhouse>"
    )
    grants, tables = root.find(".//grants"), root.find(".//hostledger")
    assert grants is not None
    assert tables is not None
    for statement in roles.statements("hostledger", None):
        if (grant := GRANT.fullmatch(statement)) and grant[2] == role:
            ET.SubElement(grants, "query").text = grant[1]
        if (policy := POLICY.fullmatch(statement)) and role == "hostledger_host":
            condition = policy[2].replace("currentUser()", f"'{user}'")
            ET.SubElement(ET.SubElement(tables, policy[1]), "filter").text = condition
    return root


def refused(server: Server, *questions: str) -> None:
    """Each of these is refused for want of rights."""
    for text in questions:
        with pytest.raises(WarehouseError, match="Not enough privileges"):
            server.run(f"SELECT {text}")


def test_a_host_sees_its_own_lines_and_shifts_through_views_too(acting: Callable[[str, str], Server]) -> None:
    with closing(acting("hostledger_host", "host_d1")) as mine:
        assert rows(mine, "SELECT order_id, sum(amount_minor) FROM ledger GROUP BY order_id") == [("o2", "10000")]
        for table in ("ledger", "shifts", "posted_lines", "finance_lines", "finance_hosts"):
            assert rows(mine, f"SELECT DISTINCT toString(host_id) FROM {table}") == [("d1",)], table  # noqa: S608  # ours
        refused(mine, "* FROM orders", "* FROM viewer_events", "* FROM presence", "gross FROM revenue_minute")
        refused(mine, "royalty_bps FROM roster_events", "* FROM fee_schedules", "* FROM likeness_contracts")
        with pytest.raises(WarehouseError, match="Not enough privileges"):
            mine.run("INSERT INTO closings (period) VALUES ('2026-10')")


def test_a_host_of_no_shift_sees_no_line(acting: Callable[[str, str], Server]) -> None:
    with closing(acting("hostledger_host", "host_")) as nobody:
        assert rows(nobody, "SELECT count() FROM ledger") == [("0",)]
        assert rows(nobody, "SELECT count() FROM shifts") == [("0",)]


def test_finance_sees_every_line_and_no_viewer(acting: Callable[[str, str], Server]) -> None:
    with closing(acting("hostledger_finance", "ana")) as finance:
        assert {host for (host,) in rows(finance, "SELECT DISTINCT toString(host_id) FROM ledger")} > {"h1", "d1"}
        assert rows(finance, "SELECT count() FROM orders") == [("4",)]
        refused(finance, "viewer_id FROM orders", "* FROM viewer_events", "* FROM presence", "line FROM rejects")


def test_an_operator_reads_all_and_writes_nothing(acting: Callable[[str, str], Server]) -> None:
    with closing(acting("hostledger_operator", "ops")) as operator:
        assert rows(operator, "SELECT uniqExact(viewer_id) > 0 FROM orders") == [("1",)]
        with pytest.raises(WarehouseError, match="Not enough privileges"):
            operator.run("INSERT INTO markov_fits (fit) VALUES (9)")
