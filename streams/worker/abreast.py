"""Work side by side: while one lane or one insert waits for ClickHouse, another one goes on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from streams.worker.patience import Stopped

_Of = TypeVar("_Of")
_Found = TypeVar("_Found")


class Abreast:
    """So many threads; a single piece of work is done in the caller's own."""

    def __init__(self, threads: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, name)

    def begin(self, work: Callable[[], _Found]) -> Callable[[], _Found]:
        """Begin the work, and give what waits for its end; it must not wait for other work of these threads."""
        return self._threads.submit(work).result

    def each(self, work: Callable[[_Of], object], of: Sequence[_Of]) -> None:
        """Do the work for each, in any order; return or raise when none is under way any more.

        Raises the first error in the order of `of`; Stopped only if there is no other.
        """
        if len(of) == 1:
            work(of[0])
            return
        under_way = [self._threads.submit(work, one) for one in of]
        errors = [error for done in under_way if (error := done.exception())]
        for error in sorted(errors, key=lambda error: isinstance(error, Stopped)):
            raise error
