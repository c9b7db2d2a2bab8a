"""A feed for all who see the same rows, so that nothing that is kept or shared passes from one sight to another."""

from collections.abc import Callable
from functools import partial

from analytics.warehouse.own import Filters
from dashboards.boards import BOARDS
from dashboards.page.desk import Warehouse
from dashboards.page.feed import Feed
from dashboards.page.sight import HOST, Sight


class Feeds:
    """The feeds by the rows they see; each has handles, answers and rooms of its own.

    open_warehouse: gives a handle; `shown` is given where it is to see some rows only. now_ms: the clock on the wall,
    milliseconds UTC. pause_s: pages are pushed to at most this often.
    """

    def __init__(self, open_warehouse: Callable[..., Warehouse], now_ms: Callable[[], int], pause_s: float) -> None:
        self._open, self._now_ms, self._pause_s = open_warehouse, now_ms, pause_s
        self._feeds: dict[tuple[str, ...] | None, Feed] = {}

    def of(self, sight: Sight) -> Feed:
        """Give the feed that shows the rows of a sight, and no other row."""
        seen = sight.host_ids if sight.role == HOST else None
        if seen not in self._feeds:
            boards = BOARDS if seen is None else sight.boards
            self._feeds[seen] = Feed(self._opens(sight.filters), self._now_ms, self._pause_s, boards)
        return self._feeds[seen]

    def hang_up(self) -> None:
        """End every stream; pages that want more call again."""
        for feed in self._feeds.values():
            feed.hang_up()

    async def close(self) -> None:
        """End every stream and let go of the warehouse."""
        for feed in self._feeds.values():
            await feed.close()

    def _opens(self, shown: Filters) -> Callable[[], Warehouse]:
        return partial(self._open, shown=shown) if shown else self._open
