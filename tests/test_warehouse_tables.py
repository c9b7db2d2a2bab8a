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
    former = pl.DataFrame({"order_id": ["b"], "former_host_ids": [[["g"]]]})
    shuffled = [pl.DataFrame({"order_id": list(ids), "ordered_ms": [0, 0, 0]}) for ids in ("cab", "bca")]
    rows = [tables.order_paths(steps, of, former) for of in shuffled]
    assert [found["order_id"].to_list() for found in rows] == [["a", "b", "c"]] * 2
    assert rows[0]["former_host_ids"].to_list() == [[], [["g"]], []]
