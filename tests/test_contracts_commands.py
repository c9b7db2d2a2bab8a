"""Who captures the value, as people ask for it: one evening of two hosts, every figure worked out by hand beside it."""

import csv
import json
import os
import random
import re
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import native_child
import polars as pl
import pytest
from contracts_stage import at
from typer.testing import CliRunner

from analytics.rules import Rules
from analytics.warehouse import Warehouse
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server
from hostledger.door import build
from hostledger.printing import browser
from hostledger.reading import moment
from streams.processor import Processor

RECORDED_MS = at("2026-12-01T00:00")
FEES = """\
# made up
fee,platform,host_kind,currency,from,until,bps,base,refundable,amount_minor,tiers
platform_fee,douyin,,,2026-09-01,,500,gross,full,,
platform_fee,,,,2026-09-01,,300,net,full,,
affiliate,,,CNY,2026-09-01,,200,gross,none,,
host_hourly,,,CNY,2026-09-01,,,,,20000,
host_commission,,,CNY,2026-09-01,,,,full,,0:100;5000:200
avatar_hourly,,,CNY,2026-09-01,,,,,6000,
ads,douyin,,CNY,2026-10-22,2026-11-11,,,,1001,
"""
RULES = """\
platform,from,until,rule,source
douyin,2025-09-01,,label_required,law
tiktok,2026-01-01,,banned,terms
"""
HOSTILE = "=x<b>&'"


def order(order_id: str, at_ms: int, currency: str, *lines: tuple[int, str], session_id: str | None) -> dict[str, Any]:
    bought = [
        {"line_id": f"l{number}", "product_id": "p", "quantity": 1, "amount_minor": amount, "category": category}
        for number, (amount, category) in enumerate(lines)
    ]
    paid = {"order_id": order_id, "viewer_id": f"person-{order_id}", "currency": currency, "lines": bought}
    return {"type": "order_paid", "occurred_at": at_ms, **paid} | ({"session_id": session_id} if session_id else {})


def refund(refund_id: str, at_ms: int, order_id: str, amount: int, currency: str = "CNY") -> dict[str, Any]:
    back = {"refund_id": refund_id, "order_id": order_id, "amount_minor": amount, "currency": currency}
    return {"type": "order_refunded", "occurred_at": at_ms, **back}


def shown(kind: str, session_id: str, host_id: str, *spans: tuple[str, str]) -> list[dict[str, Any]]:
    names = ("shift_started", "shift_ended") if kind == "shift" else ("label_shown", "label_hidden")
    return [
        {"type": name, "occurred_at": at(text), "session_id": session_id, "host_id": host_id}
        for span in spans
        for name, text in zip(names, span, strict=True)
    ]


def session(session_id: str, platform: str, start: str, end: str) -> list[dict[str, Any]]:
    return [
        {"type": "session_started", "occurred_at": at(start), "session_id": session_id, "platform": platform}
        | {"seller_id": "A", "category": "beauty"},
        {"type": "session_ended", "occurred_at": at(end), "session_id": session_id},
    ]


