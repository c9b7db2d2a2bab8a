"""Which lines of a request are events that this key may send; the others with reason, field, value and remedy."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from analytics.decoding import decode
from analytics.rejection import VALUE_LIMIT
from streams.collector.bodies import MOST_EVENT
from streams.kafka.routing import Routed, routed


class Complaint(Struct, frozen=True):
    """Why one event was not taken. index: its place in the request, from 0."""

    index: int
    reason: str
    field: str | None
    value: str | None
    remedy: str


_fields = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)


def judged(lines: Sequence[bytes], seller_id: str) -> tuple[list[Routed], list[Complaint]]:
    """Tell the events from the rest. Returns where the events go, in order, and the complaints by index."""
    rejects = decode(b"\n".join(lines), first_position=0).rejects
    complaints = {
        index: Complaint(index, reason, field, value, remedy)
        for index, reason, field, value, remedy in rejects.drop("line").iter_rows()
    }
    complaints |= {index: _too_large(index, line) for index, line in enumerate(lines) if len(line) > MOST_EVENT}
    places = []
    for index, place in enumerate(routed(lines)):
        if index in complaints:
            continue
        if place.roster and (wrong := _wrong_seller(index, place.line, seller_id)):
            complaints[index] = wrong
        else:
            places.append(place)
    return places, [complaints[index] for index in sorted(complaints)]


def _too_large(index: int, line: bytes) -> Complaint:
    return Complaint(index, "event_too_large", None, str(len(line)), f"send events of at most {MOST_EVENT} bytes")


def _wrong_seller(index: int, line: bytes, seller_id: str) -> Complaint | None:
    """A key speaks for its own seller: it may begin no session of another. The line is an event."""
    fields = _fields.decode(line.removeprefix(b"\xef\xbb\xbf"))
    if _text.decode(fields["type"]) != "session_started":
        return None
    raw = bytes(fields["seller_id"])
    named = _text.decode(raw) if raw.startswith(b'"') else "0" if raw == b"-0" else raw.decode()
    if named == seller_id:
        return None
    remedy = "send sessions of the seller that the API key belongs to"
    return Complaint(index, "wrong_seller", "seller_id", named[:VALUE_LIMIT], remedy)
