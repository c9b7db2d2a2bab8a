"""What the embedded warehouse promises: exact values, each token once, reading that cannot write, clear refusals."""

import threading
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from warehouse_books import rows

from analytics.warehouse import WarehouseError, embedded, migrations, tables
from analytics.warehouse.embedded import MAX_BLOCK_ROWS, Embedded, WarehouseLocked
from analytics.warehouse.migrations import migrate, shipped

NOON_MS = 1_700_000_000_000
RECORDED_MS = 4_000_000_000_000
"""Far ahead, so that no row of a test is past its time to live."""
DAY_MS = 86_400_000
HOSTILE = [
    "",
    "'",
    "''",
    '"',
    "\\",
    "\\\\",
    "\\'",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "a\0b",
    "\\N",
    "NULL",
    "{a:String}",
    "{value:String}",
    "%s",
    "$1",
    "`",
    "[1,2]",
    "','",
    "']) OR 1=1 --",
    "主播李雷的直播间",
    "🛒é\u200b\u2028",
    "\x01\x08\x0b\x0c\x1b\x7f",
    " leading and trailing ",
    "x" * 5_000,
]
ASKED = {
    "scalar": "SELECT {value:String} AS value",
    "array": "SELECT arrayJoin({values:Array(String)}) AS value",
    "numbers": "SELECT arrayJoin({values:Array(Int64)}) AS value",
}
asked = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def presence(count: int, batch: int = 1, days: int = 1) -> pl.DataFrame:
    """So many people who begin to watch, a millisecond apart, over some days."""
    numbers = pl.int_range(count, eager=True)
    changes = pl.DataFrame({"at_ms": NOON_MS + numbers + numbers % days * DAY_MS}).with_columns(
        session_id=pl.lit("s"), viewer_id=pl.lit("v"), change=pl.lit(1)
    )
    return tables.numbered(batch)(tables.presence(changes, RECORDED_MS))


def online(warehouse: Embedded) -> tuple[int, int]:
    """Rows of the base table, and the sum in the rollup behind it."""
    base = rows(warehouse, "SELECT count() FROM presence")
    rollup = rows(warehouse, "SELECT sum(change) FROM presence_minute")
    return int(base[0][0]), int(rollup[0][0])


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, warehouse: Embedded) -> Embedded:
    """A warehouse whose named queries give back what is bound."""
    monkeypatch.setattr(embedded, "_named", ASKED.__getitem__)
    return warehouse


def test_a_token_that_comes_again_changes_nothing_in_the_table_and_the_rollup_behind_it(warehouse: Embedded) -> None:
    for _ in range(3):
        warehouse.insert("presence", presence(7, days=60), "batch-1")
    assert online(warehouse) == (7, 7)


def test_a_token_that_comes_again_after_the_folder_was_closed_changes_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        warehouse = Embedded.open(tmp_path / "data")
        warehouse.insert("presence", presence(7), "batch-1")
        assert online(warehouse) == (7, 7)
        warehouse.close()


def test_equal_rows_with_different_tokens_are_both_kept(warehouse: Embedded) -> None:
    warehouse.insert("presence", presence(7), "batch-1")
    warehouse.insert("presence", presence(7), "batch-2")
    assert online(warehouse) == (14, 14)


def test_one_token_serves_every_table_of_a_batch(warehouse: Embedded) -> None:
    warehouse.insert("presence", presence(7), "batch-1")
    warehouse.insert("batches", pl.DataFrame({"batch": [1], "source": ["a"], "token": ["batch-1"]}), "batch-1")
    assert online(warehouse) == (7, 7)
    assert rows(warehouse, "SELECT batch FROM batches") == [("1",)]


def test_a_view_that_missed_a_block_gets_it_when_the_token_comes_again(warehouse: Embedded) -> None:
    definition = rows(warehouse, "SELECT create_table_query FROM system.tables WHERE name = 'presence_minute_view'")
    warehouse._run("DROP TABLE presence_minute_view")
    warehouse.insert("presence", presence(7), "batch-1")
    assert online(warehouse) == (7, 0)
    warehouse._run(definition[0][0].replace("\\'", "'").replace("\\n", "\n"))
    warehouse.insert("presence", presence(7), "batch-1")
    assert online(warehouse) == (7, 7)


def test_the_token_alone_decides_whatever_the_rows(warehouse: Embedded) -> None:
    warehouse.insert("presence", presence(MAX_BLOCK_ROWS), "batch-1")
    for others in (presence(7), presence(MAX_BLOCK_ROWS, batch=2)):
        warehouse.insert("presence", others, "batch-1")
        assert online(warehouse) == (MAX_BLOCK_ROWS, MAX_BLOCK_ROWS)


def test_more_than_a_million_rows_are_cut_into_blocks_that_repeat_harmlessly(warehouse: Embedded) -> None:
    frame = presence(1_000_002)
    warehouse.insert("presence", frame.head(MAX_BLOCK_ROWS), "batch-1")
    assert online(warehouse) == (MAX_BLOCK_ROWS, MAX_BLOCK_ROWS)
    for _ in range(2):
        warehouse.insert("presence", frame, "batch-1")
        assert online(warehouse) == (1_000_002, 1_000_002)


