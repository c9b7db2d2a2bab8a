"""The live page in the foreground while a thread behind it feeds the warehouse."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial

from analytics.warehouse import Warehouse, WarehouseError
from dashboards.page.app import make_app
from dashboards.page.server import CannotListen, serve
from hostledger.keyfile import tokens_of
from hostledger.output import refuse, tell
from hostledger.place import Place, is_loopback

LONGEST_S = 30
"""A query of the page that takes longer is ended, so that it holds up no other."""


def serve_while(reader: Callable[..., Warehouse], place: Place, work: Callable[[threading.Event], None]) -> None:
    """Serve the page until Ctrl-C; meanwhile run the work, which is given an event that says when to stop.

    reader: gives a handle of the warehouse, as `Warehouse.reader` does.
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
            partial(reader, LONGEST_S),
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
