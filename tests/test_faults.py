"""Processes die at every step, at random moments and in recovery; disks fill up; the books stay exact."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import polars as pl
import pytest
from children import uncovered
from fault_child import SOURCE, Errand
from nights import NIGHT
from referee import books as referee_books
from referee_models import EVERY_MODEL, RefereeRules
from scenario_stage import Event
from scenarios import scenario, to_bytes
from test_processor import assert_rollups
from warehouse_books import posted, refereed, rows

from analytics.rules import Rules
from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from streams import lanes
from streams.processor import Processor

CHILD = Path(__file__).with_name("fault_child.py")
HOSTLEDGER = Path(sys.executable).with_name("hostledger")
KILLED = -9
REFUSED = 2
TIMEOUT_S = 600
RANDOM_KILLS = 40 if NIGHT else 10
CLOCK_MS = int(time.time() * 1000)
"""One time for all: rows are then equal to the last byte."""
EVENTS = scenario(3, "medium")
TABLES = (
    "roster_events",
    "shifts",
    "stretches",
    "viewer_events",
    "presence",
    "orders",
    "order_lines",
    "refunds",
    "order_paths",
    "ledger",
    "rejects",
)
STEPS = ("intent", *TABLES, "batches", "done", "lost_transitions", "markov_fits")
ROLLUPS = ("_minute", "_quarter", "_day")
KEPT_READY = {"lanes", "order_credits", "roster_hosts", "roster_kinds", "roster_sessions"}
ROLLUP_OF = {
    "viewer_events": "activity_minute",
    "presence": "presence_minute",
    "orders": "orders_minute",
    "order_lines": "products_minute",
    "ledger": "revenue_minute",
}
KEYS = {
    "viewer_events": "event_id",
    "roster_events": "event_id",
    "orders": "order_id",
    "order_lines": "order_id, line_id",
    "refunds": "refund_id",
    "rejects": "source, position, line",
    "batches": "batch",
}

Contents = dict[str, list[tuple[str, ...]]]


def delayed(events: list[Event], random: Random) -> list[Event]:
    """The events in order of time, but one in four comes later than its turn."""
    in_order = sorted(events, key=lambda event: event["occurred_at"])
    places = [turn + (random.random() < 0.25) * random.randrange(len(events)) for turn in range(len(events))]
    return [event for _, event in sorted(zip(places, in_order, strict=True), key=lambda placed: placed[0])]


def batches_of_scenario() -> list[str | None]:
    """20 batches, most events in order, some late, with repeats and broken lines, and three fits."""
    events = delayed([*EVENTS, *Random(4).sample(EVENTS, len(EVENTS) // 8)], Random(3))
    cuts = [len(events) * number // 20 for number in range(21)]
    texts: list[str | None] = [
        to_bytes(events[start:end]).decode() + '{"type": "broken"}\n' for start, end in pairwise(cuts)
    ]
    return [*texts[:5], None, *texts[5:19], None, *texts[19:], None]


def contents(folder: Path, *, but: str = "") -> Contents:
    """Every row of every table as text: facts as they are, rollups summed up.

    but: a column to leave out. When a row was stored is left out too: that is the engine's own clock.
    """
    warehouse = Embedded.open(folder)
    try:
        names = rows(warehouse, "SELECT name, sorting_key FROM system.tables WHERE engine LIKE '%MergeTree' ORDER BY 1")
        return {name: _rows(warehouse, name, key, but) for name, key in names if name != "schema_migrations"}
    finally:
        warehouse.close()


def _columns(warehouse: Embedded, table: str) -> list[tuple[str, ...]]:
    """Name and type of the columns of a table that hold values and are not in its key."""
    stored = "NOT is_in_sorting_key AND default_kind != 'ALIAS'"
    return rows(warehouse, f"SELECT name, type FROM system.columns WHERE table = '{table}' AND {stored}")  # noqa: S608  # names of our own tables


def _rows(warehouse: Embedded, table: str, key: str, but: str) -> list[tuple[str, ...]]:
    if not table.endswith(ROLLUPS):
        unlike = [column for column in (but, "stored_at") if column and _has(warehouse, table, column)]
        left_out = f"EXCEPT({', '.join(unlike)})" if unlike else ""
        states = [name for name, kind in _columns(warehouse, table) if kind.startswith("AggregateFunction")]
        shown = f"REPLACE({', '.join(f'finalizeAggregation({name}) AS {name}' for name in states)})" if states else ""
        final = "FINAL" if states or table in {"shifts", "stretches", "lanes"} else ""
        return rows(warehouse, f"SELECT * {left_out} {shown} FROM {table} {final} ORDER BY ALL")  # noqa: S608  # names of our own tables
    columns = _columns(warehouse, table)
    sums = [_whole(name, kind) for name, kind in columns]
    found = rows(warehouse, f"SELECT {', '.join(sums)}, {key} FROM {table} GROUP BY {key} ORDER BY ALL")  # noqa: S608  # names of our own tables
    return [row for row in found if any(value not in {"0", "[]"} for value in row[: len(sums)])]


def _whole(name: str, kind: str) -> str:
    """A column of a rollup over all rows of its key: sums, people counted, sets of keys and lists of moves in order."""
    if kind.startswith("Aggregate"):
        return f"uniqExactMerge({name})"
    lists = next((one for one in ("groupUniqArrayArray", "groupArrayArray") if one in kind), "")
    return f"arraySort({lists}({name}))" if lists else f"sum({name})"


def _has(warehouse: Embedded, table: str, column: str) -> bool:
    return bool(rows(warehouse, f"SELECT 1 FROM system.columns WHERE table = '{table}' AND name = '{column}'"))  # noqa: S608  # names of our own tables


def assert_same(found: Contents, expected: Contents) -> None:
    """The same rows in every table; says how many are missing and too many where not."""
    odd = {
        table: f"{len(set(expected[table]) - set(lines))} missing, {len(lines)} for {len(expected[table])}"
        for table, lines in found.items()
        if lines != expected[table]
    }
    assert odd == {}
    assert found.keys() == expected.keys()


def assert_refereed(folder: Path) -> None:
    """Ledger and rollups are the referee's, and no row is there twice."""
    warehouse = Embedded.open(folder)
    try:
        assert posted(warehouse) == refereed(referee_books(EVENTS, RefereeRules()).entries)
        newest_ms = warehouse.query("core_last_batch", **lanes.bounds(1))["newest_ms"][0]
        assert_rollups(warehouse, EVENTS, newest_ms, EVERY_MODEL)
        for table, key in KEYS.items():
            assert rows(warehouse, f"SELECT {key}, count() FROM {table} GROUP BY {key} HAVING count() > 1") == []  # noqa: S608  # names of our own tables
    finally:
        warehouse.close()


