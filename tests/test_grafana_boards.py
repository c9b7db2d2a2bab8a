"""The boards as Grafana gets them ask the same of the engine as our page, whatever is stored and chosen."""

from dataclasses import replace

import pytest
from grafana_macros import ALL, sent
from grafana_stage import HOSTILE, SPAN, staged

from dashboards.boards import ALERTS, BOARDS
from dashboards.grafana import panels, statements, trying
from dashboards.grafana.checking import queries
from dashboards.grafana.emitting import emitted
from dashboards.grafana.trying import tried
from dashboards.macros import expanded, literal
from dashboards.spec import Kind, Unit
from dashboards.sql import statement

EVERY = tuple(BOARDS.values())
JSON = {name: emitted(name, board, EVERY) for name, board in BOARDS.items()}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board.panels if not panel.page_only]


def written(value):
    """An id as it stands in Grafana's variables: Grafana adds quotes, ClickHouse reads the value itself."""
    return value.replace("\\", "\\\\").replace("$", "\\x24")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    with staged(tmp_path_factory.mktemp("boards") / "data") as opened:
        yield opened


@pytest.fixture(scope="module")
def options(warehouse):
    """What Grafana offers: the answers of the variables' queries as it has them, each with our own beside it."""
    found = {}
    for where, query in queries(JSON["live"]):
        if where.startswith("variable "):
            name = where.removeprefix("variable ")
            theirs = warehouse.ask(sent(query["rawSql"], {}, {}, SPAN))
            found[name] = (theirs, warehouse.ask(expanded(statement(f"variable_{name}"), SPAN, {})))
    return found


def target(name, panel):
    (one,) = [shown for shown in JSON[name]["panels"] if shown["id"] == panels.number(panel.id)]
    return one["targets"][0]["rawSql"]


def variables():
    """Every variable of every board that Grafana gets, once."""
    return {v.name: v for board in BOARDS.values() for v in board.variables if not v.page_only}.values()


def test_values_come_escaped_and_their_texts_as_they_are(options) -> None:
    assert {"seller", "platform", "session", "host", "currency"} <= options.keys()
    for name, (theirs, ours) in options.items():
        assert theirs["value"].to_list() == [written(value) for value in ours["value"]], name
        assert theirs["text"].to_list() == ours["text"].to_list(), name
    assert {f"m {nasty}" for nasty in HOSTILE} <= set(options["seller"][1]["value"])
    assert {f"s {nasty}" for nasty in HOSTILE} <= set(options["session"][1]["value"])


def choices(options):
    """Everything and nothing chosen: in Grafana, and for our own macros."""
    fixed = {v.name: v.default or v.options[0][0] for v in variables() if not v.multi and v.options}
    single = fixed | {"currency": "CNY"}
    several = [v.name for v in variables() if v.multi]
    all_theirs = single | {name: [ALL] for name in several}
    all_ours = {name: [value] for name, value in single.items()} | {name: [] for name in several}
    theirs, ours = dict(all_theirs), dict(all_ours)
    for name in ("seller", "session", "host"):
        theirs[name] = options[name][0]["value"].to_list()
        ours[name] = options[name][1]["value"].to_list()
    theirs["kind"] = ours["kind"] = ["human", "digital", "unknown"]
    return [(all_theirs, all_ours), (theirs, ours)]


def same(warehouse, one, other):
    """Whether the engine reads two statements alike: it is asked to write both in its own way."""
    pair = warehouse.ask(f"SELECT formatQuery({literal(one)}) AS a, formatQuery({literal(other)}) AS b")
    return pair["a"][0] == pair["b"][0]


def every_query():
    for name, found in JSON.items():
        yield from ((f"{name} {where}", query["rawSql"]) for where, query in queries(found))


@pytest.mark.parametrize("modern", [True, False])
def test_what_grafana_sends_is_read_as_what_our_macros_write(warehouse, options, modern) -> None:
    """Every query of every board, with hostile ids chosen one and all: the engine reads the same statement."""
    lists = {v.name: [value for value, _ in v.options] for v in variables()}
    lists |= {name: theirs["value"].to_list() for name, (theirs, _) in options.items()}
    for theirs, ours in choices(options):
        for where, sql in every_query():
            grafanas, plain = sent(sql, theirs, lists, SPAN, modern=modern), expanded(sql, SPAN, ours)
            assert same(warehouse, grafanas, plain), where


