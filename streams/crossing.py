"""Refunds and orders of different lanes: who has to be told what, so that neither misses the other.

Each side stores first and looks then, so at least one of two that come at the same time sees the other.
"""

from collections import defaultdict

import polars as pl

from analytics.warehouse import Warehouse
from streams import lanes
from streams.outcome import Stored

_NONE = 0
"""No batch: nothing is left out of a look."""
_NOBODY = pl.DataFrame(schema={"viewer_id": pl.String, "order_id": pl.String})


class Crossing:
    """Finds orders that must be looked at again: `look` as soon as each table of a batch is stored, from any thread.

    They are orders of other lanes whose refunds this batch stored, and orders of this batch with a refund that another
    lane stored, also where the batch has seen it: an earlier try may not have, and its lines are those that stand.
    """

    def __init__(self, stored: Stored, batch: int, warehouse: Warehouse) -> None:
        self._stored, self._batch, self._warehouse = stored, batch, warehouse
        self._found: list[pl.DataFrame] = []

    def look(self, table: str) -> None:
        """Look for the other side of what was stored. Raises WarehouseError."""
        if table == "refunds":
            self._found.append(_of_other_lanes(self._stored, self._batch, self._warehouse))
        if table == "orders":
            self._found.append(_refunded_elsewhere(self._stored, self._batch, self._warehouse))

    @property
    def orders(self) -> dict[str, list[str]]:
        """Ids of what was found by its viewer."""
        found: dict[str, list[str]] = defaultdict(list)
        for viewer_id, order_id in (row for frame in self._found for row in frame.iter_rows()):
            found[viewer_id].append(order_id)
        return found


def _of_other_lanes(stored: Stored, batch: int, warehouse: Warehouse) -> pl.DataFrame:
    own = set(stored.rows.get("orders", _NOBODY)["order_id"])
    refunds = stored.rows.get("refunds", _NOBODY)["order_id"]
    wanted = sorted(set(refunds) - own)
    if not wanted:
        return _NOBODY
    lane = lanes.bounds(batch)
    orders = warehouse.query("core_orders_by_id", order_ids=wanted, batch=_NONE)
    return orders.filter(~pl.col("batch").is_between(lane["first"], lane["last"])).select(list(_NOBODY.columns))


def _refunded_elsewhere(stored: Stored, batch: int, warehouse: Warehouse) -> pl.DataFrame:
    orders, lane = stored.rows["orders"], lanes.bounds(batch)
    refunds = warehouse.query("core_refunds_of_orders", order_ids=orders["order_id"].to_list(), batch=_NONE)
    elsewhere = refunds.filter(~pl.col("batch").is_between(lane["first"], lane["last"]))
    return orders.join(elsewhere, on="order_id", how="semi").select(list(_NOBODY.columns))
