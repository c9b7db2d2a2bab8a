"""Kafka, workers and a ClickHouse server: nothing lost, nothing twice, whatever happens to machines."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import native_child
import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka_broker import Broker
from nights import DEATHS
from patience import await_true
from referee import books as referee_books
from referee_models import RefereeRules
from scenario_stage import Event
from scenarios import scenario, to_bytes
from stream_stage import Stage, everything
from test_processor import STREAMED, assert_rollups, shaken
from warehouse_books import posted, refereed, rows

from analytics.crediting import books
from analytics.decoding import decode
from analytics.rules import DAY_MS, Rules
from analytics.warehouse import Warehouse
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server
from streams import lanes
from streams.arriving import Record, Touched, touched_value
from streams.generator import Plan, arrivals
from streams.ingest import wall_ms
from streams.intents import pins
from streams.kafka import BrokerAway, topics
from streams.kafka.connection import Connection
from streams.kafka.producing import Producer
from streams.lane import Lane, Means
from streams.outcome import Outcome
from streams.processor import Processor
from streams.rosters import Rosters
from streams.together import Together
from streams.worker.metrics import Metrics
from streams.worker.post import KafkaPost

DAY = Plan.sized(9_000, 120, hours=4, sessions=6, malformed_rate=0.002, repeat_rate=0.01, late_rate=0.01)
MakeStage = Callable[..., Stage]
FOREVER_MS = 1000 * DAY_MS
STEPS = 11
"""Steps that a group of three lanes has at least, the three intents among them."""


@pytest.fixture
def stage(apache_kafka: Broker, database: str, prefix: str, tmp_path: Path) -> Iterator[MakeStage]:
    """Makes a stage; its workers end with the test."""
    made: list[Stage] = []

    def make(**settings: str) -> Stage:
        made.append(Stage(apache_kafka, database, prefix, tmp_path / "workers.log", **settings))
        return made[-1]

    yield make
    for each in made:
        each.__exit__()


def lines_of(events: list[Event]) -> list[bytes]:
    return to_bytes(events).splitlines()


def assert_books(warehouse: Server, events: list[Event]) -> None:
    """Ledger and rollups are the referee's."""
    newest = int(rows(warehouse, "SELECT toUnixTimestamp64Milli(max(newest_at)) FROM batches")[0][0])
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, newest, STREAMED)


def test_random_deaths_lose_nothing_and_book_nothing_twice(stage: MakeStage) -> None:
    """Each life ends by kill -9 between two steps, while repeated and disordered events keep coming."""
    seed = 500 + DEATHS
    events, random = scenario(seed, "medium"), Random(seed)
    lines = lines_of(shaken(events, random))
    with stage(HOSTLEDGER_MODELS=",".join(STREAMED)) as scene:
        for life in range(DEATHS):
            again = random.sample(lines, 60)  # however many lives there are, each has so many steps before it
            scene.produce([*lines[life::DEATHS], *again], random)
            assert scene.worker(die_after=random.randint(1, STEPS)).died() == -9
        scene.worker()
        scene.drained()
        with closing(scene.books()) as warehouse:
            assert_books(warehouse, events)