def test_a_single_hostile_value_is_read_as_itself(warehouse) -> None:
    sql = "SELECT 1 WHERE 'x' IN (${seller:sqlstring})"
    for nasty in HOSTILE:
        for modern in (True, False):
            theirs = sent(sql, {"seller": written(nasty)}, {}, SPAN, modern=modern)
            assert same(warehouse, theirs, expanded(sql, SPAN, {"seller": [nasty]})), nasty


def test_without_the_escaping_hostile_values_would_be_read_as_something_else(warehouse) -> None:
    """The emulator is not blind: ids as they are go wrong in Grafana."""
    sql = "SELECT 1 WHERE 'x' IN (${seller:sqlstring})"
    wrong = []
    for nasty in ("back\\name", "$__interval_s"):
        theirs = sent(sql, {"seller": nasty}, {}, SPAN)
        wrong.append(same(warehouse, theirs, expanded(sql, SPAN, {"seller": [nasty]})))
    assert wrong == [False, False]


def around():
    """Panels whose statement Grafana gets with something around it; that of all others is the page's own."""
    found = [(name, panel) for name, panel in PANELS if target(name, panel) != statement(f"{name}_{panel.id}")]
    assert 5 < len(found) < len(PANELS)
    return found


def test_what_is_put_around_a_statement_changes_no_row(warehouse, options) -> None:
    """As Grafana sends it against our page's, on the engine, with hostile ids chosen: rows, order, columns."""
    (_, _), (theirs, ours) = choices(options)
    filled = []
    for name, panel in around():
        page = warehouse.ask(expanded(statement(f"{name}_{panel.id}"), SPAN, ours))
        got = warehouse.ask(sent(target(name, panel), theirs, {}, SPAN))
        if not page.height:
            assert not got.height, (name, panel.id)
            continue
        assert page.columns == [column.name for column in panel.columns], (name, panel.id)
        assert got.columns == [column.name for column in statements.columns(panel)], (name, panel.id)
        links = statements.linked(panel) if panel.kind is Kind.TABLE else set()
        days = {column.name for column in panel.columns if column.unit is Unit.DATE}
        for mine, grafanas in zip(page.to_dicts(), got.to_dicts(), strict=True):
            wanted = {key: written(mine[key]) if key in links and mine[key] else mine[key] for key in got.columns}
            wanted |= {key: str(mine[key]) for key in days}
            assert moving(name, panel) or grafanas == wanted, (name, panel.id)
        filled.append(panel.id)
    assert len(filled) > 5


def moving(name, panel):
    """Panels that look at the clock of the engine: their figures differ from one moment to the next."""
    return "now" in statement(f"{name}_{panel.id}")


SHORT = {name: replace(BOARDS[name], panels=BOARDS[name].panels[:2]) for name in ("live", "pipeline")}


def test_every_query_is_tried_with_nothing_and_with_one_value_chosen(warehouse) -> None:
    found = list(tried(warehouse, SHORT, ALERTS, "UTC"))
    assert [one for one in found if one.error] == []
    assert {one.board for one in found} == {*SHORT, "alerts"}
    rows = {(one.board, one.what): one.rows for one in found}
    assert rows["live", "variable seller"] == len(HOSTILE)
    assert rows["live", "panel gmv"] == 1
    assert rows["live", "annotation handovers"] > 0
    assert len([one for one in found if one.board == "alerts"]) == len(ALERTS) > 0
    assert all(one.ms > 0 for one in found)


OTHERWISE = [
    ("live_gmv", "SELECT nothing FROM nowhere", "panel gmv", "nowhere"),
    ("live_gmv", "SELECT 1 AS gmv", "panel gmv", "columns gmv instead of gmv, buyers"),
    ("variable_seller", "SELECT value FROM nowhere", "variable seller", "nowhere"),
    ("annotation_handovers", "SELECT 1 AS time, 2 AS timeEnd", "annotation handovers", "instead of time, text"),
    ("alert_data_age", "SELECT 1 AS a, 2 AS b", "hostledger-data-age", "needs one number, and gets: a, b"),
]


@pytest.mark.parametrize(("name", "sql", "what", "said"), OTHERWISE)
def test_a_query_that_fails_is_named_with_its_reason(warehouse, monkeypatch, name, sql, what, said) -> None:
    for module in (statements, trying):
        monkeypatch.setattr(module, "statement", lambda asked: sql if asked == name else statement(asked))
    live = BOARDS["live"]
    short = {"live": replace(live, panels=live.panels[:1], variables=live.variables, annotations=live.annotations[:1])}
    errors = {one.what: one.error for one in tried(warehouse, short, ALERTS[:1], "UTC") if one.error}
    assert said in errors[what]
    assert set(errors) == {what}