CONTRACT = {
    "type": "likeness_contracted", "occurred_at": at("2026-09-11T00:00"), "contract_id": "c1", "host_id": "mei-ai",
    "owner": "Mei Lin", "valid_from": at("2026-09-11T00:00"), "valid_to": at("2026-12-20T00:00"), "fee_minor": 100_000,
    "currency": "CNY", "royalty_bps": 250, "platforms": ["douyin"], "categories": ["beauty"], "label_required": True,
}  # fmt: skip
TOLD = [
    {
        "type": "host_registered",
        "occurred_at": at("2026-09-01T00:00"),
        "host_id": "mei",
        "name": "Mei",
        "kind": "human",
    },
    {
        "type": "host_registered",
        "occurred_at": at("2026-09-01T00:00"),
        "host_id": "tom",
        "name": "Tom",
        "kind": "human",
    },
    {"type": "host_registered", "occurred_at": at("2026-09-01T00:00"), "host_id": "mei-ai", "name": "Mei AI"}
    | {"kind": "digital", "likeness_of": "mei"},
    CONTRACT,
    *session("s1", "douyin", "2026-10-05T20:00", "2026-10-05T22:30"),
    *shown("shift", "s1", "mei", ("2026-10-05T20:00", "2026-10-05T21:00")),
    *shown("shift", "s1", "tom", ("2026-10-05T20:45", "2026-10-05T21:00")),
    *shown("shift", "s1", "mei-ai", ("2026-10-05T21:00", "2026-10-05T22:30")),
    *shown("label", "s1", "mei-ai", ("2026-10-05T21:00", "2026-10-05T22:00"), ("2026-10-05T22:10", "2026-10-05T22:30")),
    *session("s2", "tiktok", "2026-10-06T20:00", "2026-10-06T21:00"),
    *shown("shift", "s2", "mei-ai", ("2026-10-06T20:00", "2026-10-06T21:00")),
    *shown("label", "s2", "mei-ai", ("2026-10-06T20:00", "2026-10-06T21:00")),
    *shown("shift", "s3", HOSTILE, ("2026-10-07T20:00", "2026-10-07T21:00")),
    order("o1", at("2026-10-05T20:30"), "CNY", (10_000, "beauty"), session_id="s1"),
    order("o6", at("2026-10-05T20:50"), "CNY", (200, "beauty"), session_id="s1"),
    order("o2", at("2026-10-05T21:30"), "CNY", (6_667, "beauty"), (3_333, "food"), session_id="s1"),
    order("o3", at("2026-10-05T22:05"), "CNY", (5_001, "beauty"), session_id="s1"),
    order("o4", at("2026-10-06T20:30"), "JPY", (2_000, "beauty"), session_id="s2"),
    order("o7", at("2026-10-07T20:30"), "KWD", (1_234, "beauty"), session_id="s3"),
    order("o5", at("2026-10-09T09:00"), "CNY", (999, "food"), session_id=None),
    refund("r1", at("2026-10-10T00:00"), "o1", 2_500),
    refund("r3", at("2026-10-12T00:00"), "o5", 1_200),
    refund("r2", at("2026-11-03T00:00"), "o2", 1_000),
]
EVENTS = [{"event_id": f"e{number}"} | event for number, event in enumerate(TOLD)]
LATE = [{"event_id": "late"} | refund("r4", at("2026-10-20T00:00"), "o3", 1_000)]


def feed(folder: Path, *batches: list[dict[str, Any]]) -> None:
    with closing(Embedded.open(folder)) as warehouse:
        told(warehouse, folder, *batches)


def told(warehouse: Warehouse, folder: Path, *batches: list[dict[str, Any]]) -> None:
    processor = Processor(warehouse, folder, Rules(), lambda: RECORDED_MS)
    for batch in batches:
        data = b"".join(json.dumps(event).encode() + b"\n" for event in batch)
        processor.process("told", data, 1, len(data))


def run(*arguments: object, code: int = 0, **settings: str) -> Any:
    words = [str(word) for word in arguments]
    environment = {name: None for name in os.environ if name.startswith("HOSTLEDGER_")} | {"COLUMNS": "250"} | settings
    done = CliRunner().invoke(build(words), words, env=environment, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sheets")
    files = {"fees": folder / "fees.csv", "rules": folder / "rules.csv"}
    files["fees"].write_text(FEES)
    files["rules"].write_text(RULES)
    return files


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory, sheets: dict[str, Path]) -> Path:
    folder = tmp_path_factory.mktemp("books") / "data"
    feed(folder, EVENTS)
    assert "Version 1: 7 rows." in run("fees", "import", sheets["fees"], "--data", folder).stderr
    run("rules", "import", sheets["rules"], "--data", folder)
    return folder


