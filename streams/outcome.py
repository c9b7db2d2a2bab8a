"""What a batch comes to."""

from dataclasses import dataclass

import polars as pl

from streams.state import State


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of a batch, read lines of a source among them, and the newest event time so far (milliseconds UTC)."""

    batch: int
    read: int
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
