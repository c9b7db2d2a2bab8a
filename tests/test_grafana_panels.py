"""Each kind of panel, unit, variable and link as Grafana's JSON, and the checks that find a board that is not sound."""

import copy
import re

import pytest

from dashboards.boards import ALERTS, BOARDS
from dashboards.boards.variables import COMMON
from dashboards.grafana import alerting, panels, sdk, statements
from dashboards.grafana.checking import problems, rule_problems
from dashboards.grafana.emitting import COLUMNS, emitted, placed
from dashboards.spec import PALETTE, STATES, Alert, Annotation, Board, Column, Kind, Panel, Threshold, Unit, Variable

TIME = Column("time", "Time", Unit.TIME)
OTHER = Board("other", "Other", "finance", "What else?", "now-1h", 60, COMMON, ())
EVERY = tuple(BOARDS.values())


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Statements that need no file."""
    monkeypatch.setattr(statements, "statement", lambda name: f"SELECT {name}")
    monkeypatch.setattr(alerting, "statement", lambda name: f"SELECT {name}")


def made(*shown, **fields):
    board = Board("own", "Own", "hosts", "What?", "now-1h", 5, COMMON, shown, **fields)
    return emitted("own", board, (board, OTHER))


def panel(kind, *columns, **fields):
    (found,) = made(Panel("p", kind, "Title (${currency})", "Sum.", columns, **fields))["panels"]
    return found


def overrides(found):
    """Options of the fields of a panel by their names."""
    told = found["fieldConfig"]["overrides"]
    return {one["matcher"]["options"]: {p["id"]: p.get("value") for p in one["properties"]} for one in told}


def test_a_board_says_whose_it_is_and_links_to_the_others_with_time_and_choice() -> None:
    found = made()
    assert (found["uid"], found["title"], found["description"]) == ("own", "Own", "What?")
    assert found["tags"] == ["hostledger", "hosts"]
    assert (found["time"], found["refresh"], found["timezone"]) == ({"from": "now-1h", "to": "now"}, "5s", "utc")
    (link,) = found["links"]
    assert (link["url"], link["title"]) == ("/d/other", "Other")
    assert (link["keepTime"], link["includeVars"]) == (True, True)
    assert "id" not in found
    assert emitted("own", OTHER, (), "Asia/Shanghai")["timezone"] == "Asia/Shanghai"


def test_figures_stand_in_one_row_with_units_and_the_first_measured_has_the_thresholds() -> None:
    steps = (Threshold(0.1, "bad"), Threshold(0.05, "warn"))
    hidden = Column("currency", "Currency", hidden=True)
    share, sold = Column("share", "Share", Unit.SHARE), Column("sold", "Sold", Unit.COUNT)
    found = panel(Kind.STAT, hidden, share, sold, thresholds=steps)
    assert (found["type"], found["description"], found["title"]) == ("stat", "Sum.", "Title (${currency})")
    assert found["options"]["reduceOptions"]["fields"] == "/.*/"
    assert found["targets"][0]["rawSql"] == "SELECT share, sold\nFROM (\nSELECT own_p\n)"
    told = overrides(found)
    assert (told["share"]["unit"], told["sold"]["unit"], told["sold"]["decimals"]) == ("percentunit", "locale", 0)
    assert [(step["value"], step["color"]) for step in told["share"]["thresholds"]["steps"]] == [
        (None, "transparent"),
        (0.05, PALETTE["warn"]),
        (0.1, PALETTE["bad"]),
    ]
    assert "thresholds" not in told["sold"]
    assert found["options"]["colorMode"] == "background_solid"
    assert panel(Kind.STAT, sold)["options"]["colorMode"] == "none"


def test_bars_over_time_are_stacked_and_a_kind_of_host_has_its_colour_everywhere() -> None:
    columns = (TIME, Column("kind", "Kind", Unit.KIND), Column("net", "Net", Unit.MONEY))
    found = panel(Kind.STACK, *columns, split="kind")
    custom = found["fieldConfig"]["defaults"]["custom"]
    assert (found["type"], custom["drawStyle"], custom["stacking"]["mode"]) == ("timeseries", "bars", "normal")
    assert (found["interval"], found["targets"][0]["format"]) == ("1m", 0)
    assert found["targets"][0]["rawSql"] == "SELECT own_p"
    for kind in ("human", "digital", "unattributed", "unknown", "excess_refund"):
        matching = [told for options, told in overrides(found).items() if re.search(options[1:-1], f"net {kind}")]
        colours = [told["color"]["fixedColor"] for told in matching if "color" in told]
        assert colours == [PALETTE[kind]], kind


def test_lines_have_the_colour_of_the_palette_by_their_names_and_dashed_bounds() -> None:
    human, other = Column("human", "Human", Unit.MONEY), Column("rest", "Rest", Unit.MONEY)
    found = panel(Kind.SERIES, TIME, human, other, thresholds=(Threshold(3, "bad"),))
    told = overrides(found)
    assert told["human"]["color"] == {"mode": "fixed", "fixedColor": PALETTE["human"]}
    assert told["rest"]["displayName"] == "Rest"
    assert found["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"]["mode"] == "dashed"


def test_states_are_codes_with_words_and_what_is_for_the_page_only_stays_there() -> None:
    lane, words = Column("session", "Session"), Column("words", "Hosts", page_only=True)
    found = panel(Kind.TIMELINE, TIME, lane, Column("state", "State", Unit.STATE), words)
    assert found["type"] == "state-timeline"
    assert found["targets"][0]["rawSql"].startswith("SELECT time, session, state\nFROM")
    assert found["fieldConfig"]["defaults"]["displayName"] == "${__field.labels.session}"
    assert found["fieldConfig"]["defaults"]["custom"]["spanNulls"] is True
    (mapping,) = overrides(found)["/state/"]["mappings"]
    assert {int(code): told["text"] for code, told in mapping["options"].items()} == STATES
    assert len({told["color"] for told in mapping["options"].values()}) == len(STATES)


def test_bars_lie_and_their_names_come_first() -> None:
    found = panel(Kind.BARS, Column("kind", "Kind", Unit.KIND), Column("gmv", "GMV", Unit.MONEY))
    assert (found["type"], found["options"]["orientation"]) == ("barchart", "horizontal")
    assert (found["options"]["xField"], found["options"]["colorByField"]) == ("Kind", "Kind")
    host, kind, hidden = Column("host", "Host"), Column("kind", "Kind", hidden=True), Column("id", "Id", hidden=True)
    found = panel(Kind.BARS, host, Column("gmv", "GMV", Unit.MONEY), kind, hidden)
    assert found["targets"][0]["rawSql"].startswith("SELECT host, gmv, kind\nFROM")
    assert (found["options"]["xField"], found["options"]["colorByField"]) == ("Host", "Kind")
    told = [one["properties"] for one in found["fieldConfig"]["overrides"] if one["matcher"]["options"] == "kind"]
    assert told[-1][0]["value"][0]["options"]["human"]["color"] == PALETTE["human"]


def test_a_table_leads_on_says_kinds_in_words_and_keeps_days_as_days() -> None:
    columns = (
        Column("day", "Day", Unit.DATE),
        Column("host", "Host", Unit.HOST),
        Column("room", "Session", Unit.SESSION),
        Column("kind", "Kind", Unit.KIND),
        Column("off", "Off", Unit.CHECK),
        Column("host_id", "Host id", hidden=True),
    )
    found = panel(Kind.TABLE, *columns)
    told = overrides(found)
    assert told["host_id"]["custom.hidden"] is True
    assert told["host_id"]["custom.hideFrom"]["viz"] is True
    (link,) = told["host"]["links"]
    path, _, query = link["url"].partition("?")
    assert path == "/d/hostledger-hosts"
    kept = query.split("&")
    assert kept[0] == "var-host=${__data.fields.host_id:percentencode}"
    assert kept[-1] == "${__url_time_range}"
    assert "${seller:queryparam}" in kept
    assert not [part for part in kept if part.startswith(("${host:", "${zone:"))]
    assert "links" not in told["room"], "there is no session_id to lead by"
    assert told["kind"]["custom.cellOptions"] == {"type": "color-background", "mode": "basic"}
    assert told["kind"]["mappings"][0]["options"]["excess_refund"]["text"] == "excess refund"
    assert (told["off"]["mappings"][0]["options"]["0"]["text"], told["off"]["unit"]) == ("right", "prefix:off by ")
    colours = [step["color"] for step in told["off"]["thresholds"]["steps"]]
    assert colours == [PALETTE["bad"], PALETTE["good"], PALETTE["bad"]]
    sql = found["targets"][0]["rawSql"]
    assert "toString(day) AS day" in sql
    assert "char(92)" in sql


def test_panels_flow_from_left_to_right_and_never_overlap() -> None:
    sizes = [(8, 4), (8, 9), (12, 3), (12, 3), (24, 2), (1, 1)]
    shown = [Panel(str(at), Kind.STAT, "t", "h", (), width, height) for at, (width, height) in enumerate(sizes)]
    assert [(x, y) for _, x, y in placed(shown)] == [(0, 0), (8, 0), (0, 9), (12, 9), (0, 12), (0, 14)]
    assert max(x + one.width for one, x, _ in placed(shown)) <= COLUMNS


def test_a_panel_keeps_its_number_when_others_come() -> None:
    one, other = (Panel(name, Kind.STAT, name, "h", (Column("a", "A", Unit.COUNT),)) for name in ("one", "other"))
    alone, both = made(one), made(other, one)
    assert alone["panels"][0]["id"] == both["panels"][1]["id"] == panels.number("one")


def variable(name):
    (found,) = [one for one in made()["templating"]["list"] if one["name"] == name]
    return found


def test_variables_of_several_values_offer_all_and_others_have_one() -> None:
    seller = variable("seller")
    assert (seller["type"], seller["multi"], seller["includeAll"]) == ("query", True, True)
    assert seller["current"]["value"] == ["$__all"]
    assert seller["query"]["rawSql"].startswith("SELECT replaceAll(")
    assert seller["datasource"] == {"type": sdk.PLUGIN, "uid": "clickhouse"}
    kind, model, zone = variable("kind"), variable("model"), variable("zone")
    assert "excess refund : excess_refund" in kind["query"]
    assert (model["multi"], model["current"]["value"]) == (False, "on_air")
    assert sum(option["selected"] for option in model["options"]) == 1
    assert (zone["type"], zone["hide"], zone["query"], zone["skipUrlSync"]) == ("constant", 2, "UTC", True)


def test_a_variable_may_be_hidden_and_have_a_default() -> None:
    own = Variable("own", "Own", query="variable_own", default="x", hidden=True)
    board = Board("own", "Own", "a", "q", "now-1h", 5, (own,), ())
    (found,) = emitted("own", board)["templating"]["list"]
    assert (found["hide"], found["current"]["value"], found["multi"]) == (2, "x", False)


def test_marks_have_a_colour_and_ask_for_a_table() -> None:
    (mark,) = made(annotations=(Annotation("gap", "Gaps", "annotation_gap", "bad"),))["annotations"]["list"]
    assert (mark["name"], mark["iconColor"], mark["target"]["format"]) == ("Gaps", PALETTE["bad"], 1)
    assert mark["target"]["rawSql"] == "SELECT annotation_gap"


ALERT = Alert("hostledger-x", "No $data", "alert_x", 60, 300, 900, "Nothing for $1", "Look at $HOME", "critical", False)


def test_an_alert_asks_takes_the_last_value_and_compares_it() -> None:
    rule = alerting.rule(ALERT)
    asked, last, above = rule["data"]
    assert (asked["datasourceUid"], asked["model"]["format"]) == ("clickhouse", 1)
    assert asked["relativeTimeRange"] == {"from": 900, "to": 0}
    assert (last["model"]["type"], last["model"]["expression"], last["model"]["reducer"]) == ("reduce", "A", "last")
    assert above["model"]["conditions"] == [{"evaluator": {"type": "gt", "params": [60]}}]
    assert {step["datasourceUid"] for step in (last, above)} == {"__expr__"}
    assert (rule["condition"], rule["for"], rule["noDataState"]) == ("C", "5m", "Alerting")
    assert rule["labels"] == {"made_by": "hostledger", "severity": "critical"}
    assert rule["annotations"] == {"summary": "Nothing for $1", "runbook": "Look at $HOME"}


def test_in_a_file_of_rules_a_dollar_sign_is_doubled_in_texts_and_not_in_queries(monkeypatch) -> None:
    monkeypatch.setattr(alerting, "statement", lambda _: "SELECT $__interval_s;\n")
    (rule,) = alerting.file([ALERT])["groups"][0]["rules"]
    assert (rule["title"], rule["annotations"]["summary"]) == ("No $$data", "Nothing for $$1")
    assert rule["data"][0]["model"]["rawSql"] == "SELECT $__interval_s"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "1m30s"), (300, "5m"), (3600, "1h"), (90_000, "1d1h")])
def test_durations_are_written_as_grafana_writes_them(seconds, text) -> None:
    assert alerting.span(seconds) == text


TWO = (
    Panel("one", Kind.STAT, "One", "h", (Column("a", "A", Unit.COUNT),)),
    Panel("two", Kind.TABLE, "Two in ${currency}", "h", (Column("b", "B"),)),
)
MARKS = (Annotation("gap", "Gaps", "annotation_gap", "bad"),)
BROKEN = {
    "panel number": ("panel number .* twice", lambda found: found["panels"][1].update(id=found["panels"][0]["id"])),
    "overlap": ("overlap", lambda found: found["panels"][1]["gridPos"].update(found["panels"][0]["gridPos"])),
    "grid": ("outside of the grid", lambda found: found["panels"][1]["gridPos"].update(x=20)),
    "empty query": ("asks nothing", lambda found: found["panels"][0]["targets"][0].update(rawSql=" ")),
    "no query": ("has no query", lambda found: found["panels"][0].update(targets=[])),
    "other source": (
        "does not ask the data source",
        lambda found: found["panels"][0]["targets"][0].update(datasource={"type": "x", "uid": "y"}),
    ),
    "source of a variable": (
        "variable seller does not ask",
        lambda found: found["templating"]["list"][0].update(datasource=None),
    ),
    "mark": (
        "annotation 'Gaps' asks nothing",
        lambda found: found["annotations"]["list"][0]["target"].update(rawSql=""),
    ),
    "undeclared": (
        "not declared: shop",
        lambda found: found["panels"][0]["targets"][0].update(rawSql="SELECT ${shop:sqlstring}"),
    ),
    "title": ("not declared: shop", lambda found: found["panels"][0].update(title="In ${shop}")),
    "condition": (
        "not declared: shop",
        lambda found: found["panels"][0]["targets"][0].update(rawSql="SELECT $__conditionalAll(1, $shop)"),
    ),
    "careless": (
        "without :sqlstring",
        lambda found: found["panels"][0]["targets"][0].update(rawSql="SELECT '${seller}'"),
    ),
    "macro": ("uses \\$__table", lambda found: found["panels"][0]["targets"][0].update(rawSql="FROM $__table")),
    "uid": ("uid .* is none", lambda found: found.update(uid="x" * 41)),
    "tag": ("tag hostledger is missing", lambda found: found.update(tags=["other"])),
    "untitled": ("the title is empty", lambda found: found.update(title="")),
    "refresh": ("below 5s", lambda found: found.update(refresh="1s")),
    "field": ("read it otherwise in: color", lambda found: found.update(color="red")),
    "models": ("cannot read it", lambda found: found.update(templating={"list": [{"name": "x", "options": [7]}]})),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_board_that_is_not_sound_is_found(what) -> None:
    said, harm = BROKEN[what]
    sound = made(*TWO, annotations=MARKS)
    assert problems(sound) == []
    harmed = copy.deepcopy(sound)
    harm(harmed)
    assert [one for one in problems(harmed) if re.search(said, one)], problems(harmed)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT ${seller:sqlstring}", "alerts have none"),
        ("SELECT $__conditionalAll(1, $seller)", "alerts have none"),
        ("SELECT $__columns(a)", "uses .__columns"),
    ],
)
def test_an_alert_that_cannot_work_is_found(monkeypatch, sql, said) -> None:
    monkeypatch.setattr(alerting, "statement", lambda _: sql)
    assert [one for one in rule_problems(alerting.rule(ALERT)) if re.search(said, one)]


def test_an_alert_without_a_window_or_with_a_strange_uid_is_found(monkeypatch) -> None:
    monkeypatch.setattr(alerting, "statement", lambda _: "SELECT 1")
    strange = Alert("a b", "t", "alert_x", 1, 60, 0, "s", "r")
    assert len(list(rule_problems(alerting.rule(strange)))) == 2


def test_all_our_boards_and_alerts_are_sound(monkeypatch) -> None:
    monkeypatch.undo()
    found = {name: problems(emitted(name, board, EVERY)) for name, board in BOARDS.items()}
    assert {name: said for name, said in found.items() if said} == {}
    assert [said for alert in ALERTS for said in rule_problems(alerting.rule(alert))] == []
    assert all(board.panels for board in EVERY)
