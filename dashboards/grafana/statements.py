"""The statements of the boards as Grafana sends them: the same ones, with a little around them where it needs it.

Grafana's `${v:sqlstring}` only sets quotes apart (`'` as `''`, newer versions also `"` as a backslash and `"`), while
ClickHouse reads backslashes too, and the plugin expands macros inside literals. So values come to Grafana with a
backslash as two and a dollar sign as backslash x24: what it makes of them, ClickHouse reads as the value itself.
"""

from collections.abc import Sequence

from dashboards.spec import Column, Kind, Panel, Unit
from dashboards.sql import statement

IDS = {Unit.HOST: "host_id", Unit.SESSION: "session_id"}
"""Columns of ids that lead to a board, by the unit of the name beside them."""
COLOURS = "kind"
"""The column, also a hidden one, by whose kind of host bars are coloured."""


def for_panel(board: str, panel: Panel) -> str:
    """Write the statement of a panel of a board (its short name): only the columns that Grafana shows or needs."""
    inner, kept = _plain(f"{board}_{panel.id}"), columns(panel)
    terms = {column.name: _term(column, panel) for column in kept}
    if len(kept) == len(panel.columns) and all(name == term for name, term in terms.items()):
        return inner
    return _around(inner, [term if name == term else f"{term} AS {name}" for name, term in terms.items()])


def for_variable(query: str) -> str:
    """Write the statement of a variable: its values come escaped, their texts as they are."""
    return _around(_plain(query), [f"{escaped('value')} AS value", "text"])


def for_annotation(query: str) -> str:
    """Write the statement of an annotation."""
    return _plain(query)


def columns(panel: Panel) -> list[Column]:
    """Give the columns that Grafana gets: hidden ones only for the links of a table and the colours of bars."""
    shown = [column for column in panel.columns if not column.page_only]
    if panel.kind is Kind.TABLE:
        return shown
    colours = {COLOURS} if panel.kind is Kind.BARS else set()
    return [column for column in shown if not column.hidden or column.name in colours]


def escaped(term: str) -> str:
    """Write a term of SQL whose value survives `${v:sqlstring}` and the plugin's macros."""
    twice = f"replaceAll(toString({term}), char(92), concat(char(92), char(92)))"
    return f"replaceAll({twice}, char(36), concat(char(92), 'x24'))"


def _term(column: Column, panel: Panel) -> str:
    """Write a column: a day as text, as Grafana would take it for a moment; an id of a link as variables have it."""
    if column.unit is Unit.DATE and panel.kind not in {Kind.SERIES, Kind.STACK}:
        return f"toString({column.name})"
    if panel.kind is Kind.TABLE and column.name in linked(panel):
        return escaped(column.name)
    return column.name


def linked(panel: Panel) -> set[str]:
    """Give the columns of ids that links of a panel take their value from."""
    wanted = {IDS[column.unit] for column in panel.columns if column.unit in IDS}
    return wanted & {column.name for column in panel.columns}


def _plain(name: str) -> str:
    return statement(name).rstrip().removesuffix(";").rstrip()


def _around(inner: str, terms: Sequence[str]) -> str:
    return f"SELECT {', '.join(terms)}\nFROM (\n{inner}\n)"
