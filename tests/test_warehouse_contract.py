"""What every engine promises of writing: each token once, in the table and behind it; readers see whole blocks."""

import threading
from contextlib import closing
from typing import Any

import polars as pl
import pytest
from warehouse_books import rows
from warehouse_stage import execute, online, presence

from analytics.warehouse import WarehouseError
from analytics.warehouse.blocks import INSERT_SETTINGS, MAX_BLOCK_ROWS
from analytics.warehouse.migrations import migrate, shipped


@pytest.fixture(params=["embedded", "server"])
def engine(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue({"embedded": "warehouse", "server": "server"}[request.param])


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
        for batch in range(1, 1_000):
            engine.insert("presence", presence(100, batch), f"batch-{batch}")
            if batch >= 30 and len(set(seen)) > 2:
                break
    finally:
        done.set()
        thread.join()
    assert failures == []
    assert seen == sorted(seen)
    assert all(count % 100 == 0 for count in seen)
    assert len(set(seen)) > 2
    assert online(engine) == (100 * batch, 100 * batch)


def test_a_reader_with_a_limit_ends_a_query_that_takes_too_long_and_answers_the_next(engine: Any) -> None:
    with closing(engine.reader(1)) as reader:
        with pytest.raises(WarehouseError, match=r"Remedy: choose a shorter range, or fewer sessions\."):
            reader.ask("SELECT max(cityHash64(number)) FROM numbers(20000000000)")
        assert rows(reader, "SELECT 1") == [("1",)]


def test_a_question_that_comes_often_is_not_compiled(engine: Any) -> None:
    compiled = "SELECT sum(value) AS functions FROM system.events WHERE event = 'CompileFunction'"
    with closing(engine.reader()) as reader:
        before = reader.ask(compiled)["functions"].item()
        for _ in range(5):
            reader.ask("SELECT sum(if(number % 7 = 3, number * 5 + 1, number + 2)) AS total FROM numbers(1000)")
        assert reader.ask(compiled)["functions"].item() == before


def test_a_migration_is_applied_once(engine: Any) -> None:
    assert migrate(lambda text: execute(engine, text)) == []
    applied = rows(engine, "SELECT number, name FROM schema_migrations ORDER BY number")
    assert applied == [(str(migration.number), migration.name) for migration in shipped()]


def test_without_room_an_insert_is_refused_before_anything_of_it_is_written(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine may take a write that fails for done, so it must not come to one."""
    assert int(INSERT_SETTINGS["min_free_disk_bytes_to_perform_insert"]) >= 256 << 20
    with monkeypatch.context() as full:
        full.setitem(INSERT_SETTINGS, "min_free_disk_bytes_to_perform_insert", str(1 << 60))
        with pytest.raises(WarehouseError, match=r"insert into presence: .*enough free space"):
            engine.insert("presence", presence(7), "batch-1")
    assert online(engine) == (0, 0)
    engine.insert("presence", presence(7), "batch-1")
    assert online(engine) == (7, 7)


def test_a_migration_that_was_cut_short_is_applied_whole_at_the_next_start(engine: Any) -> None:
    """It is always the latest, here that of the lanes: the next one begins when it has ended."""
    again = [one for one in shipped() if one.name >= "0015_lanes"]
    execute(engine, f"DELETE FROM schema_migrations WHERE number >= {again[0].number}")  # noqa: S608  # our number
    execute(engine, "DROP TABLE lanes_view")
    assert migrate(lambda text: execute(engine, text)) == [one.name for one in again]
    assert rows(engine, "SELECT count() FROM system.tables WHERE name = 'lanes_view'") == [("1",)]
