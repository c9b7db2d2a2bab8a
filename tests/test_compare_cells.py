"""Cells out of the rollups are those that the slow referee counts minute by minute from the facts."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from board_stage import BEGIN_MS, MINUTE_MS, Event, evening, filled, said
from board_stage import rows_of as stage_rows
from referee_cells import Cells, hour_of, ms, rows_of
from warehouse_stage import execute

from analytics.comparison.cells import measured, selling
from analytics.comparison.estimates import contrast, strata_table
from analytics.comparison.measures import MEASURES
from analytics.comparison.strata import described, sorted_into
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range, expanded
from dashboards.sql import statement

FAR_MS = 4_000_000_000_000
SUMS = ("live_ms", "watch_ms", "views", "gross", "refunds", "orders")


def in_company() -> list[Event]:
    """A viewer who joins while a human and a digital host are on air together, and buys from both."""
    at = {"session_id": "s1", "viewer_id": "guest"}
    line = {"line_id": "1", "product_id": "p1", "quantity": 1, "amount_minor": 77_777}
    return [
        at | {"event_id": "company-1", "type": "viewer_joined", "occurred_at": BEGIN_MS + 82 * MINUTE_MS},
        at
        | {"event_id": "company-2", "type": "order_paid", "occurred_at": BEGIN_MS + 85 * MINUTE_MS}
        | {"order_id": "company", "currency": "CNY", "lines": [line]},
    ]


def from_somewhere(events: list[Event]) -> list[Event]:
    """The events, room entries by three doors in turn; the third has no name."""
    doors = cycle(({"source": "search"}, {"source": "paid"}, {}))
    return [event | next(doors) if event["type"] == "viewer_joined" else event for event in events]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with closing(
        filled(tmp_path_factory.mktemp("cells") / "data", from_somewhere([*evening(), *in_company()]))
    ) as opened:
        yield opened


def asked(warehouse: Embedded, **more: Any) -> pl.DataFrame:
    usual = {"model": "on_air", "currency": "CNY", "by": "kind", "control": "human", "treated": "digital"}
    window = {"zone": "Asia/Kolkata", "from_ms": 0, "until_ms": FAR_MS, "counting": 1}
    return warehouse.query("compare_cells", **(usual | window | more))


@pytest.mark.parametrize(
    ("by", "arms", "model", "currency", "zone"),
    [
        ("kind", ("human", "digital"), "on_air", "CNY", "Asia/Kolkata"),
        ("host", ("h1", "d1"), "on_air", "CNY", "Asia/Shanghai"),
        ("kind", ("human", "digital"), "linear", "JPY", "Asia/Kathmandu"),
    ],
)
def test_cells_are_those_of_the_referee(
    warehouse: Embedded, by: str, arms: tuple[str, str], model: str, currency: str, zone: str
) -> None:
    lines = asked(warehouse, by=by, control=arms[0], treated=arms[1], model=model, currency=currency, zone=zone)
    found = {
        (row["session_id"], row["hour_ms"], row["arm"], row["host_id"]): {
            "live_ms": row["live_ms"],
            "watch_ms": row["watch_ms"],
            "views": row["views"],
            "gross": int(row["gross_minor"]),
            "refunds": int(row["refunds_minor"]),
            "orders": round(row["orders"], 9),
        }
        for row in lines.to_dicts()
    }
    expected = {
        key: sums | {"orders": round(float(sums["orders"]), 9)}
        for key, sums in Cells(warehouse, model, currency, arms, by, zone).sums.items()
    }
    empty = dict.fromkeys(SUMS, 0)
    assert {key for key in found if found[key] != empty} == {key for key in expected if expected[key] != empty}
    assert {key: sums for key, sums in found.items() if sums != empty} == {
        key: sums for key, sums in expected.items() if sums != empty
    }
    assert {key[2] for key in found} == {"control", "treated", "other"}


def test_all_that_hosts_were_credited_in_sessions_is_in_some_cell(warehouse: Embedded) -> None:
    cells = asked(warehouse)
    hosts = "host_id NOT IN ('unattributed', 'excess_refund') AND session_id != ''"
    booked = rows_of(
        warehouse,
        "SELECT toInt64(sum(revenue_minute.gross)) AS gross, toInt64(sum(revenue_minute.refunds)) AS refunds"  # noqa: S608  # ours
        " FROM revenue_minute"
        f" WHERE model = 'on_air' AND currency = 'CNY' AND {hosts}",
    )[0]
    assert cells["gross_minor"].cast(pl.Int64).sum() == booked["gross"] > 0
    assert cells["refunds_minor"].cast(pl.Int64).sum() == booked["refunds"] > 0


def test_a_refund_counts_in_the_hour_of_its_sale(warehouse: Embedded) -> None:
    sold = rows_of(
        warehouse,
        "SELECT model, minute, toInt64(sum(returns_minute.refunds)) AS refunds FROM returns_minute"
        " GROUP BY ALL ORDER BY ALL",
    )
    lines = rows_of(
        warehouse,
        "SELECT model, toStartOfMinute(ordered_at) AS minute, -sum(amount_minor) AS refunds FROM ledger"
        " WHERE isNotNull(refund_id) GROUP BY ALL ORDER BY ALL",
    )
    assert sold == lines
    assert len(sold) > 20


def test_a_warehouse_from_before_gets_both_rollups_filled_and_a_repeat_changes_nothing(warehouse: Embedded) -> None:
    tables = {"returns_minute": "refunds", "entries_quarter": "entries"}
    totals = {
        table: f"SELECT count() AS rows, toInt64(sum({column})) AS total FROM (SELECT * FROM {table} FINAL)"  # noqa: S608  # ours
        for table, column in tables.items()
    }
    before = {table: rows_of(warehouse, text) for table, text in totals.items()}
    text = (files("analytics.warehouse") / "migrations" / "0008_compare.sql").read_text()
    statements = [part.strip() for part in text.replace("${LOCAL}", "").replace("${ON_CLUSTER}", "").split(";\n")]
    filling = [part for part in statements if part.startswith(("TRUNCATE", "INSERT"))]
    assert len(filling) == 4
    for _ in range(2):
        for step in filling:
            execute(warehouse, step)
        assert {table: rows_of(warehouse, text) for table, text in totals.items()} == before
    assert all(rows[0]["total"] > 0 for rows in before.values())


def test_the_source_of_an_hour_is_that_of_most_entries_and_all_entries_add_up_to_the_views(
    warehouse: Embedded,
) -> None:
    zone, counted = ZoneInfo("Asia/Kolkata"), defaultdict(Counter[str])
    for row in rows_of(
        warehouse, "SELECT session_id, occurred_at, source FROM viewer_events WHERE type = 'viewer_joined'"
    ):
        counted[row["session_id"], hour_of(ms(row["occurred_at"]), zone)][row["source"] or ""] += 1
    expected = {
        key: (min(found, key=lambda source, found=found: (-found[source], source)), found.total())  # type: ignore[misc]  # mypy takes no default here
        for key, found in counted.items()
    }
    entries = warehouse.query("compare_entries", zone=zone.key, from_ms=0, until_ms=FAR_MS)
    assert {(session, hour): (source, count) for session, hour, source, count in entries.iter_rows()} == expected
    assert len({source for source, _ in expected.values()}) == 3
    views = rows_of(warehouse, "SELECT sum(views) AS views FROM activity_minute")[0]["views"]
    assert entries["entries"].sum() == views > 0


@pytest.mark.parametrize("model", ["on_air", "linear"])
def test_the_board_says_the_same_rates_and_sizes_by_stratum(warehouse: Embedded, model: str) -> None:
    cells = asked(warehouse, model=model, counting=0)
    sessions = warehouse.query("compare_sessions")
    sold = warehouse.query("compare_sold", model=model, currency="CNY")
    meant = cells.filter(pl.col("session_id").is_in(selling(sessions, sold).implode()))
    sorted_ = described(measured(meant, MEASURES["net_per_viewer_hour"]), sessions, "Asia/Kolkata")
    table = strata_table(sorted_into(sorted_, ["platform", "hour_of_day", "category"]))
    expected = {
        row["stratum"]: (
            row["control_rate"] and round(row["control_rate"]) / 100,
            row["treated_rate"] and round(row["treated_rate"]) / 100,
            round(row["control_bottom"], 9),
            round(row["treated_bottom"], 9),
            row["control_sessions"],
            row["treated_sessions"],
        )
        for row in table.iter_rows(named=True)
    }
    chosen = {
        "model": [model],
        "currency": ["CNY"],
        "zone": ["Asia/Kolkata"],
        "seller": [],
        "platform": [],
        "session": [],
    }
    span = Range(0, FAR_MS, 60_000)
    found = {
        f"{row['platform']} · {row['hour'][:2]}h · {row['category']}": (
            row["human"] and float(row["human"]),
            row["digital"] and float(row["digital"]),
            round(row["human_hours"], 9),
            round(row["digital_hours"], 9),
            row["human_sessions"],
            row["digital_sessions"],
        )
        for row in stage_rows(warehouse, "compare_strata", span, chosen)
    }
    assert found == expected
    assert len(found) > 3
    figures = {row["figure"]: row for row in stage_rows(warehouse, "compare_figures", span, chosen)}
    for figure, name in (("ate", "stratified, all traffic (ATE)"), ("att", "stratified, digital traffic (ATT)")):
        estimate = contrast(sorted_into(sorted_, ["platform", "hour_of_day", "category"]), figure)
        assert estimate is not None
        assert float(figures[name]["difference"]) == pytest.approx(estimate.difference / 100, abs=0.006)
        assert figures[name]["strata"] == estimate.strata


def test_in_any_range_the_figures_of_the_board_stand_on_the_hours_of_its_strata(warehouse: Embedded) -> None:
    """Also where one kind was not on air: its rate is then absent."""
    first, last = warehouse.ask(
        "SELECT toUnixTimestamp64Milli(min(started_at)), toUnixTimestamp64Milli(max(ended_at)) FROM shifts"
    ).row(0)
    everything: list[str] = []
    chosen = {"model": ["on_air"], "currency": ["CNY"], "zone": ["Asia/Kolkata"]}
    chosen |= {"seller": everything, "platform": everything, "session": everything}
    lacking = 0
    for begin in range(first - 3_600_000, last, 2_700_000):
        span = Range(begin, begin + 3_600_000, 60_000)
        strata = stage_rows(warehouse, "compare_strata", span, chosen)
        for crude in stage_rows(warehouse, "compare_figures", span, chosen)[:1]:
            for kind in ("human", "digital"):
                assert crude[f"{kind}_hours"] == pytest.approx(sum(row[f"{kind}_hours"] for row in strata))
                lacking += crude[kind] is None
                assert (crude[kind] is None) == (crude[f"{kind}_hours"] == 0)
    assert lacking > 0


@pytest.mark.parametrize("length", [60, 47, 1440])
def test_what_ranges_say_that_follow_each_other_adds_up_to_what_one_says_of_all(
    warehouse: Embedded, length: int
) -> None:
    """Wherever a range begins and ends, money and time are those of its minutes."""
    begin, step = BEGIN_MS - 90 * MINUTE_MS, length * MINUTE_MS
    parts = [sums_of(warehouse, Range(at, at + step, MINUTE_MS)) for at in range(begin, begin + 600 * MINUTE_MS, step)]
    everything = sums_of(warehouse, Range(0, FAR_MS, MINUTE_MS))
    added: Counter[tuple[str, ...]] = Counter()
    for part in parts:
        added.update(part)
    assert added == everything
    assert sum(bool(part) for part in parts) > (length < 1440)
    assert len(everything) > 10


def sums_of(warehouse: Embedded, span: Range) -> Counter[tuple[str, ...]]:
    """Net and time watched of each kind in each stratum of a range, to the minor unit and the millisecond."""
    chosen = {"model": ["on_air"], "currency": ["CNY"], "zone": ["Asia/Kolkata"]}
    chosen |= {"seller": [], "platform": [], "session": []}
    table, _, _ = statement("compare_strata").rpartition("\nSELECT")
    text = f"{table} SELECT toString(stratum) AS alike, human_net, human_ms, digital_net, digital_ms FROM strata"  # noqa: S608  # ours
    names = ("human_net", "human_ms", "digital_net", "digital_ms")
    return Counter(
        {
            (row["alike"], name): int(row[name])
            for row in said(warehouse, expanded(text, span, chosen))
            for name in names
            if int(row[name])
        }
    )


def test_line_ups_cover_a_session_without_gaps_and_overlaps(warehouse: Embedded) -> None:
    rows = warehouse.ask(
        "SELECT session_id, start_at, end_at, host_ids FROM line_ups WHERE toUInt32(start_at) > 0"
        " ORDER BY session_id, start_at"
    )
    for _, one in rows.group_by("session_id"):
        assert one["end_at"][:-1].to_list() == one["start_at"][1:].to_list()
        assert one["host_ids"].to_list()[-1] == []
    both = rows.filter(pl.col("host_ids").list.len() == 2)
    assert ("s1", ["d1", "h1"]) in both.select("session_id", "host_ids").rows()
