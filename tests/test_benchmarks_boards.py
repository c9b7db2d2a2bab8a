"""The boards' benchmark asks warehouses whose books are right. Nothing here is timed."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from analytics.warehouse.embedded import Embedded
from benchmarks.boards import filling, loading, measuring
from benchmarks.boards.__main__ import NOW_S
from dashboards.boards import BOARDS
from dashboards.macros import expanded
from dashboards.sql import statement

EVENTS = 30_000


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with closing(Embedded.open(tmp_path_factory.mktemp("boards") / "data")) as opened:

        def run(text: str, numbers: dict[str, int]) -> None:
            opened._ask(text, "Null", "filling", {name: str(number) for name, number in numbers.items()})

        filling.fill(run, EVENTS, NOW_S, lambda _: None)
        yield opened


def count(warehouse: Embedded, text: str) -> int:
    return int(warehouse.sql(text, "TabSeparated"))


def test_so_many_raw_events_are_there_and_the_rollups_hold_them(warehouse: Embedded) -> None:
    assert count(warehouse, "SELECT count() FROM viewer_events") == EVENTS
    joined = count(warehouse, "SELECT count() FROM viewer_events WHERE type = 'viewer_joined'")
    assert count(warehouse, "SELECT sum(views) FROM activity_minute") == joined
    assert count(warehouse, "SELECT toUnixTimestamp(max(occurred_at)) FROM viewer_events") <= NOW_S
    assert count(warehouse, "SELECT sum(presence_minute.change) FROM presence_minute") == 0


def test_the_books_of_the_benchmark_close(warehouse: Embedded) -> None:
    span = measuring.Range((NOW_S - 91 * 86400) * 1000, (NOW_S + 86400) * 1000, 86_400_000)
    found = warehouse.ask(expanded(statement("finance_conservation"), span, {})).to_dicts()
    assert {row["currency"] for row in found} == {"CNY", "JPY"}
    assert {row["model"] for row in found} > {"on_air", "markov"}
    assert all(row["off"] == row["sales_off"] == 0 and row["paid"] > 0 for row in found)


def test_the_script_that_is_asked_for_has_been_tested(warehouse: Embedded) -> None:
    board = BOARDS["compare"]
    span = measuring.Range((NOW_S - 30 * 86400) * 1000, NOW_S * 1000, 3_600_000)
    found = warehouse.ask(expanded(statement("compare_script_arms"), span, measuring.values(board))).to_dicts()
    assert [row["variant"] for row in found] == ["A", "B"]
    assert (
        0
        < sum(row["viewers"] for row in found)
        <= count(warehouse, "SELECT uniqExact(viewer_id) FROM presence WHERE session_id = 'session-492'")
    )


def test_panels_and_pages_are_measured(warehouse: Embedded) -> None:
    told: list[str] = []
    board = {"pipeline": BOARDS["pipeline"]}
    took = [
        *measuring.panels(warehouse, NOW_S * 1000, 2, told.append, board),
        *loading.pages(warehouse, NOW_S * 1000, 2, board),
    ]
    assert told == ["pipeline", "pipeline, 90 days"]
    assert len(took) == 2 * len(board["pipeline"].panels) + 3
    assert all(one.p95 >= one.p50 > 0 for one in took)
