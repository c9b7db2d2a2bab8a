"""Kafka, workers and a ClickHouse server: nothing lost, nothing twice, whatever happens to machines."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import kafka_broker
import native_child
import pytest
from kafka_broker import Broker
from referee import books as referee_books
from referee_models import EVERY_MODEL, RefereeRules
from scenario_stage import Event
from scenarios import scenario, to_bytes
from stream_stage import Stage, everything
from test_processor import STREAMED, assert_rollups, shaken
from warehouse_books import posted, refereed, rows

from analytics.crediting import books
from analytics.decoding import decode
from analytics.rules import DAY_MS, Rules
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server
from streams.processor import Processor

MakeStage = Callable[..., Stage]
DEATHS = 20
FOREVER_MS = 1000 * DAY_MS


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
    """Twenty lives end by kill -9 between two steps, while repeated and disordered events keep coming."""
    events, random = scenario(500, "medium"), Random(500)
    lines = lines_of(shaken(events, random))
    with stage(HOSTLEDGER_MODELS=",".join(STREAMED)) as scene:
        for life in range(DEATHS):
            part = len(lines) // DEATHS + 1
            scene.produce(lines[life * part : (life + 1) * part], random)
            assert scene.worker(die_after=random.randint(1, 9)).died() == -9
        scene.worker()
        scene.drained()
        with closing(scene.books()) as warehouse:
            assert_books(warehouse, events)
