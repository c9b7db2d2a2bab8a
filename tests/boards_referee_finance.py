"""What the board Finance must say: plain Python over the referee's books, no SQL."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from boards_referee import ACCOUNTS, STREAMED, Choice, Line, Truth, begin_of, minute, money, period_of, ratio
from referee import refunds_of

MODELS = (
    "declared", "on_air", "first", "last", "linear", "position", "time_decay", "watch_time", "shapley", "markov",
)  # fmt: skip


def told(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Rows that have something to tell: not every figure is 0."""
    return [row for row in rows if any(row[name] for name in names)]


def chosen(truth: Truth, choice: Choice) -> list[Line]:
    """Lines of the chosen accounts."""
    return [line for line in truth.lines(choice) if choice.takes(line.host_id, line.kind)]


def paid_orders(truth: Truth, choice: Choice) -> Counter[tuple[str, str]]:
    """Paid orders in the range by session and currency."""
    return Counter(
        (order.session_id or "", order.currency)
        for order in truth.orders.values()
        if choice.holds(order.ordered_ms) and truth.in_sessions(order.session_id or "", choice)
    )


def _flow(lines: list[Line], currency: str) -> dict[str, Any]:
    gross, refunds = sum(line.gross for line in lines), sum(line.refunds for line in lines)
    return {
        "gross": money(gross, currency),
        "refunds": money(refunds, currency),
        "net": money(gross - refunds, currency),
    }


def _excess(lines: list[Line]) -> int:
    return sum(line.refunds for line in lines if line.host_id == "excess_refund")


