"""Events in a topic where they do not belong: good in themselves, but no lane there can credit them."""

from dataclasses import replace
from typing import Literal

import msgspec
import polars as pl

from analytics.contract import ROSTER_TYPES
from analytics.decoding import REJECTS, Decoded
from analytics.rejection import REMEDIES

_ROSTER_TYPES = {str(struct.__struct_config__.tag) for struct in ROSTER_TYPES}
_VIEWERS = ("viewer_events", "orders", "order_lines", "refunds")


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head)


def without_misplaced(
    decoded: Decoded, data: bytes, first_line: int, accepts: Literal["all", "viewers", "roster"]
) -> Decoded:
    """Reject what belongs to another topic: roster events among those of viewers, or the reverse."""
    frames = {"all": (), "viewers": ("roster_events",), "roster": _VIEWERS}[accepts]
    wrong = {name: getattr(decoded.facts, name) for name in frames if getattr(decoded.facts, name).height}
    if not wrong:
        return decoded
    facts = replace(decoded.facts, **{name: frame.clear() for name, frame in wrong.items()})
    rejects = _rejects(data, first_line, set(decoded.rejects["position"]), of_roster=accepts == "viewers")
    return replace(decoded, facts=facts, rejects=pl.concat([decoded.rejects, rejects]).sort("position"))


def _rejects(data: bytes, first_line: int, rejected: set[int], *, of_roster: bool) -> pl.DataFrame:
    lines = [
        (position, "wrong_topic", "type", kind, REMEDIES["wrong_topic"], line)
        for position, line in enumerate(data.split(b"\n"), first_line)
        if line.strip() and position not in rejected
        if ((kind := _head.decode(line).type) in _ROSTER_TYPES) == of_roster
    ]
    return pl.DataFrame(lines, schema=REJECTS, orient="row")
