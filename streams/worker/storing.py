"""Batches of a worker's lanes into the books: which go together, tried again while engines are away, counted."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from streams.intents import Pins
from streams.lane import Lane, Means, Share
from streams.outcome import Outcome
from streams.together import LaneOf, Together, recover
from streams.worker.brake import Brake
from streams.worker.messages import Message
from streams.worker.metrics import Metrics
from streams.worker.patience import Patience


class Part(NamedTuple):
    """The next batch of a lane, and the messages that its records came in."""

    share: Share
    messages: Sequence[Message] = ()


class Storing:
    """Stores batches of lanes, from any thread. Raises Stopped, TooManyRejects, WarehouseError.

    most: lanes that are stored together at most.
    """

    def __init__(self, means: Means, patience: Patience, brake: Brake, metrics: Metrics, most: int) -> None:
        self._means, self._patience, self._brake, self._metrics, self._most = means, patience, brake, metrics, most

    def groups(self, parts: Sequence[Part]) -> list[list[Part]]:
        """Put batches into groups: those stay alone that stand already, and those that restate all orders of a lane."""
        joined = [part for part in parts if not part.share.stands and part.share.intent.kind == "events"]
        alone = [[part] for part in parts if part not in joined]
        return alone + [joined[at : at + self._most] for at in range(0, len(joined), self._most)]

    def store(self, group: Sequence[Part]) -> None:
        """Do batches together, and count them."""
        began = time.monotonic()
        outcomes = self._patience.insist(Together(self._means, [part.share for part in group]).advance)
        now_ms = self._means.clock_ms()
        for message in (message for part in group if outcomes for message in part.messages):
            self._metrics.latency.observe(max(now_ms - message.appended_ms, 0) / 1000)
        self._count(outcomes, began)

    def recover(self, lane: Lane, lane_of: LaneOf, pins: Pins) -> None:
        """Finish what a lane has unfinished together with others, whosever they are."""
        began = time.monotonic()
        self._count(self._patience.insist(lambda: recover(self._means, lane, lane_of, pins)), began)

    def _count(self, outcomes: Sequence[Outcome], began: float) -> None:
        for outcome in outcomes:
            self._metrics.count(outcome, time.monotonic() - began)
            self._brake.judge(outcome)
