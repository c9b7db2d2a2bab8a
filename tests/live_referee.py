"""What the board Live must say: plain Python over the referee's books, one thing at a time, no SQL."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from boards_referee import MINUTE_MS, Choice, Line, Piece, Truth, minute, money, ratio, whole
from referee_intervals import Event, Interval, first_of_each

ACTIONS = ("commented", "liked", "shared", "followed")
STATES = {frozenset(): 0, frozenset({"human"}): 1, frozenset({"digital"}): 2, frozenset({"human", "digital"}): 3}


class Live:
    """A choice, looked at."""

    def __init__(self, truth: Truth, choice: Choice) -> None:
        self.truth, self.choice = truth, choice
        self.everybody = not choice.host and not choice.kind
        self.lines = [line for line in truth.lines(choice) if line.currency == choice.currency]
        self.taken = [line for line in self.lines if choice.takes(line.host_id, line.kind)]
        paid = first_of_each((e for e in truth.events if e["type"] == "order_paid"), "order_id")
        self.paid = [e for e in paid if self._inside(e)]
        self.sold = [e for e in self.paid if e["currency"] == choice.currency]
        self.did = [
            e
            for e in truth.events
            if e.get("viewer_id") and e["type"] not in ("order_paid", "order_refunded") and self._inside(e)
        ]
        self.end_ms = min(choice.until_ms, truth.newest_ms)
        self.pieces = list(self._pieces())

    def _inside(self, event: Event) -> bool:
        return self.choice.holds(event["occurred_at"]) and self.of_choice(event.get("session_id") or "")

    def of_choice(self, session_id: str) -> bool:
        """True for a session that is looked at."""
        return self.truth.in_sessions(session_id, self.choice)

    def _pieces(self) -> Iterable[Piece]:
        """Shifts in the range, cut where a host changes kind, each one to the newest event or the range's end."""
        for (session_id, host_id), spans in self.truth.books.shifts.items():
            for start, end in spans if self.of_choice(session_id) else []:
                begin, until = max(start, self.choice.from_ms), min(end, self.choice.until_ms)
                known = self.truth.registered.get(host_id, [])
                cuts = [e["occurred_at"] for e in known if begin < e["occurred_at"] < until]
                for one, two in pairwise([begin, *cuts, until]):
                    if one < two:
                        yield Piece(session_id, host_id, self.truth.kind(host_id, one), one, two)

    def lived(self, piece: Piece) -> Interval:
        """The piece up to the newest event, if the shift goes on."""
        spans = self.truth.books.shifts[piece.session_id, piece.host_id]
        goes_on = any(start <= piece.start_ms < end and end > self.truth.newest_ms for start, end in spans)
        return piece.start_ms, min(piece.end_ms, self.truth.newest_ms) if goes_on else piece.end_ms

    def watches(self, session_id: str | None = None) -> list[tuple[str, int, int]]:
        """(session, start, end) of watches that are looked at; one that goes on ends nowhere."""
        return [
            (session, start, end if end <= self.truth.newest_ms else 2**62)
            for (session, _), spans in self.truth.books.watches.items()
            for start, end in spans
            if self.of_choice(session) and session_id in (None, session)
        ]

    def online(self, at_ms: int, session_id: str | None = None) -> int:
        """People who watch just before an instant."""
        return sum(start < at_ms <= end for _, start, end in self.watches(session_id))

    def room(self, session_id: str) -> str:
        """The title of a session."""
        return str(self.truth.rooms.get(session_id, {}).get("title") or session_id)

    def people(self, *types: str, session_id: str | None = None) -> set[str]:
        """Who did one of these."""
        return {e["viewer_id"] for e in self.did if e["type"] in types and session_id in (None, e["session_id"])}


def total(lines: Iterable[Line], part: str = "gross") -> int:
    """Add up."""
    return sum(getattr(line, part) for line in lines)


def union(spans: Iterable[Interval]) -> int:
    """Length of the union."""
    length, reached = 0, -(2**62)
    for start, end in sorted(spans):
        length += max(0, end - max(start, reached))
        reached = max(reached, end)
    return length


def gmv(live: Live) -> list[dict[str, Any]]:
    """Sales and buyers."""
    buyers = len({e["viewer_id"] for e in live.sold}) if live.everybody else None
    return [{"gmv": money(total(live.taken), live.choice.currency), "buyers": buyers}]


def net(live: Live) -> list[dict[str, Any]]:
    """Sales less refunds."""
    refunds = total(live.taken, "refunds")
    shown = money(total(live.taken) - refunds, live.choice.currency), money(refunds, live.choice.currency)
    return [dict(zip(("net", "refunds"), shown, strict=True))]


