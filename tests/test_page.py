"""Claims about the page's figures, routes and streams, without a browser."""

import asyncio
import base64
import csv
import io
import socket
import threading
import time
import urllib.error
import urllib.parse
from contextlib import suppress
from decimal import Decimal
from http.client import IncompleteRead
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_stage import (
    BEGIN,
    MINUTE,
    NEWEST,
    NOW,
    Watched,
    at,
    coming,
    few_panels,
    get,
    heard,
    of_panels,
    opened,
    refused,
    served,
    shown,
    staged,
    told,
)
from patience import PATIENCE_S, await_true

from analytics.warehouse import WarehouseAway, WarehouseError
from dashboards.boards import BOARDS
from dashboards.page import access, cells, choice, ranges, sheets, wire
from dashboards.page.app import make_app
from dashboards.page.orders import explanation
from dashboards.page.server import CannotListen, serve
from dashboards.spec import Column, Unit
from hostledger.place import Place, is_loopback
from hostledger.settings import Settings

HOUR, DAY = 60 * MINUTE, 1440 * MINUTE


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """The stage; nothing here changes it."""
    with staged(tmp_path_factory.mktemp("stage")) as filled:
        yield filled


@pytest.fixture(scope="module")
def page(warehouse):
    """The page of the stage; gives what a page shows for a query, up to a panel if there is one."""
    kept = {}
    with served(warehouse) as address:

        def show(query="board=live", *upto):
            if (query, upto) not in kept:
                with shown(address, query, upto) as (_, view, panels, marks):
                    kept[query, upto] = SimpleNamespace(view=view, panels=panels, marks=marks)
            return kept[query, upto]

        show.address = address
        yield show


@pytest.fixture
def few():
    with few_panels():
        yield


# --- the figures ---


def test_the_figures_are_those_of_the_books_to_the_last_minor_unit(page):
    panels = page().panels
    assert panels["gmv"] == [{"gmv": "400.00", "buyers": 3}]
    assert panels["net"] == [{"net": "99.75", "refunds": "300.25"}]
    assert (panels["orders"][0]["orders"], panels["orders"][0]["average"]) == (3, "133.33")
    assert panels["items"][0]["items"] == 6
    assert panels["online"] == [{"online": 3}]
    assert panels["digital_share"] == [{"share": 0.5}]
    assert panels["unattributed_share"] == [{"share": 0.24875}]


def test_the_rows_of_the_hosts_add_up_to_the_net(page):
    rows = page().panels["hosts"]
    net = sum(Decimal(row["net"]) for row in rows)
    assert {row["host_id"]: row["net"] for row in rows}["d1"] == "0.00"
    assert net == Decimal(page().panels["net"][0]["net"])


def test_no_panel_of_any_board_fails_on_the_stage(page):
    for name in BOARDS:
        panels = page(f"board={name}").panels
        assert panels.keys() == {panel.id for panel in BOARDS[name].panels}
        assert {panel_id: told for panel_id, told in panels.items() if isinstance(told, dict)} == {}


def test_another_model_tells_another_story_of_the_same_money(page):
    linear = page("board=live&model=linear", "digital_share", "unattributed_share")
    assert linear.panels["digital_share"] == [{"share": 0.5}]
    assert linear.panels["unattributed_share"] == [{"share": 0.0}]
    assert linear.view["variables"]["model"]["value"] == ["linear"]


def test_currencies_are_never_added_and_have_their_own_decimals(page):
    yen = page("board=live&currency=JPY", "gmv")
    assert (yen.panels["gmv"][0]["gmv"], yen.view["decimals"]) == ("1234", 0)
    dinars = page("board=live&currency=KWD", "gmv")
    assert (dinars.panels["gmv"][0]["gmv"], dinars.view["decimals"]) == ("0.000", 3)
    assert page().view["variables"]["currency"] == {
        "value": ["CNY"],
        "options": [{"value": "CNY", "text": "CNY"}, {"value": "JPY", "text": "JPY"}],
    }


