"""Each alert fires for what it is about and stays silent while all is well; and when a batch was stored is known."""

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from board_stage import said
from scenarios import to_bytes

from analytics.rules import Rules
from analytics.warehouse import migrations
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import shipped
from dashboards.boards import ALERTS, BOARDS
from dashboards.sql import statement
from streams.processor import Processor

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
DAY = 24 * 60
LANE = 4 << 40
BY_QUERY = {alert.query: alert for alert in ALERTS}
Event = dict[str, Any]


def now_ms() -> int:
    """The clock on the wall."""
    return int(time.time() * 1000)


def event(type_: str, minutes_ago: float, **fields: object) -> Event:
    """An event of a while ago."""
    at_ms = now_ms() - round(minutes_ago * MINUTE_MS)
    event_id = sha256(f"{type_} {minutes_ago} {sorted(fields.items())}".encode()).hexdigest()
    return {"event_id": event_id, "type": type_, "occurred_at": at_ms} | fields


def order(order_id: str, minutes_ago: float, amount: int = 1_000, **more: object) -> Event:
    """A paid order."""
    lines = [{"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": amount}]
    paid = {"order_id": order_id, "viewer_id": "v", "currency": "CNY", "session_id": "s1"} | more
    return event("order_paid", minutes_ago, **paid, lines=lines)


def refund(order_id: str, minutes_ago: float, amount: int) -> Event:
    """A refund of it."""
    back = {"order_id": order_id, "amount_minor": amount, "currency": "CNY"}
    return event("order_refunded", minutes_ago, refund_id=f"back {order_id}", **back)


def well() -> list[Event]:
    """An hour in which nothing is wrong."""
    return [
        event("host_registered", 60, host_id="h1", name="A", kind="human"),
        event("host_registered", 60, host_id="d1", name="B", kind="digital", likeness_of="h1"),
        event("session_started", 50, session_id="s1", seller_id="a", platform="douyin"),
        event("shift_started", 50, session_id="s1", host_id="h1"),
        event("shift_started", 45, session_id="s1", host_id="d1"),
        event("label_shown", 45, session_id="s1", host_id="d1"),
        *(order(f"o{number}", 30 - number) for number in range(12)),
        order("alone", 20, session_id=None, currency="JPY"),
        refund("o1", 10, 400),
        refund("o2", 9, 1_000),
        refund("not known yet", 9, 50),
        event("viewer_joined", 0.1, session_id="s1", viewer_id="v"),
    ]


class Stage:
    """A warehouse in which all is well, until something is done to it."""

    def __init__(self, folder: Path) -> None:
        self.warehouse = Embedded.open(folder)
        self.processor = Processor(self.warehouse, folder, Rules(), now_ms)
        self.began_ms = now_ms()
        self.lines = 0

    def feed(self, *events: Event, broken: int = 0) -> None:
        """Store events, and lines that can be none."""
        self.processor.process("stage", to_bytes(events) + b"broken\n" * broken, self.lines + 1, 0)
        self.lines += len(events) + broken

    def number(self, query: str) -> float | None:
        """What an alert reads; None for no row."""
        rows = said(self.warehouse, statement(query))
        return float(*rows[0].values()) if rows else None

    def fires(self, query: str) -> bool:
        """True if the number of an alert is above its limit."""
        number = self.number(query)
        return number is not None and number > BY_QUERY[query].above

    def insert(self, table: str, **row: object) -> None:
        """Store a row that no processor has written; times in milliseconds UTC."""
        frame = pl.DataFrame({name: [value] for name, value in row.items()})
        times = [name for name in frame.columns if name.endswith("_at")]
        moments = frame.with_columns(pl.col(times).cast(pl.Datetime("ms", "UTC")))
        self.warehouse.insert(table, moments, sha256(f"{table} {sorted(row.items())}".encode()).hexdigest())


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, dict[str, float | None]]]:
    """The stage, and what its alerts said while all was well."""
    stage = Stage(tmp_path_factory.mktemp("well"))
    empty = {alert.query: stage.number(alert.query) for alert in ALERTS}
    assert all(number in {None, 0} for number in empty.values()), empty
    assert empty["alert_data_age"] is None
    stage.feed(*well())
    yield stage, {alert.query: stage.number(alert.query) for alert in ALERTS}
    stage.warehouse.close()


@pytest.fixture
def stage(opened: tuple[Stage, object]) -> Stage:
    return opened[0]


