"""What Grafana 13 and its ClickHouse data source 4.20 make of a statement before ClickHouse sees it: both passes.

Written from their behaviour, and on purpose not like dashboards/macros.py: text is replaced in text, values are put in
early, and macros are expanded wherever they stand, also inside of literals.

- `browser`: the plugin's `applyConditionalAll`, whose arguments are cut at every comma outside of brackets; then
  Grafana's own variables. `sqlstring` pairs single quotes; newer Grafanas also put a backslash before double ones.
- `backend`: macros by the longest name first; what stands in brackets after one is its argument.
"""

import re
from datetime import UTC, datetime

ALL = "$__all"
_CONDITION = "$__conditionalAll("
_VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}")
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Unreadable(Exception):  # noqa: N818  # named for what is the case
    """Grafana would send something that no one meant."""


def sent(sql, chosen, options, span, *, modern=True):
    """Give the statement that ClickHouse gets. chosen, options: values by variable; ALL stands for all of them."""
    return backend(browser(sql, chosen, options, modern=modern), span)


def browser(sql, chosen, options, *, modern=True):
    while (at := sql.rfind(_CONDITION)) >= 0:
        arguments = _cut(sql, at + len(_CONDITION) - 1)
        if len(arguments) != 2:
            raise Unreadable(f"Grafana would leave this as it is: {sql[at : at + 200]}")
        name = arguments[1].strip()[1:]
        if name not in chosen:
            raise Unreadable(f"no variable {name}")
        value = ",".join(chosen[name]) if isinstance(chosen[name], list) else chosen[name]
        phrase = "1=1" if value in {"", ALL} else _as_javascript_replaces(arguments[0])
        sql = sql.replace(f"{_CONDITION}{arguments[0]},{arguments[1]})", phrase, 1)

    def put(found):
        name, form = found[1] or found[2] or found[4], found[3] or found[6]
        if name not in chosen:
            return found[0]
        values = options.get(name, []) if chosen[name] in (ALL, [ALL]) else chosen[name]
        if form != "sqlstring":
            raise Unreadable(f"{found[0]} is put in without care")
        values = values if isinstance(values, list) else [values]
        return ",".join(_sqlstring(value, modern=modern) for value in values) or "''"

    return _VARIABLE.sub(put, sql)


def _as_javascript_replaces(text):
    """In the second argument of JavaScript's replace, some signs after a dollar sign mean something."""
    if re.search(r"\$[$&`']", text):
        raise Unreadable(f"JavaScript would not put this in as it is: {text}")
    return text


def _sqlstring(value, *, modern):
    doubled = value.replace("'", "''")
    return "'" + (doubled.replace('"', '\\"') if modern else doubled) + "'"


def _cut(sql, begin):
    """Cut what stands in brackets at every comma outside of further brackets."""
    depth, last, found = 0, begin + 1, []
    for at in range(begin, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[at], 0)
        if (sql[at] == "," and depth == 1) or depth == 0:
            found.append(sql[last:at])
            last = at + 1
        if depth == 0:
            return found
    return []


def backend(sql, span):
    """span: a Range of ours; Grafana's is closed and has only its first and last second."""
    f, t, n = span.from_ms // 1000, (span.until_ms - 1) // 1000, max(span.step_ms // 1000, 1)
    milliseconds = (span.from_ms, span.until_ms - 1)
    days = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d") for at in (f, t)]
    known = {
        "fromTime": lambda _: f"toDateTime({f})",
        "toTime": lambda _: f"toDateTime({t})",
        "fromTime_ms": lambda _: f"fromUnixTimestamp64Milli({milliseconds[0]})",
        "toTime_ms": lambda _: f"fromUnixTimestamp64Milli({milliseconds[1]})",
        "timeFilter": lambda c: f"{c} >= toDateTime({f}) AND {c} <= toDateTime({t})",
        "timeFilter_ms": lambda c: (
            f"{c} >= fromUnixTimestamp64Milli({milliseconds[0]}) AND {c} <= fromUnixTimestamp64Milli({milliseconds[1]})"
        ),
        "dateFilter": lambda c: f"{c} >= toDate('{days[0]}') AND {c} <= toDate('{days[1]}')",
        "timeInterval": lambda c: f"toStartOfInterval(toDateTime({c}), INTERVAL {n} second)",
        "timeInterval_ms": lambda c: (
            f"toStartOfInterval(toDateTime64({c}, 3), INTERVAL {max(span.step_ms, 1)} millisecond)"
        ),
        "timeGroup": _time_group,
        "interval_s": lambda _: str(n),
    }
    for name in sorted(known, key=len, reverse=True):
        while (at := sql.find(f"$__{name}")) >= 0:
            end = at + len(name) + 3
            argument = ""
            if name not in {"fromTime", "toTime", "fromTime_ms", "toTime_ms", "interval_s"}:
                argument = ",".join(_cut(sql, end))
                end += len(argument) + 2
            sql = sql[:at] + known[name](argument) + sql[end:]
    if found := re.search(r"\$__\w+", sql):
        raise Unreadable(f"the plugin knows no {found[0]}")
    return sql


def _time_group(argument):
    column, every = (part.strip() for part in argument.rsplit(",", 1))
    return f"toStartOfInterval(toDateTime({column}), INTERVAL {int(every[:-1]) * _SPANS[every[-1]]} second)"
