"""The schema, step by step: numbered SQL files, applied once each, in order, and never changed afterwards.

Except for what a file fills: where that was wrong it is mended, for those who have yet to apply it (`_MENDED`).
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from analytics.warehouse import WarehouseError
from analytics.warehouse.rendering import on_cluster, rendered

Run = Callable[[str], str]
"""Executes one statement and gives its answer as tab-separated text."""
_CREATE = re.compile(r"^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) ")
_EVERYWHERE = "ReplicatedMergeTree('/clickhouse/{database}/schema_migrations', '{shard}-{replica}')"
"""One table on all servers of a cluster, whatever their shard."""

_MENDED = {
    "8": "84cef13ceafc7cf28c5b8bce8f586bcdaecf0c92c7bbb5cd5ddcf5ced0ab84d4",
    "10": "0c1d61dc67e33eaec1d31e14bf4862c990eea89587753bc16dd80460d2ad3ee7",
}
"""Checksums of files as they were first: they filled what a batch had half written, and its repeat counted it again."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file: its number, name, statements as they are in the file, and a checksum of its text."""

    number: int
    name: str
    statements: tuple[str, ...]
    checksum: str

    def rendered(self, cluster: str | None) -> Iterator[str]:
        """Give its statements for one server (None) or a cluster."""
        for statement in self.statements:
            yield from rendered(statement, cluster)


def shipped() -> list[Migration]:
    """Read the migrations that come with this version, in order."""
    folder = files("analytics.warehouse") / "migrations"
    texts = {entry.name: entry.read_text() for entry in folder.iterdir() if entry.name.endswith(".sql")}
    return [_migration(name, texts[name]) for name in sorted(texts)]


def _migration(name: str, text: str) -> Migration:
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = tuple(part.strip() for part in re.split(r";[ \t]*(?:\n|$)", code) if part.strip())
    return Migration(int(name.split("_", maxsplit=1)[0]), name, statements, hashlib.sha256(text.encode()).hexdigest())


def pending(run: Run) -> list[Migration]:
    """Say which of the shipped migrations a database lacks, without changing anything.

    Raises WarehouseError if the database is newer or was migrated by other files.
    """
    known = {str(migration.number): migration for migration in shipped()}
    if run("EXISTS TABLE schema_migrations").strip() != "1":
        return list(known.values())
    answer = run("SELECT DISTINCT toString(number), checksum FROM schema_migrations ORDER BY number")
    applied = dict(line.split("\t") for line in answer.splitlines())
    for number, checksum in applied.items():
        if number not in known or checksum not in (known[number].checksum, _MENDED.get(number)):
            raise WarehouseError(
                f"schema migration {number} of this warehouse is not the one that this version of hostledger ships; "
                "use the version that made the warehouse, or a new folder (--data) or database"
            )
    return [migration for number, migration in known.items() if number not in applied]


def migrate(run: Run, cluster: str | None = None) -> list[str]:
    """Bring a database to the shipped schema, on one server (None) or on all servers of a cluster.

    Returns the names applied now. Raises WarehouseError if the database is newer or was migrated by other files.
    """
    fresh = pending(run)
    engine = _EVERYWHERE if cluster else "MergeTree"
    run(
        f"CREATE TABLE IF NOT EXISTS schema_migrations{on_cluster(cluster)} (number UInt32, name String,"
        f" checksum String, applied_at DateTime DEFAULT now()) ENGINE = {engine} ORDER BY number"
    )
    for migration in fresh:
        for statement in migration.rendered(cluster):
            run(_CREATE.sub(r"\g<0>IF NOT EXISTS ", statement))  # a process may have died in the middle of the file
        values = f"({migration.number}, '{migration.name}', '{migration.checksum}')"
        run(f"INSERT INTO schema_migrations (number, name, checksum) VALUES {values}")  # noqa: S608  # our file names
    return [migration.name for migration in fresh]
