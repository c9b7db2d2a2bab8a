"""Who was in the rooms: the rollup of keys counts people as a set does, also those of before it was there."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import polars as pl
import pytest
from warehouse_books import rows
from warehouse_stage import NOON_MS, RECORDED_MS

from analytics.warehouse import WarehouseError, migrations
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import Migration, shipped
from analytics.warehouse.tables import TIME

TYPES = ("viewer_joined", "viewer_left", "product_clicked", "cart_added", "commented", "liked", "shared", "followed")
DOES = {
    "viewers": {"viewer_joined"},
    "clickers": {"product_clicked"},
    "carters": {"cart_added"},
    "interactors": {"commented", "liked", "shared", "followed"},
}
VIEWERS = [*(f"viewer-{number}" for number in range(40)), "", "'", "主播李雷", "x" * 5_000, "a\0b"]
SHIPPED = shipped()
BEFORE = [migration for migration in SHIPPED if migration.number < 12]
PEOPLE = SHIPPED[len(BEFORE)]


def happened(batch: int) -> pl.DataFrame:
    """Three hundred events of a batch in two rooms and four minutes."""
    random = Random(batch)
    seen = [
        (random.choice(TYPES), NOON_MS + random.randrange(240_000), random.choice("ab"), random.choice(VIEWERS))
        for _ in range(300)
    ]
    frame = pl.DataFrame(seen, ("type", "occurred_at", "session_id", "viewer_id"), orient="row")
    return frame.with_columns(
        pl.col("occurred_at").cast(TIME),
        event_id=pl.format("{}-{}", pl.lit(batch), pl.int_range(pl.len())),
        count=pl.lit(1, pl.UInt32),
        recorded_at=pl.lit(RECORDED_MS).cast(TIME),
        batch=pl.lit(batch, pl.UInt64),
    )


def people(*frames: pl.DataFrame) -> dict[tuple[str, str, str], int]:
    """How many did what, by room and minute and in all."""
    sets = defaultdict(set)
    for frame in frames:
        for type_, at, room, viewer in frame.select("type", "occurred_at", "session_id", "viewer_id").iter_rows():
            for name, types in DOES.items():
                if type_ in types:
                    sets[name, room, f"{at:%H:%M}"].add(viewer)
                    sets[name, "all", "all"].add(viewer)
    return {key: len(viewers) for key, viewers in sets.items()}


def counted(warehouse: Embedded) -> dict[tuple[str, str, str], int]:
    """The same, from the rollup."""
    found = {}
    for name in DOES:
        minute = "SELECT session_id, formatDateTime(minute, '%H:%i')"
        by_minute = f"{minute}, uniqExactArray({name}) FROM people_minute GROUP BY ALL"
        whole = f"SELECT 'all', 'all', uniqExactArray({name}) FROM people_minute"  # noqa: S608  # our columns
        found |= {(name, room, at): int(many) for room, at, many in rows(warehouse, f"{by_minute} UNION ALL {whole}")}
    return {key: many for key, many in found.items() if many}


@contextmanager
def as_shipped(patch: pytest.MonkeyPatch, known: list[Migration]) -> Iterator[None]:
    """A version of hostledger that ships these migrations."""
    with patch.context() as version:
        version.setattr(migrations, "shipped", lambda: known)
        yield


def done(warehouse: Embedded) -> list[tuple[str, ...]]:
    """What the rollup of activity says."""
    return rows(
        warehouse,
        "SELECT session_id, minute, sum(views), sum(clicks), sum(carts), sum(comments), sum(likes), sum(shares), "
        "sum(follows) FROM activity_minute GROUP BY ALL ORDER BY ALL",
    )


def test_keys_count_people_as_sets_do_however_often_somebody_comes(warehouse: Embedded) -> None:
    frames = [happened(1), happened(2), happened(1).with_columns(batch=pl.lit(3, pl.UInt64))]
    for number, frame in enumerate(frames):
        warehouse.insert("viewer_events", frame, f"batch-{number}")
    assert counted(warehouse) == people(*frames)


def test_a_warehouse_from_before_keeps_its_people_wherever_its_upgrade_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = map(happened, (1, 2, 3))
    with as_shipped(monkeypatch, BEFORE), closing(Embedded.open(tmp_path)) as old:
        for number, frame in enumerate((first, second)):
            old.insert("viewer_events", frame, f"batch-{number}")
        before = done(old)
    for steps in range(1, len(PEOPLE.statements) + 1):
        cut = replace(PEOPLE, statements=(*PEOPLE.statements[:steps], "SELECT throwIf(1)"))
        with as_shipped(monkeypatch, [*BEFORE, cut]), pytest.raises(WarehouseError, match="throwIf"):
            Embedded.open(tmp_path)
    with closing(Embedded.open(tmp_path)) as new:
        assert counted(new) == people(first, second)
        assert done(new) == before
        new.insert("viewer_events", second, "batch-1")
        assert done(new) == before, "a batch that was half written before the upgrade counts once"
        new.insert("viewer_events", third, "batch-2")
        assert counted(new) == people(first, second, third)
        assert done(new) != before
        columns = {name for (name,) in rows(new, "SELECT name FROM system.columns WHERE table = 'activity_minute'")}
    assert columns.isdisjoint(DOES)
