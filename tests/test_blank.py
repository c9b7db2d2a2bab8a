"""New warehouses are copies of a blank: with the same tables as the migrations make, whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from analytics.warehouse import WarehouseError, blank
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import shipped

TABLES = """SELECT name, engine, create_table_query FROM system.tables
WHERE database = 'hostledger' AND name != 'schema_migrations' ORDER BY name"""
WITHOUT_THE_LAST = shipped()[:-1]
APPLIED = "SELECT number, name, checksum FROM schema_migrations ORDER BY number"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that its own migrations made, and no blank anywhere."""
    folder = tmp_path_factory.mktemp("migrated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blank, "_KEPT", folder / "none")
        Embedded.open(folder / "data").close()
        yield folder / "data"


@pytest.fixture
def kept(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only blank, made of that folder."""
    monkeypatch.setattr(blank, "_KEPT", tmp_path / "kept")
    blank.keep(migrated / "clickhouse")
    return blank.place()


def schema(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    with closing(Embedded.open(folder)) as warehouse:
        return warehouse.ask(TABLES), warehouse.ask(APPLIED)


def test_a_copy_has_the_tables_that_the_migrations_make(migrated: Path, kept: Path, tmp_path: Path) -> None:
    marker = kept / "metadata" / "of_the_blank"
    marker.touch()
    ours, theirs = schema(tmp_path / "copied"), schema(migrated)
    assert (tmp_path / "copied" / "clickhouse" / "metadata" / marker.name).exists()
    assert ours[0].equals(theirs[0])
    assert ours[1].equals(theirs[1])
    assert ours[0].height > 40


def test_what_is_stored_in_a_copy_is_in_no_other(kept: Path, tmp_path: Path) -> None:
    assert kept.is_dir()
    batch = pl.DataFrame({"batch": [1], "source": ["a"], "token": ["batch-1"]})
    for folder in ("one", "two"):
        with closing(Embedded.open(tmp_path / folder)) as warehouse:
            assert warehouse.sql("SELECT count() FROM batches", "TSV") == "0\n"
            warehouse.insert("batches", batch, "batch-1")
            assert warehouse.sql("SELECT count() FROM batches", "TSV") == "1\n"


def test_a_folder_with_books_is_left_alone(kept: Path, migrated: Path, tmp_path: Path) -> None:
    folder = tmp_path / "books"
    shutil.copytree(migrated, folder, symlinks=True)
    (kept / "metadata" / "of_the_blank").touch()
    blank.lay(folder)
    assert not (folder / "clickhouse" / "metadata" / "of_the_blank").exists()


def test_who_died_in_the_midst_of_copying_left_nothing_that_counts(kept: Path, tmp_path: Path) -> None:
    half = tmp_path / "data" / "clickhouse.new"
    shutil.copytree(kept / "metadata", half / "metadata", symlinks=True)
    tables, applied = schema(tmp_path / "data")
    assert tables.height > 40
    assert applied.height
    assert not half.exists()


@pytest.mark.parametrize(
    ("what", "other"),
    [("chdb.__version__", "0.0.1"), ("analytics.warehouse.migrations.shipped", lambda: WITHOUT_THE_LAST)],
    ids=["engine", "migrations"],
)
def test_the_blank_of_another_version_is_not_taken_and_makes_room(
    migrated: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, other: object
) -> None:
    monkeypatch.setattr(what, other)
    folder = tmp_path / "data"
    folder.mkdir()
    blank.lay(folder)
    assert not (folder / "clickhouse").exists()
    blank.keep(migrated / "clickhouse")
    assert blank.place().is_dir()
    assert not kept.exists()


def test_what_stands_in_the_way_of_a_copy_is_named(kept: Path, tmp_path: Path) -> None:
    assert kept.is_dir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clickhouse.new").touch()
    with pytest.raises(WarehouseError, match=r"data folder .*clickhouse\.new"):
        Embedded.open(tmp_path / "data")
