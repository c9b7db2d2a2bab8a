"""The board Pipeline and the marks over time say what was stored, how soon, and what the AI label did."""

import json
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from board_stage import MINUTE_MS, alike, asked, between, evening, filled, rows_of, whole_evening
from boards_referee import Choice, Truth
from live_referee import Live, label
from patience import PATIENCE_S

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range
from streams.processor import Processor

EVENTS = evening()
NEWEST_MS = max(event["occurred_at"] for event in EVENTS)
BATCHES = 6
HOUR_MS = 60 * MINUTE_MS
BROKEN = b'{"type": "broken"}\n{"event_id": "x1", "type": "liked", "occurred_at": 1, "session_id": "s"}\nnot JSON\n'
NOBODY = {"seller": [], "platform": [], "session": [], "host": [], "zone": ["UTC"]}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """The evening, then a batch of three broken lines and a repeat."""
    folder = tmp_path_factory.mktemp("evening")
    opened = filled(folder, EVENTS, BATCHES)
    processor = Processor(opened, folder, Rules(), lambda: int(time.time() * 1000))
    processor.process("other", BROKEN + json.dumps(EVENTS[0]).encode() + b"\n", 1, 0)
    processor.refit()
    yield opened
    opened.close()


def now(stage: Embedded, panel: str, step_ms: int = MINUTE_MS) -> list[dict[str, Any]]:
    """What a panel says of the last hour."""
    at = int(time.time() * 1000)
    return rows_of(stage, f"pipeline_{panel}", Range(at - HOUR_MS, at + MINUTE_MS, step_ms), NOBODY)


def test_the_sums_are_those_of_what_was_fed(stage: Embedded) -> None:
    [books] = now(stage, "books")
    restated = int(stage.sql("SELECT count() FROM ledger WHERE kind = 'restatement'", "TSV"))
    assert books == {
        "batches": BATCHES + 2,
        "events": len(EVENTS),
        "repeats": 1,
        "rejects": 3,
        "restatements": restated,
        "frozen": 0,
    }
    assert now(stage, "frozen") == [{"frozen": 0}]


def test_what_arrives_per_minute_adds_up_to_the_sums(stage: Embedded) -> None:
    for step_ms in (MINUTE_MS, 5_000, HOUR_MS):
        rows = now(stage, "throughput", step_ms)
        assert sum(row["events"] for row in rows) * step_ms / MINUTE_MS == pytest.approx(len(EVENTS))
        assert sum(row["rejects"] for row in rows) * step_ms / MINUTE_MS == pytest.approx(3)
        assert sum(row["repeats"] for row in rows) * step_ms / MINUTE_MS == pytest.approx(1)
        assert [row["time"] % step_ms for row in rows] == [0] * len(rows)


def test_each_batch_says_what_it_brought_and_how_long_it_took(stage: Embedded) -> None:
    rows = now(stage, "batches")
    assert [row["number"] for row in rows] == list(range(BATCHES + 2, 0, -1))
    assert {row["lane"] for row in rows} == {0}
    assert [row["source"] for row in rows[:3]] == ["markov fit", "other", "evening"]
    assert sum(row["events"] for row in rows) == len(EVENTS)
    assert (rows[1]["rejects"], rows[1]["repeats"], rows[1]["events"]) == (3, 1, 0)
    assert rows[1]["latency"] is None
    assert all(0 <= row["took"] < PATIENCE_S for row in rows)
    late_s = (rows[2]["time"] - NEWEST_MS) / 1000 + rows[2]["took"]
    assert rows[2]["latency"] == pytest.approx(late_s)


def test_latency_is_that_of_the_batches_each_weighed_by_its_events(stage: Embedded) -> None:
    found = now(stage, "latency", HOUR_MS)
    late = [row["latency"] for row in now(stage, "batches") if row["latency"] is not None]
    assert found
    for row in found:
        assert row["p50"] <= row["p95"] <= row["p99"]
        assert {row["p50"], row["p95"], row["p99"]} <= set(late)
    assert max(row["p99"] for row in found) == max(late)


def test_the_age_of_the_data_is_that_of_the_newest_event(stage: Embedded) -> None:
    for name in ("pipeline_data_age", "live_data_age"):
        asked_s = time.time()
        [row] = rows_of(stage, name, Range(0, MINUTE_MS, MINUTE_MS), NOBODY)
        assert asked_s - 1 <= NEWEST_MS / 1000 + row["age"] <= time.time() + 1


def test_rejects_are_told_by_reason_with_a_place_and_a_remedy_and_no_bytes(stage: Embedded) -> None:
    rows = now(stage, "rejects")
    assert sum(row["lines"] for row in rows) == 3
    assert {(row["source"], row["position"]) for row in rows} <= {("other", 1), ("other", 2), ("other", 3)}
    assert all(row["remedy"] and row["record_offset"] is None for row in rows)
    assert {"value", "line"} & set(rows[0]) == set()


