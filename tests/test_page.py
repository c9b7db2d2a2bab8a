"""Claims about the live page's figures, routes and streams, without a browser."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
from collections import Counter
from contextlib import ExitStack, closing, suppress
from http.client import IncompleteRead
from pathlib import Path

import polars as pl
import pytest
from page_stage import (
    BEGIN,
    MINUTE,
    NEWEST,
    NOW,
    at,
    batch,
    credit,
    get,
    heard,
    insert,
    opened,
    order,
    sale,
    served,
    staged,
)

from analytics.warehouse.embedded import Embedded
from dashboards.page import choice, tallies
from dashboards.page.app import make_app
from dashboards.page.orders import explanation
from dashboards.page.server import PortInUse, serve
from dashboards.page.snapshot import clock, snapshot


@pytest.fixture
def warehouse(tmp_path):
    with staged(tmp_path) as filled:
        yield filled


def figures_of(warehouse, model="on_air", currency=None, window="1h"):
    return snapshot(warehouse, model=model, currency=currency, window=window, now_ms=NOW)


VIEWS = ({}, {"model": "linear"}, {"currency": "JPY"}, {"currency": "KWD"}, {"window": "15m"}, {"window": "all"})


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Figures of the untouched stage, all read in one go: a process can have one warehouse open at a time."""
    with staged(tmp_path_factory.mktemp("stage")) as filled:
        views = {tuple(view.items()): figures_of(filled, **view) for view in VIEWS}
    return lambda **view: views[tuple(view.items())]


def by_host(figures):
    return {row["host_id"]: row for row in figures["hosts"]}


def test_the_totals_add_up_to_the_last_minor_unit(shown):
    totals = shown()["totals"]
    assert (totals["gmv"], totals["refunds"], totals["net"]) == ("400.00", "300.25", "99.75")
    assert (totals["orders"], totals["items"], totals["buyers"], totals["average"]) == (3, 6, 3, "133.33")
    assert {kind: sums["share_bp"] for kind, sums in totals["kinds"].items()} == {
        "human": 2513,
        "digital": 5000,
        "unknown": 0,
        "unattributed": 2488,
    }


def test_the_rows_of_the_hosts_add_up_to_the_totals_with_the_excess_refund(shown):
    figures = shown()
    rows = by_host(figures)
    assert {host: row["net"] for host, row in rows.items()} == {
        "h1": "50.25",
        "d1": "0.00",
        "unattributed": "99.50",
        "excess_refund": "-50.00",
    }
    assert rows["excess_refund"]["refunds"] == "50.00"
    nets = [round(float(row["net"]) * 100) for row in rows.values()]
    assert sum(nets) == round(float(figures["totals"]["net"]) * 100)


def test_a_host_has_hours_on_air_and_gmv_per_hour(shown):
    rows = by_host(shown())
    assert (rows["h1"]["live_ms"], rows["h1"]["hourly"]) == (30 * MINUTE, "201.00")
    assert (rows["d1"]["live_ms"], rows["d1"]["hourly"]) == (20 * MINUTE + 30_000, "585.37")
    assert rows["d1"]["likeness"] == "李佳"
    assert rows["unattributed"]["hourly"] is None


def test_another_model_tells_another_story_of_the_same_money(shown):
    figures = shown(model="linear")
    assert {row["host_id"]: row["gross"] for row in figures["hosts"]} == {"h1": "100.00", "d1": "100.00"}


def test_currencies_are_never_added(shown):
    figures = shown(currency="JPY")
    assert (figures["totals"]["gmv"], figures["totals"]["orders"]) == ("1,234", 1)
    assert shown()["choice"]["currencies"] == ["CNY", "JPY"]
    assert shown(currency="KWD")["totals"]["gmv"] == "0.000"


def test_the_window_ends_with_the_newest_event(shown):
    figures = shown(window="15m")
    assert figures["span"] == {"from_ms": at(36), "until_ms": at(51), "step_ms": MINUTE}
    assert figures["totals"]["gmv"] == "299.50"
    assert figures["steps"]["digital"][4] == "200.00"
    assert by_host(figures)["d1"]["live_ms"] == 14 * MINUTE + 30_000


def test_all_begins_with_the_first_order(shown):
    assert shown(window="all")["totals"]["gmv"] == "400.00"
    stretch = choice.span("all", NEWEST, BEGIN - 365 * 1440 * MINUTE)
    assert stretch.from_ms <= BEGIN - 365 * 1440 * MINUTE
    assert len(stretch.starts) <= 180


def test_people_online_are_exact_at_the_clock(shown):
    figures = shown()
    assert figures["online"] == 4
    assert figures["audience"][-1] == 4
    assert figures["audience"][-2] == 2


