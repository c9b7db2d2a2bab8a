"""TikTok LIVE rooms: who comes in, writes, likes, shares, follows and sends gifts.

The platform pushes none of it; a reader of the room's feed such as TikTok-Live-Connector passes on what it sees, as it
is: {"event": "gift", "roomId": "...", "data": {...}}, one or a list. It signs as we define: X-Hostledger-Timestamp in
milliseconds, X-Hostledger-Signature, HMAC-SHA256 in hexadecimal over that time, a dot, and the raw body. The shapes are
those of the connector's README at c7bb683 (MIT).
"""

from fractions import Fraction

from analytics.currencies import exponent
from analytics.rejection import VALUE_LIMIT, Reject
from streams.sources import signing
from streams.sources.access import Access, Need, price, secrets_need
from streams.sources.booked import viewer_event
from streams.sources.payload import Fields
from streams.sources.source import Desk, Event, Message, Notification, Passed, Source, fingerprint, messages_of

NAME = "tiktok-live"
DIAMOND = "DIAMOND"
STREAKS = 1
"""giftType of a gift that can be sent in a streak: repeatCount grows, and repeatEnd closes it."""
WINDOW_MS = 15 * 60_000
MOST_DIAMONDS = 10**9


def joined(message: Message, desk: Desk) -> list[Event]:
    """Read that a viewer came in."""
    return [_told("viewer_joined", message, desk)]


def commented(message: Message, desk: Desk) -> list[Event]:
    """Read a comment: that there was one, not what it says."""
    return [_told("commented", message, desk)]


def liked(message: Message, desk: Desk) -> list[Event]:
    """Read likes of one viewer; totalLikeCount is of the room."""
    return [_told("liked", message, desk, count=message.fields.part("data").whole("likeCount"))]


def shared(message: Message, desk: Desk) -> list[Event]:
    """Read that a viewer shared the room."""
    return [_told("shared", message, desk)]


def followed(message: Message, desk: Desk) -> list[Event]:
    """Read that a viewer follows the host."""
    return [_told("followed", message, desk)]


def gifted(message: Message, desk: Desk) -> list[Event]:
    """Read a gift, once: at the end of its streak, which counts all of it.

    What it is worth is diamonds times the operator's price of one, rounded down to whole minor units.
    """
    gift = message.fields.part("data")
    if gift.maybe_whole("giftType") == STREAKS and not gift.flag("repeatEnd"):
        raise Passed("streak")
    worth, currency = price(desk.access[DIAMOND])
    diamonds = gift.whole("diamondCount") * (gift.maybe_whole("repeatCount") or 1)
    if not 0 <= diamonds <= MOST_DIAMONDS:
        raise Reject("field_value", "data.diamondCount", str(gift.whole("diamondCount"))[:VALUE_LIMIT])
    amount = int(Fraction(worth) * diamonds * 10 ** exponent(currency))
    return [_told("gift_sent", message, desk, amount_minor=amount, currency=currency)]


def _told(kind: str, message: Message, desk: Desk, **more: object) -> Event:
    """Make the event. userId is text; the numbers in monitorExtra have lost digits and are left alone."""
    data, room = message.fields.part("data"), message.fields.id("roomId")
    viewer, at_ms = data.id("userId"), data.whole("createTime")
    return viewer_event(kind, data.id("msgId"), at_ms, shop=desk.shop, room=room, viewer=viewer, **more)


def verify(notification: Notification, access: Access) -> str:
    """Give the shop that signed, a few minutes ago at most. Raises Unsigned."""
    at = notification.headers.get("x-hostledger-timestamp", "").encode()
    given = notification.headers.get("x-hostledger-signature")
    signed = at + b"." + notification.body
    shop = signing.shop_of(access, NAME, given, lambda secret: signing.hmac_hex(secret, signed))
    signing.recent(signing.header_time(notification, "x-hostledger-timestamp"), notification, WINDOW_MS)
    return shop


def split(notification: Notification) -> list[Message]:
    """Give the messages of the list; one that comes alone is a list of one."""
    return messages_of(notification.body, _kind_and_id)


def _kind_and_id(raw: bytes, fields: Fields) -> tuple[str, str]:
    kind = fields.text("event")
    return kind, fingerprint(kind, raw)


TIKTOK_LIVE = Source(
    name=NAME,
    title="TikTok LIVE",
    needs=(
        secrets_need("secret that the reader of the feed signs with, of your choice"),
        Need(DIAMOND, "what one diamond is worth, as in 0.005 USD", "0 USD", price),
    ),
    kinds={
        "member": joined,
        "chat": commented,
        "like": liked,
        "share": shared,
        "follow": followed,
        "gift": gifted,
    },
    passed={
        **dict.fromkeys(("roomUser", "social"), "statistics"),
        **dict.fromkeys(
            ("emote", "envelope", "questionNew", "subscribe", "liveIntro", "linkMicBattle", "linkMicArmies"), "not_ours"
        ),
    },
    verify=verify,
    split=split,
)
