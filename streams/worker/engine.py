"""The lanes of one worker, stored in groups: records in, books out, and how far each partition is done.

A turn runs in one thread and does each group in one of its own; only `assigned` and `revoked` come from elsewhere. What
may heal is tried again in place, so no record is let go of; meanwhile nothing is acknowledged and Faust stops fetching.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from streams import intents, lanes
from streams.intents import Pins
from streams.lane import Lane, Means, Share
from streams.worker.abreast import Abreast
from streams.worker.brake import Brake
from streams.worker.holding import Hold
from streams.worker.limits import HELD, Limits
from streams.worker.messages import Message, Place, Queue
from streams.worker.metrics import Metrics
from streams.worker.patience import Patience
from streams.worker.storing import Part, Storing
from streams.worker.turns import Turns

_Of = TypeVar("_Of")


class Engine:
    """The lanes of one worker. `turn` and `look_around` raise Stopped, TooManyRejects, WarehouseError."""

    def __init__(self, means: Means, roster_topic: str, limits: Limits, metrics: Metrics) -> None:
        self._means, self._roster_topic, self._limits, self._metrics = means, roster_topic, limits, metrics
        self._lock = threading.Lock()
        self._assigned: set[Place] = set()
        self._left: set[Place] = set()
        self._lanes: dict[Place, Lane] = {}
        self._queues: dict[Place, Queue] = {}
        self._ends: dict[Place, int] = {}
        self._hold = Hold(limits.wait_ms / 1000, HELD * limits.batch_bytes)
        self._abreast = Abreast(limits.groups, "group")
        self._turns = Turns(limits.groups, limits.together, limits.batch_bytes)
        self._fitted_ms = means.clock_ms()
        self.patience = Patience(metrics)
        self._storing = Storing(means, self.patience, Brake(limits.rejects), metrics, limits.together)

    def assigned(self, places: set[Place]) -> None:
        """Know which partitions are ours now."""
        with self._lock:
            self._assigned |= places

    def revoked(self, places: set[Place]) -> None:
        """Let go of partitions."""
        with self._lock:
            self._assigned -= places
            self._left |= places

    @property
    def places(self) -> list[Place]:
        """The partitions that are ours now, the roster's first."""
        with self._lock:
            return sorted(self._assigned, key=self._number)

    @property
    def is_behind(self) -> bool:
        """Whether records wait that may be booked now, of lanes whose turn has not come yet."""
        return self._turns.is_behind and not self.patience.stopping.is_set()

    @property
    def size(self) -> int:
        """Bytes that wait for their lanes."""
        return sum(queue.size for queue in self._queues.values())

    def turn(
        self, messages: Sequence[Message], ends: Mapping[Place, int], roster_end: int
    ) -> tuple[dict[Place, int], dict[Place, int]]:
        """Take records in, and do the batches of the lanes that waited longest.

        ends: offset behind the last record of each partition; roster_end: that of the roster topic, 0 if not known.
        Returns up to which offset each partition is done, and offsets to seek to where records are missing.
        """
        self._settle()
        ours = set(self.places)
        for message in messages:
            if message.place in ours:
                self._queues.setdefault(message.place, Queue()).add(message)
                self._turns.came(message.place)
        self._ends.update(ends)
        seeks = {place: offset for place in self._busy() if (offset := self._sought(place)) is not None}
        self._drain_all(roster_end)
        return {place: lane.next_offset for place, lane in self._lanes.items()}, seeks

    def look_around(self, roster_end: int) -> dict[Place, int]:
        """Between turns: what was held back, silence, a changed roster, a new fit. Returns as `turn` does."""
        self._settle()
        if not self.is_behind:  # else the next turn is near, and takes in what came meanwhile
            self._drain_all(roster_end)
        pins = self._pins()
        busy, places = self._busy(), self.places
        quiet = [self._lane(place) for place in places if place not in busy]
        due = [Part(share) for lane in quiet if (share := self._due(lane, pins))]
        self._side_by_side(self._storing.store, self._storing.groups(due))
        if places and self._number(places[0]) == lanes.ROSTER:
            self._fit(self._lane(places[0]), pins)
        return {place: lane.next_offset for place, lane in self._lanes.items()}

    def _due(self, lane: Lane, pins: Pins) -> Share | None:
        self._storing.recover(lane, self._lane_of, pins)
        return lane.resumed([]) if lane.unfinished else lane.due(pins)

    def _drain_all(self, roster_end: int) -> None:
        """Do what waits, the roster first; others in groups, when the roster has come as far as it has to."""
        self._turns.is_behind = False
        waiting = self._busy()
        if waiting and self._number(waiting[0]) == lanes.ROSTER:
            roster, pins = waiting.pop(0), self._pins()
            while self._drain([roster], pins):
                pass
        if not waiting:
            return
        pins = self._pins()
        waited = sum(self._queues[place].size for place in waiting)
        if self._hold.is_over(pins.roster_offset, roster_end, waited):
            for place in waiting:
                self._storing.recover(self._lane(place), self._lane_of, pins)
            groups = self._turns.take(waiting, lambda place: self._queues[place].size)
            self._side_by_side(lambda places: self._turns.left(self._drain(places, pins)), groups)

    def _side_by_side(self, work: Callable[[_Of], object], of: Sequence[_Of]) -> None:
        """Work on several lanes; where one fails, the others end what they are at, and wait for nobody who is away."""

        def watched(one: _Of) -> None:
            done = False
            try:
                work(one)
                done = True
            finally:
                if not done:
                    self.patience.stopping.set()

        self._abreast.each(watched, of)

    def _busy(self) -> list[Place]:
        return [place for place in self.places if place in self._queues and self._queues[place].messages]

    def _fit(self, lane: Lane, pins: Pins) -> None:
        now, every = self._means.clock_ms(), self._limits.fit_every_ms
        if every and now - self._fitted_ms >= every and "markov" in self._means.rules.models:
            share = lane.resumed([]) if lane.unfinished else lane.empty(pins, "fit")
            if share:
                self._storing.store([Part(share)])
            self._fitted_ms = now

    def _number(self, place: Place) -> int:
        return lanes.ROSTER if place.topic == self._roster_topic else lanes.FIRST_OF_EVENTS + place.partition

    def _settle(self) -> None:
        """Forget what was taken away since the last turn; a lane that came back and has not moved is kept."""
        with self._lock:
            left, self._left = self._left, set()
        ours = set(self.places)
        for place in left:
            self._queues.pop(place, None)
            self._turns.forget(place)
            lane = self._lanes.get(place)
            if lane and (place not in ours or not self.patience.insist(lane.is_where_it_was)):
                del self._lanes[place]
                self._metrics.forget(str(place))

    def _lane(self, place: Place) -> Lane:
        if place not in self._lanes:
            number = self._number(place)
            self._lanes[place] = self.patience.insist(lambda: Lane(self._means, str(place), number))
        return self._lanes[place]

    def _sought(self, place: Place) -> int | None:
        """Give an offset to seek to where records are missing, and let go of what lies behind the gap.

        After a partition has moved, Faust may first bring records that it had fetched before; those in between follow.
        What does not come in time is gone, and that is said loudly.
        """
        lane, queue, now = self._lane(place), self._queues[place], time.monotonic()
        offset = queue.missing(lane.next_offset)
        if offset is None:
            queue.sought = None
            return None
        if queue.sought is None or queue.sought[0] != offset:
            queue.sought = (offset, now)
        patience_ms = self._limits.compacted_ms if lane.number == lanes.ROSTER else self._limits.gap_ms
        if now - queue.sought[1] < patience_ms / 1000:
            queue.messages = [message for message in queue.messages if message.record.offset < offset]
            return offset
        queue.given_up = offset
        if lane.number != lanes.ROSTER:  # whose topic is compacted: what is gone there came again later
            behind = next(m.record.offset for m in queue.messages if m.record.offset > offset)
            self._metrics.say_gone(lane.source, offset, behind - offset)
        return None

    def _pins(self) -> Pins:
        return self.patience.insist(lambda: intents.pins(self._means.warehouse, self._means.clock_ms()))

    def _drain(self, places: Sequence[Place], pins: Pins) -> list[Place]:
        """Do the next batch of some lanes, and let go of what is done; returns those that can go on at once."""
        for group in self._storing.groups([part for place in places if (part := self._part(place, pins))]):
            self._storing.store(group)
        return [place for place in places if self._let_go(place)]

    def _part(self, place: Place, pins: Pins) -> Part | None:
        """Give the next batch of a lane with its messages; null if more must come first, or all are done."""
        lane, messages = self._lane(place), self._queues[place].messages
        if lane.unfinished is None:
            part = self._queues[place].first(self._limits.batch_bytes)
            caught_up = len(part) == len(messages) and part[-1].record.offset + 1 >= self._ends.get(place, 0)
            share = lane.next([message.record for message in part], pins, caught_up=caught_up)
        else:
            share = lane.resumed([message.record for message in messages])
            part = [message for message in messages if message.record.offset < lane.unfinished.last_offset]
        return None if share is None else Part(share, part)

    def _let_go(self, place: Place) -> bool:
        """Let go of what is done; whether anything is, and something is left."""
        lane, queue = self._lane(place), self._queues[place]
        is_done = queue.done_until(lane.next_offset)
        self._metrics.lag.labels(lane.source).set(max(self._ends.get(place, 0) - lane.next_offset, 0))
        self._metrics.open_watches.labels(lane.source).set(lane.open_watches)
        return is_done and bool(queue.messages)

    def _lane_of(self, number: int, source: str) -> Lane:
        """Give a lane of ours, or make one for the occasion."""
        topic, _, partition = source.rpartition("-")
        place = Place(topic, int(partition))
        return self._lane(place) if place in self.places else Lane(self._means, source, number)
