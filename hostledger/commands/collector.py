"""`hostledger collector`: take events over HTTP and hand them to Kafka."""

import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from hostledger.logs import log_to_stderr
from hostledger.output import refuse, refusing, tell
from hostledger.reading import settings_of
from hostledger.settings import WrongSetting
from streams.collector.app import Collector
from streams.collector.gathering import Gatherer
from streams.collector.hooks import Connected, Hooks
from streams.collector.keys import Keyring, WrongKeys
from streams.collector.limits import Limits
from streams.collector.metrics import Metrics
from streams.collector.serving import PortInUse, serve
from streams.kafka.connection import WrongConnection
from streams.kafka.producing import Producer
from streams.kafka.topics import names
from streams.sources.fetching import Fetcher
from streams.sources.table import SOURCES

DELIVERY_MS = 10_000
"""How long a request waits for Kafka before it is answered with 503."""


def collector(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="address to listen on [setting HOSTLEDGER_COLLECTOR_HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="port; 0 takes a free one [setting HOSTLEDGER_COLLECTOR_PORT]")
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="file of API keys [setting HOSTLEDGER_KEYS]")] = None,
    rate: Annotated[int, typer.Option(min=1, help="events per second that one API key may send")] = 10_000,
) -> None:
    """Take events of sellers over HTTP and answer 202 when Kafka has them.

    POST /v1/events with Authorization: Bearer KEY and newline-delimited JSON or a JSON array, gzip allowed. If an event
    of a request cannot be taken, none is; with ?partial=true the good ones are. POST /v1/sources/NAME takes the
    notifications of platforms that are connected: see hostledger sources.

    Example: hostledger collector --port 8766
    """
    settings = settings_of(context)
    file = keys or settings.keys
    if not file.exists() and not settings.sources:
        refuse(
            f"there is no file of API keys {file} and no source is connected; make the first key with: hostledger keys "
            "new SELLER, or see: hostledger sources"
        )
    with refusing(WrongKeys, WrongSetting, WrongConnection, PortInUse):
        keyring, connection = Keyring(file), settings.connection()
        connection.options()
        log_to_stderr()
        metrics = Metrics()
        gatherer = Gatherer(lambda: Producer(connection, DELIVERY_MS), names(settings.topics), metrics)
        connected = {
            name: Connected(SOURCES[name], access, Fetcher(SOURCES[name], access).fetch)
            for name, access in settings.sources.items()
        }
        hooks = Hooks(connected, metrics)
        app = Collector(gatherer, keyring, Limits(rate, time.monotonic), metrics, hooks).app()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        serve(
            app,
            host or settings.collector_host,
            settings.collector_port if port is None else port,
            on_ready=lambda address: tell(f"The collector takes events at {address}/v1/events"),
        )
