"""Every query of every board runs on the engine, whatever is chosen and stored; no value is read as anything else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from board_stage import (
    BEGIN_MS,
    CONTROL,
    HOSTILE,
    MINUTE_MS,
    asked,
    evening,
    filled,
    odd_amount,
    rows_of,
    said,
    whole_evening,
)
from boards_referee import money

from analytics.warehouse.embedded import Embedded
from dashboards.boards import ALERTS, BOARDS
from dashboards.macros import Range, expanded
from dashboards.spec import Panel, Unit, Variable
from dashboards.sql import statement

Values = Mapping[str, Sequence[str]]
SPAN = Range(BEGIN_MS - 60 * MINUTE_MS, BEGIN_MS + 172 * MINUTE_MS, MINUTE_MS)
ODD = [*HOSTILE, *CONTROL]
VARIABLES: dict[str, Variable] = {each.name: each for board in BOARDS.values() for each in board.variables}
PANELS: dict[str, Panel] = {f"{name}_{panel.id}": panel for name, board in BOARDS.items() for panel in board.panels}
ASKED = sorted(
    {*PANELS}
    | {mark.query for board in BOARDS.values() for mark in board.annotations}
    | {query for variable in VARIABLES.values() for query in (variable.query, variable.own) if query}
    | {alert.query for alert in ALERTS}
)
KNOWN = {"seller": ["a", "b"], "platform": ["douyin", "tiktok"], "session": ["s1", "s2"], "host": ["d1", "h1"]}
TYPES = {
    Unit.TEXT: r"String",
    Unit.TIME: r"DateTime.*UTC",
    Unit.DATE: r"Date(?!Time)",
    Unit.COUNT: r"U?Int\d+",
    Unit.MONEY: r"Decimal\(38, 4\)",
    Unit.SHARE: r"Float64",
    Unit.SECONDS: r"Float64|U?Int\d+",
    Unit.NUMBER: r"Float64|U?Int\d+",
    Unit.KIND: r"String",
    Unit.STATE: r"U?Int\d+",
    Unit.CHECK: r"U?Int\d+|Float64|Decimal\(38, 4\)",
    Unit.HOST: r"String",
    Unit.SESSION: r"String",
    Unit.ORDER: r"String",
}


def chosen(**some: Sequence[str]) -> dict[str, Sequence[str]]:
    """Values of every variable of every board: what is given, else the default, else nothing, else the commonest."""
    usual = {name: [one.default] if one.default else [] for name, one in VARIABLES.items()}
    return usual | {"currency": ["CNY"]} | some


def several(of: Values) -> dict[str, Sequence[str]]:
    """Values for the variables that take several."""
    return {name: of.get(name, ["human", "digital"]) for name, one in VARIABLES.items() if one.multi}


CHOICES: dict[str, Values] = {
    "one each": chosen(**{name: values[:1] for name, values in several(KNOWN).items()}),
    "several each, odd ones too": chosen(**{name: [*KNOWN.get(name, []), *ODD] for name in several(KNOWN)}),
}
"""Nothing chosen: `of_nothing`, and the columns of a panel."""


@pytest.fixture(scope="module")
def of_nothing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What every query says of an empty warehouse; closed before the other one opens."""
    empty = Embedded.open(tmp_path_factory.mktemp("empty"))
    try:
        return {name: rows_of(empty, name, SPAN, chosen()) for name in ASKED}
    finally:
        empty.close()


