"""A day as it arrives: bytes by slice of arrival time, and the truth about them."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from streams.generator.day import batches, chunks
from streams.generator.plan import Plan
from streams.generator.sales import base_conversion
from streams.generator.truth import Tally, Truth, stated
from streams.generator.world import build


def arrivals(plan: Plan, slice_ms: int = 60_000, tally: Tally | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield (until_ms, newline-delimited JSON) for each slice of arrival time in which something arrives.

    until_ms: end of the slice, milliseconds UTC, exclusive. Events are in order of arrival; slices in which nothing
    arrives are skipped. The bytes, put together, do not depend on slice_ms. Refunds come months after the sessions.
    tally: counts what is yielded, for `told`. Raises ValueError if slice_ms is below 1.
    """
    if slice_ms < 1:
        raise ValueError(f"slice_ms={slice_ms} is below 1; give at least one millisecond")
    held, parts = -1, list[bytes]()
    for chunk in chunks(plan, tally):
        for number, data in _slices(chunk, plan.start_ms, slice_ms):
            if number != held and parts:
                yield plan.start_ms + (held + 1) * slice_ms, b"".join(parts)
                parts.clear()
            held = number
            parts.append(data)
    if parts:
        yield plan.start_ms + (held + 1) * slice_ms, b"".join(parts)


def _slices(chunk: pl.DataFrame, start_ms: int, slice_ms: int) -> Iterator[tuple[int, bytes]]:
    """Cut sorted lines into slices: the number of each, and its bytes."""
    if not chunk.height:
        return
    data = chunk["line"].str.join("").item().encode()
    ends = np.cumsum(chunk["line"].str.len_bytes().to_numpy(), dtype=np.int64)
    numbers = (chunk["arrival"].to_numpy() - start_ms) // slice_ms
    lasts = np.append(np.flatnonzero(np.diff(numbers)), len(numbers) - 1)
    begin = 0
    for number, end in zip(numbers[lasts].tolist(), ends[lasts].tolist(), strict=True):
        yield number, data[begin:end]
        begin = end


def told(plan: Plan, tally: Tally) -> Truth:
    """Close a tally that went along with `arrivals` to their end."""
    world = build(plan)
    return stated(world, base_conversion(world), tally)


def truth(plan: Plan) -> Truth:
    """Draw a whole plan without writing it, and say what it holds."""
    tally = Tally()
    world = build(plan)
    for batch in batches(world):
        tally.add(batch.events, batch.malformed)
    return stated(world, base_conversion(world), tally)
