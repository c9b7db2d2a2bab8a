"""The roster as of any batch of its lane: read whole once, then followed."""

from threading import Lock

from analytics.warehouse import Warehouse
from streams import lanes
from streams.state import NO_ROSTER, Roster, stored_roster

_FIRST = lanes.before_first(lanes.ROSTER)


class Rosters:
    """All rosters that lanes of this worker stand on, for any of its threads; only the latest few are kept."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._kept: dict[int, Roster] = {0: NO_ROSTER}
        self._lock = Lock()

    def at(self, batch: int) -> Roster:
        """Give the roster up to and with a closed batch of its lane; 0 for none. Raises WarehouseError."""
        with self._lock:
            found = self._kept.get(batch)
            if found is None:
                before = self._kept[max(number for number in self._kept if number < batch)]
                events = stored_roster(self._warehouse, max(before.batch, _FIRST) + 1, batch)
                found = before.with_events(events, batch)
                self._keep(found)
            return found

    def _keep(self, roster: Roster) -> None:
        self._kept[roster.batch] = roster
        for number in sorted(self._kept)[1:-8]:
            del self._kept[number]