def asked(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--format", "json").stdout)


def waterfall(rows: list[dict[str, Any]], label: str | None, currency: str = "CNY") -> dict[str, int]:
    found = [row for row in rows if (row["label"], row["currency"]) == (label, currency)]
    return {row["step"]: row["amount_minor"] for row in found if row["amount_minor"] or row["step"] == "kept"}


def test_october_by_host_is_what_the_hand_works_out(books: Path) -> None:
    rows = asked("settle", "--period", "2026-10", "--by", "host", "--data", books)
    assert waterfall(rows, "mei") == {
        "gross": 10_100,  # o1 10,000, and half of o6
        "refunds": -2_500,
        "platform_fee": -380,  # o1: 5 % of 10,000 less 5 % of 2,500 back; o6: half of 10
        "affiliate": -202,  # 2 % of o1, and half of 4; a refund takes nothing of it back
        "ads": -200,  # 10 of 20 days of 1,001 are 500 (half to even), by gross: 10,100 of 25,201
        "host_hourly": -20_000,  # an hour
        "host_commission": -102,  # on 7,600: 1 % of 5,000, 2 % of 2,600
        "kept": -13_284,
    }
    assert waterfall(rows, "tom") == {
        "gross": 100,
        "platform_fee": -5,
        "affiliate": -2,
        "ads": -2,  # 1.98: the largest remainder
        "host_hourly": -5_000,  # a quarter of an hour
        "host_commission": -1,
        "kept": -4_910,
    }
    assert waterfall(rows, "mei-ai") == {
        "gross": 15_001,  # o2 and o3
        "platform_fee": -750,  # 500, and 250.05
        "affiliate": -300,  # 200, and 100.02
        "ads": -298,
        "avatar_hourly": -15_000,  # an hour and a half in s1, an hour in s2
        "likeness_fee": -31_000,  # 31 of its 100 days
        "royalty": -292,  # 2.5 % of the 6,667 of o2 that are beauty: 166.675; of o3: 125.025
        "kept": -32_639,
    }
    assert waterfall(rows, "mei-ai", "JPY") == {"gross": 2_000, "platform_fee": -60, "kept": 1_940}
    assert waterfall(rows, "unattributed") == {"gross": 999, "refunds": -999, "affiliate": -20, "kept": -20}
    assert waterfall(rows, "excess_refund") == {"refunds": -201, "kept": -201}
    assert waterfall(rows, HOSTILE, "KWD") == {"gross": 1_234, "platform_fee": -37, "kept": 1_197}


def test_a_month_has_the_same_total_by_whatever_it_is_told(books: Path) -> None:
    for by in ("host", "kind", "seller", "platform"):
        rows = asked("settle", "--period", "2026-10", "--by", by, "--data", books)
        totals = [row for row in rows if row["is_total"] and row["currency"] == "CNY"]
        assert {row["step"]: row["amount_minor"] for row in totals} == {
            "gross": 26_200,
            "refunds": -3_700,
            "platform_fee": -1_135,
            "affiliate": -524,
            "ads": -500,
            "host_hourly": -25_000,
            "host_commission": -103,
            "avatar_hourly": -15_000,
            "likeness_fee": -31_000,
            "royalty": -292,
            "kept": -51_054,
        }
    kinds = asked("settle", "--period", "2026-10", "--data", books)
    assert [row["label"] for row in kinds if (row["currency"], row["step"]) == ("CNY", "kept")] == [
        "human",
        "digital",
        "unattributed",
        "excess_refund",
        "total",
    ]
    table = run("settle", "--period", "2026-10", "--data", books).stdout
    assert re.search(r"CNY +│ royalty +│ +0.00 │ .*-2.92 │ +-1.95 %", table)


def test_ads_for_a_host_who_sold_nothing_are_the_cost_of_nobody(books: Path, tmp_path: Path) -> None:
    copy, sheet = Path(shutil.copytree(books, tmp_path / "data", symlinks=True)), tmp_path / "fees.csv"
    sheet.write_text("fee,host_id,currency,from,until,amount_minor\nads,idle,CNY,2026-11-01,2026-12-01,3000\n")
    run("fees", "import", sheet, "--data", copy)
    for by in ("host", "kind"):
        rows = asked("settle", "--period", "2026-11", "--by", by, "--data", copy)
        borne = {row["label"]: row["amount_minor"] for row in rows if row["step"] == "ads" and row["amount_minor"]}
        assert borne == {"unattributed": -3_000, "total": -3_000}, by


def test_november_takes_back_what_the_contracts_say(books: Path) -> None:
    rows = asked("settle", "--period", "2026-11", "--by", "host", "--data", books)
    assert waterfall(rows, "mei-ai") == {
        "refunds": -1_000,
        "platform_fee": 50,
        "likeness_fee": -30_000,
        "royalty": 17,  # 9,000 left, 6,000 of it beauty: 150 instead of 167
        "kept": -30_933,
    }
    assert waterfall(rows, "unattributed") == {"ads": -501, "kept": -501}  # nothing was sold that it could be for


def test_a_face_is_told_what_it_sold_and_earned_and_where_it_was_used_otherwise(books: Path) -> None:
    found = asked("likeness", "--period", "2026-10", "--what-if-royalty", "100bps, 300bps", "--data", books)
    assert found["accounts"] == [
        {
            "contract_id": "c1", "host_id": "mei-ai", "owner": "Mei Lin", "currency": "CNY", "gross_minor": 11_668,
            "refunds_minor": 0, "net_minor": 11_668, "fee_minor": 31_000, "royalty_minor": 292, "paid_minor": 31_292,
            "implied_share_bp": 26_819,
        }
    ]  # fmt: skip
    assert [(row["platform"], row["category"], row["orders"], row["net_minor"]) for row in found["sales"]] == [
        ("douyin", "beauty", 2, 11_668)
    ]
    assert [(row["at_bp"], row["royalty_minor"], row["break_even_minor"]) for row in found["what-if"]] == [
        (100, 117, 10_000_000),
        (300, 350, 3_333_333),
    ]
    names = ("reason", "session_id", "currency", "categories", "air_ms", "orders", "gross_minor")
    assert [tuple(row[name] for name in names) for row in found["outside"]] == [
        ("category", "s1", "CNY", "food", 0, 1, 3_333),
        ("label missing", "s1", "CNY", "beauty", 600_000, 1, 5_001),
        ("platform", "s2", "JPY", "beauty", 3_600_000, 1, 2_000),
    ]
    november = asked("likeness", "--period", "2026-11", "--part", "accounts", "--data", books)
    assert [(row["net_minor"], row["royalty_minor"], row["implied_share_bp"]) for row in november] == [
        (-667, -17, None)
    ]
    assert "label missing" in run("likeness", "--period", "2026-10", "--data", books).stdout


def test_labels_are_covered_with_gaps_and_money_at_risk(books: Path) -> None:
    found = asked("labels", "--period", "2026-10", "--data", books)
    assert [(row["session_id"], row["air_ms"], row["shown_ms"], row["gaps"], row["coverage_bp"]) for row in found] == [
        ("s1", 5_400_000, 4_800_000, 1, 8_889),
        ("s2", 3_600_000, 3_600_000, 0, 10_000),
    ]
    gap = asked("labels", "--period", "2026-10", "--gaps", "--data", books)
    assert [(row["from"], row["until"]) for row in gap] == [("2026-10-05 22:00:00+00:00", "2026-10-05 22:10:00+00:00")]
    risk = asked("labels", "--period", "2026-10", "--at-risk", "--data", books)
    names = ("platform", "rule", "currency", "orders", "net_minor", "share_bp", "source")
    assert [tuple(row[name] for name in names) for row in risk] == [
        ("douyin", "label_required", "CNY", 1, 5_001, 3_334, "law"),
        ("tiktok", "banned", "JPY", 1, 2_000, 10_000, "terms"),
    ]


def test_what_was_sold_without_the_label_is_taken_back_in_the_month_of_its_refund(books: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))
    feed(folder, [{"event_id": "back"} | refund("r5", at("2026-11-07T00:00"), "o3", 1_000)])
    found = asked("likeness", "--period", "2026-11", "--part", "outside", "--data", folder)
    names = ("reason", "session_id", "air_ms", "orders", "gross_minor", "refunds_minor", "net_minor")
    assert [tuple(row[name] for name in names) for row in found] == [
        ("category", "s1", 0, 0, 0, 333, -333),
        ("label missing", "s1", 0, 0, 0, 1_000, -1_000),
    ]
    risk = asked("labels", "--period", "2026-11", "--at-risk", "--data", folder)
    assert [(row["rule"], row["orders"], row["net_minor"]) for row in risk] == [("label_required", 0, -1_000)]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, sheets: dict[str, Path]) -> Path:
    """The same events in another order, some of them twice, in three batches."""
    shaken = random.Random(7).sample(EVENTS, len(EVENTS))
    folder = tmp_path_factory.mktemp("other") / "data"
    feed(folder, shaken[:20], shaken[10:30], shaken[25:])
    run("fees", "import", sheets["fees"], "--data", folder)
    return folder


