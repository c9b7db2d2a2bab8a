"""Rows for the warehouse: the same facts give the same rows in the same order."""

import polars as pl
import pytest
from warehouse_stage import presence

from analytics.warehouse import blocks, tables


def test_rows_of_paths_stand_by_order_id_however_the_engine_gave_the_orders() -> None:
    steps = pl.DataFrame(
        {
            "order_id": ["b", "a"],
            "session_id": ["s", "s"],
            "start_ms": [0, 0],
            "end_ms": [1, 1],
            "watched_ms": [1, 1],
            "host_ids": [["h"], ["h"]],
        }
    )
    former = pl.DataFrame({"order_id": ["b"], "former_host_ids": [[["g"]]]})
    shuffled = [pl.DataFrame({"order_id": list(ids), "ordered_ms": [0, 0, 0]}) for ids in ("cab", "bca")]
    rows = [tables.order_paths(steps, of, former) for of in shuffled]
    assert [found["order_id"].to_list() for found in rows] == [["a", "b", "c"]] * 2
    assert rows[0]["former_host_ids"].to_list() == [[], [["g"]], []]


def test_rows_are_cut_into_the_same_blocks_in_whatever_order_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_BLOCK_ROWS", 4)
    frame = presence(11, days=3).with_columns(listed=pl.lit([1, 2]))
    first = [(block.rows(), token) for block, token in blocks.blocks(frame, "batch-1")]
    again = [
        (block.rows(), token)
        for block, token in blocks.blocks(frame.sample(fraction=1, shuffle=True, seed=3), "batch-1")
    ]
    assert again == first, "a block that was stored before a crash would take other rows with it, and leave some out"
    assert [len(block) for block, _ in first] == [4, 4, 3]
