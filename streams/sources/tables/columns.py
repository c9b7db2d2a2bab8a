"""Times and amounts of a table's columns: text in, integers out, null where the text is none; never a float."""

import re

import polars as pl

from analytics.currencies import EXPONENTS
from streams.sources.tables.mapping import Money, Time, Told
from streams.sources.tables.reading import utc_ms

_PLACES = 9
_NANO = 10**_PLACES
_SCALES = {code: 10**digits for code, digits in EXPONENTS.items()}
_AMOUNT = rf"^-?[0-9]{{1,15}}(?:\.[0-9]{{1,{_PLACES}}})?$"
_WHOLE = r"^-?[0-9]{1,9}$"


def text_of(told: Told) -> pl.Expr:
    """A field as text without blanks around it; null where it is empty."""
    found = pl.lit(told.value) if told.column is None else pl.col(told.column).str.strip_chars()
    kept = pl.when(found != "").then(found)
    return pl.format("{}{}", pl.lit(told.prefix), kept) if told.prefix else kept


def at_ms(time: Time) -> pl.Expr:
    """A time in milliseconds UTC; null for text that is none, and for one without a zone where the mapping has none."""
    text = pl.col(time.column).str.strip_chars()
    if time.format in {"s", "ms"}:
        number = pl.when(text.str.contains(r"^[0-9]{1,15}$")).then(text).cast(pl.Int64)
        return number * 1000 if time.format == "s" else number
    if time.format != "iso":
        return _formatted(text, time.format, time.zone)
    whole = text.str.replace(" ", "T", literal=True).str.replace(r"[zZ]$", "+00:00")
    whole = whole.str.replace(r"^([0-9]{4}-[0-9][0-9]-[0-9][0-9])$", "${1}T00:00:00")
    with_offset = whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="ms", strict=False).dt.epoch("ms")
    if time.zone is None:
        return with_offset
    return pl.coalesce(with_offset, _formatted(whole, "%Y-%m-%dT%H:%M:%S%.f", time.zone))


def _formatted(text: pl.Expr, form: str, zone: str | None) -> pl.Expr:
    found = text.str.to_datetime(form, time_unit="ms", strict=False)
    return found.dt.epoch("ms") if zone is None or "%z" in form or "%:z" in form else utc_ms(found, zone)


def whole(text: pl.Expr) -> pl.Expr:
    """A whole number of at most nine digits; null for text that is none."""
    return pl.when(text.str.contains(_WHOLE)).then(text).cast(pl.Int64)


def nano(column: str, money: Money) -> pl.Expr:
    """An amount in billionths of the currency's unit; null for text that is none."""
    text = pl.col(column).str.strip_chars()
    if money.thousands:
        text = _without_thousands(text, money)
    if money.decimal == ",":
        text = pl.when(~text.str.contains(".", literal=True)).then(text.str.replace(",", ".", literal=True))
    fits = pl.when(text.str.contains(_AMOUNT)).then(text)
    units = fits.str.extract(r"^-?([0-9]+)").cast(pl.Int128)
    parts = fits.str.extract(r"\.([0-9]+)$").fill_null("").str.pad_end(_PLACES, "0").cast(pl.Int128)
    amount = units * pl.lit(_NANO, dtype=pl.Int128) + parts
    return amount * pl.when(text.str.starts_with("-")).then(-1).otherwise(1).cast(pl.Int128)


def _without_thousands(text: pl.Expr, money: Money) -> pl.Expr:
    """Leave out the marks between thousands; null for a text that has them elsewhere, as in 10.50 and 0.500."""
    mark, point = re.escape(money.thousands), re.escape(money.decimal)
    grouped = text.str.contains(rf"^-?[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+(?:{point}[0-9]+)?$")
    plain = ~text.str.contains(money.thousands, literal=True)
    return pl.when(grouped | plain).then(text.str.replace_all(money.thousands, "", literal=True))


def minor(amount: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """An amount of billionths in minor units of its currency; null if it is no whole number of them, or too large."""
    scaled = amount * currency.replace_strict(_SCALES, default=None, return_dtype=pl.Int128)
    units = scaled // pl.lit(_NANO, dtype=pl.Int128)
    return pl.when(units * pl.lit(_NANO, dtype=pl.Int128) == scaled).then(units).cast(pl.Int64, strict=False)
