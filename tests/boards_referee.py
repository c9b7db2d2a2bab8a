"""What the boards Hosts and Finance must say: plain Python over the referee's books, one thing at a time, no SQL."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from referee import RefereeBooks, books
from referee_intervals import FOREVER, first_of_each
from referee_models import EVERY_MODEL, RefereeRules
from scenario_stage import Event

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
QUARTER_MS = 900_000
"""Hours and days of every time zone begin on one."""
EXPONENTS = {"CNY": 2, "JPY": 0, "KWD": 3}
ACCOUNTS = ("unattributed", "excess_refund")
STREAMED = tuple(model for model in EVERY_MODEL if model != "markov")


class Piece(NamedTuple):
    """A shift in the range."""

    session_id: str
    host_id: str
    kind: str
    start_ms: int
    end_ms: int


class Line(NamedTuple):
    """A booked entry in the range; net is what it adds to the account's gross - refunds."""

    order_id: str
    refund_id: str | None
    host_id: str
    kind: str
    session_id: str
    currency: str
    minute_ms: int
    sale_minute_ms: int
    gross: int
    refunds: int

    @property
    def net(self) -> int:
        """Sales less refunds."""
        return self.gross - self.refunds


@dataclass(frozen=True)
class Choice:
    """What is looked at: half-open, whole minutes, and the chosen values."""

    from_ms: int
    until_ms: int
    model: str = "on_air"
    other: str = "linear"
    currency: str = "CNY"
    zone: str = "UTC"
    period: str = "day"
    seller: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, list[str]]:
        """The values of the variables."""
        single = {name: [getattr(self, name)] for name in ("model", "other", "currency", "zone", "period")}
        return single | {name: list(getattr(self, name)) for name in ("seller", "platform", "session", "host", "kind")}

    def holds(self, at_ms: int) -> bool:
        """True for an instant in the range."""
        return self.from_ms <= at_ms < self.until_ms

    def takes(self, host_id: str, kind: str) -> bool:
        """True for a chosen host and kind."""
        return host_id in (self.host or (host_id,)) and kind in (self.kind or (kind,))


def minute(at_ms: int) -> int:
    """The begin of the minute."""
    return at_ms - at_ms % MINUTE_MS


def whole(numerator: int, denominator: int) -> int | None:
    """Divide, rounded half to even."""
    return round(Fraction(numerator, denominator)) if denominator > 0 else None


def ratio(numerator: int, denominator: int) -> Fraction | None:
    """Divide; None by nothing."""
    return Fraction(numerator, denominator) if denominator else None


def money(minor: int | None, currency: str) -> Decimal | None:
    """Write minor units as the currency does."""
    return None if minor is None else Decimal(minor).scaleb(-EXPONENTS[currency])


def period_of(at_ms: int, period: str, zone: str) -> date:
    """The first day of the period of an instant."""
    day = datetime.fromtimestamp(at_ms // 1000, ZoneInfo(zone)).date()
    return {
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1),
        "year": day.replace(day=1, month=1),
    }[period]


def begin_of(day: date, zone: str) -> str:
    """When a day of a time zone begins, as the engine writes a time."""
    return f"{datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


