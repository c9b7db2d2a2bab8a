"""The collector's answers: POST /v1/events, POST /v1/sources/NAME, /healthz, /readyz, /metrics."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from streams.collector.bodies import Refused, lines, received, unpacked
from streams.collector.gathering import Gatherer
from streams.collector.hooks import Hooks
from streams.collector.judging import Complaint, judged
from streams.collector.keys import Key, Keyring, WrongKeys
from streams.collector.limits import Limits
from streams.collector.metrics import Metrics
from streams.kafka import BrokerAway
from streams.kafka.dead_letters import DeadLetter
from streams.kafka.producing import TooLarge
from streams.kafka.routing import Routed
from streams.sources.source import Notification
from streams.sources.table import SOURCES

MOST_COMPLAINTS = 1000
"""Complaints that one answer lists; `rejected` counts all of them."""
BODY_S = 30
KEY_UNKNOWN = "key_unknown"
ACKNOWLEDGE_S = 38
"""Longer than Kafka's delivery, and shorter than the time that requests under way get when the server stops."""
RETURN_S = 5
MOST_REQUESTS = 128
"""Requests for events, or of platforms, at once; more are answered with 503, so that memory stays bounded."""
log = structlog.get_logger("collector")


class Collector:
    """The routes and what they share."""

    def __init__(
        self, gatherer: Gatherer, keyring: Keyring, limits: Limits, metrics: Metrics, hooks: Hooks | None = None
    ) -> None:
        self._gatherer, self._keyring, self._limits, self._metrics = gatherer, keyring, limits, metrics
        self._hooks = hooks or Hooks({}, metrics)
        self._under_way = 0

    def app(self) -> Starlette:
        """Make the application; its start begins to connect to Kafka, its end sends what is still there."""
        routes = [
            Route("/v1/events", self._events_answered, methods=["POST"]),
            Route("/v1/sources/{name}", self._source_answered, methods=["POST"]),
            Route("/healthz", self._health),
            Route("/readyz", self._ready),
            Route("/metrics", self._tell_metrics),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._gatherer.start()
        yield
        await asyncio.to_thread(self._gatherer.close)
        self._hooks.close()

    async def _events_answered(self, request: Request) -> Response:
        told: dict[str, str | None] = {"key": None}

        async def answer() -> Response:
            key = self._holder(request)
            told["key"] = key.name
            return await self._events(request, key)

        return await self._answered(answer, told)

    async def _source_answered(self, request: Request) -> Response:
        name = request.path_params["name"]
        told = {"source": name if name in SOURCES else None}
        return await self._answered(lambda: self._source(request, name), told)

    async def _answered(self, answer: Callable[[], Awaitable[Response]], told: Mapping[str, str | None]) -> Response:
        """Answer, count and log a request: by the name of its key or source and numbers, never by what it holds."""
        begun = time.monotonic()
        try:
            with self._one_of_many():
                response = await answer()
        except Refused as refused:
            response = _refusal(refused)
        except TooLarge as error:
            response = _refusal(Refused(413, "record_too_large", str(error)))
        except BrokerAway:
            response = _refusal(Refused(503, "kafka_away", "send the same request again later", RETURN_S))
        except ClientDisconnect:
            response = _refusal(Refused(400, "cut_off", "send the whole body"))
        self._metrics.requests.labels(str(response.status_code)).inc()
        spent_ms = round((time.monotonic() - begun) * 1000)
        log.info("answered", status=response.status_code, spent_ms=spent_ms, **told)
        return response

    @contextmanager
    def _one_of_many(self) -> Iterator[None]:
        """Count a request while it is under way. Raises Refused if there are too many."""
        if self._under_way >= MOST_REQUESTS:
            raise Refused(503, "too_busy", "send the same request again later", RETURN_S)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _holder(self, request: Request) -> Key:
        try:
            self._keyring.refresh()
        except WrongKeys as error:
            log.error("keys cannot be read; the last ones stay valid", reason=str(error))  # noqa: TRY400  # no trace
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        key = self._keyring.holder(text.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise Refused(401, KEY_UNKNOWN, "send Authorization: Bearer KEY with a key of hostledger keys new")
        return key

    async def _events(self, request: Request, key: Key) -> Response:
        partly = _flag(request.query_params.get("partial"))
        body = await self._body(request)
        encoding = request.headers.get("content-encoding")
        found = await asyncio.to_thread(lambda: lines(unpacked(body, encoding)))
        if wait_s := self._limits.wait_s(key.name, len(found)):
            raise Refused(429, "too_many_events", "send fewer events per second", wait_s)
        places, complaints = await asyncio.to_thread(judged, found, key.holder)
        for complaint in complaints:
            self._metrics.rejected.labels(complaint.reason).inc()
        if complaints and not (partly and places):
            return _answer(400, 0, complaints)
        await self._acknowledged(places)
        return _answer(202, len(places), complaints)

    async def _source(self, request: Request, name: str) -> Response:
        """Take a platform's notification; the answer's first two fields are those that Douyin shop wants to see."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        notification = Notification(headers, await self._body(request), time.time_ns() // 1_000_000)
        parsed, done = await self._hooks.taken(name, notification)
        if parsed.places or parsed.letters:
            await self._acknowledged(parsed.places, parsed.letters)
        done()
        return _json({"code": 0, "msg": "success", "events": len(parsed.places), "messages": parsed.outcomes}, 200)

    async def _body(self, request: Request) -> bytes:
        try:
            async with asyncio.timeout(BODY_S):
                body = await received(request.stream(), request.headers.get("content-length"))
        except TimeoutError:
            raise Refused(408, "too_slow", f"send the whole body within {BODY_S} seconds") from None
        self._metrics.received.inc(len(body))
        return body

    async def _acknowledged(self, places: list[Routed], letters: Sequence[DeadLetter] = ()) -> None:
        """Return when the broker has all of the events. Raises BrokerAway, TooLarge."""
        with self._metrics.acknowledged.time():
            try:
                await asyncio.wait_for(asyncio.wrap_future(self._gatherer.take(places, letters)), ACKNOWLEDGE_S)
            except TimeoutError:
                raise BrokerAway(f"no acknowledgement within {ACKNOWLEDGE_S} seconds") from None

    async def _health(self, _request: Request) -> Response:
        """Answer 200 while the process can do its work at all; else it should be started anew."""
        return Response("ok\n") if self._gatherer.alive else Response("the sending thread has ended\n", 500)

    async def _ready(self, _request: Request) -> Response:
        """Answer 200 while Kafka takes events; else requests should go elsewhere or wait."""
        away = self._gatherer.away
        return Response(f"Kafka is away: {away}\n", 503) if away else Response("ok\n")

    async def _tell_metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _flag(text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise Refused(400, "partial_unknown", "write ?partial=true or ?partial=false")
    return text == "true"


def _answer(status: int, accepted: int, complaints: list[Complaint]) -> Response:
    content = {"accepted": accepted, "rejected": len(complaints), "events": complaints[:MOST_COMPLAINTS]}
    return _json(content, status)


def _refusal(refused: Refused) -> Response:
    headers = {"Retry-After": str(refused.after_s)} if refused.after_s else {}
    if refused.reason == KEY_UNKNOWN:
        headers["WWW-Authenticate"] = "Bearer"
    return _json({"reason": refused.reason, "remedy": refused.remedy}, refused.status, headers)


def _json(content: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")
