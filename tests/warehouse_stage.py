"""Rows and values that tests of the warehouse share."""

from typing import Any

import polars as pl
from warehouse_books import rows

from analytics.warehouse import Warehouse, tables
from analytics.warehouse.server import Server

NOON_MS = 1_700_000_000_000
RECORDED_MS = 4_000_000_000_000
"""Far ahead, so that no row of a test is past its time to live."""
DAY_MS = 86_400_000
HOSTILE = [
    "",
    "'",
    "''",
    '"',
    "\\",
    "\\\\",
    "\\'",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "a\0b",
    "\\N",
    "NULL",
    "{a:String}",
    "{value:String}",
    "%s",
    "$1",
    "`",
    "[1,2]",
    "','",
    "']) OR 1=1 --",
    "主播李雷的直播间",
    "🛒é\u200b\u2028",
    "\x01\x08\x0b\x0c\x1b\x7f",
    " leading and trailing ",
    "x" * 5_000,
]
IN_THEIR_PLACES = "SELECT value FROM system.one ARRAY JOIN {0} AS value, arrayEnumerate({0}) AS place ORDER BY place"
ASKED = {
    "scalar": "SELECT {value:String} AS value",
    "array": IN_THEIR_PLACES.format("{values:Array(String)}"),
    "numbers": IN_THEIR_PLACES.format("{values:Array(Int64)}"),
}


def presence(count: int, batch: int = 1, days: int = 1) -> pl.DataFrame:
    """So many people who begin to watch, a millisecond apart, over some days."""
    numbers = pl.int_range(count, eager=True)
    changes = pl.DataFrame({"at_ms": NOON_MS + numbers + numbers % days * DAY_MS}).with_columns(
        session_id=pl.lit("s"), viewer_id=pl.lit("v"), change=pl.lit(1)
    )
    return tables.numbered(batch)(tables.presence(changes, RECORDED_MS))


def online(warehouse: Warehouse) -> tuple[int, int]:
    """Rows of the base table, and the sum in the rollup behind it."""
    base = rows(warehouse, "SELECT count() FROM presence")
    rollup = rows(warehouse, "SELECT sum(change) FROM presence_minute")
    return int(base[0][0]), int(rollup[0][0])


def execute(warehouse: Any, statement: str) -> str:
    """Run a statement that is no query."""
    answer: str = warehouse.run(statement) if isinstance(warehouse, Server) else warehouse._run(statement)
    return answer
