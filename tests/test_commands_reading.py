"""Claims about the reading commands, as a user runs them: figures were worked out by hand."""

import csv
import fcntl
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from children import uncovered
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from analytics import metrics
from analytics.rules import MODELS, Rules
from analytics.warehouse.embedded import Embedded
from hostledger import reading
from hostledger.door import build
from streams.journal import Intent, Journal
from streams.processor import Processor

COMMAND = Path(sys.executable).with_name("hostledger")
WORKED = Path(__file__).parent / "cases" / "ledger_worked" / "events.jsonl"
RULES = Rules(lookback_ms=10_800_000, grace_ms=120_000, half_life_ms=600_000)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def event(number, type_, at_ms, **fields):
    return {"event_id": f"x{number}", "type": type_, "occurred_at": at_ms} | fields


def order(number, at_ms, order_id, viewer_id, currency, amount, session_id):
    line = {"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": amount}
    paid = {"order_id": order_id, "viewer_id": viewer_id, "currency": currency, "lines": [line]}
    return event(number, "order_paid", at_ms, session_id=session_id, **paid)


def refund(number, at_ms, refund_id, order_id, currency, amount):
    back = {"refund_id": refund_id, "order_id": order_id, "currency": currency, "amount_minor": amount}
    return event(number, "order_refunded", at_ms, **back)


def shift(number, session_id, host_id, start_ms, end_ms=None):
    place = {"session_id": session_id, "host_id": host_id}
    start = event(number, "shift_started", start_ms, **place)
    return [start] if end_ms is None else [start, event(f"{number}e", "shift_ended", end_ms, **place)]


# The second and third day: a twin on air over midnight, two human co-hosts, and a host whom nobody registered.
SECOND = [
    event(1, "host_registered", DAY, host_id="aoi", name="葵", kind="digital", likeness_of="mei"),
    event(2, "session_started", DAY + 20 * HOUR, session_id="B", platform="taobao", seller_id="s2"),
    *shift(3, "B", "aoi", DAY + 20 * HOUR, DAY + 26 * HOUR),
    *shift(4, "E", "mei", DAY + 10 * HOUR, DAY + 11 * HOUR),
    *shift(5, "E", "tom", DAY + 10 * HOUR, DAY + 11 * HOUR),
    order(6, DAY + 10 * HOUR + 30 * MINUTE, "m1", "w4", "CNY", 101, "E"),
    order(7, DAY + 23 * HOUR, "j1", "w1", "JPY", 1001, "B"),
    order(8, DAY + 25 * HOUR, "q1", "w2", "KWD", 1_234_567, "B"),
    *shift(9, "C", "ghost", 2 * DAY),
    order(10, 2 * DAY + HOUR, "u1", "w3", "CNY", 777, "C"),
    refund(11, 2 * DAY + HOUR, "x9", "later", "CNY", 250),
    refund(12, 2 * DAY + 2 * HOUR, "y1", "k1", "USD", 5),
    refund(13, 2 * DAY + 3 * HOUR, "z1", "j1", "JPY", 334),
]
LATE = [event(20, "viewer_joined", DAY + 10 * HOUR + 15 * MINUTE, session_id="E", viewer_id="w4")]


def lines(events):
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """A folder with the worked case, two more days, and a fact that came late."""
    folder = tmp_path_factory.mktemp("books") / "data"
    with closing(Embedded.open(folder)) as warehouse:
        processor = Processor(warehouse, folder, RULES, lambda: int(time.time() * 1000))
        for name, data in (("worked", WORKED.read_bytes()), ("second", lines(SECOND)), ("late", lines(LATE))):
            processor.process(name, data, 1, len(data))
    return folder


@pytest.fixture
def copied(books, tmp_path):
    """A copy that a test may spoil."""
    return Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))


