"""The body of a request as lines: unpacked within limits, newline-delimited or a JSON array."""

import zlib
from collections.abc import AsyncIterator

import msgspec
from msgspec import Raw

from analytics.decoding import MARK, is_empty

MOST_SENT = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
MOST_EVENT = 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 256
_array = msgspec.json.Decoder(list[Raw])


class Refused(Exception):  # noqa: N818  # the answer, not a fault of ours
    """The request as a whole cannot be taken: status, reason code and remedy, and after how many seconds to return."""

    def __init__(self, status: int, reason: str, remedy: str, after_s: int | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.remedy, self.after_s = status, reason, remedy, after_s


def too_large(most: int, what: str) -> Refused:
    """Give the refusal of a body beyond a limit of bytes."""
    return Refused(413, "body_too_large", f"send at most {most} bytes {what}; cut it into several requests")


async def received(chunks: AsyncIterator[bytes], announced: str | None) -> bytes:
    """Read a body to its end, or only to the limit. announced: its Content-Length. Raises Refused."""
    if announced and announced.isdigit() and int(announced) > MOST_SENT:
        raise too_large(MOST_SENT, "as sent")
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MOST_SENT:
            raise too_large(MOST_SENT, "as sent")
    return bytes(body)


def unpacked(body: bytes, encoding: str | None) -> bytes:
    """Undo gzip, never beyond the limit, whatever it claims to hold. Raises Refused."""
    match (encoding or "identity").strip().lower():
        case "identity":
            return body
        case "gzip":
            return _gunzipped(body)
    raise Refused(415, "encoding_unknown", "send the body as it is, or with Content-Encoding: gzip")


def _gunzipped(body: bytes) -> bytes:
    found, left = bytearray(), memoryview(body)
    while left:
        left = left[_unpack_member(left, found) :]
    return bytes(found)


def _unpack_member(left: memoryview, found: bytearray) -> int:
    """Unpack the first of what may be several gzip streams; gives its length.

    It is handed over in pieces, each twice as long as the one before: what zlib has to give back as belonging to the
    next member is then never much longer than the member itself.
    """
    member, taken, piece = zlib.decompressobj(_GZIP), 0, _PIECE
    while not member.eof:
        part = left[taken : taken + piece]
        if not part:
            raise _broken_gzip()
        try:
            found += member.decompress(part, MOST_UNPACKED + 1 - len(found))
        except zlib.error:
            raise _broken_gzip() from None
        if len(found) > MOST_UNPACKED:
            raise too_large(MOST_UNPACKED, "unpacked")
        taken += len(part)
        piece *= 2
    return taken - len(member.unused_data)


def _broken_gzip() -> Refused:
    return Refused(400, "not_gzip", "send a whole gzip stream, or leave out Content-Encoding")


def lines(body: bytes) -> list[bytes]:
    """Cut a body into events, each on one line: the elements of a JSON array, or else the lines that are not empty.

    Raises Refused if there is none, or if what begins with a bracket is no array.
    """
    body = body.removeprefix(MARK)
    found = _elements(body) if body.lstrip()[:1] == b"[" else _filled(body)
    if not found:
        raise Refused(400, "no_events", "send events as newline-delimited JSON or as a JSON array")
    return found


def _filled(body: bytes) -> list[bytes]:
    return [line for part in body.split(b"\n") if not is_empty(line := part.strip(b" \t\r"))]


def _elements(body: bytes) -> list[bytes]:
    try:
        found = _array.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "not_json", "send one whole JSON array, or one JSON object per line") from None
    return [_on_one_line(bytes(raw)) for raw in found]


def _on_one_line(raw: bytes) -> bytes:
    """A line break in JSON is but a space: inside of text it would have to be escaped."""
    return raw.replace(b"\n", b" ") if b"\n" in raw else raw
