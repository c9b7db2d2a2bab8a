"""`hostledger explain`: why an order was credited as it was."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.currencies import decimal_text
from analytics.ledger import EXCESS
from analytics.metrics import BASIS_POINTS
from analytics.models import UNATTRIBUTED
from analytics.rules import MODELS
from analytics.warehouse import Warehouse
from hostledger.output import Format, FormatOption, refuse, refusing
from hostledger.reading import DataOption, ZoneOption, moment, opened, present, settings_of
from hostledger.settings import WrongSetting, time_zone

Json = dict[str, Any]
_LATEST = "SELECT order_id, ordered_at FROM orders ORDER BY ordered_at DESC LIMIT 10"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who the hosts are: their registrations, oldest first."""

    registered: dict[str, list[Json]]

    def called(self, host_id: str, at_ms: int) -> Json:
        """Name a host or an account as it was known at a time; the first registration holds before it too."""
        if host_id in {UNATTRIBUTED, EXCESS}:
            return {"host_id": host_id, "name": None, "kind": host_id, "twin_of": None}
        known = self.registered.get(host_id, [])
        then = [one for one in known if one["from_ms"] <= at_ms] or known[:1]
        found = then[-1] if then else {"name": None, "kind": "unknown", "twin_of": None}
        return {"host_id": host_id} | {key: found[key] for key in ("name", "kind", "twin_of")}


def explain(
    context: typer.Context,
    order_id: Annotated[str, typer.Argument(help="id of the order, as the platform gave it")],
    data: DataOption = None,
    timezone: ZoneOption = None,
    output: FormatOption = Format.TABLE,
    *,
    viewer: Annotated[bool, typer.Option("--viewer", help="show who bought, too: personal data")] = False,
) -> None:
    """Say why the hosts of an order have it: what the buyer watched before, and what every model makes of it.

    Example: hostledger explain 4611686018427387905

    Example: hostledger explain 4611686018427387905 --timezone Asia/Shanghai --format json

    Path: the steps before the order; start and end of each, how long it was watched, and the hosts on air.

    Credits: share is the part of the order that the host's weight gives it under the model, basis the reason in words;
    gross what it got of the sale, refunds what went back since, net what it has now. unattributed: nobody has a claim.
    excess_refund: refunded beyond the order. Format csv gives the credits, in minor units.

    Restatements: what a late fact changed after the first booking: what was taken back and what was entered anew, when
    and why.

    Moved: lines that came after their month was closed; they count in a later one (hostledger close).

    """
    settings = settings_of(context)
    with refusing(WrongSetting):
        zone = ZoneInfo(time_zone(timezone or settings.timezone))
    folder = data or settings.data
    with opened(folder, settings) as warehouse:
        told = story(warehouse, order_id, zone) or _refuse_unknown(warehouse, order_id, folder)
    if not viewer:
        del told["viewer_id"]
    if output is Format.JSON:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif output is Format.CSV:
        present(_credit_rows(told), output)
    else:
        _tell(told)


def story(warehouse: Warehouse, order_id: str, zone: ZoneInfo) -> Json | None:
    """Gather all that is known of an order: times in ms UTC and written in the zone, amounts in minor units.

    None if there is no such order.
    """
    order = next(iter(warehouse.query("explain_order", order_id=order_id).to_dicts()), None)
    if order is None:
        return None
    read = {
        name: warehouse.query(f"explain_{name}", order_id=order_id).to_dicts()
        for name in ("lines", "refunds", "path", "credits", "restatements", "moved")
    }
    hosts = _hosts(warehouse, order, read)
    ordered_ms = order["ordered_ms"]
    return order | {
        "ordered_at": moment(ordered_ms, zone),
        "lines": read["lines"],
        "refunds": [
            refund
            | {"refunded_at": moment(refund["refunded_ms"], zone)}
            | {"booked": "yes" if refund["currency"] == order["currency"] else "no: not in the currency of the order"}
            for refund in read["refunds"]
        ],
        "path": [_step(step, hosts, zone) for step in read["path"]],
        "models": _models(read["credits"], hosts, ordered_ms),
        "restatements": [
            hosts.called(line["host_id"], ordered_ms) | line | {"recorded_at": moment(line["recorded_ms"], zone)}
            for line in read["restatements"]
        ],
        "moved": [
            hosts.called(line["host_id"], ordered_ms) | line | {"booked_at": moment(line["booked_ms"], zone)}
            for line in read["moved"]
        ],
    }


def _hosts(warehouse: Warehouse, order: Json, read: dict[str, list[Json]]) -> Hosts:
    named = {line["host_id"] for line in read["credits"] + read["restatements"]}
    named |= {host for step in read["path"] for host in step["host_ids"]} | {order["declared_host_id"] or ""}
    registered: dict[str, list[Json]] = {}
    for row in warehouse.query("explain_hosts", host_ids=sorted(named)).to_dicts():
        registered.setdefault(row["host_id"], []).append(row)
    return Hosts(registered)


def _step(step: Json, hosts: Hosts, zone: ZoneInfo) -> Json:
    lineup = [hosts.called(host, step["start_ms"]) for host in step.pop("host_ids")]
    return step | {"start": moment(step["start_ms"], zone), "end": moment(step["end_ms"], zone), "lineup": lineup}


