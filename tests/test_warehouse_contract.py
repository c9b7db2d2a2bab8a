"""What every engine promises: the same frames, each token once, exact values, reading that cannot write."""

import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from warehouse_books import rows
from warehouse_stage import ASKED, HOSTILE, execute, online, presence

from analytics.warehouse import Warehouse, WarehouseError, asking
from analytics.warehouse.blocks import MAX_BLOCK_ROWS
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import migrate, shipped

asked = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
QUERIES = Path(asking.__file__).with_name("queries")
NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))


@pytest.fixture(params=["embedded", "server"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue({"embedded": "warehouse", "server": "server"}[request.param])


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, engine: Warehouse) -> Warehouse:
    """A warehouse whose named queries give back what is bound."""
    monkeypatch.setattr(asking, "named", ASKED.__getitem__)
    return engine


def test_a_token_that_comes_again_changes_nothing_in_the_table_and_the_rollup_behind_it(engine: Any) -> None:
    for _ in range(3):
        engine.insert("presence", presence(7, days=60), "batch-1")
    assert online(engine) == (7, 7)


def test_equal_rows_with_different_tokens_are_both_kept(engine: Any) -> None:
    engine.insert("presence", presence(7), "batch-1")
    engine.insert("presence", presence(7), "batch-2")
    assert online(engine) == (14, 14)


def test_one_token_serves_every_table_of_a_batch(engine: Any) -> None:
    engine.insert("presence", presence(7), "batch-1")
    engine.insert("batches", pl.DataFrame({"batch": [1], "source": ["a"], "token": ["batch-1"]}), "batch-1")
    assert online(engine) == (7, 7)
    assert rows(engine, "SELECT batch FROM batches") == [("1",)]


def test_a_view_that_missed_a_block_gets_it_when_the_token_comes_again(engine: Any) -> None:
    definition = rows(engine, "SELECT create_table_query FROM system.tables WHERE name = 'presence_minute_view'")
    execute(engine, "DROP TABLE presence_minute_view")
    engine.insert("presence", presence(7), "batch-1")
    assert online(engine) == (7, 0)
    execute(engine, definition[0][0].replace("\\'", "'").replace("\\n", "\n"))
    engine.insert("presence", presence(7), "batch-1")
    assert online(engine) == (7, 7)


def test_the_token_alone_decides_whatever_the_rows(engine: Any) -> None:
    engine.insert("presence", presence(MAX_BLOCK_ROWS), "batch-1")
    for others in (presence(7), presence(MAX_BLOCK_ROWS, batch=2)):
        engine.insert("presence", others, "batch-1")
        assert online(engine) == (MAX_BLOCK_ROWS, MAX_BLOCK_ROWS)


def test_more_than_a_million_rows_are_cut_into_blocks_that_repeat_harmlessly(engine: Any) -> None:
    frame = presence(1_000_002)
    engine.insert("presence", frame.head(MAX_BLOCK_ROWS), "batch-1")
    assert online(engine) == (MAX_BLOCK_ROWS, MAX_BLOCK_ROWS)
    for _ in range(2):
        engine.insert("presence", frame, "batch-1")
        assert online(engine) == (1_000_002, 1_000_002)


def test_an_empty_frame_is_no_block(engine: Any) -> None:
    engine.insert("presence", presence(0), "batch-1")
    engine.insert("presence", presence(7), "batch-1")
    assert online(engine) == (7, 7)


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
def test_an_error_at_the_end_of_an_insert_is_raised(engine: Any, statements: list[str]) -> None:
    for statement in statements:
        execute(engine, statement)
    with pytest.raises(WarehouseError, match="insert into odd: "):
        engine.insert("odd", pl.DataFrame({"a": [99]}), "batch-1")


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_comes_back_as_it_was(bare: Any, value: str) -> None:
    assert bare.query("scalar", value=value)["value"].to_list() == [value]
    assert bare.query("array", values=[value])["value"].to_list() == [value]


def test_hostile_values_keep_their_places_in_an_array(bare: Any) -> None:
    assert bare.query("array", values=HOSTILE)["value"].to_list() == HOSTILE


def test_a_long_array_is_bound_whole(bare: Any) -> None:
    values = [f"order-{number:09}" for number in range(300_000)]
    assert bare.query("array", values=values)["value"].to_list() == values
    assert bare.query("array", values=[]).height == 0


@asked
@example("\\\n'")
@given(st.text())
def test_any_text_comes_back_as_a_scalar(bare: Any, value: str) -> None:
    assert bare.query("scalar", value=value)["value"].to_list() == [value]


@asked
@given(st.lists(st.text(), max_size=9))
def test_any_texts_come_back_as_an_array(bare: Any, values: list[str]) -> None:
    found = bare.query("array", values=values)
    assert (found["value"].to_list() if values else []) == values


@asked
@given(st.lists(st.integers(min_value=-(2**63), max_value=2**63 - 1), min_size=1, max_size=9))
def test_any_numbers_come_back_as_an_array(bare: Any, values: list[int]) -> None:
    assert bare.query("numbers", values=values)["value"].to_list() == values


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_stored_as_it_was(engine: Any, value: str) -> None:
    frame = pl.DataFrame({"batch": [1], "source": [value], "last_position": [5], "last_offset": [9]})
    engine.insert("batches", frame, "batch-1")
    assert engine.query("core_position", source=value).row(0) == (5, 9)
    assert engine.query("core_position", source=f"{value}x").row(0) == (0, 0)


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
        "SELECT * FROM file('/etc/hostname', 'LineAsString') SETTINGS readonly = 0",
        "SELECT 1; DROP TABLE batches",
    ],
)
def test_sql_only_reads_and_says_so(engine: Any, text: str) -> None:
    with pytest.raises(WarehouseError) as refused:
        engine.sql(text)
    if isinstance(engine, Embedded):
        assert "only reading is allowed here; use SELECT" in str(refused.value)
    assert execute(engine, "SELECT count() FROM batches") == "0\n"


