"""What a source is: what it needs, how it signs, and one total function per payload kind."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from analytics.rejection import Reject
from streams.sources.access import Access, Need
from streams.sources.payload import Fields, elements

Event = dict[str, Any]
"""One event of the contract, to be written as JSON; the contract judges it, as it judges those of everybody."""

PASSED = {
    "not_paid": "the order is not paid, or not wholly: it is booked when it is",
    "no_money": "no money moved",
    "pending": "the money has not moved yet: it is booked when the platform says that it has",
    "refunds_tell": "refunds of their own tell what went back",
    "streak": "a gift under way: the end of its streak counts all of it",
    "statistics": "sums of what other messages tell one by one",
    "test": "a test of the platform",
    "told_apart": "kinds of their own tell of the money that moves; see docs/SOURCES.md for those to subscribe to",
    "not_ours": "about something that the books do not hold",
}
"""Why a payload is acknowledged and nothing is booked: reason codes with their meaning."""


class Passed(Exception):  # noqa: N818  # named for what is the case
    """The payload is in order and there is nothing to book; reason: a code of PASSED."""

    def __init__(self, reason: str) -> None:
        super().__init__(PASSED[reason])
        self.reason = reason


class Unsigned(Exception):  # noqa: N818  # as above
    """The notification does not come from the platform, or too late; reason: a code that metrics may show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DetailAway(Exception):  # noqa: N818  # as above
    """The platform does not give the detail now; the notification has to come again after some seconds."""

    def __init__(self, reason: str, after_s: int = 30) -> None:
        super().__init__(reason)
        self.reason, self.after_s = reason, after_s


@dataclass(frozen=True, slots=True)
class Notification:
    """A request as it came. headers: names in small letters."""

    headers: Mapping[str, str]
    body: bytes
    received_ms: int


class Message(NamedTuple):
    """One message. id: the same whenever it is sent again, and only then; null where nothing tells one from the next.

    about: the room, where it is not inside. fault: why it cannot be read at all; it then has no fields.
    """

    kind: str
    fields: Fields
    raw: bytes
    id: str | None
    about: str = ""
    fault: Reject | None = None


class Call(NamedTuple):
    """A question to the platform: a path below its base URL, and what goes with it."""

    path: str
    parameters: Mapping[str, str]
    body: bytes | None = None
    headers: Mapping[str, str] = {}


class Desk(NamedTuple):
    """What a kind's function works with. shop: whose secret signed. fetch: asks the platform, raises DetailAway."""

    shop: str
    access: Access
    fetch: Callable[[Call], Fields]


Read = Callable[[Message, Desk], list[Event]]
"""Turn a message into events. Raises Passed, Reject (it never can be booked) or DetailAway (not now), nothing else."""


@dataclass(frozen=True, slots=True)
class Source:
    """One platform.

    kinds: what is read, by kind; passed: kinds of which nothing is booked, with the reason, a code of PASSED, where
    products/* stands for all that begin so. verify gives the shop whose secret signed, or raises Unsigned. split cuts a
    notification into messages, by `message_of` or `messages_of`, and raises nothing. prepare signs a call to the
    platform. kind_header: the header that names the kind, where one does. is_greeting: whether a notification only asks
    if somebody is here, which platforms do not sign.
    """

    name: str
    title: str
    needs: tuple[Need, ...]
    kinds: Mapping[str, Read]
    passed: Mapping[str, str]
    verify: Callable[[Notification, Access], str]
    split: Callable[[Notification], list[Message]]
    prepare: Callable[[Call, Access, int], Call] | None = None
    kind_header: str | None = None
    is_greeting: Callable[[Notification], bool] = field(default=lambda _notification: False)


def fingerprint(kind: str, raw: bytes) -> str:
    """Name a message that has no id of its own under the signature: what a platform sends again is the same bytes."""
    return sha256(kind.encode() + b"\0" + raw).hexdigest()


def message_of(
    raw: bytes, tell: Callable[[Fields], tuple[str, str | None]], kind: str = "", about: str = ""
) -> Message:
    """Make a message of a JSON object. tell: its kind and id, by its fields; kind: what a header says beforehand."""
    try:
        fields = Fields.of(raw)
        kind, told = tell(fields)
    except Reject as fault:
        return Message(kind, Fields({}), raw, None, about, fault)
    return Message(kind, fields, raw, told, about)


def messages_of(
    body: bytes, tell: Callable[[bytes, Fields], tuple[str, str | None]], kind: str = "", about: str = ""
) -> list[Message]:
    """Make a message of each element of a list; one that is no message harms no other. One alone is a list of one.

    tell: kind and id of an element, by its bytes and its fields.
    """
    try:
        raws = elements(body)
    except Reject as fault:
        return [Message(kind, Fields({}), body, None, about, fault)]
    return [message_of(raw, partial(tell, raw), kind, about) for raw in raws]


def read_message(source: Source, message: Message, desk: Desk) -> list[Event]:
    """Give the events of a message. Raises as `Read` does."""
    if message.fault:
        raise message.fault
    if read := source.kinds.get(message.kind):
        return read(message, desk)
    if reason := source.passed.get(message.kind) or source.passed.get(_family.sub(r"\1*", message.kind)):
        raise Passed(reason)
    raise Reject("kind_unknown" if message.kind else "kind_missing", "kind", message.kind or None)


_family = re.compile(r"([/.]).*", re.DOTALL)
