"""Lanes and inserts side by side: what one thread does harms no other, and nothing is under way when all is said."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from math import inf
from typing import Any

import polars as pl
import pytest
from lane_stage import Log
from test_operations import EVENTS, ROSTER, Fetched, message, order, wall_ms
from warehouse_books import rows
from warehouse_stage import online, presence

from analytics.rules import Rules
from analytics.warehouse import Warehouse, WarehouseAway, WarehouseError
from analytics.warehouse.pool import Pool
from analytics.warehouse.server import Server
from streams.arriving import Touched
from streams.aside import FEWEST_ROWS, Early
from streams.batch import unmarked
from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.topics import names
from streams.lane import Means
from streams.rosters import Rosters
from streams.worker import metrics as worker_metrics
from streams.worker.abreast import Abreast
from streams.worker.conducting import Conductor
from streams.worker.engine import Engine
from streams.worker.limits import Limits
from streams.worker.messages import Place
from streams.worker.patience import Stopped
from streams.worker.post import KafkaPost
from streams.worker.turns import Turns

OTHER = Place(EVENTS.topic, 1)
FOUR = [Place(EVENTS.topic, number) for number in range(4)]
MANY = pl.DataFrame({"viewer_id": ["v"] * FEWEST_ROWS})


@pytest.fixture
def pool(server: Server) -> Iterator[Pool]:
    with closing(Pool(server, 3)) as opened:
        yield opened


def test_threads_share_a_few_connections_and_every_insert_is_there_once(pool: Pool) -> None:
    def insert(number: int) -> int:
        pool.insert("presence", presence(5, batch=number // 2), f"batch-{number // 2}")
        return int(pool.query("core_last_batch", first=0, last=9)["batch"][0] or 0)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(insert, range(24))) == [0] * 24
    assert online(pool) == (60, 60)
    assert rows(pool, "SELECT count() FROM presence") == [("60",)]


def test_a_connection_that_failed_serves_again(pool: Pool) -> None:
    for _ in range(7):
        with pytest.raises(WarehouseError):
            pool.insert("nowhere", presence(1), "batch-1")
    pool.insert("presence", presence(1), "batch-1")
    with closing(pool.reader()) as reader:
        assert rows(reader, "SELECT count() FROM presence") == [("1",)]
        with pytest.raises(WarehouseError):
            reader.insert("presence", presence(1), "batch-2")


def test_nothing_is_under_way_when_one_of_many_has_failed() -> None:
    ended: list[str] = []

    def work(what: str) -> None:
        if what == "fails":
            raise WarehouseAway(what)
        if what == "stops":
            raise Stopped
        time.sleep(0.2)
        ended.append(what)

    with pytest.raises(WarehouseAway, match="fails"):
        Abreast(4, "test").each(work, ["stops", "slow", "fails", "slower"])
    assert sorted(ended) == ["slow", "slower"]


class Slow:
    """A warehouse that takes its time, and that one insert never reaches."""

    def __init__(self, *, is_closed: bool) -> None:
        self.is_closed, self.stored = is_closed, list[str]()

    def query(self, _name: str, **_: object) -> pl.DataFrame:
        return pl.DataFrame({"closed": [self.is_closed]})

    def insert(self, table: str, _frame: object, token: str) -> None:
        time.sleep(0.2)
        if table == "lost":
            raise WarehouseAway(table)
        self.stored.append(f"{table} {token}")


def early(warehouse: Any, threads: ThreadPoolExecutor) -> Early:
    return Early([7], "batch-7", warehouse, unmarked, lambda work: threads.submit(work).result)


def test_no_early_insert_is_under_way_when_its_batch_has_failed() -> None:
    slow = Slow(is_closed=False)
    with ThreadPoolExecutor(2) as threads:
        with suppress(BrokerAway), early(slow, threads) as begun:
            for table in ("lost", "presence"):
                begun.store(table, MANY)
            raise BrokerAway("something else")
        assert slow.stored == ["presence batch-7"]


def test_an_early_insert_is_waited_for_and_its_failure_is_that_of_the_batch() -> None:
    slow = Slow(is_closed=False)
    with ThreadPoolExecutor(2) as threads, early(slow, threads) as begun:
        begun.store("presence", MANY)
        begun.store("lost", MANY)
        begun.store("orders", MANY[1:])
        assert begun.has("presence")
        assert slow.stored == ["presence batch-7"]
        assert not begun.has("orders")
        with pytest.raises(WarehouseAway):
            begun.has("lost")


def test_nothing_is_stored_early_of_a_closed_batch() -> None:
    slow = Slow(is_closed=True)
    with ThreadPoolExecutor(1) as threads, early(slow, threads) as begun:
        begun.store("presence", MANY)
    assert slow.stored == []


class Meeting:
    """A warehouse in which the intents of two lanes wait for each other."""

    def __init__(self, warehouse: Warehouse, refused: str = "") -> None:
        self._warehouse, self._refused, self._mutex = warehouse, refused, threading.Lock()
        self._met = threading.Barrier(2, timeout=60)

    def query(self, name: str, **parameters: Any) -> Any:
        with self._mutex:
            return self._warehouse.query(name, **parameters)

    def insert(self, table: str, frame: Any, token: str) -> None:
        if table == "intents":
            self._met.wait()
            if self._refused in frame["source"]:
                raise WarehouseError("refused")
        with self._mutex:
            self._warehouse.insert(table, frame, token)


def engine(warehouse: Any, groups: int = 2, places: Sequence[Place] = (EVENTS, OTHER)) -> Engine:
    means = Means(warehouse, Rules(models=("on_air",)), wall_ms, Rosters(warehouse), Log())
    made = Engine(
        means, ROSTER.topic, Limits(wait_ms=0, fit_every_ms=0, groups=groups, together=1), worker_metrics.Metrics()
    )
    made.assigned(set(places))
    return made


def two_lanes() -> list[Any]:
    return [message(place, 0, order(number, wall_ms())) for number, place in enumerate((EVENTS, OTHER))]


def test_a_turn_does_several_lanes_side_by_side(warehouse: Any) -> None:
    met = engine(Meeting(warehouse))
    assert met.turn(two_lanes(), {EVENTS: 1, OTHER: 1}, 0) == ({EVENTS: 1, OTHER: 1}, {})
    assert rows(warehouse, "SELECT count() FROM batches") == [("2",)]


def test_a_lane_that_fails_lets_the_batch_of_its_neighbour_end(warehouse: Any) -> None:
    met = engine(Meeting(warehouse, refused=str(OTHER)))
    with pytest.raises(WarehouseError, match="refused"):
        met.turn(two_lanes(), {EVENTS: 1, OTHER: 1}, 0)
    assert rows(warehouse, "SELECT source FROM batches") == [(str(EVENTS),)]
    assert met.patience.stopping.is_set()


def test_a_turn_is_of_the_lanes_that_waited_longest_and_takes_in_what_came_meanwhile(warehouse: Any) -> None:
    made, ends = engine(warehouse, groups=2, places=FOUR), dict.fromkeys(FOUR, 2)

    def done(offset: int | None) -> list[int]:
        came = (
            [] if offset is None else [message(FOUR[at], offset, order(4 * offset + at, wall_ms())) for at in range(4)]
        )
        offsets, seeks = made.turn(came, ends, 0)
        assert seeks == {}
        return [offsets.get(place, 0) for place in FOUR]

    assert (done(0), made.is_behind) == ([1, 1, 0, 0], True)
    assert made.look_around(0) == {FOUR[0]: 1, FOUR[1]: 1, FOUR[2]: 0, FOUR[3]: 0}
    assert (done(1), made.is_behind) == ([1, 1, 2, 2], True)
    assert (done(None), made.is_behind) == ([2, 2, 2, 2], False)
    counts = "SELECT count() FROM batches GROUP BY source ORDER BY source"
    assert rows(warehouse, counts) == [("2",), ("2",), ("1",), ("1",)]


def no_bytes(_place: Place) -> int:
    return 0


def test_a_lane_that_can_do_nothing_before_more_comes_is_no_reason_for_another_turn() -> None:
    turns = Turns(1, 1, 1)
    for place in FOUR[:2]:
        turns.came(place)
    assert (turns.take(FOUR[:2], no_bytes), turns.is_behind) == ([FOUR[:1]], True)
    assert (turns.take(FOUR[:2], no_bytes), turns.is_behind) == ([FOUR[1:2]], False)
    turns.came(FOUR[1])
    assert (turns.take(FOUR[:2], no_bytes), turns.is_behind) == ([FOUR[:1]], True)


def test_lanes_with_little_before_them_are_one_group_and_those_with_much_go_side_by_side() -> None:
    def groups(together: int, *sizes: int) -> list[list[Place]]:
        before = dict(zip(FOUR, sizes, strict=True))
        return Turns(at_once=2, together=together, full=10).take(FOUR, before.__getitem__)

    one, two, three, four = FOUR
    assert groups(64, 1, 2, 3, 4) == [FOUR]
    assert groups(64, 10, 2, 3, 4) == [[one], [two, three, four]]
    assert groups(64, 9, 2, 30, 4) == [[one, two], [three]]
    assert groups(2, 1, 1, 1, 1) == [[one, two], [three, four]]
    assert groups(1, 1, 1, 1, 1) == [[one], [two]]


def test_a_worker_that_is_to_end_is_not_behind(warehouse: Any) -> None:
    made = engine(warehouse, groups=1)
    made.turn(two_lanes(), {EVENTS: 1, OTHER: 1}, 0)
    assert made.is_behind
    made.patience.stopping.set()
    assert not made.is_behind


def test_what_lies_before_a_gap_and_waits_for_its_turn_is_acknowledged_when_it_is_stored(warehouse: Any) -> None:
    made, now, sought = engine(warehouse, groups=1), wall_ms(), list[tuple[Place, int]]()
    first = Fetched(message(EVENTS, 0, order(0, now)))
    before, gone, behind = [Fetched(message(OTHER, offset, order(1 + offset, now))) for offset in range(3)]

    async def seek(place: Place, offset: int) -> None:
        sought.append((place, offset))

    async def ends() -> tuple[dict[Place, int], int]:
        return {EVENTS: 1, OTHER: 3}, 0

    async def play() -> None:
        conductor = Conductor(made, seek, ends)
        await conductor.take([first, before, behind])
        for _ in range(2):
            await conductor.turn()
        assert (sought, [one.is_acknowledged for one in (first, before, behind)]) == ([(OTHER, 1)], [True, True, False])
        await conductor.take([gone, behind])
        await conductor.turn()
        assert (gone.is_acknowledged, behind.is_acknowledged) == (True, True)
        await conductor.stop()

    asyncio.run(play())
    assert rows(warehouse, "SELECT count() FROM orders") == [("4",)]


def test_more_is_taken_only_when_the_lanes_that_wait_for_their_turn_have_little_before_them(warehouse: Any) -> None:
    made, now = engine(warehouse, groups=1), wall_ms()
    first, other, third = [
        Fetched(message(place, offset, order(number, now)))
        for number, (place, offset) in enumerate([(EVENTS, 0), (OTHER, 0), (EVENTS, 1)])
    ]

    async def nowhere(place: Place, offset: int) -> None:
        raise AssertionError((place, offset))

    async def ends() -> tuple[dict[Place, int], int]:
        return {EVENTS: 2, OTHER: 1}, 0

    async def play() -> None:
        conductor = Conductor(made, nowhere, ends, most=1)
        conductor._look_at = inf
        taking = asyncio.gather(conductor.take([first, other]), conductor.turn())
        await taking
        later = asyncio.create_task(conductor.take([third]))
        await asyncio.sleep(0)
        await conductor.turn()
        assert ([one.is_acknowledged for one in (first, other, third)], later.done()) == ([True, True, False], False)
        await conductor.turn()
        await later
        assert third.is_acknowledged
        await conductor.stop()

    asyncio.run(play())


class Broker:
    """Acknowledges the words of one lane and loses those of another."""

    def partitions(self, _topic: str) -> int:
        return 1

    def dispatch(self, _topic: str, value: bytes, **_: object) -> bytes:
        return value

    def wait_for(self, dispatched: list[bytes]) -> None:
        if any(b"lost" in value for value in dispatched):
            raise BrokerAway("lost")


def test_a_lane_answers_for_its_own_words_and_not_for_those_of_its_neighbour() -> None:
    producer: Any = Broker()
    post = KafkaPost(Connection("nowhere:9092"), producer, names("t"), worker_metrics.Metrics())
    said = threading.Barrier(2, timeout=60)

    def tell(order_id: str, *, first: bool) -> str:
        post.touch([Touched(order_id)], "v")
        said.wait()
        if not first:
            said.wait()
        try:
            post.flush()
        except BrokerAway as error:
            return str(error)
        finally:
            if first:
                said.wait()
        return "kept"

    with ThreadPoolExecutor(2) as threads:
        kept, lost = threads.submit(tell, "kept", first=True), threads.submit(tell, "lost", first=False)
        assert (kept.result(), lost.result()) == ("kept", "lost")


def test_a_roster_older_than_those_kept_is_read_anew(warehouse: Any) -> None:
    rosters = Rosters(warehouse)
    kept = [rosters.at(number << 4) for number in range(20, 1, -1)]
    assert [roster.batch for roster in kept] == [number << 4 for number in range(20, 1, -1)]


def counted(work: Callable[[], object], threads: int) -> list[object]:
    with ThreadPoolExecutor(threads) as pool:
        return [done.result() for done in [pool.submit(work) for _ in range(threads * 4)]]


def test_threads_that_ask_for_a_roster_at_once_get_the_same(warehouse: Any) -> None:
    rosters = Rosters(warehouse)
    assert len(set(map(id, counted(lambda: rosters.at(1 << 40), 4)))) == 1
