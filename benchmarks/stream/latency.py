"""From an event's way into Kafka to its rows in ClickHouse, while so many events per second are offered.

Two readings: the worker's own histogram, and a probe that asks ClickHouse for markers until they are there.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from math import inf, isfinite
from typing import Any

import numpy as np

from analytics.warehouse.server import Server
from benchmarks.running import ROOT, ChildError
from benchmarks.stream.cores import cpu_seconds, on
from benchmarks.stream.offered import AFTER_MARKERS, AS_IT_HAPPENS, MARKER
from benchmarks.stream.ours import started
from benchmarks.stream.parts import Stage, native_child
from benchmarks.stream.scene import Scene
from benchmarks.table import table

PARTITIONS = (1, 2, 4, 8)
"""Each partition has batches of its own, so the fewer there are, the sooner each is done."""
WARM_UP_S = 5.0
PATIENCE_S = 60.0
PACES = ("an hour in a minute", AS_IT_HAPPENS)
"""Event time that the offer spans. An hour in about a minute: whatever hosts and rooms do comes fifty times as often
as it would at that rate. As it happens: the first minutes of an hour that has that rate, in many rooms."""
_LOOK_S = 0.25
"""Each look takes about a tenth of that from ClickHouse's core; so much a reading of the probe may be too long."""
_BUCKET = re.compile(r'^hostledger_latency_seconds_bucket\{le="(.+?)"\} (\S+)$', re.MULTILINE)
_SEEN = (
    "SELECT DISTINCT 'event stored', viewer_id FROM viewer_events "  # noqa: S608  # our own words
    f"WHERE viewer_id >= '{MARKER}' AND viewer_id < '{AFTER_MARKERS}' "
    f"UNION ALL SELECT DISTINCT 'order credited', order_id FROM ledger "
    f"WHERE order_id >= '{MARKER}' AND order_id < '{AFTER_MARKERS}'"
)
_WHAT = ("event stored", "order credited")
Buckets = dict[float, float]


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds at the median and at p99, by what was read (null: never seen); and whether the offer kept its pace.

    lost: markers that were not seen. worker_cpu, server_cpu: CPU seconds per second of the offer.
    """

    rate: int
    pace: str
    partitions: int
    seconds: float
    readings: dict[str, dict[str, float | None]]
    lost: int
    behind_s: float
    worker_cpu: float
    server_cpu: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Probe:
    """Asks ClickHouse for markers again and again, in a thread, and notes when each was first seen."""

    def __init__(self, warehouse: Server) -> None:
        self._warehouse, self._over = warehouse, threading.Event()
        self.seen: dict[str, dict[str, float]] = {what: {} for what in _WHAT}
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            found = self._warehouse.sql(_SEEN, "TabSeparated").splitlines()
            now = time.time()
            for what, marker in (line.split("\t") for line in found):
                self.seen[what].setdefault(marker, now)


def measure(scene: Scene, rate: int, seconds: int, partitions: int, pace: str = PACES[0]) -> Latency:
    """Offer events in so many partitions to a worker. pace: one of PACES. Raises ChildError."""
    stage = scene.stage(partitions)
    try:
        with on(scene.cores.side):
            pids = started(stage, 1)
        with on(scene.cores.servers):
            producer = _producer(scene, stage, rate, seconds, pace)
        with closing(Server.open(stage.url, password=native_child.PASSWORD)) as warehouse:
            probe = Probe(warehouse)
            try:
                return _offered(scene, stage, pids, producer, probe, (rate, pace))
            finally:
                probe.stop()
                producer.kill()
                producer.communicate()
    finally:
        scene.drop(stage)


def _producer(scene: Scene, stage: Stage, rate: int, seconds: int, pace: str) -> subprocess.Popen[str]:
    arguments = [scene.bootstrap, stage.prefix, str(stage.partitions), pace, str(rate), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.stream.offered", *arguments]
    started = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if not started.stdout or started.stdout.readline() != "ready\n":
        raise ChildError("the producer of the offer does not start")
    return started


def _offered(
    scene: Scene,
    stage: Stage,
    pids: list[int],
    producer: subprocess.Popen[str],
    probe: Probe,
    offer: tuple[int, str],
) -> Latency:
    """Let the offer run, and read all that there is to read."""
    worker = stage.workers[0]
    began = time.time()
    if producer.stdin:
        producer.stdin.write("go\n")
        producer.stdin.flush()
    time.sleep(WARM_UP_S)
    before = _buckets(worker)
    spent = cpu_seconds(pids), cpu_seconds(scene.server_pids), time.monotonic()
    said, _ = producer.communicate()
    elapsed = time.monotonic() - spent[2]
    worker_cpu = (cpu_seconds(pids) - spent[0]) / elapsed
    server_cpu = (cpu_seconds(scene.server_pids) - spent[1]) / elapsed
    told = json.loads(said)
    sent = {marker: at for marker, at in told["sent"].items() if at - began >= WARM_UP_S}
    _wait_for(sent, probe)
    after = _buckets(worker)
    own = {limit: count - before.get(limit, 0) for limit, count in after.items()}
    readings: dict[str, dict[str, float | None]] = {
        "the worker's histogram, per record": {"p50": quantile(own, 0.5), "p99": quantile(own, 0.99)}
    }
    for what, seen in probe.seen.items():
        waits = [seen.get(marker, inf) - at for marker, at in sent.items()]
        readings[f"the probe: {what}"] = {"p50": _at(waits, 50), "p99": _at(waits, 99), "most": _at(waits, 100)}
    lost = sum(marker not in seen for seen in probe.seen.values() for marker in sent)
    return Latency(*offer, stage.partitions, told["seconds"], readings, lost, told["behind_s"], worker_cpu, server_cpu)


def _wait_for(sent: Mapping[str, float], probe: Probe) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and any(sent.keys() - seen.keys() for seen in probe.seen.values()):
        time.sleep(0.2)
    time.sleep(1.0)  # the worker counts a batch just after its rows are there


def _buckets(worker: Any) -> Buckets:  # noqa: ANN401  # as above
    return {float(limit): float(count) for limit, count in _BUCKET.findall(worker.asked("/metrics")[1])}


def quantile(buckets: Mapping[float, float], share: float) -> float:
    """Read a quantile from cumulative buckets as Prometheus does: on a straight line within its bucket."""
    limits = sorted(buckets)
    wanted, lower, below = share * buckets[limits[-1]], 0.0, 0.0
    for limit in limits[:-1]:
        if buckets[limit] >= wanted:
            return lower + (limit - lower) * (wanted - below) / max(buckets[limit] - below, 1)
        lower, below = limit, buckets[limit]
    return lower


def _at(waits: list[float], percent: float) -> float | None:
    """Give a wait that so many are not above; null if it is that of a marker that was never seen."""
    found = float(np.percentile(waits, percent, method="higher"))
    return found if isfinite(found) else None


def _cell(seconds: float | None) -> str:
    return "not seen" if seconds is None else f"{seconds:.2f}"


def tables(found: Latency) -> str:
    """The readings, and whether the offer was what it should be."""
    rows = [
        [what, *(_cell(read[name]) if name in read else "" for name in ("p50", "p99", "most"))]
        for what, read in found.readings.items()
    ]
    offer = f"{found.rate:,} events/s offered for {found.seconds:.0f} s, {found.pace}"
    title = f"Event to queryable with {found.partitions} partitions, {offer}, in seconds"
    said = (
        f"Markers not seen: {found.lost}. Greatest delay of the producer: {found.behind_s:.2f} s. CPU seconds per "
        f"second: worker {found.worker_cpu:.2f}, ClickHouse {found.server_cpu:.2f}."
    )
    return f"{table(title, ['reading', 'p50', 'p99', 'most'], rows)}\n{said}\n"
