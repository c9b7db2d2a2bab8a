"""A warehouse without rows, kept with the installation: new folders are copies of it, for making tables takes a second.

It is made by the migrations, as every warehouse is. Where there is none for these migrations and this engine, a new
folder runs them itself.
"""

import hashlib
import shutil
import sys
from pathlib import Path

import chdb

from analytics.warehouse import migrations

_KEPT = Path(sys.prefix) / "share" / "hostledger"
_ASIDE = "clickhouse.new"


def place() -> Path:
    """Say where the blank of this engine and these migrations is, or would be."""
    made_by = " ".join([chdb.__version__, *(migration.checksum for migration in migrations.shipped())])
    return _KEPT / f"blank-{hashlib.sha256(made_by.encode()).hexdigest()[:16]}"


def lay(folder: Path) -> None:
    """Give a new data folder the tables of the blank, all of them or none. Raises OSError."""
    blank, aside = place(), folder / _ASIDE
    if (folder / "clickhouse").exists() or not blank.is_dir():
        return
    shutil.rmtree(aside, ignore_errors=True)  # somebody died in the midst of copying
    shutil.copytree(blank, aside, symlinks=True)
    aside.rename(folder / "clickhouse")


def keep(tables: Path) -> None:
    """Make the tables of a closed warehouse the blank, in place of those of other versions. Raises OSError."""
    blank = place()
    if blank.is_dir():
        return
    shutil.rmtree(_KEPT, ignore_errors=True)
    _KEPT.mkdir(parents=True)
    shutil.copytree(tables, _KEPT / _ASIDE, symlinks=True)
    (_KEPT / _ASIDE).rename(blank)