def test_the_range_ends_with_the_minute_of_the_newest_event(page):
    quarter = page("board=live&from=now-15m", "gmv")
    assert (quarter.view["from_ms"], quarter.view["until_ms"], quarter.view["step_ms"]) == (at(36), at(51), MINUTE)
    assert quarter.panels["gmv"][0]["gmv"] == "299.50"
    assert quarter.view["clock"] == {"now_ms": NOW, "newest_ms": NEWEST, "age_ms": 5_000, "mode": "live"}


def test_all_begins_with_the_first_order_and_a_range_may_be_any(page):
    whole = page("board=live&from=all", "gmv")
    assert (whole.view["from_ms"], whole.view["until_ms"]) == (at(5), at(51))
    assert whole.panels["gmv"][0]["gmv"] == "400.00"
    cut = page(f"board=live&from={at(10)}&to={at(40)}", "gmv")
    assert (cut.view["from_ms"], cut.view["until_ms"]) == (at(10), at(40))
    assert cut.panels["gmv"][0]["gmv"] == "100.50"
    local = page("board=live&from=2026-08-03T19:10&to=2026-08-03T19:40&zone=Asia/Shanghai", "gmv")
    assert local.view["from_ms"] == at(10)


def test_a_value_is_never_read_as_sql(page):
    for hostile in ("' OR 1=1 --", "\\') OR 1=1 --", "$__interval_s", "${seller:sqlstring}"):
        shown = page(f"board=live&session={urllib.parse.quote(hostile)}", "gmv")
        assert shown.panels["gmv"][0]["gmv"] == "0.00"
        assert shown.view["variables"]["session"]["value"] == [hostile]


def test_several_values_of_a_variable_are_asked_for_together(page):
    online = [
        page(f"board=live&{query}", "online").panels["online"] for query in ("session=s1", "session=s1&session=s2")
    ]
    assert online == [[{"online": 2}], [{"online": 3}]]


def test_the_boards_say_what_they_show_and_what_may_be_chosen(page):
    said = get(f"{page.address}/api/boards")
    assert [told["name"] for told in said["boards"]] == list(BOARDS)
    live = said["boards"][0]
    assert [panel["id"] for panel in live["panels"]] == [panel.id for panel in BOARDS["live"].panels]
    assert live["panels"][0]["columns"][0] == {"name": "gmv", "title": "GMV", "unit": "money", "hidden": False}
    variables = {variable["name"]: variable for variable in live["variables"]}
    assert (variables["model"]["default"], variables["seller"]["options"]) == ("on_air", None)
    assert (said["states"]["3"], said["zone"]) == ("human and digital", "UTC")


@pytest.mark.usefixtures("few")
def test_the_settings_say_which_zone_and_model_are_shown(warehouse):
    with served(warehouse, zone="Asia/Shanghai", model="linear") as address:
        said = get(f"{address}/api/boards")
        with shown(address) as (_, view, panels, _):
            pass
    assert said["zone"] == "Asia/Shanghai"
    chosen = {variable["name"]: variable["default"] for variable in said["boards"][0]["variables"]}
    assert (chosen["zone"], chosen["model"]) == ("Asia/Shanghai", "linear")
    assert view["variables"]["zone"]["value"] == ["Asia/Shanghai"]
    assert [row["credit"] for row in panels["latest"]] == ["李佳 50 %, 李佳 AI 50 %"]


def test_an_explanation_has_the_path_and_every_model(warehouse):
    said = explanation(warehouse, "o2")
    assert [(step["lineup"][0]["name"], step["watched_ms"]) for step in said["steps"]] == [
        ("李佳", 30 * MINUTE),
        ("李佳 AI", 10 * MINUTE),
    ]
    models = {row["model"]: row for row in said["models"]}
    assert list(models) == ["on_air", "linear"]
    assert [(one["host_id"], one["gross"], one["share_bp"]) for one in models["linear"]["credits"]] == [
        ("d1", "100.00", 5000),
        ("h1", "100.00", 5000),
    ]
    assert (models["on_air"]["credits"][0]["net"], models["on_air"]["refunded"]) == ("0.00", "250.00")
    assert explanation(warehouse, "nothing like it") is None


