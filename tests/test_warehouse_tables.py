"""Rows for the warehouse: the same facts give the same rows in the same order."""

import polars as pl

from analytics.warehouse import tables


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
    shuffled = [pl.DataFrame({"order_id": list(ids)}) for ids in ("cab", "bca")]
    assert [tables.order_paths(steps, of)["order_id"].to_list() for of in shuffled] == [["a", "b", "c"]] * 2
