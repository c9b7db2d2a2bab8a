"""Sheets into the warehouse, in versions: an import is a new version, nothing is edited, the same file twice is one."""

import hashlib
from pathlib import Path

import polars as pl

from analytics.warehouse import Warehouse
from analytics.warehouse.tables import TIME
from hostledger.output import refuse

_MANY = 2_000_000
"""Bytes; a sheet that people write is smaller."""


def text_of(file: Path) -> str:
    """Read a sheet. Refuses what cannot be read."""
    try:
        if file.stat().st_size > _MANY:
            refuse(f"{file} is larger than {_MANY} bytes: it is no sheet")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{file} cannot be read: {error}; name a CSV file in UTF-8")


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


def stored(
    warehouse: Warehouse, table: str, versions: str, frame: pl.DataFrame, text: str, source: str, at_ms: int
) -> tuple[int, bool]:
    """Store a sheet as the next version, unless the latest version is this very text.

    versions: the named query that lists them. Returns the version, and whether it is new.
    """
    known = warehouse.query(versions)
    digest = hashlib.sha256(text.encode()).hexdigest()
    latest = known.sort("version").tail(1).to_dicts()
    if latest and latest[0]["digest"] == digest:
        return latest[0]["version"], False
    version = (latest[0]["version"] if latest else 0) + 1
    rows = frame.with_columns(
        version=pl.lit(version, dtype=pl.UInt32),
        source=pl.lit(source),
        digest=pl.lit(digest),
        imported_at=pl.lit(at_ms).cast(TIME),
    )
    warehouse.insert(table, rows, f"{table}-{version}")
    if warehouse.query(versions).filter(pl.col("version") == version)["digest"].to_list() != [digest]:
        refuse(f"somebody else imported version {version} at the same time; nothing of yours was stored: import again")
    return version, True
