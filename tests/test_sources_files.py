"""Files in stretches of whole lines, and recorded time at another speed."""

import gzip
import io
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.pacing import TICK_S, paced
from streams.sources.files import STDIN, Reached, WrongFile, read_on, source_name, stretches

Write = Callable[[str, bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    return written


LINES = b"".join(b'{"n": %d}\n' % n for n in range(100))


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz"])
@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
@pytest.mark.parametrize("data", [LINES, LINES + b"unfinished", b"\n\n", b"x", b""])
def test_a_file_comes_in_stretches_of_whole_lines(write: Write, name: str, size: int, data: bytes) -> None:
    found = list(stretches(write(name, data), size=size))
    assert b"".join(found) == data
    assert all(stretch.endswith(b"\n") for stretch in found[:-1])
    assert all(found)


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz"])
@pytest.mark.parametrize("skip", [0, 1, 9, len(LINES) - 1, len(LINES), len(LINES) + 5, 3 << 20])
def test_an_offset_is_in_unpacked_bytes_and_one_behind_the_end_is_of_another_file(
    write: Write, name: str, skip: int
) -> None:
    start, data = read_on(write(name, LINES), [Reached(7, skip, "")])
    left_at = skip if skip <= len(LINES) else 0
    assert (start.lines, start.offset) == (7 if left_at == skip else 0, left_at)
    assert b"".join(data) == LINES[left_at:]


def test_an_offset_of_more_than_a_read_is_skipped_whole(write: Write) -> None:
    long = b"x" * ((1 << 20) + 5) + b"\n" + LINES
    assert b"".join(read_on(write("long.gz", long), [Reached(1, (1 << 20) + 6, "")])[1]) == LINES


def hash_of(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


@pytest.mark.parametrize("name", ["day.ndjson", "day.ndjson.gz"])
def test_a_file_is_read_on_behind_the_most_that_begins_it(write: Write, name: str) -> None:
    other = LINES[:36] + b"elsewhere\n" + LINES
    reached = [
        Reached(count, len(data), hash_of(data))
        for count, data in ((2, LINES[:18]), (4, LINES[:36]), (5, other[:46]), (9, LINES[:81]))
    ]
    for data, lines in ((LINES, 9), (other, 5), (LINES[:40], 4), (b"x" * 99, 0), (b"", 0)):
        start, found = read_on(write(name, data), reached)
        assert start.lines == lines
        assert b"".join(found) == data[start.offset :]
        assert start.read.hexdigest() == hash_of(data[: start.offset])


def test_a_line_longer_than_a_stretch_comes_whole(write: Write) -> None:
    long = b"x" * 1000 + b"\n"
    found = list(stretches(write("long", b"a\n" + long + b"b\n" * 20), size=10))
    assert [stretch.startswith(long) for stretch in found].count(True) == 1
    assert b"".join(found) == b"a\n" + long + b"b\n" * 20


def test_gzip_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    disguised = tmp_path / "day.ndjson"
    disguised.write_bytes(gzip.compress(LINES))
    assert b"".join(stretches(disguised)) == LINES


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    joined = tmp_path / "day.gz"
    joined.write_bytes(gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    assert b"".join(stretches(joined)) == b"a\nb\n"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(gzip.compress(LINES)[:-12], id="cut off"),
        pytest.param(gzip.compress(LINES)[:-8] + b"\0" * 8, id="wrong checksum"),
        pytest.param(gzip.compress(LINES)[:10] + b"\xff" * 40, id="garbage within"),
        pytest.param(gzip.compress(LINES) + b"more", id="garbage behind"),
        pytest.param(b"\x1f\x8b", id="a head alone"),
    ],
)
def test_broken_gzip_is_refused_by_name_and_not_taken_for_the_end(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "broken.gz"
    path.write_bytes(broken)
    with pytest.raises(WrongFile, match=r"FILE=.*broken\.gz: the gzip data is broken \(.*\); fetch the file again"):
        list(stretches(path))


def test_what_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nowhere", "No such file"), (tmp_path, "Is a directory")):
        for read in (lambda path: list(stretches(path)), source_name):
            with pytest.raises(WrongFile, match=rf"FILE={path}: {why}.*; name a file that exists and may be read"):
                read(path)


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(LINES)))
    assert b"".join(stretches(STDIN, size=64)) == LINES


def test_a_file_that_grows_keeps_its_name_and_another_file_has_another(write: Write) -> None:
    short, packed = source_name(write("day.ndjson", LINES[:90])), source_name(write("day.ndjson.gz", LINES))
    assert short == source_name(write("day.ndjson", LINES))
    assert short.startswith("day.ndjson#")
    assert len({short, packed, source_name(write("day.ndjson", b"other\n")), source_name(write("other", LINES))}) == 4


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.slept: list[float] = []

    def read(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def at(seconds: float) -> bytes:
    return b'{"occurred_at": %d, "more": [1]}\n' % (1_700_000_000_000 + seconds * 1000)


def arrivals(data: list[bytes], speed: float) -> list[tuple[float, bytes]]:
    """What comes when, in seconds since the start."""
    clock = Clock()
    return [(clock.now_s - 1_000, batch) for batch in paced(data, speed, clock=clock.read, sleep=clock.sleep)]


def test_events_come_when_their_time_has_come() -> None:
    data = [at(0) + at(0.1) + at(5), at(5) + at(20)]
    assert arrivals(data, 1) == [(0.0, at(0)), (TICK_S, at(0.1)), (5.0, at(5) + at(5)), (20.0, at(20))]


def test_time_runs_as_many_times_as_fast_as_asked() -> None:
    assert arrivals([at(0) + at(600)], 60) == [(0.0, at(0)), (10.0, at(600))]
    assert arrivals([at(0) + at(600)], 0.5) == [(0.0, at(0)), (1200.0, at(600))]


def test_events_that_are_due_together_come_together_and_the_pace_is_no_finer_than_a_tick() -> None:
    dense = [at(n / 100) for n in range(100)]
    found = arrivals([b"".join(dense)], 1)
    assert b"".join(batch for _, batch in found) == b"".join(dense)
    assert len(found) <= 1 / TICK_S + 1


def test_late_events_and_lines_without_a_time_come_with_the_line_before_them() -> None:
    unreadable = [b"\xff\n", b"{\n", b"\n", b'{"occurred_at": "noon"}\n', b'{"a": ' + b"[" * 100_000 + b"\n"]
    data = at(0) + at(9) + b"".join(unreadable) + at(3) + at(10)
    assert arrivals([data], 1) == [(0.0, at(0)), (9.0, at(9) + b"".join(unreadable) + at(3)), (10.0, at(10))]


def test_lines_before_the_first_time_come_at_once_and_nothing_gives_nothing() -> None:
    assert arrivals([b"{\n" + at(7)], 1) == [(0.0, b"{\n" + at(7))]
    assert arrivals([], 1) == []
    assert arrivals([b"no newline"], 1) == [(0.0, b"no newline")]


@settings(deadline=None)
@given(
    lines=st.lists(
        st.floats(0, 100).map(at) | st.sampled_from([b"{\n", b"a\rb\n", b"\r\n", b"\x0b\n", b"a\r" + at(50)]),
        max_size=20,
    ),
    speed=st.sampled_from([0.5, 1, 100]),
)
def test_no_pace_changes_the_bytes_or_cuts_a_line(lines: list[bytes], speed: float) -> None:
    found = [batch for _, batch in arrivals(lines, speed)]
    assert b"".join(found) == b"".join(lines)
    assert all(batch.endswith(b"\n") for batch in found)
