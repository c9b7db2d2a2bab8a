"""The Faust application: agents over events and roster, a clock for what is due, health and metrics over HTTP."""

import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import faust
from faust.types import TP
from mode import CrashingSupervisor
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.kafka import BrokerAway
from streams.kafka.connection import Connection
from streams.kafka.ends import End
from streams.kafka.topics import Names
from streams.worker.conducting import Conductor
from streams.worker.engine import Engine
from streams.worker.messages import Place
from streams.worker.metrics import Metrics

RECORDS, ROSTER_RECORDS = 256, 8192
"""Records that are taken at once, and as many that may wait behind them; those of the roster hold one event each.

A full queue stops the fetching of its partition, which Kafka may begin again 1.5 s later only.
"""
WITHIN_S = 0.1
AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Membership:
    """The consumer group, and after how many seconds of silence its partitions are given to others."""

    group: str
    session_s: float


@dataclass(frozen=True, slots=True)
class Listening:
    """Where health and metrics are served."""

    host: str
    port: int


def application(
    connection: Connection,
    membership: Membership,
    topics: Names,
    engine: Engine,
    metrics: Metrics,
    listening: Listening,
) -> faust.App:
    """Make the application of one worker."""
    app = _configured(connection, membership, listening)
    end = End(connection, topics.roster, 0)

    async def seek(place: Place, offset: int) -> None:
        await app.consumer.seek(TP(*place), offset)

    async def ends() -> tuple[dict[Place, int], int]:
        while not app.should_stop:
            with suppress(BrokerAway):
                roster_end = await end.offset()
                return {place: int(app.consumer.highwater(TP(*place)) or 0) for place in engine.places}, roster_end
            await app.sleep(AGAIN_S)
        return {}, 0

    conductor = Conductor(engine, seek, ends)

    def book(topic: str, most: int) -> None:
        async def booked(stream: Any) -> AsyncGenerator[None, None]:  # noqa: ANN401  # Faust has no types
            async for events in stream.noack_take(most, within=WITHIN_S):
                await conductor.take(events)
                yield

        records = app.topic(topic, key_serializer="raw", value_serializer="raw", value_type=bytes, maxsize=most)
        app.agent(records, name=topic, concurrency=1, supervisor_strategy=CrashingSupervisor)(booked)

    async def conduct() -> None:
        while not app.should_stop:
            await conductor.turn()

    book(topics.roster, ROSTER_RECORDS)
    book(topics.events, RECORDS)
    app.task(conduct)
    _follow(app, engine, conductor, end)
    _serve(app, engine, metrics)
    return app


def _follow(app: faust.App, engine: Engine, conductor: Conductor, end: End) -> None:
    """Tell engine and conductor which partitions come and go, and when to end."""

    async def assigned(_app: Any, assigned: set[TP], **_: object) -> None:  # noqa: ANN401  # as above
        engine.assigned(_places(assigned))

    async def revoked(_app: Any, revoked: set[TP], **_: object) -> None:  # noqa: ANN401  # as above
        engine.revoked(_places(revoked))
        conductor.forget(_places(revoked))

    async def before_shutdown(_app: Any, **_: object) -> None:  # noqa: ANN401  # as above
        await conductor.stop()
        await end.close()

    app.on_partitions_assigned.connect(assigned, weak=False)
    app.on_partitions_revoked.connect(revoked, weak=False)
    app.on_before_shutdown.connect(before_shutdown, weak=False)


def _configured(connection: Connection, membership: Membership, listening: Listening) -> faust.App:
    return faust.App(
        membership.group,
        broker=[f"kafka://{server}" for server in connection.bootstrap.split(",")],
        broker_credentials=_credentials(connection),
        broker_commit_interval=1.0,
        broker_session_timeout=membership.session_s,
        broker_heartbeat_interval=membership.session_s / 6,
        broker_max_poll_interval=3600.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=8 << 20,
        stream_buffer_maxsize=RECORDS,
        stream_wait_empty=False,
        stream_processing_timeout=24 * 3600.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=Path(gettempdir()) / f"hostledger-worker-{os.getpid()}",
        web_host=listening.host,
        web_port=listening.port,
        autodiscover=False,
    )


def _serve(app: faust.App, engine: Engine, metrics: Metrics) -> None:
    async def healthz(web: Any, _request: Any) -> Any:  # noqa: ANN401  # Faust has no types
        return web.json({"alive": True})

    async def readyz(web: Any, _request: Any) -> Any:  # noqa: ANN401  # as above
        why = engine.patience.away or ("" if engine.places else "no partition is assigned yet")
        return web.json({"ready": not why, "why": why}, status=503 if why else 200)

    async def latest(web: Any, _request: Any) -> Any:  # noqa: ANN401  # as above
        text = generate_latest(metrics.registry)
        return web.bytes(text, content_type=CONTENT_TYPE_LATEST.split(";", maxsplit=1)[0])

    for path, page in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", latest)):
        app.page(path)(page)


def _places(partitions: set[TP]) -> set[Place]:
    return {Place(found.topic, found.partition) for found in partitions}


def _credentials(connection: Connection) -> Any:  # noqa: ANN401  # one of Faust's credentials, or none
    if connection.security == "PLAINTEXT":
        return None
    if connection.security == "SSL":
        return faust.SSLCredentials(connection.tls())
    return faust.SASLCredentials(
        mechanism=connection.mechanism,
        username=connection.username,
        password=connection.password,
        ssl_context=connection.tls() if connection.security == "SASL_SSL" else None,
    )
