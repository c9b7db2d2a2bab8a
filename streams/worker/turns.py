"""Whose turn it is: a few lanes at once, those first whose last turn is longest ago.

Were all of them at work together, each would take as much longer, all would be done at the end only, and what came to
any of them meanwhile would wait for that. So the slowest events wait for one and a half rounds, not for two.
"""

from collections.abc import Sequence

from streams.worker.messages import Place


class Turns:
    """Remembers the last turn of each lane.

    at_once: lanes of a turn. is_behind: whether some with new records were left for the next one.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once, self._number = at_once, 0
        self._last: dict[Place, int] = {}
        self._new: set[Place] = set()
        self.is_behind = False

    def came(self, place: Place) -> None:
        """Know that a lane has new records; those that it could do nothing with before are none."""
        self._new.add(place)

    def forget(self, place: Place) -> None:
        """Let go of a lane that is not ours."""
        self._last.pop(place, None)
        self._new.discard(place)

    def take(self, waiting: Sequence[Place]) -> list[Place]:
        """Give those of the lanes that wait whose turn it is."""
        ordered = sorted(waiting, key=lambda place: self._last.get(place, 0))
        going, left = ordered[: self._at_once], ordered[self._at_once :]
        self._number += 1
        self._last.update(dict.fromkeys(going, self._number))
        self._new.difference_update(going)
        self.is_behind = not self._new.isdisjoint(left)
        return going
