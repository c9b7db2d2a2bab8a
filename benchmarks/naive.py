"""What one writes first: one event at a time, json.loads, dicts, plain integers. It keeps everything, and stores nothing.

It does less than the product: seven of the ten models, no journal, no table on disk, no restatement of an order by late
facts, and it trusts what `json.loads` gives where the types happen to fit.
"""

import hashlib
import json
import sys
from collections import defaultdict
from itertools import islice
from math import lcm
from pathlib import Path
from typing import Any

from benchmarks.running import Stopwatch, tell

LOOKBACK_MS = 7 * 86_400_000
IDLE_MS = 4 * 3_600_000
GRACE_MS = 120_000
MODELS = ("declared", "on_air", "first", "last", "linear", "watch_time", "shapley")
NOBODY = {"unattributed": 1}

Hosts = tuple[str, ...]
Step = tuple[str, Hosts, int]  # session, line-up, milliseconds watched


class Rooms:
    """Who is on air in each session, and who was."""

    def __init__(self) -> None:
        self._now: dict[str, tuple[int, set[str]]] = {}
        self._past: dict[str, list[tuple[int, int, Hosts]]] = defaultdict(list)

    def change(self, session: str, at: int, host: str | None, *, on: bool) -> None:
        """A host goes on or off air; host None: everyone goes."""
        since, hosts = self._now.get(session, (at, set()))
        if hosts and since < at:
            self._past[session].append((since, at, tuple(sorted(hosts))))
        after = (hosts | {host} if on else hosts - {host}) if host is not None else set()
        self._now[session] = (at, after)

    def lineups(self, session: str) -> list[tuple[int, int, Hosts]]:
        """(start, end, hosts) of everything that was on air up to now; what goes on has an end far away."""
        since, hosts = self._now.get(session, (0, set()))
        return self._past[session] + ([(since, sys.maxsize, tuple(sorted(hosts)))] if hosts else [])

    def on_air(self, session: str | None, at: int) -> dict[str, int]:
        """Hosts on air at an instant, or the last ones within the grace, each with weight 1."""
        for start, end, hosts in reversed(self.lineups(session) if session else []):
            if start <= at:
                return dict.fromkeys(hosts, 1) if at - end <= GRACE_MS else {}
        return {}