@pytest.fixture(scope="module")
def stage(of_nothing: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    assert of_nothing
    opened = filled(tmp_path_factory.mktemp("evening"), evening())
    yield opened
    opened.close()


@pytest.mark.parametrize("name", ASKED)
def test_a_query_answers_about_an_empty_warehouse_without_a_number_made_up(
    of_nothing: dict[str, list[dict[str, Any]]], name: str
) -> None:
    told = {value for row in of_nothing[name] for value in row.values() if not isinstance(value, str)}
    assert told <= {None, 0, *range(24)}


def test_an_empty_warehouse_has_no_age(of_nothing: dict[str, list[dict[str, Any]]]) -> None:
    assert of_nothing["live_data_age"] == of_nothing["pipeline_data_age"] == [{"age": None}]
    assert of_nothing["live_gmv"] == [{"gmv": 0, "buyers": 0}]
    assert of_nothing["live_digital_share"] == [{"share": None}]
    assert of_nothing["live_rates"][0]["gpm"] is None


@pytest.mark.parametrize("name", ASKED)
def test_a_query_runs_whatever_is_chosen(stage: Embedded, name: str) -> None:
    choices = [*CHOICES.values(), chosen(currency=["') OR 1=1 --"], model=["\\"])]
    for text in dict.fromkeys(expanded(statement(name), SPAN, values) for values in choices):
        said(stage, text)


@pytest.mark.parametrize("name", sorted(PANELS))
def test_a_query_answers_the_columns_of_its_panel_in_their_types(stage: Embedded, name: str) -> None:
    text = expanded(statement(name), SPAN, chosen())
    found = {row["name"]: row["type"] for row in said(stage, f"DESCRIBE ({text})")}
    assert list(found) == [column.name for column in PANELS[name].columns]
    odd = {c.name: found[c.name] for c in PANELS[name].columns if not re.search(TYPES[c.unit], found[c.name])}
    assert odd == {}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_id_finds_its_own_money_and_nothing_else(stage: Embedded, odd: str) -> None:
    narrowed: list[dict[str, Any]] = [{"session": (odd,)}, {"seller": (odd,)}, {"platform": (odd,)}]
    if odd in HOSTILE:
        narrowed.append({"host": (odd,)})
    for more in narrowed:
        choice = whole_evening(**more)
        assert asked(stage, "live_gmv", choice)[0]["gmv"] == money(odd_amount(odd), "CNY")
        assert [row["order_id"] for row in asked(stage, "live_latest", choice)] == [f"odd-{ODD.index(odd)}"]
    found = asked(stage, "live_sessions", whole_evening(session=(odd,)))
    assert [(row["session_id"], row["session"], row["orders"], row["viewers"]) for row in found] == [(odd, odd, 1, 1)]


def test_variables_offer_odd_ids_as_they_are(stage: Embedded) -> None:
    offered = {name: [row["value"] for row in rows_of(stage, f"variable_{name}", SPAN, {})] for name in KNOWN}
    assert set(ODD) <= set(offered["session"])
    assert set(ODD) <= set(offered["seller"])
    assert set(ODD) <= set(offered["platform"])
    assert set(HOSTILE) <= set(offered["host"])
    assert all(len(values) == len(set(values)) for values in offered.values())


def test_variables_offer_the_latest_and_the_most_used_first(stage: Embedded) -> None:
    def offered(name: str) -> list[tuple[str, str]]:
        rows = rows_of(stage, f"variable_{name}", SPAN, {})
        return [(row["value"], row["text"]) for row in rows if row["value"] not in ODD]

    assert offered("currency")[0][0] == "CNY"
    assert offered("seller") == [("b", "b"), ("a", "a")]
    assert offered("platform") == [("douyin", "douyin"), ("tiktok", "tiktok")]
    assert offered("session") == [
        ("s3", "Late show · douyin"),
        ("s2", "Late show · tiktok"),
        ("s1", "秋冬晚场 · douyin"),
    ]
    assert offered("host") == [
        ("h2", "Name of h2"),
        ("x1", "Name of x1"),
        ("h1", "Name of h1"),
        ("d2", "Name of d2"),
        ("d1", "Name of d1"),
        ("ghost", "ghost"),
    ]


def test_sessions_outside_the_range_are_not_offered(stage: Embedded) -> None:
    early = Range(BEGIN_MS, BEGIN_MS + 19 * MINUTE_MS, MINUTE_MS)
    assert [row["value"] for row in rows_of(stage, "variable_session", early, {})] == ["s2", "s1"]


def test_alerts_know_no_variables_and_answer_one_number_at_most(stage: Embedded) -> None:
    for alert in ALERTS:
        text = statement(alert.query)
        assert "$" not in text
        found = said(stage, text)
        assert len(found) <= 1
        assert all(len(row) == 1 and isinstance(next(iter(row.values())), int | float) for row in found)


def test_every_query_and_every_fragment_is_asked_for() -> None:
    folder = Path(__file__).parents[1] / "dashboards" / "queries"
    texts = {path.stem: path.read_text() for path in folder.glob("*.sql")}
    assert {name for name in texts if not name.startswith("_")} == set(ASKED)
    named = {name for text in texts.values() for name in re.findall(r"\{\{(\w+)\}\}", text)}
    assert {name[1:] for name in texts if name.startswith("_")} <= named
