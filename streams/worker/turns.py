"""Whose turn it is, and who goes together: those first whose last turn is longest ago.

Lanes that go together cost one insert per table, whatever their number, so another group begins only when one is full,
with the bytes of one batch. With little before them all lanes are one group; with much, a few go side by side.
"""

from collections.abc import Callable, Sequence

from streams.worker.messages import Place


class Turns:
    """Remembers the last turn of each lane.

    at_once: groups of a turn; together: lanes of a group; full: bytes after which no other lane joins a group.
    is_behind: whether some with new records were left for the next turn.
    """

    def __init__(self, at_once: int, together: int, full: int) -> None:
        self._at_once, self._together, self._full = at_once, together, full
        self._number = 0
        self._last: dict[Place, int] = {}
        self._new: set[Place] = set()
        self.is_behind = False

    def came(self, place: Place) -> None:
        """Know that a lane has new records; those that it could do nothing with before are none."""
        self._new.add(place)

    def left(self, places: Sequence[Place]) -> None:
        """Know that lanes whose turn it was have records left, and can go on."""
        if places:
            self._new.update(places)
            self.is_behind = True

    def forget(self, place: Place) -> None:
        """Let go of a lane that is not ours."""
        self._last.pop(place, None)
        self._new.discard(place)

    def take(self, waiting: Sequence[Place], size: Callable[[Place], int]) -> list[list[Place]]:
        """Give those of the lanes that wait whose turn it is, in groups. size: bytes that wait for a lane."""
        left = sorted(waiting, key=lambda place: self._last.get(place, 0))
        groups: list[list[Place]] = [[] for _ in range(self._at_once)]
        sizes = [0] * self._at_once
        while left:
            has_room = (n for n in range(self._at_once) if sizes[n] < self._full and len(groups[n]) < self._together)
            number = next(has_room, None)
            if number is None:
                break
            place = left.pop(0)
            groups[number].append(place)
            sizes[number] += size(place)
        going = [place for group in groups for place in group]
        self._number += 1
        self._last.update(dict.fromkeys(going, self._number))
        self._new.difference_update(going)
        self.is_behind = not self._new.isdisjoint(left)
        return [group for group in groups if group]
