"""Events in a topic where they do not belong: good in themselves, but no lane there can credit them."""

from dataclasses import replace
from typing import Literal

import polars as pl

from analytics.contract import ROSTER_TYPES
from analytics.decoding import REJECTS, Decoded, read_line
from analytics.events import Event
from analytics.rejection import REMEDIES, Reject

_VIEWERS = ("viewer_events", "orders", "order_lines", "refunds")


def without_misplaced(
    decoded: Decoded, data: bytes, first_line: int, accepts: Literal["all", "viewers", "roster"]
) -> Decoded:
    """Reject what belongs to another topic: roster events among those of viewers, or the reverse."""
    frames = {"all": (), "viewers": ("roster_events",), "roster": _VIEWERS}[accepts]
    wrong = {name: getattr(decoded.facts, name) for name in frames if getattr(decoded.facts, name).height}
    if not wrong:
        return decoded
    facts = replace(decoded.facts, **{name: frame.clear() for name, frame in wrong.items()})
    rejects = _rejects(data, first_line, of_roster=accepts == "viewers")
    return replace(decoded, facts=facts, rejects=pl.concat([decoded.rejects, rejects]).sort("position"))


def _rejects(data: bytes, first_line: int, *, of_roster: bool) -> pl.DataFrame:
    lines = [
        (position, "wrong_topic", "type", str(event.__struct_config__.tag), REMEDIES["wrong_topic"], line)
        for position, line in enumerate(data.split(b"\n"), first_line)
        if (event := _event(line)) and isinstance(event, ROSTER_TYPES) == of_roster
    ]
    return pl.DataFrame(lines, schema=REJECTS, orient="row")


def _event(line: bytes) -> Event | None:
    """Give what decoding made of a line; null for an empty one, and for one that it rejected."""
    try:
        found = read_line(line)
    except Reject:
        return None
    return found[0] if found else None
