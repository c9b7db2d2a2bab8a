"""Viewer events as growing columns: they are most of what arrives, and the way into columns is most of the work."""

from collections.abc import Sequence
from itertools import compress
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


_ALWAYS = ("event_id", "occurred_at", "session_id", "viewer_id")
_RARE = {"product_id": None, "source": None, "amount_minor": None, "currency": None, "count": 1}
"""Fields that only some types have, and what stands for them in the others."""
_dtypes = VIEWER_EVENTS | {"occurred_at": pl.Int64}
_getters = {name: attrgetter(name) for name in (*_ALWAYS, *_RARE)}
_having = {
    name: bytes(name in struct.__struct_fields__ for struct in VIEWER_TYPES).ljust(OTHER + 1, b"\0") for name in _RARE
}
"""By kind: whether events have the field."""
SETTLED_EVENTS = 4000
"""So many events have values that are still near the processor when they are turned into columns."""


class ViewerColumns:
    """Viewer events as growing columns; the events themselves are let go at once, which keeps memory near.

    Rare fields are read from the events that have them alone, and get their places at the end.
    """

    def __init__(self) -> None:
        self._kinds = bytearray()
        self._values: dict[str, list[Any]] = {name: [] for name in _getters}
        self._settled: dict[str, list[pl.Series]] = {name: [] for name in _getters}

    def add(self, events: Sequence[ViewerEvent], kinds: bytes) -> None:
        """Take events in; kinds: of each, as `kinds_of` gives them."""
        self._kinds += kinds
        for name in _ALWAYS:
            self._values[name].extend(map(_getters[name], events))
        for name in _RARE:
            if any(having := kinds.translate(_having[name])):
                self._values[name].extend(map(_getters[name], compress(events, having)))
        if len(self._values["event_id"]) >= SETTLED_EVENTS:
            self._settle()

    def frame(self) -> pl.DataFrame:
        """Give the frame of all events taken in, VIEWER_EVENTS."""
        self._settle()
        columns = {
            **{name: pl.concat(self._settled[name]) for name in _ALWAYS},
            **{name: self._placed(name) for name in _RARE},
            "type": pl.Series(np.frombuffer(self._kinds, dtype=np.uint8)).cat.to(_type_dtype),
        }
        return pl.DataFrame(columns).rename({"occurred_at": "occurred_ms"}).select(list(VIEWER_EVENTS))

    def _settle(self) -> None:
        """Turn the values so far into columns, and let them go."""
        for name, values in self._values.items():
            text = _dtypes[name] == pl.String
            self._settled[name].append(id_column(values) if text else pl.Series(values, dtype=_dtypes[name]))
            values.clear()

    def _placed(self, name: str) -> pl.Series:
        """Give a rare field as a whole column."""
        instead = pl.Series([_RARE[name]], dtype=_dtypes[name])
        values = pl.concat([*self._settled[name], instead], rechunk=True)
        having = np.frombuffer(self._kinds.translate(_having[name]), dtype=bool)
        places = np.cumsum(having, dtype=np.uint32) - np.uint32(1)
        return values.gather(pl.Series(np.where(having, places, np.uint32(len(values) - 1))))


def kinds_of(events: Sequence[Event]) -> bytes:
    """Give the kind of each event: its place in VIEWER_TYPE_NAMES, or OTHER."""
    return bytes(map(_kind_of.__getitem__, map(type, events)))


def id_column(values: list[Any]) -> pl.Series:
    """Text column of ids; a number becomes its digits, which only then costs a pass in Python."""
    try:
        return pl.Series(values, dtype=pl.String, strict=True)
    except TypeError:
        return pl.Series([value if value is None else str(value) for value in values], dtype=pl.String)
