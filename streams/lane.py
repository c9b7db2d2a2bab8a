"""One partition: the only writer of its viewers' facts and of their orders' ledger lines, batch after batch.

A lane knows what its next batch is, works out its rows, and takes on the state after it; `together` has the order of
steps. It believes the warehouse about where it is, never its own memory alone: what stands there as the next intent is
the next batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec
import polars as pl

from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import batch, intents, lanes
from streams.arriving import Arrived, Record, Touched
from streams.aside import Begin, Mark, Store, at_once
from streams.batch import Each, in_turn, unmarked
from streams.begun import Before, Begun, Lines
from streams.intents import Pins
from streams.journal import Intent, Kind
from streams.outcome import Stored
from streams.rosters import Rosters
from streams.state import ANY_FIT, restore


class Kafka(Protocol):
    """What lanes say to Kafka, and ask of it. Raises BrokerAway.

    What is said is acknowledged when `flush` returns.
    """

    def touch(self, touched: Sequence[Touched], viewer_id: str) -> None:
        """Ask the lane of a viewer to look at orders again."""

    def park(self, rejects: pl.DataFrame) -> None:
        """Send rejected lines to the dead letters."""

    def flush(self) -> None:
        """Wait for the broker."""

    def again(self, source: str, first: int, end: int) -> Sequence[Record]:
        """Read the records of a partition from one offset up to another, those that are still there."""


@dataclass(frozen=True, slots=True)
class Means:
    """What lanes of one worker share: warehouse, rules, clock (ms UTC), rosters, Kafka, and the marks of fault tests.

    each: inserts the tables of a batch; begin: begins what a batch need not wait for. Both work side by side only where
    the warehouse takes many statements at once.
    """

    warehouse: Warehouse
    rules: Rules
    clock_ms: Callable[[], int]
    rosters: Rosters
    kafka: Kafka
    mark: Mark = unmarked
    each: Each = in_turn
    begin: Begin = at_once


@dataclass(frozen=True, slots=True)
class Share:
    """The next batch of a lane: its intent, as it stands or as it is wanted, and its records in order."""

    lane: "Lane"
    intent: Intent
    records: Sequence[Record] = ()
    stands: bool = False


class Lane:
    """One partition of a topic, by the number of its lane."""

    def __init__(self, means: Means, source: str, number: int) -> None:
        """Read where the lane stands. Raises WarehouseError."""
        self.source, self.number, self._means = source, number, means
        self.reload()

    def reload(self) -> None:
        """Read where the lane stands. Raises WarehouseError."""
        means, number = self._means, self.number
        warehouse = means.warehouse
        last, _ = warehouse.query("core_last_batch", **lanes.bounds(lanes.before_first(number))).row(0)
        done = intents.standing(warehouse, [last]).get(last) if last else None
        roster = means.rosters.at(done.roster_batch if done else 0)
        self._state = restore(warehouse, means.rules, number, roster, _fit_of(number, done))
        self.unfinished = intents.standing(warehouse, [self.next_batch]).get(self.next_batch)
        self.next_offset = done.last_offset if done else 0

    @property
    def next_batch(self) -> int:
        """The number of the next batch, which may be unfinished."""
        return self._state.batch + 1

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

    def next(self, records: Sequence[Record], pins: Pins, *, caught_up: bool) -> Share | None:
        """Give the batch that these records make, where none is unfinished; null if all of them are done.

        records: in the order of their offsets; those before `next_offset` are passed over. caught_up: no more records
        wait, so that the event time reached by other lanes is ours too.
        """
        waiting = [record for record in records if record.offset >= self.next_offset]
        if not waiting:
            return None
        return Share(self, self._wanted("events", waiting[-1].offset + 1, pins, caught_up=caught_up), waiting)

    def due(self, pins: Pins) -> Share | None:
        """Give a batch without records, where none is unfinished: a new fit, a changed roster, viewers' silence."""
        kind = self._due(pins)
        return None if kind is None else self.empty(pins, kind)

    def empty(self, pins: Pins, kind: Kind = "events", *, caught_up: bool = True) -> Share:
        """Give a batch without records; of the kind `fit`, which the lane of the roster does, it solves a new one."""
        return Share(self, self._wanted(kind, self.next_offset, pins, caught_up=caught_up))

    def resumed(self, records: Sequence[Record]) -> Share | None:
        """Give the unfinished batch with its records; null where more of them must come first."""
        intent = self.unfinished
        if intent is None:
            return None
        within = [record for record in records if self.next_offset <= record.offset < intent.last_offset]
        if intent.last_offset > self.next_offset and (not records or records[-1].offset + 1 < intent.last_offset):
            return None
        return Share(self, intent, within, stands=True)

    def stand_alone(self) -> None:
        """Know that the unfinished batch is not stored together with those that its intent names."""
        if self.unfinished:
            self.unfinished = msgspec.structs.replace(self.unfinished, together=())

    def begun(self, records: Sequence[Record]) -> tuple[Arrived, Begun]:
        """Read records of the next batch; its intent may be on its way."""
        arrived = Arrived.of(records)
        lines = Lines(arrived.data, 1, arrived.touched, "roster" if self.number == lanes.ROSTER else "viewers")
        return arrived, Begun.of(lines, self._state)

    def worked_out(
        self,
        intent: Intent,
        arrived: Arrived,
        begun: Begun,
        before: Before,
        store: Store,
    ) -> Stored:
        """Work out every row of the next batch, and the state after it. store: takes rows as soon as they are known."""
        means = self._means
        roster = None if self.number == lanes.ROSTER else means.rosters.at(intent.roster_batch)
        stored = batch.worked_out(intent, begun, before, roster, self._state, means.warehouse, means.rules, store)
        return replace(stored, rows=arrived.placed(stored.rows), last_position=intent.last_offset)

    def done(self, intent: Intent, stored: Stored) -> None:
        """Take on the state after a batch that is closed."""
        self._state, self.unfinished, self.next_offset = stored.state, None, intent.last_offset

    def _due(self, pins: Pins) -> Kind | None:
        if self.number == lanes.ROSTER or lanes.is_first(self.next_batch):
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

    def _wanted(self, kind: Kind, last_offset: int, pins: Pins, *, caught_up: bool) -> Intent:
        own = self.number == lanes.ROSTER
        return Intent(
            batch=self.next_batch,
            kind=kind,
            source=self.source,
            first_position=self.next_offset,
            last_offset=last_offset,
            recorded_ms=self._means.clock_ms(),
            roster_batch=self.next_batch if own else max(pins.roster_batch, self._state.roster.batch),
            fit=pins.fit if kind == "adopt" else self._state.fit.version,
            newest_ms=pins.newest_ms if caught_up else 0,
            seen=pins.seen,
        )


def _fit_of(number: int, done: Intent | None) -> int:
    """The version of the fit that a lane's last batch stood on; the roster's lane makes them and has the latest."""
    if number == lanes.ROSTER:
        return ANY_FIT
    return done.fit if done else 0
