"""The figures of the page at one moment, built from the named queries."""

from typing import Any

from analytics.rules import MINUTE_MS, MODELS
from dashboards.page import orders, stage
from dashboards.page.choice import WINDOWS, Span, span
from dashboards.page.figures import Json, Names, Reader, money, names
from dashboards.page.tallies import Tallies, Tally, hourly, share_bp, step_texts, tallies

RECORDED_MS = 24 * 60 * MINUTE_MS
"""An event older than this, or ahead of the clock by more than a minute, belongs to a recording."""


def snapshot(warehouse: Reader, *, model: str, currency: str | None, window: str, now_ms: int) -> Json:
    """Build everything the page shows, ready for JSON.

    model, window: names known to `choice`; currency: ISO 4217 code, or None for the one most orders were paid in.
    Amounts are exact decimal text in that currency, with thousands set apart; shares are basis points; times are
    milliseconds UTC. The window ends with the newest event, not with the clock on the wall.
    """
    books = warehouse.query("page_clock").to_dicts()[0]
    paid = warehouse.query("page_currencies").to_dicts()
    shown = currency or (paid[0]["currency"] if paid else None)
    newest_ms = books.pop("newest_ms")
    clock_ms = now_ms if newest_ms is None else newest_ms
    begun_ms = min((row["first_ms"] for row in paid if row["currency"] == shown), default=clock_ms)
    stretch = span(window, clock_ms, begun_ms)
    called = names(warehouse)
    return {
        "choice": {"model": model, "currency": shown, "window": window} | _choices(warehouse, paid),
        "clock": clock(newest_ms, now_ms),
        "span": {"from_ms": stretch.from_ms, "until_ms": stretch.until_ms, "step_ms": stretch.step_ms},
        **_money(warehouse, model, shown, stretch=stretch, clock_ms=clock_ms, names=called),
        **_rooms(warehouse, stretch, clock_ms, called),
        "orders": orders.latest(
            warehouse,
            model=model,
            currency=shown or "",
            from_ms=stretch.from_ms,
            until_ms=stretch.until_ms,
            names=called,
        ),
        "books": books,
    }


def clock(newest_ms: int | None, now_ms: int) -> Json:
    """Say how old the data is, or that it is a recording: now_ms, newest_ms, age_ms, mode (empty, live, recorded)."""
    if newest_ms is None:
        return {"now_ms": now_ms, "newest_ms": None, "age_ms": None, "mode": "empty"}
    recorded = not -MINUTE_MS <= now_ms - newest_ms < RECORDED_MS
    age_ms = None if recorded else max(now_ms - newest_ms, 0)
    return {"now_ms": now_ms, "newest_ms": newest_ms, "age_ms": age_ms, "mode": "recorded" if recorded else "live"}


def _choices(warehouse: Reader, paid: list[dict[str, Any]]) -> Json:
    """List what can be chosen: the models of the ledger (all of them while it is empty), currencies, windows."""
    kept = set(warehouse.query("page_models")["model"].to_list())
    return {
        "models": [model for model in MODELS if model in kept] or list(MODELS),
        "currencies": [row["currency"] for row in paid],
        "windows": list(WINDOWS),
    }


def _money(
    warehouse: Reader, model: str, currency: str | None, *, stretch: Span, clock_ms: int, names: Names
) -> dict[str, Any]:
    """Totals, revenue by step and kind, hosts and products: one reading of the credits, so that they agree."""
    bounds = {"currency": currency or "", "from_ms": stretch.from_ms, "until_ms": stretch.until_ms}
    sums = tallies(warehouse.query("page_credits", model=model, step_ms=stretch.step_ms, **bounds))
    sold = warehouse.query("page_totals", **bounds).to_dicts()[0]
    hours = warehouse.query("page_hours", from_ms=stretch.from_ms, until_ms=clock_ms)
    live = {(host_id, kind): live_ms for host_id, kind, live_ms in hours.iter_rows()}
    products = warehouse.query("page_products", **bounds).to_dicts()
    return {
        "totals": _totals(sums, currency) | sold | {"average": _average(sums.total.gross, sold["orders"], currency)},
        "steps": step_texts(sums, stretch, lambda minor: money(minor, currency)),
        "hosts": _hosts(sums, live, currency, names),
        "products": [row | {"gmv": money(int(row["gmv"]), currency)} for row in products],
    }


def _totals(sums: Tallies, currency: str | None) -> Json:
    """Gross, refunds and net over all accounts, and what part of the gross each kind has."""
    gross = {kind: sums.kinds.get(kind, Tally()).gross for kind in ("human", "digital", "unknown", "unattributed")}
    return {
        "gmv": money(sums.total.gross, currency),
        "refunds": money(sums.total.refunds, currency),
        "net": money(sums.total.net, currency),
        "kinds": {
            kind: {"gross": money(minor, currency), "share_bp": share_bp(minor, sums.total.gross)}
            for kind, minor in gross.items()
        },
    }


def _average(gross: int, orders: int, currency: str | None) -> str | None:
    """Divide the GMV by the orders, half rounded up to the minor unit; None without orders."""
    return money((2 * gross + orders) // (2 * orders), currency) if orders else None


def _hosts(sums: Tallies, live: dict[tuple[str, str], int], currency: str | None, names: Names) -> list[Json]:
    """One row per host and kind it had in the window, accounts included; hosts on air without a sale too."""
    rows = []
    for host_id, kind in sums.accounts.keys() | live.keys():
        tally, live_ms = sums.accounts.get((host_id, kind), Tally()), live.get((host_id, kind), 0)
        rate = hourly(tally.gross, live_ms)
        rows.append(
            names.chip(host_id)
            | {"kind": kind, "likeness": names.likeness(host_id), "orders": tally.orders, "live_ms": live_ms}
            | {key: money(getattr(tally, key), currency) for key in ("gross", "refunds", "net")}
            | {"hourly": None if rate is None else money(rate, currency)}
            | {"share_bp": share_bp(tally.gross, sums.total.gross)}
        )
    order = {(host_id, kind): -tally.net for (host_id, kind), tally in sums.accounts.items()}
    return sorted(rows, key=lambda row: (order.get((row["host_id"], row["kind"]), 0), row["host_id"], row["kind"]))


def _rooms(warehouse: Reader, stretch: Span, clock_ms: int, names: Names) -> Json:
    """Who is on air and who was, and how many people watch."""
    changes = warehouse.query("page_audience", clock_ms=clock_ms, from_ms=stretch.from_ms, step_ms=stretch.step_ms)
    watching = stage.online(changes)
    hosts = warehouse.query("page_on_air", clock_ms=clock_ms)
    shifts = warehouse.query("page_shifts", from_ms=stretch.from_ms, until_ms=clock_ms + 1)
    ids = set(watching) | set(hosts["session_id"].to_list()) | set(shifts["session_id"].to_list())
    sessions = stage.sessions_of(warehouse, ids)
    return {
        "online": sum(watching.values()),
        "audience": stage.audience(changes, stretch),
        "on_air": stage.on_air(hosts, watching, sessions, names),
        "lanes": stage.lanes(shifts, sessions, names),
    }