def test_an_answer_as_a_frame_is_exact_and_only_read(engine: Any) -> None:
    found = engine.ask(
        "SELECT toDateTime('2026-08-03 11:00:00', 'UTC') AS at, toDecimal128('12.3400', 4) AS amount, "
        "toInt128(-5) AS huge, CAST(NULL AS Nullable(Int64)) AS nothing, '{x:String}' AS text"
    )
    assert found.to_dicts() == [
        {
            "at": 1_785_754_800,
            "amount": Decimal("12.3400"),
            "huge": (-5).to_bytes(16, "little", signed=True),
            "nothing": None,
            "text": "{x:String}",
        }
    ]
    assert engine.ask("SELECT batch FROM batches").schema == {"batch": pl.UInt64()}
    for text in ("INSERT INTO batches (batch) VALUES (1)", "SELECT toDecimal256('1', 0) AS more_than_a_frame_holds"):
        with pytest.raises(WarehouseError):
            engine.ask(text)
    assert execute(engine, "SELECT count() FROM batches") == "0\n"


def test_a_table_that_is_not_there_is_refused_with_the_way_to_the_tables(engine: Any) -> None:
    with pytest.raises(WarehouseError, match="SHOW TABLES"):
        engine.sql("SELECT * FROM nowhere")


def test_a_reader_reads_whole_blocks_in_its_thread_while_the_writer_inserts(engine: Any) -> None:
    seen: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        reader = engine.reader()
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
            engine.insert("presence", presence(100, batch), f"batch-{batch}")
    finally:
        done.set()
        thread.join()
    assert failures == []
    assert seen == sorted(seen)
    assert all(count % 100 == 0 for count in seen)
    assert len(set(seen)) > 2
    assert online(engine) == (3_000, 3_000)


def test_a_reader_with_a_limit_ends_a_query_that_takes_too_long_and_answers_the_next(engine: Any) -> None:
    with closing(engine.reader(1)) as reader:
        with pytest.raises(WarehouseError, match=r"Remedy: choose a shorter range, or fewer sessions\."):
            reader.ask("SELECT max(cityHash64(number)) FROM numbers(20000000000)")
        assert rows(reader, "SELECT 1") == [("1",)]


def test_a_migration_is_applied_once(engine: Any) -> None:
    assert migrate(lambda text: execute(engine, text)) == []
    applied = rows(engine, "SELECT number, name FROM schema_migrations ORDER BY number")
    assert applied == [(str(migration.number), migration.name) for migration in shipped()]


def test_a_migration_that_was_cut_short_is_applied_whole_at_the_next_start(engine: Any) -> None:
    execute(engine, "TRUNCATE TABLE schema_migrations")
    execute(engine, "DROP TABLE products_minute_view")
    assert migrate(lambda text: execute(engine, text)) == [migration.name for migration in shipped()]
    assert rows(engine, "SELECT count() FROM system.tables WHERE name = 'products_minute_view'") == [("1",)]
