"""The live page on a port: in the foreground, or behind other work."""

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

GRACE_S = 10
"""How long open answers may take to finish when the server stops."""


class CannotListen(Exception):  # noqa: N818 named for what is the case
    """The address or port cannot be had; the message says why and what to do."""


def serve(app: Starlette, port: int, host: str = "127.0.0.1", on_ready: Callable[[str], None] | None = None) -> None:
    """Serve the page on this thread until Ctrl-C or SIGTERM, then end its streams and return.

    port 0 takes a free one. on_ready is called once with the address of the page, when it answers.
    Raises CannotListen.
    """
    with _listening(host, port) as listener:
        server = _Server(app, on_ready=lambda: on_ready(_address(listener)) if on_ready else None)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn stops first, then passes the signal on
            return


@contextmanager
def background(app: Starlette, port: int = 0, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve the page on a thread of its own while the block runs; gives its address.

    Raises CannotListen.
    """
    ready = threading.Event()
    with _listening(host, port) as listener:
        server = _Server(app, on_ready=ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page-server")
        thread.start()
        try:
            while not ready.wait(0.1) and thread.is_alive():
                pass
            yield _address(listener)
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """A quiet server that says when it answers, and ends the streams of its pages before it waits for them."""

    def __init__(self, app: Starlette, on_ready: Callable[[], None]) -> None:
        quiet = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=GRACE_S)
        super().__init__(quiet)
        self._feeds, self._on_ready = app.state.feeds, on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._feeds.hang_up()
        await super().shutdown(sockets)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything else starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as refused:
            raise _explained(refused, host, port) from refused
        yield listener


def _explained(refused: OSError, host: str, port: int) -> CannotListen:
    if refused.errno == errno.EADDRINUSE:
        reason = f"port {port} is in use by another program; stop that program or choose a port with --port"
    elif refused.errno in {errno.EACCES, errno.EPERM}:
        reason = f"port {port} is kept for the administrator; choose one from 1024 on with --port"
    else:
        reason = f"host {host} is no address of this machine ({refused.strerror}); use one such as 127.0.0.1 or 0.0.0.0"
    return CannotListen(reason)


def _address(listener: socket.socket) -> str:
    """Write the address that a browser opens."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
