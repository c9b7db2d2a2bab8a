"""Refunds and orders of different lanes: who has to be told what, so that neither misses the other.

Each side stores first and looks then, so at least one of two that come at the same time sees the other. What is told
names the batch of the refund: that is how it counts, also while that batch is not closed.
"""

from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from analytics.warehouse import Warehouse
from streams import lanes
from streams.arriving import Touched

_NONE: list[int] = []
"""No batches: nothing is left out of a look."""
_FOUND = {"viewer_id": pl.String, "order_id": pl.String, "batch": pl.UInt64}


class Crossing:
    """Finds orders that must be looked at again: `look` as soon as each table is stored, from any thread.

    rows: what is stored, by table, of one lane or several. What must be looked at again are orders of other lanes than
    their refunds that are stored, and orders that are stored with a refund that another lane stored.
    """

    def __init__(self, rows: Mapping[str, pl.DataFrame], warehouse: Warehouse) -> None:
        self._rows, self._warehouse = rows, warehouse
        self._found: list[pl.DataFrame] = []

    def look(self, table: str) -> None:
        """Look for the other side of what was stored. Raises WarehouseError."""
        if table == "refunds":
            self._found.append(self._of_other_lanes())
        if table == "orders":
            self._found.append(self._refunded_elsewhere())

    @property
    def orders(self) -> dict[str, list[Touched]]:
        """What was found by its viewer."""
        found: dict[str, list[Touched]] = defaultdict(list)
        for viewer_id, order_id, batch in dict.fromkeys(row for frame in self._found for row in frame.iter_rows()):
            found[viewer_id].append(Touched(order_id, batch))
        return found

    def _of_other_lanes(self) -> pl.DataFrame:
        refunds = self._rows["refunds"].select("order_id", "batch", lanes.LANE)
        if "orders" in self._rows:
            own = self._rows["orders"].select("order_id", lanes.LANE)
            refunds = refunds.join(own, on=["order_id", "lane"], how="anti")
        if refunds.is_empty():
            return pl.DataFrame(schema=_FOUND)
        wanted = refunds["order_id"].unique().sort().to_list()
        orders = self._warehouse.query("core_orders_by_id", order_ids=wanted, batches=_NONE)
        return _of_different_lanes(orders, refunds)

    def _refunded_elsewhere(self) -> pl.DataFrame:
        orders = self._rows["orders"]
        refunds = self._warehouse.query("core_refunds_of_orders", order_ids=orders["order_id"].to_list(), batches=_NONE)
        return _of_different_lanes(orders, refunds.select("order_id", "batch", lanes.LANE))


def _of_different_lanes(orders: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """Orders with a refund of another lane, and its batch (_FOUND). refunds: order_id, batch, lane."""
    of_order = orders.select("viewer_id", "order_id", lane_of_order=lanes.LANE)
    return of_order.join(refunds, on="order_id").filter(pl.col("lane") != pl.col("lane_of_order")).select(list(_FOUND))
