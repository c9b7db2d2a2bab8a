"""Claims about the built-in page as people see it: a real headless Chromium against a real server."""

import csv
import os
import re
import shutil
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from page_stage import NOW, at, batch, credit, fill, insert, order, served
from playwright.sync_api import expect, sync_playwright
from ports import free_port

from analytics.warehouse.embedded import Embedded
from dashboards.boards import BOARDS
from dashboards.page.app import make_app
from dashboards.page.server import background
from hostledger.keyfile import tokens_of
from streams.collector import keys

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
HOSTILE = "<img src=x onerror=document.title='owned'>"
LATIN_AND_ARABIC = "\u0645\u062a\u062c\u0631 Live"
NONE = "\N{EN DASH}"
SENTENCE = "the hosts of the session whose shift ended last, forty-five seconds before the order was paid"
PATIENT_MS = 120_000


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("HOSTLEDGER_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "no Chromium found; install one (apt-get install chromium) or name it in HOSTLEDGER_CHROMIUM"
        if "browser" in os.environ.get("HOSTLEDGER_REQUIRE", ""):
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=PATIENT_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS.split(), timeout=PATIENT_MS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The stage, with a stranger whose names are an attack, and who sells in a currency of his own."""
    with closing(Embedded.open(tmp_path_factory.mktemp("books"))) as warehouse:
        fill(warehouse)
        blank = dict.fromkeys(("session_id", "host_id", "name", "kind", "likeness_of", "platform", "title")) | {
            "batch": 2
        }
        host = {"event_id": "x1", "type": "host_registered", "occurred_at": at(-10), "host_id": "x", "kind": "human"}
        room = {
            "event_id": "x2",
            "type": "session_started",
            "occurred_at": at(-1),
            "session_id": "s3",
            "platform": "shop",
        }
        insert(
            warehouse, "roster_events", [blank | host | {"name": HOSTILE}, blank | room | {"title": LATIN_AND_ARABIC}]
        )
        shift = {"session_id": "s3", "host_id": "x", "started_at": at(0), "ended_at": None, "deleted": 0, "batch": 2}
        insert(warehouse, "shifts", [shift])
        insert(warehouse, "orders", [order("o9", 1_234_567_890_125, 20, "KWD", session_id="s3")])
        line = credit("o9", "on_air", "x", 1_234_567_890_125, 20, currency="KWD", session_id="s3", basis=SENTENCE)
        insert(warehouse, "ledger", [line])
        dollars(warehouse, "o8", 10000, number=2)
        yield warehouse


@pytest.fixture(scope="module")
def address(books):
    with served(books) as address:
        yield address


class Tab:
    """A page that remembers what it complained about and whom it called."""

    def __init__(self, browser, address, path="/live", *, width=1280, height=900, **more):
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="light",
            reduced_motion="reduce",  # what fades in is hard to read for a moment, and axe may come at that moment
            timezone_id="Asia/Shanghai",
            **more,
        )
        self.context.set_default_timeout(PATIENT_MS)
        self.address, self.page = address, self.context.new_page()
        self.complaints, self.called = [], set()
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.called.add(request.url))
        self.page.goto(f"{address}{path}")
        self.settled()

    def settled(self):
        """Wait until every panel has its figures."""
        expect(self.page.locator("main > *").first).to_be_attached(timeout=PATIENT_MS)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        return self

    def shown(self, board):
        """Wait until a board is there, with its figures."""
        expect(self.page.locator("#title")).to_have_text(BOARDS[board].title)
        return self.settled()

    def measures(self, width, height=None):
        """Wait until nothing is wider, or higher, than that; a chart takes its new size when it is drawn next."""
        seen = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        wanted = f"{seen}[0] === {width}" + (f" && {seen}[1] === {height}" if height else "")
        self.page.wait_for_function(wanted)

    def figure(self, panel, at=0):
        return self.page.locator(f"#panel-{panel} .big").nth(at)

    def text(self, selector):
        return plain(self.page.locator(selector).inner_text())

    def table(self, panel):
        """Cells of a table by the titles of its columns, as people read them."""
        heads = self.page.locator(f"#panel-{panel} thead th").all_inner_texts()
        titles = [head.strip(" ↑↓\n") for head in heads]
        rows = self.page.locator(f"#panel-{panel} tbody tr").all()
        cells = [[plain(cell.text_content()) for cell in row.locator("th, td").all()] for row in rows]
        return [dict(zip(titles, row, strict=True)) for row in cells]

    def asked(self):
        """What the address of the page asks for."""
        return parse_qsl(urlsplit(self.page.url).query)

    def choose(self, name, *labels):
        """Choose values of a filter in its list, and close it."""
        self.page.locator(f"#filters button[name={name}]").click()
        for label in labels:
            self.page.locator("[popover]:popover-open").get_by_label(label, exact=True).check()
        self.page.keyboard.press("Escape")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def plain(text):
    return text.strip().replace("\u2212", "-").replace("\u2009", " ")


def name_of(cell):
    """The name in a cell of a host, without the kind that is only said."""
    return cell.split(", ")[0]


def asked(warehouse, text):
    """Ask the base tables, not the rollups that the page reads."""
    return [line.split("\t") for line in warehouse.sql(text, "TabSeparated").splitlines()]


def dollars(warehouse, order_id, amount, *, number):
    """Store an order in a currency that the other claims do not look at, with its credit, and its batch."""
    insert(warehouse, "orders", [order(order_id, amount, 50, "USD")])
    insert(warehouse, "ledger", [credit(order_id, "on_air", "d1", amount, 50, currency="USD", batch=number)])
    batch(warehouse, number, events=1)


def yuan(minor):
    return f"{int(minor) / 100:,.2f}"


SOUGHT_IN_VAIN = """async many => {
  const { makeFilters } = await import("/static/filters.js");
  const place = document.body.appendChild(document.createElement("div"));
  const options = Array.from({ length: many }, (_, at) => ({ value: `s${at}`, text: `Room ${at}` }));
  const filters = makeFilters(place, () => {}, () => {});
  filters.board([{ name: "session", title: "Session", multi: true }]);
  filters.set({ session: { value: [], options } }, new Map());
  place.querySelector("button").click();
  const search = place.querySelector("input[type=search]");
  search.value = "room 1499";
  search.dispatchEvent(new Event("input"));
  return place.querySelector("[role=status]").textContent;
}"""
"""What a list of so many sessions says of one that is not in it."""
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
DRAWN_INSIDE = """selector => {
  const chart = echarts.getInstanceByDom(document.querySelector(selector));
  const points = (chart?.getOption().series ?? []).filter(one => one.type === "bar").flatMap(one => one.data);
  return points.map(point => chart.containPixel("grid", chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, point)));
}"""
"""Of each figure of a chart, whether it is drawn within it."""
FILLED = """selector => {
  const chart = echarts.getInstanceByDom(document.querySelector(selector));
  return (chart?.getOption().series ?? []).map(one => one.itemStyle?.color);
}"""
HIDE, SHOW = (
    f"Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {away} }}), "
    "document.dispatchEvent(new Event('visibilitychange'))"
    for away in ("true", "false")
)
"""What happens to a tab when another one is looked at; a browser without a screen never does it by itself."""


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_keeps_to_itself_fits_a_telephone_and_can_be_used_by_everybody(address, browser, board):
    with Tab(browser, address, f"/{board}") as tab:
        assert tab.page.title().startswith(f"{BOARDS[board].title} ")
        expect(tab.page.get_by_role("heading", level=1)).to_have_text(BOARDS[board].title)
        expect(tab.page.locator("#question")).to_have_text(BOARDS[board].question)
        assert tab.page.locator("main .failed").count() == 0
        assert tab.page.locator("main h2").count() == len(BOARDS[board].panels)
        tab.measures(1280)
        assert_accessible(tab.page)
        light = tab.page.evaluate(BACKGROUND)
        tab.page.emulate_media(color_scheme="dark")
        assert tab.page.evaluate(BACKGROUND) != light
        assert_accessible(tab.page)
        assert tab.complaints == []
        assert all(url.startswith(address) for url in tab.called)
        tab.page.set_viewport_size({"width": 390, "height": 844})
        tab.measures(390)


def assert_accessible(page):
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run({runOnly: rules, rules: {'landmark-unique': {enabled: true}}})", RULES)
    broken = [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found["violations"]]
    assert broken == []
    assert len(found["passes"]) > 15


def test_the_figures_of_live_are_those_of_the_books(books, address, browser):
    ((gmv, orders, items),) = asked(
        books, "SELECT sum(amount_minor), count(), sum(items) FROM orders WHERE currency = 'CNY'"
    )
    ((refunds,),) = asked(books, "SELECT sum(amount_minor) FROM refunds WHERE currency = 'CNY'")
    ((online,),) = asked(books, "SELECT sum(change) FROM presence")
    with Tab(browser, address) as tab:
        expect(tab.figure("gmv")).to_have_text(yuan(gmv))
        expect(tab.figure("net")).to_have_text(yuan(int(gmv) - int(refunds)))
        assert [tab.figure(name).inner_text() for name in ("orders", "items", "online")] == [orders, items, online]
        assert [tab.figure(name).inner_text() for name in ("digital_share", "unattributed_share")] == [
            "50.0 %",
            "24.9 %",
        ]
        expect(tab.page.locator("#panel-unattributed_share .tag")).to_have_text("▲act")
        booked = asked(
            books,
            "SELECT host_id, sum(amount_minor), sumIf(amount_minor, refund_id IS NULL) FROM ledger "
            "WHERE model = 'on_air' AND currency = 'CNY' AND host_id IN ('h1', 'd1') GROUP BY host_id",
        )
        seen = {name_of(row["Host"]): (row["Net"], row["Gross"]) for row in tab.table("hosts")}
        called = {"h1": "李佳", "d1": "李佳 AI"}
        assert {called[host]: (yuan(net), yuan(gross)) for host, net, gross in booked}.items() <= seen.items()


def test_the_figures_of_finance_and_hosts_are_those_of_the_books(books, address, browser):
    ((paid,),) = asked(books, "SELECT sum(amount_minor) FROM orders WHERE currency = 'CNY'")
    with Tab(browser, address, "/finance?currency=CNY") as tab:
        expect(tab.figure("totals")).to_have_text(yuan(paid))
        closes = [row for row in tab.table("conservation") if row["Model"] == "On air at the order"]
        assert {row["Currency"]: row["Paid orders"] for row in closes}["KWD"] == "1,234,567,890.125"
        assert {row["Off in all"] for row in closes} == {"✓right"}
        tab.page.keyboard.press("2")
        tab.shown("hosts")
        ((net, gmv),) = asked(
            books,
            "SELECT sum(amount_minor), sumIf(amount_minor, refund_id IS NULL) FROM ledger "
            "WHERE host_id = 'h1' AND model = 'on_air' AND currency = 'CNY'",
        )
        scored = {name_of(row["Host"]): row for row in tab.table("scorecard")}
        assert (scored["李佳"]["GMV"], scored["李佳"]["Net"]) == (yuan(gmv), yuan(net))
        assert tab.complaints == []


def test_names_of_any_script_and_long_amounts_are_shown_whole_and_never_as_markup(address, browser):
    with Tab(browser, address, "/live?currency=KWD") as tab:
        expect(tab.figure("gmv")).to_have_text("1,234,567,890.125")
        assert tab.figure("gmv").evaluate("node => node.scrollWidth <= node.clientWidth")
        on_air = tab.page.locator("#panel-on_air")
        expect(on_air.get_by_text("秋冬晚场")).to_have_attribute("lang", "zh-Hans")
        expect(on_air.get_by_text("김서연 라이브")).to_have_attribute("lang", "ko")
        expect(on_air.get_by_text(LATIN_AND_ARABIC)).to_have_attribute("dir", "auto")
        expect(on_air.get_by_text(HOSTILE)).to_have_text(HOSTILE)
        expect(tab.page.locator("#panel-line_ups .block-text", has_text="李佳 AI")).to_be_visible()
        tab.page.locator("#panel-latest").get_by_role("button", name="o9", exact=True).click()
        told = tab.page.locator("#explain-body")
        expect(told.locator("td .chip")).to_have_text(f"{HOSTILE}, human")
        assert told.evaluate("node => node.scrollWidth <= node.clientWidth"), "no name pushes an amount out of sight"
        assert tab.page.locator("main img").count() == 0
        assert tab.page.title() == "Live · hostledger"
        assert tab.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_sentence_in_a_table_goes_on_in_the_next_line_and_is_shown_whole(address, browser, width):
    with Tab(browser, address, "/live?currency=KWD", width=width) as tab:
        said = tab.page.locator("#panel-latest tbody").get_by_text(SENTENCE)
        assert said.evaluate("node => node.scrollWidth <= node.clientWidth"), "nothing of it is cut off"
        assert said.evaluate("node => node.clientHeight > 30 && node.clientHeight < 120"), "some lines, not one a word"
        table = tab.page.locator("#panel-latest .scroll")
        assert table.evaluate("node => node.scrollWidth <= node.clientWidth") == (width == 1280)


def test_filters_and_range_change_the_figures_and_the_address(address, browser):
    with Tab(browser, address) as tab:
        tab.page.get_by_label("Model").select_option("linear")
        expect(tab.page.locator("#panel-hosts tbody tr", has_text="李佳 AI")).to_contain_text("100.00")
        tab.choose("host", "李佳")
        expect(tab.figure("gmv")).to_have_text("100.00")
        assert tab.asked() == [("model", "linear"), ("host", "h1")]
        tab.page.get_by_role("link", name="Hosts", exact=True).click()
        tab.shown("hosts")
        assert urlsplit(tab.page.url).path == "/hosts"
        assert tab.asked() == [("model", "linear"), ("host", "h1")]
        tab.page.go_back()
        expect(tab.figure("gmv")).to_have_text("100.00")
        tab.page.get_by_role("button", name="Clear all").click()
        expect(tab.figure("gmv")).to_have_text("400.00")
        assert tab.asked() == []
        tab.page.get_by_role("radio", name="Last 15 minutes").check(force=True)
        expect(tab.figure("gmv")).to_have_text("299.50")
        assert tab.asked() == [("from", "now-15m")]
        tab.page.locator("#absolute").click()
        tab.page.get_by_label("From", exact=True).fill("2026-08-03T19:05")
        tab.page.get_by_label("To (not included)").fill("2026-08-03T19:15")
        tab.page.get_by_role("button", name="Show", exact=True).click()
        expect(tab.figure("gmv")).to_have_text("100.50")
        assert tab.asked() == [("from", str(at(5))), ("to", str(at(15)))]
        tab.page.reload()
        tab.settled()
        expect(tab.figure("gmv")).to_have_text("100.50")
        assert tab.complaints == []


def test_a_wrong_parameter_in_the_address_is_dropped_and_named(address, browser):
    with Tab(browser, address, "/live?model=astrology&from=now-15m") as tab:
        expect(tab.figure("gmv")).to_have_text("299.50")
        expect(tab.page.locator("#notice")).to_contain_text("model = astrology was left out: use one of declared")
        assert tab.asked() == [("from", "now-15m")]
        assert tab.page.evaluate(SOUGHT_IN_VAIN, 499) == "Nothing is called so."
        cut = "Not among the 500 that are listed: choose a shorter range."
        assert tab.page.evaluate(SOUGHT_IN_VAIN, 500) == cut, "there may be such a one"


def test_a_name_leads_to_its_board_with_what_is_chosen(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        tab.page.locator("#panel-hosts").get_by_role("link", name="李佳 AI").click()
        tab.shown("hosts")
        assert tab.asked() == [("currency", "CNY"), ("host", "d1")]
        assert {name_of(row["Host"]) for row in tab.table("scorecard")} == {"李佳 AI"}


def test_a_table_is_sorted_from_the_keyboard_and_accounts_stay_below(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        column = tab.page.locator("#panel-hosts th", has_text="Gross")
        column.get_by_role("button").focus()
        tab.page.keyboard.press("Enter")
        expect(column).to_have_attribute("aria-sort", "descending")
        rows = tab.table("hosts")
        hosts = [float(row["Gross"]) for row in rows if row["Kind"] in ("Human", "Digital")]
        assert hosts == sorted(hosts, reverse=True)
        assert len(hosts) >= 2
        assert rows[-1]["Kind"] in ("Unattributed", "Beyond the order")
        tab.page.keyboard.press("Enter")
        expect(column).to_have_attribute("aria-sort", "ascending")
        assert [float(row["Gross"]) for row in tab.table("hosts") if row["Kind"] in ("Human", "Digital")] == hosts[::-1]
        assert tab.table("hosts")[-1]["Kind"] == rows[-1]["Kind"]


def test_an_order_is_explained_from_the_keyboard(address, browser):
    with Tab(browser, address) as tab:
        chosen = tab.page.locator("#panel-latest").get_by_role("button", name="o2", exact=True)
        chosen.focus()
        tab.page.keyboard.press("Enter")
        panel = tab.page.get_by_role("dialog", name="o2")
        expect(panel.locator(".path li")).to_have_count(2)
        expect(panel.locator(".path li").first).to_contain_text("李佳")
        linear = panel.locator("tr", has_text="Linear")
        expect(linear).to_contain_text("every step of the path equally")
        assert linear.locator("td.num").first.inner_text().split("\n") == ["50 %", "50 %"]
        expect(panel.locator("tr[aria-current=true] th")).to_contain_text("On air at the order")
        assert_accessible(tab.page)
        tab.page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(chosen).to_be_focused()
        assert tab.complaints == []


def test_an_explanation_has_an_address_and_is_never_that_of_another_order(address, browser):
    with Tab(browser, address, "/live?currency=CNY&order=o2") as tab:
        second = tab.page.get_by_role("dialog", name="o2")
        expect(second.locator(".path li")).to_have_count(2)
        expect(second.locator("tr[aria-current=true] th")).to_contain_text("On air at the order")
        tab.page.keyboard.press("Escape")
        expect(second).to_be_hidden()
        assert tab.asked() == [("currency", "CNY")]
        held = {}
        tab.page.route("**/api/explain/o1", lambda route: held.update(first=route))
        latest = tab.page.locator("#panel-latest")
        latest.get_by_role("button", name="o1", exact=True).click()
        assert ("order", "o1") in tab.asked()
        tab.page.go_back()
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        latest.get_by_role("button", name="o2", exact=True).click()
        expect(second.locator(".path li")).to_have_count(2)
        with tab.page.expect_response("**/api/explain/o1"):
            held["first"].continue_()
        expect(second.locator(".facts")).to_contain_text("200.00 CNY")
        assert tab.complaints == []


def test_an_explanation_that_cannot_be_had_does_not_deny_the_order(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        said = {"field": "warehouse", "value": "it cannot be reached", "remedy": "wait"}
        tab.page.route("**/api/explain/*", lambda route: route.fulfill(status=503, json=said))
        tab.page.locator("#panel-latest").get_by_role("button", name="o2", exact=True).click()
        expect(tab.page.locator("#explain-body")).to_have_text("No answer: it cannot be reached. Remedy: wait.")


def test_a_panel_as_csv_says_what_its_table_says(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        with tab.page.expect_download() as coming:
            tab.page.get_by_role("link", name="CSV of Hosts").click()
        lines = list(csv.DictReader(coming.value.path().read_text(encoding="utf-8-sig").splitlines()))
        shown = [(name_of(row["Kind"]), row["Net"].replace(",", ""), row["Orders"]) for row in tab.table("hosts")]
        kinds = {"excess_refund": "Beyond the order"}
        said = [(kinds.get(r["Kind"], r["Kind"].title()), r["Net (CNY)"], r["Orders"]) for r in lines]
        assert said == [(kind, net.replace(NONE, ""), number.replace(NONE, "")) for kind, net, number in shown]
        assert len(said) >= 3


def test_a_chart_can_be_read_as_a_sentence_and_as_a_table_and_says_what_it_means(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        revenue = tab.page.locator("#panel-revenue")
        expect(revenue.get_by_role("img")).to_have_attribute(
            "aria-label", re.compile(r"Sums: Human 100\.50, Digital 200\.00")
        )
        legend = revenue.get_by_role("button", name="Human")
        legend.click()
        expect(revenue.get_by_role("button", name="Human")).to_have_attribute("aria-pressed", "false")
        revenue.get_by_role("button", name="as table").click()
        assert {row["Kind"]: row["GMV"] for row in tab.table("revenue")}["Digital"] == "200.00"
        expect(revenue.get_by_role("img")).to_be_hidden()
        help_button = revenue.get_by_role("button", name="What GMV by kind of host means")
        help_button.focus()
        tab.page.keyboard.press("Enter")
        expect(revenue.get_by_role("note")).to_be_visible()
        tab.page.keyboard.press("Escape")
        expect(revenue.get_by_role("note")).to_be_hidden()
        expect(help_button).to_be_focused()
        assert tab.complaints == []


def test_figures_of_a_day_are_drawn_also_where_the_range_is_a_part_of_it(address, browser):
    with Tab(browser, address, "/finance?currency=CNY&from=now-15m") as tab:
        tab.page.wait_for_function(f"() => ({DRAWN_INSIDE})('#panel-revenue .chart').length > 0")
        assert set(tab.page.evaluate(DRAWN_INSIDE, "#panel-revenue .chart")) == {True}


def test_where_the_system_chooses_the_colours_those_of_the_kinds_of_hosts_stay(address, browser):
    with Tab(browser, address, "/live?currency=CNY", forced_colors="active") as tab:
        painted = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
        assert tab.page.evaluate(painted, "#panel-line_ups .block.human") == "rgb(0, 114, 178)"
        assert tab.page.evaluate(painted, "#panel-hosts .bar.digital") == "rgb(230, 159, 0)"
        rest, chosen = (f".segments input{state} + span" for state in (":not(:checked)", ":checked"))
        assert tab.page.evaluate(painted, chosen) != tab.page.evaluate(painted, rest)
        tab.page.wait_for_function(f"() => ({FILLED})('#panel-revenue .chart').includes('rgb(0, 114, 178)')")


def test_keys_switch_boards_and_theme_and_are_listed(address, browser):
    with Tab(browser, address, "/live?currency=CNY") as tab:
        before = tab.page.evaluate(BACKGROUND)
        tab.page.keyboard.press("t")
        assert tab.page.evaluate(BACKGROUND) != before
        tab.page.keyboard.press("/")
        expect(tab.page.locator("#filters button").first).to_be_focused()
        tab.page.keyboard.press("?")
        expect(tab.page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert tab.page.locator("#numbers kbd").all_inner_texts() == [str(at + 1) for at in range(len(BOARDS))]
        tab.page.keyboard.press("Escape")
        tab.page.keyboard.press("3")
        tab.shown("finance")
        assert urlsplit(tab.page.url).path == "/finance"
        assert tab.asked() == [("currency", "CNY")]
        expect(tab.figure("totals")).to_have_text("400.00")
        tab.page.reload()
        tab.settled()
        assert tab.page.evaluate(BACKGROUND) != before


def test_the_wall_shows_the_main_panels_without_scrolling(address, browser):
    with Tab(browser, address, "/live", width=1920, height=1080) as tab:
        tab.page.keyboard.press("f")
        expect(tab.page.locator("body")).to_have_class("screen")
        assert ("screen", "1") in tab.asked()
        expect(tab.page.locator("#filters")).to_be_hidden()
        expect(tab.page.locator("#wall")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
        tab.measures(1920, 1080)
        shown = [tab.page.locator(f"#panel-{name}").bounding_box() for name in ("gmv", "revenue", "line_ups")]
        assert all(below["y"] + below["height"] <= 1080 for below in shown)
        assert all(above["y"] + above["height"] < below["y"] for above, below in pairwise(shown))
        assert float(tab.figure("orders").evaluate("node => parseFloat(getComputedStyle(node).fontSize)")) > 30
        tab.page.keyboard.press("Escape")
        expect(tab.page.locator("#filters")).to_be_visible()
        assert tab.complaints == []


def test_the_figures_change_when_rows_arrive_and_the_page_comes_back_after_the_server(books, browser):
    port = free_port()
    with background(make_app(books.reader, lambda: NOW, pause_s=0.2), port) as address:
        tab = Tab(browser, address.rstrip("/"), "/live?currency=USD")
        expect(tab.page.locator("#state")).to_have_text("Live")
        expect(tab.figure("gmv")).to_have_text("100.00")
        row = tab.page.locator("#panel-latest").get_by_role("button", name="o8")
        row.focus()
        dollars(books, "o5", 12345, number=3)
        expect(tab.figure("gmv")).to_have_text("223.45")
        expect(tab.page.locator("#panel-latest tbody")).to_contain_text("o5")
        expect(row).to_be_focused()
        assert tab.complaints == []
    with tab:
        expect(tab.page.locator("#state")).to_have_text("Reconnecting")
        expect(tab.figure("gmv")).to_have_text("223.45")
        dollars(books, "o6", 55, number=4)
        again = make_app(books.reader, lambda: NOW, pause_s=0.2)
        with background(again, port):
            expect(tab.figure("gmv")).to_have_text("224.00")
            expect(tab.page.locator("#state")).to_have_text("Live")


def test_the_page_says_whether_it_is_live_and_where_there_is_nothing(books, browser):
    now = [at(80)]
    with served(books, now_ms=lambda: now[0]) as address, Tab(browser, address, "/live?seller=nobody") as tab:
        expect(tab.page.locator("#state")).to_have_text("Delayed")
        assert re.match(r"^(29|3\d) min \d\d s old$", tab.text("#age")), "it grows while we look"
        expect(tab.page.locator("#panel-latest")).to_contain_text("Nothing in this range.")
        expect(tab.figure("gmv")).to_have_text(re.compile(f"^(0.00|{NONE})$"))
        now[0] = at(9000)
        tab.page.reload()
        tab.settled()
        expect(tab.page.locator("#state")).to_have_text("Recorded")
        assert tab.text("#age") == "until 3 Aug 2026, 19:50:30"
        assert tab.page.locator("main .failed").count() == 0
        assert tab.complaints == []


def test_a_tab_that_nobody_sees_hangs_up_and_calls_when_it_is_seen(address, browser):
    """A browser has six lines to a server: without this the seventh tab never opens."""
    with Tab(browser, address, "/finance?currency=CNY") as tab:
        with tab.page.expect_event("requestfailed", lambda request: "/api/stream" in request.url):
            tab.page.evaluate(HIDE)
        tab.page.keyboard.press("4")
        expect(tab.page.locator("#title")).to_have_text("Compare")
        assert not any("stream?board=compare" in url for url in tab.called), "nor does it call while nobody sees it"
        with tab.page.expect_request("**/api/stream?board=compare*"):
            tab.page.evaluate(SHOW)
        tab.shown("compare")


def test_a_line_that_is_silent_is_called_again(books, browser, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 3600)
    with served(books) as address, Tab(browser, address, "/finance?currency=CNY") as tab:
        tab.page.evaluate("let now = performance.now.bind(performance); performance.now = () => now() + 60_000")
        with tab.page.expect_request("**/api/stream?*"):
            pass
        tab.settled()
        expect(tab.page.locator("#state")).to_have_text("Live")


def test_a_link_to_another_hosts_figures_says_so_and_a_token_taken_back_too(books, browser, tmp_path, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 0.2)
    monkeypatch.setattr("dashboards.page.access.SLOW_S", 0.01)
    text, key = keys.make("host:h1", "2026-08-03")
    keys.write(tmp_path / "tokens", {key.name: key})
    with served(books, tokens=tokens_of(tmp_path / "tokens")) as address:
        login = {"username": "any", "password": text}
        with Tab(browser, address, "/hosts?host=d1", http_credentials=login) as tab:
            expect(tab.page.locator("#notice")).to_contain_text("host = d1 was left out: a token of the role host")
            assert [name_of(row["Host"]) for row in tab.table("scorecard")] == ["李佳"]
            keys.write(tmp_path / "tokens", {})
            expect(tab.page.locator("#state")).to_have_text("Signed out")
            expect(tab.page.locator("#notice")).to_contain_text("asks for its password or a token: load it again")
