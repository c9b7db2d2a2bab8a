"""Connections that hold no request do no harm: those that say nothing are hung up on, and make room when it is short.

uvicorn has a time-out between two requests, none before the first one or in the middle of a head, and its limit of
connections refuses everybody while silent ones fill it.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 30
"""How long the head of a request may take from the opening of the connection, or from the answer before."""
MOST_CONNECTIONS = 512
"""Beyond it the connection that has been without a request for longest makes room; files of the process stay enough."""


class Connection(H11Protocol):
    """One connection to the collector."""

    _idle_since: float
    _due: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request, in the place of another connection if there are too many."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait()
        if len(self.connections) > MOST_CONNECTIONS:
            others = cast("set[Connection]", self.connections)
            idle = [other for other in others if other.is_idle]
            min(idle, key=lambda other: other.idle_since).hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._due.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._due.cancel()
        self._wait()

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way: its head is not there yet, or it has been answered."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    @property
    def idle_since(self) -> float:
        """When the connection was opened or last answered, by the loop's clock."""
        return self._idle_since

    def hang_up(self) -> None:
        """Close the connection, unless a request is under way."""
        if self.is_idle and not self.transport.is_closing():
            self.transport.close()

    def _wait(self) -> None:
        self._idle_since = self.loop.time()
        self._due = self.loop.call_later(HEAD_S, self.hang_up)
