"""Claims about the live page as people see it: a real headless Chromium against a real server."""

import os
import re
import shutil

import pytest
from page_stage import at, sale, served, staged
from playwright.sync_api import expect, sync_playwright

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("HOSTLEDGER_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "no Chromium found; install one (apt-get install chromium) or name it in HOSTLEDGER_CHROMIUM"
        if "browser" in os.environ.get("HOSTLEDGER_REQUIRE", ""):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=ARGUMENTS.split())
        yield launched
        launched.close()


@pytest.fixture
def warehouse(tmp_path):
    with staged(tmp_path) as filled:
        yield filled


class Tab:
    """A page that remembers what it complained about and whom it called."""

    def __init__(self, browser, address, *, width=1280, scheme="light", query=""):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Shanghai"
        )
        self.page = self.context.new_page()
        self.complaints, self.called = [], set()
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.called.add(request.url))
        self.page.goto(f"{address}/{query}")
        expect(self.page.locator("#latest tbody tr").first).to_be_visible(timeout=20_000)

    def text(self, selector):
        return self.page.locator(selector).inner_text().replace("\u2212", "-")

    def hosts(self):
        """Net, gross, refunds and orders by host, as the table shows them."""
        rows = self.page.locator("#hosts tbody tr").all()
        cells = {row.locator("th .name").inner_text(): row.locator("td.num").all_inner_texts() for row in rows}
        return {name: [text.strip().replace("\u2212", "-") for text in texts[:4]] for name, texts in cells.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def asked(warehouse, text):
    """Ask the base tables, not the rollups that the page reads."""
    return [line.split("\t") for line in warehouse.sql(text, "TabSeparated").splitlines()]


def yuan(minor):
    return f"{int(minor) / 100:,.2f}"


def test_the_figures_are_those_of_the_books(warehouse, browser):
    ((gmv, orders, items),) = asked(
        warehouse, "SELECT sum(amount_minor), count(), sum(items) FROM orders WHERE currency = 'CNY'"
    )
    ((refunds,),) = asked(warehouse, "SELECT sum(amount_minor) FROM refunds WHERE currency = 'CNY'")
    with served(warehouse) as address, Tab(browser, address) as tab:
        assert tab.text("#gmv") == yuan(gmv)
        assert tab.text("#net") == yuan(int(gmv) - int(refunds))
        assert (tab.text("#orders"), tab.text("#items"), tab.text("#online")) == (orders, items, "4")
        assert (tab.text("#digital"), tab.text("#unattributed")) == ("50.0 %", "24.9 %")
        booked = asked(
            warehouse,
            "SELECT host_id, sum(amount_minor), sumIf(amount_minor, refund_id IS NULL) FROM ledger "
            "WHERE model = 'on_air' AND currency = 'CNY' AND host_id != 'excess_refund' GROUP BY host_id",
        )
        called = {"h1": "李佳", "d1": "李佳 AI", "unattributed": "Unattributed"}
        seen = tab.hosts()
        assert {called[host]: [yuan(net), yuan(gross)] for host, net, gross in booked} == {
            name: figures[:2] for name, figures in seen.items() if name in called.values()
        }
        assert seen["Refunded beyond the order"][0] == "-50.00"
        assert tab.text("#books-events dd") == "12"
        assert tab.complaints == []
        assert all(url.startswith(address) for url in tab.called)


def test_names_in_chinese_and_korean_are_shown_in_their_language(warehouse, browser):
    with served(warehouse) as address, Tab(browser, address) as tab:
        room = tab.page.locator("#air .title").first
        expect(room).to_have_text("秋冬晚场")
        expect(room).to_have_attribute("lang", "zh-Hans")
        expect(tab.page.locator("#air .title[lang=ko]")).to_have_text("김서연 라이브")
        expect(tab.page.locator("#air .presenter").first).to_contain_text("李佳 AI")
        assert room.bounding_box()["width"] > 40


def test_the_figures_change_when_rows_arrive(warehouse, browser):
    with served(warehouse) as address, Tab(browser, address) as tab:
        assert tab.text("#gmv") == "400.00"
        sale(warehouse, "o5", 12345, 50.1, host_id="d1", number=2)
        expect(tab.page.locator("#gmv")).to_have_text("523.45", timeout=10_000)
        expect(tab.page.locator("#latest tbody tr").first).to_contain_text("o5")
        assert tab.hosts()["李佳 AI"][:2] == ["123.45", "323.45"]
        assert tab.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1920])
