"""Boards and alert rules into a running Grafana: what would be done is worked out first, then all of it or nothing.

Nothing is overwritten that somebody else made or changed. A board is ours if it has our tag, and as we left it if its
newest version carries our message; a rule if it has our label, and as we left it if its content still has the
fingerprint that its annotation says.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any
from urllib.parse import urlsplit

from dashboards.grafana import alerting, sdk
from dashboards.grafana.connection import Absent, Grafana, GrafanaError
from dashboards.grafana.emitting import TAG
from dashboards.grafana.files import canonical

MAKE, CHANGE, KEEP, REFUSE = "make", "change", "keep", "refuse"
OLDEST = (11, 6)
_MESSAGE = "hostledger "
_RULES = "/v1/provisioning/alert-rules"
_OPEN = {"X-Disable-Provenance": "true"}
"""Rules stay open to people; what they change is seen, and not overwritten."""
_VOLATILE = {"id", "version", "iteration"}
"""What Grafana itself puts into a board."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What there shall be: dashboards and rules as JSON, the folder (uid and name), where ClickHouse is for Grafana.

    datasource_url: as http://clickhouse:8123/hostledger, to make the data source where there is none.
    """

    boards: Sequence[Json]
    rules: Sequence[Json]
    folder: str = "hostledger"
    datasource_url: str = ""
    datasource_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing and what is to be done with it: make, change, keep or refuse; why, and how its JSON changes.

    version: of the board that stands there.
    """

    what: str
    name: str
    action: str
    why: str = ""
    change: str = ""
    body: Json | None = field(default=None, repr=False)
    version: int | None = None


def plan(grafana: Grafana, wanted: Wanted) -> list[Step]:
    """Work out what is to be done. Raises GrafanaError."""
    _fit(grafana)
    steps = [_datasource(grafana, wanted), _folder(grafana, wanted.folder)]
    steps += [_board(grafana, board, wanted.folder) for board in wanted.boards]
    return steps + [_rule(grafana, rule, wanted.folder) for rule in wanted.rules]


def publish(grafana: Grafana, wanted: Wanted, steps: Sequence[Step]) -> None:
    """Do what is to be done. Raises GrafanaError, also if anything is to be refused: then nothing is done."""
    if refused := [f"{step.what} {step.name}: {step.why}" for step in steps if step.action == REFUSE]:
        raise GrafanaError("nothing was changed. " + " ".join(f"{text}." for text in refused))
    for step in steps:
        if step.action != KEEP:
            _do(grafana, wanted, step)


def _do(grafana: Grafana, wanted: Wanted, step: Step) -> None:
    doing = f"{step.action} the {step.what} {step.name}"
    if step.what == "folder":
        grafana.make_folder(wanted.folder, wanted.folder)
    elif step.what == "data source":
        grafana.make_datasource(step.body or {})
    elif step.what == "board":
        board = (step.body or {}) | {"id": None, "version": step.version}
        message = _message(step.body or {})
        grafana.save_board(
            {"dashboard": board, "folderUid": wanted.folder, "message": message, "overwrite": False}, doing
        )
    elif step.action == MAKE:
        grafana.send("POST", _RULES, step.body, doing, **_OPEN)
    else:
        grafana.send("PUT", f"{_RULES}/{(step.body or {})['uid']}", step.body, doing, **_OPEN)