class Truth:
    """All that events say, by the definitions."""

    def __init__(self, events: Sequence[Event], newest_ms: int) -> None:
        self.events: list[Any] = first_of_each(events, "event_id")
        self.newest_ms = newest_ms
        self.books: RefereeBooks = books(events, RefereeRules(models=STREAMED))
        self.orders = {order.order_id: order for order in self.books.orders}
        self._lines_of: dict[tuple[Choice, str], list[Line]] = {}
        self.figures_of: dict[Choice, dict[tuple[str, str], Counter[str]]] = {}

    def of(self, *types: str) -> list[Event]:
        """Events of some types, by time."""
        return sorted((e for e in self.events if e["type"] in types), key=lambda e: (e["occurred_at"], e["event_id"]))

    @cached_property
    def registered(self) -> dict[str, list[Event]]:
        """Registrations of each host, by time."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.of("host_registered"):
            found[event["host_id"]].append(event)
        return found

    @cached_property
    def rooms(self) -> dict[str, Event]:
        """The latest start of each session."""
        return {event["session_id"]: event for event in self.of("session_started")}

    def name(self, host_id: str) -> str:
        """The latest name of a host, else its id."""
        return str(self.registered[host_id][-1]["name"]) if host_id in self.registered else host_id

    def kind(self, host_id: str, at_ms: int) -> str:
        """What a host was then; its first registration counts from ever."""
        if host_id in ACCOUNTS:
            return host_id
        found = self.registered.get(host_id, [])
        before = [event for event in found if event["occurred_at"] <= at_ms] or found[:1]
        return str(before[-1]["kind"]) if before else "unknown"

    def in_sessions(self, session_id: str, choice: Choice) -> bool:
        """True for a session that seller, platform and session leave."""
        room = self.rooms.get(session_id)
        return (
            (not choice.seller or (room is not None and room["seller_id"] in choice.seller))
            and (not choice.platform or (room is not None and room["platform"] in choice.platform))
            and session_id in (choice.session or (session_id,))
        )

    def air(self, choice: Choice) -> list[Piece]:
        """Shifts in the range, of all hosts."""
        found = []
        for (session_id, host_id), spans in self.books.shifts.items():
            for start, end in spans:
                begin = max(start, choice.from_ms)
                until = min(self.newest_ms if end == FOREVER else end, choice.until_ms)
                if begin < until and self.in_sessions(session_id, choice):
                    found.append(Piece(session_id, host_id, self.kind(host_id, start), begin, until))
        return found

    def lines(self, choice: Choice, model: str | None = None) -> list[Line]:
        """Entries booked in the range under a model in the chosen sessions, of all currencies and accounts."""
        key = choice, model or choice.model
        if key not in self._lines_of:
            entries = [e for e in self.books.entries if choice.holds(e["booked_at"])]
            found = self._lines(entries, key[1])
            self._lines_of[key] = [line for line in found if self.in_sessions(line.session_id, choice)]
        return self._lines_of[key]

    def cohort(self, choice: Choice) -> list[Line]:
        """Entries of the orders that were paid in the range, booked whenever."""
        entries = (e for e in self.books.entries if choice.holds(self.orders[e["order_id"]].ordered_ms))
        return [line for line in self._lines(entries, choice.model) if self.in_sessions(line.session_id, choice)]

    def _lines(self, entries: Iterable[dict[str, Any]], model: str) -> list[Line]:
        found = []
        for entry in entries:
            if entry["model"] != model:
                continue
            order, host_id, booked = self.orders[entry["order_id"]], entry["host_id"], entry["booked_at"]
            is_sale = entry["refund_id"] is None
            taken = entry["amount_minor"] if host_id == "excess_refund" else -entry["amount_minor"]
            found.append(
                Line(
                    entry["order_id"],
                    entry["refund_id"],
                    host_id,
                    self.kind(host_id, minute(booked)),
                    order.session_id or "",
                    entry["currency"],
                    minute(booked),
                    minute(order.ordered_ms),
                    entry["amount_minor"] if is_sale else 0,
                    0 if is_sale else taken,
                )
            )
        return found

    def watched(self, piece: Piece) -> tuple[int, int]:
        """Views and milliseconds watched while a host was on air."""
        spans = [
            span for (session, _), each in self.books.watches.items() if session == piece.session_id for span in each
        ]
        time = sum(max(0, min(end, piece.end_ms) - max(start, piece.start_ms)) for start, end in spans)
        first = -(-piece.start_ms // MINUTE_MS) * MINUTE_MS
        if first >= piece.end_ms:
            return 0, time
        joined = [e["occurred_at"] for e in self.of("viewer_joined") if e["session_id"] == piece.session_id]
        room = sum(start < first <= end for start, end in spans)
        return room + sum(piece.start_ms <= minute(at) < piece.end_ms for at in joined), time


SUMS = ("gross", "refunds", "orders", "returned", "shifts", "live_ms", "watch_ms", "views")


def figures(truth: Truth, choice: Choice) -> dict[tuple[str, str], Counter[str]]:
    """The sums of each account and kind, in one currency."""
    if choice not in truth.figures_of:
        truth.figures_of[choice] = _figures(truth, choice)
    return truth.figures_of[choice]


def _figures(truth: Truth, choice: Choice) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    returned: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in truth.lines(choice):
        if line.currency != choice.currency:
            continue
        key = line.host_id, line.kind
        found[key].update(gross=line.gross, refunds=line.refunds, orders=int(line.refund_id is None))
        if line.refund_id is not None:
            returned[key].add(line.order_id)
    for piece in truth.air(choice):
        views, watch_ms = truth.watched(piece)
        live_ms = piece.end_ms - piece.start_ms
        found[piece.host_id, piece.kind].update(shifts=1, live_ms=live_ms, watch_ms=watch_ms, views=views)
    for key, orders in returned.items():
        found[key].update(returned=len(orders))
    return dict(found)


def per_hour(net: int, ms: int, currency: str) -> Decimal | None:
    """Money per hour, to the minor unit."""
    return money(whole(net * HOUR_MS, ms), currency)


def scorecard(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """One row per account and kind, as the board orders them."""
    rows = []
    for (host_id, kind), sums in figures(truth, choice).items():
        if not choice.takes(host_id, kind):
            continue
        gross, net = sums["gross"], sums["gross"] - sums["refunds"]
        original = truth.registered[host_id][-1].get("likeness_of") if host_id in truth.registered else None
        rows.append(
            {
                "host": truth.name(host_id),
                "host_id": host_id,
                "kind": kind,
                "twin_of": truth.name(original) if original else None,
                "shifts": sums["shifts"],
                "live_hours": Fraction(sums["live_ms"], HOUR_MS),
                "viewer_hours": Fraction(sums["watch_ms"], HOUR_MS),
                "views": sums["views"],
                "orders": sums["orders"],
                "conversion": ratio(sums["orders"], sums["views"]),
                "gmv": money(gross, choice.currency),
                "net": money(net, choice.currency),
                "aov": money(whole(gross, sums["orders"]), choice.currency),
                "per_live_hour": per_hour(net, sums["live_ms"], choice.currency),
                "per_viewer_hour": per_hour(net, sums["watch_ms"], choice.currency),
                "refund_rate": ratio(sums["refunds"], gross),
                "refunded_orders": ratio(sums["returned"], sums["orders"]),
                "watch_time": ratio(sums["watch_ms"], sums["views"] * 1000),
            }
        )
    return sorted(rows, key=lambda row: (row["kind"] in ACCOUNTS, -row["net"], row["host_id"], row["kind"]))


def ranking(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Hosts on air, by net per live hour, with the sample in the name."""
    rows = []
    for (host_id, kind), sums in figures(truth, choice).items():
        if choice.takes(host_id, kind) and sums["live_ms"]:
            hours = f"{round(Fraction(sums['live_ms'], HOUR_MS), 1) * 10 // 1 / 10:g}"
            sample = [
                f"{sums['shifts']} shift{'s' * (sums['shifts'] != 1)}",
                f"{sums['orders']} order{'s' * (sums['orders'] != 1)}",
            ]
            net = sums["gross"] - sums["refunds"]
            rows.append(
                {
                    "host": " · ".join([truth.name(host_id), f"{hours} h", *sample]),
                    "per_live_hour": per_hour(net, sums["live_ms"], choice.currency),
                    "host_id": host_id,
                    "kind": kind,
                }
            )
    return sorted(rows, key=lambda row: (-row["per_live_hour"], row["host_id"], row["kind"]))


