"""Tables of other make become events by a mapping: exactly, whole orders or none, every reject with its reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from analytics.currencies import EXPONENTS
from hostledger.commands import imports
from hostledger.door import build
from hostledger.settings import Settings
from streams.sources.online_retail import read_invoices
from streams.sources.online_retail.reading import MAPPING
from streams.sources.tables.importing import REASONS, Imported, import_table
from streams.sources.tables.mapping import Mapping, WrongMapping, read_mapping
from streams.sources.tables.reading import WrongFileError, read_csv, read_parquet

DATA = Path(__file__).parent / "data" / "online_retail"
ORDERS = """
source = "shop-a"
kind = "orders"
order_id = "Order"
product_id = "Product"
viewer_id = {column = "Customer", prefix = "shop-a/"}
quantity = "Pieces"
time = {column = "Paid", zone = "Europe/Berlin"}
money = {currency = {value = "EUR"}, amount = "Total"}
"""
HEADER = "Order,Product,Customer,Pieces,Paid,Total"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.fixture
def read(file: Callable[[str, str], Path]) -> Callable[..., Imported]:
    def from_lines(*lines: str, mapping: str = ORDERS, header: str = HEADER) -> Imported:
        told = read_mapping(file("m.toml", mapping))
        return import_table(read_csv(file("t.csv", "\n".join((header, *lines))), told.columns(), ""), told)

    return from_lines


def events(imported: Imported) -> list[dict[str, Any]]:
    return [json.loads(line) for line in imported.events.splitlines()]


def reasons(imported: Imported) -> list[tuple[int, str]]:
    return list(imported.rejects.select("row", "reason").iter_rows())


def test_rows_of_one_order_are_its_lines(read: Callable[..., Imported]) -> None:
    imported = read(
        "1001,apple,7,2,2026-03-28 12:00:00,10.50",
        "1002,pear,,1,2026-03-29T12:00:00+02:00,0.99",
        "1001,plum,7,-1,2026-03-28 12:00:01,-0.50",
    )
    first, second = events(imported)
    assert (imported.rows, imported.rejects.height) == (3, 0)
    assert first == {
        "event_id": "shop-a/paid/1001",
        "type": "order_paid",
        "occurred_at": 1_774_695_600_000,  # 12:00 in Berlin is 11:00 UTC the day before summer time
        "order_id": "shop-a/1001",
        "viewer_id": "shop-a/7",
        "currency": "EUR",
        "lines": [
            {"line_id": "1", "product_id": "apple", "quantity": 2, "amount_minor": 1050, "category": None},
            {"line_id": "2", "product_id": "plum", "quantity": -1, "amount_minor": -50, "category": None},
        ],
        "session_id": None,
        "host_id": None,
    }
    assert (second["viewer_id"], second["occurred_at"]) == ("shop-a/guest/1002", 1_774_778_400_000)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",apple,7,1,2026-03-28 12:00:00,1", "id_missing"),
        ("1001,,7,1,2026-03-28 12:00:00,1", "id_missing"),
        ("1001," + "x" * 129 + ",7,1,2026-03-28 12:00:00,1", "id_too_long"),
        ("1001,apple,7,1,28.03.2026,1", "time_unreadable"),
        ("1001,apple,7,1,2026-02-30 12:00:00,1", "time_unreadable"),
        ("1001,apple,7,1,,1", "time_unreadable"),
        ("1001,apple,7,one,2026-03-28 12:00:00,1", "quantity_unreadable"),
        ("1001,apple,7,1.5,2026-03-28 12:00:00,1", "quantity_unreadable"),
        ("1001,apple,7,٣,2026-03-28 12:00:00,1", "quantity_unreadable"),
        ("1001,apple,7,1,2026-03-28 12:00:00,１２", "amount_unreadable"),  # noqa: RUF001  # full-width digits, meant
        ("1001,apple,7,1,2026-03-28 12:00:00,1e3", "amount_unreadable"),
        ('1001,apple,7,1,2026-03-28 12:00:00,"1,00"', "amount_unreadable"),
        ("1001,apple,7,1,2026-03-28 12:00:00,", "amount_unreadable"),
        ("1001,apple,7,1,2026-03-28 12:00:00,0.005", "amount_inexact"),
        ("1001,apple,7,1,2026-03-28 12:00:00,-1", "negative_order"),
        ("1001,apple,7,1,2026-03-28 12:00:00,999999999999999", "field_value"),
    ],
)
def test_a_row_that_cannot_be_read_is_rejected_with_its_reason(
    read: Callable[..., Imported], line: str, reason: str
) -> None:
    imported = read("1000,apple,7,1,2026-03-28 12:00:00,1", line)
    assert reasons(imported) == [(1, reason)]
    assert [event["order_id"] for event in events(imported)] == ["shop-a/1000"]


def test_empty_lines_are_none_and_a_column_named_twice_is_refused(read: Callable[..., Imported]) -> None:
    row = "1,apple,7,1,2026-03-28 12:00:00,1"
    imported = read(row, "", row.replace("1,a", "2,a", 1), "", "")
    assert ([event["order_id"] for event in events(imported)], imported.rejects.height) == (["shop-a/1", "shop-a/2"], 0)
    with pytest.raises(WrongFileError, match=r"line 1, header: 'Total' cannot be read\. Remedy: name each column"):
        read(row + ",2", header=HEADER + ",Total")


def test_an_order_is_taken_whole_or_not_at_all(read: Callable[..., Imported]) -> None:
    imported = read(
        "1,apple,7,1,2026-03-28 12:00:00,1",
        "1,pear,7,1,2026-03-28 12:00:00,much",
        "2,apple,7,1,2026-03-28 12:00:00,1",
        "2,apple,8,1,2026-03-28 12:00:00,1",
        "3,apple,7,1,2026-03-28 12:00:00,1",
    )
    assert reasons(imported) == [
        (0, "other_row"),
        (1, "amount_unreadable"),
        (2, "rows_disagree"),
        (3, "rows_disagree"),
    ]
    assert [event["order_id"] for event in events(imported)] == ["shop-a/3"]
    assert imported.rejects.row(1)[2:] == ("amount", "much")


def test_amounts_in_other_writing_and_currencies_by_column(read: Callable[..., Imported]) -> None:
    mapping = """