def _fit(grafana: Grafana) -> None:
    """See that there is a Grafana of an age that we know; one that hides its version is taken at its word."""
    health = grafana.get("/health", "ask for the health of Grafana")
    if not isinstance(health, dict) or "database" not in health:
        raise GrafanaError(f"what answers at {grafana.url} is no Grafana; look at HOSTLEDGER_GRAFANA")
    found = re.match(r"(\d+)\.(\d+)", str(health.get("version", "")))
    if found and (int(found[1]), int(found[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise GrafanaError(f"{grafana.url} is Grafana {health['version']}; the boards need {oldest} or newer")


def _datasource(grafana: Grafana, wanted: Wanted) -> Step:
    """See whether the data source is there; one that is there is never changed."""
    what, name = "data source", sdk.DATASOURCE
    try:
        there = grafana.get(f"/datasources/uid/{name}", "look at the data source")
    except Absent:
        if not wanted.datasource_url:
            return Step(
                what, name, REFUSE, "there is none; name its server with --datasource-url, or make it in Grafana"
            )
        return Step(what, name, MAKE, body=_source(wanted))
    if there.get("type") != sdk.PLUGIN:
        return Step(what, name, REFUSE, f"its type is {there.get('type')}, not {sdk.PLUGIN}; give that one another uid")
    return Step(what, name, KEEP)


def _source(wanted: Wanted) -> Json:
    parts = urlsplit(wanted.datasource_url)
    return {
        "name": "hostledger",
        "uid": sdk.DATASOURCE,
        "type": sdk.PLUGIN,
        "access": "proxy",
        "jsonData": {
            "host": parts.hostname,
            "port": parts.port or 8123,
            "protocol": "http",
            "secure": parts.scheme == "https",
            "username": "grafana",
            "defaultDatabase": parts.path.strip("/") or "hostledger",
            "dialTimeout": "10",
            "queryTimeout": "60",
        },
        "secureJsonData": {"password": wanted.datasource_password},
    }


def _folder(grafana: Grafana, uid: str) -> Step:
    """See whether the folder is there; a folder is a place, and is used whoever made it."""
    try:
        grafana.get(f"/folders/{uid}", f"look at the folder {uid}")
    except Absent:
        return Step("folder", uid, MAKE)
    return Step("folder", uid, KEEP)


def _board(grafana: Grafana, board: Json, folder: str) -> Step:
    uid = board["uid"]
    try:
        there = grafana.get(f"/dashboards/uid/{uid}", f"look at the board {uid}")
    except Absent:
        return Step("board", uid, MAKE, change=_difference(uid, {}, board), body=board)
    old, meta = there["dashboard"], there.get("meta", {})
    if why := _foreign(grafana, uid, old, meta, folder):
        return Step("board", uid, REFUSE, why)
    if _newest(grafana, uid) == _message(board):
        return Step("board", uid, KEEP)
    plain = {key: value for key, value in old.items() if key not in _VOLATILE}
    return Step("board", uid, CHANGE, change=_difference(uid, plain, board), body=board, version=old.get("version"))


def _foreign(grafana: Grafana, uid: str, old: Json, meta: Json, folder: str) -> str:
    """Say why a board must not be overwritten; empty if it may."""
    if meta.get("provisioned"):
        return "it comes from files of that Grafana; change those with: hostledger boards write"
    if TAG not in (old.get("tags") or []):
        return f"somebody else made it: it lacks the tag {TAG}; give it another uid in Grafana"
    if meta.get("folderUid", folder) != folder:
        return f"it was moved to the folder {meta['folderUid'] or 'General'}; move it back, or use --folder"
    if not _newest(grafana, uid).startswith(_MESSAGE):
        return "somebody changed it in Grafana; save that as a copy, delete this one, and publish again"
    return ""


def _newest(grafana: Grafana, uid: str) -> str:
    """Give the message of a board's newest version."""
    answer = grafana.get(f"/dashboards/uid/{uid}/versions?limit=1", f"look at the versions of the board {uid}")
    versions = answer.get("versions") if isinstance(answer, dict) else answer
    return str(versions[0].get("message") or "") if versions else ""


def _message(board: Json) -> str:
    return _MESSAGE + alerting.fingerprint(board)


def _rule(grafana: Grafana, rule: Json, folder: str) -> Step:
    uid, placed = rule["uid"], rule | {"folderUID": folder, "ruleGroup": alerting.GROUP, "orgID": 1}
    marked = placed | {"annotations": rule["annotations"] | {alerting.MARK: alerting.fingerprint(_content(placed))}}
    try:
        there = grafana.get(f"{_RULES}/{uid}", f"look at the alert rule {uid}")
    except Absent:
        return Step("alert rule", uid, MAKE, change=_difference(uid, {}, _content(placed)), body=marked)
    if there.get("provenance"):
        return Step(
            "alert rule", uid, REFUSE, f"it is kept by {there['provenance']} there, and can only be changed that way"
        )
    if (there.get("labels") or {}).get(alerting.OWNER) != alerting.OURS:
        return Step("alert rule", uid, REFUSE, f"somebody else made it: it lacks the label {alerting.OWNER}")
    mark, now = (there.get("annotations") or {}).get(alerting.MARK), _content(there)
    if mark != alerting.fingerprint(now):
        return Step("alert rule", uid, REFUSE, "somebody changed it in Grafana; delete it there, and publish again")
    if now == _content(placed):
        return Step("alert rule", uid, KEEP)
    return Step("alert rule", uid, CHANGE, change=_difference(uid, now, _content(placed)), body=marked)


def _content(rule: Json) -> Json:
    """Give what a rule says, without what Grafana adds to it."""
    names = ("uid", "title", "condition", "noDataState", "execErrState", "for", "labels", "folderUID", "ruleGroup")
    found: Json = {name: rule.get(name) for name in names} | {"isPaused": bool(rule.get("isPaused"))}
    notes = rule.get("annotations") or {}
    return found | {
        "annotations": {key: value for key, value in notes.items() if key != alerting.MARK},
        "data": [_step(step) for step in rule.get("data") or []],
    }


def _step(step: Json) -> Json:
    model: Mapping[str, Any] = step.get("model") or {}
    told = {key: model.get(key) for key in ("rawSql", "format", "type", "expression", "reducer", "conditions")}
    return {"refId": step.get("refId"), "datasourceUid": step.get("datasourceUid"), "model": told} | {
        "relativeTimeRange": step.get("relativeTimeRange")
    }


def _difference(name: str, old: Json, new: Json) -> str:
    """Write how JSON changes, as a unified diff; nothing is written as `{}`."""
    lines = (canonical(old).splitlines(keepends=True), canonical(new).splitlines(keepends=True))
    return "".join(unified_diff(*lines, f"{name} there", f"{name} here", n=2))
