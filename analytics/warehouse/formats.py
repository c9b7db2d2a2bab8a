"""Answers in ClickHouse's output formats: over the native protocol a server sends values and leaves formats to clients.

The server itself writes the values (`formatRowNoNewline`), so that they look as in its own answers; here rows become
text.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence

from analytics.warehouse import WarehouseError

Table = tuple[list[tuple[str, str]], list[tuple[object, ...]]]
"""Name and type of each column, and the rows."""
Ask = Callable[[str], Table]

_ROWS = {"TabSeparated": "TabSeparated", "TSV": "TabSeparated", "JSONEachRow": "JSONEachRow", "CSVWithNames": "CSV"}
_PRETTY = "PrettyCompact"
_LONG = 50
"""From so many rows on the names of the columns are also below."""
_NUMERIC = re.compile(r"(?:Nullable\()?(?:U?Int|Float|Decimal)")
_SELECTS = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"t": "\t", "n": "↴", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def formatted(text: str, output_format: str, ask: Ask) -> str:
    """Run a statement and give its answer in an output format.

    ask: runs a statement. Raises WarehouseError for a format that is not known here, and what `ask` raises.
    """
    if output_format != _PRETTY and output_format not in _ROWS:
        known = ", ".join([_PRETTY, *_ROWS])
        raise WarehouseError(f"output format {output_format} is not known here; use one of: {known}")
    inner = text.rstrip().rstrip(";")
    if not _SELECTS.match(inner):
        header, rows = ask(inner)
        inner = _as_select(header, rows)
    if output_format == _PRETTY:
        lines = _lines(inner, "TabSeparated", ask)
        return _pretty(_header(inner, ask), [[_plain(cell) for cell in line.split("\t")] for line in lines])
    lines = _lines(inner, _ROWS[output_format], ask)
    if output_format == "CSVWithNames":
        lines.insert(0, ",".join('"' + name.replace('"', '""') + '"' for name, _ in _header(inner, ask)))
    return "".join(f"{line}\n" for line in lines)


def _lines(inner: str, row_format: str, ask: Ask) -> list[str]:
    _, rows = ask(f"SELECT formatRowNoNewline('{row_format}', *) FROM (\n{inner}\n)")  # noqa: S608  # read-only, the person's own
    return [str(line) for (line,) in rows]


def _header(inner: str, ask: Ask) -> list[tuple[str, str]]:
    _, rows = ask(f"DESCRIBE (\n{inner}\n)")
    return [(str(row[0]), str(row[1])) for row in rows]


def _as_select(header: Sequence[tuple[str, str]], rows: Sequence[tuple[object, ...]]) -> str:
    """Write the answer of a SHOW, DESCRIBE, EXISTS or EXPLAIN as a SELECT of the same rows."""
    structure = ", ".join(f"`{name}` {told}" for name, told in header)
    values = ", ".join("(" + ", ".join(_literal(value) for value in row) + ")" for row in rows)
    return f"SELECT * FROM values({_literal(structure)}, {values})" if rows else _empty(header)  # noqa: S608  # literals


def _empty(header: Sequence[tuple[str, str]]) -> str:
    columns = ", ".join(f"CAST(NULL AS Nullable({told})) AS `{name}`" for name, told in header)
    return f"SELECT {columns or '1'} WHERE 0"


def _literal(value: object) -> str:
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _plain(cell: str) -> str:
    """Give the text of a cell of tab-separated values on one line."""
    if cell == "\\N":
        return "ᴺᵁᴸᴸ"
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), cell)


def _width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pretty(header: list[tuple[str, str]], rows: list[list[str]]) -> str:
    """Draw a table in the manner of PrettyCompact: numbers to the right, rows numbered."""
    names = [name for name, _ in header]
    widths = [max(map(_width, cells)) for cells in zip(names, *rows, strict=True)]
    margin = " " * (len(str(len(rows))) + 2)
    tops = [f"─{name}{'─' * (width - _width(name))}─" for name, width in zip(names, widths, strict=True)]
    drawn = [f"{margin}┌{'┬'.join(tops)}┐"]
    for number, row in enumerate(rows, 1):
        cells = [_cell(*given) for given in zip(row, widths, header, strict=True)]
        drawn.append(f"{f'{number}.':>{len(margin) - 1}} │ {' │ '.join(cells)} │")
    bottom = "┴".join(tops if len(rows) >= _LONG else ("─" * (width + 2) for width in widths))
    return "\n".join([*drawn, f"{margin}└{bottom}┘"]) + "\n" if rows else ""


def _cell(text: str, width: int, column: tuple[str, str]) -> str:
    space = " " * (width - _width(text))
    return space + text if _NUMERIC.match(column[1]) else text + space
