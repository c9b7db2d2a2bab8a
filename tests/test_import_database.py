"""A query's answer becomes the very events that the same rows in a file become, a batch at a time, and once."""

import csv
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_import_tables import DATA, ONLINE_RETAIL, decoded
from typer.testing import CliRunner

from hostledger.commands import imports
from hostledger.settings import Settings
from streams.sources.tables.database import WrongDatabase, answer
from streams.sources.tables.importing import import_table
from streams.sources.tables.mapping import Mapping, read_mapping
from streams.sources.tables.reading import read_csv
from streams.sources.tables.wholes import CameApart, wholes

SLICE = DATA / "slice.csv"
SELECT = "SELECT * FROM invoices ORDER BY InvoiceNo, rowid;"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS a FROM n"
KEPT = "kept-to-itself"


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> str:
    """A shop's database: the real invoices of the slice, as they stand there."""
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    header, *rows = csv.reader(SLICE.read_text().splitlines())
    with closing(sqlite3.connect(path)) as shop:
        shop.execute(f"CREATE TABLE invoices ({', '.join(f'{name} TEXT' for name in header)})")
        shop.executemany("INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        shop.commit()
    return f"sqlite:///{path}"


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    (tmp_path / "m.toml").write_text(ONLINE_RETAIL)
    return read_mapping(tmp_path / "m.toml")


@pytest.mark.parametrize("batch_rows", [1, 7, 50, 10_000])
def test_a_database_and_a_file_of_the_same_rows_are_the_same_events_and_rejects(
    url: str, mapping: Mapping, batch_rows: int
) -> None:
    of_file = import_table(read_csv(SLICE, mapping.columns(), ""), mapping)
    batches = answer(url, SELECT, mapping.columns(), batch_rows)
    parts = [import_table(rows, mapping) for rows in wholes(batches, mapping)]
    assert sorted(line for part in parts for line in part.events.splitlines()) == sorted(of_file.events.splitlines())
    assert sum(part.rows for part in parts) == of_file.rows
    rejects = pl.concat(part.rejects for part in parts)
    assert (
        rejects["reason"]
        .value_counts(sort=True, name="n")
        .sort("reason")
        .equals(of_file.rejects["reason"].value_counts(sort=True, name="n").sort("reason"))
    )
    booked = sum(line["amount_minor"] for part in parts for event in events(part.events) for line in event["lines"])
    assert booked == by_hand(mapping)


def events(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def by_hand(mapping: Mapping) -> int:
    """The pence of the orders that can be taken, slowly: those whose every line is whole pence, none below zero."""
    orders: dict[str, list[Fraction]] = {}
    for row in csv.DictReader(SLICE.read_text().splitlines()):
        orders.setdefault(row["InvoiceNo"], []).append(100 * Fraction(row["UnitPrice"]) * int(row["Quantity"]))
    assert mapping.money.unit_price == "UnitPrice"
    whole = (sum(pence) for pence in orders.values() if all(each.denominator == 1 for each in pence))
    return int(sum(total for total in whole if total >= 0))


def test_an_answer_without_an_end_comes_batch_by_batch(url: str) -> None:
    first, second = islice(answer(url, ENDLESS, ["a"], 3), 2)
    assert (first.rows(), second.rows()) == ([(0, "1"), (1, "2"), (2, "3")], [(3, "4"), (4, "5"), (5, "6")])


def keyed(*keys: str | None) -> pl.DataFrame:
    texts = {"O": list(keys), "T": ["1"] * len(keys), "A": ["1"] * len(keys)}
    return pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)).with_row_index("row").cast({"row": pl.Int64})


ORDERS = decoded(
    {
        "source": "s",
        "kind": "orders",
        "order_id": "O",
        "product_id": {"value": "all"},
        "time": {"column": "T", "format": "s"},
        "money": {"currency": {"value": "EUR"}, "amount": "A"},
    }
)


def test_no_order_is_cut_by_the_end_of_a_batch() -> None:
    rows = keyed("1", "2", "2", "2", "2", None, None, "3", "3 ", "4")
    for size in range(1, 11):
        found = list(wholes(rows.iter_slices(size), ORDERS))
        assert pl.concat(found).sort("row").equals(rows)
        homes = [{(key or "").strip() for key in part["O"]} for part in found]
        assert sum("2" in home for home in homes) == sum("3" in home for home in homes) == 1


