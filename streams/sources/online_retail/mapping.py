"""Say what each line of the order file is: a sale, a cancellation, or something the books do not take, and why."""

import polars as pl

from streams.sources.online_retail.reading import THOUSANDTHS_PER_MINOR

# Codes that are no products, by what they are; every other code is one, gift vouchers too.
NO_PRODUCT = {
    "carriage": ("POST", "DOT", "C2"),
    "manual_entry": ("M",),
    "discount": ("D",),
    "sample": ("S",),
    "fee": ("AMAZONFEE", "BANK CHARGES", "CRUK"),
    "bad_debt": ("B",),
}

REASONS = {
    "sub_penny": "not a whole number of pence",
    "bad_debt": "debt charged by an adjustment invoice (A…)",
    "bad_debt_written_off": "debt written off by an adjustment invoice (A…)",
    "negative_line": "less than nothing sold, without being a cancellation",
    "not_negative": "a cancellation that takes nothing back",
    "duplicate_line": "equal in all columns to an earlier line",
    "carriage": "postage and carriage (POST, DOT, C2), not a product",
    "manual_entry": "typed in by hand (M), no product named",
    "discount": "a discount (D), not a product",
    "sample": "samples (S), not a product",
    "fee": "fees and commissions (AMAZONFEE, BANK CHARGES, CRUK), not a product",
    "nothing_paid": "price zero, in an invoice without a product that was paid for",
    "no_customer": "a cancellation without a customer: its sale cannot be found",
    "orphan_cancellation": "no earlier sale of the customer and product has this much left",
}


def classify(lines: pl.DataFrame) -> pl.DataFrame:
    """Give each line the reason why it cannot be booked; null where it can, as far as the line alone tells.

    lines: as from `reading.read_lines`. Returns the same with reason; a cancellation with a null reason still has to
    find its sale. The first reason that fits counts, in the order of `REASONS`; sub_penny is the first of all, so no
    other row of the bridge has parts of a penny.
    """
    amount, quantity = pl.col("amount_thousandths"), pl.col("quantity")
    cases: list[tuple[pl.Expr, str]] = [
        (amount % THOUSANDTHS_PER_MINOR != 0, "sub_penny"),
        (pl.col("adjusted") & (amount >= 0), "bad_debt"),
        (pl.col("adjusted"), "bad_debt_written_off"),
        (~pl.col("cancelled") & ((quantity <= 0) | (amount < 0)), "negative_line"),
        (pl.col("cancelled") & ((quantity >= 0) | (amount >= 0)), "not_negative"),
        (pl.col("duplicate"), "duplicate_line"),
        *((pl.col("product").str.to_uppercase().is_in(codes), reason) for reason, codes in NO_PRODUCT.items()),
        (pl.col("cancelled") & pl.col("customer").is_null(), "no_customer"),
    ]
    reason = pl.coalesce(pl.when(fits).then(pl.lit(name)) for fits, name in cases)
    bookable = lines.with_columns(reason=reason)
    paid = pl.when(pl.col("reason").is_null()).then(amount).sum().over("invoice") != 0
    nothing = pl.col("reason").is_null() & ~pl.col("cancelled") & ~paid
    return bookable.with_columns(reason=pl.when(nothing).then(pl.lit("nothing_paid")).otherwise("reason"))
