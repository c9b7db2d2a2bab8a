"""The benchmarks compare like with like: the naive loop and ours reach the same figures. Nothing here is timed."""

from collections.abc import Iterator
from math import isclose
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from analytics.warehouse.embedded import Embedded
from benchmarks import journeys, our_totals, stages, table
from benchmarks.naive import MODELS, Naive
from benchmarks.running import ROOT, Spread, child
from streams.generator import Plan, arrivals
from streams.processor import Processor

TIDY = {"late_rate": 0.0, "repeat_rate": 0.01, "malformed_rate": 0.0, "disorder_ms": 0}


@pytest.fixture(scope="module")
def day() -> bytes:
    return b"".join(data for _, data in arrivals(Plan.sized(events=20_000, orders=300, **TIDY)))


@pytest.fixture
def stored(day: bytes, warehouse: Embedded, processor: type[Processor]) -> Iterator[Embedded]:
    processor().process("day", day, 1, len(day))
    return warehouse


@pytest.fixture(scope="module")
def naive(day: bytes) -> Naive:
    loop = Naive()
    for line in day.splitlines():
        loop.take(line)
    return loop


def _rows(warehouse: Embedded, query: str) -> list[tuple]:
    answer = warehouse.sql(query, "TabSeparated")
    return [tuple(line.split("\t")) for line in answer.splitlines()]


def test_on_a_tidy_day_the_naive_loop_credits_as_we_do(stored: Embedded, naive: Naive) -> None:
    ours = {
        tuple(key): int(amount)
        for *key, amount in _rows(
            stored,
            "SELECT model, toUnixTimestamp(minute) DIV 60, currency, session_id, host_id, sum(gross) - sum(refunds) "
            "FROM revenue_minute WHERE host_id != 'excess_refund' GROUP BY ALL",
        )
        if key[0] in MODELS
    }
    theirs = {tuple(map(str, key)): amount for key, amount in naive.revenue.items()}
    assert {key: n for key, n in theirs.items() if n} == {key: n for key, n in ours.items() if n}
    assert len({model for model, *_ in ours}) == len(MODELS)


def test_on_a_tidy_day_the_naive_loop_counts_as_we_do(stored: Embedded, naive: Naive) -> None:
    rows = _rows(
        stored,
        "SELECT session_id, toUnixTimestamp(minute) DIV 60, sum(views), sum(likes) FROM activity_minute GROUP BY ALL",
    )
    for session, minute, views, likes in rows:
        assert naive.activity.get((session, int(minute), "viewer_joined"), 0) == int(views)
        assert naive.activity.get((session, int(minute), "liked"), 0) == int(likes)
    sold = _rows(stored, "SELECT sum(orders), sum(items), sum(gmv) FROM orders_minute")
    assert [tuple(str(sum(column)) for column in zip(*naive.sold.values(), strict=True))] == sold
    assert naive.repeats > 0
    assert naive.rejects == 0


def test_every_stage_of_the_profile_is_a_function_of_the_product() -> None:
    with stages.watched() as clock:
        pass
    assert clock.rows() == []


def test_time_spent_inside_another_stage_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter((0.0, 1.0, 4.0, 6.0))  # outer begins, inner begins, inner ends, outer ends
    monkeypatch.setattr(stages, "time", SimpleNamespace(process_time=lambda: next(ticks)))
    clock = stages.Clock()
    inner = clock.timed(lambda: None, lambda: "inner")
    clock.timed(inner, lambda: "outer")()
    assert clock.seconds == {"inner": 3.0, "outer": 3.0}
    assert clock.calls == {"inner": 1, "outer": 1}


def test_people_who_watch_are_in_the_state_that_is_measured() -> None:
    few, more = (child("-m", "benchmarks.our_watching", count) for count in ("500", "5000"))
    assert 5 < more["held_mb"] / few["held_mb"] < 15


def test_our_models_credit_every_conversion(tmp_path: Path) -> None:
    told = child("-m", "benchmarks.our_models", str(journeys.generated(tmp_path, 2_000)), "1500", "1")
    credited = {name: sum(found["credited"].values()) for name, found in told["results"].items()}
    assert isclose(credited.pop("markov removal effects"), 1)
    assert all(isclose(whole, told["converted"]) for whole in credited.values())
    assert isclose(told["base"], told["converted"] / 1_500)


def test_totals_are_the_same_whatever_they_are_given(tmp_path: Path) -> None:
    file = str(journeys.generated(tmp_path, 2_000))
    by_order = child("-m", "benchmarks.our_models", file, "1500", "1")
    for given in our_totals.INPUTS:
        told = child("-m", "benchmarks.our_totals", file, "1500", "1", given)
        assert told["converted"] == by_order["converted"]
        for name, found in told["results"].items():
            assert found["credited"] == pytest.approx(by_order["results"][name]["credited"], rel=1e-9)


def test_the_steps_of_a_journey_grow_younger(tmp_path: Path) -> None:
    walked, outcomes = journeys.steps(journeys.generated(tmp_path, 500), 300)
    assert outcomes.height == walked["order_id"].n_unique() == 300
    assert walked.filter(pl.col("end_ms") > journeys.ORDERED_MS).is_empty()
    ordered = walked.with_columns(later=pl.col("end_ms").diff().over("order_id"))
    assert ordered.filter(pl.col("later") <= 0).is_empty()
    assert walked["step"].max() <= journeys.LONGEST


def test_a_table_says_median_and_spread() -> None:
    row = ["ours", table.spread(Spread.of([3.0, 1.0, 2.0])), table.ratio(12.3)]
    assert table.table("T", ["side", "events/s", "ratio"], [row]).splitlines()[-1] == "| ours | 2 (1 to 3) |  12 x |"


def test_a_small_ratio_keeps_its_digits() -> None:
    assert [table.ratio(value) for value in (12.3, 1.234, 0.0045)] == ["12 x", "1.23 x", "0.0045 x"]


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="no-such-file"):
        child("-m", "benchmarks.naive", str(ROOT / "no-such-file"), "0")