@pytest.mark.parametrize("query", sorted(BY_QUERY))
def test_an_alert_is_silent_while_all_is_well(opened: tuple[Stage, dict[str, float | None]], query: str) -> None:
    number = opened[1][query]
    assert number is not None
    assert number <= BY_QUERY[query].above


def test_an_alert_says_what_is_wrong_and_what_to_do_in_one_line() -> None:
    assert len({alert.uid for alert in ALERTS}) == len(ALERTS)
    for alert in ALERTS:
        assert min(len(alert.summary), len(alert.runbook)) > 40
        assert "\n" not in alert.summary + alert.runbook
        assert alert.severity in {"warning", "critical"}


def test_every_panel_states_its_formula_in_one_sentence() -> None:
    for panel in (panel for board in BOARDS.values() for panel in board.panels):
        assert len(panel.help) > 40, panel.id
        assert panel.help.endswith("."), panel.id
        assert ". " not in panel.help, panel.id


def test_money_that_the_books_lack_or_made_up_is_found_to_the_minor_unit(stage: Stage) -> None:
    line = {
        "model": "on_air",
        "currency": "CNY",
        "ordered_at": now_ms() - 48 * HOUR_MS,
        "booked_at": now_ms() - 48 * HOUR_MS,
        "sign": 1,
        "session_id": "s1",
    }
    assert stage.number("alert_conservation") == 0
    stage.insert("ledger", order_id="o3", host_id="h1", amount_minor=7, batch=1, **line)
    assert stage.number("alert_conservation") == 7
    stage.insert("ledger", order_id="o3", host_id="excess_refund", refund_id="r", amount_minor=5, batch=1, **line)
    assert stage.number("alert_conservation") == 2
    other = line | {"model": "first", "currency": "KWD"}
    stage.insert("ledger", order_id="o3", host_id="unattributed", amount_minor=-3, batch=1, **other)
    assert stage.number("alert_conservation") == 5
    paid = {"ordered_at": now_ms(), "currency": "EUR", "viewer_id": "v"}
    stage.insert("orders", order_id="lost", event_id="e", amount_minor=11, items=1, batch=1, **paid)
    assert stage.number("alert_conservation") == 5 + 11 * len(Rules().models)


def test_an_order_whose_batch_is_being_stored_is_not_missing(stage: Stage) -> None:
    before = stage.number("alert_conservation")
    paid = {"ordered_at": now_ms(), "currency": "CNY", "viewer_id": "v", "items": 1}
    stage.insert("orders", order_id="on its way", event_id="e", amount_minor=11, batch=2**39, **paid)
    stage.insert("orders", order_id="of another lane", event_id="e", amount_minor=11, batch=(9 << 40) + 1, **paid)
    assert stage.number("alert_conservation") == before


def test_a_refund_of_another_lane_has_ten_minutes_to_be_booked(stage: Stage) -> None:
    before = stage.number("alert_conservation")
    assert before is not None
    back = {"refunded_at": now_ms(), "currency": "CNY", "amount_minor": 100}
    stage.insert("refunds", refund_id="new", order_id="o4", event_id="e", batch=LANE + 2, **back)
    stage.insert("batches", batch=LANE + 2, newest_at=now_ms(), recorded_at=now_ms())
    assert stage.number("alert_conservation") == before
    stage.insert("refunds", refund_id="old", order_id="o5", event_id="e", batch=LANE + 1, **back)
    stage.insert("batches", batch=LANE + 1, newest_at=now_ms(), recorded_at=now_ms() - 11 * MINUTE_MS)
    assert stage.number("alert_conservation") == before + 100 * len(Rules().models)


def test_old_data_is_noticed(stage: Stage) -> None:
    newest_ms = int(stage.warehouse.sql("SELECT toUnixTimestamp64Milli(max(newest_at)) FROM batches", "TSV"))
    asked_ms, age = now_ms(), stage.number("alert_data_age")
    assert age is not None
    assert asked_ms <= newest_ms + round(age * 1000) <= now_ms()
    assert newest_ms >= stage.began_ms - 6_000, "the last one who joined"


def test_gmv_of_rooms_without_a_host_is_noticed_and_sales_outside_of_rooms_are_not(stage: Stage) -> None:
    stage.feed(*(order(f"outside {number}", 5, session_id=None) for number in range(20)))
    assert stage.number("alert_unattributed") == 0
    stage.feed(event("session_started", 6, session_id="s2", seller_id="a", platform="douyin"))
    stage.feed(*(order(f"nobody's {number}", 5, session_id="s2") for number in range(9)))
    assert stage.number("alert_unattributed") == pytest.approx(9 / 21)
    assert stage.fires("alert_unattributed")


