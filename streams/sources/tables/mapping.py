"""What a mapping file may say: which column is which field of the contract, in which zone, with which decimals."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import polars as pl
from msgspec import Struct


class WrongMapping(ValueError):  # noqa: N818  # named for what is the case
    """The mapping file cannot be used; the message says where and why."""


class Told(Struct, forbid_unknown_fields=True, frozen=True):
    """Where a field comes from: a column, perhaps with something before it, or one value for all rows."""

    column: str | None = None
    value: str | None = None
    prefix: str = ""


Where = str | Told
"""A column's name, or a Told."""


class Time(Struct, forbid_unknown_fields=True, frozen=True):
    """How a time is written. format: iso, s or ms (since 1970), or as in strftime. zone: where the text names none."""

    column: str
    format: str = "iso"
    zone: str | None = None


class Money(Struct, forbid_unknown_fields=True, frozen=True):
    """How an amount is written, and its currency. An amount of a line is `amount`, or `unit_price` times quantity."""

    currency: Where
    amount: str | None = None
    unit_price: str | None = None
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""


class Mapping(Struct, forbid_unknown_fields=True, frozen=True):
    """One table. source: what ids of orders and refunds begin with; that of the live source of the same shop.

    kind orders: one row is one line; rows of one order_id are one order. kind refunds: rows of one refund_id are one
    refund, their amounts summed.
    """

    source: str
    kind: Literal["orders", "refunds"]
    time: Time
    money: Money
    order_id: Where
    refund_id: Where | None = None
    reason: Where | None = None
    viewer_id: Where | None = None
    session_id: Where | None = None
    host_id: Where | None = None
    product_id: Where | None = None
    quantity: Where | None = None
    line_id: Where | None = None
    category: Where | None = None

    def fields(self) -> Iterator[tuple[str, Told]]:
        """Give every field that is told, with where it comes from."""
        for name in FIELDS:
            found = self.money.currency if name == "currency" else getattr(self, name)
            if found is not None:
                yield name, Told(column=found) if isinstance(found, str) else found

    @property
    def key(self) -> str:
        """The field whose rows belong together: they are one order, or one refund."""
        return "order_id" if self.kind == "orders" else "refund_id"

    def columns(self) -> list[str]:
        """List the columns that the table has to have, each once."""
        named = [told.column for _, told in self.fields()]
        named += [self.time.column, self.money.amount, self.money.unit_price]
        return list(dict.fromkeys(column for column in named if column))


FIELDS = (
    "order_id",
    "refund_id",
    "reason",
    "viewer_id",
    "session_id",
    "host_id",
    "product_id",
    "quantity",
    "line_id",
    "category",
    "currency",
)


def read_mapping(file: Path) -> Mapping:
    """Read a mapping file. Raises WrongMapping."""
    try:
        mapping = msgspec.toml.decode(file.read_bytes(), type=Mapping)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise WrongMapping(f"{file}: {error}; docs/SOURCES.md says what a mapping file holds") from None
    if wrong := _wrong(mapping):
        raise WrongMapping(f"{file}: {wrong}")
    return mapping


def _wrong(mapping: Mapping) -> str | None:
    """Say what does not go together."""
    needed = {"orders": ("product_id",), "refunds": ("refund_id",)}[mapping.kind]
    missing = [name for name in needed if getattr(mapping, name) is None]
    if missing:
        return f"kind {mapping.kind} needs {missing[0]}"
    unclear = [name for name, told in mapping.fields() if (told.column is None) == (told.value is None)]
    if unclear:
        return f"{unclear[0]} needs a column or a value, one of them"
    return _wrong_money(mapping) or _wrong_time(mapping.time)


def _wrong_money(mapping: Mapping) -> str | None:
    if (mapping.money.amount is None) == (mapping.money.unit_price is None):
        return "money needs amount or unit_price, one of them"
    if mapping.kind == "refunds" and mapping.money.amount is None:
        return "kind refunds needs money.amount"
    if mapping.money.unit_price is not None and mapping.quantity is None:
        return 'money.unit_price needs quantity: name its column, or write quantity = {value = "1"}'
    if mapping.money.decimal == mapping.money.thousands:
        return "decimal and thousands are the same mark"
    return None


def _wrong_time(time: Time) -> str | None:
    if time.format not in {"iso", "s", "ms"} and (why := _why_unusable(time.format)):
        return f"time.format {time.format!r} cannot be used: {why}"
    has_zone = time.format in {"iso", "s", "ms"} or "%z" in time.format or "%:z" in time.format
    if time.zone is None:
        return None if has_zone else "time needs a zone, such as Europe/Berlin: its format names none"
    try:
        ZoneInfo(time.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"time zone {time.zone!r} is unknown; use a name such as Asia/Shanghai or UTC"
    return None


def _why_unusable(form: str) -> str | None:
    """Say why no time can be read by a format; null for one that can be."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            pl.select(pl.lit(None, dtype=pl.String).str.to_datetime(form, time_unit="ms", strict=False))
        except (pl.exceptions.PolarsError, Warning) as error:
            return str(error).partition("\n")[0]
    return None
