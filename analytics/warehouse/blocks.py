"""How rows become blocks: cut at the same places on every engine, so that a repeat meets the very same tokens."""

from collections.abc import Iterator

import polars as pl

MAX_BLOCK_ROWS = 500_000
"""Polars cuts streams of 524,288 rows and more, and an engine would mix the cut into the token."""

ROOM_BYTES = 256 << 20
"""Free bytes that an insert needs. chdb 4.4 takes a write that failed for done, on a full disk or beyond the greatest
size of a file (seen with strace): the insert is acknowledged, its rows are lost. So neither is let come near."""

INSERT_SETTINGS = {
    "min_free_disk_bytes_to_perform_insert": str(ROOM_BYTES),
    "deduplicate_blocks_in_dependent_materialized_views": "1",
    "async_insert": "0",
    "max_insert_block_size": "1048449",
    "max_partitions_per_insert_block": "0",
}
"""Settings of every insert, besides its insert_deduplication_token: one block in, one block stored."""


def blocks(frame: pl.DataFrame, token: str) -> Iterator[tuple[pl.DataFrame, str]]:
    """Cut rows into blocks of at most MAX_BLOCK_ROWS, each with a token of its own; no rows are no block.

    What has to be cut is sorted first: a repeat may bring the same rows in another order, and no row may change blocks.
    """
    if frame.height > MAX_BLOCK_ROWS:
        frame = frame.sort(name for name, dtype in frame.schema.items() if not dtype.is_nested())
    for part, start in enumerate(range(0, frame.height, MAX_BLOCK_ROWS)):
        yield frame[start : start + MAX_BLOCK_ROWS], f"{token}-{part}"