def test_rows_of_an_order_that_come_apart_are_refused_and_named() -> None:
    rows = keyed("1", "2", "3", "1", "4")
    with pytest.raises(CameApart, match=r"rows 1 and 4 have one order_id and do not follow.* ORDER BY"):
        list(wholes(rows.iter_slices(2), ORDERS))
    assert pl.concat(wholes([rows], ORDERS)).height == 5


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 'x' AS a, 0.1 AS b", "row 1, b: the database gives a float, floats have lost digits already"),
        ("SELECT 'x' AS a, x'00' AS b", "row 1, b: the database gives a bytes, it has no one text"),
        ("SELECT 1 AS a", "the query answers no column b; its columns are: a"),
        ("SELECT 1 AS a, 2 AS b, 3 AS b", "more than one column b"),
        ("SELECT a FROM nowhere", "the sqlite database says: no such table: nowhere"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("DELETE FROM invoices", "readonly database"),
        ("", "write one SELECT"),
    ],
)
def test_a_query_that_cannot_be_answered_exactly_is_refused_with_the_reason(url: str, query: str, said: str) -> None:
    with pytest.raises(WrongDatabase) as refused:
        list(answer(url, query, ["a", "b"]))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://me:{KEPT}@host:x/shop", "the URL of the database cannot be read"),
        (f"oracle://me:{KEPT}@host/shop", "names no database that can be read; write sqlite:///orders.db"),
        (f"mysql://me:{KEPT}@host", "names no database that can be read"),
        (f"postgresql://me:{KEPT}@host/shop?passfile=x", "passfile is no option of a postgresql URL"),
        (f"postgresql://me:{KEPT}@host/shop", "pip install"),
        (f"mysql://me:{KEPT}@host/shop", "pip install pymysql"),
        ("sqlite:///nowhere.db", "there is no file nowhere.db"),
        (KEPT, "names no database"),
    ],
)
def test_a_database_that_cannot_be_reached_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    for driver in ("psycopg", "pymysql"):
        monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(WrongDatabase) as refused:
        list(answer(url, "SELECT 1 AS a", ["a"]))
    assert said in str(refused.value)
    assert KEPT not in str(refused.value)


class Driver:
    """A driver whose every connection fails and whose message repeats the password, as drivers may."""

    class Error(Exception):
        pass

    Warning = Error

    @classmethod
    def connect(cls, **named: object) -> None:
        raise cls.Error(f"cannot log in with {named}\nand more")


def test_a_decimal_keeps_its_digits(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has no decimals: the driver is told to make them, as those of PostgreSQL and MySQL do."""
    texts = ["10.50", "1E+2", "0.0000001", "-12345678901234567890.05"]
    sqlite3.register_converter("exact", lambda told: Decimal(told.decode()))
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, detect_types=sqlite3.PARSE_COLNAMES))
    (rows,) = answer(url, " UNION ALL ".join(f"SELECT '{text}' AS 'price [exact]'" for text in texts), ["price"])
    assert rows["price"].to_list() == ["10.50", "100", "0.0000001", "-12345678901234567890.05"]


def test_a_driver_that_repeats_the_password_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", Driver)
    with pytest.raises(WrongDatabase, match=r"database says: cannot log in .*'\*\*\*'") as refused:
        list(answer(f"postgresql://me:{KEPT}%40@host/shop", "SELECT 1", []))
    assert KEPT not in f"{refused.value}{refused.value.__cause__}"


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Any]:
    def run(*arguments: str, **told: str) -> Any:
        found = Settings.read({"HOSTLEDGER_DATA": str(tmp_path / "data"), "HOSTLEDGER_MODELS": "on_air", **told})
        return CliRunner().invoke(imports.app, arguments, obj=found)

    return run


def test_a_second_import_from_the_database_or_from_the_file_books_nothing_twice(
    command: Callable[..., Any], url: str, tmp_path: Path
) -> None:
    (tmp_path / "m.toml").write_text(ONLINE_RETAIL)
    (tmp_path / "q.sql").write_text(SELECT)
    (tmp_path / "url").write_text(f"{url}\n")
    asked = ["database", str(tmp_path / "q.sql"), "--mapping", str(tmp_path / "m.toml"), "--format", "json"]
    preview = command(*asked, "--preview", HOSTLEDGER_DATABASE=url)
    assert preview.exit_code == 0
    counts = {each["reason"]: each["rows"] for each in json.loads(preview.stdout.splitlines()[0])}
    assert counts["negative_order"] > 0
    assert "time_unreadable" not in counts
    assert len(preview.stdout.splitlines()) == 6
    refused = command(*asked, HOSTLEDGER_DATABASE=url)
    assert (refused.exit_code, "--partial" in refused.stderr, (tmp_path / "data").exists()) == (2, True, False)
    nowhere = command(*asked)
    assert (nowhere.exit_code, "set HOSTLEDGER_DATABASE" in nowhere.stderr) == (2, True)
    first = command(*asked, "--url-file", str(tmp_path / "url"), "--partial")
    second = command("csv", str(SLICE), "--mapping", str(tmp_path / "m.toml"), "--partial")
    assert (first.exit_code, second.exit_code) == (0, 0)
    orders = first.stderr.partition(" orders credited")[0].rpartition(" ")[2]
    assert int(orders) > 5
    assert f"{orders} repeats dropped, 0 lines rejected" in second.stderr
    assert url not in f"{first.output}{refused.output}{preview.output}"
    assert url not in repr(Settings.read({"HOSTLEDGER_DATABASE": url}))
