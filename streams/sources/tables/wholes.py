"""Batches of rows cut anew so that no order and no refund is in two of them."""

from collections.abc import Iterable, Iterator

import polars as pl

from streams.sources.tables.columns import text_of
from streams.sources.tables.mapping import Mapping


class CameApart(ValueError):  # noqa: N818  # named for what is the case
    """Rows of one order, or of one refund, did not follow each other; the message names two of them, and the remedy."""


def wholes(batches: Iterable[pl.DataFrame], mapping: Mapping) -> Iterator[pl.DataFrame]:
    """Cut batches so that each order, or refund, is whole in one. They hold row and the mapping's columns.

    Rows of one have to follow each other. That they do is seen when all have come, by a hash and a number of each: 16
    bytes, beside the batch at hand. Raises CameApart.
    """
    key = text_of(dict(mapping.fields())[mapping.key])
    held = pl.DataFrame()
    ended = [pl.DataFrame(schema={"key": pl.UInt64, "row": pl.Int64})]
    for batch in batches:
        rows = batch if held.is_empty() else pl.concat([held, batch])
        keys = rows.select("row", key=key)["key"]
        under_way = keys.eq_missing(keys.tail(1))
        whole, held = rows.filter(~under_way), rows.filter(under_way)
        if not whole.is_empty():
            ended.append(_firsts(whole, key))
            yield whole
    if not held.is_empty():
        ended.append(_firsts(held, key))
        yield held
    _check(pl.concat(ended), mapping)


def _firsts(rows: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    """Give the hash and the first row of each key; rows without one are refused for that elsewhere."""
    return rows.filter(key.is_not_null()).select(key=key.hash(), row="row").unique("key", keep="first")


def _check(firsts: pl.DataFrame, mapping: Mapping) -> None:
    twice = firsts.filter(pl.col("key").is_duplicated()).sort("row")
    if twice.is_empty():
        return
    later = twice.filter(~pl.col("key").is_first_distinct()).row(0, named=True)
    first = twice.filter(pl.col("key") == later["key"])["row"][0]
    raise CameApart(
        f"rows {first + 1} and {later['row'] + 1} have one {mapping.key} and do not follow each other; end the query "
        f"with ORDER BY and the column of {mapping.key}"
    )
