"""Claims about closed periods: their figures never change, whatever comes later, and nothing gets lost between them."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from books_referee import LANE, Ledger, Line
from hypothesis import given, settings
from hypothesis import strategies as st
from native_child import PASSWORD
from nights import NIGHT
from warehouse_books import rows
from warehouse_stage import execute

from analytics.closing import CLOSINGS, Books, NotDue, closing, totals
from analytics.periods import Period
from analytics.warehouse import Warehouse, books, tables
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = Period.named("2026-01", ZONE)
MONTHS = list(FIRST.through(Period.named("2026-08", ZONE), ZONE))
LATER_MS = Period.named("2027-01", ZONE).start_ms
LANES = (0, 2, 3)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with contextlib.closing(Embedded.open(tmp_path_factory.mktemp("books") / "data")) as warehouse:
        yield warehouse


@pytest.fixture
def emptied(embedded: Embedded) -> Embedded:
    for table in ("ledger", "batches", "closings", "closed_figures"):
        execute(embedded, f"TRUNCATE TABLE {table}")
    return embedded


def written(warehouse: Warehouse, lines: list[Line], token: str) -> None:
    """Write ledger lines of one batch."""
    at = pl.Series([line.booked_ms for line in lines]).cast(tables.TIME)
    frame = pl.DataFrame({"order_id": [line.order_id for line in lines], "amount_minor": [one.amount for one in lines]})
    named = frame.with_columns(model=pl.lit("linear"), host_id=pl.lit("mei"), currency=pl.lit("CNY"), booked_at=at)
    warehouse.insert("ledger", tables.numbered(lines[0].batch)(named), token)


def finished(warehouse: Warehouse, batch: int, token: str) -> None:
    """Say that all of a batch is stored."""
    warehouse.insert("batches", pl.DataFrame({"batch": [batch]}, schema={"batch": pl.UInt64}), token)


def posted(warehouse: Warehouse) -> dict[str, int]:
    found = rows(warehouse, "SELECT period, sum(amount_minor) FROM posted_lines GROUP BY period")
    return {period: int(amount) for period, amount in found}


class Story:
    """A random history: batches of a few lanes, some still under way, and months closed in between."""

    def __init__(self, warehouse: Warehouse, seed: int) -> None:
        self.warehouse, self.random, self.seed = warehouse, Random(seed), seed
        self.ledger = Ledger([(month.name, month.start_ms, month.end_ms) for month in MONTHS])
        self.under_way: dict[int, int] = {}
        self.reported: dict[str, int] = {}

    def batch(self) -> None:
        """Write lines of a lane's next batch; it ends at once, or is left under way for a while."""
        lane = self.random.choice(LANES)
        if lane in self.under_way:
            self.end(lane)
            return
        number = self.ledger.last.get(lane, lane * LANE) + 1
        lines = [self.line(number) for _ in range(self.random.randint(1, 4))]
        written(self.warehouse, lines, f"{self.seed}-{number}")
        self.ledger.lines += lines
        self.under_way[lane] = number
        if self.random.random() < 0.7:
            self.end(lane)

    def line(self, batch: int) -> Line:
        """A line of any month, also of closed ones, often at the very edge of one."""
        month = self.random.choice(MONTHS[:6])
        at = self.random.choice([month.start_ms, month.end_ms - 1, self.random.randrange(month.start_ms, month.end_ms)])
        return Line(f"o{len(self.ledger.lines)}-{self.random.random()}", at, self.random.randint(-999, 999), batch)

    def end(self, lane: int) -> None:
        number = self.under_way.pop(lane)
        finished(self.warehouse, number, f"{self.seed}-{number}")
        self.ledger.last[lane] = number

    def close(self) -> None:
        """Close the next month, once, or twice."""
        month = MONTHS[len(self.ledger.closings)]
        known = books.books(self.warehouse, ZONE)
        if not self.ledger.closings:
            known = replace(known, earliest_ms=FIRST.start_ms)
        assert known.due(month, LATER_MS, through=False) == [month]
        for _ in range(self.random.randint(1, 2)):
            books.close(self.warehouse, month, known, LATER_MS)
        self.ledger.close(month.name)
        self.reported[month.name] = posted(self.warehouse).get(month.name, 0)


@pytest.mark.parametrize("seed", range(30 if NIGHT else 3))
def test_figures_of_a_closed_month_never_change_and_the_months_sum_to_the_ledger(emptied: Embedded, seed: int) -> None:
    story = Story(emptied, seed)
    for _ in range(4):
        for _ in range(story.random.randint(2, 8)):
            story.batch()
        if story.ledger.last:
            story.close()
        now = posted(emptied)
        assert {name: now.get(name, 0) for name in story.reported} == story.reported
    assert now == story.ledger.figures()
    assert sum(now.values()) == sum(line.amount for line in story.ledger.lines)
    assert any(name != "2026-01" for name in story.reported)
    for name, amount in story.reported.items():
        evidence = totals(books.evidence(emptied, name))
        assert int(evidence["net_minor"].sum()) == amount
        stands = books.closings(emptied).filter(pl.col("period") == name)
        assert books.recomputed(emptied, stands).equals(books.evidence(emptied, name))


