"""Things kept for the next one who asks, with a word on how new they are."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things by key, each with the stamp it was made under; the one not asked for longest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._things: dict[Hashable, tuple[Hashable, Thing]] = {}

    def get(self, key: Hashable, stamp: Hashable, make: Callable[[], Thing]) -> Thing:
        """Give the thing with this key and stamp; make it if there is none. What `make` raises is not kept."""
        found = self._things.pop(key, None)
        if found is None or found[0] != stamp:
            found = stamp, make()
        self._things[key] = found
        if len(self._things) > self._limit:
            self.forget(next(iter(self._things)))
        return found[1]

    def forget(self, key: Hashable) -> None:
        """Let a thing go."""
        self._things.pop(key, None)
