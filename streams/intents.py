"""Intents as rows: the journal of the lanes, and the one place where two workers could disagree.

An intent is inserted with a token made of its batch number, so the first one for a number stands; whoever reads it back
does that batch, also a worker that wanted another cut or does not know yet that its partition was taken away.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from analytics.warehouse import Warehouse, WarehouseError, tables
from streams import lanes
from streams.aside import Mark
from streams.batch import Each, in_turn, unmarked
from streams.journal import Intent

_DAY_MS = 86_400_000
_ROW: dict[str, Any] = {
    "batch": pl.UInt64,
    "kind": pl.String,
    "source": pl.String,
    "first_position": pl.UInt64,
    "last_offset": pl.UInt64,
    "roster_batch": pl.UInt64,
    "fit": pl.UInt32,
    "newest_ms": pl.Int64,
    "recorded_at": tables.TIME,
    "together": pl.List(pl.UInt64),
    "seen": pl.List(pl.UInt64),
}
"""Columns of `intents`."""


class Pins(msgspec.Struct, frozen=True):
    """What a new batch stands on: roster batch, the roster's next offset, Markov fit, newest event time of all (ms).

    seen: the last stored batches of all lanes.
    """

    roster_batch: int
    roster_offset: int
    fit: int
    newest_ms: int
    seen: tuple[int, ...] = ()


def pins(warehouse: Warehouse, now_ms: int) -> Pins:
    """Read what is closed now; the newest event time is that of the last day's batches."""
    roster = lanes.bounds(lanes.before_first(lanes.ROSTER))
    found = warehouse.query("core_pins", since_ms=max(now_ms - _DAY_MS, 0), **roster).row(0, named=True)
    return msgspec.convert({name: value or 0 for name, value in found.items()} | {"seen": found["seen"]}, Pins)


def standing(warehouse: Warehouse, batches: Sequence[int]) -> dict[int, Intent]:
    """Give the intents that stand, by their batch."""
    found = warehouse.query("core_intents", batches=list(batches))
    told = [msgspec.convert(row, Intent) for row in found.iter_rows(named=True)]
    return {intent.batch: intent for intent in sorted(told, key=lambda intent: -intent.recorded_ms)}


def row(intent: Intent) -> pl.DataFrame:
    """Give the row of `intents` for an intent."""
    told = msgspec.structs.asdict(intent)
    told["recorded_at"] = told.pop("recorded_ms")
    told |= {"together": list(intent.together), "seen": list(intent.seen)}
    return pl.DataFrame({name: pl.Series([told[name]], dtype=dtype) for name, dtype in _ROW.items()})


def take_on(
    warehouse: Warehouse, wanted: Sequence[Intent], mark: Mark = unmarked, each: Each = in_turn
) -> list[Intent]:
    """Write intents down, each unless there is one for its batch, and give those that stand. Raises WarehouseError."""

    def written(intent: Intent) -> None:
        warehouse.insert("intents", row(intent), f"intent-{intent.batch}")
        mark("intent")

    each(written, wanted)
    found = standing(warehouse, [intent.batch for intent in wanted])
    for intent in wanted:
        if intent.batch not in found:
            raise WarehouseError(
                f"intent of batch {intent.batch}: the table intents holds its token and not its row, as after a crash "
                "of a server whose tables are not replicated; restore the row from a backup, and think of "
                "HOSTLEDGER_CLUSTER"
            )
    return [found[intent.batch] for intent in wanted]