def count(live: Live) -> int:
    """Orders of a choice."""
    return len(live.sold) if live.everybody else sum(line.refund_id is None for line in live.taken)


def orders(live: Live) -> list[dict[str, Any]]:
    """Orders and their average."""
    average = whole(total(live.taken), count(live))
    return [{"orders": count(live), "average": money(average, live.choice.currency)}]


def items(live: Live) -> list[dict[str, Any]]:
    """Pieces."""
    pieces = sum(line["quantity"] for e in live.sold for line in e["lines"]) if live.everybody else None
    return [{"items": pieces, "per_order": None if pieces is None else ratio(pieces, len(live.sold))}]


def online(live: Live) -> list[dict[str, Any]]:
    """People at the end."""
    return [{"online": live.online(live.choice.until_ms)}]


def share_of(kind: str) -> Callable[[Live], list[dict[str, Any]]]:
    """The share of a kind, of all lines."""
    return lambda live: [{"share": ratio(total(x for x in live.lines if x.kind == kind), total(live.lines))}]


def revenue(live: Live, step_ms: int = MINUTE_MS) -> list[dict[str, Any]]:
    """Sales by step and kind."""
    found: Counter[tuple[int, str]] = Counter()
    for line in live.taken:
        found[line.minute_ms // step_ms * step_ms, line.kind] += line.gross
    shown = sorted((key, minor) for key, minor in found.items() if minor)
    return [{"time": at, "kind": kind, "gmv": money(minor, live.choice.currency)} for (at, kind), minor in shown]


def line_ups(live: Live) -> list[dict[str, Any]]:
    """Who was on air from when on, in rooms with a chosen host."""
    rooms = defaultdict(list)
    for piece in live.pieces:
        rooms[piece.session_id].append(piece)
    kept = {s: p for s, p in rooms.items() if any(live.choice.takes(one.host_id, one.kind) for one in p)}
    last = sorted(kept, key=lambda s: (-max(p.end_ms for p in kept[s]), -max(p.start_ms for p in kept[s]), s))[:12]
    titles = Counter(live.room(session_id) for session_id in last)
    rows = []
    for session_id in last:
        title = live.room(session_id)
        for at in {p.start_ms for p in kept[session_id]} | {p.end_ms for p in kept[session_id]} - {
            live.choice.until_ms
        }:
            present = [p for p in kept[session_id] if p.start_ms <= at < p.end_ms]
            kinds = frozenset(p.kind for p in present) & {"human", "digital"}
            row = {"time": at, "session": title if titles[title] == 1 else f"{title} · {session_id}"}
            row |= {"state": STATES[kinds] if kinds or not present else 4}
            row |= {"hosts": ", ".join(sorted({live.truth.name(p.host_id) for p in present})), "session_id": session_id}
            rows.append(row)
    return sorted(rows, key=lambda row: (row["time"], row["session"]))


def label(live: Live, session_id: str, host_id: str, at_ms: int) -> str | None:
    """What the label last did before an instant."""
    told = [
        e["type"].removeprefix("label_")
        for e in live.truth.of("label_shown", "label_hidden")
        if (e["session_id"], e["host_id"]) == (session_id, host_id) and e["occurred_at"] < at_ms
    ]
    return told[-1] if told else "not reported"


def on_air(live: Live) -> list[dict[str, Any]]:
    """Who is on air at the end, and watched rooms with nobody."""
    rows: list[dict[str, Any]] = []
    until = live.choice.until_ms
    present = {
        (session_id, host_id, start)
        for (session_id, host_id), spans in live.truth.books.shifts.items()
        for start, end in spans
        if live.of_choice(session_id) and start < until <= end
    }
    for session_id, host_id, since in present:
        kind = live.truth.kind(host_id, until)
        if live.choice.takes(host_id, kind):
            of = live.truth.registered.get(host_id, [{}])[-1].get("likeness_of")
            earned = total(x for x in live.lines if (x.session_id, x.host_id) == (session_id, host_id))
            row = {
                "host": live.truth.name(host_id),
                "kind": kind,
                "likeness": of and live.truth.name(of),
                "since": since,
            }
            row |= {"seconds": Fraction(live.end_ms - since, 1000), "gmv": money(earned, live.choice.currency)}
            row |= {"label": label(live, session_id, host_id, until) if kind == "digital" else None, "host_id": host_id}
            rows.append(row | {"session_id": session_id})
    ended = {e["session_id"] for e in live.truth.of("session_ended") if e["occurred_at"] < until}
    quiet = {s for s, *_ in live.watches()} - {s for s, *_ in present} - ended if live.everybody else set()
    blank = dict.fromkeys(("host", "kind", "likeness", "since", "seconds", "gmv", "label", "host_id"))
    rows += [blank | {"session_id": s} for s in quiet if live.online(until, s) > 0]
    for row in rows:
        known = live.truth.rooms.get(row["session_id"], {})
        row |= {"session": live.room(row["session_id"]), "online": live.online(until, row["session_id"])}
        row |= {"platform": known.get("platform"), "category": known.get("category")}
    return sorted(rows, key=lambda row: (-row["online"], row["session_id"], row["since"] or 0, row["host_id"] or ""))[
        :100
    ]


def audience(live: Live, step_ms: int = MINUTE_MS) -> list[dict[str, Any]]:
    """The most people at the end of a minute, step by step."""
    found: dict[int, int] = {}
    for at in range(live.choice.from_ms, min(live.choice.until_ms, live.truth.newest_ms + 1), MINUTE_MS):
        step = at // step_ms * step_ms
        found[step] = max(found.get(step, 0), live.online(at + MINUTE_MS))
    return [{"time": at, "online": most} for at, most in found.items()]


def rates(live: Live) -> list[dict[str, Any]]:
    """The standard rates."""
    views, viewers = sum(e["type"] == "viewer_joined" for e in live.did), len(live.people("viewer_joined"))
    paid = sum(line["amount_minor"] for e in live.sold if e.get("session_id") for line in e["lines"])
    orders = sum(bool(e.get("session_id")) for e in live.paid)
    begin, end = live.choice.from_ms, live.end_ms
    watched = sum(max(0, min(stop, end) - max(start, begin)) for _, start, stop in live.watches())
    on_air_ms = union(live.lived(piece) for piece in live.pieces)
    return [
        {
            "gpm": money(whole(paid * 1000, views), live.choice.currency),
            "ctor": ratio(orders, sum(e["type"] == "product_clicked" for e in live.did)),
            "uv_value": money(whole(paid, viewers), live.choice.currency),
            "interaction_rate": ratio(len(live.people(*ACTIONS)), viewers),
            "pcu": max((row["online"] for row in audience(live)), default=0),
            "acu": ratio(watched, on_air_ms),
        }
    ]


def funnel(live: Live) -> list[dict[str, Any]]:
    """People, step by step."""
    people = {
        "viewers": live.people("viewer_joined"),
        "product clickers": live.people("product_clicked"),
        "carts": live.people("cart_added"),
        "buyers": {e["viewer_id"] for e in live.paid if e.get("session_id")},
    }
    first = len(people["viewers"])
    return [{"step": step, "people": len(who), "share": ratio(len(who), first)} for step, who in people.items()]


def products(live: Live) -> list[dict[str, Any]]:
    """What was sold."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event in live.sold:
        for line in event["lines"]:
            found[line["product_id"]].update(pieces=line["quantity"], gmv=line["amount_minor"])
    everything = sum(sums["gmv"] for sums in found.values())
    ranked = sorted(found.items(), key=lambda item: (-item[1]["gmv"], item[0]))[:40]
    return [
        {
            "product": product,
            "pieces": sums["pieces"],
            "gmv": money(sums["gmv"], live.choice.currency),
            "share": ratio(sums["gmv"], everything),
        }
        for product, sums in ranked
    ]


def sessions(live: Live) -> list[dict[str, Any]]:
    """One row for each session with anything in the range."""
    lived = {piece.session_id for piece in live.pieces if live.lived(piece)[0] < live.lived(piece)[1]}
    listed = {line.session_id for line in live.lines} | {e.get("session_id") or "" for e in live.sold}
    listed |= {e["session_id"] for e in live.did} | lived
    rows: list[dict[str, Any]] = []
    for session_id in listed:
        whole_ = [line for line in live.lines if line.session_id == session_id]
        taken = [line for line in live.taken if line.session_id == session_id]
        known = live.truth.rooms.get(session_id, {})
        sold = sum((e.get("session_id") or "") == session_id for e in live.sold)
        row = {"session": "outside sessions" if session_id == "" else live.room(session_id), "session_id": session_id}
        row |= {"platform": known.get("platform"), "seller": known.get("seller_id")}
        row |= {"gmv": money(total(taken), live.choice.currency)}
        row |= {"net": money(total(taken) - total(taken, "refunds"), live.choice.currency)}
        row |= {"orders": sold if live.everybody else sum(line.refund_id is None for line in taken)}
        spans = [live.lived(piece) for piece in live.pieces if piece.session_id == session_id]
        row |= {
            "live": Fraction(union(spans), 1000),
            "viewers": len(live.people("viewer_joined", session_id=session_id)),
        }
        row |= {"watch_time": _watch_time(live, session_id)}
        for kind in ("digital", "unattributed"):
            row[f"{kind}_share"] = ratio(total(x for x in whole_ if x.kind == kind), total(whole_))
        rows.append(row)
    return sorted(rows, key=lambda row: (-row["gmv"], row["session_id"]))[:100]


def _watch_time(live: Live, session_id: str) -> Fraction | None:
    """Seconds per viewer since the session began."""
    came = {
        e["viewer_id"]
        for e in live.truth.of("viewer_joined")
        if e["session_id"] == session_id and e["occurred_at"] < live.choice.until_ms
    }
    watched = sum(max(0, min(end, live.end_ms) - start) for _, start, end in live.watches(session_id))
    return Fraction(watched, 1000 * len(came)) if came else None


def hosts(live: Live) -> list[dict[str, Any]]:
    """One row for each account and kind."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for line in live.taken:
        found[line.host_id, line.kind].update(
            gross=line.gross, refunds=line.refunds, orders=int(line.refund_id is None)
        )
    for piece in live.pieces:
        start, end = live.lived(piece)
        if start < end and live.choice.takes(piece.host_id, piece.kind):
            found[piece.host_id, piece.kind].update(live=end - start)
    rows: list[dict[str, Any]] = []
    for (host_id, kind), sums in found.items():
        of = live.truth.registered.get(host_id, [{}])[-1].get("likeness_of")
        name = "excess refund" if kind == "excess_refund" else live.truth.name(host_id)
        row = {"host": name, "kind": kind, "likeness": of and live.truth.name(of), "orders": sums["orders"]}
        row |= {part: money(sums[part], live.choice.currency) for part in ("gross", "refunds")}
        row |= {"net": money(sums["gross"] - sums["refunds"], live.choice.currency), "host_id": host_id}
        row |= {"live": Fraction(sums["live"], 1000), "share": ratio(sums["gross"], total(live.lines))}
        row |= {"per_hour": money(whole(sums["gross"] * 3_600_000, sums["live"]), live.choice.currency)}
        rows.append(row)
    return sorted(rows, key=lambda row: (-row["net"], row["host_id"], row["kind"]))


def latest(live: Live) -> list[dict[str, Any]]:
    """The latest orders with their credit; why they have it, and how often it was restated, is not said here."""
    entries = defaultdict(list)
    for entry in live.truth.books.entries:
        if entry["model"] == live.choice.model:
            entries[entry["order_id"]].append(entry)
    rows = []
    for event in sorted(live.sold, key=lambda e: (-e["occurred_at"], e["order_id"])):
        order_id, at = event["order_id"], minute(event["occurred_at"])
        sale = [e for e in entries[order_id] if e["refund_id"] is None]
        if not any(live.choice.takes(e["host_id"], live.truth.kind(e["host_id"], at)) for e in sale):
            continue
        back = sum(
            e["amount_minor"] * (1 if e["host_id"] == "excess_refund" else -1)
            for e in entries[order_id]
            if e["refund_id"] is not None
        )
        row = {"time": event["occurred_at"], "order_id": order_id, "items": sum(x["quantity"] for x in event["lines"])}
        row |= {"amount": money(sum(x["amount_minor"] for x in event["lines"]), live.choice.currency)}
        row |= {"refunded": money(back, live.choice.currency) if back else None, "hosts": {e["host_id"] for e in sale}}
        session_id = event.get("session_id")
        row |= {"session": session_id and live.room(session_id), "session_id": session_id}
        rows.append(row)
    return rows[:40]


PANELS: dict[str, Callable[[Live], list[dict[str, Any]]]] = {
    "gmv": gmv,
    "net": net,
    "orders": orders,
    "items": items,
    "online": online,
    "digital_share": share_of("digital"),
    "unattributed_share": share_of("unattributed"),
    "revenue": revenue,
    "line_ups": line_ups,
    "on_air": on_air,
    "rates": rates,
    "funnel": funnel,
    "audience": audience,
    "products": products,
    "sessions": sessions,
    "hosts": hosts,
}
"""Panels that are the same to the last digit; `latest` and `data_age` are told apart."""