@pytest.mark.usefixtures("few")
def test_old_data_is_called_a_recording_and_shown_up_to_its_end(warehouse):
    with served(warehouse, now_ms=NEWEST + 30 * DAY) as address, shown(address) as (_, view, panels, _):
        assert (view["clock"]["mode"], view["clock"]["age_ms"], view["until_ms"]) == ("recorded", None, at(51))
        assert panels["gmv"][0]["gmv"] == "400.00"


def test_an_age_is_told_only_of_what_is_live():
    assert ranges.clock(NEWEST, NEWEST + DAY)["mode"] == "recorded"
    assert ranges.clock(NEWEST, NEWEST - 2 * MINUTE)["mode"] == "recorded"
    assert ranges.clock(NEWEST, NEWEST - 1)["age_ms"] == 0


# --- what is refused ---

WRONG = {
    "model": "astrology",
    "currency": "cny",
    "from": "eternity",
    "to": "-1",
    "zone": "Middle/Earth",
    "kind": "ghost",
    "seller": "x" * 201,
    "window": "1h",
    "board": "attic",
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_parameter_is_refused_with_its_remedy(page, field):
    asked = {"board": "live"} | {field: WRONG[field]}
    routes = [f"api/stream?{urllib.parse.urlencode(asked)}"]
    rest = {name: value for name, value in asked.items() if name != "board"}
    routes.append(f"api/csv/{asked['board']}/gmv?{urllib.parse.urlencode(rest)}")
    for route in routes:
        status, said = refused(page.address, route)
        assert (status, said["field"], said["value"]) == (400, field, WRONG[field][:200])
        assert said["remedy"].startswith("use ")


@pytest.mark.parametrize("query", ["from=now-15m&to=now-1h", f"from={at(60)}", f"from={at(1)}&to={at(1)}"])
def test_a_range_without_time_in_it_is_refused(page, query):
    status, said = refused(page.address, f"api/stream?board=live&{query}")
    assert (status, said["field"]) == (400, "from")


def test_a_single_parameter_may_stand_once(page):
    for name, values in {"model": ("linear", "on_air"), "from": ("now-1h", "now-6h")}.items():
        _, said = refused(page.address, f"api/stream?{name}={values[0]}&{name}={values[1]}")
        assert (said["field"], said["value"], said["remedy"]) == (name, values[1], "use it once")


def test_every_answer_forbids_what_is_foreign(page):
    pages = ("", "live", "hosts", "finance", "pipeline", "static/page.js", "static/echarts/echarts.min.js")
    for route in (*pages, "api/boards", "api/csv/live/gmv", "api/explain/o2", "healthz"):
        with opened(f"{page.address}/{route}") as answer:
            policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == ("no-store" if route.startswith("api/") else "no-cache")


def test_a_foreign_name_for_this_machine_is_refused(page):
    assert refused(page.address, "api/boards", Host="evil.example")[0] == 400


# --- files ---


def test_a_panel_is_a_file_with_exact_amounts_and_times_of_the_zone(page):
    with opened(f"{page.address}/api/csv/live/latest?zone=Asia/Shanghai") as answer:
        raw = answer.read()
        kind, name = answer.headers["Content-Type"], answer.headers["Content-Disposition"]
    assert kind == "text/csv; header=present; charset=utf-8"
    assert name == 'attachment; filename="live-latest-20260803T1851-20260803T1951.csv"'
    assert raw.startswith(b"\xef\xbb\xbf"), "Excel takes what does not say so for the code page of the country"
    text = raw.decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n")
    titles, *rows = csv.reader(io.StringIO(text))
    assert titles == [
        f"{column.title} (CNY)" if column.unit is Unit.MONEY else column.title
        for column in next(panel for panel in BOARDS["live"].panels if panel.id == "latest").columns
    ]
    assert rows[0][0] == "2026-08-03T19:45:00.000+08:00"
    assert {"99.50", "200.00", "100.50"} <= {cell for row in rows for cell in row}


def test_no_cell_is_a_formula_and_every_text_comes_back():
    columns = [Column("a", "A"), Column("net", "Net", Unit.MONEY), Column("s", "State", Unit.STATE)]
    wide = ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "\n=1"]
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "plain", 'quo"ted, and\r\nbroken', "", *wide]
    text = sheets.sheet(columns, [[one, "-5.00", 3] for one in texts], "UTC", None)
    _, *rows = csv.reader(io.StringIO(text, newline=""))
    assert [row[0] for row in rows[:5]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx"]
    assert [row[0] for row in rows[5:]] == ["plain", 'quo"ted, and\r\nbroken', "", *(f"'{one}" for one in wide)]
    assert {row[1] for row in rows} == {"-5.00"}
    assert {row[2] for row in rows} == {"human and digital"}


# --- cells ---


def test_money_is_exact_or_refused():
    frame = pl.DataFrame(
        {
            "m": [Decimal("12345678901234567890123456789.5000"), Decimal("-0.0100"), None],
            "currency": ["CNY", "CNY", "CNY"],
        },
        schema={"m": pl.Decimal(38, 4), "currency": pl.String},
    )
    money = [Column("m", "M", Unit.MONEY)]
    assert cells.rows(frame, money, None) == [["12345678901234567890123456789.50"], ["-0.01"], [None]]
    with pytest.raises(WarehouseError, match="digits that JPY does not have"):
        cells.rows(frame.with_columns(currency=pl.lit("JPY")), money, None)
    with pytest.raises(WarehouseError, match="lacks the columns n"):
        cells.rows(frame, [Column("n", "N")], None)


def test_a_rate_is_rounded_half_to_even_and_never_minus_nothing():
    assert [cells.money(rate, "CNY") for rate in (0.125, 0.135, -0.001, float("nan"), float("inf"))] == [
        "0.12",
        "0.14",
        "0.00",
        None,
        None,
    ]


def test_every_kind_of_cell_is_what_the_page_expects():
    moments = pl.Series([at(0.001)]).cast(pl.Datetime("ms", "UTC"))
    frame = pl.DataFrame(
        {
            "time": moments,
            "second": pl.Series([BEGIN // 1000], dtype=pl.UInt32),
            "day": moments.cast(pl.Date),
            "huge": [(-(2**70)).to_bytes(16, "little", signed=True)],
            "share": [float("nan")],
            "rate": [Decimal("0.25")],
            "names": [["a", "b"]],
        }
    )
    units = {"time": Unit.TIME, "second": Unit.TIME, "day": Unit.DATE, "huge": Unit.COUNT, "share": Unit.SHARE}
    columns = [
        Column(name, name, units.get(name, Unit.NUMBER if name == "rate" else Unit.TEXT)) for name in frame.columns
    ]
    assert cells.rows(frame, columns, "CNY") == [
        [at(0.001), BEGIN, "2026-08-03", -(2**70), None, 0.25, "a, b"],
    ]


@given(st.integers(0, 1 << 41), st.integers(1, 50 * 365 * DAY))
def test_a_range_is_whole_minutes_with_few_points(from_ms, length):
    span = ranges.spread(from_ms, from_ms + length)
    assert span.from_ms <= from_ms
    assert span.until_ms >= from_ms + length
    assert span.from_ms % MINUTE == span.until_ms % MINUTE == 0
    assert (span.until_ms - span.from_ms) / span.step_ms <= ranges.POINTS
    assert span.until_ms - span.from_ms < length + 2 * MINUTE


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NEWEST),
        ("now-90d", NEWEST - 90 * DAY),
        ("now-1y", NEWEST - 365 * DAY),
        ("1785754800000", BEGIN),
        ("2026-08-03T11:00Z", BEGIN),
        ("2026-08-03T19:00", BEGIN),
        ("now-9999y", 0),
        ("yesterday", None),
        ("now/d", None),
        ("9999-01-01", None),
        ("1969-01-01", None),
        ("٣", None),
    ],
)
def test_times_are_read_as_people_write_them(text, meant):
    said = ranges.moment(text, "Asia/Shanghai")
    assert (said and said.told(NEWEST)) == meant


