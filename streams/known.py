"""Which viewer events came already: recent ids in memory as hashes, everything else looked up exactly.

A hash only raises a suspicion; an event is dropped when the warehouse holds its id, so none is lost to a collision.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from analytics.rules import MINUTE_MS
from streams.asked import Asked


@dataclass(frozen=True, slots=True)
class KnownIds:
    """Sorted hashes of event ids per minute of event time, since floor_ms (null: since ever)."""

    minutes: dict[int, np.ndarray] = field(default_factory=dict)
    floor_ms: int | None = None

    def suspects(self, events: pl.DataFrame) -> pl.Series:
        """Say which events may have come before: older than the floor, or with a hash that is known."""
        found = np.zeros(events.height, dtype=bool)
        for minute, rows, hashes in _by_minute(events):
            if minute in self.minutes:
                found[rows] = _member(hashes, self.minutes[minute])
            if self.floor_ms is not None and minute * MINUTE_MS < self.floor_ms:
                found[rows] = True
        return pl.Series(found)

    def with_events(self, events: pl.DataFrame, floor_ms: int | None) -> "KnownIds":
        """Know these events too, and forget the minutes that lie wholly before the new floor."""
        minutes = dict(self.minutes)
        for minute, _, hashes in _by_minute(events):
            minutes[minute] = np.sort(np.concatenate([minutes.get(minute, hashes[:0]), hashes]))
        if floor_ms is not None:
            minutes = {minute: ids for minute, ids in minutes.items() if (minute + 1) * MINUTE_MS > floor_ms}
        return KnownIds(minutes, floor_ms)


class Repeats:
    """Viewer events that came before: within the batch, or in other batches as the warehouse holds them.

    suspects: those of which a hash is known.
    """

    def __init__(self, events: pl.DataFrame, known: KnownIds) -> None:
        self._events = events
        self._new = events["event_id"].is_first_distinct().to_numpy(writable=True)
        self._rows = np.flatnonzero(self._new & known.suspects(events).to_numpy())
        self.suspects = events[self._rows]

    def dropped(self, stored: Asked) -> pl.DataFrame:
        """Give the events without them. stored: ids that other batches hold. Raises WarehouseError."""
        if len(self._rows):
            ids = self.suspects["event_id"]
            self._new[self._rows] = ~ids.is_in(stored.of(ids)["event_id"].implode())
        return self._events.filter(self._new)


def _by_minute(events: pl.DataFrame) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """(minute, row numbers, hashes) of each minute that the events touch."""
    if events.is_empty():
        return []
    minutes = events["occurred_ms"].to_numpy() // MINUTE_MS
    hashes = events["event_id"].hash().to_numpy()
    order = np.argsort(minutes, kind="stable")
    cuts = np.flatnonzero(np.diff(minutes[order])) + 1
    return [(int(minutes[rows[0]]), rows, hashes[rows]) for rows in np.split(order, cuts)]


def _member(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return np.asarray(known[places] == hashes)
