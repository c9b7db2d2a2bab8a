"""The embedded warehouse: ClickHouse inside this process (chdb), on disk in one folder.

One process holds a folder; every thread has its own session. What is read runs in a read-only session.
"""

import fcntl
import io
import re
import resource
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

import polars as pl
from chdb.session import Session

from analytics.warehouse import Parameter, WarehouseError, asking, blank
from analytics.warehouse.binding import bound
from analytics.warehouse.blocks import INSERT_SETTINGS, ROOM_BYTES, blocks
from analytics.warehouse.migrations import migrate
from analytics.warehouse.own import EVERYTHING, FREELY, Filters, Reading, quoted
from analytics.warehouse.retention import Kept, Retention, retain
from analytics.warehouse.tokens import forget_tokens_without_rows

DATABASE = "hostledger"
_ROOM = "min_free_disk_bytes_to_perform_insert"
_REMEDIES = {
    "76": "another process holds it; stop that one, or choose another folder with --data",
    "243": f"the disk is full, or has less than {ROOM_BYTES >> 20} MiB left; free some space and start again: nothing "
    "that was acknowledged is lost",
    "28": "the disk is full; free some space and start again: nothing that was acknowledged is lost",
    "164": "only reading is allowed here; use SELECT",
    "159": "choose a shorter range, or fewer sessions",
    "60": "see the tables with: hostledger sql 'SHOW TABLES'",
}


class WarehouseLocked(WarehouseError):  # noqa: N818  # named for what is the case
    """Another process holds the folder."""


