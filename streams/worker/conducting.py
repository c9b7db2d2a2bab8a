"""Between Faust's loop and the engine's thread: messages over, acknowledgements back, a hard end for our own faults."""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
MOST = 64 << 20
"""Bytes that may wait while a turn goes on: what comes then makes larger batches, which cost less per event."""
LOOK_S = 0.5


class Conductor:
    """Hands Faust's events to the engine, all that has come meanwhile at one turn, and acknowledges what is stored.

    seek: moves the consumer of a partition. ends: tells the offset behind the last record of each partition, and that
    of the roster topic. most: bytes that may wait for a turn. ending: how a process ends at once, without clean-up.
    """

    def __init__(
        self,
        engine: Engine,
        seek: Callable[[Place, int], Coroutine[Any, Any, None]],
        ends: Callable[[], Coroutine[Any, Any, tuple[dict[Place, int], int]]],
        most: int = MOST,
        ending: Callable[[int], None] = os._exit,
    ) -> None:
        self._engine, self._seek, self._ends, self._most, self._ending = engine, seek, ends, most, ending
        self._thread = ThreadPoolExecutor(1, "engine")
        self._came, self._room = asyncio.Event(), asyncio.Event()
        self._waiting: list[Message] = []
        self._look_at = 0.0
        self._unacknowledged: dict[Place, list[Any]] = defaultdict(list)
        self._log = structlog.get_logger("worker")

    async def take(self, events: Sequence[Any]) -> None:
        """Put events before the engine; return as soon as more may come."""
        for event in events:
            place = Place(event.message.topic, event.message.partition)
            self._unacknowledged[place].append(event)
            self._waiting.append(_message(place, event.message))
        self._came.set()
        while sum(message.record.size for message in self._waiting) >= self._most:
            self._room.clear()
            await self._room.wait()

    async def turn(self) -> None:
        """Store what has come, and acknowledge what is done; if nothing comes for a while, do what else is due."""
        if not self._engine.is_behind:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), LOOK_S)
        messages = self._taken()
        ends, roster_end = await self._ends()
        if messages or self._engine.is_behind:
            offsets, seeks = await self._in_turn(lambda: self._engine.turn(messages, ends, roster_end)) or ({}, {})
            self._acknowledge(offsets)
            for place, offset in seeks.items():
                self._let_go_behind(place, offset)
                await self._seek(place, offset)
        if self._engine.places and time.monotonic() >= self._look_at:
            self._acknowledge(await self._in_turn(lambda: self._engine.look_around(roster_end)) or {})
            self._look_at = time.monotonic() + LOOK_S

    def _taken(self) -> list[Message]:
        """Take what has come, unless lanes whose turn is still to come have enough before them."""
        if self._engine.is_behind and self._engine.size >= self._most:
            return []
        messages, self._waiting = self._waiting, []
        self._came.clear()
        self._room.set()
        return messages

    def forget(self, places: set[Place]) -> None:
        """Let go of all that has come from some partitions, and acknowledge none of it."""
        self._waiting = [message for message in self._waiting if message.place not in places]
        for place in places:
            self._unacknowledged.pop(place, None)

    def _let_go_behind(self, place: Place, offset: int) -> None:
        """Let go of what lies behind a gap and will come again; what lies before it may still wait for its turn."""
        self._waiting = [message for message in self._waiting if message.place != place]
        self._unacknowledged[place] = [event for event in self._unacknowledged[place] if event.message.offset < offset]

    async def stop(self) -> None:
        """Let the batch at hand end, and take on no other."""
        self._engine.patience.stopping.set()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _acknowledge(self, offsets: Mapping[Place, int]) -> None:
        for place, offset in offsets.items():
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
