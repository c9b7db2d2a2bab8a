"""Late facts: which orders that are credited already does a batch touch."""

import polars as pl

from analytics.intervals import OPEN_MS
from analytics.warehouse import Warehouse
from streams import lanes
from streams.state import RECENT_ORDERS, State

DIRTY = {"order_id": pl.String, "ordered_ms": pl.Int64, "reason": pl.String}
LATE_VIEWER = "late viewer event"
LATE_ROSTER = "late roster event"


def dirty_orders(
    changes: pl.DataFrame, shifts_after: pl.DataFrame, state: State, warehouse: Warehouse, batch: int
) -> pl.DataFrame:
    """Find orders at or after a change of their viewer's watches, or of anybody's shift.

    changes: as `live.update` gives them; shifts_after: all shifts with the batch. Returns DIRTY, each order once.
    """
    found = pl.concat(
        [
            _touched_by_viewers(changes, state, warehouse, batch),
            _touched_by_shifts(_first_shift_change(state.roster.shifts, shifts_after), state, warehouse, batch),
        ]
    )
    return found.unique("order_id", keep="first", maintain_order=True)


def _touched_by_viewers(changes: pl.DataFrame, state: State, warehouse: Warehouse, batch: int) -> pl.DataFrame:
    since = changes.group_by("viewer_id").agg(pl.col("at_ms").min())
    found = [state.recent_orders.select(list(RECENT_ORDERS))]
    older = since.filter(pl.col("at_ms") < (state.floor_ms or 0))
    if older.height:
        found.append(
            warehouse.query(
                "core_orders_by_viewer",
                viewers=older["viewer_id"].to_list(),
                from_ms=int(older["at_ms"].min()),  # type: ignore[arg-type]  # not empty
                batch=batch,
            ).select(list(RECENT_ORDERS))
        )
    return (
        pl.concat(found)
        .join(since, on="viewer_id")
        .filter(pl.col("ordered_ms") >= pl.col("at_ms"))
        .select("order_id", "ordered_ms", reason=pl.lit(LATE_VIEWER))
    )


def _touched_by_shifts(since_ms: int | None, state: State, warehouse: Warehouse, batch: int) -> pl.DataFrame:
    if since_ms is None or state.floor_ms is None:
        return pl.DataFrame(schema=DIRTY)
    recent = state.recent_orders
    if since_ms < state.floor_ms:
        recent = warehouse.query("core_orders_after", from_ms=max(since_ms, 0), batch=batch, **lanes.bounds(batch))
    return recent.filter(pl.col("ordered_ms") >= since_ms).select("order_id", "ordered_ms", reason=pl.lit(LATE_ROSTER))


def _first_shift_change(before: pl.DataFrame, after: pl.DataFrame) -> int | None:
    """The earliest instant at which who is on air differs."""
    if before is after:
        return None
    key = ["session_id", "host_id", "start_ms"]
    both = before.join(after, on=key, how="full", coalesce=True, suffix="_after")
    moved = both.filter(pl.col("end_ms").ne_missing(pl.col("end_ms_after")))
    since = (
        pl.when(pl.col("end_ms").is_null() | pl.col("end_ms_after").is_null())
        .then("start_ms")
        .otherwise(pl.min_horizontal("end_ms", "end_ms_after"))
    )
    first = moved.select(since.min()).item()
    return None if first is None or first >= OPEN_MS else int(first)
