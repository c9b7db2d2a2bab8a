"""Claims about the roles on a server: kept as a golden text, read by the engine, and nobody sees what is not theirs.

After a change of `analytics/warehouse/roles.py` renew the golden text with: python tests/test_roles.py
"""

import re
from pathlib import Path

import pytest
from warehouse_books import rows
from warehouse_stage import execute

from analytics.warehouse import WarehouseError, roles
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import shipped

GOLDEN = Path(__file__).with_name("golden") / "roles.sql"
DATABASE = "hostledger"


def golden() -> str:
    return "".join(f"{statement};\n" for statement in roles.statements(DATABASE, None))


def test_the_roles_are_those_of_the_golden_text() -> None:
    assert golden() == GOLDEN.read_text()


def test_the_engine_can_read_every_statement_of_both_layouts(warehouse: Embedded) -> None:
    for cluster in (None, "live"):
        for statement in roles.statements(DATABASE, cluster):
            assert execute(warehouse, f"EXPLAIN AST {statement}")
            assert ("ON CLUSTER 'live'" in statement) == bool(cluster)


def test_every_table_and_column_that_a_role_may_read_is_there(warehouse: Embedded) -> None:
    found = rows(warehouse, "SELECT table, name FROM system.columns WHERE database = currentDatabase()")
    there = {table: {name for of, name in found if of == table} for table, _ in found}
    for tables in roles.READ.values():
        assert tables.keys() <= there.keys()
        assert [name for name, columns in tables.items() if not set(columns) <= there[name]] == []
    finance = {name for name in there if name.startswith("finance_")}
    assert finance <= roles.READ["hostledger_finance"].keys()


def test_finance_sees_no_viewer_and_a_host_neither_viewers_nor_contracts() -> None:
    assert "viewer_id" not in roles.READ["hostledger_finance"]["orders"]
    assert not {"viewer_events", "presence", "rejects"} & roles.READ["hostledger_finance"].keys()
    host = roles.READ["hostledger_host"]
    assert not {"orders", "refunds", "viewer_events", "presence", "revenue_minute", "closed_figures"} & host.keys()
    assert not {"fee_minor", "royalty_bps", "owner", "contract_id"} & set(host["roster_events"])


def test_what_a_host_may_read_and_has_a_host_in_it_shows_only_its_own_rows() -> None:
    policies = [text for text in roles.statements(DATABASE, "live") if "ROW POLICY" in text]
    own = {match[1] for text in policies if (match := re.search(r"ON hostledger\.(\w+) .*currentUser", text))}
    rest = {match[1] for text in policies if (match := re.search(r"ON hostledger\.(\w+) .*ALL EXCEPT", text))}
    assert own == rest == {"ledger", "ledger_local", "shifts", "shifts_local"}
    tables = {
        match[1]
        for migration in shipped()
        for text in migration.statements
        if (match := re.match(r"CREATE TABLE (\w+)", text)) and re.search(r"\n    host_id ", text)
    }
    assert tables & roles.READ["hostledger_host"].keys() - {"roster_events"} == set(roles.OWN)


def test_only_writers_and_closers_may_insert_and_closers_only_what_closes() -> None:
    inserts = [text for text in roles.statements(DATABASE, None) if "INSERT" in text]
    assert inserts[0] == "GRANT SELECT, INSERT ON hostledger.* TO hostledger_writer"
    assert {text.split()[-1] for text in inserts[1:]} == {"hostledger_closer"}
    assert {text.split()[3] for text in inserts[1:]} == {
        "hostledger.closings",
        "hostledger.closed_figures",
        "hostledger.rates",
    }


@pytest.mark.parametrize("name", ["", "a b", "x.y", "it's"])
def test_a_database_whose_name_needs_quotes_is_refused(name: str) -> None:
    with pytest.raises(WarehouseError, match="no name that roles"):
        list(roles.statements(name, None))


if __name__ == "__main__":
    GOLDEN.write_text(golden())
