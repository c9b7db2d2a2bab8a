"""Inputs of the fuzzer: a byte that chooses source and kind, a body, and what the platform answers, held to account."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

from source_stage import access, encoded, signed
from test_sources_hostile import assert_contained, bytes_of, read, seeds, spoiled

from streams.sources.source import Notification, Unsigned
from streams.sources.table import SOURCES

PLACES = [(name, kind) for name, source in SOURCES.items() for kind in (*source.kinds, *source.passed, "")]
"""What the first byte of an input chooses: the source, and the kind that its header names."""
APART = b"\n\xff\n"
"""Between a body and what the platform answers; no JSON holds it."""
NOW_MS = 1_700_000_000_000
SIGNATURES = ("x-shopify-hmac-sha256", "x-wc-webhook-signature", "authorization", "event-sign", "x-signature")


def try_one(data: bytes) -> None:
    """Read an input as a notification, and hold it to what the tests of hostile payloads hold theirs to."""
    if not data:
        return
    name, kind = PLACES[data[0] % len(PLACES)]
    body, *answers = data[1:].split(APART)
    assert_contained(read(name, kind, body, answers), body, *answers)
    check_signature(name, kind, body, answers)


def check_signature(name: str, kind: str, body: bytes, others: list[bytes]) -> None:
    """Only what is signed by a secret passes, whatever the body is; a forged signature is refused, not a crash."""
    source = SOURCES[name]
    given, headers = access(source), signed(name, body, kind=kind, at_ms=NOW_MS)
    with suppress(Unsigned):
        source.verify(Notification(headers, body, NOW_MS), given)
    for forged in (body + b" ", *others):
        if forged != body:
            refuses(name, Notification(headers, forged, NOW_MS))
    refuses(name, Notification(dict.fromkeys((*headers, *SIGNATURES), body.decode(errors="replace")), body, NOW_MS))


def refuses(name: str, notification: Notification) -> None:
    """Hold that a notification is refused."""
    try:
        SOURCES[name].verify(notification, access(SOURCES[name]))
    except Unsigned:
        return
    raise AssertionError(f"{name} believes {notification}")


def mutated(data: bytes, most: int, seed: int, by_bytes: Callable[[bytes, int], bytes]) -> bytes:
    """Change an input: now its bytes, as the fuzzer does, now its trees, as the tests of hostile payloads do."""
    random = Random(seed)
    if not data or random.random() < 0.5:
        return by_bytes(data, most)
    parts = data[1:].split(APART)
    which = random.randrange(len(parts))
    try:
        parts[which] = bytes_of(spoiled(json.loads(parts[which].decode("utf-8-sig")), random), random)
    except (ValueError, RecursionError, IndexError):
        return by_bytes(data, most)
    return (data[:1] + APART.join(parts))[:most]


def first_inputs() -> Iterator[bytes]:
    """The payloads that are booked."""
    for name, kind, body, answers in seeds():
        yield bytes([PLACES.index((name, kind))]) + APART.join([encoded(body), *map(encoded, answers)])
