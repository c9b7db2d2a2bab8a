"""Money to the minor unit: largest remainder, exact."""

import hashlib
from collections.abc import Sequence

import polars as pl

from analytics.events import MAX_AMOUNT_MINOR

_WIDE = (1 << 126) // MAX_AMOUNT_MINOR


def allocate(shares: pl.DataFrame, group: Sequence[str]) -> pl.DataFrame:
    r"""Split each group's amount over its hosts by weight, to the minor unit.

    shares: the group's columns (order_id among them), host_id, weight (Int128, not negative, not all zero in a group),
    total_minor (Int64, the same in a group, not negative).
    Exact integer quotas, rounded down, then one unit each to the largest remainders (Hamilton's method); ties by
    sha256(order_id + "\x1f" + host_id), ascending. A host with weight 0 never gets a unit; the sum is the total.
    Returns shares with amount_minor instead of total_minor, in their order.
    """
    if shares.is_empty():
        return shares.rename({"total_minor": "amount_minor"})
    if int(shares.group_by(group).agg(pl.col("weight").sum())["weight"].max()) > _WIDE:  # type: ignore[arg-type]  # not empty
        return _allocate_wide(shares, group)
    total, weight = pl.col("total_minor").cast(pl.Int128), pl.col("weight")
    quotas = (
        shares.with_row_index("row")
        .with_columns(weights=weight.sum().over(group))
        .with_columns(quota=total * weight // pl.col("weights"), rest=total * weight % pl.col("weights"))
        .with_columns(left=total - pl.col("quota").sum().over(group))
    )
    given = _extra_units(quotas.filter(pl.col("left") > 0), group)
    return (
        quotas.join(given, on="row", how="left", maintain_order="left")
        .with_columns(amount_minor=(pl.col("quota") + pl.col("extra").fill_null(0)).cast(pl.Int64))
        .drop("row", "weights", "quota", "rest", "left", "extra", "total_minor")
    )


def _extra_units(quotas: pl.DataFrame, group: Sequence[str]) -> pl.DataFrame:
    """Which rows get one of the units left over. Returns row, extra (1)."""
    pairs = quotas.select("order_id", "host_id").unique()
    ties = pairs.with_columns(
        tie=pl.Series([tie_key(order, host) for order, host in pairs.iter_rows()], dtype=pl.Binary)
    )
    return (
        quotas.join(ties, on=["order_id", "host_id"])
        .sort(*group, "rest", "tie", descending=[False] * len(group) + [True, False])
        .filter(pl.int_range(pl.len()).over(group) < pl.col("left"))
        .select("row", extra=pl.lit(1, dtype=pl.Int128))
    )


def tie_key(order_id: str, host_id: str) -> bytes:
    """What breaks a tie between equal remainders, so that no host is favoured by its name."""
    return hashlib.sha256(f"{order_id}\x1f{host_id}".encode()).digest()


def _allocate_wide(shares: pl.DataFrame, group: Sequence[str]) -> pl.DataFrame:
    """As `allocate`, in Python integers: for weights so large that 128 bits might not hold weight x amount."""
    amounts = [0] * shares.height
    groups = shares.with_row_index("row").group_by(group, maintain_order=True)
    for _, rows in groups:
        total, weights = int(rows["total_minor"][0]), [int(weight) for weight in rows["weight"]]
        whole = sum(weights)
        quotas = [divmod(total * weight, whole) for weight in weights]
        left = total - sum(quota for quota, _ in quotas)
        ties = [tie_key(order, host) for order, host in rows.select("order_id", "host_id").iter_rows()]
        by_rest = sorted(range(rows.height), key=lambda i: (-quotas[i][1], ties[i]))  # used at once
        extra = set(by_rest[:left])
        for i, row in enumerate(rows["row"]):
            amounts[row] = quotas[i][0] + (i in extra)
    return shares.drop("total_minor").with_columns(amount_minor=pl.Series(amounts, dtype=pl.Int64))