def test_a_worker_that_dies_in_a_rebalance_leaves_its_lanes_to_the_other(stage: MakeStage) -> None:
    events, random = scenario(501, "medium"), Random(501)
    lines = lines_of(shaken(events, random))
    with stage(HOSTLEDGER_MODELS=",".join(STREAMED)) as scene:
        first = scene.worker()
        scene.produce(lines[: len(lines) // 2], random)
        scene.drained()
        second = scene.worker()
        scene.produce(lines[len(lines) // 2 :], random)
        await_true(lambda: second.asked("/readyz")[0] == 200)
        first.kill()
        scene.drained()
        assert second.process.poll() is None
        with closing(scene.books()) as warehouse:
            assert_books(warehouse, events)


def test_a_broker_that_restarts_is_waited_for(stage: MakeStage, breakable_kafka: Broker) -> None:
    events, random = scenario(502, "medium"), Random(502)
    lines = lines_of(shaken(events, random))
    with stage(HOSTLEDGER_MODELS=",".join(STREAMED)) as scene:
        worker = scene.worker()
        scene.produce(lines[: len(lines) // 2], random)
        await_true(worker.has_booked)
        breakable_kafka.kill()
        breakable_kafka.start()
        scene.produce(lines[len(lines) // 2 :], random)
        scene.drained()
        with closing(scene.books()) as warehouse:
            assert_books(warehouse, events)


def test_word_that_the_broker_has_not_acknowledged_keeps_the_batch_open(
    warehouse: Embedded, breakable_kafka: Broker, prefix: str
) -> None:
    """Dead letters and word to other lanes go before the batch's own row: without the broker there is no such row."""
    connection = Connection(breakable_kafka.bootstrap)
    topics.ensure(connection, topics.declared(prefix, 1))
    with closing(Producer(connection, delivery_ms=2_000)) as producer:
        post = KafkaPost(connection, producer, topics.names(prefix), Metrics())
        means = Means(warehouse, Rules(), wall_ms, Rosters(warehouse), post)
        lane = Lane(means, f"{prefix}.events-0", lanes.FIRST_OF_EVENTS)
        counts = "SELECT (SELECT count() FROM rejects), (SELECT count() FROM batches)"

        def advance(offset: int) -> list[Outcome]:
            records = [Record(offset, b"rubbish")]
            share = lane.resumed(records) if lane.unfinished else lane.next(records, pins(warehouse, 0), caught_up=True)
            assert share is not None
            return Together(means, [share]).advance()

        def is_done(offset: int) -> bool:
            try:
                return bool(advance(offset))
            except BrokerAway:  # one that is just back, or busy, leads nothing yet; a worker tries again, too
                return False

        await_true(lambda: is_done(0))
        breakable_kafka.kill()
        with pytest.raises(BrokerAway):
            advance(1)
        assert rows(warehouse, counts) == [("2", "1")]
        breakable_kafka.start()
        await_true(lambda: is_done(1))
    assert rows(warehouse, counts) == [("2", "2")]


def test_records_are_read_again_and_those_that_are_gone_are_counted(apache_kafka: Broker, prefix: str) -> None:
    """As whoever finishes what another worker began with records of a lane that is not his."""
    connection = Connection(apache_kafka.bootstrap)
    topics.ensure(connection, topics.declared(prefix, 1))
    source, metrics = f"{prefix}.events-0", Metrics()

    def gone() -> float | None:
        return metrics.registry.get_sample_value("hostledger_missing_offsets_total", {"source": source})

    with closing(Producer(connection)) as producer:
        post = KafkaPost(connection, producer, topics.names(prefix), metrics)
        for number in range(6):
            post.touch([Touched(f"o{number}", number)], "v")
        producer.wait_for([producer.dispatch(f"{prefix}.events", None, key=b"k", partition=0)])
        post.flush()
        found = post.again(source, 2, 7)
        assert found[:4] == [Record(at, touched_value([Touched(f"o{at}", at)]), touched=True) for at in range(2, 6)]
        assert found[4:] == [Record(6, None)]
        assert (post.again(source, 3, 3), gone()) == ([], None)
        with closing(KafkaAdminClient(bootstrap_servers=apache_kafka.bootstrap)) as admin:
            admin.delete_records({TopicPartition(f"{prefix}.events", 0): 4})
        assert ([record.offset for record in post.again(source, 1, 6)], gone()) == ([4, 5], 3)
        assert (post.again(source, 1, 3), gone()) == ([], 5)


def test_a_clickhouse_that_goes_away_is_waited_for(apache_kafka: Broker, prefix: str, tmp_path: Path) -> None:
    """It dies like a power cut, twice; the worker says that it waits, and goes on where it was."""
    if native_child.GIVEN:
        pytest.skip("the server of CLICKHOUSE_URL is not ours to stop; unset it")
    events, random = scenario(503, "medium"), Random(503)
    lines = lines_of(shaken(events, random))
    (folder := tmp_path / "clickhouse").mkdir()
    child = native_child.Child(folder)
    child.start()
    url = child.url("books")
    Server.migrate(url, password=native_child.PASSWORD)
    models = {"HOSTLEDGER_MODELS": ",".join(STREAMED)}
    with Stage(apache_kafka, url, prefix, tmp_path / "workers.log", **models) as scene:
        worker = scene.worker()
        for part in (lines[: len(lines) // 3], lines[len(lines) // 3 : 2 * len(lines) // 3]):
            scene.produce(part, random)
            await_true(lambda: worker.asked("/readyz")[0] == 200)
            child.kill()
            await_true(lambda: worker.asked("/readyz")[0] == 503)
            assert worker.asked("/healthz")[0] == 200
            child.start()
        scene.produce(lines[2 * len(lines) // 3 :], random)
        scene.drained()
        assert worker.process.poll() is None
        with closing(scene.books()) as warehouse:
            assert_books(warehouse, events)
    child.kill()


@pytest.fixture(scope="module")
def day() -> list[bytes]:
    return b"".join(data for _, data in arrivals(DAY)).splitlines()


@pytest.fixture(scope="module")
def embedded_books(day: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The day in batches of 700 lines through the embedded engine, and a fit at the end."""
    folder = tmp_path_factory.mktemp("embedded")
    warehouse = Embedded.open(folder)
    with closing(warehouse):
        running = Processor(warehouse, folder, Rules(correction_ms=FOREVER_MS), wall_ms)
        for start in range(0, len(day), 700):
            running.process("day", b"\n".join(day[start : start + 700]) + b"\n", start + 1, 0)
        running.refit()
        return everything(warehouse) | {"restated": restated(warehouse)}


def test_the_embedded_books_of_a_day_are_those_of_its_whole_history(
    day: list[bytes], embedded_books: dict[str, Any]
) -> None:
    entries = books(decode(b"\n".join(day)).facts, Rules(correction_ms=FOREVER_MS)).entries
    keys = ["order_id", "model", "refund_id", "host_id", "booked_ms"]
    whole = {
        (order, model, refund or "", host, str(booked)): amount
        for order, model, refund, host, booked, amount in entries.select(*keys, "amount_minor").iter_rows()
    }
    assert embedded_books["posted"] == whole


@pytest.mark.parametrize("workers", [1, 2])
def test_a_day_through_kafka_comes_to_the_embedded_books(
    stage: MakeStage,
    day: list[bytes],
    embedded_books: dict[str, Any],
    workers: int,
    record_property: Callable[[str, str], None],
) -> None:
    """With two workers the second one joins half-way, which moves partitions."""
    random = Random(workers)
    with stage() as scene:
        first = scene.worker(traced=True)
        scene.produce(day[: len(day) // 2], random)
        if workers == 2:
            await_true(first.has_booked)
            second = scene.worker(traced=True)
            await_true(lambda: second.asked("/readyz")[0] == 200)
        scene.produce(day[len(day) // 2 :], random)
        scene.drained()
        for worker in scene.workers:
            worker.process.terminate()
            assert worker.died() == 0
        scene.worker(HOSTLEDGER_FIT_EVERY="1s")
        scene.drained(fits=1)
        with closing(scene.books()) as warehouse:
            found, restatements = everything(warehouse), restated(warehouse)
    record_property("restatement lines", f"embedded {embedded_books['restated']}, {workers} worker(s) {restatements}")
    for name, expected in embedded_books.items():
        if name != "restated":
            assert (name, found[name]) == (name, expected)


def restated(warehouse: Warehouse) -> int:
    """Ledger lines that late facts needed, those of a fit left out."""
    return int(rows(warehouse, "SELECT countIf(kind = 'restatement' AND reason NOT LIKE 'Markov%') FROM ledger")[0][0])


def test_sigterm_lets_the_batch_at_hand_end(stage: MakeStage) -> None:
    events, random = scenario(504, "small"), Random(504)
    with stage(HOSTLEDGER_MODELS=",".join(STREAMED)) as scene:
        worker = scene.worker(traced=True)
        scene.produce(lines_of(events), random)
        await_true(worker.has_booked)
        worker.process.terminate()
        assert worker.died() == 0
        with closing(scene.books()) as warehouse:
            unfinished = "SELECT count() FROM intents WHERE batch NOT IN (SELECT batch FROM batches)"
            assert rows(warehouse, unfinished) == [("0",)]
        scene.worker()
        scene.drained()
        with closing(scene.books()) as warehouse:
            assert_books(warehouse, events)


def test_a_producer_that_sends_rubbish_stops_the_worker_and_everything_is_kept(stage: MakeStage) -> None:
    rubbish = [b"rubbish %d" % number for number in range(1500)]
    with stage() as scene:
        worker = scene.worker(traced=True)
        scene.produce(rubbish, Random(1))
        assert worker.died() == 2
        assert "cannot become events" in scene.log.read_text()
        with closing(scene.books()) as warehouse:
            kept = rows(warehouse, "SELECT count(), uniqExact(line), countIf(record_offset IS NULL) FROM rejects")
        assert int(kept[0][0]) == int(kept[0][1]) >= 1000
        assert kept[0][2] == "0"
