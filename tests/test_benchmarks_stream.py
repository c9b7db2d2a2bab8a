"""The stream's benchmark counts rightly and clocks fairly; with tiny inputs, and nothing here is timed."""

import shutil
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import kafka_broker
import msgspec
import pytest
from conftest import lacking

from analytics.warehouse.embedded import Embedded
from benchmarks.running import Spread
from benchmarks.stream import cores, given, growth, latency, offered, ours, peers, plot, trail
from benchmarks.stream.scene import Scene
from benchmarks.stream.trail import Point
from streams.generator import Plan, arrivals
from streams.processor import Processor

SMALL = Plan.sized(3_000, 12, hours=6, malformed_rate=0.0)


@pytest.fixture(scope="module")
def lines() -> tuple[bytes, ...]:
    return tuple(b"".join(data for _, data in arrivals(SMALL)).splitlines())


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    if not shutil.which("java") or kafka_broker.choice() != "apache":
        lacking("kafka", "the stream is measured on Apache Kafka: install Java 17 and Maven")
    try:
        found = cores.cores()
    except cores.NotHere as error:
        pytest.skip(str(error))
    with Scene(found) as standing:
        yield standing


def test_every_line_is_counted_once_per_side(lines: tuple[bytes, ...]) -> None:
    assert sum(given.counts(lines).values()) == len(lines)
    assert {session for session, _ in given.counts(lines)} > {given.NO_SESSION}
    again = lines + lines[-100:]
    assert given.stored_counts(again) == given.stored_counts(lines)
    assert given.counts(again) != given.counts(lines)


def test_packed_records_and_the_roster_hold_every_line(lines: tuple[bytes, ...]) -> None:
    records, roster = given.packed(lines, 4)
    found = [line for record in records for line in record.value.splitlines()] + [place.line for place in roster]
    assert sorted(found) == sorted(lines)
    assert sum(record.events for record in records) + len(roster) == len(lines)


def test_the_clock_stops_at_the_first_point_with_nearly_all() -> None:
    points = [Point(1.0, 0.5, 0.0, 100), Point(2.0, 1.0, 0.2, 500), Point(3.0, 2.5, 0.4, 960), Point(9.0, 3, 1, 1000)]
    found = trail.run(points, 1000, 50.0, "")
    assert (found.events, found.seconds, found.cpu_seconds, found.rate) == (860, 2.0, 2.0, 430.0)


def test_a_run_of_one_point_has_no_rate() -> None:
    assert trail.run([Point(1.0, 0.5, 0.0, 1000)], 1000, 50.0, "").rate == 0


def test_counts_that_differ_are_said() -> None:
    assert trail.difference({("s", 1): 2}, {("s", 1): 2}) == ""
    assert "1 events for 2; 1 minutes" in trail.difference({("s", 1): 2}, {("s", 1): 1})


def test_a_quantile_lies_on_a_line_within_its_bucket() -> None:
    buckets = {0.5: 50.0, 1.0: 90.0, 2.0: 100.0, float("inf"): 100.0}
    assert latency.quantile(buckets, 0.5) == pytest.approx(0.5)
    assert latency.quantile(buckets, 0.7) == pytest.approx(0.75)
    assert latency.quantile(buckets, 0.99) == pytest.approx(1.9)


def test_the_offer_holds_every_line_and_markers_that_are_events(lines: tuple[bytes, ...]) -> None:
    ticks = offered.ticks(lines, 4, 1_000)
    markers = [tick.marker for tick in ticks if tick.marker]
    assert len(markers) == -(-len(ticks) // offered.TICKS_PER_MARKER)
    assert sum(record.events for tick in ticks for record in tick.records) + sum(
        len(tick.roster) for tick in ticks
    ) == (len(lines) + 2 * len(markers))
    marked = offered.marker_lines("probe-1", given.heads(lines[-1:])[0])
    assert [head.type for head in given.heads(marked.splitlines())] == ["viewer_joined", "order_paid"]


def test_the_growth_is_drawn_with_a_line_for_each_number_of_workers(tmp_path) -> None:
    steps = [
        growth.Step(workers, partitions, [SimpleNamespace(rate=1000.0 * workers * partitions, wrong="")])
        for workers in growth.WORKERS
        for partitions in growth.PARTITIONS
    ]
    plot.draw(steps, tmp_path / "growth.svg")
    drawn = (tmp_path / "growth.svg").read_text()
    assert drawn.count("<polyline") == len(growth.WORKERS)
    assert drawn.count("<circle") == len(steps)
    assert steps[-1].rate == Spread(16_000.0, 16_000.0, 16_000.0)
    assert "| 2 workers" in growth.tables(steps, 2)


def test_our_worker_stores_what_it_is_given(scene: Scene, lines: tuple[bytes, ...]) -> None:
    found = ours.packed(scene, lines, scene.cores.side)
    assert found.wrong == ""
    assert found.events >= trail.DONE * sum(record.events for record in given.packed(lines, 8)[0])


def test_a_missing_event_is_seen(lines: tuple[bytes, ...], warehouse: Embedded, processor: type[Processor]) -> None:
    """The check of our result can fail."""
    data = b"".join(line + b"\n" for line in lines)
    processor().process("day", data, 1, len(data))
    assert ours.wrong(warehouse, lines) == ""
    more = msgspec.json.decode(next(line for line in lines if b'"viewer_joined"' in line)) | {"event_id": "one more"}
    assert "1 minutes of sessions differ" in ours.wrong(warehouse, (*lines, msgspec.json.encode(more)))


def test_the_faust_agent_counts_every_event(scene: Scene, lines: tuple[bytes, ...]) -> None:
    part = lines[:1_000]
    assert str(peers.python(peers.FAUST)) == sys.executable
    assert peers.measured(scene, peers.FAUST, scene.loaded_single(part), part).wrong == ""
