"""One question per panel and change of the books, however many pages are open."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from analytics.warehouse import WarehouseError
from dashboards.page import wire
from dashboards.page.choice import Choice, RefusedError
from dashboards.page.desk import Desk, Explains, View, Warehouse
from dashboards.page.figures import Json
from dashboards.page.handles import Handles
from dashboards.spec import Board, Panel

PAUSE_S = 1.0
"""Pages are pushed to at most this often."""

FIRST_PAUSE_S = 0.1
"""Where nothing is stored yet, the first figures are looked for this often."""

PROMPT_S = 5
"""A board that is refreshed at least this often gets what is new at once; the others keep to their pace.
Where there was no view, each tries again so soon."""

BEAT_S = 5.0
"""A page that gets nothing new hears the server's clock this often, and knows that the line is alive."""

REST = 1
"""After a push the feed rests this many times as long as it worked, so that the page never starves what it shows."""

ABREAST = 2
"""So many panels of a push are asked side by side: the engine plans a statement on one core."""

MOST_ROOMS = 64
"""So many different choices may be open at once: each has questions of its own, and they would starve one another."""

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class Listener:
    """One open page: what it was given last, and what it has not fetched yet; a newer letter takes an older's place."""

    given: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    waiting: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    failure: BaseException | None = None

    def leave(self, turn: int, place: str, letter: bytes) -> None:
        """Leave a letter in its place, unless the page was given the same, or one of a later turn."""
        before, same = self.given.get(place, (0, b""))
        if before <= turn:
            self.given[place] = turn, letter
            if letter != same:
                self.waiting[place] = place.partition(" ")[0], letter
                self.called.set()

    def hang_up(self, failure: BaseException | None = None) -> None:
        """Say that there will be no more."""
        self.ended, self.failure = True, failure
        self.called.set()

    def end_with(self, work: asyncio.Task[None]) -> None:
        """Hang up if a piece of work has failed."""
        if not work.cancelled() and (failure := work.exception()):
            self.hang_up(failure)


@dataclass(eq=False, slots=True)
class Room:
    """Pages that show the same choice."""

    choice: Choice
    pace_s: int
    listeners: set[Listener] = field(default_factory=set)
    batches: int = -1
    asked_at: float = float("-inf")
    took_ms: int = 0

    def is_due(self, batches: int) -> bool:
        """Say whether its pages should be told: for news at once if the board is prompt, else at the board's pace."""
        pressing = batches != self.batches and self.pace_s <= PROMPT_S
        return pressing or time.monotonic() - self.asked_at >= self.pace_s


