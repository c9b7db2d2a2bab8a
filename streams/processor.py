"""One batch at a time: bytes in, rows out, all of them or none, once.

The order of steps is the promise: intent to the journal, rows by one token, the batch's own row, intent forgotten. A
crash between any two of them leads to the same rows (ARCHITECTURE.md, One batch, and a crash anywhere in it).
"""

from collections.abc import Callable
from pathlib import Path

from analytics.rules import Rules
from analytics.warehouse import Warehouse
from streams import batch, lanes
from streams.aside import Mark, at_once, is_closed
from streams.batch import unmarked
from streams.begun import Before, Begun, Lines
from streams.journal import Intent, Journal
from streams.outcome import Outcome
from streams.sources.files import Reached
from streams.state import Roster, State, restore, stored_roster


class Processor:
    """The one writer of a warehouse folder: lane 0."""

    def __init__(
        self,
        warehouse: Warehouse,
        folder: Path,
        rules: Rules,
        clock_ms: Callable[[], int],
        mark: Mark = unmarked,
    ) -> None:
        """Open for writing; a batch that a crash left unfinished is finished first."""
        self._warehouse = warehouse
        self._rules = rules
        self._clock_ms = clock_ms
        self._journal = Journal(folder / "journal")
        self._mark = mark
        self._state = _restored(warehouse, rules)
        self.recovered = self._recover()

    @property
    def state(self) -> State:
        """What is known now."""
        return self._state

    def reached(self, source: str) -> list[Reached]:
        """Up to where files of this name were read, the shortest way first.

        Batches of before there were hashes count only if there are no others: the furthest of them, without one.
        """
        places = [Reached(*row) for row in self._warehouse.query("core_position", source=source).iter_rows()]
        return [place for place in places if place.read_hash] or places

    def process(self, source: str, data: bytes, first_position: int, last_offset: int, read_hash: str = "") -> Outcome:
        """Take whole lines of a source in. Raises WarehouseError; the batch is then finished at the next start."""
        intent = Intent(
            self._next(), "events", source, first_position, last_offset, self._clock_ms(), read_hash=read_hash
        )
        return self._take_on(intent, data)

    def refit(self) -> Outcome:
        """Fit the Markov model to everything stored, and restate what the correction window allows."""
        return self._take_on(Intent(self._next(), "fit", "markov fit", 1, 0, self._clock_ms()), b"")

    def _next(self) -> int:
        return self._state.batch + 1

    def _take_on(self, intent: Intent, data: bytes) -> Outcome:
        self._journal.write(intent, data)
        self._mark("intent")
        return self._finish(intent, data)

    def _recover(self) -> Outcome | None:
        found = self._journal.pending()
        if found is None:
            return None
        intent, data = found
        if is_closed([intent.batch], self._warehouse):
            self._journal.done(intent)
            return None
        return self._finish(intent, data)

    def _finish(self, intent: Intent, data: bytes) -> Outcome:
        lines = Lines(data, intent.first_position)
        begun = Begun.of(lines, self._state)
        before = Before.of([begun], self._warehouse, [intent.batch], at_once)
        stored = batch.worked_out(intent, begun, before, None, self._state, self._warehouse, self._rules)
        done = [(intent, stored)]
        batch.write(batch.rows_of(done), intent.token, self._warehouse, self._mark)
        batch.close(done, self._warehouse, self._mark)
        self._journal.done(intent)
        self._mark("done")
        self._state = stored.state
        return stored.outcome


def _restored(warehouse: Warehouse, rules: Rules) -> State:
    lane = lanes.bounds(lanes.before_first(lanes.EMBEDDED))
    last = warehouse.query("core_last_batch", **lane)["batch"][0]
    standing = Roster.of(stored_roster(warehouse, **lane, leaving_out=last + 1), last)
    return restore(warehouse, rules, lanes.EMBEDDED, standing)