# --- streams ---


@pytest.mark.usefixtures("few")
def test_another_page_with_the_same_choice_costs_nothing_and_another_one_what_it_changes(warehouse):
    watched = Watched(warehouse.reader())
    with served(warehouse, reader=watched, pause_s=1) as address:
        with shown(address):
            pass
        with watched.counted() as asked, shown(address):
            assert of_panels(asked) == {}
        with watched.counted() as asked, shown(address, "board=live&model=linear"):
            assert not [text for text in asked if "presence_minute" in text]
            assert [text for text in asked if "'linear'" in text]


@pytest.mark.usefixtures("few")
def test_an_age_grows_while_nothing_is_stored(warehouse):
    """The time moves on for the page; the engine asks the clock on the wall."""
    now, watched = [NOW], Watched(warehouse.reader())
    with served(warehouse, now_ms=lambda: now[0], reader=watched, pause_s=60) as address:
        with shown(address):
            pass
        now[0] += BOARDS["live"].refresh_s * 1000
        with watched.counted() as asked, shown(address):
            (again,) = of_panels(asked)
            assert "now64(" in again


@pytest.mark.usefixtures("few")
def test_a_quiet_stream_tells_the_time(warehouse, monkeypatch):
    monkeypatch.setattr("dashboards.page.feed.BEAT_S", 0.2)
    with served(warehouse) as address, shown(address) as (stream, *_):
        assert told(stream, "beat") == {"now_ms": NOW}


