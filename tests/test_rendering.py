"""One tree of SQL, two layouts: what a cluster gets is kept as a golden text, and the engine can read all of it.

After a change of `analytics/warehouse/migrations/` renew the golden text with: python tests/test_rendering.py
"""

import hashlib
import re
from pathlib import Path

import pytest
from warehouse_stage import execute

from analytics.warehouse import WarehouseError, migrations
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import migrate, shipped
from analytics.warehouse.rendering import checked, rendered

GOLDEN = Path(__file__).with_name("golden") / "cluster.sql"
SETS = {"people_minute", "lanes"}
"""Rollups of sets and greatest values: what comes twice is in them once, so they are not emptied before."""
SPREAD = {"stretches"}
"""Tables with batches that are filled."""
COLUMNS = {"presence_minute"}
"""Rollups of which a column is filled: it is dropped and made anew before."""
CLUSTER = "live"
DEFINES = re.compile(r"^CREATE (?:MATERIALIZED VIEW|VIEW|TABLE) (\w+) ON CLUSTER '(\w+)'", re.MULTILINE)


READ = ("CreateQuery", "AlterQuery", "TruncateQuery", "InsertQuery", "DropQuery")
CHANGES = ("ALTER", "TRUNCATE", "INSERT", "DROP")


def statements(cluster: str | None) -> list[str]:
    return [statement for migration in shipped() for statement in migration.rendered(cluster)]


def golden() -> str:
    return "".join(f"{statement};\n\n" for statement in statements(CLUSTER)).rstrip("\n") + "\n"


def test_the_tables_of_a_cluster_are_those_of_the_golden_text() -> None:
    assert golden() == GOLDEN.read_text()


def test_the_engine_can_read_every_statement_of_both_layouts(warehouse: Embedded) -> None:
    for cluster in (None, CLUSTER):
        for statement in statements(cluster):
            assert "${" not in statement
            assert execute(warehouse, f"EXPLAIN AST {statement}").startswith(READ)


def test_on_a_cluster_everything_is_defined_on_all_servers_and_nothing_twice() -> None:
    found = [DEFINES.match(statement) for statement in statements(CLUSTER) if not statement.startswith(CHANGES)]
    assert all(found)
    names = [match[1] for match in found if match]
    dropped = [text for text in statements(CLUSTER) if text.startswith("DROP")]
    again = ("activity_minute_view", "rooms_minute_view", "line_ups")
    away = ("rooms_minute_views_view", "presence_minute_views_view")
    assert sorted(dropped) == sorted(f"DROP TABLE IF EXISTS {view} ON CLUSTER '{CLUSTER}'" for view in again + away)
    assert sorted(name for name in set(names) if names.count(name) > 1) == sorted(again)
    assert {match[2] for match in found if match} == {CLUSTER}


def test_what_is_altered_is_altered_on_all_servers_rows_and_way_in_alike() -> None:
    altered = [statement for statement in statements(CLUSTER) if statement.startswith("ALTER")]
    assert altered
    assert [text for text in altered if not re.match(rf"ALTER TABLE \w+ ON CLUSTER '{CLUSTER}'\n", text)] == []
    added = {match[1] for text in altered if (match := re.match(r"ALTER TABLE (\w+) .*\n    ADD COLUMN", text))}
    assert {name for name in added if name.endswith("_local")} == {
        f"{name}_local" for name in added if "_local" not in name
    }


def test_a_rollup_is_filled_from_all_shards_into_one_and_emptied_on_all_before() -> None:
    texts = statements(CLUSTER)
    for place, text in enumerate(texts):
        if filled := re.match(r"INSERT INTO (\w+)_local(?: \(.*\))?\n(?:.*\n)*? *FROM (\w+)\b", text):
            assert not filled[2].endswith("_local")
            assert text.endswith("insert_deduplicate = 0")
            emptied = f"TRUNCATE TABLE {filled[1]}_local ON CLUSTER '{CLUSTER}'"
            added = [said for said in texts[place - 3 : place] if said.startswith(f"ALTER TABLE {filled[1]}")]
            assert texts[place - 1] == emptied or filled[1] in SETS or (filled[1] in COLUMNS and len(added) == 3)
            assert re.match(rf"CREATE MATERIALIZED VIEW {filled[1]}_(views_)?view ", texts[place + 1])
    filled = [text for text in texts if re.match(r"INSERT INTO \w+_local\b", text)]
    emptied = {match[1] for text in texts if (match := re.match(r"TRUNCATE TABLE (\w+)_local ", text))}
    assert len(filled) == len(emptied - SPREAD) + len(SETS) + len(COLUMNS) == 9


