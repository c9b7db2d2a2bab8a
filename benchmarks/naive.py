"""What one writes first: one event at a time, json.loads, dicts, plain integers. All in memory, nothing stored.

It does less than the product: seven of the ten models, no journal, no table on disk, no restatement of an order by late
facts, and it trusts what `json.loads` gives where the types happen to fit.
"""

import json
import sys
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.naive_state import Hosts, Rooms, Watches, allocated, split
from benchmarks.running import Stopwatch, tell

MODELS = ("declared", "on_air", "first", "last", "linear", "watch_time", "shapley")
NOBODY = {"unattributed": 1}

Step = tuple[str, Hosts, int]  # session, line-up, milliseconds watched


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
            "first": split([(hosts, 1) for _, hosts, _ in steps[:1]]),
            "last": split([(hosts, 1) for _, hosts, _ in steps[-1:]]),
            "linear": split([(hosts, 1) for _, hosts, _ in steps]),
            "watch_time": split([(hosts, watched) for _, hosts, watched in steps]),
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
            parts = allocated(order_id, total, weights[model])
            for host, amount in parts.items():
                key = (model, at // 60_000, order["currency"], order.get("session_id") or "", host)
                self.revenue[key] += amount - booked[model].get(host, 0)
            booked[model] = parts


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
