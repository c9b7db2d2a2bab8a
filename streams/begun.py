"""What can be done of a batch before its intent stands: its lines are read, and what they name is being looked up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from analytics.decoding import Decoded, decode
from analytics.warehouse import Warehouse
from streams.aside import Begin
from streams.fresh import Before
from streams.misplaced import without_misplaced
from streams.state import State


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a batch, the first of them has the number `first`; and ids of orders to look at again.

    accepts: events of which kind belong here; others are rejected.
    """

    data: bytes
    first: int = 1
    touched: Sequence[str] = ()
    accepts: Literal["all", "viewers", "roster"] = "all"


@dataclass(frozen=True, slots=True)
class Begun:
    """What the lines of a batch say, and what other batches stored of it."""

    lines: Lines
    decoded: Decoded
    before: Before

    @classmethod
    def of(cls, lines: Lines, state: State, warehouse: Warehouse, batch: int, begin: Begin) -> Self:
        """Read the lines that a batch of this number may have, and begin to look up what they name."""
        read = without_misplaced(decode(lines.data, lines.first), lines.data, lines.first, lines.accepts)
        return cls(lines, read, Before.of(read.facts, lines.touched, state, warehouse, batch, begin))