def _models(entries: list[Json], hosts: Hosts, ordered_ms: int) -> list[Json]:
    """Sum the entries that stand by model and account; the ledger's positive excess counts as refunded, nobody's."""
    told = []
    for model in (model for model in MODELS if any(entry["model"] == model for entry in entries)):
        of_model = [entry for entry in entries if entry["model"] == model]
        weights = {entry["host_id"]: int(entry["weight"]) for entry in of_model}
        whole = sum(weights.values())
        credits_ = [
            hosts.called(account, ordered_ms)
            | _share(weight, whole if account != EXCESS else 0)
            | _money([entry for entry in of_model if entry["host_id"] == account])
            for account, weight in sorted(weights.items(), key=lambda item: (item[0] == EXCESS, item[0]))
        ]
        told.append({"model": model, "fit": max(entry["fit"] for entry in of_model), "credits": credits_})
    return told


def _share(weight: int, whole: int) -> Json:
    """Say a weight's part of the order: exactly, and in basis points, rounded half to even; none of nothing."""
    if not whole:
        return {"weight": str(weight), "share": None, "share_bp": None}
    part = Fraction(weight, whole)
    return {"weight": str(weight), "share": str(part), "share_bp": round(part * BASIS_POINTS)}


def _money(entries: list[Json]) -> Json:
    gross = sum(entry["amount_minor"] for entry in entries if entry["refund_id"] is None)
    booked = sum(entry["amount_minor"] for entry in entries if entry["refund_id"] is not None)
    refunds = booked if entries[0]["host_id"] == EXCESS else -booked
    sums = {"gross_minor": gross, "refunds_minor": refunds, "net_minor": gross - refunds}
    return {"basis": entries[0]["basis"], "currency": entries[0]["currency"]} | sums


def _refuse_unknown(warehouse: Warehouse, order_id: str, folder: Path) -> Json:
    waiting = warehouse.query("explain_refunds", order_id=order_id).to_dicts()
    held = ", ".join(f"{decimal_text(one['amount_minor'], one['currency'])} {one['currency']}" for one in waiting)
    known = f" Refunds wait for it ({held}): they are booked when its order_paid arrives." if waiting else ""
    refuse(
        f"order {order_id!r} is not in {folder}.{known} Check the id, or list the latest orders: hostledger sql "
        f"'{_LATEST}' --data {folder}"
    )


def _tell(told: Json) -> None:
    """Write the story for people: the order, its refunds, the path, the credits, the restatements."""
    facts = ("order_id", "viewer_id", "ordered_at", "session_id", "platform", "seller_id", "title", "declared_host_id")
    about = pl.DataFrame([{name: told[name] for name in (*facts, "items", "currency", "amount_minor") if name in told}])
    present(about.drop([name for name in facts[3:] if told[name] is None]), Format.TABLE, "Order")
    present(
        _columns(told["lines"], "line_id", "product_id", "quantity", "currency", "amount_minor"), Format.TABLE, "Lines"
    )
    if told["refunds"]:
        names = ("refund_id", "refunded_at", "currency", "amount_minor", "reason", "booked")
        present(_columns(told["refunds"], *names), Format.TABLE, "Refunds")
    path = [step | {"line_up": ", ".join(_named(host) for host in step["lineup"])} for step in told["path"]]
    if path:
        seen = _columns(path, "step", "session_id", "start", "end", "watched_ms", "line_up")
        present(seen, Format.TABLE, "Path: what the buyer watched before")
    else:
        present(pl.DataFrame({"path": ["the buyer watched nobody within the look-back"]}), Format.TABLE)
    present(_credit_rows(told).drop("host_id", "name", "kind", "twin_of", "weight", "share"), Format.TABLE, "Credits")
    if told["restatements"]:
        present(_restatement_rows(told), Format.TABLE, "Restatements")
    if told["moved"]:
        present(_moved_rows(told), Format.TABLE, "Moved: counted in a later month than their own, which was closed")


def _credit_rows(told: Json) -> pl.DataFrame:
    rows = [
        {"model": model["model"], "account": _named(line)} | line
        for model in told["models"]
        for line in model["credits"]
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _restatement_rows(told: Json) -> pl.DataFrame:
    rows = [
        line
        | {
            "account": _named(line),
            "of": line["refund_id"] or "sale",
            "change": "entered anew" if line["sign"] > 0 else "taken back",
        }
        for line in told["restatements"]
    ]
    names = ("recorded_at", "reason", "model", "account", "of", "change", "currency", "amount_minor", "basis")
    return _columns(rows, *names)


def _moved_rows(told: Json) -> pl.DataFrame:
    rows = [line | {"account": _named(line), "of": line["refund_id"] or "sale"} for line in told["moved"]]
    names = ("period", "booked_period", "booked_at", "model", "account", "of", "kind", "currency", "amount_minor")
    return _columns(rows, *names)


def _columns(rows: list[Json], *names: str) -> pl.DataFrame:
    return pl.DataFrame([{name: row[name] for name in names} for row in rows], infer_schema_length=None)


def _named(host: Json) -> str:
    if host["host_id"] in {UNATTRIBUTED, EXCESS}:
        return str(host["host_id"])
    return f"{host['name'] or host['host_id']} ({host['kind']})"
