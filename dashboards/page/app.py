"""Routes of the built-in page: the page, its boards, its stream, panels as files, the explanation of an order."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analytics.warehouse import WarehouseError
from dashboards.boards import BOARDS
from dashboards.page import choice, wire
from dashboards.page.access import Asked, Door, Tokens
from dashboards.page.desk import Warehouse
from dashboards.page.feed import PAUSE_S
from dashboards.page.feeds import Feeds
from dashboards.page.sight import WHOLE, ForbiddenError, Sight

STATIC = Path(__file__).parent / "static"

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

UNKEPT = {"Cache-Control": "no-store"}
"""Figures are not left on the disk of a browser that others may use."""

ENDING_S = 5
"""When the server stops, its feeds end their streams; one that takes longer is cut off in the midst of it."""

WRONG, FORBIDDEN, UNKNOWN, AWAY = 400, 403, 404, 503


def wall_clock() -> int:
    """Read the clock on the wall, milliseconds UTC."""
    return time.time_ns() // 1_000_000


def make_app(
    warehouse_factory: Callable[..., Warehouse],
    clock: Callable[[], int] = wall_clock,
    *,
    password: str = "",
    tokens: Tokens | None = None,
    asked: Asked | None = None,
    zone: str = "UTC",
    model: str = "on_air",
    pause_s: float = PAUSE_S,
) -> Starlette:
    """Make the page.

    warehouse_factory: gives a handle of its own; called on the thread that will use it, which also closes it, with
    `shown` for a host's own rows. clock: milliseconds UTC. password, tokens: one of them is asked of everybody if there
    is any; without, the page answers under names of this machine only. asked: says whether there are tokens by now;
    otherwise they count as there from the start. zone, model: shown unless another is asked for.
    pause_s: pages are pushed to at most this often.
    """
    feeds = Feeds(warehouse_factory, clock, pause_s)
    defaults = {"zone": zone, "model": model}

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await feeds.close()

    app = Starlette(
        routes=[*_pages(), *_answers(feeds, defaults), Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(_Headers), Middleware(Door, password=password, tokens=tokens, asked=asked)],
        exception_handlers={UNKNOWN: _nowhere},
        lifespan=lifespan,
    )
    app.state.feeds = feeds
    return app


def _pages() -> list[Route]:
    paths = ["/", *(f"/{name}" for name in BOARDS)]
    return [Route(path, _refusing(_page)) for path in paths] + [Route("/healthz", _health)]


def _answers(feeds: Feeds, defaults: dict[str, str]) -> list[Route]:
    return [
        Route("/api/boards", partial(_boards, defaults)),
        Route("/api/stream", _refusing(partial(_stream, feeds, defaults))),
        Route("/api/csv/{board}/{panel}", _refusing(partial(_sheet, feeds, defaults))),
        Route("/api/explain/{order_id:path}", _refusing(partial(_explain, feeds))),
    ]


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


async def _page(request: Request) -> Response:
    _sight(request).check_board(request.url.path.strip("/"))
    return FileResponse(STATIC / "index.html")


async def _nowhere(request: Request, _: Exception) -> Response:
    paths = ", ".join(f"/{name}" for name in _sight(request).boards)
    return _json(_refusal("path", request.url.path[: choice.LONGEST], f"use one of {paths}"), UNKNOWN)


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")


async def _boards(defaults: dict[str, str], request: Request) -> Response:
    return _json(wire.described(defaults, _sight(request).boards))


async def _stream(feeds: Feeds, defaults: dict[str, str], request: Request) -> Response:
    asked, sight = request.query_params.multi_items(), _sight(request)
    boards = request.query_params.getlist("board") or [next(iter(sight.boards))]
    if len(boards) > 1:
        raise choice.RefusedError("board", ", ".join(boards), "use it once")
    board = boards[0]
    chosen = _chosen(sight, board, [pair for pair in asked if pair[0] != "board"], defaults)
    feed = feeds.of(sight)
    await feed.check(chosen)
    letters = _while_it_holds(request, feed.stream(chosen))
    return EventSourceResponse(letters, ping=0, sep="\n", shutdown_grace_period=ENDING_S)


async def _while_it_holds(request: Request, letters: AsyncGenerator[dict[str, str]]) -> AsyncIterator[dict[str, str]]:
    """Pass letters on until the token that let the request in is taken back."""
    holds = request.scope.get("holds")
    async with aclosing(letters):
        async for letter in letters:
            if holds and not holds():
                return
            yield letter


async def _sheet(feeds: Feeds, defaults: dict[str, str], request: Request) -> Response:
    board, panel_id, sight = request.path_params["board"], request.path_params["panel"], _sight(request)
    chosen = _chosen(sight, board, request.query_params.multi_items(), defaults)
    panel = sight.panel(board, panel_id)
    if panel is None:
        remedy = f"use one of {', '.join(one.id for one in sight.boards[board].panels)}"
        return _json(_refusal("panel", panel_id, remedy), UNKNOWN)
    name, text = await feeds.of(sight).sheet(chosen, panel)
    attachment = UNKEPT | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; header=present; charset=utf-8", headers=attachment)


async def _explain(feeds: Feeds, request: Request) -> Response:
    order_id, sight = request.path_params["order_id"], _sight(request)
    found = await feeds.of(sight).explain(order_id, sight.explains)
    if found is None:
        remedy = "use the id of an order that was stored; see the latest orders"
        return _json(_refusal("order_id", order_id, remedy), UNKNOWN)
    return _json(found)


def _sight(request: Request) -> Sight:
    """Say what a request may see; where nothing is asked at the door, all."""
    sight: Sight = request.scope.get("sight", WHOLE)
    return sight


def _chosen(sight: Sight, board: str, asked: list[tuple[str, str]], defaults: dict[str, str]) -> choice.Choice:
    """Read what is wanted. Raises RefusedError; ForbiddenError for what is not for this sight."""
    sight.check_board(board)
    chosen = choice.read(board, asked, defaults, sight.boards)
    sight.check(chosen)
    return chosen


def _refusing(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Answer a refused parameter with 400, another role's with 403, an engine that cannot answer with 503."""

    async def answered(request: Request) -> Response:
        try:
            return await route(request)
        except choice.RefusedError as refused:
            status = FORBIDDEN if isinstance(refused, ForbiddenError) else WRONG
            return _json(_refusal(refused.field, refused.value, refused.remedy), status)
        except WarehouseError as error:
            return _json(wire.failed(error), AWAY)

    return answered


def _refusal(field: str, value: str, remedy: str) -> dict[str, Any]:
    return {"field": field, "value": value, "remedy": remedy}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, UNKEPT, media_type="application/json")
