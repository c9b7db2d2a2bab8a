"""One set of queries per change of the warehouse and per choice, however many pages are open."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
import polars as pl

from dashboards.page.choice import Choice
from dashboards.page.figures import Json
from dashboards.page.orders import explanation
from dashboards.page.snapshot import clock, snapshot

PAUSE_S = 1.0
"""Pages are pushed to at most this often."""

FIRST_PAUSE_S = 0.1
"""Where nothing is stored yet, the first figures are looked for this often."""

BEAT_S = 5.0
"""A page that gets nothing new hears the server's clock this often, and knows that the line is alive."""

REST = 2
"""After a push the feed rests this many times as long as it worked, so that the page never starves what it shows."""

KEPT_CHOICES = 64
"""Snapshots kept for the next page that opens."""

T = TypeVar("T")


class Warehouse(Protocol):
    """What the feed needs of a warehouse: named queries, and an end."""

    def query(self, name: str, **parameters: Any) -> pl.DataFrame:  # noqa: ANN401 text, numbers, lists of text
        """Run the named query with its parameters bound."""
        ...

    def close(self) -> None:
        """Let go of the engine."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class Listener:
    """One open page: what it shows, and the newest snapshot it has not sent yet (None: the feed has ended)."""

    choice: Choice
    letters: asyncio.Queue[Json | None] = field(default_factory=lambda: asyncio.Queue(maxsize=1))

    def leave(self, letter: Json | None) -> None:
        """Put a letter in the box; one that was not fetched yet is out of date and thrown away."""
        if self.letters.full():
            self.letters.get_nowait()
        self.letters.put_nowait(letter)


class Feed:
    """Reads the warehouse on a thread of its own and hands the figures to every open page.

    open_warehouse: called once, on that thread. now_ms: the clock on the wall, milliseconds UTC.
    """

    def __init__(self, open_warehouse: Callable[[], Warehouse], now_ms: Callable[[], int], pause_s: float) -> None:
        self._open, self._now_ms, self._pause_s = open_warehouse, now_ms, pause_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page")
        self._warehouse: Warehouse | None = None
        self._listeners: set[Listener] = set()
        self._kept: dict[Choice, tuple[int, Json]] = {}
        self._batches, self._looked_at = -1, float("-inf")
        self._watch: asyncio.Task[None] | None = None

    async def snapshot(self, choice: Choice) -> Json:
        """Give the figures for a choice, at most one pause old."""
        figures = await self._on_thread(partial(self._current, choice))
        return figures | {"clock": clock(figures["clock"]["newest_ms"], self._now_ms())}

    async def explain(self, order_id: str) -> Json | None:
        """Say why the hosts of an order have it; None if there is no such order."""
        return await self._on_thread(lambda: explanation(self._opened(), order_id))

    async def stream(self, choice: Choice) -> AsyncIterator[dict[str, str]]:
        """Send the figures now and whenever batches were stored, and the clock in between."""
        listener = Listener(choice)
        self._listeners.add(listener)
        try:
            yield _event("snapshot", await self.snapshot(choice))
            self._keep_watching()
            while True:
                try:
                    letter = await asyncio.wait_for(listener.letters.get(), BEAT_S)
                except TimeoutError:
                    yield _event("beat", {"now_ms": self._now_ms()})
                    continue
                if letter is None:
                    return
                yield _event("snapshot", letter | {"clock": clock(letter["clock"]["newest_ms"], self._now_ms())})
        finally:
            self._listeners.discard(listener)

    def hang_up(self) -> None:
        """End every stream; pages that want more call again."""
        for listener in self._listeners:
            listener.leave(None)

    async def close(self) -> None:
        """End every stream and let go of the warehouse, on the thread that opened it."""
        self.hang_up()
        if self._watch is not None:
            self._watch.cancel()
        if self._warehouse is not None:
            await self._on_thread(self._warehouse.close)
        self._thread.shutdown()

    def _keep_watching(self) -> None:
        """Watch while somebody listens."""
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_around())

    async def _look_around(self) -> None:
        """Push to every page when batches were stored; a watch that breaks ends the streams, and pages call again."""
        seen, took_s = self._batches, 0.0
        try:
            while self._listeners:
                pause_s = self._pause_s if seen else min(self._pause_s, FIRST_PAUSE_S)
                await asyncio.sleep(max(pause_s, REST * took_s))
                began = time.monotonic()
                if await self._on_thread(self._look) != seen:
                    seen = self._batches
                    await self._push()
                took_s = time.monotonic() - began
        finally:
            self.hang_up()

    async def _push(self) -> None:
        """Build the figures once for each choice, and leave them with every page that made it."""
        for choice in {listener.choice for listener in self._listeners}:
            figures = await self._on_thread(partial(self._current, choice))
            for listener in self._listeners:
                if listener.choice == choice:
                    listener.leave(figures)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _opened(self) -> Warehouse:
        """Open the warehouse on first use. On the feed's thread."""
        if self._warehouse is None:
            self._warehouse = self._open()
        return self._warehouse

    def _look(self) -> int:
        """Count the batches stored so far. On the feed's thread."""
        self._batches = self._opened().query("page_clock")["batches"][0]
        self._looked_at = time.monotonic()
        return self._batches

    def _current(self, choice: Choice) -> Json:
        """Build the figures of a choice, unless nothing was stored since the last time. On the feed's thread."""
        if time.monotonic() - self._looked_at >= self._pause_s:
            self._look()
        batches, figures = self._kept.pop(choice, (None, {}))
        if batches != self._batches:
            batches, figures = self._batches, self._built(choice)
        self._kept[choice] = batches, figures
        if len(self._kept) > KEPT_CHOICES:
            del self._kept[next(iter(self._kept))]
        return figures

    def _built(self, choice: Choice) -> Json:
        return snapshot(
            self._opened(),
            model=choice.model,
            currency=choice.currency,
            window=choice.window,
            now_ms=self._now_ms(),
        )


def _event(name: str, data: Json) -> dict[str, str]:
    """Write one server-sent event."""
    return {"event": name, "data": msgspec.json.encode(data).decode()}
