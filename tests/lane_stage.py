"""A Kafka of lists, for properties of lanes: partitions of records, many workers that come and go, one warehouse."""

from collections import defaultdict
from collections.abc import Callable, Sequence
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
from streams.arriving import Record, touched_value
from streams.aside import Begin, at_once
from streams.batch import Each, in_turn
from streams.intents import pins
from streams.kafka.routing import partition_of
from streams.lane import Lane, Means
from streams.rosters import Rosters

PARTITIONS = 3
ROSTER_NAMES = {str(struct.__struct_config__.tag) for struct in ROSTER_TYPES}
MOST_ROUNDS = 1_000
CLOCK_MS = 4_000_000_000_000
"""Far ahead, so that no row of a test is past its time to live."""


@dataclass
class Log:
    """Records of each lane, and what was parked."""

    records: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    parked: list[pl.DataFrame] = field(default_factory=list)

    def append(self, lane: int, value: bytes | None, *, touched: bool = False) -> None:
        self.records[lane].append(Record(len(self.records[lane]), value, touched))

    def touch(self, order_ids: Sequence[str], viewer_id: str) -> None:
        lane = lanes.FIRST_OF_EVENTS + partition_of(viewer_id, PARTITIONS)
        self.append(lane, touched_value(order_ids), touched=True)

    def park(self, rejects: pl.DataFrame) -> None:
        self.parked.append(rejects)

    def flush(self) -> None:
        """All is there at once."""


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
    """Lanes over one warehouse; any of them may be forgotten and made anew at any time."""

    def __init__(
        self,
        warehouse: Warehouse,
        log: Log,
        rules: Rules,
        mark: Callable[[str], None] = lambda _step: None,
        each: Each = in_turn,
        begin: Begin = at_once,
    ):
        self.warehouse, self.log = warehouse, log
        self.means = Means(warehouse, rules, lambda: CLOCK_MS, Rosters(warehouse), log, mark, each, begin)
        self.lanes: dict[int, Lane] = {}

    def lane(self, number: int) -> Lane:
        if number not in self.lanes:
            self.lanes[number] = Lane(self.means, f"topic-{number}", number)
        return self.lanes[number]

    def step(self, number: int, records: int) -> bool:
        """Take the next records of a lane; false if there are none."""
        lane = self.lane(number)
        stood = lane.next_offset, lane._state.batch
        waiting = self.log.records[number][lane.next_offset :]
        if not waiting:
            return False
        taken = waiting[:records]
        now = pins(self.warehouse, CLOCK_MS)
        if lane.advance(taken, now, caught_up=len(taken) == len(waiting)) is None:
            lane.advance(waiting, now, caught_up=True)
        assert (lane.next_offset, lane._state.batch) != stood, f"lane {number} stands still before offset {stood[0]}"
        return True

    def drain(self) -> None:
        """Go on until nothing waits and nothing is due."""
        busy, rounds = True, 0
        while busy:
            busy, rounds = False, rounds + 1
            assert rounds < MOST_ROUNDS, "lanes send each other word for ever, or what is due is never done"
            for number in every_lane():
                while self.step(number, 1000):
                    busy = True
                if self.lane(number).look_around(pins(self.warehouse, CLOCK_MS)):
                    busy = True


def every_lane() -> range:
    return range(lanes.ROSTER, lanes.FIRST_OF_EVENTS + PARTITIONS)


def intents_and_batches(warehouse: Warehouse) -> tuple[list[int], list[int]]:
    """Batch numbers of intents, and of batches that are whole."""
    taken_on = rows(warehouse, "SELECT batch FROM intents ORDER BY batch")
    whole = rows(warehouse, "SELECT batch FROM batches ORDER BY batch")
    return [int(row[0]) for row in taken_on], [int(row[0]) for row in whole]
