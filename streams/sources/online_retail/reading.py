"""Read the order file into exact lines: text in, integers out, never a float."""

from pathlib import Path

import polars as pl

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
SHOP_ZONE = "Europe/London"
THOUSANDTHS_PER_MINOR = 10
HEADER_LINES = 1

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


class WrongFileError(ValueError):
    """The file is not what it should be; the message names line, field, value and remedy."""

    def __init__(self, file: Path, *, line: int, field: str, value: str | None, remedy: str) -> None:
        shown = "nothing" if value is None else repr(value)
        super().__init__(f"{file.name}, line {line}, {field}: {shown} cannot be read. Remedy: {remedy}.")
        self.line, self.field, self.value, self.remedy = line, field, value, remedy


def read_lines(file: Path) -> pl.DataFrame:
    """Read every line of the file, CSV or gzipped CSV, in file order.

    Returns row (0, 1, …), invoice, ordinal (1, 2, … within the invoice), product, customer (null if unknown),
    quantity, price_thousandths and amount_thousandths (of a pound), at_ms (UTC; the first time of the invoice),
    cancelled (the invoice starts with C), adjusted (it starts with A), duplicate (an equal line stands before it).
    Raises WrongFileError for a missing column or a value that cannot be read.
    """
    raw = _raw(file)
    for field, shape, optional, remedy in SHAPES:
        fits = pl.col(field).str.contains(shape).fill_null(optional)
        _refuse_first(raw, file, field, ~fits, remedy)
    local = pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False)
    _refuse_first(raw, file, "InvoiceDate", local.is_null(), "give a day and a time that exist in the calendar")
    invoice = pl.col("InvoiceNo")
    customer = pl.col("CustomerID").str.strip_suffix(".0")
    _refuse_first(raw, file, "CustomerID", customer.n_unique().over(invoice) > 1, "give an invoice one customer")
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
        at_ms=utc_ms(local).min().over(invoice),
        cancelled=invoice.str.starts_with("C"),
        adjusted=invoice.str.starts_with("A"),
        duplicate=~pl.struct(COLUMNS).is_first_distinct(),
    )


def utc_ms(local: pl.Expr) -> pl.Expr:
    """Shop-local times as milliseconds UTC, deterministic on the two days when the clock changes.

    A time that occurs twice (autumn) is its first occurrence, summer time; a time that does not occur (spring) is read
    as if the clock had not been changed yet, winter time.
    """
    placed = local.dt.replace_time_zone(SHOP_ZONE, ambiguous="earliest", non_existent="null")
    return placed.dt.epoch("ms").fill_null(local.dt.epoch("ms"))


def _raw(file: Path) -> pl.DataFrame:
    try:
        raw = pl.read_csv(file, infer_schema=False, row_index_name="row")
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        said = str(error).partition("\n")[0]
        remedy = "give an intact UTF-8 CSV file, plain or gzipped, with the eight columns of Online Retail"
        raise WrongFileError(file, line=HEADER_LINES, field="file", value=said, remedy=remedy) from error
    for column in COLUMNS:
        if column not in raw.columns:
            found = ", ".join(raw.columns[1:])
            remedy = f"the header must have the columns {', '.join(COLUMNS)}"
            raise WrongFileError(file, line=HEADER_LINES, field=column, value=found, remedy=remedy)
    return raw.with_columns(pl.col("row").cast(pl.Int64))


def _refuse_first(raw: pl.DataFrame, file: Path, field: str, wrong: pl.Expr, remedy: str) -> None:
    for row, value in raw.filter(wrong).select("row", field).head(1).iter_rows():
        raise WrongFileError(file, line=row + HEADER_LINES + 1, field=field, value=value, remedy=remedy)