@pytest.mark.usefixtures("few")
def test_nothing_is_asked_while_nobody_listens(warehouse):
    watched = Watched(warehouse.reader())
    with served(warehouse, reader=watched, pause_s=0.05) as address:
        with shown(address):
            await_true(lambda: watched.asked["page_clock"] >= 5)

        def is_quiet():
            seen = watched.asked["page_clock"]
            time.sleep(0.5)
            return watched.asked["page_clock"] == seen

        await_true(is_quiet)


@pytest.mark.usefixtures("few")
def test_a_warehouse_that_is_away_is_told_by_every_panel_and_heals(warehouse):
    watched = Watched(warehouse.reader())
    watched.failing["page_clock"] = WarehouseAway("query page_clock: ch.example:9000 cannot be reached")
    with served(warehouse, reader=watched) as address, opened(f"{address}/api/stream?board=live") as stream:
        name, first = heard(stream)
        assert (name, first["error"]["value"]) == ("panel", "query page_clock: ch.example:9000 cannot be reached")
        assert first["error"]["remedy"]
        watched.failing.clear()
        healed = (data for name, data in coming(stream) if name == "panel" and data["id"] == "gmv" and "rows" in data)
        assert next(healed)["rows"] == [["400.00", 3]]


@pytest.mark.usefixtures("few")
def test_a_defect_of_ours_ends_the_stream_and_the_next_call_is_served(warehouse):
    watched = Watched(warehouse.reader())
    with served(warehouse, reader=watched) as address:
        with shown(address) as (stream, *_):
            watched.failing["page_clock"] = SystemError("the disk is gone")
            with suppress(IncompleteRead):
                assert stream.read() == b""
        watched.failing.clear()
        with shown(address) as (_, _, panels, _):
            assert panels["gmv"][0]["gmv"] == "400.00"


def test_a_message_of_the_engine_is_cut_to_what_people_can_use():
    said = wire.failure("gmv", WarehouseError("query: Unknown identifier x in scope SELECT a FROM b. (UNKNOWN)"))[
        "error"
    ]
    assert said["value"] == "Unknown identifier x"
    assert len(wire.failure("gmv", WarehouseError("x" * 5000))["error"]["value"]) == wire.LONGEST_WORD


