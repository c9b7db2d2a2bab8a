"""Routes of the live page: the page itself, its figures, its stream, the explanation of an order."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.page import choice
from dashboards.page.feed import PAUSE_S, Feed, Warehouse

STATIC = Path(__file__).parent / "static"

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""Names under which the page answers; any other Host header is refused, so that no foreign site can read it."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Headers of every answer."""


def wall_clock() -> int:
    """Read the clock on the wall, milliseconds UTC."""
    return time.time_ns() // 1_000_000


def make_app(
    warehouse_factory: Callable[[], Warehouse],
    clock: Callable[[], int] = wall_clock,
    *,
    allowed_hosts: Sequence[str] = LOCAL,
    pause_s: float = PAUSE_S,
) -> Starlette:
    """Make the live page.

    warehouse_factory: gives a handle of its own; called once, on the thread that will use it, which also closes it.
    clock: milliseconds UTC. allowed_hosts: names under which the page answers ("*" for any).
    pause_s: pages are pushed to at most this often.
    """
    feed = Feed(warehouse_factory, clock, pause_s)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await feed.close()

    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/api/snapshot", _refusing(partial(_snapshot, feed))),
            Route("/api/explain/{order_id:path}", partial(_explain, feed)),
            Route("/stream", _refusing(partial(_stream, feed))),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts), www_redirect=False),
        ],
        lifespan=lifespan,
    )
    app.state.feed = feed
    return app


class _Headers:
    """Adds the headers of every answer; what an answer says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


async def _page(_: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def _snapshot(feed: Feed, request: Request) -> Response:
    return _json(await feed.snapshot(choice.read(request.query_params)))


async def _stream(feed: Feed, request: Request) -> Response:
    return EventSourceResponse(feed.stream(choice.read(request.query_params)), ping=0, sep="\n")


async def _explain(feed: Feed, request: Request) -> Response:
    order_id = request.path_params["order_id"]
    found = await feed.explain(order_id)
    if found is None:
        remedy = "use the id of an order that was stored; see the latest orders"
        return _json({"field": "order_id", "value": order_id, "remedy": remedy}, status=404)
    return _json(found)


def _refusing(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Answer a refused parameter with 400 and its field, value and remedy."""

    async def answered(request: Request) -> Response:
        try:
            return await route(request)
        except choice.RefusedError as refused:
            return _json({"field": refused.field, "value": refused.value, "remedy": refused.remedy}, status=400)

    return answered


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