def test_a_refund_beyond_its_order_is_noticed_when_it_is_told_however_late(stage: Stage) -> None:
    before = stage.number("alert_excess_refund")
    assert before is not None
    stage.feed(refund("o6", 3, 1_001))
    assert stage.number("alert_excess_refund") == before + 1
    stage.feed(event("order_refunded", 25 * 60, refund_id="x", order_id="o7", amount_minor=2_000, currency="CNY"))
    assert stage.number("alert_excess_refund") == before + 2
    stage.feed(event("order_refunded", 9 * DAY, refund_id="y", order_id="old", amount_minor=2_000, currency="CNY"))
    assert stage.number("alert_excess_refund") == before + 2, "it waits for its order"
    stage.feed(order("old", 10 * DAY))
    assert stage.number("alert_excess_refund") == before + 3


def test_a_refund_beyond_its_order_is_silent_a_day_after_it_was_told(stage: Stage) -> None:
    before = stage.number("alert_excess_refund")
    at_ms = now_ms() - 25 * HOUR_MS
    line = {
        "order_id": "o8",
        "model": "on_air",
        "host_id": "excess_refund",
        "refund_id": "z",
        "currency": "CNY",
        "sign": 1,
    }
    told = {"amount_minor": 5, "ordered_at": at_ms, "session_id": "s1", "batch": 2 * LANE + 1}
    stage.insert("ledger", booked_at=now_ms() - 30 * MINUTE_MS, **line, **told)
    stage.insert("batches", batch=2 * LANE + 1, newest_at=at_ms, recorded_at=at_ms, stored_at=at_ms)
    assert stage.number("alert_excess_refund") == before


def test_a_digital_host_without_its_label_is_noticed_while_it_is_on_air(stage: Stage) -> None:
    stage.feed(event("label_hidden", 1, session_id="s1", host_id="d1"))
    assert stage.number("alert_label") == 1
    stage.feed(event("shift_started", 1, session_id="s2", host_id="d1"))
    assert stage.number("alert_label") == 2
    stage.feed(event("label_shown", 0.5, session_id="s1", host_id="d1"))
    stage.feed(event("shift_ended", 0.5, session_id="s2", host_id="d1"))
    assert stage.number("alert_label") == 0


def test_rejects_are_noticed_from_one_in_a_hundred_on(stage: Stage) -> None:
    assert not stage.fires("alert_rejects")
    stage.feed(broken=5)
    assert stage.fires("alert_rejects")


def test_an_unfinished_batch_and_a_lane_behind_are_noticed(stage: Stage) -> None:
    assert stage.number("alert_worker_lag") == 0
    moment_ms = now_ms()
    for number in (1, 2):
        told = {"batch": (9 << 40) + number, "source": "t-7"}
        stage.insert("intents", kind="events", recorded_at=moment_ms - 70_000, **told)
        assert stage.fires("alert_worker_lag")
        stage.insert("batches", events=1, newest_at=moment_ms, recorded_at=moment_ms, **told)
        assert not stage.fires("alert_worker_lag")
    stage.insert("batches", batch=(9 << 40) + 3, events=1, newest_at=moment_ms - HOUR_MS, recorded_at=moment_ms)
    assert stage.fires("alert_worker_lag")
    assert 3_600 <= stage.number("alert_worker_lag") <= 3_600 + (now_ms() - moment_ms) / 1000


def test_batches_of_an_older_version_count_as_stored_when_they_were_taken_on(
    opened: tuple[Stage, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened[0].warehouse.close()
    whole = shipped()
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "shipped", lambda: whole[:4])
        old = Embedded.open(tmp_path / "data")
        frame = pl.DataFrame({"batch": [1], "recorded_at": pl.Series([1_000]).cast(pl.Datetime("ms", "UTC"))})
        old.insert("batches", frame, "one")
        old.close()
    for _ in range(2):
        new = Embedded.open(tmp_path / "data")
        told = new.sql("SELECT toUnixTimestamp64Milli(stored_at) FROM batches", "TSV")
        new._run("ALTER TABLE schema_migrations DELETE WHERE number = 5 SETTINGS mutations_sync = 2")
        new.close()
        assert told == "1000\n"
