"""The collector on a port: it takes requests until SIGTERM or Ctrl-C, then finishes those that are under way."""

import errno
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from streams.collector.connections import Connection

DRAIN_S = 40
"""How long requests under way may take to be acknowledged when the server stops; longer than Kafka's delivery."""


class PortInUse(Exception):  # noqa: N818  # named for what the caller has to handle
    """Another program listens on the port."""


def serve(app: Starlette, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve on this thread until the end. port 0 takes a free one. on_ready is told the address. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as refused:
            if refused.errno != errno.EADDRINUSE:
                raise
            raise PortInUse(f"port {port} of {host} is in use; choose another with --port") from None
        bound = listener.getsockname()
        server = _Server(configured(app), lambda: on_ready(f"http://{f'[{host}]' if ':' in host else host}:{bound[1]}"))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn stops first, then passes the signal on
            return


def configured(app: Starlette) -> uvicorn.Config:
    """Say how uvicorn runs the collector."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=DRAIN_S,
        server_header=False,
    )


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()