def test_the_stage_shows_who_is_on_air_and_who_is_missing(shown):
    first, second = shown()["on_air"]
    assert (first["title"], first["platform"], first["online"]) == ("秋冬晚场", "douyin", 3)
    assert [(host["host_id"], host["kind"], host["label"]) for host in first["hosts"]] == [
        ("d1", "digital", "label_shown")
    ]
    assert first["hosts"][0]["since_ms"] == at(30)
    assert (second["session_id"], second["hosts"]) == ("s2", [])


def test_a_host_counts_under_the_kind_it_had_then(warehouse):
    change = {"type": "host_registered", "host_id": "h1", "name": "李佳", "kind": "digital", "batch": 2}
    insert(warehouse, "roster_events", [change | {"event_id": "r9", "occurred_at": at(47)}])
    sale(warehouse, "o5", 1000, 48, host_id="h1", number=2)
    kinds = {(row["host_id"], row["kind"]): row["gross"] for row in figures_of(warehouse)["hosts"]}
    assert (kinds["h1", "human"], kinds["h1", "digital"]) == ("100.50", "10.00")


def test_a_restated_order_shows_its_new_host_and_says_so(warehouse):
    late = {"kind": "restatement", "reason": "a shift came late", "batch": 2}
    lines = [credit("o1", "on_air", "h1", -10050, 10, **late | {"sign": -1})]
    insert(warehouse, "ledger", [*lines, credit("o1", "on_air", "d1", 10050, 10, **late)])
    restated = next(row for row in figures_of(warehouse)["orders"] if row["order_id"] == "o1")
    assert [(one["host_id"], one["share_bp"]) for one in restated["credits"]] == [("d1", 10_000)]
    assert restated["restated"]


def test_the_latest_orders_come_with_their_reason(shown):
    orders = shown()["orders"]
    assert [row["order_id"] for row in orders] == ["o3", "o2", "o1"]
    assert orders[0]["credits"][0]["basis"] == "no host on air in the session of the order"
    assert orders[1]["refunded"] == "250.00"


def test_an_explanation_has_the_path_and_every_model(warehouse):
    told = explanation(warehouse, "o2")
    assert [(step["lineup"][0]["name"], step["watched_ms"]) for step in told["steps"]] == [
        ("李佳", 30 * MINUTE),
        ("李佳 AI", 10 * MINUTE),
    ]
    models = {row["model"]: row for row in told["models"]}
    assert list(models) == ["on_air", "linear"]
    assert [(one["host_id"], one["gross"], one["share_bp"]) for one in models["linear"]["credits"]] == [
        ("d1", "100.00", 5000),
        ("h1", "100.00", 5000),
    ]
    assert (models["on_air"]["credits"][0]["net"], models["on_air"]["refunded"]) == ("0.00", "250.00")
    assert explanation(warehouse, "nothing like it") is None


def test_an_empty_warehouse_has_a_page(tmp_path):
    with closing(Embedded.open(tmp_path)) as empty:
        figures = figures_of(empty)
    assert (figures["clock"]["mode"], figures["totals"]["gmv"], figures["orders"]) == ("empty", "0", [])


def test_old_data_is_called_a_recording():
    assert clock(NEWEST, NOW) == {"now_ms": NOW, "newest_ms": NEWEST, "age_ms": 5_000, "mode": "live"}
    assert clock(NEWEST, NEWEST + 1440 * MINUTE)["mode"] == "recorded"
    assert clock(NEWEST, NEWEST - 2 * MINUTE)["mode"] == "recorded"
    assert clock(NEWEST, NEWEST - 1)["age_ms"] == 0


def test_sums_are_exact_beyond_the_reach_of_floats():
    huge = 2**70 + 1
    row = {"at_ms": 0, "host_id": "h", "kind": "human", "gross": str(huge), "refunds": "1", "orders": 1}
    assert tallies.tallies(pl.DataFrame([row])).total.net == 2**70
    assert tallies.share_bp(1, 3) == 3333
    assert tallies.hourly(100, 7) == 51_428_571