def twins(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Two rows for each twin: the original, then the twin with the differences."""
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for (host_id, _), sums in figures(truth, choice).items():
        totals[host_id].update(sums)
    rows = []
    for host_id, found in truth.registered.items():
        latest = found[-1]
        original = latest.get("likeness_of")
        if latest["kind"] != "digital" or not original or not {host_id, original} & set(choice.host or (host_id,)):
            continue
        pair = f"{truth.name(original)} and {truth.name(host_id)}"
        sides = [
            _side(truth, one, totals[one], choice) | {"pair": pair, "twin_id": host_id} for one in (original, host_id)
        ]
        for ratio_of, difference, of in (
            ("live_ratio", "live_difference", "live_ms"),
            ("viewer_ratio", "viewer_difference", "watch_ms"),
        ):
            each = [Fraction(side["_net"], side["_" + of]) if side["_" + of] else None for side in sides]
            shown = [side["per_live_hour" if of == "live_ms" else "per_viewer_hour"] for side in sides]
            sides[0] |= {ratio_of: None, difference: None}
            sides[1] |= {
                ratio_of: each[1] / each[0] if each[0] and each[1] is not None else None,
                difference: None if None in shown else shown[1] - shown[0],
            }
        rows += sides
    ordered = sorted(rows, key=lambda row: (row["pair"], row["twin_id"]))
    return [{name: row[name] for name in row if name[0] != "_" and name != "twin_id"} for row in ordered]


def _side(truth: Truth, host_id: str, sums: Counter[str], choice: Choice) -> dict[str, Any]:
    net = sums["gross"] - sums["refunds"]
    return {
        "host": truth.name(host_id),
        "host_id": host_id,
        "kind": truth.registered[host_id][-1]["kind"] if host_id in truth.registered else "unknown",
        "live_hours": Fraction(sums["live_ms"], HOUR_MS),
        "orders": sums["orders"],
        "net": money(net, choice.currency),
        "per_live_hour": per_hour(net, sums["live_ms"], choice.currency),
        "per_viewer_hour": per_hour(net, sums["watch_ms"], choice.currency),
        "conversion": ratio(sums["orders"], sums["views"]),
        "refund_rate": ratio(sums["refunds"], sums["gross"]),
        "_net": net,
        "_live_ms": sums["live_ms"],
        "_watch_ms": sums["watch_ms"],
    }


def _by(truth: Truth, choice: Choice, key: Callable[[datetime], Any]) -> dict[tuple[Any, str], Counter[str]]:
    """Net and time on air by (something of the local time, kind)."""
    zone = ZoneInfo(choice.zone)
    found: dict[tuple[Any, str], Counter[str]] = defaultdict(Counter)
    for line in truth.lines(choice):
        if line.currency == choice.currency and choice.takes(line.host_id, line.kind):
            found[key(datetime.fromtimestamp(line.minute_ms // 1000, zone)), line.kind].update(net=line.net)
    for piece in truth.air(choice):
        if not choice.takes(piece.host_id, piece.kind):
            continue
        at = piece.start_ms
        while at < piece.end_ms:
            until = min(at - at % QUARTER_MS + QUARTER_MS, piece.end_ms)
            found[key(datetime.fromtimestamp(at // 1000, zone)), piece.kind].update(live_ms=until - at)
            at = until
    return found


def by_hour(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """All 24 hours of the day."""
    found = _by(truth, choice, lambda local: local.hour)
    rows = []
    for hour in range(24):
        row: dict[str, Any] = {"hour": f"{hour:02}:00"}
        for kind in ("human", "digital"):
            sums = found[hour, kind]
            row[kind] = per_hour(sums["net"], sums["live_ms"], choice.currency)
            row[f"{kind}_hours"] = Fraction(sums["live_ms"], HOUR_MS)
        rows.append(row)
    return rows


def trend(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Days with somebody of the kind on air."""
    found = _by(truth, choice, lambda local: local.date())
    return [
        {
            "time": begin_of(day, choice.zone),
            "kind": kind,
            "per_live_hour": per_hour(found[day, kind]["net"], found[day, kind]["live_ms"], choice.currency),
        }
        for day, kind in sorted(found)
        if found[day, kind]["live_ms"]
    ]


def versions(truth: Truth) -> dict[str, list[tuple[int, int, str]]]:
    """Per host the stretches of its avatar's versions: (began, until, version), none of them empty."""
    starts: dict[str, list[int]] = defaultdict(list)
    for (_, host_id), spans in truth.books.shifts.items():
        starts[host_id] += [start for start, _ in spans]
    found = {}
    for host_id, events in truth.registered.items():
        began, previous = [], ""
        for event in events:
            version = event.get("avatar_version") or ""
            later = [start for start in starts[host_id] if start >= event["occurred_at"]]
            if version != previous and later:
                began.append((min(later), version))
            previous = version
        ends = [*(at for at, _ in began), FOREVER][1:]
        found[host_id] = [(at, end, version) for (at, version), end in zip(began, ends, strict=True) if at < end]
    return found


def avatar_days(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Days of 24 hours since each version began, over all versions."""
    spans = versions(truth)
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    seen: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for line in truth.lines(choice):
        if line.currency != choice.currency or not choice.takes(line.host_id, line.kind):
            continue
        for began, until, version in spans.get(line.host_id, []):
            if version and began < line.minute_ms + MINUTE_MS <= until:
                day = max(line.minute_ms - began, 0) // DAY_MS
                sums[day].update(net=line.net, orders=int(line.refund_id is None))
                seen[day].add((line.host_id, began))
    for piece in truth.air(choice):
        for began, until, version in spans.get(piece.host_id, []) if choice.takes(*piece[1:3]) else []:
            at, end = max(piece.start_ms, began), min(piece.end_ms, until)
            while version and at < end:
                day = (at - began) // DAY_MS
                stop = min(end, began + (day + 1) * DAY_MS)
                sums[day].update(live_ms=stop - at)
                seen[day].add((piece.host_id, began))
                at = stop
    return [
        {
            "day": day,
            "versions": len(seen[day]),
            "live_hours": Fraction(sums[day]["live_ms"], HOUR_MS),
            "orders": sums[day]["orders"],
            "net": money(sums[day]["net"], choice.currency),
            "per_live_hour": per_hour(sums[day]["net"], sums[day]["live_ms"], choice.currency),
        }
        for day in sorted(seen)
    ]


def leftovers(truth: Truth, choice: Choice) -> list[dict[str, Any]]:
    """Sales of hosts who were off air."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for line in truth.lines(choice):
        if line.currency != choice.currency or line.refund_id is not None or line.host_id in ACCOUNTS:
            continue
        at = truth.orders[line.order_id].ordered_ms
        spans = truth.books.shifts.get((line.session_id, line.host_id), [])
        is_left = not any(start <= at < end for start, end in spans)
        found[line.host_id, line.kind].update(gross=line.gross, amount=line.gross * is_left, orders=int(is_left))
    rows = [
        {
            "host": truth.name(host_id),
            "host_id": host_id,
            "kind": kind,
            "orders": sums["orders"],
            "amount": money(sums["amount"], choice.currency),
            "share": ratio(sums["amount"], sums["gross"]),
        }
        for (host_id, kind), sums in found.items()
        if sums["orders"] and choice.takes(host_id, kind)
    ]
    return sorted(rows, key=lambda row: (-row["amount"], row["host_id"], row["kind"]))


HOSTS: dict[str, Callable[[Truth, Choice], list[dict[str, Any]]]] = {
    "scorecard": scorecard,
    "ranking": ranking,
    "twins": twins,
    "by_hour": by_hour,
    "trend": trend,
    "avatar_days": avatar_days,
    "leftovers": leftovers,
}
"""What each panel of the board Hosts must say."""
