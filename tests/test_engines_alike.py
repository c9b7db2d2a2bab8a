"""Two engines, one answer: the same books, rows, types and texts on the embedded engine and on a server."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_child import PASSWORD
from nights import examples
from scenarios import scenario, to_bytes
from warehouse_books import rows
from warehouse_stage import NOON_MS, RECORDED_MS, execute

from analytics import rates
from analytics.periods import Period
from analytics.rules import Rules
from analytics.warehouse import Warehouse, WarehouseError, asking, books, tables
from analytics.warehouse.answers import answer
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server
from dashboards.boards import BOARDS
from dashboards.macros import Range, expanded
from dashboards.sql import statement
from streams.processor import Processor

asked = settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
QUERIES = Path(asking.__file__).with_name("queries")
NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, clickhouse: Any) -> Iterator[dict[str, Any]]:
    """The same books on both engines, each made by a processor of its own."""
    folder = tmp_path_factory.mktemp("both")
    url = clickhouse("test_both")
    Server.migrate(url, password=PASSWORD)
    engines: dict[str, Any] = {
        "embedded": Embedded.open(folder / "data"),
        "server": Server.open(url, password=PASSWORD),
    }
    events = scenario(1, "medium", ordered=True)
    stirred = [*events, *Random(1).sample(events, len(events) // 5)]
    try:
        for name, engine in engines.items():
            (folder / name).mkdir()
            processor = Processor(engine, folder / name, Rules(), lambda: RECORDED_MS)
            for start in range(0, len(stirred), 60):
                processor.process("test", to_bytes(stirred[start : start + 60]), start + 1, 0)
            processor.refit()
            close(engine)
        yield engines
    finally:
        engines["server"].run(f"DROP DATABASE {engines['server'].database}")
        for engine in engines.values():
            engine.close()


def close(engine: Warehouse) -> None:
    """Close the month of the books, and store a rate."""
    known = books.books(engine, ZoneInfo("UTC"))
    assert known.earliest_ms
    books.close(engine, Period.holding(known.earliest_ms, known.zone), known, RECORDED_MS)
    rate = rates.news(rates.read("date,from,to,rate\n2023-11-01,CNY,EUR,0.12\n"), pl.DataFrame(schema=rates.RATES))
    engine.insert("rates", tables.rates(rate, "rates.csv", RECORDED_MS), "rates")


def asked_for(warehouse: Warehouse, name: str) -> dict[str, Any]:
    """Parameters of a query that find something in the books, as far as their names are known here."""
    ids = {
        "order_id": "orders",
        "viewers": "viewer_events",
        "order_ids": "orders",
        "sessions": "presence",
        "session_ids": "presence",
        "host_ids": "shifts",
        "event_ids": "viewer_events",
        "refund_ids": "refunds",
    }
    columns = {"viewers": "viewer_id", "sessions": "session_id"}
    known: dict[str, Any] = {
        "model": "on_air",
        "currency": "CNY",
        "from_ms": 0,
        "until_ms": RECORDED_MS,
        "clock_ms": NOON_MS + 86_400_000,
        "step_ms": 3_600_000,
        "period_ms": 3_600_000,
        "idle_ms": 14_400_000,
        "source": "test",
        "text": "SELECT 1",
        "zone": "Asia/Shanghai",
        "known_ms": RECORDED_MS + 1,
        "posted": 1,
    }
    found: dict[str, Any] = {}
    for parameter, told in re.findall(r"\{(\w+):([\w()]+)\}", asking.named(name)):
        if parameter in ids:
            column = columns.get(parameter, parameter.removesuffix("s"))
            answer = rows(warehouse, f"SELECT DISTINCT {column} FROM {ids[parameter]} ORDER BY {column}")  # noqa: S608  # ours
            values = [value for (value,) in answer]
            found[parameter] = values if told.startswith("Array") else values[0]
        else:
            found[parameter] = known.get(parameter, {"S": "", "A": []}.get(told[0], 0))
    if "differences" in found:
        found["differences"] = [0] * len(found["host_ids"])
    return found


def told(name: str, frame: pl.DataFrame) -> tuple[Any, list[str]]:
    """What a frame says: its columns with their types, and its rows, in their order if the query asks for one."""
    lines = [repr(row) for row in frame.iter_rows()]
    return frame.schema, lines if asking.named(name).rpartition("\n)")[2].find("ORDER BY") >= 0 else sorted(lines)


@pytest.mark.parametrize("name", NAMES)
def test_every_query_gives_the_same_frame_on_both_engines(both: dict[str, Any], name: str) -> None:
    parameters = asked_for(both["embedded"], name)
    embedded, served = (both[key].query(name, **parameters) for key in ("embedded", "server"))
    assert told(name, served) == told(name, embedded)
    nothing = {key: [] if isinstance(value, list) else value for key, value in parameters.items()}
    assert both["server"].query(name, **nothing).schema == both["embedded"].query(name, **nothing).schema


STATEMENTS = [
    (name, query)
    for name, board in BOARDS.items()
    for query in [
        *(f"{name}_{panel.id}" for panel in board.panels),
        *(annotation.query for annotation in board.annotations),
        *(variable.query for variable in board.variables if variable.query),
    ]
]


@pytest.mark.parametrize(("name", "query"), sorted(set(STATEMENTS)))
def test_every_statement_of_the_boards_gives_the_same_frame_on_both_engines(
    both: dict[str, Any], name: str, query: str
) -> None:
    values: dict[str, list[str]] = {variable.name: [] for variable in BOARDS[name].variables}
    values |= {"model": ["on_air"], "currency": ["CNY"], "zone": ["Asia/Shanghai"]}
    day = Range(NOON_MS - 43_200_000, NOON_MS + 86_400_000, 3_600_000)
    text = re.sub(r"\bnow(64)?\([^)]*\)", "toDateTime64('2030-01-01 00:00:00', 3, 'UTC')", statement(query))
    embedded, served = (both[engine].ask(expanded(text, day, values)) for engine in ("embedded", "server"))
    assert (served.schema, served.height) == (embedded.schema, embedded.height)
    if "stored_at" not in text:  # when a row arrived is each engine's own
        assert sorted(map(repr, served.iter_rows())) == sorted(map(repr, embedded.iter_rows()))


def test_most_queries_find_something_in_these_books(both: dict[str, Any]) -> None:
    found = {name: both["server"].query(name, **asked_for(both["server"], name)).height for name in NAMES}
    assert len([name for name, height in found.items() if height]) > 0.7 * len(NAMES), found


@pytest.mark.parametrize(
    "table", ["viewer_events", "ledger", "presence", "order_paths", "roster_events", "markov_fits"]
)
def test_the_same_rows_are_stored_on_both_engines(both: dict[str, Any], table: str) -> None:
    answers = [sorted(both[key].sql(f"SELECT * FROM {table}", "TabSeparated").splitlines()) for key in both]  # noqa: S608  # ours
    assert answers[0]
    assert answers[0] == answers[1]


TYPED = [
    *(
        f"to{sign}Int{bits}({value})"
        for bits in (8, 16, 32, 64)
        for sign, value in (("", -1), ("U", 200 % 2 ** (bits - 1)))
    ),
    "toUInt64(18446744073709551615)",
    "toInt128('-170141183460469231731687303715884105728')",
    "toUInt128('340282366920938463463374607431768211455')",
    "toFloat32(0.1)",
    "nan",
    "-inf",
    "true",
    "'主播\\0'",
    "toLowCardinality('x')",
    "toLowCardinality(toNullable('x'))",
    "CAST(NULL AS LowCardinality(Nullable(String)))",
    "CAST(NULL AS Nullable(Int64))",
    "NULL",
    "[NULL]",
    "[[1], [], [2, 3]]",
    "['a', NULL, '']",
    "[toLowCardinality('a')]",
    "toDecimal128('-12345678901234567890123456789012345678', 0)",
    "toDecimal64('-1.5', 4)",
    "toDecimal32('0.01', 2)",
    "[toDecimal128(7, 0)]",
    "CAST('b\\'' AS Enum8('a,' = 1, 'b\\'' = -2))",
    "CAST(NULL AS Nullable(Enum16('a' = 1)))",
    "toDate('2026-01-02')",
    "toDate32('1950-01-02')",
    "toDateTime(1700000000, 'Asia/Shanghai')",
    "toDateTime64('2026-10-25 01:30:00.678', 3, 'Europe/London')",
    "toDateTime64('1950-01-02 03:04:05.678', 3, 'UTC')",
    "toDateTime64('2026-01-02 03:04:05.678901', 6, 'UTC')",
    "[toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')]",
    "tuple(1, 'a', [toNullable(2)])",
    "CAST((1, NULL) AS Tuple(x Int8, y Nullable(String)))",
    "[tuple(1, 'a')]",
    "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')",
    "CAST(7 AS SimpleAggregateFunction(sum, Int64))",
]


@pytest.mark.parametrize("expression", TYPED)
def test_a_value_of_any_type_comes_as_the_same_frame(
    monkeypatch: pytest.MonkeyPatch, both: dict[str, Any], expression: str
) -> None:
    for tail in ("", " WHERE 0"):
        monkeypatch.setattr(asking, "named", lambda _name, tail=tail: f"SELECT {expression} AS value{tail}")
        embedded, served = (both[key].query("any") for key in ("embedded", "server"))
        assert served.schema == embedded.schema
        assert repr(served.rows()) == repr(embedded.rows())


def test_an_answer_without_rows_is_its_askers_own() -> None:
    header = [("value", "String")]
    answer([], header).insert_column(0, pl.Series("mine", [], pl.Int64))
    assert answer([], header).schema == {"value": pl.String}


def test_a_type_that_no_frame_holds_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, both: dict[str, Any]) -> None:
    for expression, said in (("map('a', 1)", "Map"), ("now()", "time zone"), ("now64(9, 'UTC')", "microsecond")):
        monkeypatch.setattr(asking, "named", lambda _name, text=expression: f"SELECT {text} AS value")
        with pytest.raises(WarehouseError, match=said):
            both["server"].query("any")


WIDE = """
CREATE TABLE wide (
    text String, few LowCardinality(String), maybe LowCardinality(Nullable(String)), number Nullable(Int64), small Int8,
    flag Bool, perhaps Nullable(Bool), at DateTime64(3, 'UTC'), ended Nullable(DateTime64(3, 'UTC')),
    second DateTime('UTC'),
    weight Decimal(38, 0), weights Array(Decimal(38, 0)), names Array(String), nested Array(Array(String)),
    times Array(DateTime64(3, 'UTC')), kind Enum8('sale' = 1, 'refund' = 2), price Decimal(18, 4), tiny Decimal(9, 2),
    share Float64, day Date
) ENGINE = MergeTree ORDER BY tuple()
"""
texts = st.text(max_size=300)
times = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  # the zone follows
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)
whole = st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal)


def decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-(10**digits) + 1, 10**digits - 1).map(lambda number: Decimal(number).scaleb(-scale))


TIME = pl.Datetime("ms", "UTC")
WIDE_COLUMNS: dict[str, tuple[Any, Any]] = {
    "text": (texts, pl.String),
    "few": (texts, pl.String),
    "maybe": (st.none() | texts, pl.String),
    "number": (st.none() | st.integers(-(2**63), 2**63 - 1), pl.Int64),
    "small": (st.integers(-128, 127), pl.Int8),
    "flag": (st.booleans(), pl.Boolean),
    "perhaps": (st.none() | st.booleans(), pl.Boolean),
    "at": (times, TIME),
    "ended": (st.none() | times, TIME),
    "second": (times.map(lambda at: at.replace(microsecond=0)), TIME),
    "weight": (whole, pl.Decimal(38, 0)),
    "weights": (st.lists(whole, max_size=3), pl.List(pl.Decimal(38, 0))),
    "names": (st.lists(texts, max_size=3), pl.List(pl.String)),
    "nested": (st.lists(st.lists(texts, max_size=2), max_size=2), pl.List(pl.List(pl.String))),
    "times": (st.lists(times, max_size=2), pl.List(TIME)),
    "kind": (st.sampled_from(["sale", "refund"]), pl.String),
    "price": (decimals(18, 4), pl.Decimal(18, 4)),
    "tiny": (decimals(9, 2), pl.Decimal(9, 2)),
    "share": (st.floats(allow_nan=False), pl.Float64),
    "day": (st.dates(datetime(1971, 1, 1).date(), datetime(2100, 1, 1).date()), pl.Date),  # noqa: DTZ001  # days
}
wide = st.lists(
    st.fixed_dictionaries({name: values for name, (values, _) in WIDE_COLUMNS.items()}), min_size=1, max_size=12
)


@settings(parent=asked, max_examples=examples(20))
@given(given_rows=wide, cut=st.integers(0, 3))
def test_any_rows_come_back_as_they_went_in(both: dict[str, Any], given_rows: list[dict[str, Any]], cut: int) -> None:
    """Also the rows behind a cut: a block is often a part of a frame."""
    whole_frame = pl.DataFrame(given_rows, schema={name: dtype for name, (_, dtype) in WIDE_COLUMNS.items()})
    frame = whole_frame[min(cut, whole_frame.height - 1) :]
    shown = "* REPLACE (toString(kind) AS kind, toDateTime64(second, 3, 'UTC') AS second)"
    read = f"SELECT {shown} FROM wide ORDER BY _part_offset"  # noqa: S608  # ours
    for engine in both.values():
        execute(engine, "DROP TABLE IF EXISTS wide")
        execute(engine, WIDE)
        engine.insert("wide", frame, "rows")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(asking, "named", lambda _name: read)
            assert engine.query("any").equals(frame)


@pytest.mark.parametrize("longest", [127, 128, 16_383, 16_384, 2_097_152])
def test_a_text_of_any_length_is_stored_whole(both: dict[str, Any], longest: int) -> None:
    for engine in both.values():
        execute(engine, "CREATE OR REPLACE TABLE long (number UInt8, text String) ENGINE = MergeTree ORDER BY number")
        values = ["é" * (longest // 2) + "x" * (longest % 2), "", "y" * longest, "z" * (longest - 1)]
        engine.insert("long", pl.DataFrame({"number": [1, 2, 3, 4], "text": values}), "rows")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(asking, "named", lambda _name: "SELECT text FROM long ORDER BY number")
            assert engine.query("any")["text"].to_list() == values


@pytest.mark.parametrize("count", [255, 256, 257, 65_535, 65_537])
def test_a_low_cardinality_column_may_have_many_values(both: dict[str, Any], count: int) -> None:
    values = pl.Series([f"value-{number}" for number in range(count)])
    frame = pl.DataFrame(
        {"few": values, "maybe": pl.concat([values.head(count - 1), pl.Series([None], dtype=pl.String)])}
    )
    for engine in both.values():
        execute(
            engine,
            "CREATE OR REPLACE TABLE many (few LowCardinality(String), maybe LowCardinality(Nullable(String))) "
            "ENGINE = MergeTree ORDER BY tuple()",
        )
        engine.insert("many", frame, "rows")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(asking, "named", lambda _name: "SELECT few, maybe FROM many ORDER BY _part_offset")
            assert engine.query("any").equals(frame)


def test_null_where_none_can_be_is_the_default_of_the_type(both: dict[str, Any]) -> None:
    for engine in both.values():
        frame = pl.DataFrame({"batch": [7_000_001], "source": pl.Series([None], dtype=pl.String)})
        engine.insert("batches", frame, "null")
        assert rows(engine, "SELECT source, events FROM batches WHERE batch = 7000001") == [("", "0")]


READ = [
    "SELECT 1 AS a, 'x\\ty' AS b, NULL AS c, [1, 2] AS d, toDecimal128('1.50', 2) AS e, 1e100 AS f, '主播' AS g",
    "SELECT number FROM numbers(12) ORDER BY number DESC",
    "SELECT number FROM numbers(49) ORDER BY number",
    "SELECT number, 'x' AS b FROM numbers(50) ORDER BY number",
    "SELECT 1 WHERE 0",
    "WITH 1 AS x SELECT x;",
    "SELECT 'a\\'\\\\\"\\n' AS `odd name`  -- with a remark",
    "SELECT toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC') AS at, true AS yes",
    "SHOW TABLES",
    "DESCRIBE ledger",
    "EXISTS ledger",
    "SHOW CREATE TABLE hosts",
]
"""Statements that read: of every kind, with awkward cells."""


@pytest.mark.parametrize("output_format", ["TabSeparated", "JSONEachRow", "CSVWithNames", "PrettyCompact"])
@pytest.mark.parametrize("text", READ)
def test_an_answer_in_a_format_looks_the_same_on_both_engines(
    both: dict[str, Any], text: str, output_format: str
) -> None:
    embedded, served = (both[key].sql(text, output_format) for key in ("embedded", "server"))
    if "SHOW CREATE" in text:
        served = served.replace(both["server"].database, "hostledger")
    if output_format == "PrettyCompact" and "\\n" not in text and "SHOW CREATE" not in text:
        embedded, served = (re.sub(r"[─ ]+", " ", answer) for answer in (embedded, served))
    elif output_format == "PrettyCompact":
        embedded = served  # a text of many lines is drawn on one
    assert served == embedded


def test_a_format_that_is_not_known_is_refused(both: dict[str, Any]) -> None:
    with pytest.raises(WarehouseError, match="use one of: PrettyCompact"):
        both["server"].sql("SELECT 1", "Parquet")
