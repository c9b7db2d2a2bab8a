"""Where our time goes: timers put around the product's own functions from outside, each with the time of its own."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from unittest.mock import patch

import analytics.decoding
import streams.begun
import streams.booking
import streams.live
import streams.money
import streams.refitting
from analytics import crediting, ledger
from analytics.warehouse import tables
from analytics.warehouse.embedded import Embedded
from streams.journal import Journal
from streams.known import KnownIds

_NAMED: tuple[tuple[Any, str, str], ...] = (
    (Journal, "write", "journal"),
    (streams.begun, "decode", "decode: bytes to events"),
    (analytics.decoding, "frames", "decode: events to columns"),
    (streams.booking, "fresh", "dedupe"),
    (KnownIds, "with_events", "dedupe: remember the ids"),
    (streams.live, "update", "presence"),
    (streams.money, "dirty_orders", "late facts"),
    (streams.money, "credited", "credit: paths and weights"),
    (ledger, "canonical", "credit: ledger entries"),
    (ledger, "lines", "credit: ledger lines"),
    (streams.refitting, "stored", "refit"),
    (crediting, "fit_journeys", "refit: count and solve"),
)
_SHAPES = ("viewer_events", "presence", "orders", "order_lines", "refunds", "order_paths", "ledger")


@dataclass(slots=True)
class Clock:
    """CPU seconds and calls per stage; what runs inside a stage and is a stage itself counts for itself alone."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    _inner: list[float] = field(default_factory=list)

    def timed(self, function: Callable[..., Any], stage: Callable[..., str]) -> Callable[..., Any]:
        """Wrap a function so that its time is noted under the stage that its arguments name."""

        @wraps(function)
        def measured(*args: Any, **options: Any) -> Any:  # noqa: ANN401  # it takes and gives what the function does
            self._inner.append(0.0)
            began = time.process_time()
            try:
                return function(*args, **options)
            finally:
                self._note(stage(*args), time.process_time() - began)

        return measured

    def rows(self) -> list[dict[str, object]]:
        """Stages with their seconds and calls, the longest first."""
        longest = sorted(self.seconds.items(), key=lambda item: -item[1])
        return [{"stage": stage, "cpu_seconds": spent, "calls": self.calls[stage]} for stage, spent in longest]

    def _note(self, stage: str, spent: float) -> None:
        inner = self._inner.pop()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + spent - inner
        self.calls[stage] = self.calls.get(stage, 0) + 1
        if self._inner:
            self._inner[-1] += spent


@contextmanager
def watched() -> Iterator[Clock]:
    """Time the stages of everything that runs meanwhile."""
    clock = Clock()
    named = [(place, name, _always(stage)) for place, name, stage in _NAMED]
    shaped = [(tables, name, _always("rows in the shape of the tables")) for name in _SHAPES]
    asked: list[tuple[Any, str, Callable[..., str]]] = [(Embedded, "query", _look_up), (Embedded, "insert", _insert)]
    with ExitStack() as stack:
        for place, name, stage in (*named, *shaped, *asked):
            stack.enter_context(patch.object(place, name, clock.timed(getattr(place, name), stage)))
        yield clock


def _always(stage: str) -> Callable[..., str]:
    return lambda *_args: stage


def _look_up(_warehouse: Embedded, name: str) -> str:
    return f"look up {name}"


def _insert(_warehouse: Embedded, table: str, *_rest: object) -> str:
    return f"insert {table}"
