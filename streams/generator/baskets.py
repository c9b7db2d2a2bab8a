"""What an order holds: one to three lines, samples for nothing, discount lines below zero."""

import numpy as np
import polars as pl

from streams.generator.actions import popular
from streams.generator.cast import PRODUCTS, Cast, Ints, product_id, quoted
from streams.generator.world import World

_MOST = 5
"""Pieces of one product in one line, at most."""


def baskets(world: World, first: Ints, rng: np.random.Generator) -> pl.DataFrame:
    """Fill a basket around the first product of each order, in the orders' order.

    Returns amount (minor units, the sum of the lines), lines (a JSON list), sample and discounted.
    """
    plan, orders = world.plan, len(first)
    sample = rng.random(orders) < plan.sample_rate
    discounted = (rng.random(orders) < plan.discount_rate) & ~sample
    sizes = 1 + np.searchsorted([0.7, 0.9], rng.random(orders))
    order = np.repeat(np.arange(orders), sizes)
    line = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    product = np.where(line == 0, first[order], popular(first[order] // PRODUCTS, rng))
    quantity = np.minimum(rng.geometric(0.8, len(order)), _MOST)
    amount = world.cast.prices[product] * quantity * ~sample[order]
    goods = {"order": order, "line": line + 1, "product": product, "quantity": quantity, "amount": amount}
    totals = _totals(world.cast, _discounts(world.cast, pl.DataFrame(goods), np.flatnonzero(discounted)))
    return totals.with_columns(sample=pl.Series(sample), discounted=pl.Series(discounted))


def _discounts(cast: Cast, lines: pl.DataFrame, discounted: Ints) -> pl.DataFrame:
    """Append a line of minus a tenth, the product after the last, to the discounted orders."""
    off = (
        lines.filter(pl.col("order").is_in(discounted.tolist()))
        .group_by("order", maintain_order=True)
        .agg(
            pl.col("line").max() + 1,
            product=pl.lit(len(cast.prices), pl.Int64),
            quantity=pl.lit(1, pl.Int64),
            amount=-(pl.col("amount").sum() // 10),
        )
    )
    return pl.concat([lines, off]).sort("order", "line")


def _totals(cast: Cast, lines: pl.DataFrame) -> pl.DataFrame:
    """Add the lines of each order up and write them as JSON."""
    names = pl.Series([*map(product_id, range(len(cast.prices))), "coupon"])
    categories = pl.Series([*(f',"category":{quoted(name)}' for name in cast.categories), ""])
    fields = (("line_id", "line"), ("product_id", "name"))
    quoted_fields = [part for key, column in fields for part in (pl.lit(f'"{key}":"'), pl.col(column), pl.lit('",'))]
    counts = (pl.lit('"quantity":'), "quantity", pl.lit(',"amount_minor":'), "amount", "category")
    named = lines.with_columns(name=names.gather(lines["product"]), category=categories.gather(lines["product"]))
    text = pl.concat_str(pl.lit("{"), *quoted_fields, *counts, pl.lit("}"))
    rows = named.group_by("order", maintain_order=True).agg(pl.col("amount").sum(), lines=text.str.join(","))
    return rows.select("amount", pl.concat_str(pl.lit("["), "lines", pl.lit("]")).alias("lines"))
