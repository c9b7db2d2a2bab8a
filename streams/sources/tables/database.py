"""The answer of a query as text, exactly as the database gives it, a batch at a time, by a DB-API driver.

SQLite is read with Python's own driver; PostgreSQL with psycopg and MySQL with PyMySQL, where they are installed. The
database is only read. Messages never hold the URL or its password.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

import polars as pl

BATCH_ROWS = 50_000
_KNOWN = "write sqlite:///orders.db, postgresql://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE"


class WrongDatabase(ValueError):  # noqa: N818  # named for what is the case
    """The query cannot be answered, or not exactly; the message says why and what to do, and never holds a password."""


class Address(NamedTuple):
    """Where a database is. options: what stands behind the question mark."""

    kind: str
    host: str | None
    port: int | None
    user: str | None
    password: str | None
    database: str
    options: dict[str, str]


class Kind(NamedTuple):
    """A kind of database: its driver's module, what installs it, its options, and how a query's cursor is opened."""

    module: str
    install: str
    options: frozenset[str]
    opened: Callable[[Any, Address], AbstractContextManager[Any]]


def answer(url: str, query: str, columns: Collection[str], batch_rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
    """Ask a query. Gives its rows in batches: row (0, 1, …) and these columns as text. Raises WrongDatabase."""
    address = _address(url)
    kind = KINDS[address.kind]
    driver = _driver(kind)
    try:
        with kind.opened(driver, address) as cursor:
            cursor.execute(query.strip().rstrip(";"))
            yield from _batches(cursor, columns, batch_rows)
    except (driver.Error, driver.Warning, OSError) as error:
        raise WrongDatabase(f"the {address.kind} database says: {_said(error, address)}") from None


def _address(url: str) -> Address:
    """Read a URL; what is wrong with it is not repeated, since it holds a password."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise WrongDatabase(f"the URL of the database cannot be read; {_KNOWN}, with %40 for an @ in it") from None
    kind, options = parts.scheme, dict(parse_qsl(parts.query))
    if kind not in KINDS or not parts.path.strip("/"):
        raise WrongDatabase(f"the URL names no database that can be read; {_KNOWN}")
    if wrong := options.keys() - KINDS[kind].options:
        known = ", ".join(sorted(KINDS[kind].options)) or "none"
        raise WrongDatabase(f"{wrong.pop()} is no option of a {kind} URL; its options are: {known}")
    user, password = (unquote(text) if text is not None else None for text in (parts.username, parts.password))
    return Address(kind, parts.hostname, port, user, password, unquote(parts.path[1:]), options)


def _driver(kind: Kind) -> Any:  # noqa: ANN401  # a DB-API module, not always installed
    try:
        return import_module(kind.module)
    except ModuleNotFoundError:
        raise WrongDatabase(
            f"the driver {kind.module} is not installed; install it beside hostledger with: pip install {kind.install}"
        ) from None


@contextmanager
def _sqlite(driver: Any, address: Address) -> Iterator[Any]:  # noqa: ANN401  # as above
    if not Path(address.database).exists():
        raise WrongDatabase(
            f"there is no file {address.database}; an absolute path has four strokes: sqlite:////data/x"
        )
    with closing(driver.connect(f"{Path(address.database).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection.cursor()


@contextmanager
def _postgresql(driver: Any, address: Address) -> Iterator[Any]:  # noqa: ANN401  # as above
    """Open a cursor that the server keeps, so that it sends a batch at a time."""
    named = {"host": address.host, "port": address.port, "user": address.user, "password": address.password}
    with closing(driver.connect(dbname=address.database, **named, **address.options)) as connection:
        connection.read_only = True
        with connection.cursor(name="hostledger") as cursor:
            yield cursor


@contextmanager
def _mysql(driver: Any, address: Address) -> Iterator[Any]:  # noqa: ANN401  # as above
    """Open a cursor that does not fetch ahead. Columns of type TIMESTAMP come in UTC."""
    named = {"host": address.host, "port": address.port or 3306, "user": address.user}
    with closing(
        driver.connect(database=address.database, password=address.password or "", **named, **address.options)
    ) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("SET time_zone = '+00:00'")
        cursors = import_module(f"{driver.__name__}.cursors")
        with connection.cursor(cursors.SSCursor) as cursor:
            yield cursor


KINDS = {
    "sqlite": Kind("sqlite3", "", frozenset(), _sqlite),
    "postgresql": Kind("psycopg", '"psycopg[binary]"', frozenset({"sslmode", "sslrootcert"}), _postgresql),
    "mysql": Kind("pymysql", "pymysql", frozenset({"ssl_ca", "unix_socket"}), _mysql),
}
"""What can be read, by the scheme of its URL."""


def _batches(cursor: Any, columns: Collection[str], batch_rows: int) -> Iterator[pl.DataFrame]:  # noqa: ANN401  # a DB-API cursor
    if cursor.description is None:
        raise WrongDatabase("the query answers no rows; write one SELECT")
    names = [str(column[0]) for column in cursor.description]
    places = {column: _place(column, names) for column in columns}
    row = 0
    while rows := cursor.fetchmany(batch_rows):
        texts = {name: _texts(name, [each[place] for each in rows], row) for name, place in places.items()}
        frame = pl.DataFrame(texts, schema=dict.fromkeys(places, pl.String), strict=True)
        yield frame.with_row_index("row", row).with_columns(pl.col("row").cast(pl.Int64))
        row += len(rows)


def _place(column: str, names: Sequence[str]) -> int:
    if names.count(column) != 1:
        found = "no" if column not in names else "more than one"
        raise WrongDatabase(f"the query answers {found} column {column}; its columns are: {', '.join(names)}")
    return names.index(column)


def _texts(column: str, values: list[object], first_row: int) -> list[str | None]:
    try:
        return [_text(value) for value in values]
    except TypeError:
        row, kind = next((n, type(v).__name__) for n, v in enumerate(values) if not isinstance(v, _EXACT))
        why = "floats have lost digits already" if kind == "float" else "it has no one text"
        raise WrongDatabase(
            f"row {first_row + row + 1}, {column}: the database gives a {kind}, {why}; make it text in the query, "
            f"as in CAST({column} AS TEXT) or, in MySQL, CAST({column} AS CHAR)"
        ) from None


_EXACT = (str, int, Decimal, date, UUID, type(None))


def _text(value: object) -> str | None:
    """Write a value. Raises TypeError for one that has no one text, such as a float."""
    match value:
        case None | str():
            return value
        case Decimal():
            return f"{value:f}"
        case date():  # a datetime too
            return value.isoformat()
        case int() | UUID():
            return str(value)
    raise TypeError


def _said(error: Exception, address: Address) -> str:
    """Give the first line of what a driver says, without the password should it be in there."""
    text = str(error).strip().partition("\n")[0]
    return text.replace(address.password, "***") if address.password else text
