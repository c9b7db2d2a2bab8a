"""The commands of the distributed path, started as a user starts them: events in over HTTP, books out."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random

import pytest
from kafka_broker import Broker
from patience import PATIENCE_S, await_true
from ports import free_port
from referee import books as referee_books
from referee_models import RefereeRules
from scenarios import scenario, to_bytes
from stream_stage import Stage
from test_kafka_topics import consumed
from test_processor import STREAMED, shaken
from warehouse_books import posted, refereed

from streams.kafka.producing import Producer

DOOR = [sys.executable, "-c", "from hostledger.door import main; main()"]


@pytest.fixture
def stage(apache_kafka: Broker, database: str, prefix: str, tmp_path: Path) -> Iterator[Stage]:
    models = ",".join(STREAMED)
    settings = {
        "HOSTLEDGER_MODELS": models,
        "HOSTLEDGER_KEYS": str(tmp_path / "keys"),
        "HOSTLEDGER_COLLECTOR_PORT": str(free_port()),
        "HOSTLEDGER_WORKER_PORT": str(free_port()),
    }
    with Stage(apache_kafka, database, prefix, tmp_path / "workers.log", **settings) as made:
        yield made


def run(stage: Stage, *arguments: str) -> str:
    """Run a command to its end."""
    done = subprocess.run(
        [*DOOR, *arguments], env=stage.environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Running:
    """A command in the background, ended by SIGTERM."""

    def __init__(self, stage: Stage, *arguments: str) -> None:
        with stage.log.open("a") as err:
            self.process = subprocess.Popen(
                [*DOOR, *arguments], env=stage.environment, stdout=subprocess.DEVNULL, stderr=err
            )

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0


def is_taken(stage: Stage, key: str, body: bytes) -> bool:
    """Send events; not, if the collector is not there yet, or Kafka does not answer it in time."""
    address = f"http://127.0.0.1:{stage.environment['HOSTLEDGER_COLLECTOR_PORT']}/v1/events"
    request = urllib.request.Request(address, body, {"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310  # our own collector
            return bool(answer.status == 202)
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code != 503:
                raise
    except urllib.error.URLError:
        pass
    return False


def stored(stage: Stage) -> int:
    """How many events are in Kafka: many in a record of viewers, one in one of the roster."""
    of_viewers, of_roster = (consumed(stage.connection.bootstrap, topic) for topic in stage.topics[:2])
    return sum(len(value.splitlines()) for _, _, value in of_viewers) + len(of_roster)


def test_what_sellers_post_is_what_finance_reads(stage: Stage) -> None:
    events, random = scenario(600, "small"), Random(600)
    key = run(stage, "keys", "new", "seller").split()[-1]
    lines = to_bytes(shaken(events, random)).splitlines()
    with Running(stage, "collector"), Running(stage, "worker"):
        for start in range(0, len(lines), 50):
            await_true(partial(is_taken, stage, key, b"\n".join(lines[start : start + 50])))
        stage.drained()
    with closing(stage.books()) as warehouse:
        assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    reported = json.loads(run(stage, "reconcile", "--format", "json"))
    assert reported
    assert [check for check in reported if check["holds"] is False] == []
    assert key not in stage.log.read_text()
    told = {finding["what"]: finding["state"] for finding in json.loads(run(stage, "doctor", "--format", "json"))}
    assert (told["ClickHouse server"], told["Kafka"]) == ("ok", "ok")


def test_topics_of_others_reach_the_books_through_the_packer(stage: Stage) -> None:
    """A topic with one event per record, partitioned by nobody's rule but its producer's."""
    events, random = scenario(601, "small"), Random(601)
    theirs, lines = f"{stage.prefix}.theirs", to_bytes(shaken(events, random)).splitlines()
    with closing(Producer(stage.connection)) as producer:
        subprocess.run(
            [*DOOR, "topics", "--partitions", "8"],
            env={**stage.environment, "HOSTLEDGER_TOPICS": theirs},
            check=True,
            capture_output=True,
            timeout=180,
        )
        for line in lines:
            producer.send(f"{theirs}.events", line, partition=random.randrange(8))
        producer.flush()
    with Running(stage, "pack", f"{theirs}.events"), Running(stage, "worker"):
        await_true(lambda: stored(stage) >= len(lines))
        stage.drained()
    with closing(stage.books()) as warehouse:
        assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)


def test_the_doctor_names_what_is_away_without_its_password(stage: Stage) -> None:
    away = {"HOSTLEDGER_KAFKA": "127.0.0.1:1", "HOSTLEDGER_CLICKHOUSE": "clickhouse://me@127.0.0.1:1/books"}
    asked = [*DOOR, "doctor", "--format", "json"]
    done = subprocess.run(
        asked, env={**stage.environment, **away}, capture_output=True, text=True, timeout=180, check=False
    )
    told = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert "127.0.0.1:1" in told["ClickHouse server"]["remedy"]
    assert "127.0.0.1:1" in told["Kafka"]["remedy"]
    assert stage.environment["HOSTLEDGER_CLICKHOUSE_PASSWORD"] not in done.stdout + done.stderr
