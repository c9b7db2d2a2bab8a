"""What is kept ready for the boards says what the facts say, also in a warehouse from before it was there."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from boards_referee import STREAMED
from boards_week import arriving, week
from scenarios import to_bytes
from warehouse_books import rows

from analytics.rules import Rules
from analytics.warehouse import WarehouseError, migrations
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import Migration, shipped
from streams.batch import unmarked
from streams.processor import Mark, Processor

SHIPPED = shipped()
BATCHES = [to_bytes(batch) for batch in arriving(week())]
SAME = {
    "people online and entries": (
        "session_id, minute, sum(change), sum(change_ms), sum(views) FROM presence_minute",
        """session_id, minute, sum(change), sum(change_ms), sum(views) FROM (
            SELECT session_id, toStartOfMinute(at) AS minute, toInt64(presence.change) AS change,
                presence.change * (toUnixTimestamp64Milli(at) % 60000) AS change_ms, 0 AS views FROM presence
            UNION ALL SELECT session_id, minute, 0, 0, views FROM activity_minute
        )""",
    ),
    "moves": (
        """session_id, toUnixTimestamp(minute) * 1000 + bitShiftRight(move, 8) AS at_ms, 0, 0,
        sum(toInt8(bitAnd(move, 255))) FROM rooms_minute ARRAY JOIN moves AS move""",
        "session_id, toUnixTimestamp64Milli(at) AS at_ms, 0, 0, sum(presence.change) FROM presence",
    ),
    "money by day": (
        "model, currency, day, session_id, host_id, sum(gross), sum(refunds), sum(orders) FROM revenue_day",
        """model, currency, toDate(minute) AS day, session_id, host_id, sum(gross), sum(refunds), sum(orders)
        FROM revenue_minute""",
    ),
    "credits by order": (
        """currency, refunded, booked_at, order_id, host_id, session_id, ordered_at, model, 0, sum(credits[model]),
        sum(lines[model]) FROM order_credits
        ARRAY JOIN arrayDistinct(arrayConcat(mapKeys(credits), mapKeys(lines))) AS model""",
        """currency, toBool(isNotNull(refund_id)) AS refunded, booked_at, order_id, host_id, session_id, ordered_at,
        model, 0, sum(amount_minor), sum(sign) FROM ledger""",
    ),
}
"""What is kept, and the same from what it is made of: keys, then three sums."""


class DiedError(Exception):
    """A process ends in the middle of a batch."""


def dies_at(step: str) -> Mark:
    """A mark at which the process ends."""

    def mark(reached: str) -> None:
        if reached == step:
            raise DiedError

    return mark


LATER = [replace(one, statements=one.statements[:end]) for one, end in zip(SHIPPED[15:17], (None, 1), strict=True)]
"""A column and a table that batches are written with by now; they change nothing else."""


@contextmanager
def as_shipped(patch: pytest.MonkeyPatch, known: list[Migration]) -> Iterator[None]:
    """A version of hostledger that ships these migrations."""
    with patch.context() as version:
        version.setattr(migrations, "shipped", lambda: known)
        yield


def writer(warehouse: Embedded, mark: Mark = unmarked) -> Processor:
    """The writer of a warehouse; what it had begun is finished first."""
    return Processor(warehouse, warehouse.folder, Rules(models=STREAMED), lambda: int(time.time() * 1000), mark)


def sums(warehouse: Embedded, text: str) -> list[tuple[str, ...]]:
    """Rows of sums; those of nothing left out."""
    found = rows(warehouse, f"SELECT {text} GROUP BY ALL ORDER BY ALL")
    return [row for row in found if any(value != "0" for value in row[-3:])]


def assert_alike(warehouse: Embedded) -> None:
    """All that is kept is what it is made of."""
    for what, (kept, facts) in SAME.items():
        expected = sums(warehouse, facts)
        assert expected, what
        assert sums(warehouse, kept) == expected, what


@pytest.mark.parametrize("number", [13, 14])
@pytest.mark.parametrize("step", ["viewer_events", "presence", "ledger"])
def test_an_upgrade_counts_everything_once_wherever_it_and_the_batch_before_it_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    before, upgrade = [*SHIPPED[: number - 1], *LATER], SHIPPED[number - 1]
    first, second, late = BATCHES
    with as_shipped(monkeypatch, before), closing(Embedded.open(tmp_path)) as old:
        writer(old).process("week", first, 1, 0)
        with pytest.raises(DiedError):
            writer(old, dies_at(step)).process("week", second, 1 + first.count(b"\n"), 0)
    for steps in range(1, len(upgrade.statements) + 1, 1 if step == "ledger" else 4):
        cut = replace(upgrade, statements=(*upgrade.statements[:steps], "SELECT throwIf(1)"))
        with as_shipped(monkeypatch, [*before, cut]), pytest.raises(WarehouseError, match="throwIf"):
            Embedded.open(tmp_path)
    with closing(Embedded.open(tmp_path)) as new:
        assert writer(new).recovered
        assert_alike(new)
        writer(new).process("week", late, 1 + first.count(b"\n") + second.count(b"\n"), 0)
        assert_alike(new)
