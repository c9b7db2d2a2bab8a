"""A Kafka of lists, for properties of lanes: partitions of records, many workers that come and go, one warehouse."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import polars as pl
from scenario_stage import Event
from scenarios import to_bytes
from warehouse_books import rows

from analytics.contract import ROSTER_TYPES
from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import lanes
from streams.arriving import Record, Touched, touched_value
from streams.aside import Begin, at_once
from streams.batch import Each, in_turn
from streams.intents import Pins, pins
from streams.kafka.routing import partition_of
from streams.lane import Lane, Means, Share
from streams.outcome import Outcome
from streams.rosters import Rosters
from streams.together import Together, recover

PARTITIONS = 3
ROSTER_NAMES = {str(struct.__struct_config__.tag) for struct in ROSTER_TYPES}
MOST_ROUNDS, TRIES = 1_000, 3
CLOCK_MS = 4_000_000_000_000
"""Far ahead, so that no row of a test is past its time to live."""


@dataclass
class Log:
    """Records of each lane, and what was parked."""

    records: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    parked: list[pl.DataFrame] = field(default_factory=list)

    def append(self, lane: int, value: bytes | None, *, touched: bool = False) -> None:
        self.records[lane].append(Record(len(self.records[lane]), value, touched))

    def touch(self, touched: Sequence[Touched], viewer_id: str) -> None:
        lane = lanes.FIRST_OF_EVENTS + partition_of(viewer_id, PARTITIONS)
        self.append(lane, touched_value(touched), touched=True)

    def park(self, rejects: pl.DataFrame) -> None:
        self.parked.append(rejects)

    def flush(self) -> None:
        """All is there at once."""

    def again(self, source: str, first: int, end: int) -> list[Record]:
        lane = int(source.rpartition("-")[2]) + lanes.FIRST_OF_EVENTS
        return self.records[lane][first:end]


def lane_of_event(event: Event) -> int:
    if event["type"] in ROSTER_NAMES:
        return lanes.ROSTER
    key = event["order_id"] if event["type"] == "order_refunded" else event["viewer_id"]
    return lanes.FIRST_OF_EVENTS + partition_of(str(key), PARTITIONS)


def routed(events: list[Event], random: Random) -> Log:
    """Pack events into records of one lane each, of random sizes, keeping their order."""
    log, waiting = Log(), defaultdict(list)
    for event in events:
        lane = lane_of_event(event)
        waiting[lane].append(event)
        if lane == lanes.ROSTER or random.random() < 0.3:
            log.append(lane, to_bytes(waiting.pop(lane)))
    for lane, rest in waiting.items():
        log.append(lane, to_bytes(rest))
    return log


class Group:
    """Lanes over one warehouse, as one worker has them; any may be forgotten and made anew at any time.

    owns: lanes that are its own; others are made for the occasion, where they are stored together with one of them.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        log: Log,
        rules: Rules,
        mark: Callable[[str], None] = lambda _step: None,
        each: Each = in_turn,
        begin: Begin = at_once,
        owns: Collection[int] = range(99),
    ):
        self.warehouse, self.log, self.owns = warehouse, log, owns
        self.means = Means(warehouse, rules, lambda: CLOCK_MS, Rosters(warehouse), log, mark, each, begin)
        self.lanes: dict[int, Lane] = {}

    def lane(self, number: int) -> Lane:
        if number not in self.lanes:
            self.lanes[number] = Lane(self.means, source_of(number), number)
        return self.lanes[number]

    def step(self, number: int, records: int) -> bool:
        """Take the next records of a lane; false if there are none."""
        return self.together({number: records})

    def together(self, sizes: Mapping[int, int]) -> bool:
        """Take so many next records of each lane, and store them together; false if there are none.

        As a worker does: what is unfinished comes first, and what turns out to be is done at the next try.
        """
        stood = {number: self.lane(number).next_batch for number in sizes if self._waiting(number)}
        for _ in range(TRIES):
            shares = [share for number in stood if (share := self._share(number, sizes[number]))]
            for share in [share for share in shares if share.stands]:
                Together(self.means, [share]).advance()
            if joined := [share for share in shares if not share.stands]:
                Together(self.means, joined).advance()
            if all(self.lane(number).next_batch > batch for number, batch in stood.items()):
                return bool(stood)
        raise AssertionError(f"some of these lanes stand still: {stood}")

    def _waiting(self, number: int) -> list[Record]:
        return self.log.records[number][self.lane(number).next_offset :]

    def _share(self, number: int, records: int) -> Share | None:
        lane, now = self.recovered(number), pins(self.warehouse, CLOCK_MS)
        waiting = self._waiting(number)
        if lane.unfinished:
            return lane.resumed(waiting)
        taken = waiting[:records]
        return lane.next(taken, now, caught_up=len(taken) == len(waiting))

    def recovered(self, number: int) -> Lane:
        """Give a lane that has nothing unfinished, or something that stands alone."""
        lane = self.lane(number)
        recover(self.means, lane, self._lane_of, pins(self.warehouse, CLOCK_MS))
        return lane

    def _lane_of(self, number: int, source: str) -> Lane:
        return self.lane(number) if number in self.owns else Lane(self.means, source, number)

    def look_around(self, number: int, now: Pins | None = None) -> list[Outcome]:
        """Do what is due without records."""
        lane, now = self.recovered(number), now or pins(self.warehouse, CLOCK_MS)
        share = lane.resumed([]) if lane.unfinished else lane.due(now)
        return Together(self.means, [share]).advance() if share else []

    def drain(self) -> None:
        """Go on until nothing waits and nothing is due."""
        busy, rounds = True, 0
        while busy:
            busy, rounds = False, rounds + 1
            assert rounds < MOST_ROUNDS, "lanes send each other word for ever, or what is due is never done"
            for number in self.owned():
                while self.step(number, 1000):
                    busy = True
                if self.look_around(number):
                    busy = True

    def owned(self) -> list[int]:
        """The lanes that are its own, the roster's first."""
        return [number for number in every_lane() if number in self.owns]


def source_of(number: int) -> str:
    return "roster-0" if number == lanes.ROSTER else f"topic-{number - lanes.FIRST_OF_EVENTS}"


def every_lane() -> range:
    return range(lanes.ROSTER, lanes.FIRST_OF_EVENTS + PARTITIONS)


def intents_and_batches(warehouse: Warehouse) -> tuple[list[int], list[int]]:
    """Batch numbers of intents, and of batches that are whole."""
    taken_on = rows(warehouse, "SELECT batch FROM intents ORDER BY batch")
    whole = rows(warehouse, "SELECT batch FROM batches ORDER BY batch")
    return [int(row[0]) for row in taken_on], [int(row[0]) for row in whole]
