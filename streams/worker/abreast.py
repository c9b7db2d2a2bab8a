"""Work on several lanes at once: while one waits for ClickHouse, another one decodes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from streams.worker.patience import Stopped

_Of = TypeVar("_Of")


class Abreast:
    """So many threads for the lanes of one worker; a single piece of work is done in the caller's own."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "lane")

    def each(self, work: Callable[[_Of], object], of: Sequence[_Of]) -> None:
        """Do the work for each and return when all is done.

        Raises what one of them raised: at once, while others are still at work; but Stopped only when all have ended.
        """
        if len(of) == 1:
            work(of[0])
            return
        under_way = [self._threads.submit(work, one) for one in of]
        stopped: Stopped | None = None
        for done in as_completed(under_way):
            try:
                done.result()
            except Stopped as error:
                stopped = error
        if stopped:
            raise stopped
