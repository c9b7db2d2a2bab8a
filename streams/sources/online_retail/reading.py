"""Read the order file into exact lines: text in, integers out, never a float."""

from pathlib import Path

import polars as pl

from streams.sources.tables.columns import nano
from streams.sources.tables.importing import mapped
from streams.sources.tables.mapping import Mapping, Money, Time, Told
from streams.sources.tables.reading import WrongFileError, read_csv, refuse_first

__all__ = ["COLUMNS", "MAPPING", "SHOP_ZONE", "THOUSANDTHS_PER_MINOR", "WrongFileError", "read_lines"]
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
SHOP_ZONE = "Europe/London"
THOUSANDTHS_PER_MINOR = 10
MAPPING = Mapping(
    source="online-retail",
    kind="orders",
    time=Time("InvoiceDate", "%Y-%m-%d %H:%M:%S", SHOP_ZONE),
    money=Money(Told(value="GBP"), unit_price="UnitPrice"),
    order_id="InvoiceNo",
    product_id="StockCode",
    viewer_id="CustomerID",
    quantity="Quantity",
)
"""What the file's columns are, in the words of a mapping file; `mapping` and `matching` have the rules beyond that."""
_NANO_PER_THOUSANDTH = 10**6
REMEDY = "give an intact UTF-8 CSV file, plain or gzipped, with the eight columns of Online Retail"

# field, what its text must look like, may it be empty, what to do about a wrong one
SHAPES = (
    ("InvoiceNo", r"^[AC]?[0-9]{1,18}$", False, "give digits, after a C for a cancellation or an A for an adjustment"),
    ("StockCode", r"^.{1,32}$", False, "give the product's code, at most 32 characters"),
    ("Quantity", r"^-?[0-9]{1,7}$", False, "give a whole number of at most seven digits"),
    (
        "InvoiceDate",
        r"^(199|20\d|21\d)\d-\d\d-\d\d \d\d:\d\d:\d\d$",
        False,
        "write YYYY-MM-DD HH:MM:SS, shop-local time",
    ),
    ("UnitPrice", r"^-?[0-9]{1,6}(\.[0-9]{1,3})?$", False, "write pounds with at most three decimals, as in 2.55"),
    ("CustomerID", r"^[0-9]{1,18}(\.0)?$", True, "give digits, or leave it empty where no customer is known"),
)


def read_lines(file: Path) -> pl.DataFrame:
    """Read every line of the file, CSV or gzipped CSV, in file order.

    Returns row (0, 1, …), invoice, ordinal (1, 2, … within the invoice), product, customer (null if unknown),
    quantity, price_thousandths and amount_thousandths (of a pound), at_ms (UTC; the first time of the invoice),
    cancelled (the invoice starts with C), adjusted (it starts with A), duplicate (an equal line stands before it).
    Raises WrongFileError for a missing column or a value that cannot be read.
    """
    raw = read_csv(file, COLUMNS, REMEDY)
    for field, shape, optional, remedy in SHAPES:
        fits = pl.col(field).str.contains(shape).fill_null(optional)
        refuse_first(raw, file, field, ~fits, remedy)
    lines = raw.with_columns(duplicate=~pl.struct(COLUMNS).is_first_distinct())
    lines = lines.with_columns(price=nano("UnitPrice", MAPPING.money), customer=_customer()).hstack(
        mapped(raw, MAPPING).drop("row")
    )
    refuse_first(
        lines, file, "InvoiceDate", pl.col("at_ms").is_null(), "give a day and a time that exist in the calendar"
    )
    invoice = pl.col("order_id")
    refuse_first(
        lines, file, "CustomerID", pl.col("customer").n_unique().over(invoice) > 1, "give an invoice one customer"
    )
    return lines.select(
        "row",
        invoice=invoice,
        ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(invoice),
        product="product_id",
        customer="customer",
        quantity="pieces",
        price_thousandths=(pl.col("price") // _NANO_PER_THOUSANDTH).cast(pl.Int64),
        amount_thousandths=(pl.col("amount") // _NANO_PER_THOUSANDTH).cast(pl.Int64),
        at_ms=pl.col("at_ms").min().over(invoice),
        cancelled=invoice.str.starts_with("C"),
        adjusted=invoice.str.starts_with("A"),
        duplicate="duplicate",
    )


def _customer() -> pl.Expr:
    return pl.col("CustomerID").str.strip_suffix(".0")
