"""The distributed path on real parts: topics, workers as processes, a warehouse, and the wait until all is booked."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Self

import native_child
from children import uncovered
from kafka import KafkaConsumer, TopicPartition
from kafka_broker import Broker
from msgspec import structs
from patience import PATIENCE_S
from ports import free_port
from warehouse_books import activity, online, posted, revenue, rows

from analytics.warehouse import Warehouse, WarehouseError
from analytics.warehouse.server import Server
from hostledger.settings import Settings
from streams import lanes
from streams.ingest import wall_ms
from streams.intents import pins
from streams.kafka import routing, topics
from streams.kafka.connection import Connection
from streams.kafka.producing import Producer
from streams.lane import Lane, Means
from streams.rosters import Rosters

PROGRAM = Path(__file__).with_name("worker_child.py")
QUIET_S = 1.0


class Stage:
    """One set of topics, one database, any number of workers."""

    def __init__(self, broker: Broker, url: str, prefix: str, log: Path, partitions: int = 3, **settings: str) -> None:
        self.url, self.prefix, self.log = url, prefix, log
        self.connection = Connection(broker.bootstrap)
        self.topics = topics.names(prefix)
        self.partitions = partitions
        topics.ensure(self.connection, topics.declared(prefix, partitions))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOSTLEDGER_")},
            "HOSTLEDGER_KAFKA": broker.bootstrap,
            "HOSTLEDGER_CLICKHOUSE": url,
            "HOSTLEDGER_CLICKHOUSE_PASSWORD": native_child.PASSWORD,
            "HOSTLEDGER_TOPICS": prefix,
            "HOSTLEDGER_GROUP": prefix,
            "HOSTLEDGER_SESSION": "3s",
            "HOSTLEDGER_CORRECTION": "1000d",
            "HOSTLEDGER_FIT_EVERY": "0s",
            **settings,
        }
        self.workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()

    def produce(self, lines: list[bytes], random: Random) -> None:
        """Pack lines into records of random sizes and wait for the broker."""
        waiting: dict[int, list[bytes]] = defaultdict(list)
        with closing(Producer(self.connection)) as producer:
            for place in routing.routed(lines):
                if place.roster and place.key:
                    producer.send(self.topics.roster, place.line, key=place.key.encode())
                    continue
                partition = routing.partition(place, self.partitions)
                waiting[partition].append(place.line)
                if random.random() < 0.1:
                    producer.send(self.topics.events, b"\n".join(waiting.pop(partition)), partition=partition)
            for partition, rest in waiting.items():
                producer.send(self.topics.events, b"\n".join(rest), partition=partition)
            producer.flush()

    def worker(self, die_after: int = 0, *, traced: bool = False, **settings: str) -> "Worker":
        """Start a worker that dies after so many steps (0: never).

        traced: its coverage is taken; for one that ends by itself, as who is killed tells nothing.
        """
        environment = {**self.environment, **settings}
        started = Worker(environment if traced else uncovered(environment), self.log, die_after)
        self.workers.append(started)
        return started

    def ends(self) -> dict[str, int]:
        """Offset behind the last record of each partition that has any."""
        places = [TopicPartition(self.topics.events, number) for number in range(self.partitions)]
        places.append(TopicPartition(self.topics.roster, 0))
        consumer = KafkaConsumer(bootstrap_servers=self.connection.bootstrap)
        try:
            found = consumer.end_offsets(places)
        finally:
            consumer.close()
        return {f"{place.topic}-{place.partition}": end for place, end in found.items() if end}

    def books(self) -> Server:
        """Open the warehouse."""
        return Server.open(self.url, password=native_child.PASSWORD)

    def drained(self, *, fits: int = 0) -> None:
        """Wait until every record is booked, every lane has adopted so many fits, and nothing is under way or due."""
        until, quiet_since, seen = time.monotonic() + PATIENCE_S, time.monotonic(), None
        with closing(self.books()) as warehouse:
            while time.monotonic() < until:
                time.sleep(0.3)
                state = _state(warehouse)
                if state is None or state != seen:
                    seen, quiet_since = state, time.monotonic()
                if state is None or time.monotonic() - quiet_since < QUIET_S:
                    continue
                if self._is_done(warehouse, state[0], fits) and _state(warehouse) == state:
                    return
        lost = [worker.process.poll() for worker in self.workers]
        tail = self.log.read_text()[-3000:]
        raise AssertionError(f"not drained: {seen}, topics {self.ends()}, workers {lost}, log: {tail}")

    def _is_done(self, warehouse: Server, reached: dict[str, int], fits: int) -> bool:
        """Whether workers could do nothing more, however long they took: a busy machine may hold them up for long."""
        whole = all(reached.get(source, 0) >= end for source, end in self.ends().items())
        return whole and not self._is_due(warehouse) and not _under_way(warehouse) and _adopted(warehouse) >= fits

    def _is_due(self, warehouse: Server) -> bool:
        """Whether a lane has a look around before it, as it sees it itself; fits, which may come for ever, left out."""
        nobody: Any = None
        means = Means(warehouse, Settings.read(self.environment).rules(), wall_ms, Rosters(warehouse), nobody)
        now = structs.replace(pins(warehouse, wall_ms()), fit=0)
        numbers = range(lanes.FIRST_OF_EVENTS, lanes.FIRST_OF_EVENTS + self.partitions)
        return any(Lane(means, f"lane {number}", number)._due(now) for number in numbers)


class Worker:
    """A worker as a process of its own."""

    def __init__(self, environment: dict[str, str], log: Path, die_after: int) -> None:
        self.port = free_port()
        with log.open("a") as err:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(die_after)],
                env={**environment, "HOSTLEDGER_WORKER_PORT": str(self.port)},
                stdout=subprocess.DEVNULL,
                stderr=err,
            )

    def asked(self, path: str) -> tuple[int, str]:
        """Ask it over HTTP."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE_S / 4) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def has_booked(self) -> bool:
        """Whether it has stored a batch."""
        found = re.search(r"^hostledger_batches_total ([\d.]+)$", self.asked("/metrics")[1], re.MULTILINE)
        return bool(found and float(found[1]))

    def died(self, patience_s: float = PATIENCE_S) -> int:
        """Wait until it has ended."""
        return self.process.wait(patience_s)

    def kill(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)