class Story:
    """A folder and the processes that live and die in it."""

    def __init__(self, place: Path) -> None:
        place.mkdir(exist_ok=True)
        self.folder = place / "data"
        self.batches = place / "batches.json"
        self.batches.write_bytes(msgspec.json.encode(batches_of_scenario()))

    def child(self, **errand: Any) -> subprocess.CompletedProcess[str]:
        told = Errand(str(self.folder), str(self.batches), CLOCK_MS, **errand)
        command = [sys.executable, str(CHILD), msgspec.json.encode(told).decode()]
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=uncovered())

    def dies(self, step: str, **errand: Any) -> None:
        ended = self.child(die_at=step, **errand)
        assert ended.returncode == KILLED, (step, ended)

    def finishes(self, **errand: Any) -> None:
        ended = self.child(**errand)
        assert ended.returncode == 0, ended

    def pending(self) -> list[str]:
        return [path.name for path in (self.folder / "journal").iterdir()]


def side_by_side(work: Callable[[Any], None], over: Iterable[Any]) -> None:
    """Do the work for two at a time: processes mostly wait for one core."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, over))


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    calm = Story(tmp_path_factory.mktemp("undisturbed"))
    calm.finishes()
    assert_refereed(calm.folder)
    return contents(calm.folder)


def test_every_table_that_a_batch_can_write_is_a_step(undisturbed: Contents) -> None:
    written = {table for table, lines in undisturbed.items() if lines and not table.endswith(ROLLUPS)}
    assert written - KEPT_READY == set(STEPS) - {"intent", "done"}
    assert written >= KEPT_READY
    assert all(undisturbed[rollup] for rollup in ROLLUP_OF.values())


def test_a_death_at_any_step_changes_nothing_in_whatever_order_the_tables_come(
    tmp_path: Path, undisturbed: Contents
) -> None:
    """By day every second step of those backwards: test_lanes has any part of the tables written."""
    stories = {backwards: Story(tmp_path / str(backwards)) for backwards in (False, True)}

    def live(backwards: bool) -> None:
        for step in STEPS[::2] if backwards and not NIGHT else STEPS:
            stories[backwards].dies(step, backwards=backwards)
        stories[backwards].finishes(backwards=backwards)

    side_by_side(live, stories)
    for story in stories.values():
        assert_same(contents(story.folder), undisturbed)
        assert_refereed(story.folder)


def test_deaths_in_recovery_change_nothing(story: Story, undisturbed: Contents) -> None:
    story.dies("shifts")
    for step in ("shifts", "ledger", "viewer_events", "rejects"):
        pending = story.pending()
        story.dies(step, in_recovery=True)
        assert story.pending() == pending
    story.dies("orders")
    story.dies("batches", in_recovery=True)
    story.dies("markov_fits")
    story.dies("ledger", in_recovery=True)
    story.finishes()
    assert_same(contents(story.folder), undisturbed)


def test_a_death_while_the_tables_are_made_changes_nothing(story: Story, undisturbed: Contents) -> None:
    for statement in (2, 11, 20):
        assert story.child(die_at_statement=statement).returncode == KILLED
    story.finishes()
    assert_same(contents(story.folder), undisturbed)


def last_token(folder: Path, table: str) -> tuple[Path, str]:
    """Where a table is on disk, and the part that its last token was noted for."""
    place = (folder / "clickhouse" / "data" / "hostledger" / table).resolve()
    log = place / "deduplication_logs" / "deduplication_log_1.txt"
    lines = log.read_text().splitlines() if log.exists() else []
    return place, lines[-1].split("\t")[1] if lines else ""


def test_a_death_between_the_token_and_its_rows_loses_nothing(story: Story, undisturbed: Contents) -> None:
    for table in ("ledger", "refunds", "viewer_events", "presence", "orders", "order_lines", "batches"):
        behind = ROLLUP_OF.get(table, table)
        _, before = last_token(story.folder, behind)
        story.dies(table)
        place, part = last_token(story.folder, behind)
        assert part not in {"", before}
        (place / part).rename(place / f"tmp_insert_{part}")
    story.finishes()
    assert_same(contents(story.folder), undisturbed)
    assert_refereed(story.folder)


class Failing:
    """A warehouse whose n-th insert fails; it keeps what it was given."""

    def __init__(self, warehouse: Embedded, nth: int) -> None:
        self._warehouse, self.nth = warehouse, nth
        self.given: dict[str, pl.DataFrame] = {}

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        self.given[table] = frame
        if len(self.given) == self.nth:
            raise WarehouseError("injected")
        self._warehouse.insert(table, frame, token)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._warehouse, name)


def test_a_batch_whose_insert_fails_is_finished_at_the_next_start_with_the_very_same_rows(
    tmp_path: Path, undisturbed: Contents
) -> None:
    warehouse = Embedded.open(tmp_path / "data")
    try:
        feed_with_failures(warehouse)
    finally:
        warehouse.close()
    assert_same(contents(tmp_path / "data"), undisturbed)


def feed_with_failures(warehouse: Embedded) -> None:
    """Feed the batches; each fails at another insert, and a processor that starts anew repeats it."""
    folder, lines, offset, finished = warehouse.folder, 0, 0, 0
    for number, item in enumerate(batches_of_scenario(), start=1):
        failing, repeating = Failing(warehouse, 1 + number % 11), Failing(warehouse, 0)
        processor = Processor(failing, folder, Rules(), lambda: CLOCK_MS)
        data = (item or "").encode()
        with suppress(WarehouseError):
            processor.process(SOURCE, data, lines + 1, offset + len(data)) if data else processor.refit()
        lines, offset = lines + data.count(b"\n"), offset + len(data)
        failed = len(failing.given) == failing.nth
        assert [path.name for path in (folder / "journal").iterdir()] == [f"{number}.intent"] * failed
        again = Processor(repeating, folder, Rules(), lambda: CLOCK_MS + 1)
        assert bool(again.recovered) == failed
        finished += failed
        for table, frame in failing.given.items() if failed else ():
            assert frame.equals(repeating.given[table]), (number, table)
    assert finished > 10


def test_a_processor_that_failed_takes_nothing_on_before_the_next_start(warehouse: Embedded) -> None:
    first, second = batches_of_scenario()[:2]
    failing = Failing(warehouse, 2)
    processor = Processor(failing, warehouse.folder, Rules(), lambda: CLOCK_MS)
    with pytest.raises(WarehouseError, match="injected"):
        processor.process(SOURCE, (first or "").encode(), 1, 0)
    with pytest.raises(WarehouseError, match="start again"):
        processor.process(SOURCE, (second or "").encode(), 99, 0)
    kept = (warehouse.folder / "journal" / "1.intent").read_text()
    assert kept.endswith(first or "")


def test_an_order_that_comes_twice_in_one_batch_has_its_lines_once(warehouse: Embedded) -> None:
    order = next(event for event in EVENTS if event["type"] == "order_paid")
    once_more = {**order, "event_id": "another"}
    processor = Processor(warehouse, warehouse.folder, Rules(), lambda: CLOCK_MS)
    processor.process(SOURCE, to_bytes([order, order, once_more]), 1, 0)
    assert rows(warehouse, "SELECT sum(amount_minor) FROM order_lines") == rows(
        warehouse, "SELECT sum(amount_minor) FROM orders"
    )
    assert rows(warehouse, "SELECT count() FROM order_lines") == [(str(len(order["lines"])),)]


def test_a_full_disk_is_refused_with_a_remedy_and_loses_nothing(story: Story, undisturbed: Contents) -> None:
    for limit in (1, 400, 2500):
        ended = story.child(file_limit=limit)
        assert ended.returncode == REFUSED, ended
        assert re.fullmatch(r"insert into \w+: .*free some space and start again.*\n", ended.stderr), ended.stderr
        assert story.pending() != []
    story.finishes()
    assert_same(contents(story.folder), undisturbed)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A generated day in six files, the first one small."""
    place = tmp_path_factory.mktemp("day")
    options = ("--events", "60000", "--orders", "600", "--start", "2025-01-06", "--seed", "11")
    command = [HOSTLEDGER, "generate", str(place / "day.ndjson"), *options]
    subprocess.run(command, check=True, capture_output=True, env=uncovered())
    lines = (place / "day.ndjson").read_bytes().splitlines(keepends=True)
    cuts = [0, 200, *(len(lines) * number // 5 for number in range(1, 6))]
    paths = [place / f"{number}.ndjson" for number in range(1, 7)]
    for path, (start, end) in zip(paths, pairwise(cuts), strict=True):
        path.write_bytes(b"".join(lines[start:end]))
    return paths


@pytest.fixture(scope="module")
def replayed(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Contents:
    folder = tmp_path_factory.mktemp("replayed") / "data"
    subprocess.run(replay(files, folder), check=True, capture_output=True, env=uncovered())
    found = contents(folder, but="recorded_at")
    assert len(found["viewer_events"]) > 50_000
    return found


def replay(files: list[Path], folder: Path, *options: str) -> list[str]:
    """The command, without a fit at its end: a run that is repeated after its last step would fit once more."""
    return [str(HOSTLEDGER), "replay", *map(str, files), "--data", str(folder), "--no-fit", *options]


def killed_after(command: list[str], delay_s: float) -> bool:
    """Run a command and kill it after a while. Returns whether it was still alive."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=uncovered())
    try:
        return process.wait(delay_s) == KILLED
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait() == KILLED


def test_kills_at_random_moments_of_a_replay_change_nothing(
    files: list[Path], replayed: Contents, tmp_path: Path
) -> None:
    folders = [tmp_path / f"data{number}" for number in range(RANDOM_KILLS // 5)]
    delays = dict(zip(folders, delays_s(len(folders)), strict=True))

    def live(folder: Path) -> None:
        kills = 0
        for delay_s in islice(delays[folder], 50):  # where replays are done sooner than that, there is no more to kill
            kills += killed_after(replay(files, folder), delay_s)
            if kills == 5:
                break
        assert kills
        subprocess.run(replay(files, folder), check=True, capture_output=True, timeout=TIMEOUT_S, env=uncovered())

    side_by_side(live, folders)
    for folder in folders:
        assert_same(contents(folder, but="recorded_at"), replayed)


def delays_s(count: int) -> list[Iterator[float]]:
    """Endless random delays for so many folders, the same in every run."""

    def endless(seed: int) -> Iterator[float]:
        random = Random(seed)
        while True:
            yield random.uniform(0.4, 1.8)

    return [endless(seed) for seed in range(count)]


def test_a_replay_where_files_may_not_grow_is_refused_at_once_and_goes_on_where_they_may(
    files: list[Path], replayed: Contents, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    limited = ["sh", "-c", 'ulimit -f 256; exec "$@"', "sh", *replay(files, folder)]
    ended = subprocess.run(limited, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert ended.returncode == REFUSED
    assert "files may not grow beyond" in ended.stderr
    assert "ulimit -f unlimited" in ended.stderr
    assert not folder.exists()
    subprocess.run(replay(files, folder), check=True, capture_output=True, timeout=TIMEOUT_S, env=uncovered())
    assert_same(contents(folder, but="recorded_at"), replayed)


def test_a_folder_that_another_process_holds_is_refused_with_a_remedy(warehouse: Embedded, files: list[Path]) -> None:
    command = replay(files[:1], warehouse.folder)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert ended.returncode == REFUSED
    assert f"data folder {warehouse.folder}: another process holds it; stop that one, or choose" in ended.stderr
    assert rows(warehouse, "SELECT count() FROM batches") == [("0",)]


@pytest.mark.parametrize("command", ["replay", "page", "demo"])
def test_a_port_in_use_is_refused_with_a_remedy(command: str, tmp_path: Path) -> None:
    (tmp_path / "one.ndjson").write_bytes(to_bytes(EVENTS[:1]))
    folder = tmp_path / "data"
    Embedded.open(folder).close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = {
            "replay": replay([tmp_path / "one.ndjson"], folder, "--page"),
            "page": [str(HOSTLEDGER), "page", "--data", str(folder)],
            "demo": [str(HOSTLEDGER), "demo"],
        }[command]
        ended = subprocess.run(
            [*arguments, "--port", port], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    assert ended.returncode == REFUSED
    assert f"port {port} is in use by another program; stop that program or choose a port with --port" in ended.stderr
