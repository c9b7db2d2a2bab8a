"""An upgrade leaves out of what it fills a batch that was half written before: its repeat brings all of it."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from boards_referee import STREAMED
from boards_week import arriving, week
from scenarios import to_bytes
from warehouse_books import rows

from analytics.rules import Rules
from analytics.warehouse import migrations
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import shipped
from streams.batch import unmarked
from streams.processor import Processor

KEPT = {
    8: {
        "ledger": "model, minute, currency, session_id, host_id, sum(refunds) FROM returns_minute",
        "viewer_events": "session_id, quarter, source, sum(entries) FROM entries_quarter",
    },
    10: {"order_paths": "memory, quarter, source, target, sum(times) FROM transitions_quarter"},
}
"""What a migration fills, by the table it is filled from: keys, then a sum."""


@contextmanager
def before(number: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A version of hostledger that does not ship a migration yet."""
    known = [migration for migration in shipped() if migration.number < number]
    with patch.context() as version:
        version.setattr(migrations, "shipped", lambda: known)
        yield


def sums(warehouse: Embedded, text: str) -> list[tuple[str, ...]]:
    """Rows of sums; those of nothing left out."""
    return [row for row in rows(warehouse, f"SELECT {text} GROUP BY ALL ORDER BY ALL") if row[-1] != "0"]


class Books(NamedTuple):
    """What two batches of this version write: rows by table and batch, and the sums kept of them."""

    rows: dict[tuple[str, int], pl.DataFrame]
    kept: dict[str, list[tuple[str, ...]]]

    def of(self, table: str, batch: int, known: Embedded) -> pl.DataFrame:
        """Rows of a batch, with the columns that a warehouse knows."""
        names = rows(
            known,
            "SELECT name FROM system.columns WHERE database = currentDatabase()"  # noqa: S608  # ours
            f" AND table = '{table}' AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')",
        )
        return self.rows[table, batch].select(name for (name,) in names)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    first, second, _ = (to_bytes(batch) for batch in arriving(week()))
    with closing(Embedded.open(tmp_path_factory.mktemp("books") / "data")) as warehouse:
        writer = Processor(
            warehouse, warehouse.folder, Rules(models=STREAMED), lambda: int(time.time() * 1000), unmarked
        )
        writer.process("week", first, 1, 0)
        writer.process("week", second, 1 + first.count(b"\n"), 0)
        tables = {"batches", "orders"}.union(*KEPT.values())
        facts = {
            (table, batch): warehouse.ask(f"SELECT * FROM {table} WHERE batch = {batch}")  # noqa: S608  # ours
            for table in tables
            for batch in (1, 2)
        }
        assert all(frame.height for frame in facts.values())
        return Books(facts, {text: sums(warehouse, text) for of in KEPT.values() for text in of.values()})


@pytest.mark.parametrize("number", KEPT)
def test_a_half_written_batch_is_counted_once(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    facts = {"orders", *KEPT[number]}
    with before(number, monkeypatch), closing(Embedded.open(tmp_path)) as old:
        for table in facts:
            for batch in (1, 2):
                old.insert(table, books.of(table, batch, old), f"{table}-{batch}")
        old.insert("batches", books.of("batches", 1, old), "batches-1")
    with closing(Embedded.open(tmp_path)) as new:
        for text in KEPT[number].values():
            assert 0 < len(sums(new, text)) < len(books.kept[text])
        for table in facts:
            new.insert(table, books.of(table, 2, new), f"{table}-2")
        for text in KEPT[number].values():
            assert sums(new, text) == books.kept[text]


def test_a_warehouse_of_before_the_mending_opens_and_has_nothing_to_apply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {
        8: "84cef13ceafc7cf28c5b8bce8f586bcdaecf0c92c7bbb5cd5ddcf5ced0ab84d4",
        10: "0c1d61dc67e33eaec1d31e14bf4862c990eea89587753bc16dd80460d2ad3ee7",
    }
    known = [replace(one, checksum=first.get(one.number, one.checksum)) for one in shipped()]
    with monkeypatch.context() as version:
        version.setattr(migrations, "shipped", lambda: known)
        Embedded.open(tmp_path).close()
    with closing(Embedded.open(tmp_path)) as warehouse:
        assert set(rows(warehouse, "SELECT toString(number), checksum FROM schema_migrations")) == {
            (str(one.number), one.checksum) for one in known
        }
        assert migrations.pending(warehouse._run) == []