def test_the_order_of_arrival_changes_no_figure_and_a_closed_month_stays(books: Path, other: Path) -> None:
    october = ("settle", "--period", "2026-10", "--by", "host", "--format", "csv", "--data")
    for words in (october, ("likeness", "--period", "2026-11", "--format", "json", "--data")):
        assert run(*words, other).stdout == run(*words, books).stdout
    first = run(*october, other).stdout
    run("close", "2026-10", "--through", "--data", other)
    feed(other, LATE)
    assert run(*october, other).stdout == first
    november = asked("settle", "--period", "2026-11", "--by", "host", "--data", other)
    assert waterfall(november, "mei-ai") == {
        "refunds": -2_000,
        "platform_fee": 100,
        "likeness_fee": -30_000,
        "royalty": 42,  # 17 of o2; of o3 100 instead of 125
        "kept": -31_858,
    }


def test_a_closed_month_keeps_the_contracts_it_was_closed_with(books: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))

    def royalties(period: str) -> dict[str, int]:
        accounts = asked("likeness", "--period", period, "--part", "accounts", "--data", folder)
        return {row["contract_id"]: row["royalty_minor"] for row in accounts if row["currency"] == "CNY"}

    def tell(event_id: str, **changes: object) -> None:
        later = {"event_id": event_id, "occurred_at": CONTRACT["occurred_at"] + len(event_id)}
        feed(folder, [CONTRACT | later | changes])

    run("close", "2026-10", "--data", folder)
    tell("b", royalty_bps=1_000)
    assert (royalties("2026-10"), royalties("2026-11")) == ({"c1": 292}, {"c1": -67})
    tell("cc", contract_id="c2", owner="Voice", royalty_bps=100)  # told for the first time: what it owes is due
    tell("ddd", contract_id="c2", owner="Voice", royalty_bps=200)
    assert (royalties("2026-10"), royalties("2026-11")) == ({"c1": 292, "c2": 117}, {"c1": -67, "c2": -13})