def test_most_of_these_stories_move_lines_to_a_later_month(emptied: Embedded) -> None:
    story = Story(emptied, 1)
    for _ in range(3):
        for _ in range(6):
            story.batch()
        story.close()
    moved = rows(emptied, "SELECT countIf(is_moved), countIf(period < booked_period), count() FROM posted_lines")[0]
    assert int(moved[0]) > 5
    assert (int(moved[1]), int(moved[2])) == (0, len(story.ledger.lines))


@pytest.fixture(params=["embedded", "server"])
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "embedded":
        yield request.getfixturevalue("emptied")
        return
    with contextlib.closing(Server.open(request.getfixturevalue("database"), password=PASSWORD)) as server:
        yield server


def test_the_first_closing_of_a_month_stands_and_one_cut_short_is_completed(engine: Any) -> None:
    line = Line("o1", FIRST.start_ms, 500, 2 * LANE + 1)
    written(engine, [line], "one")
    finished(engine, line.batch, "one")
    early = books.books(engine, ZONE)
    late = replace(line, order_id="o2", amount=7, batch=2 * LANE + 2)
    written(engine, [late], "two")
    finished(engine, late.batch, "two")
    rival = books.books(engine, ZONE)
    engine.insert("closings", tables.closings(closing(FIRST, early, LATER_MS)), f"closing-{FIRST.name}")
    assert books.evidence(engine).is_empty(), "it died here"
    stands = books.close(engine, FIRST, rival, LATER_MS)
    assert stands["last_batch"].to_list() == [2 * LANE + 1]
    assert totals(books.evidence(engine))["net_minor"].to_list() == [500]
    books.prove(engine, stands)
    assert books.evidence(engine).height == 1
    assert posted(engine) == {"2026-01": 500, "2026-02": 7}


def known(*closed: Period, earliest: int | None = FIRST.start_ms, zone: ZoneInfo = ZONE) -> Books:
    """Books with some months closed, from rows as `closing` makes them."""
    pins = pl.DataFrame({"lane": [0], "last_batch": [5]}, schema={"lane": pl.UInt64, "last_batch": pl.UInt64})
    found = Books(pl.DataFrame(schema=CLOSINGS), pins, earliest, ZONE)
    for month in closed:
        found = replace(found, closings=pl.concat([found.closings, closing(month, found, LATER_MS)]))
    return replace(found, zone=zone)


def test_months_close_in_order_once_each_and_after_their_end() -> None:
    january, february, march = MONTHS[:3]
    assert known().due(january, LATER_MS, through=False) == [january]
    assert known(january).due(january, LATER_MS, through=False) == []
    assert known(january).due(march, LATER_MS, through=True) == [february, march]
    assert known().due(january, january.end_ms, through=False) == [january]
    with pytest.raises(NotDue, match="goes on until the end of its month in Asia/Shanghai"):
        known().due(january, january.end_ms - 1, through=True)
    with pytest.raises(NotDue, match="2026-02 is open; close it first"):
        known(january).due(march, LATER_MS, through=False)
    with pytest.raises(NotDue, match="set HOSTLEDGER_TIMEZONE=Asia/Shanghai"):
        known(january, zone=ZoneInfo("UTC")).due(february, LATER_MS, through=False)
    with pytest.raises(NotDue, match="nothing is booked yet"):
        known(earliest=None).due(january, LATER_MS, through=False)
    for standing in (known(february), known(earliest=february.start_ms)):
        with pytest.raises(NotDue, match="where the books begin"):
            standing.due(january, LATER_MS, through=False)


@settings(deadline=None)
@given(st.integers(0, 8_000_000_000_000), st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Africa/Cairo"]))
def test_months_meet_without_gap_and_hold_what_their_name_says(at_ms: int, name: str) -> None:
    zone = ZoneInfo(name)
    month = Period.holding(at_ms, zone)
    assert month.start_ms <= at_ms < month.end_ms
    assert month.following(zone).start_ms == month.end_ms
    assert month.name == datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m")


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "2026", "26-01", "2026-01-01", "1968-12", ""])
def test_what_is_no_month_is_refused_by_value(text: str) -> None:
    with pytest.raises(ValueError, match=f"period '{text}' is no month; write it as in 2026-10"):
        Period.named(text, ZONE)
