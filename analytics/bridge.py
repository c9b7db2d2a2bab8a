"""The bridge between two attributions of the same orders: what moves from which host to which, exactly.

An attribution says what each account has of each order: order_id, currency, host_id, amount_minor, a row each. In every
order both sides hold the same money, so what some accounts lose others gain. Pairs are found order by order: accounts
that lose give to accounts that gain, both in the order of their ids, until all is given (the north-west corner rule).
So pairs are whole minor units, and sum to the gains and losses without a remainder.
"""

from dataclasses import dataclass

import polars as pl

ORDER = ["order_id", "currency"]
_ACCOUNT = [*ORDER, "host_id"]


class Uneven(ValueError):  # noqa: N818  # named for what is the case
    """Some orders hold other money on one side than on the other; order_ids names them."""

    def __init__(self, order_ids: list[str]) -> None:
        super().__init__(f"{len(order_ids)} orders hold other money on one side than on the other")
        self.order_ids = order_ids


@dataclass(frozen=True, slots=True)
class Bridge:
    """What moves between two attributions, in minor units, never across currencies.

    hosts: host_id, currency, before_minor, in_minor, out_minor, after_minor, difference_minor;
    pairs: from_host_id, to_host_id, currency, amount_minor, orders; movers: order_id, currency, moved_minor,
    from_host_ids, to_host_ids. The greatest amounts come first.
    """

    hosts: pl.DataFrame
    pairs: pl.DataFrame
    movers: pl.DataFrame


def bridged(before: pl.DataFrame, after: pl.DataFrame) -> Bridge:
    """Say what moves from one attribution to the other. Raises Uneven if an order's money differs."""
    accounts = _accounts(before, after)
    uneven = accounts.group_by(ORDER).agg(pl.col("change").sum()).filter(pl.col("change") != 0)
    if uneven.height:
        raise Uneven(uneven["order_id"].unique().sort().to_list())
    moves = _moves(accounts)
    return Bridge(_hosts(accounts), _pairs(moves), _movers(moves))


def _accounts(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What each account has of each order on both sides: before, after, change; all of Int64 as in the ledger."""
    sides = pl.concat(
        [
            before.select(*_ACCOUNT, before="amount_minor", after=pl.lit(0, dtype=pl.Int64)),
            after.select(*_ACCOUNT, before=pl.lit(0, dtype=pl.Int64), after="amount_minor"),
        ]
    )
    summed = sides.group_by(_ACCOUNT).agg(pl.col("before", "after").sum())
    return summed.with_columns(change=pl.col("after") - pl.col("before"))


def _moves(accounts: pl.DataFrame) -> pl.DataFrame:
    """Pair losses and gains of each order: order_id, currency, host_id, to_host_id, amount."""
    changed = accounts.filter(pl.col("change") != 0).sort(_ACCOUNT).with_columns(size=pl.col("change").abs())
    losers, gainers = (
        side.with_columns(end=pl.col("size").cum_sum().over(ORDER)).with_columns(begin=pl.col("end") - pl.col("size"))
        for side in (changed.filter(pl.col("change") < 0), changed.filter(pl.col("change") > 0))
    )
    overlap = pl.min_horizontal("end", "end_to") - pl.max_horizontal("begin", "begin_to")
    return (
        losers.join(gainers, on=ORDER, suffix="_to")
        .with_columns(amount=overlap)
        .filter(pl.col("amount") > 0)
        .select(*ORDER, "host_id", to_host_id="host_id_to", amount="amount")
    )


def _hosts(accounts: pl.DataFrame) -> pl.DataFrame:
    change = pl.col("change").cast(pl.Int128)
    return (
        accounts.group_by("host_id", "currency")
        .agg(
            before_minor=pl.col("before").cast(pl.Int128).sum(),
            in_minor=change.filter(change > 0).sum(),
            out_minor=0 - change.filter(change < 0).sum(),
            after_minor=pl.col("after").cast(pl.Int128).sum(),
            difference_minor=change.sum(),
        )
        .sort("currency", 0 - pl.col("difference_minor"), "host_id")
    )


def _pairs(moves: pl.DataFrame) -> pl.DataFrame:
    return (
        moves.group_by("host_id", "to_host_id", "currency")
        .agg(amount_minor=pl.col("amount").cast(pl.Int128).sum(), orders=pl.col("order_id").n_unique().cast(pl.Int64))
        .rename({"host_id": "from_host_id"})
        .sort("currency", 0 - pl.col("amount_minor"), "from_host_id", "to_host_id")
    )


def _movers(moves: pl.DataFrame) -> pl.DataFrame:
    return (
        moves.group_by(ORDER)
        .agg(
            moved_minor=pl.col("amount").cast(pl.Int128).sum(),
            from_host_ids=pl.col("host_id").unique().sort(),
            to_host_ids=pl.col("to_host_id").unique().sort(),
        )
        .sort("currency", 0 - pl.col("moved_minor"), "order_id")
    )
