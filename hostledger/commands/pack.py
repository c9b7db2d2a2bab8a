"""`hostledger pack`: topics with one event per record become packed ones."""

import asyncio
import signal
from typing import Annotated

import typer
from prometheus_client import start_http_server

from hostledger.logs import log_to_stderr
from hostledger.output import refusing, tell
from hostledger.reading import settings_of
from hostledger.settings import WrongSetting
from streams.kafka import BrokerAway
from streams.kafka.connection import WrongConnection
from streams.kafka.topics import names
from streams.packer import Metrics, Packer


def pack(
    context: typer.Context,
    topics: Annotated[list[str], typer.Argument(help="topics with one event per record")],
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="port of /metrics on 127.0.0.1; none without it")
    ] = None,
) -> None:
    """Read topics of producers that are not ours and pack their events for the workers, until SIGTERM or Ctrl-C.

    Several may run at once; Kafka shares the partitions among them. What Kafka has not acknowledged is read again.

    Example: hostledger pack shop.orders shop.viewers
    """
    settings = settings_of(context)
    with refusing(BrokerAway, WrongSetting, WrongConnection, OSError):
        log_to_stderr()
        metrics = Metrics()
        if metrics_port:
            start_http_server(metrics_port, "127.0.0.1", registry=metrics.registry)
        packer = Packer(settings.connection(), topics, names(settings.topics), metrics)
        tell(f"Packing {', '.join(topics)} into {settings.topics}.events")
        asyncio.run(_until_told(packer))


async def _until_told(packer: Packer) -> None:
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, packer.stop)
    await packer.run()
