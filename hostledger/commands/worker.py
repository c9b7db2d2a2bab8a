"""`hostledger worker`: records from Kafka into the books."""

from contextlib import closing, suppress
from typing import Annotated

import faust
import typer

from analytics.warehouse import Warehouse, WarehouseError
from analytics.warehouse.pool import Pool
from hostledger.logs import log_to_stderr
from hostledger.output import refuse, refusing, tell
from hostledger.reading import connected, settings_of
from hostledger.settings import Settings, WrongSetting
from streams.aside import Mark
from streams.batch import unmarked
from streams.ingest import wall_ms
from streams.kafka import BrokerAway
from streams.kafka.connection import WrongConnection
from streams.kafka.producing import Producer
from streams.kafka.topics import names
from streams.lane import Means
from streams.rosters import Rosters
from streams.worker.abreast import Abreast
from streams.worker.application import Listening, Membership, application
from streams.worker.engine import Engine
from streams.worker.limits import TOGETHER, Limits
from streams.worker.metrics import Metrics
from streams.worker.post import KafkaPost

STATEMENTS_AT_ONCE = 8
"""Connections of a worker to ClickHouse."""


def worker(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="port of health and metrics [setting HOSTLEDGER_WORKER_PORT]")
    ] = None,
) -> None:
    """Book what Kafka brings: one member of the group of workers; start as many as there are partitions at most.

    A worker may die at any time: what it left half done is finished by whoever gets its partitions, and nothing is
    booked twice. It waits while ClickHouse or Kafka is away. SIGTERM lets it end the batch at hand. Its state is served
    at /healthz, /readyz and /metrics.

    Example: hostledger worker --port 8767
    """
    settings = settings_of(context)
    if not settings.clickhouse:
        refuse("a worker needs a ClickHouse server: set HOSTLEDGER_CLICKHOUSE, as in clickhouse://user@host:9000/books")
    with refusing(WarehouseError, BrokerAway, WrongSetting, WrongConnection):
        log_to_stderr()
        with closing(lanes_warehouse(settings)) as warehouse, closing(Producer(settings.connection())) as producer:
            app = make_worker(settings, warehouse, producer, settings.worker_port if port is None else port)
            tell(f"The worker reads {settings.topics}.events and {settings.topics}.roster as one of {settings.group}")
            run(app)


def lanes_warehouse(settings: Settings) -> Pool:
    """Connect to the server as often as a worker asks it at once. Raises WarehouseError."""
    return Pool(connected(settings), STATEMENTS_AT_ONCE)


def make_worker(
    settings: Settings, warehouse: Warehouse, producer: Producer, port: int, mark: Mark = unmarked
) -> faust.App:
    """Put a worker together. mark: called with the name of each step of a batch that is done."""
    topics, metrics = names(settings.topics), Metrics()
    means = Means(
        warehouse=warehouse,
        rules=settings.rules(),
        clock_ms=wall_ms,
        rosters=Rosters(warehouse),
        kafka=KafkaPost(settings.connection(), producer, topics, metrics),
        mark=mark,
        each=Abreast(STATEMENTS_AT_ONCE, "insert").each,
        begin=Abreast(STATEMENTS_AT_ONCE, "aside").begin,
    )
    engine = Engine(means, topics.roster, limits(settings), metrics)
    membership = Membership(settings.group, settings.session_ms / 1000)
    return application(
        settings.connection(), membership, topics, engine, metrics, Listening(settings.worker_host, port)
    )


def limits(settings: Settings) -> Limits:
    """Give the limits of a worker. On a cluster a block is sharded by its lane, so none holds two lanes."""
    together = 1 if settings.cluster else TOGETHER
    return Limits(
        settings.wait_ms, rejects=settings.reject_limit, fit_every_ms=settings.fit_every_ms, together=together
    )


def run(app: faust.App) -> None:
    """Run until a signal comes."""
    with suppress(SystemExit):
        faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()
