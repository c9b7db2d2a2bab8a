"""Douyin live rooms: who comes and goes, writes, likes and sends gifts; when a room began and ended.

Signature: x-signature, base64 of MD5 over the sorted headers x-msg-type, x-nonce-str, x-roomid, x-timestamp as
name=value joined by &, the raw body and the secret. The time is among them. Source: https://developer.open-douyin.com,
interaction/develop/server/live-room-scope/gift-effects/viewer-data-query-dev (read 2026-11). The payloads are those of
live-room-scope/data-open/data-open-desc there: a list of messages of one room and one kind; gift_value is the worth of
the whole gift in fen. Answers of the room statistics interface may be passed on under the same signature.
"""

from base64 import b64encode
from hashlib import md5

from streams.sources import signing
from streams.sources.access import Access, secrets_need
from streams.sources.booked import viewer_event
from streams.sources.payload import Fields
from streams.sources.source import Desk, Event, Message, Notification, Passed, Source, fingerprint, messages_of

NAME = "douyin-live"
PLATFORM, CURRENCY = "douyin", "CNY"
KIND = "x-msg-type"
SIGNED = (KIND, "x-nonce-str", "x-roomid", "x-timestamp")
WINDOW_MS = 15 * 60_000
ENTERED, LEFT = 1, 2


def commented(message: Message, desk: Desk) -> list[Event]:
    """Read a comment: that there was one, not what it says."""
    return [_told("commented", message, desk)]


def liked(message: Message, desk: Desk) -> list[Event]:
    """Read likes: the platform sums those of two seconds."""
    return [_told("liked", message, desk, count=message.fields.whole("like_num"))]


def gifted(message: Message, desk: Desk) -> list[Event]:
    """Read a gift: gift_value is the worth of all of gift_num. Gifts that the platform makes up are marked `test`."""
    if message.fields.flag("test"):
        raise Passed("test")
    amount = message.fields.whole("gift_value")
    return [_told("gift_sent", message, desk, amount_minor=amount, currency=CURRENCY)]


def came_or_went(message: Message, desk: Desk) -> list[Event]:
    """Read that a viewer came in or went."""
    which = message.fields.whole("enter_room_type")
    if which not in {ENTERED, LEFT}:
        raise Passed("not_ours")
    return [_told("viewer_joined" if which == ENTERED else "viewer_left", message, desk)]


def room(message: Message, desk: Desk) -> list[Event]:
    """Read the statistics of a room: when it began and ended; the sums come one by one in other messages."""
    stats = message.fields.part("data").parts("stats")
    times = {each.text("name"): each for each in stats if each.text("name") in {"live_start_ts", "live_end_ts"}}
    events = [
        _edge(kind, times[name], desk.shop, **more)
        for name, kind, more in (
            ("live_start_ts", "session_started", {"platform": PLATFORM, "seller_id": desk.shop}),
            ("live_end_ts", "session_ended", {}),
        )
        if name in times and times[name].whole("value")
    ]
    if not events:
        raise Passed("statistics")
    return events


def _edge(kind: str, stat: Fields, shop: str, **more: str) -> Event:
    at_ms, session = stat.seconds("value"), stat.id("item")
    about = {"event_id": f"{shop}/{kind}/{session}/{at_ms}", "type": kind, "occurred_at": at_ms}
    return {**about, "session_id": session, **more}


def _told(kind: str, message: Message, desk: Desk, **more: object) -> Event:
    fields = message.fields
    viewer, at_ms = fields.id("sec_openid"), fields.whole("timestamp")
    return viewer_event(kind, fields.id("msg_id"), at_ms, shop=desk.shop, room=message.about, viewer=viewer, **more)


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed, a few minutes ago at most. Raises Unsigned."""
    headers, body = notification.headers, notification.body
    signed = "&".join(f"{name}={headers.get(name, '')}" for name in SIGNED).encode()
    shop = signing.shop_of(
        access,
        NAME,
        headers.get("x-signature"),
        lambda secret: b64encode(md5(signed + body + secret, usedforsecurity=False).digest()).decode(),
    )
    signing.recent(signing.header_time(notification, "x-timestamp"), notification, WINDOW_MS)
    return shop


def split(notification: Notification) -> list[Message]:
    """Give the messages of the list."""
    kind, about = notification.headers.get(KIND, ""), notification.headers.get("x-roomid", "")
    return messages_of(notification.body, lambda raw, _: (kind, fingerprint(kind, raw)), kind, about)


DOUYIN_LIVE = Source(
    name=NAME,
    title="Douyin live",
    needs=(secrets_need("secret of the data push, one for each kind of message if they differ"),),
    kinds={
        "live_comment": commented,
        "live_like": liked,
        "live_gift": gifted,
        "live_user_enter_leave": came_or_went,
        "room_data": room,
    },
    passed={"live_fansclub": "not_ours"},
    verify=verify,
    split=split,
    kind_header=KIND,
)
