"""Routes of the built-in page: the page, its boards, its stream, panels as files, the explanation of an order."""

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
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics.warehouse import WarehouseError
from dashboards.boards import BOARDS
from dashboards.page import choice, wire
from dashboards.page.access import Door
from dashboards.page.desk import Warehouse
from dashboards.page.feed import PAUSE_S, Feed

STATIC = Path(__file__).parent / "static"

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""Names under which the page answers without a password; any other is refused, so that no foreign site can read it."""

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

UNKNOWN, AWAY = 404, 503


def wall_clock() -> int:
    """Read the clock on the wall, milliseconds UTC."""
    return time.time_ns() // 1_000_000


def make_app(
    warehouse_factory: Callable[[], Warehouse],
    clock: Callable[[], int] = wall_clock,
    *,
    password: str = "",
    zone: str = "UTC",
    model: str = "on_air",
    pause_s: float = PAUSE_S,
) -> Starlette:
    """Make the page.

    warehouse_factory: gives a handle of its own; called once, on the thread that will use it, which also closes it.
    clock: milliseconds UTC. password: asked of everybody if there is one; without one the page answers under names of
    this machine only. zone, model: shown unless another is asked for. pause_s: pages are pushed to at most this often.
    """
    feed = Feed(warehouse_factory, clock, pause_s)
    defaults = {"zone": zone, "model": model}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await feed.close()

    app = Starlette(
        routes=[*_pages(), *_answers(feed, defaults), Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(_Headers), *_access(password)],
        lifespan=lifespan,
    )
    app.state.feed = feed
    return app


def _pages() -> list[Route]:
    paths = ["/", *(f"/{name}" for name in BOARDS)]
    return [Route(path, _page) for path in paths] + [Route("/healthz", _health)]


def _answers(feed: Feed, defaults: dict[str, str]) -> list[Route]:
    boards = partial(_boards, msgspec.json.encode(wire.described(defaults)))
    return [
        Route("/api/boards", boards),
        Route("/api/stream", _refusing(partial(_stream, feed, defaults))),
        Route("/api/csv/{board}/{panel}", _refusing(partial(_sheet, feed, defaults))),
        Route("/api/explain/{order_id:path}", _refusing(partial(_explain, feed))),
    ]


def _access(password: str) -> Sequence[Middleware]:
    if password:
        return [Middleware(Door, password=password)]
    return [Middleware(TrustedHostMiddleware, allowed_hosts=list(LOCAL), www_redirect=False)]


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


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _boards(described: bytes, _: Request) -> Response:
    return Response(described, media_type="application/json")


async def _stream(feed: Feed, defaults: dict[str, str], request: Request) -> Response:
    asked = request.query_params.multi_items()
    board = next((value for name, value in asked if name == "board"), "live")
    chosen = choice.read(board, [pair for pair in asked if pair[0] != "board"], defaults)
    await feed.check(chosen)
    return EventSourceResponse(feed.stream(chosen), ping=0, sep="\n")


async def _sheet(feed: Feed, defaults: dict[str, str], request: Request) -> Response:
    board, panel_id = request.path_params["board"], request.path_params["panel"]
    chosen = choice.read(board, request.query_params.multi_items(), defaults)
    panels = {panel.id: panel for panel in BOARDS[board].panels}
    if panel_id not in panels:
        return _json(_refusal("panel", panel_id, f"use one of {', '.join(panels)}"), UNKNOWN)
    name, text = await feed.sheet(chosen, panels[panel_id])
    attachment = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; header=present; charset=utf-8", headers=attachment)


async def _explain(feed: Feed, request: Request) -> Response:
    order_id = request.path_params["order_id"]
    found = await feed.explain(order_id)
    if found is None:
        remedy = "use the id of an order that was stored; see the latest orders"
        return _json(_refusal("order_id", order_id, remedy), UNKNOWN)
    return _json(found)


def _refusing(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Answer a refused parameter with 400, and an engine that cannot answer with 503: field, value, remedy."""

    async def answered(request: Request) -> Response:
        try:
            return await route(request)
        except choice.RefusedError as refused:
            return _json(_refusal(refused.field, refused.value, refused.remedy), 400)
        except WarehouseError as error:
            return _json(wire.failed(error), AWAY)

    return answered


def _refusal(field: str, value: str, remedy: str) -> dict[str, Any]:
    return {"field": field, "value": value, "remedy": remedy}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
