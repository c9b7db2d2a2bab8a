"""The peers: what each needs, the most events that it is given, and what it takes. They only count."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks import peers
from benchmarks.peers import Peer
from benchmarks.running import ONE_THREAD, OUT, ROOT, ChildError
from benchmarks.stream import given
from benchmarks.stream.cores import on
from benchmarks.stream.scene import Scene
from benchmarks.stream.trail import Point, Run, difference, run

PATIENCE_S = 180.0
FAUST = Peer(
    "Faust 0.15.3, agent with a windowed table", "faust_table.py", (), 15_000, {}, "single; memory store, changelog"
)
QUIX = Peer(
    "Quix Streams 3.28.1, windowed count",
    "quix_window.py",
    ("quixstreams==3.28.1",),
    150_000,
    {},
    "single; RocksDB and changelog, as it comes",
)
PATHWAY = Peer(
    "Pathway 0.33.0, group-by", "pathway_group_by.py", ("pathway==0.33.0",), 400_000, {}, "single; state in memory"
)
ENGINE = Peer(
    "ClickHouse Kafka engine with a view, chdb 3.7.2", "clickhouse_kafka.py", ("chdb==3.7.2",), 400_000, {}, "single"
)
PACKED_ENGINE = Peer(ENGINE.name, ENGINE.script, ENGINE.requirements, 600_000, {}, "packed")
PEERS = (FAUST, QUIX, PATHWAY, ENGINE, PACKED_ENGINE)


def python(peer: Peer) -> Path:
    """Give the Python that a peer runs in: ours for Faust, which we use too. Raises ChildError."""
    return peers.installed(peer, OUT / "peers") if peer.requirements else Path(sys.executable)


def measured(scene: Scene, peer: Peer, topic: str, lines: tuple[bytes, ...]) -> Run:
    """Run a peer once on a topic that holds these lines. Raises ChildError."""
    script = str(Path(__file__).parent / "peer_runs" / peer.script)
    command = [str(python(peer)), script, scene.bootstrap, topic, f"bench-{uuid4().hex[:12]}", str(len(lines))]
    with on(scene.cores.side):
        told = _told(command, scene.folder / "told.json")
    points = [Point(seconds, cpu, 0.0, events) for seconds, cpu, events in told["points"]]
    found = {(session, minute): count for session, minute, count in told["counts"]}
    return run(points, len(lines), told["peak_mb"], difference(given.counts(lines), found))


def _told(command: list[str], file: Path) -> dict[str, Any]:
    file.unlink(missing_ok=True)
    print("running", *command[1:], file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            [*command, str(file)],
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        raise ChildError(f"{command[1]}: no result within {PATIENCE_S:.0f} s") from None
    if done.returncode or not file.exists():
        raise ChildError(f"{command[1]}: {done.stderr.strip()[-1000:] or done.returncode}")
    told: dict[str, Any] = json.loads(file.read_text())
    return told
