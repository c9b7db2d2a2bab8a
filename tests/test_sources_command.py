"""`hostledger sources`: what can be connected, with which settings, and what a payload would become, or why not."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from source_stage import SECRET, douyin_detail, encoded, example, paid_shopify_order, tree
from typer.testing import CliRunner, Result

from hostledger.commands.sources import app
from hostledger.settings import SOURCE_SETTINGS, Settings
from streams.kafka.dead_letters import beside
from streams.sources.table import SOURCES

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def invoked(*arguments: str | Path, **told: str) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], obj=Settings.read(told))

    return invoked


@pytest.fixture
def payload(tmp_path: Path) -> Callable[[Any], Path]:
    def write(body: Any) -> Path:
        path = tmp_path / f"payload-{len(list(tmp_path.iterdir()))}.json"
        path.write_bytes(body if isinstance(body, bytes) else encoded(body))
        return path

    return write


def test_every_source_and_setting_is_listed_and_no_secret(run: Run) -> None:
    told = {"HOSTLEDGER_SHOPIFY_SECRETS": SECRET}
    as_json = json.loads(run("list", "--format", "json", **told).stdout)
    assert {row["source"] for row in as_json} == set(SOURCES)
    assert {row["setting"] for row in as_json} == SOURCE_SETTINGS
    assert {row["source"] for row in as_json if row["connected"] == "yes"} == {"shopify"}
    assert {tuple(row["kinds"].split()) for row in as_json} == {tuple(source.kinds) for source in SOURCES.values()}
    assert all(row["meaning"] for row in as_json)
    as_csv = list(csv.DictReader(io.StringIO(run("list", "--format", "csv", **told).stdout)))
    assert as_csv == [{name: value or "" for name, value in row.items()} for row in as_json]
    table = run("list", **told)
    assert all(name in table.stdout for name in SOURCE_SETTINGS)
    assert table.stdout == run(**told).stdout
    assert SECRET not in f"{as_json}{as_csv}{table.output}"


def test_a_payload_is_shown_as_the_events_that_it_becomes(run: Run, payload: Callable[[Any], Path]) -> None:
    tried = run("try", "shopify", payload(paid_shopify_order()), "--kind", "orders/paid")
    assert tried.exit_code == 0
    (event,) = [json.loads(line) for line in tried.stdout.splitlines()]
    assert (event["order_id"], event["type"]) == ("shopify/450789469", "order_paid")
    assert sum(line["amount_minor"] for line in event["lines"]) == 40_994
    assert "Kind orders/paid: 1 events." in tried.stderr


def test_a_detail_stands_for_what_the_platform_would_answer(run: Run, payload: Callable[[Any], Path]) -> None:
    paid = tree("douyin_shop/TradePaidEvent")
    paid["data"]["p_id"] = "4781320682406083640"
    asked = ["try", "douyin-shop", payload([paid])]
    alone = run(*asked)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert "the platform would be asked for /order/orderDetail; give what it answers with --detail FILE" in alone.stderr
    told = run(*asked, "--detail", payload(douyin_detail()))
    assert json.loads(told.stdout)["host_id"] == "341234"


def test_a_live_room_is_named_where_a_header_would(run: Run, payload: Callable[[Any], Path]) -> None:
    push = payload([{"msg_id": "1", "sec_openid": "o", "timestamp": 1_649_068_964_000, "like_num": 3}])
    tried = run("try", "douyin-live", push, "--kind", "live_like", "--room", "r-7")
    assert (json.loads(tried.stdout)["session_id"], json.loads(tried.stdout)["count"]) == ("r-7", 3)


def test_a_parked_payload_is_tried_as_it_was_sent(run: Run, payload: Callable[[Any], Path]) -> None:
    """What the request said beside it is written beside it: kind, room, and the shop with which ids begin."""
    several = {"HOSTLEDGER_SHOPIFY_SECRETS": "one b::two"}
    refund, push = payload(example("shopify/refund")), payload([{"msg_id": "1", "sec_openid": "o", "timestamp": 9}])
    unsure = run("try", "shopify", refund, "--kind", "refunds/create", **several)
    assert (unsure.exit_code, "say with --shop which one signs: b, shopify" in unsure.stderr) == (2, True)
    said = run("try", "shopify", refund, "--kind", "refunds/create", "--shop", "b", **several)
    beside(refund).write_bytes(encoded({"source": "shopify", "kind": "refunds/create", "shop": "b", "reason": "x"}))
    found = run("try", "shopify", refund, **several)
    assert json.loads(found.stdout)["order_id"] == "b/450789469"
    assert found.stdout == said.stdout
    other = run("try", "woocommerce", refund)
    assert (other.exit_code, "is of shopify" in other.stderr) == (2, True)
    beside(push).write_bytes(encoded({"source": "douyin-live", "kind": "live_comment", "room": "r-7", "shop": "b"}))
    event = json.loads(run("try", "douyin-live", push).stdout)
    assert (event["session_id"], event["event_id"]) == ("r-7", "b/commented/1")


@pytest.mark.parametrize(
    ("source", "body", "kind", "said"),
    [
        ("shopify", paid_shopify_order(total_price="409.945"), "orders/paid", "amount_inexact, field total_price, val"),
        ("shopify", paid_shopify_order(total_price="-1.00"), "orders/paid", "negative_order, field lines, value -100"),
        ("shopify", b"not json", "orders/paid", "cannot be booked: not_json"),
        ("shopify", paid_shopify_order(financial_status="pending"), "orders/paid", "is booked when it is (not_paid)"),
        ("shopify", paid_shopify_order(), "orders/payed", "kind 'orders/payed' is not one that shopify knows"),
        ("shopify", paid_shopify_order(), "orders/updated", "(told_apart)"),
        ("shopify", paid_shopify_order(), "", "Kinds: orders/paid, orders/cancelled"),
        ("tiktok-live", b'{"event": "gift"}', "", "field_missing, field data"),
        ("nowhere", b"{}", "", "source 'nowhere' is unknown; use one of: shopify, woocommerce"),
    ],
)
def test_a_payload_that_is_not_booked_is_refused_with_the_reason(
    run: Run, payload: Callable[[Any], Path], source: str, body: Any, kind: str, said: str
) -> None:
    tried = run("try", source, payload(body), "--kind", kind)
    assert (tried.exit_code, tried.stdout) == (2, "")
    assert said in tried.stderr


def test_a_file_that_is_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    for missing in (("shopify", tmp_path / "nowhere.json"), ("shopify", tmp_path), ("shopify",)):
        assert run("try", *missing).exit_code == 2
    beside = run("try", "douyin-shop", tmp_path / "nowhere.json", "--detail", tmp_path / "gone.json")
    assert (beside.exit_code, "does not exist" in beside.stderr) == (2, True)


def test_the_published_examples_can_be_tried_as_they_are(run: Run, payload: Callable[[Any], Path]) -> None:
    tried = run("try", "shopify", payload(example("shopify/refund")), "--kind", "refunds/create")
    assert (tried.exit_code, json.loads(tried.stdout)["amount_minor"]) == (0, 20_900)
