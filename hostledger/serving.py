"""The live page in the foreground while a thread behind it feeds the warehouse."""

import os
import signal
import threading
from collections.abc import Callable

from analytics.warehouse import Warehouse, WarehouseError
from dashboards.page.app import make_app
from dashboards.page.server import PortInUse, serve
from hostledger.output import refuse, tell


def serve_while(warehouse: Warehouse, port: int, work: Callable[[threading.Event], None]) -> None:
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
        serve(make_app(warehouse.reader), port, on_ready=lambda address: _begin(worker, address))
    except PortInUse as error:
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
