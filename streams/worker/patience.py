"""Trying again what may heal: the warehouse or the broker is away, and nothing is let go of meanwhile."""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from analytics.warehouse import WarehouseAway
from streams.kafka import BrokerAway
from streams.worker.metrics import Metrics

_Answer = TypeVar("_Answer")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0


class Stopped(Exception):  # noqa: N818  # named for what is the case
    """The worker is to end; what is not stored will be read again."""


class Patience:
    """Asks again until there is an answer, with growing pauses, or until `stopping` is set.

    away: why it waits now; empty while all is well.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._log = structlog.get_logger("worker")
        self.stopping = threading.Event()
        self.away = ""

    def insist(self, work: Callable[[], _Answer]) -> _Answer:
        """Do some work, again and again if need be. Raises Stopped, and what is not the engines being away."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                answer = work()
            except (WarehouseAway, BrokerAway) as error:
                self._waits(error, pause)
                if self.stopping.wait(pause):
                    raise Stopped from error
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                self._goes_on()
                return answer

    def _waits(self, error: Exception, pause: float) -> None:
        what = "warehouse" if isinstance(error, WarehouseAway) else "kafka"
        self.away = str(error)
        self._metrics.away.set(1)
        self._metrics.waits.labels(what).inc()
        self._log.warning("waiting", what=what, why=str(error), seconds=pause)

    def _goes_on(self) -> None:
        if self.away:
            self.away = ""
            self._metrics.away.set(0)
            self._log.info("goes on")
