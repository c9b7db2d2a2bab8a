"""Our macros are those of Grafana's ClickHouse data source: its table, its passes beside ours, and values never SQL."""

import pytest
from grafana_macros import ALL, Unreadable, browser, sent
from hypothesis import given
from hypothesis import strategies as st
from warehouse_books import rows

from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range, expanded, literal

SPAN = Range(1_785_754_800_000, 1_785_758_400_000, 60_000)
"""2026-08-03 11:00 to 12:00 UTC, a point per minute."""
FIRST, LAST = "toDateTime(1785754800)", "toDateTime(1785758399)"
FIRST_MS, LAST_MS = "fromUnixTimestamp64Milli(1785754800000)", "fromUnixTimestamp64Milli(1785758399999)"
MACROS = {
    "$__fromTime": FIRST,
    "$__toTime": LAST,
    "$__fromTime_ms": FIRST_MS,
    "$__toTime_ms": LAST_MS,
    "$__timeFilter(minute)": f"minute >= {FIRST} AND minute <= {LAST}",
    "$__timeFilter_ms(at)": f"at >= {FIRST_MS} AND at <= {LAST_MS}",
    "$__dateFilter(day)": "day >= toDate('2026-08-03') AND day <= toDate('2026-08-03')",
    "$__timeInterval(minute)": "toStartOfInterval(toDateTime(minute), INTERVAL 60 second)",
    "$__timeInterval_ms(at)": "toStartOfInterval(toDateTime64(at, 3), INTERVAL 60000 millisecond)",
    "$__timeGroup(minute,5m)": "toStartOfInterval(toDateTime(minute), INTERVAL 300 second)",
    "$__interval_s": "60",
}
"""The macros that boards may use, and what the plugin makes of them."""


@pytest.mark.parametrize(("macro", "meant"), MACROS.items())
def test_a_macro_becomes_what_the_plugin_makes_of_it(macro: str, meant: str) -> None:
    assert expanded(f"a + {macro} + b", SPAN, {}) == f"a + {meant} + b"
    assert sent(f"a + {macro} + b", {}, {}, SPAN) == f"a + {meant} + b"


def test_the_engine_reads_what_every_macro_becomes(warehouse: Embedded) -> None:
    columns = "FROM (SELECT toDateTime(0) AS minute, toDateTime64(0, 3) AS at, toDate(0) AS day)"
    found = rows(warehouse, expanded(f"SELECT {', '.join(MACROS)} {columns}", SPAN, {}))
    assert [len(row) for row in found] == [len(MACROS)]


def test_an_interval_is_a_second_at_least() -> None:
    assert expanded("$__interval_s", Range(0, 10, 1), {}) == "1"


@pytest.mark.parametrize("text", ["$__columns(a, b)", "$__lttb(a)", "$__table", "$__timeFilter"])
def test_a_macro_that_boards_may_not_use_is_refused(text: str) -> None:
    with pytest.raises(WarehouseError, match="unknown macro"):
        expanded(f"SELECT {text}", SPAN, {})


def test_a_condition_stands_only_where_something_is_chosen() -> None:
    sql = "$__conditionalAll(a IN (${a:sqlstring}), $a) AND $__conditionalAll(b IN (f(${b:sqlstring})), $b)"
    ours = expanded(sql, SPAN, {"a": ["x", "y"], "b": []})
    assert ours == "a IN ('x','y') AND 1=1"
    assert browser(sql, {"a": ["x", "y"], "b": [ALL]}, {"b": ["1", "2"]}) == ours


def test_a_condition_in_a_condition_is_expanded_from_within() -> None:
    sql = "$__conditionalAll(a IN (SELECT c WHERE $__conditionalAll(b = ${b:sqlstring}, $b)), $a)"
    for chosen in ({"a": ["x"], "b": ["y"]}, {"a": [], "b": ["y"]}, {"a": ["x"], "b": []}):
        there = {name: values or [ALL] for name, values in chosen.items()}
        assert expanded(sql, SPAN, chosen) == browser(sql, there, {})


def test_a_condition_with_a_comma_outside_of_brackets_would_fail_in_grafana() -> None:
    with pytest.raises(Unreadable, match="leave this as it is"):
        browser("$__conditionalAll(a = 1, b, $a)", {"a": ["x"]}, {})


def test_a_condition_without_its_end_or_its_variable_is_refused() -> None:
    for sql in ("$__conditionalAll(a = 1", "$__conditionalAll(a = 1)"):
        with pytest.raises(WarehouseError, match="lacks its second argument or its end"):
            expanded(sql, SPAN, {})


def test_a_variable_that_nobody_gave_is_refused_and_an_empty_one_is_the_empty_text() -> None:
    with pytest.raises(WarehouseError, match="nobody gave a value: a"):
        expanded("${a:sqlstring}", SPAN, {})
    assert expanded("x = ${a:sqlstring}", SPAN, {"a": []}) == "x = ''"


def test_a_value_is_never_read_as_a_macro_or_as_a_variable() -> None:
    values = {"a": ["$__timeFilter(x)", "${b:sqlstring}", "$__conditionalAll(1, $a)"], "b": ["secret"]}
    assert expanded("a IN (${a:sqlstring})", SPAN, values) == (
        "a IN ('$__timeFilter(x)','${b:sqlstring}','$__conditionalAll(1, $a)')"
    )


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40))
def test_a_literal_stays_inside_its_quotes(text: str) -> None:
    written = literal(text)
    inner, at, read = written[1:-1], 0, ""
    while at < len(inner):
        assert inner[at] != "'"
        step = 2 if inner[at] == "\\" else 1
        read += {"\\\\": "\\", "\\'": "'", "\\0": "\0"}.get(inner[at : at + step], inner[at : at + step])
        at += step
    assert read == text