def test_a_schedule_is_a_version_that_is_never_edited(books: Path, sheets: dict[str, Path], tmp_path: Path) -> None:
    folder, began_ms = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True)), int(time.time() * 1000)
    assert "version 1 already" in run("fees", "import", sheets["fees"], "--data", folder).stderr
    dearer = tmp_path / "dearer.csv"
    dearer.write_text("fee,from,bps,base,refundable\nplatform_fee,2026-09-01,1000,gross,none\n")
    assert "Version 2: 1 rows." in run("fees", "import", dearer, "--data", folder).stderr
    for words, fee in ((["--fees", "1"], -1_135), ([], -2_620)):
        rows = asked("settle", "--period", "2026-10", *words, "--data", folder)
        assert waterfall(rows, "total")["platform_fee"] == fee
    run("close", "2026-10", "--data", folder)
    cheaper = tmp_path / "cheaper.csv"
    cheaper.write_text("fee,from,bps,base,refundable\nplatform_fee,2026-09-01,100,gross,none\n")
    run("fees", "import", cheaper, "--data", folder)
    for period, words, fee in (("2026-10", [], -2_620), ("2026-10", ["--fees", "3"], -262), ("2026-11", [], 0)):
        settled = run("settle", "--period", period, *words, "--format", "json", "--data", folder)
        assert waterfall(json.loads(settled.stdout), "total").get("platform_fee", 0) == fee
        assert ("closed and keeps version 2" in settled.stderr) == (period == "2026-10" and not words)
    words = ["statement", "--host", "mei", "--period", "2026-10", "--out", tmp_path / "out", "--data", folder]
    page = Path(run(*words, PATH="/nowhere").stdout.splitlines()[2]).read_text()
    assert re.search(r"<dt>Books</dt><dd>closed at 20\d\d-.*<dt>Fee schedule</dt><dd>version 2</dd>", page)
    shown = run("fees", "list", "--versions", "--data", folder).stdout
    versions = asked("fees", "list", "--versions", "--data", folder)
    assert all(began_ms <= one["imported_ms"] <= int(time.time() * 1000) for one in versions[1:])
    assert all(moment(one["imported_ms"], ZoneInfo("UTC")) in shown for one in versions)
    assert [(one["version"], one["rows"], one["source"]) for one in versions] == [
        (1, 7, "fees.csv"),
        (2, 1, "dearer.csv"),
        (3, 1, "cheaper.csv"),
    ]
    assert [one["fee"] for one in asked("fees", "list", "--version", "1", "--data", folder)][:2] == ["platform_fee"] * 2
    assert "there are: 1, 2, 3" in run("settle", "--period", "2026-10", "--fees", "9", "--data", folder, code=2).stderr
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("fee,from,bps,base,refundable\nplatform_fee,2026-09-01,2.5,gross,none\n")
    refused = run("fees", "import", wrong, "--data", folder, code=2).stderr
    assert "line 2, bps '2.5'" in refused
    assert "250 is 2.5 %" in refused
    assert len(asked("rules", "list", "--examples")) >= 7
    assert "no legal advice" in run("rules", "import", "--examples", "--data", folder).stderr
    assert [one["version"] for one in asked("rules", "list", "--versions", "--data", folder)] == [1, 2]
    assert "banned" in run("rules", "list", "--data", folder).stdout
    assert run("rules", "import", "--data", folder, code=2).stderr.startswith("name one file")


