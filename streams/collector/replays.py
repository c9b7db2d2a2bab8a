"""Which messages of platforms were acknowledged lately, so that one sent again is seen as such and costs nothing."""

from collections import OrderedDict

MOST = 100_000


class Replays:
    """The last messages of each source, by id. It only saves work: the ids of events make repeats harmless anyway."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def known(self, source: str, shop: str, message_id: str) -> bool:
        """Whether a message was remembered; it then counts as the newest."""
        key = (source, shop, message_id)
        if key in self._seen:
            self._seen.move_to_end(key)
            return True
        return False

    def remember(self, source: str, shop: str, message_id: str) -> None:
        """Remember a message; the oldest is forgotten for it."""
        self._seen[source, shop, message_id] = None
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)
