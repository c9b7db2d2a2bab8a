"""The explanation of an order: what was bought, seen and returned, and every model's credits."""

from typing import Any

from analytics.rules import MODELS
from dashboards.page.figures import Json, Names, Reader, money, names


def explanation(warehouse: Reader, order_id: str) -> Json | None:
    """Say why the hosts of an order have it: what was bought, seen and returned, and every model's credits.

    None if there is no such order.
    """
    found = warehouse.query("page_order", order_id=order_id).to_dicts()
    if not found:
        return None
    order, called = found[0], names(warehouse)
    steps = warehouse.query("explain_path", order_id=order_id).to_dicts()
    sessions = _sessions_of(warehouse, {step["session_id"] for step in steps} | ({order["session_id"]} - {None}))
    declared = order["declared_host_id"]
    currency = order["currency"]
    return order | {
        "amount": money(order["amount"], currency),
        "declared": called.chip(declared) if declared else None,
        "session": _room(order["session_id"], sessions) if order["session_id"] else None,
        "lines": _with_money(warehouse, "page_order_lines", order_id, currency),
        "returned": _with_money(warehouse, "page_order_refunds", order_id, currency),
        "steps": [_step(step, sessions, called) for step in steps],
        "models": _models(_booked(warehouse, [order_id], ""), currency, called),
    }


def explanation_without_viewer(warehouse: Reader, order_id: str) -> Json | None:
    """Say the same as `explanation`, and not who bought."""
    found = explanation(warehouse, order_id)
    return found and found | {"viewer_id": None}


def own_explanation(warehouse: Reader, order_id: str) -> Json | None:
    """Say what of an order those whose lines the warehouse shows have of it, and why: no share, nothing of others.

    None if they have no line of it.
    """
    found = warehouse.query("page_own_order", order_id=order_id).to_dicts()
    if not found:
        return None
    order, called = found[0], names(warehouse)
    models = _models(_booked(warehouse, [order_id], ""), order["currency"], called)
    for credit in (credit for model in models for credit in model["credits"]):
        credit["share_bp"] = None
    session_id = order["session_id"]
    room = _room(session_id, _sessions_of(warehouse, {session_id})) if session_id else None
    return order | {"session": room, "models": models}


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
            "share_bp": _share_bp(int(line["weight"]), whole) if whole else 10_000 // len(hosts),
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


def _share_bp(part: int, whole: int) -> int:
    """Say what share of the whole a part is, in basis points, half rounded up."""
    return (part * 20_000 + whole) // (2 * whole)


def _sessions_of(warehouse: Reader, session_ids: set[str]) -> dict[str, Json]:
    """Read what is known of sessions, by session id."""
    rows = warehouse.query("page_sessions", session_ids=sorted(session_ids)).to_dicts() if session_ids else []
    return {row["session_id"]: row for row in rows}


def _room(session_id: str, sessions: dict[str, Json]) -> Json:
    """Say what is known of a session: session_id, platform, title, category."""
    known = sessions.get(session_id, {})
    return {"session_id": session_id} | {key: known.get(key) for key in ("platform", "title", "category")}


def _with_money(warehouse: Reader, query: str, order_id: str, currency: str) -> list[Json]:
    rows = warehouse.query(query, order_id=order_id).to_dicts()
    return [row | {"amount": money(row["amount"], currency)} for row in rows]


def _step(step: dict[str, Any], sessions: dict[str, Json], names: Names) -> Json:
    """Write one step of a path with its room and its line-up."""
    timed = {key: step[key] for key in ("step", "start_ms", "end_ms", "watched_ms")}
    return timed | {
        "room": _room(step["session_id"], sessions),
        "lineup": [names.chip(one) for one in step["host_ids"]],
    }
