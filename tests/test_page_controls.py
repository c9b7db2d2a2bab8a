"""Claims about what people press on the built-in page: links, filters, keys and panes."""

import re
from urllib.parse import parse_qsl, urlsplit

import test_page_browser as stage
from page_stage import at, refused
from playwright.sync_api import expect

from dashboards.boards import BOARDS

Tab = stage.Tab
browser, books, address = stage.browser, stage.books, stage.address
ACTIVE = "document.activeElement"
LINKED = "() => [...document.querySelectorAll('main tbody a')].map(link => link.search)"
SCROLLED_INSIDE = "Object.assign(document.querySelector('main').style, { overflow: 'auto', maxHeight: '450px' })"
"""A part of the page that scrolls by itself."""


def linked(tab, count=1):
    """Wait for links in the rows of tables, and say what each asks for."""
    tab.settled()
    tab.page.wait_for_function(f"({LINKED})().length >= {count}")
    return [parse_qsl(search.lstrip("?")) for search in tab.page.evaluate(LINKED)]


def test_links_and_times_in_rows_follow_the_range_and_the_filters(address, browser):
    with Tab(browser, address, "/live?currency=CNY&from=now-1h") as tab:
        wall = tab.page.locator("#panel-latest time").first
        expect(wall).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
        tab.page.locator("#filters select[name=model]").select_option("on_air")
        tab.page.get_by_role("radio", name="Last 90 days").check(force=True)
        expect(wall).to_have_text(re.compile(r"^\d Aug 2026 \d\d:\d\d$"))
        found = linked(tab)
        assert [link for link in found if not {("from", "now-90d"), ("model", "on_air")} <= set(link)] == []
        assert all(("currency", "CNY") in link for link in found)


def test_focus_goes_on_where_a_pressed_button_goes_away(address, browser):
    with Tab(browser, address, "/hosts?host=d1&currency=CNY") as tab:
        pick = tab.page.locator("#filters button[name=host]")
        pick.press("Enter")
        pane = tab.page.locator("[popover]:popover-open")
        pane.get_by_role("button", name="All").press("Enter")
        expect(pane.get_by_role("button", name="All")).to_be_disabled()
        expect(pane.locator("input:visible").first).to_be_focused()
        tab.page.keyboard.press("Escape")
        expect(pick).to_be_focused()
        tab.page.get_by_role("button", name="Clear all").press("Enter")
        expect(tab.page.get_by_role("button", name="Clear all")).to_be_hidden()
        expect(tab.page.locator("#filters").locator("button, select").first).to_be_focused()
        assert tab.asked() == []


def test_single_keys_rest_while_a_pane_is_open_and_can_be_turned_off(address, browser):
    with Tab(browser, address, "/hosts?currency=CNY") as tab:
        tab.page.locator("#filters button[name=kind]").press("Enter")
        box = tab.page.locator("[popover]:popover-open input:visible").first
        expect(box).to_be_focused()
        tab.page.keyboard.press("3")
        tab.page.keyboard.press("Escape")
        expect(tab.page.locator("[popover]:popover-open")).to_have_count(0)
        assert urlsplit(tab.page.url).path == "/hosts"
        tab.page.get_by_role("button", name="Keys").press("Enter")
        tab.page.get_by_role("checkbox", name="Single keys").press("Space")
        stage.assert_accessible(tab.page)
        tab.page.keyboard.press("Escape")
        for page in (tab.page, tab.context.new_page()):
            page.goto(f"{address}/hosts?currency=CNY")
            expect(page.locator("#boards a").first).to_be_visible()
            page.keyboard.press("3")
            page.keyboard.press("?")
            assert urlsplit(page.url).path == "/hosts"
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.locator("[aria-keyshortcuts]")).to_have_count(0)
        tab.page.get_by_role("button", name="Keys").press("Enter")
        tab.page.get_by_role("checkbox", name="Single keys").press("Space")
        tab.page.keyboard.press("Escape")
        tab.page.keyboard.press("3")
        tab.shown("finance")


def beside(tab, name, pane):
    """Wait until a pane that is open touches its button, but for a small gap."""
    tab.page.wait_for_function(
        """([name, pane]) => {
          const [button, open] = [name, pane].map(one => document.querySelector(one).getBoundingClientRect());
          const gap = Math.max(open.top - button.bottom, button.top - open.bottom);
          return open.height > 0 && gap >= 0 && gap < 10 && open.left <= button.right && open.right >= button.left;
        }""",
        arg=[name, pane],
    )


def test_a_pane_stays_with_its_button_and_closes_where_that_goes_out_of_sight(address, browser):
    with Tab(browser, address, "/live?currency=CNY", height=700) as tab:
        button, pane = "#panel-rates .help", "#panel-rates [role=note]"
        tab.page.locator(button).click()
        beside(tab, button, pane)
        tab.page.evaluate("scrollBy(0, 150)")
        beside(tab, button, pane)
        tab.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(tab.page.locator(pane)).to_be_hidden()
        tab.page.evaluate(SCROLLED_INSIDE)
        tab.page.locator(button).click()
        beside(tab, button, pane)
        tab.page.evaluate("document.querySelector('main').scrollTop -= 60")
        beside(tab, button, pane)
        tab.page.evaluate("document.querySelector('main').scrollTop = 9000")
        expect(tab.page.locator(pane)).to_be_hidden()
        pick, pane = "#filters button[name=host]", "#filters [popover]:popover-open"
        tab.page.locator(pick).click()
        beside(tab, pick, pane)
        tab.page.set_viewport_size({"width": 600, "height": 700})
        beside(tab, pick, pane)
        assert tab.complaints == []


def test_a_wall_says_its_range_and_its_filters(address, browser):
    with Tab(browser, address, "/live?host=d1&model=last&from=now-6h&screen=1", width=1920, height=1080) as tab:
        said = tab.page.locator("header").get_by_text("Last 6 hours")
        expect(said).to_be_visible()
        line = tab.page.locator("#said")
        assert line.locator("> span").all_inner_texts() == ["Last 6 hours", "Host 李佳 AI", "Model Last touch"]
        expect(line.locator("[lang=zh-Hans]")).to_have_text("李佳 AI")
        assert float(line.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")) >= 18
        tab.measures(1920, 1080)
        stage.assert_accessible(tab.page)
        tab.page.goto(f"{address}/live?currency=CNY&host=d1&from={at(5)}&to={at(15)}&screen=1")
        expect(line.locator("> span").first).to_have_text(f"3 Aug 19:05 {stage.NONE} 3 Aug 19:15")
        tab.page.goto(f"{address}/live?from=now-6h&screen=1")
        tab.settled()
        expect(line).to_have_text("Last 6 hours")
        tab.page.goto(f"{address}/live?from=now-6h")
        tab.settled()
        expect(line).to_be_hidden()


def test_an_address_that_leads_nowhere_names_those_that_lead_on(address):
    for path in ("nonsense", "live/nonsense", "static/nonsense.js", "api/nonsense"):
        remedy = f"use one of {', '.join(f'/{name}' for name in BOARDS)}"
        assert refused(address, path) == (404, {"field": "path", "value": f"/{path}", "remedy": remedy})
