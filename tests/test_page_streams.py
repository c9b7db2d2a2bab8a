"""Claims about pages that are open while the books change, and about the command that shows them."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from http.client import IncompleteRead
from pathlib import Path

import pytest
from children import uncovered
from page_stage import (
    MINUTE,
    Watched,
    batch,
    board,
    coming,
    few_panels,
    fill,
    get,
    heard,
    insert,
    of_panels,
    opened,
    order,
    refused,
    sale,
    sent,
    served,
    shown,
    staged,
    told,
)
from patience import PATIENCE_S, await_true

from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from dashboards.boards import BOARDS
from dashboards.page.feed import ABREAST
from dashboards.page.kept import Kept
from dashboards.sql import statement
from hostledger.place import is_loopback

HOSTLEDGER = str(Path(sys.executable).with_name("hostledger"))


@pytest.fixture
def warehouse(tmp_path):
    with staged(tmp_path) as filled:
        yield filled


@pytest.fixture
def few():
    with few_panels():
        yield


def run(*arguments, **environment):
    command, given = [HOSTLEDGER, *arguments], uncovered() | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=given)


def test_an_empty_warehouse_has_a_page(tmp_path):
    with (
        closing(Embedded.open(tmp_path)) as empty,
        served(empty) as address,
        shown(address) as (_, view, panels, marks),
    ):
        assert (view["clock"]["mode"], view["until_ms"] - view["from_ms"]) == ("empty", 60 * MINUTE)
        assert (view["variables"]["currency"], marks) == ({"value": [], "options": []}, [])
        assert set(panels) == {panel.id for panel in BOARDS["live"].panels}
        assert not any(panels.values())


def test_a_page_of_a_server_shows_the_same_figures(server):
    fill(server)
    with served(server) as address:
        with shown(address, upto=("gmv", "net")) as (_, view, panels, _):
            assert view["variables"]["currency"]["value"] == ["CNY"]
            assert panels["gmv"] == [{"gmv": "400.00", "buyers": 3}]
            assert panels["net"] == [{"net": "99.75", "refunds": "300.25"}]
        assert get(f"{address}/api/explain/o2")["amount"] == "200.00"


def test_an_unknown_order_or_panel_is_not_found_and_odd_ids_are_just_text(warehouse):
    insert(warehouse, "orders", [order("a/b?c='d'\t", 1, 49)])
    with served(warehouse) as address:
        assert get(f"{address}/api/explain/a%2Fb%3Fc%3D%27d%27%09")["amount"] == "0.01"
        assert refused(address, "api/explain/o9")[1]["value"] == "o9"
        status, said = refused(address, "api/csv/live/attic")
        assert (status, said["field"], said["value"]) == (404, "panel", "attic")


@pytest.mark.usefixtures("few")
def test_ten_pages_cost_one_question_per_panel(warehouse):
    watched, live = Watched(warehouse.reader()), BOARDS["live"]
    with served(warehouse, reader=watched, pause_s=1) as address, ExitStack() as open_pages:
        streams = [open_pages.enter_context(opened(f"{address}/api/stream?board=live")) for _ in range(10)]
        assert [board(stream)[1]["gmv"][0]["gmv"] for stream in streams] == ["400.00"] * 10
        once = of_panels(watched.asked)
        assert set(once.values()) == {1}
        choices = sum(1 for variable in live.variables if variable.query)
        assert len(once) == len(live.panels) + len(live.annotations) + choices
        with watched.counted() as asked:
            sale(warehouse, "o5", 10000, 50, host_id="d1", number=2)
            assert [sent(stream, "gmv", live.panels[-1].id)["gmv"] for stream in streams] == [[["500.00", 4]]] * 10
            await_true(lambda: len(of_panels(asked)) >= len(live.panels))
            assert set(of_panels(asked).values()) == {1}
        assert 2 <= watched.opened <= 1 + ABREAST, "one for each thread that has asked"


@pytest.mark.usefixtures("few")
def test_a_crowd_of_different_choices_is_refused_and_pages_of_the_same_choice_are_not(warehouse, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.MOST_ROOMS", 1)
    with served(warehouse) as address:
        with shown(address, upto=("gmv",)), shown(address, upto=("gmv",)):
            status, said = refused(address, "api/stream?board=live&seller=another")
            assert (status, said["value"]) == (503, "1 pages with different choices are open")
            assert said["remedy"] == "close some, or choose what another page shows"
        await_true(lambda: opens(address, "board=live&seller=another"))


@pytest.mark.usefixtures("few")
def test_a_crowd_that_comes_at_once_is_let_in_up_to_the_limit_and_the_others_are_sent_away(warehouse, monkeypatch):
    """Each was checked while there was room; nobody stays who is told nothing."""
    monkeypatch.setattr("dashboards.page.feed.MOST_ROOMS", 2)
    with served(warehouse) as address, ExitStack() as crowd, ThreadPoolExecutor(8) as at_once:
        asked = [f"{address}/api/stream?board=live&seller=s{number}" for number in range(8)]
        came = at_once.map(lambda url: (answered := tried(url)) and (answered, answered.readline()), asked)
        found = [one for one in came if one]
        for stream, _ in found:
            crowd.enter_context(closing(stream))
        assert sum(line.startswith(b"event: view") for _, line in found) == 2
        assert {line for _, line in found if not line.startswith(b"event: view")} <= {b""}


def tried(url):
    """A stream, or None where there is no room."""
    try:
        return opened(url)
    except OSError:
        return None


def opens(address, query):
    try:
        opened(f"{address}/api/stream?{query}").close()
    except OSError:
        return False
    return True


class Waiting(Watched):
    """A reader that lets one question wait until it is told to go on."""

    def __init__(self, reader, beginning):
        super().__init__(reader)
        self.beginning, self.go_on = beginning, threading.Event()

    def ask(self, text):
        if text.startswith(self.beginning):
            assert self.go_on.wait(2 * PATIENCE_S)
        return super().ask(text)


@pytest.mark.usefixtures("few")
def test_a_slow_panel_holds_up_no_other(warehouse):
    waiting = Waiting(warehouse.reader(), statement("live_products")[:40])
    with served(warehouse, reader=waiting) as address, opened(f"{address}/api/stream?board=live") as stream:
        others = {panel.id for panel in BOARDS["live"].panels} - {"products"}
        answered = set()
        for name, said in coming(stream):
            answered |= {said["id"]} if name == "panel" else set()
            if answered == others:
                break
        waiting.go_on.set()
        assert told(stream, "panel", "products")["id"] == "products"


def test_what_one_thread_is_making_the_others_wait_for_and_a_failure_is_not_kept():
    kept, made, begun, go_on = Kept(2), [], threading.Event(), threading.Event()

    def make():
        begun.set()
        assert go_on.wait(60)
        made.append(len(made))
        return made[-1]

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(kept.get, "gmv", 1, make) for _ in range(4)]
        assert begun.wait(60)
        go_on.set()
        assert [one.result() for one in asked] == [0] * 4
    assert kept.get("gmv", 2, make) == 1, "another stamp, another answer"
    with pytest.raises(ZeroDivisionError):
        kept.get("net", 1, lambda: 1 // 0)
    assert kept.get("net", 1, lambda: 7) == 7
    assert kept.get("items", 1, lambda: 8) == 8
    assert kept.get("gmv", 2, make) == 2, "the one not asked for longest has gone"


@pytest.mark.usefixtures("few")
def test_only_panels_that_changed_are_sent_again(warehouse):
    with served(warehouse) as address, shown(address) as (stream, *_):
        sale(warehouse, "o5", 10000, 50, host_id="d1", number=2)
        assert sent(stream, "gmv", "latest").keys() - {"data_age"} == {"gmv", "latest"}


@pytest.mark.usefixtures("few")
def test_a_file_asked_for_in_between_does_not_swallow_the_push(warehouse):
    with served(warehouse) as address, shown(address) as (stream, *_):
        sale(warehouse, "o5", 10000, 50, host_id="d1", number=2)
        with opened(f"{address}/api/csv/live/gmv"):
            pass
        assert told(stream, "panel", "gmv")["rows"] == [["500.00", 4]]


@pytest.mark.usefixtures("few")
def test_a_board_for_calm_reading_keeps_to_its_pace(warehouse, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 0.5)
    monkeypatch.setitem(BOARDS, "finance", replace(BOARDS["finance"], refresh_s=3600))
    with (
        served(warehouse) as address,
        shown(address, "board=finance") as (calm, *_),
        shown(address) as (live, *_),
    ):
        sale(warehouse, "o5", 10000, 50, host_id="d1", number=2)
        told(live, "panel", "gmv")
        events, until = set(), time.monotonic() + 2
        while time.monotonic() < until:
            events.add(heard(calm)[0])
        assert events == {"beat"}


@pytest.mark.usefixtures("few")
def test_a_page_that_is_open_before_anything_is_stored_does_not_wait_for_its_turn(tmp_path):
    with (
        closing(Embedded.open(tmp_path)) as empty,
        served(empty, pause_s=3600) as address,
        shown(address) as (stream, view, *_),
    ):
        assert view["clock"]["mode"] == "empty"
        batch(empty, 1)
        assert told(stream, "view")["clock"]["mode"] == "live"


@pytest.mark.usefixtures("few")
def test_the_failure_of_one_panel_is_its_own_and_heals(warehouse):
    watched = Watched(warehouse.reader())
    watched.failing["products_minute"] = WarehouseError(
        "query: Memory limit exceeded: In scope SELECT secret FROM t Remedy: ask for less."
    )
    with served(warehouse, reader=watched) as address, shown(address) as (stream, _, panels, _):
        assert panels["products"] == {"field": "products", "value": "Memory limit exceeded", "remedy": "ask for less"}
        assert panels["gmv"][0]["gmv"] == "400.00"
        assert refused(address, "api/csv/live/products") == (
            503,
            {"field": "warehouse", "value": "Memory limit exceeded", "remedy": "ask for less"},
        )
        watched.failing.clear()
        batch(warehouse, 2)
        assert told(stream, "panel", "products")["rows"]


def test_other_machines_are_not_served_without_a_password(tmp_path):
    for host in ("0.0.0.0", "::", "192.0.2.1", "boards.example"):  # noqa: S104  # what is refused
        assert not is_loopback(host)
    for arguments, settings in ((["--host", "::"], {}), ([], {"HOSTLEDGER_PAGE_HOST": "192.0.2.1"})):
        ran = run("page", "--data", str(tmp_path), *arguments, **settings)
        assert ran.returncode == 2
        assert "HOSTLEDGER_PAGE_PASSWORD" in ran.stderr


def test_ctrl_c_ends_open_streams_and_leaves_cleanly(tmp_path):
    with staged(tmp_path):
        pass
    command = [HOSTLEDGER, "page", "--data", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as page:
        killer = threading.Timer(2 * PATIENCE_S, page.kill)
        killer.start()
        try:
            address = page.stderr.readline().split()[5].rstrip("/")
            with opened(f"{address}/api/stream?board=live") as stream:
                assert board(stream, "gmv")[1]["gmv"][0]["gmv"] == "400.00"
                page.send_signal(signal.SIGINT)
                with suppress(IncompleteRead, ConnectionError):  # a busy one may end a stream without its last chunk
                    stream.read()
            assert (page.wait(timeout=PATIENCE_S), page.stderr.read()) == (0, "")
        finally:
            killer.cancel()
            page.kill()


@pytest.mark.usefixtures("warehouse")
def test_the_page_of_a_missing_or_busy_folder_is_refused(tmp_path):
    for folder, reason in ((tmp_path / "none", "--data"), (tmp_path, "another process holds it")):
        ran = run("page", "--data", str(folder), "--port", "0")
        assert ran.returncode == 2
        assert reason in " ".join(ran.stderr.split())
