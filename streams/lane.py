"""One partition's batches: intent as a row, rows by one token, word to other lanes, the batch's own row.

The order of steps is the promise, as in `processor`; here Kafka is the journal. A lane believes the warehouse about
where it is, never its own memory alone: what stands there as the next intent is the next batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import polars as pl

from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import batch, intents, lanes
from streams.arriving import Arrived, Record
from streams.aside import Aside, Begin, Early, Mark, at_once, is_closed
from streams.batch import Each, in_turn, unmarked
from streams.begun import Begun, Lines
from streams.crossing import Crossing
from streams.intents import Pins
from streams.journal import Intent, Kind
from streams.outcome import Outcome
from streams.rosters import Rosters
from streams.state import ANY_FIT, restore


class Post(Protocol):
    """The way back into Kafka. All of it is acknowledged when `flush` returns; BrokerAway if it cannot be."""

    def touch(self, order_ids: Sequence[str], viewer_id: str) -> None:
        """Ask the lane of a viewer to look at orders again."""

    def park(self, rejects: pl.DataFrame) -> None:
        """Send rejected lines to the dead letters."""

    def flush(self) -> None:
        """Wait for the broker."""


@dataclass(frozen=True, slots=True)
class Means:
    """What lanes of one worker share: warehouse, rules, clock (ms UTC), rosters, post, and the marks of fault tests.

    each: inserts the tables of a batch; begin: begins what a batch need not wait for. Both work side by side only where
    the warehouse takes many statements at once.
    """

    warehouse: Warehouse
    rules: Rules
    clock_ms: Callable[[], int]
    rosters: Rosters
    post: Post
    mark: Mark = unmarked
    each: Each = in_turn
    begin: Begin = at_once


class Lane:
    """One partition of a topic: the only writer of its viewers' facts and of their orders' ledger lines."""

    def __init__(self, means: Means, source: str, number: int) -> None:
        """Read where the lane stands. Raises WarehouseError."""
        self.source, self.number, self._means = source, number, means
        self._load()

    def _load(self) -> None:
        means, number = self._means, self.number
        warehouse = means.warehouse
        last, _ = warehouse.query("core_last_batch", **lanes.bounds(lanes.before_first(number))).row(0)
        done = intents.standing(warehouse, last) if last else None
        standing = means.rosters.at(done.roster_batch if done else 0)
        self._state = restore(warehouse, means.rules, number, standing, _fit_of(number, done))
        self._unfinished = intents.standing(warehouse, self._state.batch + 1)
        self.next_offset = done.last_offset if done else 0

    @property
    def newest_ms(self) -> int:
        """Newest event time of this lane; 0 if nothing came."""
        return self._state.newest_ms or 0

    @property
    def open_watches(self) -> int:
        """How many pairs of viewer and session are held in memory."""
        return self._state.live.watched.height

    def is_where_it_was(self) -> bool:
        """Whether nobody else has done a batch of this lane since. Raises WarehouseError."""
        lane = lanes.bounds(self._state.batch)
        found = self._means.warehouse.query("core_last_batch", **lane)["batch"][0]
        return int(found or lane["first"]) == self._state.batch

    def advance(self, records: Sequence[Record], pins: Pins, *, caught_up: bool) -> Outcome | None:
        """Do the next batch: an unfinished one, or these records. Returns null where more records must come first.

        records: in the order of their offsets; those before `next_offset` are passed over. caught_up: no more records
        wait, so that the event time reached by other lanes is ours too.
        """
        waiting = [record for record in records if record.offset >= self.next_offset]
        if self._unfinished is None:
            if not waiting:
                return None
            end = waiting[-1].offset + 1
            standing = self._means.begin(lambda: self._taken_on("events", end, pins, caught_up=caught_up))
            begun = self._begun(waiting)
            self._unfinished = standing()
            if self._unfinished.last_offset == end:
                return self._finish(self._unfinished, *begun)
        intent = self._unfinished
        if intent.last_offset > self.next_offset and (not waiting or waiting[-1].offset + 1 < intent.last_offset):
            return None
        return self._finish(intent, *self._begun([record for record in waiting if record.offset < intent.last_offset]))

    def look_around(self, pins: Pins) -> Outcome | None:
        """Without records: adopt a new fit, a changed roster, viewers' silence. Returns null if nothing is due."""
        if self._unfinished is None:
            kind = self._due(pins)
            if kind is None:
                return None
            self._unfinished = self._taken_on(kind, self.next_offset, pins, caught_up=True)
        if self._unfinished.last_offset > self.next_offset:
            return None
        return self._finish(self._unfinished, *self._begun([]))

    def fit(self, pins: Pins) -> Outcome | None:
        """Count and solve a new Markov fit (the lane of the roster does). Returns null while a batch is unfinished."""
        if self._unfinished is None:
            self._unfinished = self._taken_on("fit", self.next_offset, pins, caught_up=True)
        return self.look_around(pins)

    def _due(self, pins: Pins) -> Kind | None:
        if self.number == lanes.ROSTER or lanes.is_first(self._state.batch + 1):
            return None
        if pins.fit > self._state.fit.version and "markov" in self._means.rules.models:
            return "adopt"
        return "events" if self._silence_is_over(pins) or self._roster_has_changed(pins) else None

    def _silence_is_over(self, pins: Pins) -> bool:
        due = pl.col("check_ms").is_between(self.newest_ms, pins.newest_ms, closed="right")
        return not self._state.live.checks.where(due).is_empty()

    def _roster_has_changed(self, pins: Pins) -> bool:
        known = self._state.roster
        return pins.roster_batch > known.batch and not self._means.rosters.at(pins.roster_batch).says_the_same_as(known)

    def _taken_on(self, kind: Kind, last_offset: int, pins: Pins, *, caught_up: bool) -> Intent:
        own = self.number == lanes.ROSTER
        intent = intents.take_on(
            self._means.warehouse,
            Intent(
                batch=self._state.batch + 1,
                kind=kind,
                source=self.source,
                first_position=self.next_offset,
                last_offset=last_offset,
                recorded_ms=self._means.clock_ms(),
                roster_batch=self._state.batch + 1 if own else max(pins.roster_batch, self._state.roster.batch),
                fit=pins.fit if kind == "adopt" else self._state.fit.version,
                newest_ms=pins.newest_ms if caught_up else 0,
            ),
        )
        self._means.mark("intent")
        return intent

    def _begun(self, records: Sequence[Record]) -> tuple[Arrived, Begun]:
        """Read records of the next batch, and begin to look up what they name; its intent may be on its way."""
        arrived = Arrived.of(records)
        lines = Lines(arrived.data, 1, arrived.touched, "roster" if self.number == lanes.ROSTER else "viewers")
        state, means = self._state, self._means
        return arrived, Begun.of(lines, state, means.warehouse, state.batch + 1, means.begin)

    def _finish(self, intent: Intent, arrived: Arrived, begun: Begun) -> Outcome | None:
        """Do a batch; null if another worker has closed it meanwhile, whose word is then taken.

        What was looked up came before the look at `batches`; so if the batch was open then, no later batch of the lane
        had begun, and the rows are the same as anyone's.
        """
        means = self._means
        roster = None if self.number == lanes.ROSTER else means.rosters.at(intent.roster_batch)
        with Early(intent, means.warehouse, means.mark, means.begin) as early:
            aside = Aside(means.begin, early.store)
            stored = batch.worked_out(intent, begun, roster, self._state, means.warehouse, means.rules, aside)
            if is_closed(intent, means.warehouse):
                self._load()
                return None
            stored = replace(stored, rows=arrived.placed(stored.rows), last_position=intent.last_offset)
            crossing = Crossing(stored, intent.batch, means.warehouse)
            batch.write(intent, stored, means.warehouse, means.mark, means.each, early.has, crossing.look)
        self._tell(crossing.orders, stored.rows.get("rejects"))
        batch.close(intent, stored, means.warehouse, means.mark)
        self._state, self._unfinished, self.next_offset = stored.state, None, intent.last_offset
        return stored.outcome

    def _tell(self, to_touch: Mapping[str, Sequence[str]], rejects: pl.DataFrame | None) -> None:
        post = self._means.post
        for viewer_id, order_ids in to_touch.items():
            post.touch(order_ids, viewer_id)
        if rejects is not None and rejects.height:
            post.park(rejects)
        post.flush()
        self._means.mark("told")


def _fit_of(number: int, done: Intent | None) -> int:
    """The version of the fit that a lane's last batch stood on; the roster's lane makes them and has the latest."""
    if number == lanes.ROSTER:
        return ANY_FIT
    return done.fit if done else 0
