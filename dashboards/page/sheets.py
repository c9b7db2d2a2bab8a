"""A panel as a file for spreadsheets: RFC 4180, UTF-8 that says so, amounts exact, no cell a formula."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dashboards.page.cells import Cell
from dashboards.spec import STATES, Column, Unit

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a text that begins with one of these for a formula; the last four are wide = + - @."""

_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of the country, and names of any script are lost."""

_NUMBERS = {Unit.COUNT, Unit.MONEY, Unit.SHARE, Unit.NUMBER, Unit.SECONDS, Unit.CHECK}


def sheet(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], zone: str, currency: str | None) -> str:
    """Write the rows of a panel, as `cells.rows` gives them, below their titles.

    Times are ISO 8601 in the zone. Amounts of rows without a currency of their own have it in their title.
    """
    of_row = any(column.name == "currency" for column in columns)
    local = ZoneInfo(zone)
    lines = [[_title(column, None if of_row else currency) for column in columns]]
    lines += [[_cell(cell, column.unit, local) for cell, column in zip(row, columns, strict=True)] for row in rows]
    return _MARK + "".join(",".join(map(_quoted, line)) + "\r\n" for line in lines)


def file_name(board: str, panel: str, *, from_ms: int, until_ms: int, zone: str) -> str:
    """Name the file of a panel: board, panel, from, to, in the zone."""
    begin, end = (
        f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)):%Y%m%dT%H%M}" for at in (from_ms, until_ms)
    )
    return f"{board}-{panel}-{begin}-{end}.csv"


def _title(column: Column, currency: str | None) -> str:
    return f"{column.title} ({currency})" if currency and column.unit is Unit.MONEY else column.title


def _cell(cell: Cell, unit: Unit, zone: ZoneInfo) -> str:
    if cell is None:
        return ""
    if unit is Unit.TIME:
        return datetime.fromtimestamp(float(cell) / 1000, UTC).astimezone(zone).isoformat(timespec="milliseconds")
    if unit is Unit.STATE:
        return STATES.get(int(cell), str(cell))
    text = str(cell)
    return f"'{text}" if unit not in _NUMBERS and text.startswith(_FORMULA) else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text
