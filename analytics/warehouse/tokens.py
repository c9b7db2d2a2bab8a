"""Tokens that were noted although their rows never arrived.

ClickHouse writes the token of a block to the table's de-duplication log first, and gives the rows their place second. A
process that dies between the two leaves a token without rows, and the repeat of the insert would be dropped by it. So
before the engine starts, the last line of each log must have its rows, or it is taken back.
"""

import os
import re
from pathlib import Path

_ADDED = re.compile(rb"1\t(?P<partition>[^\t\n]+)_(?P<block>\d+)_\d+_\d+\t[^\t\n]+\n")
_PART = re.compile(r"(?P<partition>.+)_(?P<first>\d+)_(?P<last>\d+)_\d+(_\d+)?")


def forget_tokens_without_rows(store: Path) -> None:
    """Take the last token of each table back if its rows are not there.

    store: the engine's folder of tables; no engine may be running in it.
    """
    for folder in store.glob("*/*/deduplication_logs"):
        logs = sorted(folder.glob("deduplication_log_*.txt"), key=lambda log: int(log.stem.rpartition("_")[2]))
        written = [log for log in logs if log.stat().st_size]
        if written:
            _check_last(written[-1], folder.parent)


def _check_last(log: Path, table: Path) -> None:
    whole = log.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    added = _ADDED.fullmatch(last)
    torn = not last.endswith(b"\n")
    if torn or (added and not _arrived(added["partition"].decode(), int(added["block"]), table)):
        os.truncate(log, len(whole) - len(last))


def _arrived(partition: str, block: int, table: Path) -> bool:
    """Say whether a part on disk holds the block, itself or merged with others."""
    parts = (_PART.fullmatch(folder.name) for folder in table.iterdir())
    return any(
        part["partition"] == partition and int(part["first"]) <= block <= int(part["last"]) for part in parts if part
    )
