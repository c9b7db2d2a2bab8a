"""Whether a notification is signed by one of the secrets: always over the bytes as they came, in constant time."""

import hmac
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from streams.sources.access import Access
from streams.sources.source import Notification, Unsigned

SKEW_MS = 5 * 60_000
"""How far a platform's clock may be from ours."""


def shop_of(access: Access, name: str, given: str | None, sign: Callable[[bytes], str]) -> str:
    """Give the shop whose secret makes this signature; `name`, the source's, where the secret names no shop.

    sign: what the signature is with a secret. Every secret is tried, so that they can be exchanged without a gap.
    Raises Unsigned.
    """
    if not given:
        raise Unsigned("signature_missing")
    told = given.strip().encode()
    matching = [
        secret.shop for secret in access.secrets if hmac.compare_digest(sign(secret.text.encode()).encode(), told)
    ]
    if not matching:
        raise Unsigned("signature_wrong")
    return matching[0] or name


def hmac_base64(secret: bytes, message: bytes) -> str:
    """Give HMAC-SHA256 in base64."""
    return b64encode(hmac.digest(secret, message, sha256)).decode()


def hmac_hex(secret: bytes, message: bytes) -> str:
    """Give HMAC-SHA256 in small hexadecimal digits."""
    return hmac.new(secret, message, sha256).hexdigest()


def recent(sent_ms: int, notification: Notification, window_ms: int) -> None:
    """Raise Unsigned for a time, itself under the signature, that is too far back or ahead of us."""
    if not -SKEW_MS <= notification.received_ms - sent_ms <= window_ms:
        raise Unsigned("stale")


def header_time(notification: Notification, name: str) -> int:
    """Give a time that a header tells as a whole number. Raises Unsigned."""
    text = notification.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < len(str(1 << 63))):
        raise Unsigned("time_missing")
    return int(text)