source = "s"
kind = "orders"
order_id = "O"
product_id = {value = "all"}
quantity = "Q"
time = {column = "T", format = "s"}
money = {currency = "C", unit_price = "P", decimal = ",", thousands = "."}
"""
    told = "O,Q,T,C,P"
    rows = ["1,3,1700000000,JPY,1.234", '2,3,1700000000,EUR,"0,335"', '3,2,1700000000,EUR,"0,335"']
    rows += ['4,1,1700000000,KWD,"1.000.000,001"', "5,1,1700000000,XYZ,1"]
    found = read(*rows, mapping=mapping, header=told)
    assert reasons(found) == [(1, "amount_inexact"), (4, "currency_unknown")]  # 3 · 0.335 = 1.005
    totals = {event["order_id"]: event["lines"][0]["amount_minor"] for event in events(found)}
    assert totals == {"s/1": 3702, "s/3": 67, "s/4": 1_000_000_001}


@pytest.mark.parametrize(
    "text", ["10.50", "1.0000", "1234.567", ".500", "1..000", "1.000.00", "1,5.000", "0.500", "00.001"]
)
def test_a_mark_between_thousands_that_is_elsewhere_is_not_left_out(read: Callable[..., Imported], text: str) -> None:
    """10.50 of a file that writes 10,50 would be read as a hundred times as much."""
    mapping = ORDERS.replace('amount = "Total"', 'amount = "Total", decimal = ",", thousands = "."')
    told = "1001,apple,7,1,2026-03-28 12:00:00,"
    found = read(f'{told}"{text}"', '1002,apple,7,1,2026-03-28 12:00:00,"-1.234.567,89"', mapping=mapping)
    assert reasons(found)[0] == (0, "amount_unreadable")
    fine = read(f'{told}"1.234.567,89"', f'{told}"0,50"', f'{told}"1234,5"', mapping=mapping)
    assert [line["amount_minor"] for line in events(fine)[0]["lines"]] == [123_456_789, 50, 123_450]


def test_refunds_of_one_id_are_one_refund(read: Callable[..., Imported]) -> None:
    mapping = """