@pytest.mark.parametrize(
    ("whose", "who", "paid", "kept"),
    [("host", "mei", 20_102, -13_284), ("owner", "Mei Lin", 31_292, -19_624), ("seller", "A", 0, None)],
)
def test_a_statement_adds_up_and_leads_to_its_orders(
    books: Path, tmp_path: Path, whose: str, who: str, paid: int, kept: int | None
) -> None:
    words = ["statement", f"--{whose}", who, "--period", "2026-10", "--out", tmp_path / "out", "--data", books]
    printed = run(*words, PATH="/nowhere")
    assert "No PDF: no Chromium is installed" in printed.stderr
    files = [Path(line) for line in printed.stdout.splitlines()]
    assert [file.suffix for file in files] == [".csv", ".parquet", ".html"]
    lines = pl.read_parquet(files[1])
    cny = lines.filter(pl.col("currency") == "CNY")
    assert cny["paid_minor"].sum() == paid
    assert kept is None or cny["amount_minor"].sum() == kept
    with files[0].open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [int(row["amount_minor"]) for row in rows] == lines["amount_minor"].to_list()
    traced = lines.filter(pl.col("step").is_in(["gross", "refunds", "platform_fee", "affiliate", "royalty"]))
    assert traced["order_id"].null_count() == 0
    assert lines.filter(pl.col("order_id").is_null() & pl.col("source").is_null()).height == 0
    for order_id in traced["order_id"].unique():
        assert asked("explain", order_id, "--data", books)["order_id"] == order_id
    for file in files:
        assert b"person-" not in file.read_bytes(), "no viewer appears"
    page = files[2].read_text()
    assert "<dt>Books</dt><dd>open: what still comes may change it</dd>" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=|https?://", page)
    assert page.count("<svg") == lines["currency"].n_unique()


def test_a_hostile_name_stays_text_in_the_page_and_in_a_spreadsheet(books: Path, tmp_path: Path) -> None:
    words = ["statement", "--host", HOSTILE, "--period", "2026-10", "--out", tmp_path, "--data", books]
    files = [Path(line) for line in run(*words, PATH="/nowhere").stdout.splitlines()]
    assert {file.parent for file in files} == {tmp_path}
    assert "&lt;b&gt;&amp;" in files[2].read_text()
    assert "<b>" not in files[2].read_text()
    with files[0].open(newline="") as opened:
        assert {row["host_id"] for row in csv.DictReader(opened)} == {"'" + HOSTILE}
    assert set(pl.read_parquet(files[1])["host_id"]) == {HOSTILE}


def test_a_statement_is_printed_where_a_browser_is(books: Path, tmp_path: Path) -> None:
    words = ["statement", "--owner", "Mei Lin", "--period", "2026-10", "--out", tmp_path, "--data", books]
    printed = run(*words)
    made = sorted(file.suffix for file in tmp_path.iterdir())
    if browser():
        assert made == [".csv", ".html", ".parquet", ".pdf"]
        assert next(tmp_path.glob("*.pdf")).read_bytes().startswith(b"%PDF-")
    else:
        assert made == [".csv", ".html", ".parquet"]
        assert "No PDF" in printed.stderr