def test_what_has_batches_is_filled_through_the_way_in_so_that_rows_come_to_the_shard_of_their_lane() -> None:
    texts = statements(CLUSTER)
    for name in SPREAD:
        (place,) = (place for place, text in enumerate(texts) if text.startswith(f"INSERT INTO {name} "))
        assert texts[place - 1] == f"TRUNCATE TABLE {name}_local ON CLUSTER '{CLUSTER}'"
        assert "_local" not in texts[place]
        assert texts[place].endswith("insert_deduplicate = 0")


def test_the_roster_is_whole_on_all_servers_and_filled_while_workers_go_on() -> None:
    texts = statements(CLUSTER)
    tables = {match[1]: text for text in texts if (match := re.match(r"CREATE TABLE (roster_(?!events)\w+) ON", text))}
    assert tables.keys() == {"roster_hosts", "roster_kinds", "roster_sessions"}
    for table, text in tables.items():
        assert "ReplicatedAggregatingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}')" in text
        view, filling = (
            next(place for place, said in enumerate(texts) if said.startswith(start))
            for start in (f"CREATE MATERIALIZED VIEW {table}_view ", f"INSERT INTO {table} ")
        )
        assert re.search(rf" TO {table} AS\n(?:.*\n)*?FROM roster_events_local AS roster_events", texts[view])
        assert re.search(r"\nFROM roster_events(?: |\n)WHERE", texts[filling])
        assert view < filling, "what comes meanwhile is in already"


def test_on_a_cluster_every_table_that_keeps_rows_is_replicated_and_remembers_tokens() -> None:
    kept = [statement for statement in statements(CLUSTER) if "MergeTree" in statement]
    assert len(kept) > 15
    for statement in kept:
        assert re.search(r"ENGINE = Replicated\w*MergeTree", statement)
        assert re.search(
            r"replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = \d{7}", statement
        )
        assert "non_replicated" not in statement


def test_a_table_with_batches_is_sharded_by_the_lane_so_that_a_block_stays_whole() -> None:
    texts = statements(CLUSTER)
    local = {match[1]: text for text in texts if (match := re.match(r"CREATE TABLE (\w+)_local ", text))}
    spread = {match[1]: text for text in texts if (match := re.match(r"CREATE TABLE (\w+) .*\n?ENGINE = Distr", text))}
    assert local.keys() == spread.keys()
    for name, text in spread.items():
        keyed = f"{name}_local, bitShiftRight(batch, 40))" in text
        assert keyed == ("\n    batch UInt64" in local[name])
        assert f"ENGINE = Distributed('{CLUSTER}', currentDatabase(), {name}_local" in text
    assert {name for name, text in spread.items() if "bitShiftRight" not in text} == {
        name for name in local if name.endswith(("_minute", "_quarter", "_day", "_credits")) or name == "lanes"
    }


def test_views_on_a_cluster_carry_rows_from_local_to_local_tables() -> None:
    views = [text for text in statements(CLUSTER) if re.match(r"CREATE MATERIALIZED VIEW (?!roster_)", text)]
    assert len(views) >= 5
    for text in views:
        assert re.search(r" TO \w+_local AS\n", text)
        assert re.search(r"\n *FROM (\w+)_local AS \1\b", text)


def test_the_checksum_is_that_of_the_file_whatever_the_layout() -> None:
    folder = Path(migrations.__file__).with_name("migrations")
    for migration in shipped():
        assert migration.checksum == hashlib.sha256((folder / migration.name).read_bytes()).hexdigest()
        assert list(migration.rendered(None)) != list(migration.rendered(CLUSTER))


def test_a_cluster_is_migrated_statement_by_statement_and_each_may_be_repeated() -> None:
    said: list[str] = []

    def run(text: str) -> str:
        said.append(text)
        return "0\n"

    assert migrate(run, CLUSTER) == [migration.name for migration in shipped()]
    made = [text for text in said if text.startswith("CREATE")]
    assert [text for text in made if " IF NOT EXISTS " not in text or "ON CLUSTER 'live'" not in text] == []
    assert "ReplicatedMergeTree('/clickhouse/{database}/schema_migrations', '{shard}-{replica}')" in made[0]


def test_a_place_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        list(rendered("CREATE TABLE x${ELSEWHERE} (a Int8)", None))


@pytest.mark.parametrize("name", ["", "a b", "it's", "x'; DROP DATABASE y"])
def test_a_name_that_is_no_cluster_is_refused(name: str) -> None:
    with pytest.raises(WarehouseError, match=r"system\.clusters"):
        checked(name)
    assert checked("{cluster}") == "{cluster}"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(golden())
