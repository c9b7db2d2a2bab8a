"""Read the order file into exact lines: text in, integers out, never a float."""

from pathlib import Path

import polars as pl

from streams.sources.tables.reading import WrongFileError, read_csv, refuse_first, utc_ms

__all__ = ["COLUMNS", "SHOP_ZONE", "THOUSANDTHS_PER_MINOR", "WrongFileError", "read_lines"]
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
SHOP_ZONE = "Europe/London"
THOUSANDTHS_PER_MINOR = 10
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
    local = pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False)
    refuse_first(raw, file, "InvoiceDate", local.is_null(), "give a day and a time that exist in the calendar")
    invoice = pl.col("InvoiceNo")
    customer = pl.col("CustomerID").str.strip_suffix(".0")
    refuse_first(raw, file, "CustomerID", customer.n_unique().over(invoice) > 1, "give an invoice one customer")
    quantity = pl.col("Quantity").cast(pl.Int64)
    price = (pl.col("UnitPrice").cast(pl.Decimal(20, 3)) * 1000).cast(pl.Int64)
    return raw.select(
        "row",
        invoice=invoice,
        ordinal=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(invoice),
        product=pl.col("StockCode"),
        customer=customer,
        quantity=quantity,
        price_thousandths=price,
        amount_thousandths=quantity * price,
        at_ms=utc_ms(local, SHOP_ZONE).min().over(invoice),
        cancelled=invoice.str.starts_with("C"),
        adjusted=invoice.str.starts_with("A"),
        duplicate=~pl.struct(COLUMNS).is_first_distinct(),
    )
