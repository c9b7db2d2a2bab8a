"""How much one key may send: a token bucket over events. The clock is handed in."""

import math
from collections.abc import Callable

BURST_S = 2
"""How many seconds of its rate a key may send at once."""


class Limits:
    """One bucket per key, full at first. A request larger than a bucket passes when the bucket is full."""

    def __init__(self, per_second: int, clock: Callable[[], float]) -> None:
        self._rate, self._most, self._clock = per_second, per_second * BURST_S, clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, key: str, events: int) -> int:
        """Take events of a key: 0 if it may send them now, else the whole seconds after which it may."""
        now = self._clock()
        left, then = self._buckets.get(key, (float(self._most), now))
        left = min(self._most, left + (now - then) * self._rate)
        lacking = min(events, self._most) - left
        if lacking > 0:
            self._buckets[key] = (left, now)
            return math.ceil(lacking / self._rate)
        self._buckets[key] = (left - events, now)
        return 0
