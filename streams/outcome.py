"""What a batch comes to."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from streams.state import Roster, State


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch takes on beside its intent.

    data: whole lines, the first of them has the number first_line. touched: ids of orders to look at again, because
    a refund of theirs was stored elsewhere. roster: who is on air, where another lane says it (null: the roster events
    of the batch itself join what is known). accepts: events of which kind belong here; others are rejected.
    """

    data: bytes
    first_line: int = 1
    touched: tuple[str, ...] = ()
    roster: Roster | None = None
    accepts: Literal["all", "viewers", "roster"] = "all"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of a batch, and the newest event time so far (milliseconds UTC)."""

    batch: int
    events: int
    repeats: int
    rejects: int
    unknown_fields: int
    orders: int
    lines: int
    restatements: int
    frozen: int
    newest_ms: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of a batch by table, the state after it, its outcome, and the last line of the source in it."""

    rows: dict[str, pl.DataFrame]
    state: State
    outcome: Outcome
    last_position: int
