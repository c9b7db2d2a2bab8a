"""The servers that all sides share, on their own cores: Kafka's broker, and ClickHouse behind the native protocol.

They are the ones of the tests; so are the stage of topics, database and workers.
"""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from analytics.warehouse.server import Server
from benchmarks.running import OUT
from benchmarks.stream import given
from benchmarks.stream.cores import Cores, on
from benchmarks.stream.parts import Stage, kafka_broker, native_child
from streams.kafka.connection import Connection
from streams.kafka.packing import Packed
from streams.kafka.producing import Producer
from streams.kafka.routing import Routed, partition_of
from streams.kafka.topics import Topic, ensure

PARTITIONS = 8
_ENDLESS = {"retention.ms": "-1", "max.message.bytes": str(2 << 20)}


class Scene:
    """Broker and ClickHouse, started for this run. Raises NoBroker."""

    def __init__(self, cores: Cores) -> None:
        self.cores = cores
        OUT.mkdir(parents=True, exist_ok=True)
        self._held = tempfile.TemporaryDirectory(dir=OUT, prefix="scene-")
        self.folder = Path(self._held.name)
        self._broker = kafka_broker.make(self.folder / "kafka")
        if not self._broker.is_apache:
            raise kafka_broker.NoBroker("the stream is measured on Apache Kafka: install Java 17 and Maven")
        self._clickhouse: Any = None

    def __enter__(self) -> Self:
        with on(self.cores.servers):
            self._broker.start()
            if not native_child.GIVEN:
                (self.folder / "clickhouse").mkdir()
                self._clickhouse = native_child.Child(self.folder / "clickhouse")
                self._clickhouse.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._broker.stop()
        if self._clickhouse:
            self._clickhouse.kill()
        self._held.cleanup()

    @property
    def bootstrap(self) -> str:
        """Address of the broker."""
        return str(self._broker.bootstrap)

    @property
    def names(self) -> dict[str, str]:
        """What the servers are."""
        return {"broker": self._broker.name, "clickhouse": native_child.MEANING}

    @property
    def server_pids(self) -> list[int]:
        """The process of ClickHouse, if it is ours."""
        return [self._clickhouse.process.pid] if self._clickhouse else []

    def stage(self, partitions: int = PARTITIONS) -> Stage:
        """Make new topics and an empty database for workers with the product's settings."""
        database = f"bench_{uuid4().hex[:12]}"
        url = f"{native_child.GIVEN.rstrip('/')}/{database}" if native_child.GIVEN else self._clickhouse.url(database)
        Server.migrate(url, password=native_child.PASSWORD)
        settings = {"HOSTLEDGER_SESSION": "30s", "HOSTLEDGER_CORRECTION": "30d", "HOSTLEDGER_FIT_EVERY": "1h"}
        return Stage(self._broker, url, database.replace("_", "-"), self.folder / "workers.log", partitions, **settings)

    def drop(self, stage: Stage) -> None:
        """Let go of a stage: end its workers and empty its database."""
        stage.__exit__()
        with closing(stage.books()) as server:
            server.run("DROP DATABASE " + server.database)

    def loaded_single(self, lines: tuple[bytes, ...]) -> str:
        """Make a topic with one event per record, keyed by session, and give its name."""
        topic = self._topic(f"single-{len(lines)}-{uuid4().hex[:6]}")
        with closing(Producer(Connection(self.bootstrap))) as producer:
            for line, head in zip(lines, given.heads(lines), strict=True):
                key = head.session_id
                # the futures are dropped: flush waits for all, and the counts of every side are checked
                producer.dispatch(topic, line, key=key.encode(), partition=partition_of(key, PARTITIONS))
            producer.flush(120)
        return topic

    def loaded_packed(self, lines: tuple[bytes, ...]) -> str:
        """Make a topic with many events per record for sides that only count, the roster's events too."""
        topic = self._topic(f"packed-{len(lines)}-{uuid4().hex[:6]}")
        records, roster = given.packed(lines, PARTITIONS)
        rest = Packed(0, b"\n".join(place.line for place in roster), len(roster))
        load(self.bootstrap, topic, (*records, rest))
        return topic

    def _topic(self, name: str) -> str:
        ensure(Connection(self.bootstrap), [Topic(name, "of a benchmark", PARTITIONS, 1, _ENDLESS)])
        return name


def load(
    bootstrap: str, topic: str, records: tuple[Packed, ...], roster: tuple[str, tuple[Routed, ...]] = ("", ())
) -> None:
    """Send packed records, and lines of the roster to its topic; return when the broker has all."""
    with closing(Producer(Connection(bootstrap))) as producer:
        for place in roster[1]:
            producer.send(roster[0], place.line, partition=0, key=(place.key or "").encode())
        for record in records:
            producer.send(topic, record.value, partition=record.partition)
        producer.flush(120)