def _state(warehouse: Server) -> tuple[dict[str, int], int] | None:
    """Up to which offset each partition is booked, and how many batches booked something."""
    try:
        found = rows(warehouse, "SELECT source, max(last_offset) FROM batches GROUP BY source")
        batches = rows(warehouse, "SELECT count() FROM batches WHERE events + restatements > 0")
    except WarehouseError:
        return None
    return {source: int(offset) for source, offset in found}, int(batches[0][0])


def _under_way(warehouse: Server) -> bool:
    """Whether a batch that was taken on is not whole: on a busy machine it may be silent for long."""
    found = rows(warehouse, "SELECT count() FROM intents WHERE batch NOT IN (SELECT batch FROM batches)")
    return found[0][0] != "0"


def _adopted(warehouse: Server) -> int:
    """The version of the Markov fit that every lane of events stands on at least."""
    found = rows(
        warehouse,
        "SELECT min(fit) FROM (SELECT max(fit) AS fit FROM intents WHERE batch IN (SELECT batch FROM batches) "
        "AND bitShiftRight(batch, 40) > 1 GROUP BY bitShiftRight(batch, 40))",
    )
    return int(found[0][0])


def everything(warehouse: Warehouse) -> dict[str, Any]:
    """The books and every rollup, in values that can be compared between warehouses."""
    sums = {
        "orders": "SELECT minute, currency, session_id, sum(orders), sum(items), sum(gmv), uniqExactMerge(buyers) "
        "FROM orders_minute GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        "products": "SELECT minute, currency, session_id, product_id, sum(quantity), sum(gmv) FROM products_minute "
        "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        "watched": "SELECT session_id, minute, sum(change_ms) AS ms FROM presence_minute GROUP BY 1, 2 HAVING ms != 0 "
        "ORDER BY 1, 2",
        "shifts": "SELECT session_id, host_id, started_at, ended_at FROM shifts FINAL WHERE deleted = 0 "
        "ORDER BY 1, 2, 3",
        "stretches": "SELECT session_id, started_at, ended_at, host_ids, kind, script_ids, variants "
        "FROM stretches FINAL ORDER BY 1, 2",
        "rejects": "SELECT reason, count() FROM rejects GROUP BY 1 ORDER BY 1",
    }
    found: dict[str, Any] = {name: rows(warehouse, text) for name, text in sums.items()}
    return found | {
        "posted": posted(warehouse),
        "revenue": revenue(warehouse),
        "online": online(warehouse),
        "activity": activity(warehouse),
    }