def test_what_cannot_be_asked_is_refused_with_a_remedy(books: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    mine = ["statement", "--host", "mei", "--period", "2026-10", "--out"]
    for words, said in (
        ([*mine, tmp_path / "file"], "file: File exists; name a folder in one that is there"),
        ([*mine, tmp_path / "file" / "new"], "new: Not a directory; name a folder in one that is there"),
        (["settle", "--period", "2026-13"], "write it as in 2026-10"),
        (["settle", "--period", "2026-10", "--model", "best"], "use one of"),
        (["likeness", "--period", "2026-10", "--what-if-royalty", "3%"], "100bps,300bps"),
        (["likeness", "--period", "2026-10", "--part", "what-if"], "--what-if-royalty 100bps,300bps"),
        (["labels", "--period", "2026-10", "--gaps", "--at-risk"], "ask for one"),
        (["statement", "--period", "2026-10", "--out", tmp_path], "--host, --owner or --seller"),
        (
            ["statement", "--host", "nobody", "--period", "2026-10", "--out", tmp_path],
            "settle --by host --period 2026-10",
        ),
        (["fees", "import", tmp_path / "none.csv"], "cannot be read"),
    ):
        assert said in run(*words, "--data", books, code=2).stderr.replace("\n", " ")


def test_where_nothing_is_there_is_nothing_to_tell(tmp_path: Path) -> None:
    feed(tmp_path / "data")
    settled = run("settle", "--period", "2026-10", "--currency", "CNY", "--format", "json", "--data", tmp_path / "data")
    assert (json.loads(settled.stdout), settled.stderr.splitlines()[-1]) == (
        [],
        "Nothing was posted in 2026-10 in CNY.",
    )
    nothing = {"accounts": [], "sales": [], "what-if": [], "outside": []}
    assert asked("likeness", "--period", "2026-10", "--data", tmp_path / "data") == nothing
    assert asked("labels", "--period", "2026-10", "--data", tmp_path / "data") == []


def test_viewers_events_are_kept_longer_when_asked_and_shorter_only_when_meant(books: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(books, tmp_path / "copy", symlinks=True))

    def kept(**settings: str) -> str:
        said = {f"HOSTLEDGER_{name}": value for name, value in settings.items()}
        return str(run("migrate", HOSTLEDGER_DATA=str(folder), **said).stderr)

    assert kept() == ""
    assert kept(RETENTION_DAYS="365") == "Viewers' events are kept for 365 days; before: 180.\n"
    assert "kept for 365 days, though HOSTLEDGER_RETENTION_DAYS says 180" in kept()
    assert kept(RETENTION_DAYS="30", RETENTION_SHORTER="yes") == "Viewers' events are kept for 30 days; before: 365.\n"
    refused = run("migrate", code=2, HOSTLEDGER_DATA=str(folder), HOSTLEDGER_RETENTION_DAYS="30").stderr
    assert "HOSTLEDGER_RETENTION_SHORTER=yes" in refused


@pytest.mark.parametrize("kind", ["fees", "rules"])
def test_a_sheet_that_was_never_imported_is_asked_for(kind: str, tmp_path: Path) -> None:
    Embedded.open(tmp_path / "new").close()
    refused = run(kind, "list", "--data", tmp_path / "new", code=2).stderr
    assert f"no version was imported yet; import one: hostledger {kind} import FILE" in refused.replace("\n", " ")
    refused = run(kind, "list", "--version", "3", "--data", tmp_path / "new", code=2).stderr
    assert "version 3 was never imported; there are: none" in refused.replace("\n", " ")


def test_a_server_answers_as_a_folder_and_keeps_as_long(
    books: Path, database: str, sheets: dict[str, Path], tmp_path: Path
) -> None:
    settings = {"HOSTLEDGER_CLICKHOUSE": database, "HOSTLEDGER_CLICKHOUSE_PASSWORD": native_child.PASSWORD}
    assert "kept for 200 days; before: 180" in run("migrate", HOSTLEDGER_RETENTION_DAYS="200", **settings).stderr
    assert "says 180: it is made shorter only" in run("migrate", **settings).stderr.replace("\n", " ")
    with closing(Server.open(database, password=native_child.PASSWORD)) as server:
        told(server, tmp_path, EVENTS)
    for name, file in sheets.items():
        assert "Version 1" in run(name, "import", file, **settings).stderr
    for words in (
        ["settle", "--period", "2026-10", "--by", "host"],
        ["likeness", "--period", "2026-10"],
        ["labels", "--period", "2026-10", "--at-risk"],
        ["fees", "list"],
        ["rules", "list"],
    ):
        there = run(*words, "--format", "json", **settings).stdout
        assert there == run(*words, "--format", "json", "--data", books).stdout
        assert len(there) > 100