@pytest.mark.parametrize(("field", "value"), [("model", "astrology"), ("currency", "cny"), ("window", "eternity")])
def test_a_wrong_parameter_is_refused_with_its_remedy(warehouse, field, value):
    with served(warehouse) as address:
        for route in ("api/snapshot", "stream"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                get(f"{address}/{route}?{field}={value}")
            with refused.value as answer:
                said = json.load(answer)
            assert (answer.status, said["field"], said["value"]) == (400, field, value)
            assert said["remedy"].startswith("use ")


def test_every_answer_forbids_what_is_foreign(warehouse):
    with served(warehouse) as address:
        for route in ("", "static/page.js", "static/echarts/echarts.min.js", "api/snapshot", "api/explain/o2"):
            with opened(f"{address}/{route}") as answer:
                policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_foreign_name_for_this_machine_is_refused(warehouse):
    with served(warehouse) as address:
        with pytest.raises(urllib.error.HTTPError) as refused:
            opened(f"{address}/api/snapshot", Host="evil.example")
        with refused.value as answer:
            assert answer.status == 400


def test_an_unknown_order_is_not_found_and_odd_ids_are_just_text(warehouse):
    insert(warehouse, "orders", [order("a/b?c='d'\t", 1, 49)])
    with served(warehouse) as address:
        assert get(f"{address}/api/explain/a%2Fb%3Fc%3D%27d%27%09")["amount"] == "0.01"
        with pytest.raises(urllib.error.HTTPError) as missing:
            get(f"{address}/api/explain/o9")
        with missing.value as answer:
            assert (answer.status, json.load(answer)["value"]) == (404, "o9")


class Counting:
    """A reader that counts what it is asked."""

    def __init__(self, reader, asked):
        self.reader, self.asked = reader, asked

    def query(self, name, **parameters):
        self.asked[name] += 1
        return self.reader.query(name, **parameters)

    def close(self):
        self.reader.close()


def test_many_pages_cost_one_set_of_queries(warehouse):
    asked = Counter()
    with served(warehouse, reader=lambda: Counting(warehouse.reader(), asked)) as address, ExitStack() as open_pages:
        pages = [open_pages.enter_context(opened(f"{address}/stream")) for _ in range(8)]
        assert {heard(page)[1]["totals"]["gmv"] for page in pages} == {"400.00"}
        assert asked["page_credits"] == 1
        sale(warehouse, "o5", 10000, 50, host_id="d1", number=2)
        assert {heard(page)[1]["totals"]["gmv"] for page in pages} == {"500.00"}
        assert asked["page_credits"] == 2
        assert get(f"{address}/api/snapshot")["totals"]["gmv"] == "500.00"
        assert asked["page_credits"] == 2
        assert get(f"{address}/api/snapshot?model=linear")["totals"]["gmv"] == "200.00"
        assert asked["page_credits"] == 3
        assert {asked[name] for name in asked if name not in ("page_clock", "page_credits", "page_order_credits")} == {
            3
        }


def test_a_snapshot_asked_for_in_between_does_not_swallow_the_push(warehouse):
    with served(warehouse) as address, opened(f"{address}/stream") as page:
        heard(page)
        sale(warehouse, "o5", 10000, 50, host_id="d1", number=2)
        get(f"{address}/api/snapshot")
        assert heard(page)[1]["books"]["batches"] == 2


def test_a_page_that_is_open_before_anything_is_stored_does_not_wait_for_its_turn(tmp_path):
    with (
        closing(Embedded.open(tmp_path)) as empty,
        served(empty, pause_s=3600) as address,
        opened(f"{address}/stream") as page,
    ):
        assert heard(page)[1]["books"]["batches"] == 0
        batch(empty, 1)
        told = next(data for event, data in (heard(page) for _ in range(6)) if event == "snapshot")
        assert told["books"]["batches"] == 1


def test_a_quiet_stream_tells_the_time(warehouse, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 0.2)
    with served(warehouse) as address, opened(f"{address}/stream") as page:
        assert heard(page)[0] == "snapshot"
        assert heard(page) == ("beat", {"now_ms": NOW})


def test_a_broken_warehouse_ends_the_stream_and_the_next_call_is_served(warehouse):
    asked, broken = Counter(), threading.Event()

    class Breaking(Counting):
        def query(self, name, **parameters):
            if broken.is_set():
                broken.clear()
                raise SystemError("the disk is gone")
            return super().query(name, **parameters)

    with served(warehouse, reader=lambda: Breaking(warehouse.reader(), asked)) as address:
        with opened(f"{address}/stream") as page:
            heard(page)
            broken.set()
            assert page.read() == b""
        assert get(f"{address}/api/snapshot")["totals"]["gmv"] == "400.00"


def test_a_port_in_use_is_named_with_its_remedy(warehouse):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port} is in use .* --port"):
            serve(make_app(warehouse.reader), port)


HOSTLEDGER = str(Path(sys.executable).with_name("hostledger"))


def test_ctrl_c_ends_open_streams_and_leaves_cleanly(tmp_path):
    with staged(tmp_path) as warehouse:
        batch(warehouse, 2)
    command = [HOSTLEDGER, "page", "--data", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as page:
        killer = threading.Timer(60, page.kill)
        killer.start()
        try:
            address = page.stderr.readline().split()[5]
            with opened(f"{address}stream") as stream:
                assert heard(stream)[1]["books"]["batches"] == 2
                page.send_signal(signal.SIGINT)
                with suppress(IncompleteRead):  # a busy machine may end a stream without its last chunk
                    assert stream.read() == b""
            assert (page.wait(timeout=20), page.stderr.read()) == (0, "")
        finally:
            killer.cancel()
            page.kill()


@pytest.mark.usefixtures("warehouse")
def test_the_page_of_a_missing_or_busy_folder_is_refused(tmp_path):
    for folder, reason in ((tmp_path / "none", "--data"), (tmp_path, "another process holds it")):
        command = [HOSTLEDGER, "page", "--data", str(folder), "--port", "0"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 2
        assert reason in " ".join(ran.stderr.split())
