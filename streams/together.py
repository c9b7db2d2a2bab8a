"""Batches of several lanes, stored together: an intent for each, one insert per table, all closed by one insert.

The order of steps is the promise, as in `processor`; here Kafka is the journal. Each intent is a compare-and-set of its
own and names all batches that belong together. That holds if the intents that stand for them all say the same; else
each is done alone. So nobody can store a batch alone while another one stores it together: both read the same intents.
Whoever finds one of them unfinished does all of them, whosever the lanes are, and comes to the same rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from analytics.warehouse import tables
from streams import batch, intents, lanes
from streams.arriving import Arrived, Touched
from streams.aside import Early, is_closed
from streams.begun import Before, Begun
from streams.crossing import Crossing
from streams.intents import Pins
from streams.journal import Intent
from streams.lane import Lane, Means, Share
from streams.outcome import Outcome, Stored

LaneOf = Callable[[int, str], Lane]
"""Gives a lane by its number and source: one's own, or one made for the occasion."""


class Together:
    """The next batches of some lanes, each lane once; a single one is done alone, by the same steps."""

    def __init__(self, means: Means, shares: Sequence[Share]) -> None:
        self._means = means
        self._shares = sorted(shares, key=lambda share: share.intent.batch)
        self._batches = tuple(share.intent.batch for share in self._shares)
        self._stand = all(share.stands for share in shares)

    def advance(self) -> list[Outcome]:
        """Do them; nothing where another worker has closed them meanwhile, or has other batches in mind.

        Its word is then taken: the lanes are where it left them, or have the unfinished batch that stands. May be tried
        again after an error. Raises WarehouseError, BrokerAway.
        """
        means = self._means
        group = self._batches if len(self._batches) > 1 else ()
        wanted = [msgspec.structs.replace(share.intent, together=group) for share in self._shares]
        if self._stand:
            return self._finished(*self._begun())
        standing = means.begin(lambda: intents.take_on(means.warehouse, wanted, means.mark, means.each))
        begun = self._begun()
        self._know(wanted, standing())
        return self._finished(*begun) if self._stand else []

    def _begun(self) -> tuple[list[tuple[Arrived, Begun]], Before]:
        """Read all records, and begin to look up what they name."""
        means = self._means
        read = [share.lane.begun(share.records) for share in self._shares]
        return read, Before.of([begun for _, begun in read], means.warehouse, self._batches, means.begin)

    def _know(self, wanted: Sequence[Intent], standing: Sequence[Intent]) -> None:
        """Know the intents that stand; those of the same batches and records are as good as ours."""
        self._stand = all(map(_is_the_same_work, wanted, standing))
        self._shares = [replace(share, intent=intent) for share, intent in zip(self._shares, standing, strict=True)]
        for share in self._shares:
            share.lane.unfinished = share.intent

    def _finished(self, read: Sequence[tuple[Arrived, Begun]], before: Before) -> list[Outcome]:
        """Do batches whose intents stand.

        What was looked up came before the look at `batches`; so if they were open then, no later batch of their lanes
        had begun, and the rows are the same as anyone's.
        """
        means, token = self._means, self._shares[0].intent.token
        with Early(self._batches, token, means.warehouse, means.mark, means.begin) as early:
            done = [
                (share.intent, self._worked_out(share, *one, before, early))
                for share, one in zip(self._shares, read, strict=True)
            ]
            if is_closed(self._batches, means.warehouse):
                for share in self._shares:
                    share.lane.reload()
                return []
            rows = batch.rows_of(done)
            crossing = Crossing(rows, means.warehouse)
            batch.write(rows, token, means.warehouse, means.mark, means.each, early.has, crossing.look)
        self._tell(crossing.orders, rows.get("rejects"))
        batch.close(done, means.warehouse, means.mark)
        for share, (intent, stored) in zip(self._shares, done, strict=True):
            share.lane.done(intent, stored)
        return [stored.outcome for _, stored in done]

    def _worked_out(self, share: Share, arrived: Arrived, begun: Begun, before: Before, early: Early) -> Stored:
        numbered = tables.numbered(share.intent.batch)

        def store(table: str, rows: pl.DataFrame) -> None:
            early.store(table, numbered(rows))

        return share.lane.worked_out(share.intent, arrived, begun, before, store)

    def _tell(self, to_touch: Mapping[str, Sequence[Touched]], rejects: pl.DataFrame | None) -> None:
        kafka = self._means.kafka
        for viewer_id, touched in to_touch.items():
            kafka.touch(touched, viewer_id)
        if rejects is not None and rejects.height:
            kafka.park(rejects)
        kafka.flush()
        self._means.mark("told")


def recover(means: Means, lane: Lane, lane_of: LaneOf, pins: Pins) -> list[Outcome]:
    """Finish an unfinished batch with all that are stored together with it; or let the lane know that it stands alone.

    A batch without an intent keeps the others from being stored together, so its lane does one without records first.
    May be tried again after an error. Raises WarehouseError, BrokerAway.
    """
    intent = lane.unfinished
    if intent is None or not intent.together:
        return []
    for number in set(intent.together) - intents.standing(means.warehouse, intent.together).keys():
        of = lanes.lane_of(number)
        missing = lane_of(of, lanes.source_of(of, intent.source))
        if _is_at(number, missing):
            Together(means, [missing.empty(pins, caught_up=False)]).advance()
    found = intents.standing(means.warehouse, intent.together)
    if any(number not in found or found[number].together != intent.together for number in intent.together):
        lane.stand_alone()
        return []
    members = [(one, lane_of(lanes.lane_of(one.batch), one.source)) for one in found.values()]
    if not all(_is_at(one.batch, member) for one, member in members):  # another worker was faster
        lane.reload()
        return []
    return Together(means, [_redone(means, *member) for member in members]).advance()


def _redone(means: Means, intent: Intent, lane: Lane) -> Share:
    records = means.kafka.again(intent.source, intent.first_position, intent.last_offset)
    return Share(lane, intent, records, stands=True)


def _is_at(number: int, lane: Lane) -> bool:
    """Whether a lane's next batch has this number; it reads where it stands if another worker has moved it."""
    if lane.next_batch != number:
        lane.reload()
    return lane.next_batch == number


def _is_the_same_work(wanted: Intent, standing: Intent) -> bool:
    work = (wanted.kind, wanted.first_position, wanted.last_offset, wanted.together)
    return work == (standing.kind, standing.first_position, standing.last_offset, standing.together)