# --- who may see it ---


SECRET = "s3cret:ü"  # noqa: S105  # of this test alone


def basic(password, user="anybody"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_page_with_a_password_asks_for_it(warehouse, monkeypatch):
    monkeypatch.setattr("dashboards.page.access.SLOW_S", 0.05)
    with served(warehouse, password=SECRET) as address:
        for route in ("", "live", "api/boards", "api/stream", "api/csv/live/gmv", "api/explain/o2", "static/page.js"):
            with pytest.raises(urllib.error.HTTPError) as asked:
                opened(f"{address}/{route}")
            with asked.value as answer:
                assert (answer.status, answer.headers["WWW-Authenticate"][:5]) == (401, "Basic")
                assert b"s3cret" not in answer.read()
        for headers in (basic("wrong"), basic(""), {"Authorization": "Bearer nothing"}, {"Authorization": "Basic %%%"}):
            assert refused(address, "api/boards", **headers)[0] == 401
        bearer = {"Authorization": f"Bearer {SECRET}".encode().decode("latin-1")}
        for headers in (basic(SECRET), basic(SECRET, user=""), bearer):
            with opened(f"{address}/api/boards", Host="boards.example", **headers) as answer:
                assert answer.status == 200


class Pauses:
    """Stands for asyncio where guesses are slowed down: each pause lasts until it is told to end."""

    Lock = asyncio.Lock

    def __init__(self):
        self.begun, self.at_once, self.most, self.end = [], 0, 0, threading.Event()

    async def sleep(self, seconds):
        self.begun.append(seconds)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.to_thread(self.end.wait, PATIENCE_S)
        await asyncio.sleep(0.02)
        self.at_once -= 1


def test_a_wrong_password_takes_its_time_and_the_right_one_does_not(warehouse, monkeypatch):
    pauses = Pauses()
    monkeypatch.setattr(access, "asyncio", pauses)
    with served(warehouse, password=SECRET) as address:
        guesses = [threading.Thread(target=refused, args=(address, "api/boards"), kwargs=basic("no")) for _ in range(3)]
        [guess.start() for guess in guesses]
        await_true(lambda: pauses.begun)
        with opened(f"{address}/api/boards", **basic(SECRET)) as answer:
            assert answer.status == 200
        assert all(guess.is_alive() for guess in guesses)
        pauses.end.set()
        [guess.join() for guess in guesses]
    assert (pauses.begun, pauses.most) == ([access.SLOW_S] * 3, 1), "one after the other"


def test_the_password_is_never_shown():
    settings = Settings.read({"HOSTLEDGER_PAGE_PASSWORD": SECRET, "HOSTLEDGER_PAGE_HOST": "192.0.2.1"})
    place = Place.of(settings, port=1)
    assert (place.password, place.host, place.port) == (SECRET, settings.page_host, 1)
    assert SECRET not in repr(settings) + repr(place)


def test_health_is_open_and_says_nothing(warehouse):
    with served(warehouse, password=SECRET) as address, opened(f"{address}/healthz") as answer:
        assert (answer.status, answer.read()) == (200, b"ok\n")


def test_this_machine_has_several_names():
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4


def test_a_port_in_use_or_an_address_of_elsewhere_is_named_with_its_remedy(warehouse):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"port {port} is in use .* --port"):
            serve(make_app(warehouse.reader), port)
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1 is no address of this machine"):
        serve(make_app(warehouse.reader), 0, "192.0.2.1")


def test_a_choice_keeps_its_defaults():
    chosen = choice.read("live", [("seller", ""), ("seller", "a"), ("seller", "a")], {"zone": "Asia/Shanghai"})
    assert chosen.values == (("seller", ("a",)), ("model", ("on_air",)), ("zone", ("Asia/Shanghai",)))
    assert chosen.zone == "Asia/Shanghai"
