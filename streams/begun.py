"""What can be done of batches before their intents stand: lines are read, and what they name is being looked up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import polars as pl

from analytics.decoding import Decoded, decode
from analytics.warehouse import Warehouse
from streams import asked
from streams.arriving import Touched
from streams.aside import Begin
from streams.asked import Asked
from streams.known import Repeats
from streams.misplaced import without_misplaced
from streams.state import State


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a batch, the first of them has the number `first`; and ids of orders to look at again.

    accepts: events of which kind belong here; others are rejected.
    """

    data: bytes
    first: int = 1
    touched: Sequence[Touched] = ()
    accepts: Literal["all", "viewers", "roster"] = "all"


@dataclass(frozen=True, slots=True)
class Begun:
    """What the lines of a batch say, and which viewer events may have come before."""

    lines: Lines
    decoded: Decoded
    repeats: Repeats

    @classmethod
    def of(cls, lines: Lines, state: State) -> Self:
        """Read the lines of the next batch after a state."""
        read = without_misplaced(decode(lines.data, lines.first), lines.data, lines.first, lines.accepts)
        return cls(lines, read, Repeats(read.facts.viewer_events, state.known))


@dataclass(frozen=True, slots=True)
class Before:
    """What other batches stored of what some batches name, asked once for all of them.

    orders and refunds by their ids; refunds, and entries that stand, by their order; marks by viewer; viewer events.
    """

    orders: Asked
    refunds: Asked
    refunds_of_orders: Asked
    entries: Asked
    marks: Asked
    events: Asked

    @classmethod
    def of(cls, begun: Sequence[Begun], warehouse: Warehouse, batches: Sequence[int], begin: Begin) -> Self:
        """Begin to look up all of it; rows of these batches are left out."""
        facts = [one.decoded.facts for one in begun]
        bought = [order_id for one in facts for order_id in one.orders["order_id"]]
        refunded = [order_id for one in facts for order_id in one.refunds["order_id"]]
        again = [*refunded, *(order_id for one in begun for order_id, _ in one.lines.touched)]
        buyers = [viewer_id for one in facts for viewer_id in one.orders["viewer_id"]]
        refund_ids = [refund_id for one in facts for refund_id in one.refunds["refund_id"]]
        suspects = pl.concat([one.repeats.suspects for one in begun])
        return cls(
            orders=asked.stored_orders(warehouse, batches, [*bought, *again]).ahead(begin),
            refunds=asked.stored_refunds(warehouse, batches, refund_ids).ahead(begin),
            refunds_of_orders=asked.refunds_of_orders(warehouse, batches, [*bought, *again]).ahead(begin),
            entries=asked.booked_entries(warehouse, batches, again).ahead(begin),
            marks=asked.stored_marks(warehouse, batches, buyers).ahead(begin),
            events=asked.stored_events(warehouse, batches, suspects).ahead(begin),
        )
