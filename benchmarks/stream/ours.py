"""Ours: workers on packed records, and a worker behind the packer; everything is attributed and stored."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from analytics.warehouse import Warehouse
from benchmarks.running import ONE_THREAD, ChildError
from benchmarks.stream import given
from benchmarks.stream.cores import cpu_seconds, on, peak_mb
from benchmarks.stream.parts import kafka_broker
from benchmarks.stream.scene import PARTITIONS, Scene, load
from benchmarks.stream.trail import Point, Run, difference, run
from hostledger.commands.reconcile import checks

PATIENCE_S = 180.0
_LOOK_S = 0.25
_DONE = "SELECT sum(events) + sum(repeats) FROM batches WHERE source LIKE '%.events-%'"
_STORED = (
    "SELECT session, minute, count() FROM (SELECT session_id AS session, toUnixTimestamp(occurred_at) DIV 60 AS minute "
    "FROM viewer_events UNION ALL SELECT ifNull(session_id, {none:String}), toUnixTimestamp(ordered_at) DIV 60 "
    "FROM orders) GROUP BY ALL"
).replace("{none:String}", f"'{given.NO_SESSION}'")
_PACKED = re.compile(r"^hostledger_packer_events_total (\S+)$", re.MULTILINE)


def packed(
    scene: Scene, lines: tuple[bytes, ...], cores: frozenset[int], partitions: int = PARTITIONS, workers: int = 1
) -> Run:
    """Run workers on packed records, on some cores together. Raises ChildError.

    They have their partitions and stand still until the topics are full; then the clock starts.
    """
    stage = scene.stage(partitions)
    try:
        with on(cores):
            pids = started(stage, workers)
        with stopped(pids):
            records, roster = given.packed(lines, partitions)
            load(scene.bootstrap, stage.topics.events, records, (stage.topics.roster, roster))
        return _watched(scene, stage, lines, pids, lambda: True)
    finally:
        scene.drop(stage)


def through_packer(scene: Scene, lines: tuple[bytes, ...], topic: str) -> Run:
    """Run the packer on single records and a worker behind it, both on the side's core. Raises ChildError.

    The clock starts when the first records are packed and acknowledged, which are not counted as done.
    """
    stage, port = scene.stage(), kafka_broker.free_port()
    command = [str(Path(sys.executable).with_name("hostledger")), "pack", topic, "--metrics-port", str(port)]
    with on(scene.cores.side):
        pids = started(stage, 1)
        with stage.log.open("a") as log:
            packer = subprocess.Popen(
                command, env=stage.environment | ONE_THREAD, stdout=subprocess.DEVNULL, stderr=log
            )
    try:
        return _watched(scene, stage, lines, [*pids, packer.pid], lambda: _has_packed(port))
    finally:
        packer.kill()
        packer.wait()
        scene.drop(stage)


def started(stage: Any, workers: int) -> list[int]:  # noqa: ANN401  # the stage of the tests has no types
    """Start workers and wait until each has its partitions. Returns their process ids; raises ChildError."""
    found = [stage.worker(**ONE_THREAD) for _ in range(workers)]
    until = time.monotonic() + PATIENCE_S
    while any(worker.asked("/readyz")[0] != 200 for worker in found):  # noqa: PLR2004  # HTTP
        if time.monotonic() > until or any(worker.process.poll() is not None for worker in found):
            raise ChildError(f"the workers do not start: {stage.log.read_text()[-2000:]}")
        time.sleep(0.1)
    return [worker.process.pid for worker in found]


@contextmanager
def stopped(pids: Sequence[int]) -> Iterator[None]:
    """Let processes stand still for a while, shorter than the session of their group."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _watched(
    scene: Scene,
    stage: Any,  # noqa: ANN401  # as above
    lines: tuple[bytes, ...],
    pids: Sequence[int],
    begins: Callable[[], bool],
) -> Run:
    """Look on from outside until all is stored, and check it."""
    total = sum(record.events for record in given.packed(lines, stage.partitions)[0])
    until = time.monotonic() + PATIENCE_S
    while not begins():
        _still(stage, until)
    with closing(stage.books()) as warehouse:
        points = [_point(scene, pids, 0)]
        while points[-1].events < total:
            _still(stage, until)
            done = int(warehouse.sql(_DONE, "TabSeparated") or 0)
            points.append(_point(scene, pids, done))
        peak = peak_mb(pids)
        stage.drained()
        return run(points, total, peak, wrong(warehouse, lines))


def _point(scene: Scene, pids: Sequence[int], events: int) -> Point:
    return Point(time.perf_counter(), cpu_seconds(pids), cpu_seconds(scene.server_pids), events)


def _still(stage: Any, until: float) -> None:  # noqa: ANN401  # as above
    """Wait a little. Raises ChildError if it takes too long or a worker has ended."""
    if time.monotonic() > until or any(worker.process.poll() is not None for worker in stage.workers):
        raise ChildError(f"not all is stored after {PATIENCE_S:.0f} s: {stage.log.read_text()[-2000:]}")
    time.sleep(_LOOK_S)


def _has_packed(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            found = _PACKED.search(answer.read().decode())
    except OSError:
        return False
    return bool(found and float(found[1]))


def wrong(warehouse: Warehouse, lines: tuple[bytes, ...]) -> str:
    """Say what the warehouse has wrong: events per minute and session, or a check of `hostledger reconcile`."""
    rows = [row.split("\t") for row in warehouse.sql(_STORED, "TabSeparated").splitlines()]
    found = {(session, int(minute)): int(count) for session, minute, count in rows}
    failed = [row["check"] for row in checks(warehouse, "UTC").to_dicts() if row["holds"] is False]
    said = [difference(given.stored_counts(lines), found), *dict.fromkeys(failed)]
    return "; ".join(part for part in said if part)
