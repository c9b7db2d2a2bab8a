"""The live page in the foreground while a thread behind it feeds the warehouse."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from analytics.warehouse import Warehouse, WarehouseError
from dashboards.page.access import is_loopback
from dashboards.page.app import make_app
from dashboards.page.server import CannotListen, serve
from hostledger.keyfile import tokens_of
from hostledger.output import refuse, tell
from hostledger.settings import Settings

LONGEST_S = 30
"""A query of the page that takes longer is ended, so that it holds up no other."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page listens, what it asks for, and what it shows unless another is asked for."""

    host: str
    port: int
    password: str = field(repr=False)
    tokens: Path
    zone: str
    model: str

    @classmethod
    def of(cls, settings: Settings, *, port: int | None = None, host: str | None = None) -> Self:
        """Take the place that the settings or options name. Refuses other machines without a password or tokens."""
        place = cls(
            host or settings.page_host,
            settings.port if port is None else port,
            settings.page_password,
            settings.page_tokens,
            settings.timezone,
            settings.model,
        )
        if not (place.password or place.tokens.exists() or is_loopback(place.host)):
            refuse(
                f"host {place.host} is reached from other machines: give the page a password in "
                "HOSTLEDGER_PAGE_PASSWORD, make a token with hostledger tokens new, or listen on 127.0.0.1"
            )
        return place


def serve_while(warehouse: Warehouse, place: Place, work: Callable[[threading.Event], None]) -> None:
    """Serve the page until Ctrl-C; meanwhile run the work, which is given an event that says when to stop.

    The page stays when the work is done. If the work fails, the page stops too and the failure is raised.
    """
    stopped = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work(stopped)
        except BaseException as error:
            failures.append(error)
            os.kill(os.getpid(), signal.SIGINT)
            if not isinstance(error, (WarehouseError, OSError)):
                raise

    worker = threading.Thread(target=run, name="feeder")
    try:
        app = make_app(
            partial(warehouse.reader, LONGEST_S),
            password=place.password,
            tokens=tokens_of(place.tokens),
            asked=place.tokens.exists if is_loopback(place.host) else None,
            zone=place.zone,
            model=place.model,
        )
        serve(app, place.port, place.host, on_ready=lambda address: _begin(worker, address))
    except CannotListen as error:
        refuse(str(error))
    finally:
        stopped.set()
        if worker.ident:
            worker.join()
    if failures:
        raise failures[0]


def _begin(worker: threading.Thread, address: str) -> None:
    tell(f"The live page is at {address} (Ctrl-C stops it)")
    worker.start()
