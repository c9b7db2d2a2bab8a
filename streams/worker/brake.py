"""A producer that sends rubbish stops the worker, loudly, before it fills the dead letters."""

from fractions import Fraction
from threading import Lock

from streams.outcome import Outcome

_FEWEST_LINES = 1_000
"""Lines that a share of rejects is judged by, at least."""


class TooManyRejects(Exception):  # noqa: N818  # named for what is the case
    """A producer is broken: more than the set share of lines cannot become events."""


class Brake:
    """Judges the share of rejects over so many lines of any lanes; any thread may ask.

    limit: share of rejects that is too much.
    """

    def __init__(self, limit: Fraction) -> None:
        self._limit = limit
        self._lock = Lock()
        self._lines = self._rejected = 0

    def judge(self, outcome: Outcome) -> None:
        """Count a batch in. Raises TooManyRejects."""
        with self._lock:
            self._lines += outcome.events + outcome.repeats + outcome.rejects
            self._rejected += outcome.rejects
            if self._lines < _FEWEST_LINES:
                return
            rejected, lines = self._rejected, self._lines
            self._lines = self._rejected = 0
        if Fraction(rejected, lines) > self._limit:
            limit = f"{float(self._limit):.0%}"
            raise TooManyRejects(
                f"{rejected:,} of {lines:,} lines cannot become events, more than the limit of {limit}."
                " See their reasons with: hostledger dead-letters list. Mend the producer and start again: all of them "
                "are kept (limit: HOSTLEDGER_REJECT_LIMIT)"
            )
