"""Find, for each cancelled line, the sale or the sales that it takes back."""

from collections import defaultdict
from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import polars as pl

from streams.sources.online_retail.reading import THOUSANDTHS_PER_MINOR

REFUND_SCHEMA = {
    "row": pl.Int64,
    "refund_id": pl.String,
    "order_id": pl.String,
    "sale_row": pl.Int64,
    "customer": pl.String,
    "at_ms": pl.Int64,
    "quantity": pl.Int64,
    "amount_minor": pl.Int64,
}


@dataclass(slots=True)
class Sale:
    """What is left of one booked line: pieces, and thousandths of a pound."""

    row: int
    order_id: str
    at_ms: int
    price_thousandths: int
    quantity: int
    amount_thousandths: int

    def pieces(self, price_thousandths: int) -> int:
        """Count the pieces that can be taken back at this price: no more pieces or money than are left, whole pence."""
        most = min(self.quantity, self.amount_thousandths // price_thousandths)
        return most - most % (THOUSANDTHS_PER_MINOR // gcd(THOUSANDTHS_PER_MINOR, price_thousandths))


class Cancelled(NamedTuple):
    """One cancelled line; quantity and price are positive."""

    row: int
    invoice: str
    ordinal: int
    product: str
    customer: str
    at_ms: int
    quantity: int
    price_thousandths: int


def match(lines: pl.DataFrame) -> pl.DataFrame:
    """Match every bookable cancelled line with earlier sales of the same customer and product.

    lines: as from `mapping.classify`. The cancelled lines are taken by (time, row); each is matched whole or not at
    all. Sales at the cancelled unit price go before others, then sales that have the whole quantity left, then the most
    recent; the pieces are taken in that order, from as many sales as it needs. No sale gives back more pieces or more
    money than it has left, so refunds never exceed their order.
    Returns one row per part: row (of the cancelled line), refund_id (invoice/ordinal/part), order_id, sale_row,
    customer, at_ms, quantity, amount_minor (both positive). A line without rows here is an orphan.
    """
    bookable = lines.filter(pl.col("reason").is_null())
    cancelled = bookable.filter("cancelled").sort("at_ms", "row")
    sold = bookable.filter(~pl.col("cancelled")).join(cancelled, on=["customer", "product"], how="semi")
    sales = _sales(sold)
    parts: list[tuple[object, ...]] = []
    columns = ["row", "invoice", "ordinal", "product", "customer", "at_ms", -pl.col("quantity"), "price_thousandths"]
    for values in cancelled.select(columns).iter_rows():
        line = Cancelled(*values)
        earlier = [sale for sale in sales[line.customer, line.product] if sale.at_ms <= line.at_ms]
        parts.extend(_take(line, earlier))
    return pl.DataFrame(parts, schema=REFUND_SCHEMA, orient="row")


def _sales(sold: pl.DataFrame) -> defaultdict[tuple[str, str], list[Sale]]:
    """List the sales of each customer and product, the most recent first."""
    sales: defaultdict[tuple[str, str], list[Sale]] = defaultdict(list)
    columns = ["row", "invoice", "at_ms", "price_thousandths", "quantity", "amount_thousandths"]
    recent = sold.sort("at_ms", "row", descending=True)
    for key, values in zip(
        recent.select("customer", "product").iter_rows(), recent.select(columns).iter_rows(), strict=True
    ):
        sales[key].append(Sale(*values))
    return sales


def _take(line: Cancelled, earlier: list[Sale]) -> list[tuple[object, ...]]:
    """Take the line's pieces out of these sales, most recent first in the list; nothing if they do not suffice."""
    price = line.price_thousandths
    ranked = sorted(earlier, key=lambda sale: (sale.price_thousandths != price, sale.pieces(price) < line.quantity))
    missing, taken = line.quantity, []
    for sale in ranked:
        pieces = min(missing, sale.pieces(price))
        if pieces:
            taken.append((sale, pieces))
            missing -= pieces
    if missing:
        return []
    return [_part(line, part, sale, pieces) for part, (sale, pieces) in enumerate(taken, start=1)]


def _part(line: Cancelled, part: int, sale: Sale, pieces: int) -> tuple[object, ...]:
    amount = pieces * line.price_thousandths
    sale.quantity -= pieces
    sale.amount_thousandths -= amount
    refund_id = f"{line.invoice}/{line.ordinal}/{part}"
    minor = amount // THOUSANDTHS_PER_MINOR
    return (line.row, refund_id, sale.order_id, sale.row, line.customer, line.at_ms, pieces, minor)