def run(*arguments, code=0, **settings):
    """Run a command as the door does, in this process: one does not wait for an interpreter each time."""
    words = [str(word) for word in arguments]
    environment = {name: None for name in os.environ if name.startswith("HOSTLEDGER_")} | {"COLUMNS": "250"} | settings
    done = CliRunner().invoke(build(words), words, env=environment, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def shell(*arguments, code=0):
    """Run a command in a process of its own; what it covers, `run` covers too."""
    environment = {name: value for name, value in uncovered().items() if not name.startswith("HOSTLEDGER_")}
    words = [COMMAND, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=180, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def asked(*arguments, **settings):
    return json.loads(run(*arguments, "--format", "json", **settings).stdout)


def spoil(folder, table, **row):
    """Insert one row past the processor."""
    times = {name: datetime.fromtimestamp(row[name] / 1000, UTC) for name in row if name.endswith("_at")}
    moment = pl.Datetime("ms", "UTC")
    with closing(Embedded.open(folder)) as warehouse:
        frame = pl.DataFrame([row | times], schema_overrides=dict.fromkeys(times, moment))
        warehouse.insert(table, frame, f"spoilt {table} {sorted(row.items())}".encode().hex())


def stray(order_id, amount, model="linear", host_id="mei"):
    at_ms = 5_460_000
    line = {"order_id": order_id, "model": model, "host_id": host_id, "kind": "restatement", "amount_minor": amount}
    return line | {"currency": "CNY", "ordered_at": at_ms, "booked_at": at_ms, "session_id": "A", "sign": 1, "batch": 9}


def by(rows, *names):
    return {tuple(row[name] for name in names): row for row in rows}


def figures(row):
    return row["gross_minor"], row["refunds_minor"], row["net_minor"], row["orders"], row["live_ms"]


@pytest.fixture(scope="module")
def days(books):
    return by(asked("report", "days", "--data", books, "--totals"), "day", "kind", "currency")


class TestReportDays:
    def test_the_first_day_is_what_was_worked_out_by_hand(self, days):
        first = {key[1]: figures(row) for key, row in days.items() if key[0] == "1970-01-01" and key[2] == "CNY"}
        assert first == {
            "human": (5001, 5001, 0, 1, 45 * MINUTE),
            "digital": (15500, 5000, 10500, 4, HOUR),
            "unattributed": (3, 0, 3, 1, None),
            "excess_refund": (0, 10000, -10000, 0, None),
            "total": (20504, 20001, 503, 5, 105 * MINUTE),
        }
        assert days["1970-01-01", "digital", "CNY"]["gmv_per_live_hour_minor"] == 15500
        assert days["1970-01-01", "total", "CNY"]["gmv_per_live_hour_minor"] == 11715

    def test_an_order_of_two_human_hosts_is_one_order_of_humans_and_both_their_hours_count(self, days):
        row = days["1970-01-02", "human", "CNY"]
        assert figures(row) == (101, 0, 101, 1, 2 * HOUR)
        assert row["gmv_per_live_hour_minor"] == 50, "50.5 rounds half to even"

    def test_a_shift_over_midnight_counts_on_both_days(self, days):
        assert figures(days["1970-01-02", "digital", "JPY"]) == (1001, 0, 1001, 1, 4 * HOUR)
        assert figures(days["1970-01-03", "digital", "KWD"]) == (1_234_567, 0, 1_234_567, 1, 2 * HOUR)
        assert days["1970-01-03", "digital", "KWD"]["gmv_per_live_hour_minor"] == 617_284

    def test_a_refund_counts_on_the_day_it_was_made(self, days):
        assert figures(days["1970-01-03", "digital", "JPY"]) == (0, 334, -334, 0, 2 * HOUR)

    def test_a_host_nobody_registered_is_unknown_and_an_open_shift_lasts_to_the_newest_event(self, days):
        assert figures(days["1970-01-03", "unknown", "CNY"]) == (777, 0, 777, 1, 3 * HOUR)

    def test_the_unattributed_share_is_said(self, days):
        assert days["1970-01-01", "unattributed", "CNY"]["share_bp"] == 1, "3 of 20504 are 1.46 basis points"
        assert days["1970-01-01", "digital", "CNY"]["share_bp"] == 7560

    def test_all_days_add_up_to_the_whole_window(self, days):
        each = [row for key, row in days.items() if key[0] != "all" and key[1:] == ("total", "CNY")]
        whole = days["all", "total", "CNY"]
        for name in ("gross_minor", "refunds_minor", "net_minor", "orders", "live_ms"):
            assert sum(row[name] or 0 for row in each) == whole[name]
        assert (whole["gross_minor"], whole["refunds_minor"], whole["orders"]) == (21382, 20001, 7)

    def test_machines_get_no_totals_unless_they_ask(self, books):
        rows = asked("report", "days", "--data", books)
        assert rows
        assert not [row for row in rows if row["kind"] == "total" or row["day"] == "all" or "is_total" in row]

    def test_the_time_zone_moves_an_order_and_the_hours_to_another_day(self, books):
        rows = asked("report", "days", "--data", books, "--currency", "JPY", HOSTLEDGER_TIMEZONE="Asia/Shanghai")
        table = by(rows, "day", "kind")
        assert figures(table["1970-01-03", "digital"]) == (1001, 334, 667, 1, 6 * HOUR)
        assert ("1970-01-02", "digital") not in table

    def test_the_window_is_whole_days_of_the_zone_the_last_one_included(self, books):
        window = ("--from", "1970-01-02", "--to", "1970-01-02", "--currency", "CNY")
        utc = asked("report", "days", "--data", books, *window)
        assert {row["day"] for row in utc} == {"1970-01-02"}
        assert sum(row["gross_minor"] for row in utc) == 101
        kolkata = asked("report", "days", "--data", books, *window, "--timezone", "Asia/Kolkata")
        live = {row["kind"]: row["live_ms"] for row in kolkata}
        assert live == {"human": 2 * HOUR}, "the day begins at 18:30 UTC, before the twin goes on air"

    def test_another_model_gives_other_credits_of_the_same_money(self, books):
        rows = asked("report", "days", "--data", books, "--model", "linear", "--to", "1970-01-01")
        table = {row["kind"]: (row["gross_minor"], row["net_minor"]) for row in rows}
        assert table["unattributed"] == (500, 500)
        assert sum(gross for gross, _ in table.values()) == 20504
        assert sum(net for _, net in table.values()) == 503

    def test_people_get_decimals_of_each_currency(self, books):
        shown = run("report", "days", "--data", books).stdout
        assert re.search(r"1970-01-02 │ digital +│ JPY +│ +1,001 ", shown)
        assert re.search(r"1970-01-03 │ digital +│ KWD +│ +1,234\.567 ", shown)
        assert re.search(r"all +│ total +│ CNY +│ +213\.82 │ 200\.01", shown)


def test_hosts_are_named_with_their_kind_and_whose_twin_they_are(books):
    rows = by(asked("report", "hosts", "--data", books, "--totals"), "host_id", "currency")
    aoi = rows["aoi", "KWD"]
    assert (aoi["name"], aoi["kind"], aoi["twin_of"]) == ("葵", "digital", "mei")
    assert figures(aoi) == (1_234_567, 0, 1_234_567, 1, 6 * HOUR)
    assert rows["ghost", "CNY"]["kind"] == "unknown"
    assert figures(rows["mei_twin", "CNY"]) == (15500, 5000, 10500, 4, HOUR)
    assert figures(rows["total", "CNY"])[:4] == (21382, 20001, 1381, 7)
    both = rows["mei", "CNY"]["gross_minor"], rows["tom", "CNY"]["gross_minor"] - 5001
    assert sum(both) == 101
    assert set(both) == {50, 51}


def test_a_host_that_changed_its_kind_has_a_row_for_each(tmp_path):
    events = [
        event(1, "host_registered", 0, host_id="neo", name="Neo", kind="human"),
        event(2, "host_registered", 30 * MINUTE, host_id="neo", name="Neo AI", kind="digital"),
        *shift(3, "F", "neo", 0, HOUR),
        order(4, 10 * MINUTE, "n1", "v", "EUR", 300, "F"),
        order(5, 45 * MINUTE, "n2", "v", "EUR", 1000, "F"),
    ]
    with closing(Embedded.open(tmp_path)) as warehouse:
        processor = Processor(warehouse, tmp_path, RULES, lambda: int(time.time() * 1000))
        processor.process("events", lines(events), 1, 1)
    rows = by(asked("report", "hosts", "--data", tmp_path), "host_id", "kind")
    assert figures(rows["neo", "human"]) == (300, 0, 300, 1, 30 * MINUTE)
    assert figures(rows["neo", "digital"]) == (1000, 0, 1000, 1, 30 * MINUTE)


def test_sessions_split_their_gross_by_kind_and_count_co_hosts_hours_once(books):
    rows = by(asked("report", "sessions", "--data", books), "session_id", "currency")
    worked = rows["A", "CNY"]
    assert (worked["platform"], worked["seller_id"], worked["live_ms"]) == ("test", "seller", 90 * MINUTE)
    assert (worked["gross_human_minor"], worked["gross_digital_minor"], worked["orders"]) == (5001, 15500, 4)
    assert worked["gmv_per_live_hour_minor"] == 13667
    assert rows["E", "CNY"]["live_ms"] == HOUR
    outside = rows[None, "CNY"]
    assert (outside["gross_minor"], outside["unattributed_share_bp"], outside["live_ms"]) == (3, 10_000, None)


def test_tables_of_hosts_and_sessions_are_for_people(books):
    assert re.search(
        r"aoi +│ 葵 +│ digital +│ mei +│ KWD +│ +1,234\.567 ", run("report", "hosts", "--data", books).stdout
    )
    shown = run("report", "sessions", "--data", books, "--timezone", "Asia/Shanghai").stdout
    assert re.search(r"B +│ taobao +│ s2 +│ 1970-01-03 04:00:00\+08:00 +│ JPY +│ +1,001 ", shown)
    assert "gross unknown" in shown
    early = run("report", "sessions", "--data", books, "--to", "1970-01-01").stdout
    assert "gross unknown" not in early, "nobody sold as unknown"
    assert re.search(r"total +│ +│ +│ +│ CNY +│ 205\.04 ", early)


def test_csv_has_whole_minor_units(books):
    table = list(csv.DictReader(io.StringIO(run("report", "hosts", "--data", books, "--format", "csv").stdout)))
    assert {row["host_id"]: row["gross_minor"] for row in table if row["currency"] == "KWD"}["aoi"] == "1234567"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "lastly"), "model 'lastly' is unknown; use one of: declared, on_air"),
        (("--currency", "cny"), "use an ISO 4217 code in capitals"),
        (("--timezone", "Mars/Base"), "time zone 'Mars/Base' is unknown"),
        (("--from", "1970-02-01", "--to", "1970-01-01"), "is after --to 1970-01-01; swap them"),
        (("--from", "yesterday"), "yesterday"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(books, options, said):
    refused = run("report", "days", "--data", books, *options, code=2)
    assert said in refused.stderr
    assert not refused.stdout


@pytest.mark.parametrize("option", ["--to", "--as"])
def test_the_end_of_the_calendar_is_as_good_as_no_end(books, option):
    assert run("report", "days", option, "9999-12-31", "--format", "csv", "--data", books).stdout == (
        run("report", "days", "--format", "csv", "--data", books).stdout
    )


def test_a_model_that_is_not_booked_is_refused_with_those_that_are(tmp_path):
    with closing(Embedded.open(tmp_path)) as warehouse:
        processor = Processor(warehouse, tmp_path, Rules(models=("last",)), lambda: int(time.time() * 1000))
        processor.process("second", lines(SECOND), 1, 1)
    assert "choose one of these with --model: last" in run("report", "days", "--data", tmp_path, code=2).stderr


class TestExplain:
    def test_the_path_and_every_model_are_told(self, books):
        told = asked("explain", "k2", "--data", books, "--timezone", "Asia/Tokyo")
        assert (told["amount_minor"], told["ordered_at"]) == (10001, "1970-01-01 10:10:00+09:00")
        steps = [
            (step["start_ms"], step["watched_ms"], [h["host_id"] for h in step["lineup"]]) for step in told["path"]
        ]
        assert steps == [
            (1_200_000, 600_000, ["mei"]),
            (1_800_000, 300_000, ["mei_twin"]),
            (3_720_000, 480_000, ["mei_twin", "tom"]),
        ]
        assert [host["kind"] for host in told["path"][2]["lineup"]] == ["digital", "human"]
        assert [model["model"] for model in told["models"]] == list(MODELS)
        linear = by(next(m for m in told["models"] if m["model"] == "linear")["credits"], "host_id")
        shares = {key[0]: (row["share"], row["gross_minor"], row["net_minor"]) for key, row in linear.items()}
        assert shares == {
            "mei": ("1/3", 3334, 0),
            "mei_twin": ("1/2", 5000, 0),
            "tom": ("1/6", 1667, 0),
            "excess_refund": (None, 0, -10000),
        }
        assert linear["mei",]["basis"] == "every step of the path equally"
        assert [(one["refund_id"], one["amount_minor"]) for one in told["refunds"]] == [("r1", 1), ("r2", 20000)]
        assert told["restatements"] == []

    def test_the_buyer_is_shown_only_on_request(self, books):
        assert "w4" not in run("explain", "m1", "--data", books, "--format", "json").stdout
        assert not re.search(r"\bw4\b", run("explain", "m1", "--data", books).stdout)
        assert asked("explain", "m1", "--data", books, "--viewer")["viewer_id"] == "w4"

    def test_a_late_fact_shows_what_was_taken_back_and_entered_anew(self, books):
        told = asked("explain", "m1", "--data", books)
        linear = [line for line in told["restatements"] if line["model"] == "linear"]
        assert {line["reason"] for line in linear} == {"late viewer event"}
        assert {line["batch"] for line in linear} == {3}
        back, *anew = linear
        assert (back["host_id"], back["sign"], back["amount_minor"]) == ("unattributed", -1, -101)
        assert sorted((line["host_id"], line["sign"]) for line in anew) == [("mei", 1), ("tom", 1)]
        assert sum(line["amount_minor"] for line in anew) == 101
        now = next(model for model in told["models"] if model["model"] == "linear")
        assert [credit["host_id"] for credit in now["credits"]] == ["mei", "tom"]
        assert not [line for line in told["restatements"] if line["model"] == "on_air"]
        shown = run("explain", "m1", "--data", books).stdout
        assert "taken back" in shown
        assert "late viewer event" in shown

    def test_a_refund_in_another_currency_is_shown_as_not_booked(self, books):
        told = asked("explain", "k1", "--data", books)
        assert [(one["refund_id"], one["booked"][:3]) for one in told["refunds"]] == [("y1", "no:")]
        assert {credit["net_minor"] for model in told["models"] for credit in model["credits"]} == {9900}

    def test_a_zone_and_a_name_in_the_table(self, books):
        shown = run("explain", "q1", "--data", books, "--timezone", "Asia/Shanghai").stdout
        assert "1970-01-03 09:00:00+08:00" in shown
        assert "葵 (digital)" in shown
        assert "1,234.567" in shown

    def test_an_order_of_which_everything_is_known_is_shown_whole(self, tmp_path):
        known = [
            event(1, "session_started", 0, session_id="T", platform="douyin", seller_id="s9", title="Tea by night"),
            order(2, MINUTE, "whole", "w1", "CNY", 1234, "T") | {"host_id": "mei"},
        ]
        with closing(Embedded.open(tmp_path)) as warehouse:
            Processor(warehouse, tmp_path, RULES, lambda: DAY).process("known", lines(known), 1, 1)
        shown = run("explain", "whole", "--data", tmp_path).stdout
        assert all(fact in shown for fact in ("douyin", "s9", "Tea by night", "declared by the platform", "12.34"))

    def test_an_unknown_order_is_refused_with_a_remedy(self, books):
        refused = run("explain", "nix", "--data", books, code=2)
        assert "order 'nix' is not in" in refused.stderr
        assert "hostledger sql 'SELECT order_id" in refused.stderr

    def test_refunds_that_wait_for_an_unknown_order_are_told(self, books):
        assert "Refunds wait for it (2.50 CNY)" in run("explain", "later", "--data", books, code=2).stderr


class TestReconcile:
    def test_books_that_hold_end_with_0_and_say_the_figures(self, books):
        rows = asked("reconcile", "--data", books)
        assert {row["holds"] for row in rows} == {True, None}
        table = by(rows, "check", "currency", "model")
        cny = table["conservation", "CNY", "linear"]
        assert (cny["paid_minor"], cny["refunds_minor"], cny["excess_minor"]) == (21382, 20001, 10000)
        assert cny["hosts_minor"] + cny["unattributed_minor"] - 10000 == 1381 == cny["expected_minor"]
        assert table["conservation", "JPY", "on_air"]["found_minor"] == 667
        assert table["every order has a sale", "CNY", "markov"]["found"] == 7
        assert table["rollup of credits", "CNY", "linear"]["found_minor"] == 1381, (
            "what was paid less what was returned"
        )

    def test_refunds_that_are_not_booked_are_told_and_left_out(self, books):
        told = by([row for row in asked("reconcile", "--data", books) if row["holds"] is None], "check", "currency")
        waiting = told["refunds that wait for their order", "CNY"]
        foreign = told["refunds in another currency", "USD"]
        assert (waiting["found"], waiting["found_minor"]) == (1, 250)
        assert (foreign["found"], foreign["found_minor"]) == (1, 5)

    def test_one_minor_unit_too_much_fails_and_names_the_order(self, copied):
        spoil(copied, "ledger", **stray("k3", 1))
        done = run("reconcile", "--data", copied, code=1)
        assert re.search(r"✗ +│ CNY +│ linear .*│ +0\.01 +│ k3 ", done.stdout)
        assert len(re.findall("✗", done.stdout)) == 2, "in the sum, and in its month"
        assert "hostledger explain ORDER_ID" in done.stderr

    def test_errors_that_cancel_out_are_found_too(self, copied):
        spoil(copied, "ledger", **stray("k3", 1))
        spoil(copied, "ledger", **stray("k4", -1))
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        wrong = [row for row in rows if row["holds"] is False]
        assert [(row["check"], row["difference_minor"], row["where"]) for row in wrong] == [
            ("conservation", 0, ["k3", "k4"]),
            ("every month and seller", 0, ["k3", "k4"]),
        ]

    def test_a_sale_booked_too_high_and_refunded_too_high_is_found(self, copied):
        spoil(copied, "ledger", **stray("k2", 1))
        spoil(copied, "ledger", **stray("k2", -1), refund_id="r1")
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        assert [(row["check"], row["where"]) for row in rows if row["holds"] is False] == [("conservation", ["k2"])]

    def test_an_excess_that_a_host_pays_for_is_found(self, copied):
        spoil(copied, "ledger", **stray("k2", 1, host_id="excess_refund"), refund_id="r2")
        spoil(copied, "ledger", **stray("k2", 1), refund_id="r2")
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        assert [(row["check"], row["where"]) for row in rows if row["holds"] is False] == [("conservation", ["k2"])]

    def test_money_in_a_wrong_month_or_of_another_sessions_seller_is_found(self, copied):
        moved = stray("k3", -1) | {"session_id": "B"}
        spoil(copied, "ledger", **stray("k3", 1))
        spoil(copied, "ledger", **moved)
        late = stray("k4", -1) | {"booked_at": 40 * DAY}
        spoil(copied, "ledger", **stray("k4", 1))
        spoil(copied, "ledger", **late)
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        wrong = [(row["check"], row["expected"] - row["found"], row["where"]) for row in rows if row["holds"] is False]
        assert wrong == [("every month and seller", 3, ["k3", "k4"])]

    def test_a_line_that_slips_into_a_closed_month_is_found(self, copied):
        run("close", "1970-01", "--data", copied)
        assert {row["holds"] for row in asked("reconcile", "--data", copied)} == {True, None}
        spoil(copied, "ledger", **stray("k3", 1) | {"batch": 2})
        spoil(copied, "ledger", **stray("k3", -1, host_id="tom") | {"batch": 2})
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        wrong = [
            (row["check"], row["model"], row["difference_minor"], row["where"]) for row in rows if not row["holds"]
        ]
        both = ["k3", "k5"]  # of mei and tom alike; what each had at the closing is not kept order by order
        assert [row for row in wrong if row[3]] == [("closed 1970-01", "linear", 0, both)]

    def test_a_line_of_no_order_and_an_order_of_no_line_are_named(self, copied):
        spoil(copied, "ledger", **stray("nobody", 0))
        bare = {"order_id": "bare", "event_id": "b", "viewer_id": "v", "ordered_at": 1, "currency": "CNY"}
        spoil(copied, "orders", **bare, amount_minor=1, items=1, batch=9)
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        table = by(rows, "check", "currency", "model")
        assert table["lines without an order", "CNY", None]["where"] == ["nobody"]
        assert table["orders without a line", "CNY", None]["where"] == ["bare"]
        assert table["every order has a sale", "CNY", "first"]["where"] == ["bare"]
        assert table["conservation", "CNY", "first"]["difference_minor"] == -1

    def test_a_rollup_that_says_something_else_names_the_host(self, copied):
        row = {"model": "last", "minute": datetime.fromtimestamp(0, UTC), "currency": "CNY", "host_id": "tom"}
        with closing(Embedded.open(copied)) as warehouse:
            frame = pl.DataFrame([row | {"orders": 1}], schema_overrides={"minute": pl.Datetime("ms", "UTC")})
            warehouse.insert("revenue_minute", frame, "spoilt")
        rows = json.loads(run("reconcile", "--data", copied, "--format", "json", code=1).stdout)
        wrong = [(row["check"], row["model"], row["where"]) for row in rows if row["holds"] is False]
        assert wrong == [("rollup of credits", "last", ["tom"])]


class TestSql:
    def test_answers_in_three_formats(self, books):
        query = "SELECT order_id, amount_minor FROM orders WHERE currency = 'JPY'"
        assert "│ j1       │         1001 │" in run("sql", query, "--data", books).stdout
        assert run("sql", query, "--data", books, "--format", "csv").stdout == '"order_id","amount_minor"\n"j1",1001\n'
        assert asked("sql", query, "--data", books) == {"order_id": "j1", "amount_minor": 1001}

    @pytest.mark.parametrize(
        "query",
        [
            "INSERT INTO orders SELECT * FROM orders",
            "DROP TABLE orders",
            "WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM x",
            "KILL QUERY WHERE 1",
            "SELECT 1; DROP TABLE orders",
            "SELECT 1 SETTINGS readonly = 0",
            "SELECT * FROM file('/etc/hostname', 'LineAsString')",
            "SELECT file('/etc/hostname')",
            "SELECT `file`('/etc/hostname')",
            "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')",
            "SELECT 1 AS `a'`, file('/etc/hostname'), 2 AS `b'`",
            "DESCRIBE TABLE url('http://127.0.0.1:1/', 'CSV')",
            "SELECT * FROM eval('SELECT 1')",
            "SELECT nope FROM orders",
            "SELEC 1",
            " ",
        ],
    )
    def test_refuses_what_is_no_reading_of_the_warehouse(self, books, query):
        refused = run("sql", query, "--data", books, code=2)
        assert refused.stderr.strip()
        assert not refused.stdout

    def test_writes_no_file(self, books, tmp_path):
        out = tmp_path / "out.csv"
        assert "INTO OUTFILE" in run("sql", f"SELECT 1 INTO/**/OUTFILE '{out}'", "--data", books, code=2).stderr
        assert not out.exists()

    @pytest.mark.parametrize("query", ["SELECT 1 FORMAT JSON", "select 1 as a format/**/JSONEachRow"])
    def test_the_form_of_the_answer_is_said_by_the_option_alone(self, books, query):
        assert "leave it out and say --format" in run("sql", query, "--data", books, "--format", "csv", code=2).stderr

    def test_text_that_only_looks_like_reaching_out_is_allowed(self, books):
        query = "SELECT 'INTO OUTFILE file(x) FORMAT JSON' AS said, format('{}', 'b') AS b"
        assert asked("sql", query, "--data", books) == {"said": "INTO OUTFILE file(x) FORMAT JSON", "b": "b"}


READERS = [("report", "days"), ("explain", "k1"), ("reconcile",), ("sql", "SELECT 1")]


def test_each_command_runs_in_a_process_of_its_own(books, copied):
    days = json.loads(shell("report", "days", "--data", books, "--format", "json").stdout)
    assert sum(row["gross_minor"] for row in days if row["currency"] == "CNY") == 21382
    assert json.loads(shell("explain", "k1", "--data", books, "--format", "json").stdout)["amount_minor"] == 9900
    assert shell("sql", "SELECT 1", "--data", books, "--format", "csv").stdout == '"1"\n1\n'
    shell("doctor", "--data", books)
    shell("reconcile", "--data", copied)
    spoil(copied, "ledger", **stray("k3", 1))
    assert "k3" in shell("reconcile", "--data", copied, "--format", "csv", code=1).stdout


@pytest.mark.parametrize("command", READERS)
def test_a_folder_that_does_not_exist_is_refused_and_not_made(tmp_path, command):
    folder = tmp_path / "nowhere"
    refused = run(*command, "--data", folder, code=2)
    assert f"data folder {folder} holds no warehouse" in refused.stderr
    assert "hostledger replay FILE" in refused.stderr
    assert not folder.exists()


@pytest.mark.parametrize("command", READERS)
def test_a_locked_folder_is_refused_with_the_remedy(books, command):
    with (books / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = run(*command, "--data", books, code=2)
    assert "another process holds it; stop that one, or choose another folder with --data" in refused.stderr


def test_an_empty_warehouse_says_so(tmp_path):
    Embedded.open(tmp_path).close()
    done = run("report", "days", "--data", tmp_path, "--format", "json")
    assert done.stdout.strip() == "[]"
    assert "Nothing is stored" in done.stderr
    for report in ("hosts", "sessions"):
        assert asked("report", report, "--data", tmp_path) == []
    assert "nothing to check" in run("reconcile", "--data", tmp_path).stderr


def test_a_batch_cut_off_by_a_crash_is_said(copied):
    Journal(copied / "journal").write(Intent(4, "events", "day.ndjson", 1, 0, 0), b"{}\n")
    assert "Batch 4 of day.ndjson was cut off by a crash" in run("report", "days", "--data", copied).stderr
    notes = by(asked("doctor", "--data", copied), "what")
    assert notes["journal",]["found"] == "batch 4 of day.ndjson is not finished"


class TestDoctor:
    def test_says_what_is_there(self, books):
        found = by(asked("doctor", "--data", books), "what")
        assert found["books",]["found"] == "batches stored: 3"
        assert found["package chdb",]["state"] == "ok"
        assert found["ClickHouse (in chdb)",]["found"][:2].isdigit()
        assert {row["state"] for row in found.values()} <= {"ok", "note"}

    def test_makes_no_folder_and_tells_of_a_locked_one(self, books, tmp_path):
        assert by(asked("doctor", "--data", tmp_path / "none"), "what")["books",]["found"] == "none yet"
        assert not (tmp_path / "none").exists()
        with (books / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert "another process" in by(asked("doctor", "--data", books), "what")["books",]["found"]

    def test_a_place_that_cannot_be_a_folder_is_missing_and_ends_with_1(self, tmp_path):
        (tmp_path / "file").touch()
        done = run("doctor", "--data", tmp_path / "file", "--format", "json", code=1)
        assert by(json.loads(done.stdout), "what")["data folder",]["state"] == "missing"

    def test_a_port_in_use_is_a_note_with_a_remedy(self, books):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            note = by(asked("doctor", "--data", books, HOSTLEDGER_PORT=port), "what")[f"port {port}",]
        assert note["state"] == "note"
        assert "HOSTLEDGER_PORT" in note["remedy"]


@pytest.mark.parametrize(
    "command",
    [("report", "days"), ("report", "hosts"), ("report", "sessions"), *[(r[0],) for r in READERS[1:]], ("doctor",)],
)
def test_every_command_teaches_with_an_example(command):
    taught = run(*command, "--help").stdout
    assert f"Example: hostledger {' '.join(command)}" in taught


@given(st.integers(-(10**30), 10**30), st.integers(0, 10**12))
def test_division_rounds_half_to_even_exactly(numerator, denominator):
    frame = pl.DataFrame({"n": [numerator], "d": [denominator]}, schema={"n": pl.Int128, "d": pl.Int128})
    found = frame.select(metrics.half_even(pl.col("n"), pl.col("d"))).item()
    assert found == (round(Fraction(numerator, denominator)) if denominator else None)


def test_a_day_is_as_long_as_the_clocks_say():
    zone = ZoneInfo("America/New_York")
    spring = int(datetime(2026, 3, 8, 12, tzinfo=UTC).timestamp() * 1000)
    listed = metrics.days(spring, spring + DAY, zone)
    lengths = listed.select(((pl.col("day_end_ms") - pl.col("day_start_ms")) // HOUR).alias("hours"))["hours"].to_list()
    assert lengths == [23, 24]


def test_overlapping_hours_of_a_session_count_once():
    spans = pl.DataFrame({"session_id": ["a"] * 3 + ["b"], "start_ms": [0, 10, 5, 3], "end_ms": [8, 20, 6, 4]})
    assert dict(metrics.union_ms(spans, "session_id").iter_rows()) == {"a": 18, "b": 1}


def test_times_and_durations_are_written_for_people():
    assert reading.moment(1250, ZoneInfo("Asia/Kolkata")) == "1970-01-01 05:30:01.250+05:30"
    assert reading.duration(93_784_999) == "26:03:04"
    assert reading.percent(123_405) == "1,234.05 %"
