"""What the naive loop keeps: who is on air, who watches, and how an amount is split; dicts and plain integers."""

import hashlib
import sys
from collections import defaultdict
from math import lcm

LOOKBACK_MS = 7 * 86_400_000
IDLE_MS = 4 * 3_600_000
GRACE_MS = 120_000

Hosts = tuple[str, ...]


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
        """A session ends for everyone in it; who was silent for too long had left before."""
        for viewer in list(self._open[session]):
            self.leave(viewer, session, min(at, self._seen[viewer] + IDLE_MS))

    def of(self, viewer: str, at: int) -> list[tuple[str, int, int]]:
        """(session, start, end) in the look-back before an instant."""
        still = [(session, since[viewer], at) for session, since in self._open.items() if viewer in since]
        cut = (
            (session, max(start, at - LOOKBACK_MS), min(end, at)) for session, start, end in self._past[viewer] + still
        )
        return [(session, start, end) for session, start, end in cut if start < end]


def split(steps: list[tuple[Hosts, int]]) -> dict[str, int]:
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
