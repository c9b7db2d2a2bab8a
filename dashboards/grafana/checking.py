"""What must hold for a dashboard's JSON before it goes anywhere; Grafana itself would load nearly anything."""

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from dashboards.grafana import sdk
from dashboards.grafana.emitting import COLUMNS, TAG

Json = dict[str, Any]
_LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,40}")
_USED = re.compile(r"\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)")
_MACRO = re.compile(r"\$__(\w+)")
_MACROS = {
    "conditionalAll",
    "timeFilter",
    "timeFilter_ms",
    "dateFilter",
    "timeInterval",
    "timeInterval_ms",
    "timeGroup",
}
_MACROS |= {"interval_s", "fromTime", "toTime", "fromTime_ms", "toTime_ms"}
_LEAST_REFRESH_S = 5
"""Grafana refuses a board that wants to be asked more often, unless its own settings allow it."""


def is_uid(text: str) -> bool:
    """Say whether Grafana takes a text as a uid."""
    return bool(_LEGAL.fullmatch(text))


def problems(found: Json) -> list[str]:
    """Say what is wrong with the JSON of a dashboard; nothing, if it is sound."""
    return [said for check in _CHECKS for said in check(found)]


def queries(found: Json) -> Iterator[tuple[str, Json]]:
    """Give every query of a dashboard with where it stands."""
    for panel in found.get("panels", []):
        yield from ((f"panel {panel.get('title')!r}", target) for target in panel.get("targets", []))
    for variable in found.get("templating", {}).get("list", []):
        if variable.get("type") == "query":
            yield f"variable {variable['name']}", variable["query"] | {"datasource": variable.get("datasource")}
    for mark in found.get("annotations", {}).get("list", []):
        yield f"annotation {mark.get('name')!r}", mark.get("target") or {}


def _is_what_grafana_reads(found: Json) -> Iterator[str]:
    """Grafana's own models read it, and lose nothing of it."""
    try:
        again = sdk.as_json(sdk.parse(found))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield f"Grafana's models cannot read it: {type(error).__name__} {error}"
        return
    lost = sorted(key for key in found if again.get(key) != found[key])
    if lost:
        yield f"Grafana's models read it otherwise in: {', '.join(lost)}"


def _has_a_name(found: Json) -> Iterator[str]:
    if not is_uid(found.get("uid") or ""):
        yield f"uid {found.get('uid')!r} is none; use up to 40 letters, digits, hyphens"
    if not found.get("title"):
        yield "the title is empty"
    if TAG not in found.get("tags", []):
        yield f"the tag {TAG} is missing"
    refresh = found.get("refresh") or ""
    if not refresh.endswith("s") or int(refresh[:-1]) < _LEAST_REFRESH_S:
        yield f"refresh {refresh!r} is below {_LEAST_REFRESH_S}s"


def _panels_have_their_own_place(found: Json) -> Iterator[str]:
    panels = found.get("panels", [])
    numbers = [panel["id"] for panel in panels]
    yield from (f"the panel number {n} is there twice" for n in sorted({n for n in numbers if numbers.count(n) > 1}))
    for panel in panels:
        at = panel["gridPos"]
        if at["x"] < 0 or at["w"] < 1 or at["h"] < 1 or at["x"] + at["w"] > COLUMNS:
            yield f"panel {panel['title']!r} stands outside of the grid"
    for one, other in combinations(panels, 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"panels {one['title']!r} and {other['title']!r} overlap"


def _overlap(one: Json, other: Json) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    return not (beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"])


def _everything_is_asked_of_our_data_source(found: Json) -> Iterator[str]:
    for where, query in queries(found):
        if not str(query.get("rawSql") or "").strip():
            yield f"{where} asks nothing"
        if query.get("datasource") != sdk.reference().to_json():
            yield f"{where} does not ask the data source {sdk.DATASOURCE}"
    for panel in found.get("panels", []):
        if not panel.get("targets"):
            yield f"panel {panel['title']!r} has no query"


def _variables_are_declared(found: Json) -> Iterator[str]:
    declared = {variable["name"] for variable in found.get("templating", {}).get("list", [])}
    texts = [(where, str(query.get("rawSql"))) for where, query in queries(found)]
    texts += [(f"title of panel {panel['title']!r}", panel["title"]) for panel in found.get("panels", [])]
    for where, text in texts:
        for name in sorted({one or other for one, other in _USED.findall(text)} - declared):
            if not name.startswith("__"):
                yield f"{where} names a variable that is not declared: {name}"


def _only_known_macros_and_safe_variables(found: Json) -> Iterator[str]:
    for where, query in queries(found):
        sql = str(query.get("rawSql"))
        yield from (f"{where} uses $__{name}" for name in sorted(set(_MACRO.findall(sql)) - _MACROS))
        if re.search(r"\$\{(?!\w+:sqlstring\})", sql):
            yield f"{where} puts a variable in without :sqlstring"


_CHECKS: tuple[Callable[[Json], Iterator[str]], ...] = (
    _is_what_grafana_reads,
    _has_a_name,
    _panels_have_their_own_place,
    _everything_is_asked_of_our_data_source,
    _variables_are_declared,
    _only_known_macros_and_safe_variables,
)


def rule_problems(rule: Json) -> Iterator[str]:
    """Say what is wrong with an alert rule: the backend knows no variables, and asks for one number."""
    where, (asked, *_) = f"alert {rule['title']!r}", rule["data"]
    sql = asked["model"]["rawSql"]
    if not is_uid(rule["uid"]):
        yield f"{where} has no legal uid: {rule['uid']!r}"
    if re.search(r"\$\{", sql) or "$__conditionalAll" in sql:
        yield f"{where} uses a variable, and alerts have none"
    yield from (f"{where} uses $__{name}" for name in sorted(set(_MACRO.findall(sql)) - _MACROS))
    if asked["relativeTimeRange"]["from"] <= 0:
        yield f"{where} looks at no time"