def test_a_lane_with_an_unfinished_intent_waits(stage: Embedded) -> None:
    [alone] = now(stage, "lag")
    assert (alone["lane"], alone["batches"], alone["unfinished"], alone["waiting"]) == (0, BATCHES + 2, 0, None)
    assert alone["newest"] == NEWEST_MS
    lane = 5 << 40
    at = pl.Series([int(time.time() * 1000) - 90_000]).cast(pl.Datetime("ms", "UTC"))
    intent = {"batch": [lane + 1], "kind": ["events"], "source": ["hostledger.events-3"], "recorded_at": at}
    stage.insert("intents", pl.DataFrame(intent), "intent")
    _, lane_5 = now(stage, "lag")
    assert (lane_5["lane"], lane_5["source"], lane_5["batches"], lane_5["unfinished"]) == (
        5,
        "hostledger.events-3",
        0,
        1,
    )
    assert 90 <= lane_5["waiting"] < 90 + PATIENCE_S
    assert (lane_5["newest"], lane_5["stored"], lane_5["behind"]) == (None, None, None)
    closed = {"batch": [lane + 1], "source": ["hostledger.events-3"], "events": [4], "newest_at": at, "recorded_at": at}
    stage.insert("batches", pl.DataFrame(closed), "closed")
    _, lane_5 = now(stage, "lag")
    assert (lane_5["batches"], lane_5["unfinished"], lane_5["waiting"]) == (1, 0, None)
    assert 90 <= lane_5["behind"] < 90 + PATIENCE_S


def test_every_fit_is_told_with_its_sample(stage: Embedded) -> None:
    [fit] = now(stage, "fits")
    assert fit["fit"] == 1
    assert fit["conversion"] == pytest.approx(fit["conversions"] / fit["journeys"])
    assert fit["hosts"] > 3


COVERED = {
    "the whole evening": whole_evening(),
    "half an hour": between(50, 80),
    "a seller": whole_evening(seller=("a",)),
    "a host": whole_evening(host=("d2",)),
    "a room without digital hosts": whole_evening(session=("s4",)),
}


def unlabelled(live: Live) -> list[tuple[str, str, int, int]]:
    """Stretches (session, host, start, end) of digital hosts on air without the label, walked from change to change."""
    found = []
    marks = live.truth.of("label_shown", "label_hidden")
    for piece in live.pieces:
        start, end = live.lived(piece)
        if piece.kind != "digital" or not live.choice.takes(piece.host_id, "digital"):
            continue
        cuts = sorted({start, end} | {e["occurred_at"] for e in marks if start < e["occurred_at"] < end})
        spans: list[list[int]] = []
        for one, two in pairwise(cuts):
            if label(live, piece.session_id, piece.host_id, one + 1) == "shown":
                continue
            if spans and spans[-1][1] == one:
                spans[-1][1] = two
            else:
                spans.append([one, two])
        found += [(piece.session_id, piece.host_id, one, two) for one, two in spans]
    return found


@pytest.mark.parametrize("choice", COVERED.values(), ids=list(COVERED))
def test_label_coverage_is_time_with_the_label_by_time_on_air(stage: Embedded, choice: Choice) -> None:
    live = Live(Truth(EVENTS, NEWEST_MS), choice)
    gaps = unlabelled(live)
    expected: dict[tuple[str, str], int] = {}
    for piece in live.pieces:
        if piece.kind == "digital" and choice.takes(piece.host_id, "digital"):
            start, end = live.lived(piece)
            key = piece.session_id, piece.host_id
            expected[key] = expected.get(key, 0) + end - start
    rows = {(row["session_id"], row["host_id"]): row for row in asked(stage, "pipeline_labels", choice)}
    assert rows.keys() == expected.keys()
    for key, on_air_ms in expected.items():
        without = [end - start for session_id, host_id, start, end in gaps if (session_id, host_id) == key]
        shown = Fraction(on_air_ms - sum(without), 1000)
        told: dict[str, Any] = {"live": Fraction(on_air_ms, 1000), "shown": shown, "coverage": shown * 1000 / on_air_ms}
        told |= {"gaps": len(without), "longest": Fraction(max(without, default=0), 1000)}
        assert alike([{name: rows[key][name] for name in told}]) == alike([told])


@pytest.mark.parametrize("choice", COVERED.values(), ids=list(COVERED))
def test_a_stretch_without_the_label_is_marked(stage: Embedded, choice: Choice) -> None:
    live = Live(Truth(EVENTS, NEWEST_MS), choice)
    found = {(row["time"], row["timeEnd"], row["text"]) for row in asked(stage, "annotation_label_gaps", choice)}
    assert found == {
        (start, end, f"no AI label: {live.truth.name(host_id)}, {live.room(session_id)}")
        for session_id, host_id, start, end in unlabelled(live)
    }


@pytest.mark.parametrize("choice", COVERED.values(), ids=list(COVERED))
def test_hand_overs_and_featured_products_are_marked_where_they_were(stage: Embedded, choice: Choice) -> None:
    live = Live(Truth(EVENTS, NEWEST_MS), choice)
    begun = [
        (start, f"{live.truth.name(host_id)} on air: {live.room(session_id)}")
        for (session_id, host_id), spans in live.truth.books.shifts.items()
        for start, _ in spans
        if choice.holds(start) and live.of_choice(session_id) and host_id in (choice.host or (host_id,))
    ]
    assert [(row["time"], row["text"]) for row in asked(stage, "annotation_handovers", choice)] == sorted(begun)
    shown = [
        (e["occurred_at"], f"featured {e['product_id']}: {live.room(e['session_id'])}")
        for e in live.truth.of("product_featured")
        if choice.holds(e["occurred_at"]) and live.of_choice(e["session_id"])
    ]
    expected = [] if choice.host else shown
    assert [(row["time"], row["text"]) for row in asked(stage, "annotation_featured", choice)] == expected
