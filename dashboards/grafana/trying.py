"""Every query of every board, run on a warehouse as Grafana would send it: whether it answers, and how fast."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analytics.warehouse import Warehouse, WarehouseError
from dashboards.grafana import statements
from dashboards.macros import Range, expanded
from dashboards.spec import Alert, Board, Panel, Variable
from dashboards.sql import statement

_MINUTE_MS = 60_000
_SPANS_MS = {"s": 1_000, "m": _MINUTE_MS, "h": 60 * _MINUTE_MS, "d": 1_440 * _MINUTE_MS}
_POINTS = 300
"""About as many points as a panel is wide enough for."""
_MARKS = ["time", "text"]
_NEWEST = "SELECT toInt64(toUnixTimestamp(max(minute))) AS newest_s FROM activity_minute"
Values = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Tried:
    """One query: of which board (or `alerts`), what, rows, milliseconds of the slower try; error: why it failed."""

    board: str
    what: str
    rows: int
    ms: float
    error: str = ""


def tried(warehouse: Warehouse, boards: Mapping[str, Board], alerts: Sequence[Alert], zone: str) -> Iterator[Tried]:
    """Run every query: with nothing chosen, and with one value of each variable."""
    until_ms = _end(warehouse)
    for name, board in boards.items():
        span = _range(board.since, until_ms)
        yield from _board(warehouse, name, board, span, zone)
    for alert in alerts:
        window = _rounded(alert.window_s * 1000, until_ms)
        yield _run(warehouse, "alerts", alert.uid, statement(alert.query), (window, [{}]), None)


def _board(warehouse: Warehouse, name: str, board: Board, span: Range, zone: str) -> Iterator[Tried]:
    chosen: list[Values] = []
    for multi in (False, True):
        values: Values = {"zone": [zone]} | {v.name: [] for v in board.variables if v.name != "zone"}
        for variable in board.variables:
            if variable.name != "zone" and (multi or not variable.multi):
                try:
                    values[variable.name] = _first(warehouse, variable, span, values)
                except WarehouseError as error:
                    yield Tried(name, f"variable {variable.name}", 0, 0, str(error))
        chosen.append(values)
    for variable in board.variables:
        if variable.query:
            sql, with_all = statements.for_variable(variable.query), (span, chosen)
            yield _run(warehouse, name, f"variable {variable.name}", sql, with_all, ["value", "text"])
    for mark in board.annotations:
        sql = statements.for_annotation(mark.query)
        yield _run(warehouse, name, f"annotation {mark.name}", sql, (span, chosen), _MARKS)
    for panel in board.panels:
        sql = statements.for_panel(name, panel)
        yield _run(warehouse, name, f"panel {panel.id}", sql, (span, chosen), _names(panel))


def _names(panel: Panel) -> list[str]:
    return [column.name for column in statements.columns(panel)]


def _first(warehouse: Warehouse, variable: Variable, span: Range, values: Values) -> list[str]:
    """Give one value of a variable: its default, else the first that there is."""
    if variable.default or not variable.query:
        return [variable.default or variable.options[0][0]]
    answer = warehouse.ask(expanded(statement(variable.query), span, values))
    return [str(answer["value"][0])] if answer.height else []


def _run(
    warehouse: Warehouse,
    board: str,
    what: str,
    sql: str,
    asked: tuple[Range, Sequence[Values]],
    names: Sequence[str] | None,
) -> Tried:
    """Run one query with each choice of values; names: the columns that it must have, None for one number."""
    (span, choices), most, slowest = asked, 0, 0.0
    try:
        for values in choices:
            began = time.perf_counter()
            answer = warehouse.ask(expanded(sql, span, values))
            slowest = max(slowest, (time.perf_counter() - began) * 1000)
            most = max(most, answer.height)
            if wrong := _unlike(answer.columns, names):
                return Tried(board, what, most, slowest, wrong)
    except WarehouseError as error:
        return Tried(board, what, most, slowest, str(error))
    return Tried(board, what, most, slowest)


def _unlike(found: Sequence[str], names: Sequence[str] | None) -> str:
    """Say how the columns of an answer differ from those that are wanted; an answer without rows may have none."""
    if names is None:
        return "" if len(found) <= 1 else f"an alert needs one number, and gets: {', '.join(found)}"
    told = [name for name in found if names is not _MARKS or name != "timeEnd"]
    return "" if told in ([], list(names)) else f"columns {', '.join(told)} instead of {', '.join(names)}"


def _end(warehouse: Warehouse) -> int:
    """Give the end of what is looked at: the minute after the last in which viewers did anything, or now for none."""
    newest = int(warehouse.ask(_NEWEST)["newest_s"][0])
    return newest * 1000 + _MINUTE_MS if newest else int(time.time() * 1000)


def _range(since: str, until_ms: int) -> Range:
    """Give the default range of a board, as `now-1h`, up to a time."""
    return _rounded(int(since[4:-1]) * _SPANS_MS[since[-1]], until_ms)


def _rounded(long_ms: int, until_ms: int) -> Range:
    return Range(until_ms - long_ms, until_ms, max(long_ms // _POINTS // _MINUTE_MS * _MINUTE_MS, _MINUTE_MS))
