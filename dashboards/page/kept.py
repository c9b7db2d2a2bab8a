"""Things kept for the next one who asks, with a word on how new they are."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


@dataclass(eq=False, slots=True)
class _Place(Generic[Thing]):
    """Where one thing is kept; who holds the mutex may be making it."""

    mutex: threading.Lock = field(default_factory=threading.Lock)
    made: tuple[Hashable, Thing] | None = None


class Kept(Generic[Thing]):
    """Things by key, each with the stamp it was made under; the one not asked for longest goes first.

    Several threads may ask: what one of them is making, the others wait for.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places: dict[Hashable, _Place[Thing]] = {}
        self._mutex = threading.Lock()

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], Thing]) -> Thing:
        """Give the thing with this key and stamp; make it if there is none. What `make` raises is not kept."""
        place = self._place(key)
        with place.mutex:
            if place.made is None or place.made[0] != stamp:
                place.made = stamp, make()
            return place.made[1]

    def _place(self, key: Hashable) -> _Place[Thing]:
        """Find the place of a key or give it one, as the one asked for last."""
        with self._mutex:
            place = self._places.pop(key, None) or _Place()
            self._places[key] = place
            if len(self._places) > self._limit:
                del self._places[next(iter(self._places))]
            return place
