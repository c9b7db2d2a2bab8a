"""Lanes and inserts side by side: what one thread does harms no other, and nothing is under way when all is said."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import polars as pl
import pytest
from lane_stage import Log
from test_operations import EVENTS, ROSTER, message, order, wall_ms
from warehouse_books import rows
from warehouse_stage import online, presence

from analytics.rules import Rules
from analytics.warehouse import Warehouse, WarehouseAway, WarehouseError
from analytics.warehouse.pool import Pool
from analytics.warehouse.server import Server
from streams.aside import FEWEST_ROWS, Early
from streams.batch import unmarked
from streams.journal import Intent
from streams.kafka import BrokerAway
from streams.kafka.topics import names
from streams.lane import Means
from streams.rosters import Rosters
from streams.worker import metrics as worker_metrics
from streams.worker.abreast import Abreast
from streams.worker.engine import Engine, Limits
from streams.worker.messages import Place
from streams.worker.patience import Stopped
from streams.worker.post import KafkaPost

OTHER = Place(EVENTS.topic, 1)
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
    intent = Intent(7, "events", "t-0", 0, 1, 0)
    return Early(intent, warehouse, unmarked, lambda work: threads.submit(work).result)


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


def engine(warehouse: Any) -> Engine:
    means = Means(warehouse, Rules(models=("on_air",)), wall_ms, Rosters(warehouse), Log())
    made = Engine(means, ROSTER.topic, Limits(wait_ms=0, fit_every_ms=0), worker_metrics.Metrics())
    made.assigned({EVENTS, OTHER})
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
    post = KafkaPost(producer, names("t"), worker_metrics.Metrics())
    said = threading.Barrier(2, timeout=60)

    def tell(order_id: str, *, first: bool) -> str:
        post.touch([order_id], "v")
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
