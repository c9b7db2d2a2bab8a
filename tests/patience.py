"""Waiting for what has to come, as long as it takes on the busiest machine."""

import time
from collections.abc import Callable

PATIENCE_S = 240


def await_true(asked: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    until = time.monotonic() + patience_s
    while not asked():
        assert time.monotonic() < until, "what was waited for did not come"
        time.sleep(0.05)
