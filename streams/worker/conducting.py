"""Between Faust's loop and the engine's thread: messages over, acknowledgements back, a hard end for our own faults."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from analytics.warehouse import WarehouseError
from streams.arriving import Record
from streams.worker.brake import TooManyRejects
from streams.worker.engine import Engine
from streams.worker.messages import Message, Place
from streams.worker.patience import Stopped
from streams.worker.post import KIND, TOUCHED

BROKEN, REFUSED = 70, 2
"""Exit codes: a fault of ours; what the user can mend."""


class Conductor:
    """Hands Faust's events to the engine, one turn at a time, and acknowledges what is stored.

    seek: moves the consumer of a partition; ending: how a process ends at once, without any clean-up.
    """

    def __init__(
        self,
        engine: Engine,
        seek: Callable[[Place, int], Coroutine[Any, Any, None]],
        ending: Callable[[int], None] = os._exit,
    ) -> None:
        self._engine, self._seek, self._ending = engine, seek, ending
        self._thread = ThreadPoolExecutor(1, "engine")
        self._unacknowledged: dict[Place, list[Any]] = defaultdict(list)
        self._log = structlog.get_logger("worker")

    async def take(self, events: Sequence[Any], ends: dict[Place, int], roster_end: int) -> None:
        """Store what the events bring, then acknowledge what is done."""
        messages = []
        for event in events:
            place = Place(event.message.topic, event.message.partition)
            self._unacknowledged[place].append(event)
            messages.append(_message(place, event.message))
        done = await self._in_turn(lambda: self._engine.turn(messages, ends, roster_end))
        if done is None:
            return
        offsets, seeks = done
        for place, offset in offsets.items():
            self._acknowledge(place, offset)
        for place, offset in seeks.items():
            self._unacknowledged.pop(place, None)
            await self._seek(place, offset)

    async def look_around(self, roster_end: int) -> None:
        """Do what is due without any event."""
        offsets = await self._in_turn(lambda: self._engine.look_around(roster_end))
        for place, offset in (offsets or {}).items():
            self._acknowledge(place, offset)

    def forget(self, places: set[Place]) -> None:
        """Acknowledge nothing of partitions that were taken away."""
        for place in places:
            self._unacknowledged.pop(place, None)

    async def stop(self) -> None:
        """Let the batch at hand end, and take on no other."""
        self._engine.patience.stopping.set()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _acknowledge(self, place: Place, offset: int) -> None:
        waiting = self._unacknowledged[place]
        for event in waiting:
            if event.message.offset < offset:
                event.ack()
        self._unacknowledged[place] = [event for event in waiting if event.message.offset >= offset]

    async def _in_turn(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  # the answer of the work
        if self._engine.patience.stopping.is_set():
            return None
        turn = asyncio.get_running_loop().run_in_executor(self._thread, work)
        await asyncio.wait([turn])
        error = turn.exception()
        if error is None:
            return turn.result()
        if not isinstance(error, Stopped):
            expected = isinstance(error, (TooManyRejects, WarehouseError))
            self._log.critical("stops", why=str(error), exc_info=None if expected else error)
            self._ending(REFUSED if expected else BROKEN)
        return None


def _message(place: Place, message: Any) -> Message:  # noqa: ANN401  # Faust has no types
    headers = message.headers or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    touched = (KIND, TOUCHED) in {(name, value) for name, value in pairs}
    appended_ms = int((message.timestamp or 0) * 1000)
    return Message(place, Record(message.offset, message.value, touched), appended_ms)