class Feed:
    """Asks the warehouse on threads of its own and hands the answers to every open page.

    One thread looks at the books and works out views; panels are asked on a few others, each with a handle of its own.
    open_warehouse: called once on each of them. now_ms: the clock on the wall, milliseconds UTC. boards: what it shows.
    """

    def __init__(
        self,
        open_warehouse: Callable[[], Warehouse],
        now_ms: Callable[[], int],
        pause_s: float,
        boards: Mapping[str, Board],
    ) -> None:
        self._now_ms, self._pause_s, self._boards = now_ms, pause_s, boards
        self._desk = Desk(partial(Handles, open_warehouse), now_ms, pause_s, boards)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="page")
        self._abreast = ThreadPoolExecutor(max_workers=ABREAST, thread_name_prefix="panels")
        self._rooms: dict[Choice, Room] = {}
        self._turns = itertools.count(1)
        self._watch: asyncio.Task[None] | None = None

    async def check(self, choice: Choice) -> None:
        """Raise RefusedError if there is no time in the range, WarehouseError if too many other choices are open.

        An engine that is away is told by the panels.
        """
        if self._is_full_for(choice):
            remedy = "close some, or choose what another page shows"
            raise WarehouseError(f"{MOST_ROOMS} pages with different choices are open Remedy: {remedy}.")
        with suppress(WarehouseError):
            await self._on_thread(partial(self._desk.view, choice))

    async def sheet(self, choice: Choice, panel: Panel) -> tuple[str, str]:
        """Give a panel as a file: its name and its text. Raises RefusedError, WarehouseError."""
        return await self._on_thread(partial(self._desk.sheet, choice, panel))

    async def explain(self, order_id: str, explains: Explains) -> Json | None:
        """Say why the hosts of an order have it; None if there is no such order. Raises WarehouseError."""
        return await self._on_thread(partial(self._desk.explain, order_id, explains))

    async def stream(self, choice: Choice) -> AsyncGenerator[dict[str, str]]:
        """Send the view and every panel now, those that changed whenever batches were stored, the clock in between."""
        if self._is_full_for(choice):  # others came while it was checked; the page calls again, and is told
            return
        listener = Listener()
        room = self._rooms.setdefault(choice, Room(choice, self._boards[choice.board].refresh_s))
        room.listeners.add(listener)
        first = asyncio.create_task(self._tell(room, listener))
        first.add_done_callback(listener.end_with)
        self._keep_watching()
        try:
            while not listener.ended:
                for event, letter in await self._fetched(listener):
                    yield {"event": event, "data": letter.decode()}
            if listener.failure:
                raise listener.failure
        finally:
            first.cancel()
            room.listeners.discard(listener)
            if not room.listeners:
                self._rooms.pop(choice, None)

    def _is_full_for(self, choice: Choice) -> bool:
        return choice not in self._rooms and len(self._rooms) >= MOST_ROOMS

    def hang_up(self) -> None:
        """End every stream; pages that want more call again."""
        for room in self._rooms.values():
            for listener in room.listeners:
                listener.hang_up()

    async def close(self) -> None:
        """End every stream and let go of the warehouse when nothing is asked any more."""
        self.hang_up()
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.to_thread(self._abreast.shutdown, cancel_futures=True)
        await self._on_thread(self._desk.close)
        self._thread.shutdown()

    async def _fetched(self, listener: Listener) -> list[tuple[str, bytes]]:
        """Wait for letters, and take them; without any, tell the time."""
        try:
            await asyncio.wait_for(listener.called.wait(), BEAT_S)
        except TimeoutError:
            return [("beat", msgspec.json.encode({"now_ms": self._now_ms()}))]
        letters = list(listener.waiting.values())
        listener.waiting.clear()
        listener.called.clear()
        return letters

    def _keep_watching(self) -> None:
        """Watch while somebody listens."""
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_around())

    async def _look_around(self) -> None:
        """Tell every page what is new; a watch that breaks ends the streams, and pages call again."""
        batches, took_s = 0, 0.0
        try:
            while self._rooms:
                pause_s = self._pause_s if batches else min(self._pause_s, FIRST_PAUSE_S)
                await asyncio.sleep(max(pause_s, REST * took_s))
                began = time.monotonic()
                batches = await self._on_thread(self._batches)
                for room in [room for room in self._rooms.values() if room.is_due(batches)]:
                    await self._tell(room)
                took_s = time.monotonic() - began
        finally:
            self.hang_up()

    def _batches(self) -> int:
        """Count the batches; -1 while the engine is away, which the panels tell. On the feed's thread."""
        try:
            return self._desk.look(anew=True).batches
        except WarehouseError:
            return -1

    async def _tell(self, room: Room, alone: Listener | None = None) -> None:
        """Bring those in a room, or one alone, up to date: the view, then panel by panel as soon as it is answered."""
        listeners = list(room.listeners) if alone is None else [alone]
        leave = partial(_leave, listeners, next(self._turns))
        began = room.asked_at = time.monotonic()
        try:
            view = await self._on_thread(partial(self._desk.view, room.choice))
        except (WarehouseError, RefusedError) as error:
            room.asked_at = min(began, began - room.pace_s + PROMPT_S)
            for panel in self._boards[room.choice.board].panels:
                leave(f"panel {panel.id}", msgspec.json.encode(wire.failure(panel.id, error)))
            return
        room.batches = view.look.batches
        leave("view", msgspec.json.encode(view.told(self._now_ms(), room.took_ms)))
        panels = iter(view.board.panels)
        await asyncio.gather(*(self._ask(room, view, panels, leave) for _ in range(ABREAST)))
        if not room.listeners:
            return
        leave("marks", await self._on_thread(partial(self._desk.marks, view)))
        room.took_ms = round((time.monotonic() - began) * 1000)

    async def _ask(self, room: Room, view: View, panels: Iterator[Panel], leave: Callable[[str, bytes], None]) -> None:
        """Answer one panel after another of those that nobody has taken yet."""
        for panel in panels:
            if not room.listeners:
                return
            work = partial(self._desk.panel, view, panel)
            leave(f"panel {panel.id}", await asyncio.get_running_loop().run_in_executor(self._abreast, work))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _leave(listeners: Iterable[Listener], turn: int, place: str, letter: bytes) -> None:
    for listener in listeners:
        listener.leave(turn, place, letter)