def test_an_empty_frame_is_no_block(warehouse: Embedded) -> None:
    warehouse.insert("presence", presence(0), "batch-1")
    warehouse.insert("presence", presence(7), "batch-1")
    assert online(warehouse) == (7, 7)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE odd (a Int64, CONSTRAINT small CHECK a < 10) ENGINE = MergeTree ORDER BY a"],
        ["CREATE TABLE odd (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS parts_to_throw_insert = 0"],
        [
            "CREATE TABLE odd (a Int64) ENGINE = MergeTree ORDER BY a",
            "CREATE MATERIALIZED VIEW odder ENGINE = MergeTree ORDER BY a AS SELECT throwIf(a > 10) AS a FROM odd",
        ],
    ],
    ids=["in the rows", "in the table", "in a view behind it"],
)
def test_an_error_at_the_end_of_an_insert_is_raised(warehouse: Embedded, statements: list[str]) -> None:
    for statement in statements:
        warehouse._run(statement)
    with pytest.raises(WarehouseError, match="insert into odd: "):
        warehouse.insert("odd", pl.DataFrame({"a": [99]}), "batch-1")


def test_what_a_failed_query_had_said_is_not_in_the_next_answer(warehouse: Embedded) -> None:
    with pytest.raises(WarehouseError):
        warehouse.sql("SELECT number, throwIf(number = 900000) FROM numbers(1000000)")
    assert rows(warehouse, "SELECT 1") == [("1",)]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_comes_back_as_it_was(bare: Embedded, value: str) -> None:
    assert bare.query("scalar", value=value)["value"].to_list() == [value]
    assert bare.query("array", values=[value])["value"].to_list() == [value]


def test_hostile_values_keep_their_places_in_an_array(bare: Embedded) -> None:
    assert bare.query("array", values=HOSTILE)["value"].to_list() == HOSTILE


def test_a_long_array_is_bound_whole(bare: Embedded) -> None:
    values = [f"order-{number:09}" for number in range(300_000)]
    assert bare.query("array", values=values)["value"].to_list() == values
    assert bare.query("array", values=[]).height == 0


@asked
@example("\\\n'")
@given(st.text())
def test_any_text_comes_back_as_a_scalar(bare: Embedded, value: str) -> None:
    assert bare.query("scalar", value=value)["value"].to_list() == [value]


@asked
@given(st.lists(st.text(), max_size=9))
def test_any_texts_come_back_as_an_array(bare: Embedded, values: list[str]) -> None:
    found = bare.query("array", values=values)
    assert (found["value"].to_list() if values else []) == values


@asked
@given(st.lists(st.integers(min_value=-(2**63), max_value=2**63 - 1), min_size=1, max_size=9))
def test_any_numbers_come_back_as_an_array(bare: Embedded, values: list[int]) -> None:
    assert bare.query("numbers", values=values)["value"].to_list() == values


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_stored_as_it_was(warehouse: Embedded, value: str) -> None:
    frame = pl.DataFrame({"batch": [1], "source": [value], "last_position": [5], "last_offset": [9]})
    warehouse.insert("batches", frame, "batch-1")
    assert warehouse.query("core_position", source=value).row(0) == (5, 9)
    assert warehouse.query("core_position", source=f"{value}x").row(0) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO batches (batch) VALUES (1)",
        "DROP TABLE batches",
        "TRUNCATE TABLE batches",
        "ALTER TABLE batches DELETE WHERE 1",
        "OPTIMIZE TABLE batches",
        "CREATE TABLE more (a Int8) ENGINE = Memory",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM (SELECT * FROM file('/etc/hostname', 'LineAsString'))",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "INSERT INTO FUNCTION file('/tmp/never', 'TSV', 'a Int8') VALUES (1)",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1; DROP TABLE batches",
    ],
)
def test_sql_only_reads_and_says_so(warehouse: Embedded, text: str) -> None:
    with pytest.raises(WarehouseError, match="only reading is allowed here; use SELECT"):
        warehouse.sql(text)
    assert warehouse._run("SELECT count() FROM batches") == "0\n"


def test_a_table_that_is_not_there_is_refused_with_the_way_to_the_tables(warehouse: Embedded) -> None:
    with pytest.raises(WarehouseError, match="SHOW TABLES"):
        warehouse.sql("SELECT * FROM nowhere")


def test_a_reader_reads_whole_blocks_in_its_thread_while_the_writer_inserts(warehouse: Embedded) -> None:
    seen: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        reader = warehouse.reader()
        try:
            while not done.is_set():
                seen.append(int(rows(reader, "SELECT count() FROM presence")[0][0]))
        except WarehouseError as error:
            failures.append(error)
        finally:
            reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for batch in range(1, 31):
            warehouse.insert("presence", presence(100, batch), f"batch-{batch}")
    finally:
        done.set()
        thread.join()
    assert failures == []
    assert seen == sorted(seen)
    assert all(count % 100 == 0 for count in seen)
    assert len(set(seen)) > 2
    assert online(warehouse) == (3_000, 3_000)


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


def test_a_migration_is_applied_once(warehouse: Embedded) -> None:
    assert migrate(warehouse._run) == []
    applied = rows(warehouse, "SELECT number, name FROM schema_migrations ORDER BY number")
    assert applied == [(str(migration.number), migration.name) for migration in shipped()]


def test_a_migration_that_was_cut_short_is_applied_whole_at_the_next_start(warehouse: Embedded) -> None:
    warehouse._run("TRUNCATE TABLE schema_migrations")
    warehouse._run("DROP TABLE products_minute_view")
    assert migrate(warehouse._run) == [migration.name for migration in shipped()]
    assert rows(warehouse, "SELECT count() FROM system.tables WHERE name = 'products_minute_view'") == [("1",)]
