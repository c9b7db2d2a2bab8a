"""POST /v1/sources/NAME: notifications of platforms, checked, read and answered once Kafka has what they became.

What cannot be booked is acknowledged all the same, or the platform would send it for days and then give up on us: it
goes to the dead letters. Only what may be had later is refused, with 503: without the detail, or without Kafka. The
platforms then send it again; WooCommerce does not (docs/SOURCES.md says what helps).
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from analytics.rejection import Reject
from streams.collector.bodies import Refused
from streams.collector.judging import judged
from streams.collector.metrics import Metrics
from streams.collector.replays import Replays
from streams.kafka.dead_letters import DeadLetter, unusable
from streams.kafka.routing import Routed
from streams.sources.access import Access
from streams.sources.payload import Fields
from streams.sources.source import (
    Call,
    Desk,
    DetailAway,
    Event,
    Message,
    Notification,
    Passed,
    Source,
    Unsigned,
    read_message,
)

AT_ONCE = 8
"""Notifications that are read, or wait for a platform's answer, at once."""
UNSIGNED = 401
REMEDIES = {
    "signature_missing": "have the platform sign its notifications; see docs/SOURCES.md",
    "signature_wrong": "give the collector the secret that the platform signs with; see docs/SOURCES.md",
    "app_unknown": "give the collector the key of the app that sends",
    "time_missing": "send the time of signing in its header, as a whole number of milliseconds",
    "stale": "send it within the time that its source allows; is a clock wrong?",
}


@dataclass(frozen=True, slots=True)
class Connected:
    """A source with what the operator gave it, and the way to ask the platform."""

    source: Source
    access: Access
    fetch: Callable[[Call], Fields]


@dataclass(slots=True)
class Parsed:
    """What a notification became: where its events go, its dead letters, and what is to be remembered of it."""

    places: list[Routed] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    booked: list[Message] = field(default_factory=list)


class Hooks:
    """The sources that are connected."""

    def __init__(self, connected: Mapping[str, Connected], metrics: Metrics) -> None:
        self._connected, self._metrics, self._replays = connected, metrics, Replays()
        self._readers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="source")

    def close(self) -> None:
        """Let go of the threads; nothing is under way any more."""
        self._readers.shutdown()

    async def taken(self, name: str, notification: Notification) -> tuple[Parsed, Callable[[], None]]:
        """Read a notification. Returns what it became, and what to call when Kafka has it. Raises Refused."""
        connected = self._connected.get(name)
        if connected is None:
            raise Refused(404, "source_unknown", "give the collector this source's secrets; see: hostledger sources")
        if connected.source.is_greeting(notification):
            return Parsed(), lambda: None
        try:
            shop = connected.source.verify(notification, connected.access)
            parsed = await self._read(connected, notification, shop)
        except Unsigned as refused:
            self._metrics.refused.labels(name, refused.reason).inc()
            raise Refused(UNSIGNED, refused.reason, REMEDIES[refused.reason]) from None
        except DetailAway as away:
            self._metrics.refused.labels(name, "detail_away").inc()
            remedy = f"send the same notification again later: the platform did not give the detail ({away.reason})"
            raise Refused(503, "detail_away", remedy, away.after_s) from None
        return parsed, lambda: self._done(name, shop, parsed)

    async def _read(self, connected: Connected, notification: Notification, shop: str) -> Parsed:
        loop, parsed = asyncio.get_running_loop(), Parsed()
        messages = connected.source.split(notification)
        fresh = [
            each for each in messages if not (each.id and self._replays.known(connected.source.name, shop, each.id))
        ]
        parsed.outcomes += ["repeated"] * (len(messages) - len(fresh))
        await loop.run_in_executor(self._readers, _read_all, parsed, connected, fresh, shop)
        return parsed

    def _done(self, name: str, shop: str, parsed: Parsed) -> None:
        for outcome in parsed.outcomes:
            self._metrics.messages.labels(name, outcome).inc()
        for message in parsed.booked:
            if message.id:
                self._replays.remember(name, shop, message.id)


def _read_all(parsed: Parsed, connected: Connected, messages: list[Message], shop: str) -> None:
    for message in messages:
        read_into(parsed, connected, message, shop)


def read_into(parsed: Parsed, connected: Connected, message: Message, shop: str) -> None:
    """Read one message and add what it became. Raises DetailAway."""
    desk = Desk(shop, connected.access, connected.fetch)
    try:
        events = read_message(connected.source, message, desk)
    except Passed as passed:
        parsed.outcomes.append(passed.reason)
    except Reject as reject:
        facts = {"field": reject.field, "value": reject.value}
        _park(parsed, connected.source, message, shop, reject.reason, reject.remedy, facts)
    else:
        _judge(parsed, connected.source, message, events, shop)


def _judge(parsed: Parsed, source: Source, message: Message, events: list[Event], shop: str) -> None:
    """Let the contract judge the events: all of a message are taken, or its payload is a dead letter."""
    lines = [msgspec.json.encode(event) for event in events]
    places, complaints = judged(lines, shop)
    if complaints:
        first = complaints[0]
        facts = {"field": first.field, "value": first.value}
        _park(parsed, source, message, shop, first.reason, first.remedy, facts)
    else:
        parsed.outcomes.append("booked")
        parsed.places += places
        parsed.booked.append(message)


def _park(
    parsed: Parsed,
    source: Source,
    message: Message,
    shop: str,
    reason: str,
    remedy: str,
    facts: Mapping[str, str | None],
) -> None:
    """Park a message with what the request said beside it: the shop whose secret signed, and the room."""
    told = {"shop": shop, "room": message.about or None, **facts}
    parsed.letters += unusable(message.raw, source.name, message.kind, reason, remedy, **told)
    parsed.outcomes.append("unusable")
