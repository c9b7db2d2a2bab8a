"""Sheets that people write: CSV text read strictly, with the line, field, value and remedy of what is wrong."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

Value = TypeVar("Value")
_WHOLE = re.compile(r"-?[0-9]{1,18}")


class WrongSheet(ValueError):  # noqa: N818  # named for what is the case
    """A sheet that cannot be; the message names line, field, value and remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: its line in the file and its fields; what is left empty is absent."""

    line: int
    fields: Mapping[str, str]

    def wrong(self, field: str, remedy: str) -> WrongSheet:
        """Say what is wrong with a field."""
        return WrongSheet(f"line {self.line}, {field} {self.fields.get(field, '')!r}: {remedy}")

    def needed(self, field: str, remedy: str) -> str:
        """Give a field that must be there. Raises WrongSheet."""
        if field not in self.fields:
            raise self.wrong(field, remedy)
        return self.fields[field]

    def read(self, field: str, reader: Callable[[str], Value], remedy: str) -> Value | None:
        """Read a field that may be absent. Raises WrongSheet."""
        if field not in self.fields:
            return None
        try:
            return reader(self.fields[field])
        except ValueError:
            raise self.wrong(field, remedy) from None


def rows(text: str, columns: Sequence[str], needed: Sequence[str]) -> list[Row]:
    """Read the rows of a CSV text with a head line; lines that are empty or begin with # are left out.

    columns: the fields there may be; needed: those that the head must have. Raises WrongSheet.
    """
    lines = [(number, line) for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)]
    told = [(number, line) for number, line in lines if line.strip() and not line.startswith("#")]
    if not told:
        raise WrongSheet(f"the sheet is empty; its first line names the fields: {','.join(columns)}")
    cells = [(number, _cells(number, line)) for number, line in told]
    head = [name.strip() for name in cells[0][1]]
    _check(head, columns, needed)
    return [_row(number, head, values) for number, values in cells[1:]]


def _cells(number: int, line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise WrongSheet(
            f"line {number} is no CSV: {error}; quote a field that holds a comma or a quote, and keep a row on one line"
        ) from None


def _check(head: list[str], columns: Sequence[str], needed: Sequence[str]) -> None:
    for name in head:
        if name not in columns or head.count(name) > 1:
            raise WrongSheet(f"field {name!r} of the head line is unknown or there twice; use: {','.join(columns)}")
    for name in needed:
        if name not in head:
            raise WrongSheet(f"the head line lacks {name!r}; the fields are: {','.join(columns)}")


def _row(number: int, head: list[str], values: list[str]) -> Row:
    if len(values) != len(head):
        raise WrongSheet(
            f"line {number} has {len(values)} fields, the head has {len(head)}; leave fields empty instead"
        )
    return Row(number, {name: value.strip() for name, value in zip(head, values, strict=True) if value.strip()})


def whole(text: str) -> int:
    """Read a whole number. Raises ValueError."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return int(text)


def day(text: str) -> date:
    """Read a day, as in 2026-10-01. Raises ValueError."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def span(row: Row) -> tuple[date, date | None]:
    """Read `from` and `until`: the days from the first to the one before the last bound. Raises WrongSheet."""
    row.needed("from", "say the first day it holds, as in 2026-10-01")
    first = row.read("from", day, "write a day, as in 2026-10-01")
    until = row.read("until", day, "write the first day on which it no longer holds, or nothing")
    if first is None or (until is not None and until <= first):
        raise row.wrong("until", "it must be after `from`: it is the first day on which the row no longer holds")
    return first, until
