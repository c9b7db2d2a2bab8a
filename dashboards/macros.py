"""The macros of Grafana's ClickHouse data source, expanded for our own page as its plugin 4.20 expands them.

One thing is better here: values are put in last and in one pass, as literals in which nothing is special. So no value
is ever read as SQL or as a macro, whatever it holds.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from analytics.warehouse import WarehouseError

Values = Mapping[str, Sequence[str]]
"""Chosen values by variable; none means all."""

_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
_CONDITION = "$__conditionalAll("
_MACRO = re.compile(r"\$__(\w+)(\(([^()]*(?:\([^()]*\)[^()]*)*)\))?")
_ESCAPED = {"\\": "\\\\", "'": "\\'", "\0": "\\0"}
_SECOND_MS = 1000
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Range:
    """What is looked at: half-open, milliseconds UTC; step_ms: the interval of one point, at least a second."""

    from_ms: int
    until_ms: int
    step_ms: int

    @property
    def from_s(self) -> int:
        """The first second."""
        return self.from_ms // _SECOND_MS

    @property
    def to_s(self) -> int:
        """The last second that begins inside."""
        return (self.until_ms - 1) // _SECOND_MS

    @property
    def step_s(self) -> int:
        """The interval of one point in whole seconds."""
        return max(self.step_ms // _SECOND_MS, 1)


def expanded(sql: str, span: Range, values: Values) -> str:
    """Write the statement that the engine understands.

    Raises WarehouseError for a macro that the dialect does not know, and for a variable without a value.
    """
    return _with_values(_with_macros(_with_conditions(sql, values), span), values)


def literal(text: str) -> str:
    """Write a text as a literal of ClickHouse."""
    return "'" + "".join(_ESCAPED.get(character, character) for character in text) + "'"


def _with_conditions(sql: str, values: Values) -> str:
    """Expand `$__conditionalAll(condition, $variable)`, the last one first, as Grafana does."""
    while (at := sql.rfind(_CONDITION)) >= 0:
        condition, variable, end = _arguments(sql, at + len(_CONDITION))
        chosen = values.get(variable.strip().lstrip("$"), ())
        sql = sql[:at] + (condition if chosen else "1=1") + sql[end:]
    return sql


def _arguments(sql: str, begin: int) -> tuple[str, str, int]:
    """Split what stands in a macro's brackets at its last outer comma; also says where the brackets have closed."""
    depth, comma = 1, -1
    for at in range(begin, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[at], 0)
        if sql[at] == "," and depth == 1:
            comma = at
        if depth == 0 and comma > 0:
            return sql[begin:comma], sql[comma + 1 : at], at + 1
    raise WarehouseError(f"the macro {_CONDITION[:-1]} lacks its second argument or its end: {sql[begin:][:80]}")


def _with_macros(sql: str, span: Range) -> str:
    plain = {
        "fromTime": f"toDateTime({span.from_s})",
        "toTime": f"toDateTime({span.to_s})",
        "fromTime_ms": f"fromUnixTimestamp64Milli({span.from_ms})",
        "toTime_ms": f"fromUnixTimestamp64Milli({span.until_ms - 1})",
        "interval_s": str(span.step_s),
    }
    of_column = _of_column(span, plain)

    def one(found: re.Match[str]) -> str:
        name, brackets, argument = found[1], found[2], found[3]
        if name in plain:
            return plain[name] + (brackets or "")
        if name in of_column and brackets:
            return of_column[name](argument)
        raise WarehouseError(f"unknown macro $__{name}; the dialect knows those of Grafana's ClickHouse data source")

    return _MACRO.sub(one, sql)


def _of_column(span: Range, plain: Mapping[str, str]) -> dict[str, Callable[[str], str]]:
    """Macros with a column, by name."""
    first, last = (f"toDate('{datetime.fromtimestamp(at, UTC):%Y-%m-%d}')" for at in (span.from_s, span.to_s))
    seconds, milliseconds = f"INTERVAL {span.step_s} second", f"INTERVAL {max(span.step_ms, 1)} millisecond"
    return {
        "timeFilter": lambda of: f"{of} >= {plain['fromTime']} AND {of} <= {plain['toTime']}",
        "timeFilter_ms": lambda of: f"{of} >= {plain['fromTime_ms']} AND {of} <= {plain['toTime_ms']}",
        "dateFilter": lambda of: f"{of} >= {first} AND {of} <= {last}",
        "timeInterval": lambda of: f"toStartOfInterval(toDateTime({of}), {seconds})",
        "timeInterval_ms": lambda of: f"toStartOfInterval(toDateTime64({of}, 3), {milliseconds})",
        "timeGroup": _time_group,
    }


def _time_group(argument: str) -> str:
    column, _, every = argument.rpartition(",")
    every = every.strip().strip("'")
    return f"toStartOfInterval(toDateTime({column}), INTERVAL {int(every[:-1]) * _SPANS[every[-1]]} second)"


def _with_values(sql: str, values: Values) -> str:
    def chosen(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise WarehouseError(f"the statement names a variable that nobody gave a value: {found[1]}")
        return ",".join(map(literal, values[found[1]])) or "''"

    return _VARIABLE.sub(chosen, sql)