class Embedded:
    """A warehouse folder, opened by this process."""

    def __init__(self, folder: Path, lock: IO[str] | None, *, readonly: bool, reading: Reading = FREELY) -> None:
        self.folder = folder
        self._lock = lock
        self._mutex = threading.Lock()
        self._session = Session(str(folder / "clickhouse"))
        self._readonly = readonly
        self._reading: Embedded | None = None
        if readonly:
            self._run(f"USE {DATABASE}")
            for name, value in reading.settings().items():
                self._run(f"SET {name} = {quoted(str(value))}")
            self._run("SET readonly = 1")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a warehouse folder, made and migrated as needed.

        Raises WarehouseLocked if another process holds it, WarehouseError if it cannot be made or is newer than this
        version.
        """
        _refuse_limit_of_files(folder)
        lock = _locked(folder)
        try:
            blank.lay(folder)
            forget_tokens_without_rows(folder / "clickhouse" / "store")
            warehouse = cls(folder, lock, readonly=False)
        except (OSError, RuntimeError) as error:
            lock.close()
            raise _explained(error, f"data folder {folder}") from error
        try:
            warehouse._run(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            warehouse._run(f"USE {DATABASE}")
            warehouse._run(f"SET {_ROOM} = {INSERT_SETTINGS[_ROOM]}")
            migrate(warehouse._run)
        except WarehouseError:
            warehouse.close()
            raise
        return warehouse

    def query(self, name: str, **parameters: Parameter) -> pl.DataFrame:
        """Run the named query `queries/NAME.sql` with its parameters bound. Raises WarehouseError."""
        texts = {key: bound(value) for key, value in parameters.items()}
        return self._frame(asking.named(name), f"query {name}", texts)

    def ask(self, text: str) -> pl.DataFrame:
        """Run a query text, read-only, and give its answer as a frame. Raises WarehouseError."""
        return self._frame(text, "query") if self._readonly else self._reader().ask(text)

    def sql(self, text: str, output_format: str = "PrettyCompact") -> str:
        """Run a query text, read-only, and give its answer in a ClickHouse output format. Raises WarehouseError."""
        return self._run(text, output_format) if self._readonly else self._reader().sql(text, output_format)

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        """Insert rows as one block; the same token again changes nothing. Raises WarehouseError.

        More than half a million rows are cut, always at the same places, into blocks with tokens of their own.
        """
        for block, its_token in blocks(frame, token):
            self._insert_block(table, block, its_token)

    def retain(self, wanted: Retention) -> Kept:
        """Keep viewers' raw events as long as wanted. Raises WarehouseError."""
        return retain(self._run, wanted)

    def reader(self, limit_s: int = 0, shown: Filters = EVERYTHING) -> "Embedded":
        """Give another handle, read-only, for use by another thread, that sees these rows and no others.

        limit_s: seconds that a query may take; 0: any.
        """
        return Embedded(self.folder, None, readonly=True, reading=Reading(limit_s, shown))

    def close(self) -> None:
        """Let go of the folder."""
        if self._reading:
            self._reading.close()
        with self._mutex:
            self._session.close()
        if self._lock:
            self._lock.close()

    def _reader(self) -> "Embedded":
        self._reading = self._reading or self.reader()
        return self._reading

    def _frame(self, text: str, what: str, texts: dict[str, str] | None = None) -> pl.DataFrame:
        data = self._ask(text, "ArrowStream", what, texts).bytes()
        try:
            return pl.read_ipc_stream(io.BytesIO(data)) if data else pl.DataFrame()
        except pl.exceptions.PanicException as error:
            remedy = "turn it into text with toString(…) in the query"
            raise WarehouseError(f"{what}: no frame holds it exactly: {error}; {remedy}") from error

    def _insert_block(self, table: str, frame: pl.DataFrame, token: str) -> None:
        """Insert through a file without a name: a streaming insert (chdb 4.4) keeps the errors of its end to itself."""
        columns, told = ", ".join(frame.columns), INSERT_SETTINGS | {"insert_deduplication_token": quoted(token)}
        settings = ", ".join(f"{name} = {value}" for name, value in told.items())
        try:
            with TemporaryFile(dir=self.folder) as block:
                frame.rechunk().write_ipc_stream(block, compat_level=pl.CompatLevel.oldest())
                block.flush()
                self._run(
                    f"INSERT INTO {table} ({columns}) FROM INFILE '/dev/fd/{block.fileno()}' "
                    f"SETTINGS {settings} FORMAT ArrowStream",
                    what=f"insert into {table}",
                )
        except OSError as error:
            raise WarehouseError(
                f"insert into {table}: {error.strerror or error} Remedy: {_REMEDIES['243']}."
            ) from error

    def _run(self, text: str, output_format: str = "TabSeparated", what: str = "query") -> str:
        return str(self._ask(text, output_format, what))

    def _ask(self, text: str, output_format: str, what: str, texts: dict[str, str] | None = None) -> Any:  # noqa: ANN401  # chdb has no types
        with self._mutex:
            try:
                return self._session.query(text, output_format, params=texts or {})
            except RuntimeError as error:
                with suppress(RuntimeError):  # chdb 4.4 puts what a failed query had said before the next answer
                    self._session.query("SELECT 1", "Null")
                raise _explained(error, what) from error

    def __del__(self) -> None:
        """Let the engine go even if nobody closed it."""
        with suppress(AttributeError):
            self._session.close()


def _refuse_limit_of_files(folder: Path) -> None:
    greatest, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if greatest != resource.RLIM_INFINITY:
        raise WarehouseError(
            f"data folder {folder}: files may not grow beyond {greatest:,} bytes here, and the engine would lose what"
            " does not fit without a word; lift the limit first: ulimit -f unlimited"
        )


def _locked(folder: Path) -> IO[str]:
    """Make a data folder as needed, and hold it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise WarehouseError(
            f"data folder {folder}: {error.strerror}; choose a folder that you may write to with --data"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise WarehouseLocked(f"data folder {folder}: {_REMEDIES['76']}") from None
    return lock


def _explained(error: OSError | RuntimeError, what: str) -> WarehouseError:
    found = re.search(r"Code: (\d+)\. DB::Exception: (.*)", str(error), re.DOTALL)
    code, message = (found[1], found[2].strip()) if found else ("", str(error))
    message = re.sub(
        r"\s*\(version [\d.]+\)|\. The threshold can be configured.*(?=\. \()", "", message, flags=re.DOTALL
    )
    remedy = _REMEDIES.get(code)
    return WarehouseError(f"{what}: {message}" + (f" Remedy: {remedy}." if remedy else ""))