def test_it_fits_the_screen_in_both_themes_and_can_be_read(warehouse, browser, width, scheme):
    with served(warehouse) as address, Tab(browser, address, width=width, scheme=scheme) as tab:
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
        for ground in ("page", "card"):
            for ink in ("ink", "quiet", "link"):
                assert contrast(tab.page, ink, ground) >= 4.5
        before = shade(tab.page, "page")
        assert (sum(before) < 384) == (scheme == "dark")
        tab.page.get_by_role("button", name="Switch between light and dark").click()
        assert (sum(shade(tab.page, "page")) < 384) != (scheme == "dark")
        tab.page.reload()
        assert shade(tab.page, "page") != before
        assert tab.complaints == []


def test_an_order_is_explained_from_the_keyboard(warehouse, browser):
    with served(warehouse) as address, Tab(browser, address) as tab:
        order = tab.page.get_by_role("button", name="o2")
        order.focus()
        tab.page.keyboard.press("Enter")
        panel = tab.page.get_by_role("dialog", name="o2")
        expect(panel.locator(".path li")).to_have_count(2)
        expect(panel.locator(".path li").first).to_contain_text("李佳")
        linear = panel.locator("tr", has_text="Linear")
        expect(linear).to_contain_text("every step of the path equally")
        assert linear.locator("td.num").first.inner_text().split("\n") == ["50 %", "50 %"]
        expect(panel.locator("tr[aria-current=true] th")).to_contain_text("On air at the order")
        tab.page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(order).to_be_focused()
        assert tab.complaints == []


def test_model_currency_and_window_are_chosen_and_kept_in_the_address(warehouse, browser):
    with served(warehouse) as address, Tab(browser, address) as tab:
        tab.page.get_by_label("Model").select_option("linear")
        expect(tab.page.locator("#gmv")).to_have_text("200.00")
        tab.page.get_by_label("Model").select_option("on_air")
        tab.page.get_by_label("Currency").select_option("JPY")
        expect(tab.page.locator("#gmv")).to_have_text("1,234")
        tab.page.get_by_role("radio", name="15 min").check(force=True)
        expect(tab.page.locator("#gmv")).to_have_text("0")
        assert tab.page.url.endswith("?model=on_air&currency=JPY&window=15m")
        assert tab.complaints == []


def test_hosts_are_sorted_from_the_keyboard_and_accounts_stay_below(warehouse, browser):
    with served(warehouse) as address, Tab(browser, address) as tab:
        assert list(tab.hosts()) == ["李佳", "李佳 AI", "Unattributed", "Refunded beyond the order"]
        tab.page.get_by_role("button", name="Gross").focus()
        tab.page.keyboard.press("Enter")
        assert list(tab.hosts())[:2] == ["李佳 AI", "李佳"]
        expect(tab.page.get_by_role("columnheader", name="Gross")).to_have_attribute("aria-sort", "descending")
        tab.page.keyboard.press("Enter")
        assert list(tab.hosts()) == ["李佳", "李佳 AI", "Unattributed", "Refunded beyond the order"]


def test_a_wrong_parameter_in_the_address_is_dropped(warehouse, browser):
    with served(warehouse) as address, Tab(browser, address, query="?model=astrology&window=15m") as tab:
        assert tab.text("#gmv") == "299.50"
        assert tab.page.url.endswith("?window=15m")


def test_the_page_says_whether_it_is_live(warehouse, browser):
    with served(warehouse, now_ms=at(80)) as address, Tab(browser, address) as tab:
        expect(tab.page.locator("#state")).to_have_text("Delayed")
        expect(tab.page.locator("#age")).to_have_text(re.compile(r"^29\s*min 3\d\s*s $"))
    with served(warehouse, now_ms=at(9000)) as address, Tab(browser, address) as tab:
        expect(tab.page.locator("#state")).to_have_text("Recorded")
        assert (tab.text("#age-label"), tab.text("#age")) == ("Stream clock", "19:50:30")
    with served(warehouse) as address:
        tab = Tab(browser, address)
        expect(tab.page.locator("#state")).to_have_text("Live")
    with tab:
        expect(tab.page.locator("#state")).to_have_text("Reconnecting")


def shade(page, name):
    """Red, green and blue of a colour of the page, resolved for the theme."""
    script = """name => {
      const span = document.body.appendChild(document.createElement("span"));
      span.style.color = `var(--${name})`;
      const colour = getComputedStyle(span).color;
      span.remove();
      return colour;
    }"""
    return [int(part) for part in re.findall(r"\d+", page.evaluate(script, name))[:3]]


def contrast(page, ink, ground):
    """Contrast ratio of two colours, by WCAG 2.2."""
    light, dark = sorted((luminance(shade(page, ink)), luminance(shade(page, ground))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(rgb):
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