source = "s"
kind = "refunds"
refund_id = "R"
order_id = "O"
reason = "W"
time = {column = "T", format = "%d.%m.%Y %H:%M", zone = "Asia/Shanghai"}
money = {currency = {value = "CNY"}, amount = "A"}
"""
    rows = ["r1,1,28.03.2026 08:00,1.50,broken", "r1,1,28.03.2026 08:00,2.00,broken", "r2,1,28.03.2026 08:00,1,"]
    rows += ["r3,1,28.03.2026 08:00,1,", "r3,2,28.03.2026 08:00,1,", "r4,1,28.03.2026 08:00,-1,"]
    found = read(*rows, mapping=mapping, header="R,O,T,A,W")
    assert [(event["refund_id"], event["amount_minor"], event["reason"]) for event in events(found)] == [
        ("s/r1", 350, "broken"),
        ("s/r2", 100, None),
    ]
    assert events(found)[0]["occurred_at"] == 1_774_656_000_000
    assert reasons(found) == [(3, "rows_disagree"), (4, "rows_disagree"), (5, "field_value")]


def test_a_refund_whose_rows_exceed_64_bits_is_refused_and_not_what_is_left_of_it(
    read: Callable[..., Imported],
) -> None:
    mapping = """
source = "s"
kind = "refunds"
refund_id = "R"
order_id = "O"
time = {column = "T", format = "s"}
money = {currency = {value = "EUR"}, amount = "A"}
"""
    most, rest = 10**17 - 1, (1 << 64) + 500
    amounts = [*[most] * (rest // most), rest % most]
    rows = [f"r1,1,1700000000,{amount // 100}.{amount % 100:02}" for amount in amounts]
    found = read(*rows, "r2,1,1700000000,1", mapping=mapping, header="R,O,T,A")
    assert {reason for _, reason in reasons(found)} == {"field_value"}
    assert [(event["refund_id"], event["amount_minor"]) for event in events(found)] == [("s/r2", 100)]


AMOUNTS = st.tuples(st.integers(-(10**17), 10**17), st.integers(0, 9))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(AMOUNTS, st.integers(1, 1000), st.sampled_from(["JPY", "EUR", "KWD"])), min_size=1, max_size=8)
)
def test_no_amount_is_ever_rounded(rows: list[tuple[tuple[int, int], int, str]]) -> None:
    """Beside exact fractions: an amount is its whole minor units, or rejected."""
    texts = [f"{Decimal(digits).scaleb(-places):f}" for (digits, places), _, _ in rows]
    frame = pl.DataFrame(
        {
            "row": list(range(len(rows))),
            "O": [str(n) for n in range(len(rows))],
            "Q": [str(pieces) for _, pieces, _ in rows],
            "C": [code for _, _, code in rows],
            "P": texts,
            "T": ["1700000000000"] * len(rows),
        },
        schema_overrides={"row": pl.Int64},
    )
    told = {"column": "T", "format": "ms"}
    mapping = {"source": "s", "kind": "orders", "order_id": "O", "product_id": "O", "quantity": "Q", "time": told}
    found = import_table(frame, decoded(mapping | {"money": {"currency": "C", "unit_price": "P"}}))
    taken = {event["order_id"]: event["lines"][0]["amount_minor"] for event in events(found)}
    for number, ((_, pieces, code), text) in enumerate(zip(rows, texts, strict=True)):
        exact = Fraction(text) * pieces * 10 ** EXPONENTS[code]
        readable = len(text.lstrip("-").partition(".")[0]) <= 15
        fine = readable and exact.denominator == 1 and 0 <= exact <= 10**15
        assert taken.get(f"s/{number}") == (exact if fine else None)
    assert found.rows + found.rejects.height == len(rows)


def decoded(mapping: dict[str, Any]) -> Mapping:
    return msgspec.convert(mapping, Mapping)


def test_parquet_is_read_exactly_and_floats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pl.DataFrame(
        {
            "O": [4_781_320_682_406_083_640],
            "P": ["x"],
            "T": [datetime(2026, 3, 28, 11, 0, 0, 250_000, UTC)],
            "A": [Decimal("12345678901.23")],
        }
    )
    frame.write_parquet(path)
    mapping = decoded(
        {
            "source": "s",
            "kind": "orders",
            "order_id": "O",
            "product_id": "P",
            "time": {"column": "T"},
            "money": {"currency": {"value": "EUR"}, "amount": "A"},
        }
    )
    (event,) = events(import_table(read_parquet(path, mapping.columns(), ""), mapping))
    assert (event["order_id"], event["occurred_at"]) == ("s/4781320682406083640", 1_774_695_600_250)
    assert event["lines"][0]["amount_minor"] == 1_234_567_890_123
    for odd in (pl.concat_list("P"), pl.struct("P")):
        frame.with_columns(P=odd).write_parquet(path)
        with pytest.raises(WrongFileError, match=r"P: .(List|Struct).* Remedy: write one value per row"):
            read_parquet(path, mapping.columns(), "")
    frame.with_columns(P=pl.lit(b"\xff")).write_parquet(path)
    with pytest.raises(WrongFileError, match=r"invalid utf8.* Remedy: give text"):
        read_parquet(path, mapping.columns(), "give text")
    frame.with_columns(pl.col("A").cast(pl.Float64)).write_parquet(path)
    with pytest.raises(WrongFileError, match="floats have lost digits"):
        read_parquet(path, mapping.columns(), "")
    with pytest.raises(WrongFileError, match="the header must have the columns"):
        read_parquet(path, ["Z"], "")
    path.write_bytes(b"PAR1")
    with pytest.raises(WrongFileError, match="give an intact file"):
        read_parquet(path, ["O"], "give an intact file")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "orders"', 'kind = "order"', "Invalid enum value 'order'"),
        ('kind = "orders"', 'kind = "refunds"', "kind refunds needs refund_id"),
        ('product_id = "Product"', "", "kind orders needs product_id"),
        ('quantity = "Pieces"', 'pieces = "Pieces"', "unknown field `pieces`"),
        ('quantity = "Pieces"', "quantity = {}", "quantity needs a column or a value"),
        (', zone = "Europe/Berlin"', ', zone = "Mars/Olympus"', "time zone 'Mars/Olympus' is unknown"),
        (', zone = "Europe/Berlin"', ', format = "%d.%m.%Y"', "time needs a zone"),
        (", zone", ', format = "%d.%m.%Y %H", zone', "time.format '%d.%m.%Y %H' cannot be used: Invalid format string"),
        (", zone", ', format = "%d.%m.%Y %I:%M", zone', "specify both 12-hour directive and meridiem directive"),
        (", zone", ', format = "%Y-%m-%d %H:%M:%S.%f", zone', "Use `%.f` instead"),
        (', amount = "Total"', "", "amount or unit_price"),
        (', amount = "Total"', ', amount = "Total", unit_price = "X"', "amount or unit_price"),
        (', amount = "Total"', ', amount = "Total", decimal = ",", thousands = ","', "the same mark"),
        ('source = "shop-a"', "source = ", "Invalid"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_reason(
    file: Callable[[str, str], Path], old: str, new: str, said: str
) -> None:
    with pytest.raises(WrongMapping) as refused:
        read_mapping(file("m.toml", ORDERS.replace(old, new)))
    assert said in str(refused.value)
    assert "m.toml" in str(refused.value)


ONLINE_RETAIL = """
source = "online-retail"
kind = "orders"
order_id = "InvoiceNo"
product_id = "StockCode"
viewer_id = "CustomerID"
quantity = "Quantity"
time = {column = "InvoiceDate", format = "%Y-%m-%d %H:%M:%S", zone = "Europe/London"}
money = {currency = {value = "GBP"}, unit_price = "UnitPrice"}
"""


def test_the_online_retail_import_is_an_instance_of_a_mapping_with_rules_beyond_it(
    read: Callable[..., Imported], file: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """Invoices that its own import books whole are the same orders; for the others it has rules of its own."""
    assert read_mapping(file("retail.toml", ONLINE_RETAIL)) == MAPPING
    (tmp_path / "roster.jsonl").write_text("")
    theirs = {
        event["order_id"]: event
        for event in events_of(read_invoices(DATA / "slice.csv", tmp_path / "roster.jsonl").events)
        if event["type"] == "order_paid"
    }
    header, *lines = (DATA / "slice.csv").read_text().splitlines()
    ours = {
        event["order_id"].removeprefix("online-retail/"): event
        for event in events(read(*lines, mapping=ONLINE_RETAIL, header=header))
    }
    same = [order for order in theirs if order in ours and len(theirs[order]["lines"]) == len(ours[order]["lines"])]
    assert len(same) > 5
    for order in same:
        mine, other = ours[order], theirs[order]
        assert mine["occurred_at"] == other["occurred_at"]
        assert [line["amount_minor"] for line in mine["lines"]] == [line["amount_minor"] for line in other["lines"]]
        assert [line["product_id"] for line in mine["lines"]] == [line["product_id"] for line in other["lines"]]


def events_of(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Any]:
    def run(*arguments: str) -> Any:
        told = Settings.read({"HOSTLEDGER_DATA": str(tmp_path / "data"), "HOSTLEDGER_MODELS": "on_air"})
        return CliRunner().invoke(imports.app, arguments, obj=told)

    return run


def test_a_preview_shows_and_stores_nothing_and_rejects_stop_an_import(
    command: Callable[..., Any], file: Callable[[str, str], Path], tmp_path: Path
) -> None:
    good = "1001,apple,7,2,2026-03-28 12:00:00,10.50"
    table = file("t.csv", f"{HEADER}\n{good}\n1002,pear,7,1,noon,1\n")
    arguments = ["csv", str(table), "--mapping", str(file("m.toml", ORDERS)), "--format", "json"]
    preview = command(*arguments, "--preview")
    assert preview.exit_code == 0
    (reject,) = json.loads(preview.stdout.splitlines()[0])
    assert reject == {
        "reason": "time_unreadable",
        "rows": 1,
        "line": 3,
        "field": "time",
        "value": "noon",
        "remedy": REASONS["time_unreadable"],
    }
    assert json.loads(preview.stdout.splitlines()[1])["order_id"] == "shop-a/1001"
    assert "1 rows are 1 events; 1 rows cannot be taken." in preview.stderr
    refused = command(*arguments)
    assert (refused.exit_code, "--partial" in refused.stderr) == (2, True)
    assert not (tmp_path / "data").exists()
    written = command(*arguments, "--partial", "--events", str(tmp_path / "e.jsonl"))
    assert written.exit_code == 0
    assert len((tmp_path / "e.jsonl").read_bytes().splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_an_import_is_in_the_books_and_a_second_one_changes_nothing(
    command: Callable[..., Any], file: Callable[[str, str], Path]
) -> None:
    table = file("t.csv", f"{HEADER}\n1001,apple,7,2,2026-03-28 12:00:00,10.50\n")
    arguments = ["csv", str(table), "--mapping", str(file("m.toml", ORDERS))]
    first, second = command(*arguments), command(*arguments)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "1 orders credited" in first.stderr
    assert "1 repeats dropped" in second.stderr
    wrong = command("csv", str(table), "--mapping", str(file("m.toml", ORDERS.replace('"Total"', '"Sum"'))))
    assert (wrong.exit_code, "Sum" in wrong.stderr) == (2, True)


def test_all_imports_are_behind_the_door() -> None:
    found = typer.main.get_command(build(["import"])).commands["import"]  # type: ignore[attr-defined]  # a group
    assert {"csv", "parquet", "database", "online-retail", "online-retail-roster"} == set(found.commands)
