"""The short wait: events are held back until the roster has come as far as it was when they arrived."""

import time
from collections.abc import Callable


class Hold:
    """Says when events that wait may be booked.

    wait_s: how long the roster may stand still before they are booked without it; most: bytes that may wait.
    """

    def __init__(self, wait_s: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._wait_s, self._most, self._clock = wait_s, most, clock
        self._target: int | None = None
        self._seen, self._since = 0, 0.0

    def is_over(self, reached: int, end: int, waiting: int) -> bool:
        """Ask, each time that events wait. reached: offset up to which the roster is stored; end: that of its topic."""
        now = self._clock()
        if self._target is None:
            self._target, self._seen, self._since = end, reached, now
        if reached > self._seen:
            self._seen, self._since = reached, now
        if reached >= self._target or now - self._since >= self._wait_s or waiting > self._most:
            self._target = None
            return True
        return False
