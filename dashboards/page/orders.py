"""Orders with their credits: the latest ones, and the explanation of one."""

from typing import Any

from analytics.rules import MODELS
from dashboards.page.figures import Json, Names, Reader, money, names
from dashboards.page.stage import room, sessions_of
from dashboards.page.tallies import share_bp


def latest(warehouse: Reader, *, model: str, currency: str, from_ms: int, until_ms: int, names: Names) -> list[Json]:
    """List the latest orders of a window, newest first, each with its credits under one model."""
    rows = warehouse.query("page_orders", currency=currency, from_ms=from_ms, until_ms=until_ms).to_dicts()
    booked = _booked(warehouse, [row["order_id"] for row in rows], model)
    listed = []
    for row in rows:
        lines = booked.get((row["order_id"], model), [])
        paid = row | {"amount": money(row["amount"], currency)}
        listed.append(paid | _standing(lines, currency) | {"credits": _credits(lines, currency, names)})
    return listed


def explanation(warehouse: Reader, order_id: str) -> Json | None:
    """Say why the hosts of an order have it: what was bought, seen and returned, and every model's credits.

    None if there is no such order.
    """
    found = warehouse.query("page_order", order_id=order_id).to_dicts()
    if not found:
        return None
    order, called = found[0], names(warehouse)
    steps = warehouse.query("explain_path", order_id=order_id).to_dicts()
    sessions = sessions_of(warehouse, {step["session_id"] for step in steps} | ({order["session_id"]} - {None}))
    declared = order["declared_host_id"]
    currency = order["currency"]
    return order | {
        "amount": money(order["amount"], currency),
        "declared": called.chip(declared) if declared else None,
        "session": room(order["session_id"], sessions) if order["session_id"] else None,
        "lines": _with_money(warehouse, "page_order_lines", order_id, currency),
        "returned": _with_money(warehouse, "page_order_refunds", order_id, currency),
        "steps": [_step(step, sessions, called) for step in steps],
        "models": _models(_booked(warehouse, [order_id], ""), currency, called),
    }


def _booked(warehouse: Reader, order_ids: list[str], model: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Read what is booked, by order and model; an empty model means every model."""
    booked: dict[tuple[str, str], list[dict[str, Any]]] = {}
    if order_ids:
        for row in warehouse.query("page_order_credits", order_ids=order_ids, model=model).to_dicts():
            booked.setdefault((row["order_id"], row["model"]), []).append(row)
    return booked


def _standing(lines: list[dict[str, Any]], currency: str) -> Json:
    """Say what came back of an order, and whether it was restated."""
    back = sum(-int(line["refunds"]) if line["host_id"] == "excess_refund" else int(line["refunds"]) for line in lines)
    return {"refunded": money(back, currency) if back else None, "restated": any(line["restated"] for line in lines)}


def _credits(lines: list[dict[str, Any]], currency: str, names: Names) -> list[Json]:
    """Write the credits of one order under one model; the share is that of the weights, in basis points."""
    hosts = [line for line in lines if line["host_id"] != "excess_refund"]
    whole = sum(int(line["weight"]) for line in hosts)
    return [
        names.chip(line["host_id"])
        | {
            "gross": money(int(line["gross"]), currency),
            "net": money(int(line["gross"]) - int(line["refunds"]), currency),
            "share_bp": share_bp(int(line["weight"]), whole) if whole else 10_000 // len(hosts),
            "basis": line["basis"],
        }
        for line in hosts
    ]


def _models(booked: dict[tuple[str, str], list[dict[str, Any]]], currency: str, names: Names) -> list[Json]:
    """Write the credits of one order under every model, in the order of the models."""
    listed = sorted(booked.items(), key=lambda item: MODELS.index(item[0][1]))
    return [
        {
            "model": model,
            "fit": max(line["fit"] for line in lines),
            "credits": _credits(lines, currency, names),
            **_standing(lines, currency),
        }
        for (_, model), lines in listed
    ]


def _with_money(warehouse: Reader, query: str, order_id: str, currency: str) -> list[Json]:
    rows = warehouse.query(query, order_id=order_id).to_dicts()
    return [row | {"amount": money(row["amount"], currency)} for row in rows]


def _step(step: dict[str, Any], sessions: dict[str, Json], names: Names) -> Json:
    """Write one step of a path with its room and its line-up."""
    timed = {key: step[key] for key in ("step", "start_ms", "end_ms", "watched_ms")}
    return timed | {"room": room(step["session_id"], sessions), "lineup": [names.chip(one) for one in step["host_ids"]]}
