"""Periods of the books in the warehouse: what is closed, how a period is closed, what it says.

A closing is one insert under the token of its period. Whoever closes it too, or again after a crash, finds the closing
that stands, and its figures follow from that one alone.
"""

from dataclasses import replace
from zoneinfo import ZoneInfo

import polars as pl

from analytics.closing import CLOSINGS, FIGURES, Books, closing
from analytics.periods import Period
from analytics.warehouse import Warehouse, tables


def books(warehouse: Warehouse, zone: ZoneInfo) -> Books:
    """Read what is closed, the last stored batch of every lane, and where the ledger begins. Raises WarehouseError."""
    pins = warehouse.query("books_pins")  # before the ledger: nothing that they hold may be earlier than its beginning
    return Books(closings(warehouse), pins, warehouse.query("books_earliest").item(), zone)


def closings(warehouse: Warehouse) -> pl.DataFrame:
    """Read all closings (CLOSINGS), by period and lane. Raises WarehouseError."""
    return warehouse.query("books_closings").select(pl.col(name).cast(dtype) for name, dtype in CLOSINGS.items())


def close(warehouse: Warehouse, period: Period, known: Books, now_ms: int) -> pl.DataFrame:
    """Close a period up to the pins of the books, unless it is closed; give the closing that stands (CLOSINGS).

    A crash leaves no closing, or a whole one without its evidence. Raises WarehouseError.
    """
    current = replace(known, closings=closings(warehouse))
    rows = tables.closings(closing(period, current, now_ms))
    warehouse.insert("closings", rows, f"closing-{period.name}")
    stands = closings(warehouse).filter(pl.col("period") == period.name)
    prove(warehouse, stands)
    return stands


def prove(warehouse: Warehouse, stands: pl.DataFrame) -> None:
    """Store the figures of a closing as evidence, unless they are there. stands: CLOSINGS of one period."""
    period = str(stands["period"][0])
    if evidence(warehouse, period).is_empty():
        warehouse.insert("closed_figures", recomputed(warehouse, stands), f"figures-{period}")


def evidence(warehouse: Warehouse, period: str = "") -> pl.DataFrame:
    """Read the figures (FIGURES) stored when a period was closed; of all periods without a name."""
    return _typed(warehouse.query("books_closed_figures", period=period))


def recomputed(warehouse: Warehouse, stands: pl.DataFrame) -> pl.DataFrame:
    """Work out the figures (FIGURES) of closings from the ledger. stands: CLOSINGS of periods in a row."""
    if stands.is_empty():
        return pl.DataFrame(schema=FIGURES)
    return _figures(warehouse, int(stands["start_ms"].min()), int(stands["end_ms"].max()))  # type: ignore[arg-type]  # not empty


def outlook(warehouse: Warehouse, period: Period) -> pl.DataFrame:
    """Say what an open period holds so far (FIGURES). Raises WarehouseError."""
    return _figures(warehouse, period.start_ms, period.end_ms).with_columns(period=pl.lit(period.name))


def _figures(warehouse: Warehouse, start_ms: int, end_ms: int) -> pl.DataFrame:
    return _typed(warehouse.query("books_figures", from_ms=start_ms, until_ms=end_ms))


def _typed(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(pl.col(name).cast(dtype) for name, dtype in FIGURES.items())
