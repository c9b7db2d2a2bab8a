"""Sheets into the warehouse, in versions: an import is a new version, nothing is edited, the same file twice is one."""

import hashlib
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from analytics.rates import after
from analytics.warehouse import Warehouse
from analytics.warehouse.books import closings
from analytics.warehouse.tables import TIME
from hostledger.output import Format, refuse, show
from hostledger.reading import moment

_MANY = 2_000_000
"""Bytes; a sheet that people write is smaller."""


def text_of(file: Path) -> str:
    """Read a sheet. Refuses what cannot be read."""
    try:
        if file.stat().st_size > _MANY:
            refuse(f"{file} is larger than {_MANY} bytes: it is no sheet")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}; name a CSV file in UTF-8")


def imported(warehouse: Warehouse, versions: str) -> list[int]:
    """List the versions there are. versions: the named query that lists them."""
    return [int(version) for version in warehouse.query(versions)["version"]]


def version_of(known: list[int], asked: int | None, remedy: str) -> int:
    """Choose the version asked for, or the latest. Refuses one that is not known. remedy: the command that imports."""
    if not known and not asked:
        refuse(f"no version was imported yet; import one: {remedy}")
    if asked and asked not in known:
        listed = ", ".join(map(str, known)) or "none"
        refuse(f"version {asked} was never imported; there are: {listed}; import one: {remedy}")
    return asked or max(known)


def version_at(versions: pl.DataFrame, closed_ms: int) -> int:
    """Say which version a month keeps that was closed at a time: the latest there was, else the first one after it.

    versions: version and imported_ms, at least one.
    """
    imported_ms: dict[int, int] = dict(versions.select("version", "imported_ms").iter_rows())
    known = [version for version, at_ms in imported_ms.items() if at_ms <= closed_ms]
    return max(known) if known else min(imported_ms)


def listed(versions: pl.DataFrame, output: Format, title: str, zone: ZoneInfo) -> None:
    """Show the versions there are; people see when each was imported in a time zone."""
    if output is Format.TABLE:
        times = pl.Series("imported_at", [moment(ms, zone) for ms in versions["imported_ms"]], dtype=pl.String)
        versions = versions.with_columns(times).drop("imported_ms")
    show(versions, output, title)


def stored(
    warehouse: Warehouse, table: str, versions: str, frame: pl.DataFrame, text: str, source: str, at_ms: int
) -> tuple[int, bool]:
    """Store a sheet as the next version, unless the latest version is this very text.

    versions: the named query that lists them. It is dated after every version and every closing that there is, also if
    a clock lags. Returns the version, and whether it is new.
    """
    known = warehouse.query(versions)
    digest = hashlib.sha256(text.encode()).hexdigest()
    latest = known.sort("version").tail(1).to_dicts()
    if latest and latest[0]["digest"] == digest:
        return latest[0]["version"], False
    version = (latest[0]["version"] if latest else 0) + 1
    dated_ms = after(at_ms, known["imported_ms"], closings(warehouse)["closed_ms"])
    rows = frame.with_columns(
        version=pl.lit(version, dtype=pl.UInt32),
        source=pl.lit(source),
        digest=pl.lit(digest),
        imported_at=pl.lit(dated_ms).cast(TIME),
    )
    warehouse.insert(table, rows, f"{table}-{version}")
    if warehouse.query(versions).filter(pl.col("version") == version)["digest"].to_list() != [digest]:
        refuse(f"somebody else imported version {version} at the same time; nothing of yours was stored: import again")
    return version, True
