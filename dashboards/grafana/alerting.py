"""Alerts as Grafana's own rules: as its interface takes them, and as the file that it reads at its start."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from dashboards.grafana import sdk
from dashboards.spec import Alert
from dashboards.sql import statement

OWNER = "made_by"
"""The label that says whose a rule is; notifications can be routed by it."""
OURS = "hostledger"
GROUP = "hostledger"
EVERY_S = 60
"""Rules are looked at this often, in seconds."""
MARK = "hostledger_published"
"""The annotation with the fingerprint of a rule as it was published."""
_EXPRESSION = "__expr__"
_SPANS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def rule(alert: Alert) -> dict[str, Any]:
    """Give the rule of an alert: A asks, B takes the last value of each answer, C compares it with the bound."""
    return {
        "uid": alert.uid,
        "title": alert.title,
        "condition": "C",
        "data": [_asked(alert), _expression("B", _LAST), _expression("C", _above(alert.above))],
        "noDataState": "OK" if alert.nothing_is_well else "Alerting",
        "execErrState": "Error",
        "for": span(alert.for_s),
        "labels": {OWNER: OURS, "severity": alert.severity},
        "annotations": {"summary": alert.summary, "runbook": alert.runbook},
        "isPaused": False,
    }


def file(alerts: Iterable[Alert]) -> dict[str, Any]:
    """Give the content of a file of alert rules for provisioning.

    In texts `$` is written twice there, as Grafana would put a variable of its environment in its place; it leaves
    queries alone.
    """
    rules = [_doubled(rule(alert)) for alert in alerts]
    group = {"orgId": 1, "name": GROUP, "folder": OURS, "interval": span(EVERY_S), "rules": rules}
    return {"apiVersion": 1, "groups": [group] if rules else []}


def span(seconds: int) -> str:
    """Write a duration as Grafana writes it: 90 is 1m30s, 0 is 0s."""
    parts = []
    for unit, long in _SPANS:
        count, seconds = divmod(seconds, long)
        parts.append(f"{count}{unit}" if count else "")
    return "".join(parts) or "0s"


def fingerprint(content: object) -> str:
    """Give a short text that differs where contents differ."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _asked(alert: Alert) -> dict[str, Any]:
    query = sdk.ClickHouse(statement(alert.query).rstrip().removesuffix(";").rstrip(), sdk.TABLE)
    return _step("A", sdk.DATASOURCE, query.to_json(), alert.window_s)


def _expression(ref_id: str, model: dict[str, object]) -> dict[str, Any]:
    datasource = {"type": _EXPRESSION, "uid": _EXPRESSION}
    return _step(ref_id, _EXPRESSION, {"refId": ref_id, "datasource": datasource} | model, 0)


def _step(ref_id: str, datasource: str, model: dict[str, object], window_s: int) -> dict[str, Any]:
    window = {"from": window_s, "to": 0}
    return {"refId": ref_id, "datasourceUid": datasource, "relativeTimeRange": window, "model": model}


_LAST: dict[str, object] = {"type": "reduce", "expression": "A", "reducer": "last"}


def _above(bound: float) -> dict[str, object]:
    return {
        "type": "threshold",
        "expression": "B",
        "conditions": [{"evaluator": {"type": "gt", "params": [bound]}}],
    }


def _doubled(found: dict[str, Any]) -> dict[str, Any]:
    texts = {name: found[name].replace("$", "$$") for name in ("title",)}
    tables = {
        name: {key: value.replace("$", "$$") for key, value in found[name].items()}
        for name in ("labels", "annotations")
    }
    return found | texts | tables
