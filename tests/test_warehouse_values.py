"""What every engine promises of values and of reading: exact, whatever they are, and unable to write.

One warehouse of each kind serves all claims: each writes under a name and a token of its own, and `kept` stays.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from native_child import PASSWORD
from nights import examples
from warehouse_books import rows
from warehouse_stage import ASKED, HOSTILE

from analytics.warehouse import Warehouse, WarehouseError, asking
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server

asked = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module", params=["embedded", "server"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened: Embedded | Server
    if request.param == "embedded":
        opened = Embedded.open(tmp_path_factory.mktemp("values") / "data")
    else:
        url = request.getfixturevalue("clickhouse")("test_values")
        Server.migrate(url, password=PASSWORD)
        opened = Server.open(url, password=PASSWORD)
    opened.insert("batches", pl.DataFrame({"batch": [1_000], "source": ["kept"]}), "kept")
    yield opened
    if isinstance(opened, Server):
        opened.run(f"DROP DATABASE {opened.database}")
    opened.close()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, engine: Warehouse) -> Warehouse:
    """A warehouse whose named queries give back what is bound."""
    monkeypatch.setattr(asking, "named", ASKED.__getitem__)
    return engine


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
    number = HOSTILE.index(value) + 1
    frame = pl.DataFrame({"batch": [number], "source": [value], "last_position": [5], "last_offset": [9]})
    engine.insert("batches", frame, f"batch-{number}")
    assert engine.query("core_position", source=value).rows() == [(5, 9, "")]
    assert engine.query("core_position", source=f"{value}x").is_empty()


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
    assert rows(engine, "SELECT count() FROM batches WHERE source = 'kept'") == [("1",)]


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
    assert rows(engine, "SELECT count() FROM batches WHERE source = 'kept'") == [("1",)]


def test_a_table_that_is_not_there_is_refused_with_the_way_to_the_tables(engine: Any) -> None:
    with pytest.raises(WarehouseError, match="SHOW TABLES"):
        engine.sql("SELECT * FROM nowhere")
