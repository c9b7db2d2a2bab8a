"""Viewer events as growing columns: they are most of what arrives, and the way into columns is most of the work."""

from collections.abc import Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import numpy as np
import polars as pl

from analytics.contract import LOOSE_TYPES, TYPES, VIEWER_TYPES
from analytics.events import Event, ViewerEvent

VIEWER_TYPE_NAMES = [str(struct.__struct_config__.tag) for struct in VIEWER_TYPES]
OTHER = 255
"""The kind of an event that is not a viewer event."""
_kind_of: dict[type, int] = dict.fromkeys((*TYPES.values(), *LOOSE_TYPES), OTHER) | {
    struct: VIEWER_TYPE_NAMES.index(str(struct.__struct_config__.tag))
    for struct in (*TYPES.values(), *LOOSE_TYPES)
    if issubclass(struct, ViewerEvent)
}
_GIFT = VIEWER_TYPE_NAMES.index("gift_sent")
_type_dtype = pl.Enum(VIEWER_TYPE_NAMES)

VIEWER_EVENTS: dict[str, Any] = {
    "event_id": pl.String,
    "occurred_ms": pl.Int64,
    "type": _type_dtype,
    "session_id": pl.String,
    "viewer_id": pl.String,
    "product_id": pl.String,
    "count": pl.UInt32,
    "amount_minor": pl.Int64,
    "currency": pl.String,
    "source": pl.String,
}


class ViewerColumns:
    """Viewer events as growing columns; the events themselves are let go at once, which keeps memory near."""

    _TEXT = ("event_id", "session_id", "viewer_id", "product_id", "currency", "source")
    _NUMBERS = ("occurred_at", "count", "amount_minor")
    _OF_GIFTS = ("currency", "amount_minor")

    def __init__(self) -> None:
        self._kinds = bytearray()
        self._values: dict[str, list[Any]] = {name: [] for name in (*self._TEXT, *self._NUMBERS)}

    def add(self, events: Sequence[ViewerEvent], kinds: bytes) -> None:
        """Take events in; kinds: of each, as `kinds_of` gives them."""
        self._kinds += kinds
        absent = () if _GIFT in kinds else self._OF_GIFTS
        for name, values in self._values.items():
            values.extend(repeat(None, len(events)) if name in absent else map(_getters[name], events))

    def frame(self) -> pl.DataFrame:
        """Give the frame of all events taken in, VIEWER_EVENTS."""
        values = self._values
        return pl.DataFrame(
            {
                **{name: id_column(values[name]) for name in self._TEXT},
                "occurred_ms": values["occurred_at"],
                "type": pl.Series(np.frombuffer(self._kinds, dtype=np.uint8)).cat.to(_type_dtype),
                "count": values["count"],
                "amount_minor": values["amount_minor"],
            },
            schema_overrides=VIEWER_EVENTS,
        ).select(list(VIEWER_EVENTS))


_getters = {name: attrgetter(name) for name in (*ViewerColumns._TEXT, *ViewerColumns._NUMBERS)}  # noqa: SLF001  # same module


def kinds_of(events: Sequence[Event]) -> bytes:
    """Give the kind of each event: its place in VIEWER_TYPE_NAMES, or OTHER."""
    return bytes(map(_kind_of.__getitem__, map(type, events)))


def id_column(values: list[Any]) -> pl.Series:
    """Text column of ids; a number becomes its digits, which only then costs a pass in Python."""
    try:
        return pl.Series(values, dtype=pl.String, strict=True)
    except TypeError:
        return pl.Series([value if value is None else str(value) for value in values], dtype=pl.String)