def totals(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """One row."""
    lines = [line for line in chosen(truth, choice) if line.currency == choice.currency]
    every = [line for line in truth.lines(choice) if line.currency == choice.currency]
    nobodys = sum(line.gross for line in every if line.host_id == "unattributed")
    orders = sum(count for (_, currency), count in paid_orders(truth, choice).items() if currency == choice.currency)
    return [
        _flow(lines, choice.currency)
        | {
            "excess": money(_excess(lines), choice.currency),
            "orders": orders,
            "unattributed": ratio(nobodys, sum(line.gross for line in every)),
        }
    ]


def conservation(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Per currency and model, of every seller, host and kind."""
    every = Choice(choice.from_ms, choice.until_ms)
    paid: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for order in truth.orders.values():
        paid[order.currency] += order.amount_minor * every.holds(order.ordered_ms)
        for refund in refunds_of([order], truth.events).get(order.order_id, []):
            returned[order.currency] += refund["amount_minor"] * every.holds(refund["occurred_at"])
    booked = [model for model in STREAMED if truth.lines(every, model)]
    lines = {model: truth.lines(every, model) for model in booked}
    currencies = {line.currency for line in lines[booked[0]]} if booked else set()
    rows = []
    for currency in sorted(currencies):
        for model in sorted(booked):
            mine = [line for line in lines[model] if line.currency == currency]
            sums = {
                "hosts": sum(line.net for line in mine if line.host_id not in ACCOUNTS),
                "unattributed": sum(line.net for line in mine if line.host_id == "unattributed"),
                "excess": _excess(mine),
            }
            both = {"paid": paid[currency], "refunds": returned[currency]} | sums
            rows.append(
                {"currency": currency, "model": model}
                | {name: money(value, currency) for name, value in both.items()}
                | {"sales_off": 0, "off": 0}
            )
    return told(rows, "paid", "refunds", "hosts", "unattributed", "excess")


def revenue(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Gross by period and kind."""
    found: Counter[tuple[str, str]] = Counter()
    for line in chosen(truth, choice):
        if line.currency == choice.currency and line.refund_id is None:
            day = period_of(line.minute_ms, choice.period, choice.zone)
            found[begin_of(day, choice.zone), line.kind] += line.gross
    return [
        {"time": time, "kind": kind, "gross": money(found[time, kind], choice.currency)} for time, kind in sorted(found)
    ]


def _grouped(lines: list[Line], key: Callable[[Line], Any]) -> dict[Any, list[Line]]:
    found: dict[Any, list[Line]] = defaultdict(list)
    for line in lines:
        found[key(line), line.currency].append(line)
    return found


def periods(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """By booking."""
    found = _grouped(chosen(truth, choice), lambda line: str(period_of(line.minute_ms, choice.period, choice.zone)))
    rows = [
        {"period": day, "currency": currency} | _flow(lines, currency) | {"excess": money(_excess(lines), currency)}
        for (day, currency), lines in sorted(found.items())
    ]
    return sorted(rows, key=lambda row: row["period"], reverse=True)


def cohorts(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """By sale; a refund belongs to what its host was at the sale."""
    lines = [
        line
        for line in truth.cohort(choice)
        if choice.takes(line.host_id, truth.kind(line.host_id, line.sale_minute_ms))
    ]
    found = _grouped(lines, lambda line: str(period_of(line.sale_minute_ms, choice.period, choice.zone)))
    rows = [
        {"period": day, "currency": currency}
        | _flow(lines, currency)
        | {"refund_rate": ratio(sum(line.refunds for line in lines), sum(line.gross for line in lines))}
        for (day, currency), lines in sorted(found.items())
    ]
    return sorted(rows, key=lambda row: row["period"], reverse=True)


def _split(
    name: str, found: dict[Any, list[Line]], orders: Callable[[Any, str, list[Line]], int]
) -> list[dict[str, Any]]:
    wholes: Counter[str] = Counter()
    for (_, currency), lines in found.items():
        wholes[currency] += sum(line.gross for line in lines)
    rows = [
        {name: key, "currency": currency}
        | _flow(lines, currency)
        | {
            "orders": orders(key, currency, lines),
            "share": ratio(sum(line.gross for line in lines), wholes[currency]),
        }
        for (key, currency), lines in found.items()
    ]
    return sorted(rows, key=lambda row: (row["currency"], -row["gross"], row[name]))


def by_kind(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """By what the hosts were then."""
    found = _grouped(chosen(truth, choice), lambda line: line.kind)
    return _split("kind", found, lambda _, __, lines: sum(line.refund_id is None for line in lines))


def _by_room(truth: Truth, choice: Choice, name: str, field: str) -> list[dict[str, Any]]:
    def place(session_id: str) -> str:
        if not session_id:
            return "outside"
        return str(truth.rooms[session_id][field]) if session_id in truth.rooms else "unknown"

    paid: Counter[tuple[str, str]] = Counter()
    for (session_id, currency), count in paid_orders(truth, choice).items():
        paid[place(session_id), currency] += count
    found = _grouped(chosen(truth, choice), lambda line: place(line.session_id))
    return _split(name, found, lambda key, currency, _: paid[key, currency])


def by_seller(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """By the seller of the session."""
    return _by_room(truth, choice, "seller", "seller_id")


def by_platform(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """By the platform of the session."""
    return _by_room(truth, choice, "platform", "platform")


def models(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Net of each account under each model."""
    nets: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    booked = set()
    for model in STREAMED:
        for line in truth.lines(choice, model):
            if line.currency == choice.currency:
                booked.add(model)
                nets[line.host_id, line.kind][model] += line.net
    rows = [
        {"host": truth.name(host_id), "host_id": host_id, "kind": kind}
        | {model: money(found[model], choice.currency) if model in booked else None for model in MODELS}
        for (host_id, kind), found in nets.items()
        if choice.takes(host_id, kind)
    ]
    rows = told(rows, *MODELS)
    return sorted(rows, key=lambda row: (row["kind"] in ACCOUNTS, row["host"], row["host_id"], row["kind"]))


def bridge(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """What single orders gain and lose; a host with nothing in any column is left out."""
    held: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for place, model in enumerate((choice.model, choice.other)):
        for line in truth.lines(choice, model):
            if line.currency == choice.currency:
                held[line.order_id, line.host_id][place] += line.net
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (order_id, host_id), (before, after) in held.items():
        kind = truth.kind(host_id, minute(truth.orders[order_id].ordered_ms))
        if choice.takes(host_id, kind):
            sums[host_id, kind].update(
                before=before, moved_in=max(after - before, 0), moved_out=max(before - after, 0), after=after
            )
    rows = [
        {"host": truth.name(host_id), "host_id": host_id, "kind": kind}
        | {name: money(found[name], choice.currency) for name in ("before", "moved_in", "moved_out", "after")}
        | {"difference": money(found["after"] - found["before"], choice.currency)}
        for (host_id, kind), found in sums.items()
        if any(found.values())
    ]
    return sorted(rows, key=lambda row: (row["kind"] in ACCOUNTS, -row["difference"], row["host_id"], row["kind"]))


def excess(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """The latest 200."""
    rows = []
    for entry in truth.books.entries:
        order = truth.orders[entry["order_id"]]
        if (
            entry["host_id"] == "excess_refund"
            and entry["model"] == choice.model
            and choice.holds(entry["booked_at"])
            and truth.in_sessions(order.session_id or "", choice)
        ):
            at = datetime.fromtimestamp(entry["booked_at"] // 1000, UTC)
            rows.append(
                {
                    "order_id": entry["order_id"],
                    "refund_id": entry["refund_id"],
                    "time": f"{at:%Y-%m-%d %H:%M:%S}.{entry['booked_at'] % 1000:03}",
                    "amount": money(entry["amount_minor"], entry["currency"]),
                    "currency": entry["currency"],
                }
            )
    rows.sort(key=lambda row: (row["order_id"], row["refund_id"]))
    return sorted(rows, key=lambda row: row["time"], reverse=True)[:200]


FINANCE: dict[str, Callable[[Truth, Choice], list[dict[str, Any]]]] = {
    "totals": totals,
    "conservation": conservation,
    "revenue": revenue,
    "periods": periods,
    "cohorts": cohorts,
    "by_kind": by_kind,
    "by_seller": by_seller,
    "by_platform": by_platform,
    "models": models,
    "bridge": bridge,
    "excess": excess,
}
"""What each panel of the board Finance must say, but for restatements, which the events do not tell."""
