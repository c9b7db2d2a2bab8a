"""What the embedded warehouse promises besides the contract: one process a folder, and clear refusals."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest
from test_people import as_shipped
from warehouse_books import rows
from warehouse_stage import online, presence

from analytics.warehouse import WarehouseError, migrations
from analytics.warehouse.embedded import Embedded, WarehouseLocked
from analytics.warehouse.migrations import shipped


def test_a_token_that_comes_again_after_the_folder_was_closed_changes_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        warehouse = Embedded.open(tmp_path / "data")
        warehouse.insert("presence", presence(7), "batch-1")
        assert online(warehouse) == (7, 7)
        warehouse.close()


def test_what_a_failed_query_had_said_is_not_in_the_next_answer(warehouse: Embedded) -> None:
    with pytest.raises(WarehouseError):
        warehouse.sql("SELECT number, throwIf(number = 900000) FROM numbers(1000000)")
    assert rows(warehouse, "SELECT 1") == [("1",)]


def test_a_second_opening_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    first = Embedded.open(tmp_path / "data")
    with pytest.raises(WarehouseLocked, match="another process holds it; stop that one, or choose another folder"):
        Embedded.open(tmp_path / "data")
    first.close()
    Embedded.open(tmp_path / "data").close()


def test_a_folder_that_cannot_be_made_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match="choose a folder that you may write to with --data"):
        Embedded.open(tmp_path / "file" / "data")


def test_a_folder_that_the_engine_cannot_use_is_refused_and_let_go(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").write_text("")
    with pytest.raises(WarehouseError) as refused:
        Embedded.open(tmp_path)
    assert str(refused.value).startswith(f"data folder {tmp_path}: ")
    (tmp_path / "clickhouse").unlink()
    Embedded.open(tmp_path).close()


def test_a_folder_with_an_odd_name_serves_like_any_other(tmp_path: Path) -> None:
    warehouse = Embedded.open(tmp_path / "it's {a,b} * 数据?")
    warehouse.insert("presence", presence(7), "batch-1")
    assert online(warehouse) == (7, 7)
    warehouse.close()


@pytest.mark.parametrize("odd", ["changed", "newer"])
def test_a_folder_with_other_migrations_is_refused_and_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str
) -> None:
    ours = shipped()
    last = ours[-1]
    theirs = {
        "changed": [*ours[:-1], replace(last, checksum="another")],
        "newer": [*ours, replace(last, number=last.number + 1, statements=("SELECT 1",))],
    }[odd]
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "shipped", lambda: theirs)
        Embedded.open(tmp_path / "data").close()
    with pytest.raises(WarehouseError) as refused:
        Embedded.open(tmp_path / "data")
    assert "use the version that made the warehouse, or a new folder" in str(refused.value)
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "shipped", lambda: theirs)
        Embedded.open(tmp_path / "data").close()


def test_every_migration_can_be_repeated_before_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may die after the last statement of a file and before the word that it was applied."""
    known = shipped()
    for number, migration in enumerate(known):
        cut = replace(migration, statements=(*migration.statements, "SELECT throwIf(1)"))
        with as_shipped(monkeypatch, [*known[:number], cut]), pytest.raises(WarehouseError, match="throwIf"):
            Embedded.open(tmp_path)
    Embedded.open(tmp_path).close()


def test_where_files_may_not_grow_a_folder_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (10_240, resource.RLIM_INFINITY))
    with pytest.raises(WarehouseError, match=r"files may not grow beyond 10,240 bytes here.* ulimit -f unlimited"):
        Embedded.open(tmp_path / "data")
    assert not (tmp_path / "data").exists()
