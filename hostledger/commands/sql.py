"""`hostledger sql`: the warehouse asked in SQL, read-only."""

import re
from typing import Annotated

import typer

from analytics.warehouse import Warehouse, WarehouseError
from hostledger.output import Format, FormatOption, legible, refuse
from hostledger.reading import DataOption, opened, settings_of

FORMATS = {Format.TABLE: "PrettyCompact", Format.JSON: "JSONEachRow", Format.CSV: "CSVWithNames"}
"""ClickHouse output formats."""
READING = ("SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN")
"""Words that a statement may begin with."""
INWARD = frozenset(
    {
        "format",
        "generate_series",
        "generaterandom",
        "generateseries",
        "merge",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "values",
        "view",
        "zeros",
        "zeros_mt",
    }
)
"""Table functions that stay inside the warehouse; all others reach for files, networks or programs."""
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_FORMAT = re.compile(r"\bFORMAT (\w+)(?: SETTINGS .*)?$")
_CALLED = re.compile(r"(\w+)\s*\(|\bAPPLY\s*\(?\s*(\w+)")


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="one SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN, in ClickHouse SQL")],
    data: DataOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Ask the warehouse in SQL: what do the tables say? Nothing can be changed, and nothing outside is reached.

    Example: hostledger sql 'SHOW TABLES'

    Example: hostledger sql 'DESCRIBE ledger'

    Example: hostledger sql 'SELECT model, currency, sum(amount_minor) FROM ledger GROUP BY ALL' --format csv

    The columns are those of your query; DESCRIBE tells what each column of a table means, and its unit. Tables hold
    amounts in minor units and times in UTC. Read the tables shifts and stretches with FINAL. Format json gives JSON
    lines, one object per row; csv begins with a line of names.

    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        check(warehouse, query)
        answer = warehouse.sql(query, FORMATS[output])
    typer.echo(legible(answer) if output is Format.TABLE else answer, nl=False)


def check(warehouse: Warehouse, text: str) -> None:
    """Refuse a text that is not one statement that reads the warehouse, and only that.

    The engine's read-only mode refuses changes; it still lets a SELECT write its answer to a file or read any file.
    """
    if not text.strip():
        refuse("the query is empty; write one, as in: hostledger sql 'SHOW TABLES'")
    try:
        read = warehouse.query("sql_statement", text=text)
    except WarehouseError as error:
        refuse(str(error).replace("query sql_statement", "query").split(": In scope")[0])
    plain = _QUOTED.sub("''", read["text"][0])
    if plain.split(maxsplit=1)[0] not in READING:
        refuse(f"only reading is allowed here; begin with one of: {', '.join(READING)}")
    if "INTO OUTFILE" in plain:
        refuse("INTO OUTFILE is not allowed; send the answer to a file with: hostledger sql '…' --format csv > FILE")
    if form := _FORMAT.search(plain):
        refuse(f"FORMAT {form[1]} is not needed; leave it out and say --format table, json or csv")
    names = {name.lower() for pair in _CALLED.findall(plain) for name in pair}
    if reached := sorted(names & (set(read["outward"][0]) - INWARD)):
        refuse(f"{reached[0]}() reaches out of the warehouse; query its tables instead: hostledger sql 'SHOW TABLES'")
