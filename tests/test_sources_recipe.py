"""How a source is added is true: the example of CONTRIBUTING.md is whole, short, and read like any other source."""

import json
from pathlib import Path
from typing import Any

import pytest
from example_source import MARKET_STALL
from source_stage import SECRET, access
from test_sources_hostile import assert_contained, read
from typer.testing import CliRunner

import hostledger.settings
from hostledger.commands.sources import app
from hostledger.settings import Settings
from streams.sources.signing import hmac_hex
from streams.sources.source import Notification, Unsigned
from streams.sources.table import SOURCES, setting_name

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "example_source.py"
ORDER = {
    "number": 4_781_320_682_406_083_640,
    "paid_at": "2026-03-28T12:00:00+01:00",
    "currency": "EUR",
    "total": "12.49",
    "live_room": 7,
    "lines": [{"line": 1, "product": "plaice", "pieces": 2, "amount": "9.00"}],
}
REFUND = {"number": 1, "order": ORDER["number"], "at": "2026-03-29T12:00:00Z", "currency": "EUR", "amount": 2.5}


@pytest.fixture(autouse=True)
def _is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line of table.py; the settings follow from what the source says that it needs."""
    monkeypatch.setitem(SOURCES, MARKET_STALL.name, MARKET_STALL)
    names = {f"HOSTLEDGER_{setting_name(MARKET_STALL, need.name)}" for need in MARKET_STALL.needs}
    monkeypatch.setattr(hostledger.settings, "SOURCE_SETTINGS", hostledger.settings.SOURCE_SETTINGS | names)


def body(**told: Any) -> bytes:
    return json.dumps({"message": "m-1", **told}).encode()


def test_the_recipe_names_an_example_that_is_a_whole_source_in_fewer_than_a_hundred_lines() -> None:
    length, page = len(FILE.read_text().splitlines()), (ROOT / "CONTRIBUTING.md").read_text()
    assert length < 100
    assert f"({FILE.relative_to(ROOT)}), {length} lines" in page
    shipped = {file.name for file in (ROOT / "streams" / "sources").glob("*.py")}
    assert {"table.py", "source.py", "booked.py", "payload.py", "signing.py"} <= shipped


def test_the_example_books_what_it_is_told_to_the_cent() -> None:
    paid, refunded = body(kind="order.paid", order=ORDER), body(kind="order.refunded", refund=REFUND)
    ((order,),) = read("market-stall", "", paid, [])
    assert [(each["line_id"], each["amount_minor"]) for each in order["lines"]] == [("1", 900), ("charges", 349)]
    assert (order["order_id"], order["session_id"]) == ("market-stall/4781320682406083640", "7")
    ((refund,),) = read("market-stall", "", refunded, [])
    assert (refund["order_id"], refund["amount_minor"]) == (order["order_id"], 250)
    assert_contained([[order], [refund]], paid, refunded)
    waiting = {name: value for name, value in ORDER.items() if name != "paid_at"}
    for nothing in (body(kind="order.paid", order=waiting), body(kind="order.placed"), body(kind="x"), b"[]", b"{}"):
        assert not any(read("market-stall", "", nothing, []))


def test_the_example_believes_only_what_is_signed() -> None:
    text, given = body(kind="order.placed"), access(MARKET_STALL, f"harbour::{SECRET}")
    signature = hmac_hex(SECRET.encode(), text)
    assert MARKET_STALL.verify(Notification({"x-stall-signature": signature}, text, 0), given) == "harbour"
    with pytest.raises(Unsigned):
        MARKET_STALL.verify(Notification({"x-stall-signature": signature}, text + b" ", 0), given)


def test_a_source_in_the_table_has_its_settings_and_can_be_tried(tmp_path: Path) -> None:
    told = Settings.read({"HOSTLEDGER_MARKET_STALL_SECRETS": SECRET})
    (tmp_path / "paid.json").write_bytes(body(kind="order.paid", order=ORDER))
    tried = CliRunner().invoke(app, ["try", "market-stall", str(tmp_path / "paid.json")], obj=told)
    assert (tried.exit_code, json.loads(tried.stdout)["currency"]) == (0, "EUR")
    listed = CliRunner().invoke(app, ["list", "--format", "json"], obj=told)
    assert [row["connected"] for row in json.loads(listed.stdout) if row["source"] == "market-stall"] == ["yes"]