class Watches:
    """Who watches which session, and who did."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, int]] = defaultdict(dict)  # session -> viewer -> since
        self._past: dict[str, list[tuple[str, int, int]]] = defaultdict(list)  # viewer -> (session, start, end)
        self._seen: dict[str, int] = {}

    def alive(self, viewer: str, at: int) -> None:
        """A viewer does something: who was silent for too long had left."""
        last = self._seen.get(viewer, at)
        if at - last > IDLE_MS:
            for session in [session for session, watching in self._open.items() if viewer in watching]:
                self.leave(viewer, session, last + IDLE_MS)
        self._seen[viewer] = max(at, last)

    def join(self, viewer: str, session: str, at: int) -> None:
        """A viewer enters; who is inside already stays."""
        self._open[session].setdefault(viewer, at)

    def leave(self, viewer: str, session: str, at: int) -> None:
        """A viewer leaves; who is not inside does not."""
        since = self._open[session].pop(viewer, None)
        if since is not None and since < at:
            self._past[viewer].append((session, since, at))

    def end(self, session: str, at: int) -> None:
        """A session ends for everyone in it."""
        for viewer in list(self._open[session]):
            self.leave(viewer, session, at)

    def of(self, viewer: str, at: int) -> list[tuple[str, int, int]]:
        """(session, start, end) in the look-back before an instant."""
        still = [(session, since[viewer], at) for session, since in self._open.items() if viewer in since]
        cut = (
            (session, max(start, at - LOOKBACK_MS), min(end, at)) for session, start, end in self._past[viewer] + still
        )
        return [(session, start, end) for session, start, end in cut if start < end]


class Naive:
    """The whole of it: feed it lines, then read the counters."""

    def __init__(self) -> None:
        self.events = self.repeats = self.rejects = 0
        self.activity: dict[tuple[str, int, str], int] = defaultdict(int)
        self.sold: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        self.revenue: dict[tuple[str, int, str, str, str], int] = defaultdict(int)
        self._ids: set[str] = set()
        self._rooms, self._watches = Rooms(), Watches()
        self._orders: dict[str, tuple[dict[str, Any], dict[str, dict[str, int]], dict[str, dict[str, int]]]] = {}
        self._refunds: set[str] = set()
        self._returned: dict[str, int] = defaultdict(int)
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def take(self, line: bytes) -> None:
        """Take one line in."""
        try:
            event = json.loads(line)
            name, event_id, at = event["type"], str(event["event_id"]), event["occurred_at"]
            if event_id in self._ids:
                self.repeats += 1
                return
            self._ids.add(event_id)
            self._dispatch(name, event, at)
            self.events += 1
        except (ValueError, KeyError, TypeError):
            self.rejects += 1

    def _dispatch(self, name: str, event: dict[str, Any], at: int) -> None:
        if name == "order_paid":
            self._order(event, at)
        elif name == "order_refunded":
            self._refund(event)
        elif "viewer_id" in event:
            self._viewer(name, event["viewer_id"], event["session_id"], at, event.get("count", 1))
        elif name in {"shift_started", "shift_ended"}:
            self._rooms.change(event["session_id"], at, event["host_id"], on=name == "shift_started")
        elif name == "session_ended":
            self._rooms.change(event["session_id"], at, None, on=False)
            self._watches.end(event["session_id"], at)

    def _viewer(self, name: str, viewer: str, session: str, at: int, count: int) -> None:
        self._watches.alive(viewer, at)
        self.activity[session, at // 60_000, name] += count
        if name == "viewer_joined":
            self._watches.join(viewer, session, at)
        elif name == "viewer_left":
            self._watches.leave(viewer, session, at)

    def _order(self, event: dict[str, Any], at: int) -> None:
        order_id, viewer = str(event["order_id"]), str(event["viewer_id"])
        amount = sum(line["amount_minor"] for line in event["lines"])
        if amount < 0:
            raise ValueError(amount)
        if order_id in self._orders:
            return
        self._watches.alive(viewer, at)
        sold = self.sold[at // 60_000, event["currency"], event.get("session_id") or ""]
        for i, number in enumerate((1, sum(line["quantity"] for line in event["lines"]), amount)):
            sold[i] += number
        weights = self._weights(event, self._steps(viewer, at), at)
        self._orders[order_id] = ({**event, "amount": amount}, weights, {model: {} for model in MODELS})
        self._book(order_id, amount, at)
        for refund in self._waiting.pop(order_id, []):
            self._give_back(order_id, refund)

    def _steps(self, viewer: str, at: int) -> list[Step]:
        pieces = sorted(
            (max(start, begin), session, min(end, until), hosts)
            for session, start, end in self._watches.of(viewer, at)
            for begin, until, hosts in self._rooms.lineups(session)
            if max(start, begin) < min(end, until)
        )
        steps: list[Step] = []
        for start, session, end, hosts in pieces:
            if steps and steps[-1][:2] == (session, hosts):
                steps[-1] = (session, hosts, steps[-1][2] + end - start)
            else:
                steps.append((session, hosts, end - start))
        return steps

    def _weights(self, event: dict[str, Any], steps: list[Step], at: int) -> dict[str, dict[str, int]]:
        on_air = self._rooms.on_air(event.get("session_id"), at)
        named = event.get("host_id")
        found = {
            "declared": {named: 1} if named else on_air,
            "on_air": on_air,
            "first": _split([(hosts, 1) for _, hosts, _ in steps[:1]]),
            "last": _split([(hosts, 1) for _, hosts, _ in steps[-1:]]),
            "linear": _split([(hosts, 1) for _, hosts, _ in steps]),
            "watch_time": _split([(hosts, watched) for _, hosts, watched in steps]),
            "shapley": dict.fromkeys([host for _, hosts, _ in steps for host in hosts], 1),
        }
        return {model: weights or NOBODY for model, weights in found.items()}

    def _refund(self, event: dict[str, Any]) -> None:
        order_id, refund_id = str(event["order_id"]), str(event["refund_id"])
        if refund_id in self._refunds:
            return
        self._refunds.add(refund_id)
        if order_id in self._orders:
            self._give_back(order_id, event)
        else:
            self._waiting[order_id].append(event)

    def _give_back(self, order_id: str, refund: dict[str, Any]) -> None:
        self._returned[order_id] += refund["amount_minor"]
        self._book(
            order_id, max(self._orders[order_id][0]["amount"] - self._returned[order_id], 0), refund["occurred_at"]
        )

    def _book(self, order_id: str, total: int, at: int) -> None:
        """Bring the credits of an order to a total, and count the difference in its minute."""
        order, weights, booked = self._orders[order_id]
        for model in MODELS:
            credits = allocated(order_id, total, weights[model])
            for host, amount in credits.items():
                key = (model, at // 60_000, order["currency"], order.get("session_id") or "", host)
                self.revenue[key] += amount - booked[model].get(host, 0)
            booked[model] = credits


def _split(steps: list[tuple[Hosts, int]]) -> dict[str, int]:
    """Weights of steps, split equally over their line-ups."""
    whole = lcm(*(len(hosts) for hosts, _ in steps))
    weights: dict[str, int] = defaultdict(int)
    for hosts, weight in steps:
        for host in hosts:
            weights[host] += weight * whole // len(hosts)
    return weights


def allocated(order_id: str, total: int, weights: dict[str, int]) -> dict[str, int]:
    """Split an amount by weight to the minor unit, largest remainder first."""
    whole = sum(weights.values())
    parts = {host: divmod(total * weight, whole) for host, weight in weights.items()}
    left = total - sum(quota for quota, _ in parts.values())
    by_rest = sorted(parts, key=lambda host: (-parts[host][1], _tie(order_id, host))) if left else []
    extra = set(by_rest[:left])
    return {host: quota + (host in extra) for host, (quota, _) in parts.items()}


def _tie(order_id: str, host: str) -> bytes:
    return hashlib.sha256(f"{order_id}\x1f{host}".encode()).digest()


def main(path: str, lines: str) -> None:
    """Read the first lines of a file (0: all) and tell what it took."""
    naive = Naive()
    with Path(path).open("rb") as file, Stopwatch() as watch:
        for line in islice(file, int(lines) or None):
            naive.take(line)
    tell(
        watch,
        events=naive.events,
        repeats=naive.repeats,
        rejects=naive.rejects,
        orders=sum(n for n, _, _ in naive.sold.values()),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
