"""Claims about what the built-in page shows between a choice and its answer, and while nobody answers."""

import re
import threading

import pytest
import test_page_browser as stage
from page_stage import NOW, Watched, few_panels, served, staged
from playwright.sync_api import expect
from ports import free_port

from analytics.warehouse import WarehouseError
from dashboards.boards import BOARDS
from dashboards.page.app import make_app
from dashboards.page.server import background

browser = stage.browser
Tab = stage.Tab
SOON_S = 25


class Held(Watched):
    """A reader that may be made to wait before it answers what has a mark."""

    def __init__(self, reader):
        super().__init__(reader)
        self.mark, self.free = "nothing is held", threading.Event()

    def _count(self, what):
        super()._count(what)
        if self.mark in what:
            self.free.wait(stage.PATIENT_MS / 1000)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    with staged(tmp_path_factory.mktemp("books")) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def address(books):
    with served(books) as address:
        yield address


def test_a_figure_never_stands_under_a_choice_that_it_does_not_answer(books, browser):
    held = Held(books.reader())
    with few_panels(), served(books, reader=held) as address, Tab(browser, address, "/live?currency=CNY") as tab:
        gmv, online = (tab.page.locator(f"#panel-{name}") for name in ("gmv", "online"))
        expect(gmv.get_by_role("heading")).to_have_text("GMV CNY", use_inner_text=True)
        held.mark = "'JPY'"
        tab.page.get_by_label("Currency").select_option("JPY")
        expect(online).not_to_have_attribute("aria-busy", "true")
        for key in ("", "t", "f", "Escape"):
            if key:
                tab.page.keyboard.press(key)
            tab.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            expect(gmv).to_have_attribute("aria-busy", "true")
            expect(gmv).to_have_class(re.compile("waiting"))
            expect(gmv.get_by_role("heading")).to_have_text("GMV CNY", use_inner_text=True)
            expect(tab.figure("gmv")).to_have_text("400.00")
        held.free.set()
        expect(tab.figure("gmv")).to_have_text("1,234")
        expect(gmv.get_by_role("heading")).to_have_text("GMV JPY", use_inner_text=True)
        tab.settled()
        tab.page.evaluate("history.go(-3)")
        expect(tab.figure("gmv")).to_have_text("400.00")
        expect(gmv.get_by_role("heading")).to_have_text("GMV CNY", use_inner_text=True)
        assert tab.complaints == []


def test_news_leaves_the_focus_where_it_is(books, address, browser, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.PROMPT_S", 60)
    places = (
        ("live", "#boards a[href^='/hosts']", "#panel-gmv"),
        ("live", "#panel-line_ups .lanes a", "#panel-gmv"),
        ("hosts", "#panel-ranking .hbars a", "#panel-scorecard"),
    )
    for number, (board, link, figures) in enumerate(places, start=2):
        with Tab(browser, address, f"/{board}?currency=USD") as tab:
            focused = tab.page.locator(link).first
            focused.focus()
            stage.dollars(books, f"o{number + 5}", 10000, number=number)
            expect(tab.page.locator(figures)).to_contain_text(f"{number - 1}00.00")
            tab.page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            expect(focused).to_be_focused()
            assert tab.complaints == []


def test_while_the_engine_is_away_each_panel_says_so_and_is_asked_again_soon(books, browser):
    watched = Watched(books.reader())
    watched.failing[""] = WarehouseError("it cannot be reached Remedy: start it.")
    with served(books, reader=watched) as address, Tab(browser, address, "/finance?currency=CNY") as tab:
        failed = tab.page.locator("main .failed")
        for key, board in (("3", "finance"), ("2", "hosts")):
            tab.page.keyboard.press(key)
            tab.shown(board)
            expect(failed).to_have_count(len(BOARDS[board].panels))
            said = set(failed.locator(".fault-note").all_inner_texts())
            assert said == {"No answer\n\nit cannot be reached\n\nstart it"}
        assert BOARDS["hosts"].refresh_s > 2 * SOON_S
        watched.failing.clear()
        expect(failed).to_have_count(0, timeout=SOON_S * 1000)
        assert {stage.name_of(row["Host"]) for row in tab.table("scorecard")} >= {"李佳", "李佳 AI"}


def test_a_server_that_accepts_and_never_answers_is_lost_after_twenty_seconds(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        tab.page.route("**/api/stream?*", lambda _: None)
        with tab.page.expect_request("**/api/stream?*"):
            tab.page.get_by_role("radio", name="Last 15 minutes").check(force=True)
        tab.page.evaluate("let now = performance.now.bind(performance); performance.now = () => now() + 20_000")
        with tab.page.expect_request("**/api/stream?*"):
            pass
        expect(tab.page.locator("#state")).to_have_text("Reconnecting")


def test_figures_of_a_server_that_is_gone_say_that_they_are_old(books, browser):
    port = free_port()
    with background(make_app(books.reader, lambda: NOW, pause_s=0.2), port) as address:
        tab = Tab(browser, address.rstrip("/"), "/live?currency=CNY")
        assert tab.page.locator(".unheard").count() == 0
    with tab:
        expect(tab.page.locator("#state")).to_have_text("Reconnecting")
        assert re.fullmatch(r"\d+ s old", tab.text("#age"))
        age = tab.page.get_by_role("group", name="Data age (not live)")
        assert age.locator(".content").first.evaluate("node => getComputedStyle(node).filter") == "grayscale(1)"
        assert tab.page.locator(".unheard").count() == len(BOARDS["live"].panels)
        with background(make_app(books.reader, lambda: NOW, pause_s=0.2), port):
            expect(tab.page.locator("#state")).to_have_text("Live")
            expect(tab.page.locator(".unheard")).to_have_count(0)
            expect(tab.page.get_by_role("group", name="Data age", exact=True)).to_be_visible()
