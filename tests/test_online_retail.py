"""The order file of a real shop becomes events, and the bridge from the file to the books closes to the penny."""

import csv
import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from math import floor
from pathlib import Path

import polars as pl
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from analytics.decoding import decode
from hostledger.commands.import_online_retail import online_retail, online_retail_roster, pounds
from streams.sources.online_retail import OpenBridgeError, WrongFileError, importing, read_invoices, statement
from streams.sources.online_retail.importing import trading_days
from streams.sources.online_retail.mapping import REASONS
from streams.sources.online_retail.roster import HUMAN, TWIN, plan

DATA = Path(__file__).parent / "data" / "online_retail"
SLICE = DATA / "slice.csv"
ONE_DAY = DATA / "roster-2011-12-09.jsonl"
HEADER, *LINES = SLICE.read_text().splitlines(keepends=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the synthetic roster of all trading days of the slice."""
    path = tmp_path_factory.mktemp("online_retail")
    (path / "roster.jsonl").write_bytes(plan(trading_days(SLICE)))
    return path


@pytest.fixture(scope="module")
def imported(folder):
    return read_invoices(SLICE, folder / "roster.jsonl")


@pytest.fixture
def read(tmp_path):
    """Read a file made of these lines, without a roster."""

    def from_lines(*lines):
        (tmp_path / "orders.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
        (tmp_path / "roster.jsonl").write_text("")
        return read_invoices(tmp_path / "orders.csv", tmp_path / "roster.jsonl")

    return from_lines


def events(result, kind):
    """Those of a type; what is null is absent."""
    found = [json.loads(line, object_hook=present) for line in result.events.splitlines()]
    return [event for event in found if event["type"] == kind]


def present(fields):
    return {name: value for name, value in fields.items() if value is not None}


def orders(result):
    return {event["order_id"]: event for event in events(result, "order_paid")}


def refunds(result):
    return {
        event["refund_id"]: (event["order_id"], event["amount_minor"]) for event in events(result, "order_refunded")
    }


def total(order):
    return sum(line["amount_minor"] for line in order["lines"])


def utc_ms(*moment):
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1000


def unbooked(result):
    return {(side, reason): (lines, minor) for side, reason, lines, minor in result.bridge.iter_rows()}


def test_every_reason_stands_in_the_bridge_with_its_lines_and_pence(imported):
    assert unbooked(imported) == {
        ("gross", "sub_penny"): (2, 0),  # 0.001 twice
        ("gross", "bad_debt"): (1, 11062_06),
        ("gross", "bad_debt_written_off"): (2, -22124_12),
        ("gross", "negative_line"): (2, 0),  # 536589, 536996: stock written off
        ("gross", "duplicate_line"): (4, 8640 + 1700 + 495 + 375),
        ("gross", "carriage"): (3, 15_00 + 150_00 + 0),
        ("gross", "manual_entry"): (2, 15_00 + 48_00),
        ("gross", "sample"): (1, 30_00),
        ("gross", "fee"): (3, 15_00 + 13541_33 + 15_00),
        ("gross", "nothing_paid"): (6, 0),
        ("cancellations", "duplicate_line"): (2, -85 - 1700),
        ("cancellations", "carriage"): (1, -3_50),
        ("cancellations", "manual_entry"): (1, -631_31),
        ("cancellations", "discount"): (1, -27_50),
        ("cancellations", "sample"): (1, -21_90),
        ("cancellations", "fee"): (3, -95_38 - 13541_33 - 1_60),
        ("cancellations", "no_customer"): (1, -2_55),
        ("cancellations", "orphan_cancellation"): (6, -465 - (990 + 3825 + 795) - 85 - 1700),
    }
    assert {reason for _, reason in unbooked(imported)} == REASONS.keys() - {"not_negative"}


def test_the_bridge_closes_to_the_penny(imported):
    sides = dict(imported.bridge.group_by("side").agg(pl.col("amount_minor").sum()).iter_rows())
    assert imported.file_gross_minor == 254_638_62
    assert imported.file_cancellations_minor == -260_616_66
    assert imported.booked_gross_minor == 254_638_62 - sides["gross"] == 251_759_25
    assert imported.booked_refunds_minor == -260_616_66 - sides["cancellations"] == -246_195_14


def test_the_bridge_counts_every_line_once(imported):
    table = statement(imported)
    for side in ("gross", "cancellations", "net"):
        rows = table.filter(pl.col("side") == side)
        file, booked = (rows.filter(pl.col("item") == item) for item in ("file", "booked"))
        between = rows.filter(~pl.col("item").is_in(["file", "booked"]))
        for column in ("lines", "amount_minor"):
            assert file[column].item() - between[column].sum() == booked[column].item()
    assert table.filter(pl.col("item") == "file")["lines"].to_list() == [123, 27, 150]


def test_the_events_sum_to_the_booked_totals_and_are_all_contract_events(imported):
    assert sum(map(total, orders(imported).values())) == imported.booked_gross_minor
    assert -sum(minor for _, minor in refunds(imported).values()) == imported.booked_refunds_minor
    decoded = decode(imported.events)
    assert (decoded.rejects.height, decoded.unknown_fields) == (0, 0)
    times = [json.loads(line)["occurred_at"] for line in imported.events.splitlines()]
    assert times == sorted(times)


def test_refunds_never_exceed_their_order(imported):
    taken = Counter()
    for order_id, minor in refunds(imported).values():
        taken[order_id] += minor
    assert taken
    assert all(minor <= total(orders(imported)[order_id]) for order_id, minor in taken.items())


def test_a_giant_mistake_and_its_cancellation_come_to_nothing(imported):
    assert total(orders(imported)["581483"]) == 80_995 * 208
    assert refunds(imported)["C581484/1/1"] == ("581483", 80_995 * 208)
    assert refunds(imported)["C541433/1/1"] == ("541431", total(orders(imported)["541431"]))


def test_an_order_has_the_invoices_lines_with_their_place_in_the_file(imported):
    order = orders(imported)["541109"]
    assert order == {
        "event_id": "online-retail/order/541109",
        "type": "order_paid",
        "occurred_at": utc_ms(2011, 1, 13, 15, 10),
        "order_id": "541109",
        "viewer_id": "15107",
        "currency": "GBP",
        "lines": [
            {"line_id": "1", "product_id": "21781", "quantity": 1, "amount_minor": 1495},
            {"line_id": "2", "product_id": "22168", "quantity": 1, "amount_minor": 0},
        ],
        "session_id": "synthetic-2011-01-13",
    }


def test_an_order_without_a_customer_has_a_guest_of_its_own(imported):
    assert orders(imported)["559520"]["viewer_id"] == "guest-559520"
    assert total(orders(imported)["559520"]) == 495


def test_a_free_line_is_booked_only_beside_a_paid_one(imported):
    assert [line["amount_minor"] for line in orders(imported)["574469"]["lines"]] == [336 * 179, 0]
    assert not {"536414", "536545", "545160"} & orders(imported).keys()


def test_the_most_recent_sale_is_taken_first_and_the_rest_from_the_one_before(imported):
    assert refunds(imported)["C573092/5/1"] == ("562332", 100 * 145)
    assert refunds(imported)["C573092/5/2"] == ("558074", 12 * 145)


def test_a_refund_at_another_price_takes_the_cancelled_price(imported):
    assert refunds(imported)["C543787/1/1"] == ("536786", 48 * 85)  # sold at 1.25
    assert refunds(imported)["C581470/1/1"] == ("579006", 4 * 208)  # sold at 1.79


def sale(day, pieces, price):
    return f"10000{day},22222,MUG,{pieces},2011-05-0{day} 10:00:00,{price},17850.0,United Kingdom"


def cancelled(day, pieces, price):
    return f"C10000{day},22222,MUG,-{pieces},2011-05-0{day} 10:00:00,{price},17850.0,United Kingdom"


def test_the_sale_at_the_cancelled_price_goes_before_a_more_recent_one(read):
    result = read(sale(1, 5, "2.5"), sale(2, 5, "3.0"), cancelled(3, 5, "2.5"))
    assert refunds(result) == {"C100003/1/1": ("100001", 1250)}


def test_a_sale_that_has_it_all_goes_before_a_more_recent_one_that_has_not(read):
    result = read(sale(1, 5, "2.5"), sale(2, 4, "2.5"), cancelled(3, 5, "2.5"))
    assert refunds(result) == {"C100003/1/1": ("100001", 1250)}


def test_what_is_taken_back_cannot_be_taken_back_again(read):
    result = read(sale(1, 5, "2.5"), cancelled(2, 4, "2.5"), cancelled(3, 2, "2.5"))
    assert refunds(result) == {"C100002/1/1": ("100001", 1000)}
    assert unbooked(result) == {("cancellations", "orphan_cancellation"): (1, -500)}


def test_a_cheaper_cancellation_takes_no_more_pieces_than_the_sale_has(read):
    result = read(sale(1, 5, "2.5"), cancelled(2, 4, "1.0"), cancelled(3, 2, "1.0"))
    assert refunds(result) == {"C100002/1/1": ("100001", 400)}


def test_a_dearer_cancellation_takes_no_more_money_than_the_sale_has(read):
    result = read(sale(1, 5, "2.0"), cancelled(2, 5, "2.5"))
    assert refunds(result) == {}
    again = read(sale(1, 5, "2.0"), cancelled(2, 4, "2.5"), cancelled(3, 1, "2.0"))
    assert refunds(again) == {"C100002/1/1": ("100001", 1000)}


def test_a_cancellation_before_its_sale_is_an_orphan(imported, read):
    assert not [refund for refund in refunds(imported) if refund.startswith("C555723")]
    assert unbooked(read(cancelled(1, 5, "2.5"), sale(2, 5, "2.5"))) == {
        ("cancellations", "orphan_cancellation"): (1, -1250)
    }


def test_a_cancelled_duplicate_is_an_orphan_because_the_duplicate_was_never_booked(read):
    result = read(sale(1, 5, "2.5"), sale(1, 5, "2.5"), cancelled(2, 10, "2.5"))
    assert refunds(result) == {}
    assert unbooked(result) == {
        ("gross", "duplicate_line"): (1, 1250),
        ("cancellations", "orphan_cancellation"): (1, -1250 * 2),
    }


def test_parts_are_whole_pence_at_prices_of_a_tenth_of_a_penny(read):
    result = read(sale(1, 20, "0.14"), sale(2, 15, "0.14"), cancelled(3, 30, "0.125"))
    assert refunds(result) == {"C100003/1/1": ("100002", 175), "C100003/1/2": ("100001", 200)}  # 14 and 16 pieces


def test_parts_of_a_penny_stay_in_one_row_even_where_lines_repeat(read):
    result = read(*[sale(1, 7, "0.001")] * 3, *[cancelled(2, 7, "0.001")] * 3, sale(3, 1, "1"))
    assert unbooked(result) == {("gross", "sub_penny"): (3, 2), ("cancellations", "sub_penny"): (3, -3)}  # 2.1, -2.1
    assert (result.file_gross_minor, result.file_cancellations_minor) == (102, -3)


def test_a_code_that_is_no_product_is_known_in_small_letters_too(read):
    assert unbooked(read(sale(1, 1, "2.5").replace("22222", "m"))) == {("gross", "manual_entry"): (1, 250)}


def test_a_cancellation_that_takes_nothing_back_is_listed(read):
    positive = "C100009,22222,MUG,3,2011-05-09 10:00:00,2.5,17850.0,United Kingdom"
    assert unbooked(read(positive)) == {("cancellations", "not_negative"): (1, 750)}


def test_the_first_of_two_timestamps_is_the_orders_time(imported):
    assert orders(imported)["544926"]["occurred_at"] == utc_ms(2011, 2, 24, 17, 50)


def test_shop_time_is_read_with_the_clock_of_the_day(imported):
    assert orders(imported)["547717"]["occurred_at"] == utc_ms(2011, 3, 25, 8, 53)
    assert orders(imported)["547843"]["occurred_at"] == utc_ms(2011, 3, 27, 10, 22)
    assert orders(imported)["573161"]["occurred_at"] == utc_ms(2011, 10, 28, 8, 0)
    assert orders(imported)["573322"]["occurred_at"] == utc_ms(2011, 10, 30, 10, 44)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2011-03-27 00:59:00", (2011, 3, 27, 0, 59)),
        ("2011-03-27 01:30:00", (2011, 3, 27, 1, 30)),  # does not occur: as winter time
        ("2011-03-27 02:00:00", (2011, 3, 27, 1, 0)),
        ("2011-10-30 01:30:00", (2011, 10, 30, 0, 30)),  # occurs twice: the first, summer time
        ("2011-10-30 02:00:00", (2011, 10, 30, 2, 0)),
    ],
)
def test_times_around_the_change_of_the_clock_are_read_one_way(read, local, utc):
    result = read(f"100001,22222,MUG,1,{local},2.5,17850.0,United Kingdom")
    assert orders(result)["100001"]["occurred_at"] == utc_ms(*utc)


def test_an_order_is_in_the_session_that_runs_at_its_time(folder):
    day = read_invoices(SLICE, ONE_DAY)
    inside = {key: order.get("session_id") for key, order in orders(day).items()}
    assert {key: value for key, value in inside.items() if value} == {"581483": "synthetic-2011-12-09"}
    started, *_, ended = [
        f'{{"event_id":"{kind}{at}","type":"session_{kind}","session_id":"{name}","occurred_at":{at}{more}}}\n'
        for kind, name, at, more in (
            ("started", "long", utc_ms(2011, 12, 9), ',"platform":"p","seller_id":"s"'),
            ("ended", "long", utc_ms(2011, 12, 9, 9, 15), ""),
        )
    ]
    (folder / "edge.jsonl").write_text(f"\n{started}{ended}")
    assert "session_id" not in orders(read_invoices(SLICE, folder / "edge.jsonl"))["581483"]
    (folder / "edge.jsonl").write_text(started)
    assert orders(read_invoices(SLICE, folder / "edge.jsonl"))["581483"]["session_id"] == "long"


def test_gzip_and_ids_without_a_fraction_read_the_same(tmp_path, imported, folder):
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress(SLICE.read_bytes().replace(b".0,United Kingdom", b",United Kingdom")))
    assert read_invoices(packed, folder / "roster.jsonl").events == imported.events


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("InvoiceNo", "X1", "X1,22222,MUG,1,2011-05-01 10:00:00,2.5,17850,UK"),
        ("InvoiceNo", None, ",22222,MUG,1,2011-05-01 10:00:00,2.5,17850,UK"),
        ("StockCode", None, "100001,,MUG,1,2011-05-01 10:00:00,2.5,17850,UK"),
        ("Quantity", "1.5", "100001,22222,MUG,1.5,2011-05-01 10:00:00,2.5,17850,UK"),
        ("InvoiceDate", "12/1/2010 8:26", "100001,22222,MUG,1,12/1/2010 8:26,2.5,17850,UK"),
        ("InvoiceDate", "2011-02-29 10:00:00", "100001,22222,MUG,1,2011-02-29 10:00:00,2.5,17850,UK"),
        ("UnitPrice", "2,5", '100001,22222,MUG,1,2011-05-01 10:00:00,"2,5",17850,UK'),
        ("UnitPrice", "0.0001", "100001,22222,MUG,1,2011-05-01 10:00:00,0.0001,17850,UK"),
        ("CustomerID", "?", "100001,22222,MUG,1,2011-05-01 10:00:00,2.5,?,UK"),
        ("CustomerID", "1", sale(1, 1, "2.5").replace("17850.0", "1")),
    ],
)
def test_a_wrong_value_is_refused_with_line_field_value_and_remedy(read, field, value, line):
    good = sale(1, 5, "2.5")
    with pytest.raises(WrongFileError) as refused:
        read(good, line) if value != "1" else read(line, good)
    error = refused.value
    assert (error.field, error.value) == (field, value)
    assert error.line == (2 if value == "1" else 3)
    assert f"line {error.line}, {field}" in str(error)
    assert "Remedy: " in str(error)


@pytest.mark.parametrize("content", [b"", b"InvoiceNo,StockCode\n1,2\n", b"\xff\xfe\x00", b"\x1f\x8b\x08broken"])
def test_a_file_that_is_not_the_order_file_is_refused(tmp_path, content):
    (tmp_path / "wrong.csv").write_bytes(content)
    with pytest.raises(WrongFileError, match=r"wrong\.csv, line 1, .*Remedy: "):
        read_invoices(tmp_path / "wrong.csv", ONE_DAY)


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("event", '{"event_id":'),
        ("session_id", '{"event_id":"1","type":"session_ended","occurred_at":1}'),
        ("type", '{"event_id":"1","type":"viewer_left","occurred_at":1,"session_id":"s","viewer_id":"v"}'),
    ],
)
def test_a_roster_line_that_is_no_roster_event_is_refused(tmp_path, field, line):
    (tmp_path / "roster.jsonl").write_text(f"\n{line}\n")
    with pytest.raises(WrongFileError) as refused:
        read_invoices(SLICE, tmp_path / "roster.jsonl")
    assert (refused.value.line, refused.value.field) == (2, field)


@settings(max_examples=60, deadline=None)
@given(kept=st.lists(st.booleans(), min_size=len(LINES), max_size=len(LINES)), repeated=st.integers(0, len(LINES)))
def test_for_any_choice_of_lines_the_bridge_closes_and_no_refund_exceeds_its_order(folder, kept, repeated):
    chosen = [line for line, keep in zip(LINES, kept, strict=True) if keep] + LINES[:repeated]
    (folder / "chosen.csv").write_text(HEADER + "".join(chosen))
    result = read_invoices(folder / "chosen.csv", ONE_DAY)
    exact = Counter()
    for row in csv.DictReader([HEADER, *chosen]):
        exact[row["InvoiceNo"].startswith("C")] += Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]) * 100
    listed = {
        side: sum(minor for (at, _), (_, minor) in unbooked(result).items() if at == side) for side in importing.SIDES
    }
    booked = {key: total(order) for key, order in orders(result).items()}
    assert floor(exact[False]) - listed["gross"] == sum(booked.values()) == result.booked_gross_minor
    assert sum(lines for lines, _ in unbooked(result).values()) <= len(chosen)
    for order_id, minor in refunds(result).values():
        booked[order_id] -= minor
    assert all(left >= 0 for left in booked.values())
    assert exact[True] - listed["cancellations"] == result.booked_refunds_minor
    assert sum(booked.values()) == result.booked_gross_minor + result.booked_refunds_minor


def test_a_bridge_that_does_not_close_is_an_error(monkeypatch, folder):
    whole = importing._bridge
    monkeypatch.setattr(importing, "_bridge", lambda placed: whole(placed).head(-1))
    with pytest.raises(OpenBridgeError, match="cancellations: "):
        read_invoices(SLICE, folder / "roster.jsonl")


def shift_hours(marks):
    shifts = [(mark["host_id"], mark["occurred_at"]) for mark in marks if mark["type"] == "shift_started"]
    return {host: [(at // 3_600_000) % 24 for who, at in shifts if who == host] for host in (HUMAN, TWIN)}


def test_the_plan_alternates_and_pauses_and_labels_its_twin():
    assert ONE_DAY.read_bytes() == plan([date(2011, 12, 9)])
    marks = [json.loads(line) for line in ONE_DAY.read_bytes().splitlines()]
    assert shift_hours(marks) == {HUMAN: [7, 11, 15, 19], TWIN: [9, 13, 17]}
    assert utc_ms(2011, 12, 9, 16, 40) in [mark["occurred_at"] for mark in marks if mark["type"] == "shift_ended"]
    assert Counter(mark["type"] for mark in marks)["label_shown"] == 3
    assert len({mark["event_id"] for mark in marks}) == len(marks)


def test_on_every_third_day_host_and_twin_share_a_shift():
    days = [date(2011, 12, day) for day in range(5, 11)]
    plans = [shift_hours(map(json.loads, plan([day]).splitlines())) for day in days]
    assert [13 in hours[HUMAN] and 13 in hours[TWIN] for hours in plans].count(True) == 2


def test_the_plan_of_a_day_does_not_depend_on_the_other_days():
    alone = set(plan([date(2011, 7, 1)]).splitlines())
    among = set(plan([date(2011, 7, 1), date(2011, 6, 30), date(2011, 7, 1)]).splitlines())
    assert {line for line in alone if b"host_registered" not in line} <= among
    assert plan([]) == b""


@pytest.fixture
def door():
    app = typer.Typer()
    app.command("online-retail")(online_retail)
    app.command("online-retail-roster")(online_retail_roster)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_writes_the_events_and_shows_the_bridge(door, tmp_path, imported):
    roster, out = tmp_path / "roster.jsonl", tmp_path / "events.jsonl"
    assert "synthetic shift plan for 40 trading days" in door("online-retail-roster", SLICE, roster).output
    shown = door("online-retail", SLICE, "--roster", roster, "--events", out, "--format", "json")
    assert out.read_bytes() == imported.events
    assert json.loads(shown.output)[0] == {
        "side": "gross",
        "item": "file",
        "lines": 123,
        "amount_minor": 254_638_62,
        "meaning": None,
    }
    as_csv = door("online-retail", SLICE, "--roster", roster, "--events", out, "--format", "csv").output
    assert "cancellations,booked,11,-24619514," in as_csv.splitlines()
    table = door("online-retail", SLICE, "--roster", roster, "--events", out)
    assert "-246,195.14" in table.output
    assert table.exit_code == 0


def test_the_command_says_what_is_wrong_and_how_to_mend_it(door, tmp_path):
    wrong = door("online-retail", ONE_DAY, "--roster", ONE_DAY, "--events", tmp_path / "out")
    assert (wrong.exit_code, "Remedy: give an intact UTF-8 CSV file" in wrong.output) == (2, True)
    assert door("online-retail-roster", ONE_DAY, tmp_path / "out").exit_code == 2
    nowhere = door("online-retail-roster", SLICE, tmp_path / "none" / "out")
    assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (2, True)


def test_pounds_are_written_with_their_pence():
    assert [pounds(minor) for minor in (0, 5, -5, 1_234_567_89)] == ["0.00", "0.05", "-0.05", "1,234,567.89"]
