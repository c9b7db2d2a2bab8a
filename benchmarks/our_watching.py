"""Ours while so many people watch: what memory holds of them, what a small batch costs then, and a new start."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from benchmarks.ours import resident_mb
from benchmarks.running import OUT, Stopwatch, tell
from streams.ingest import wall_ms
from streams.processor import Processor
from streams.state import State

AT_ONCE, SMALL, SMALL_BATCHES = 50_000, 1_000, 5
SESSIONS = 40
START_MS = 1_790_000_000_000


def _joined(first: int, count: int, at_ms: int) -> bytes:
    """Write so many viewers who join, one after the other within a minute."""
    return b"".join(
        msgspec.json.encode(
            {
                "event_id": f"joined-{number:09d}",
                "type": "viewer_joined",
                "occurred_at": at_ms + (number - first) * 60_000 // count,
                "session_id": f"session-{number % SESSIONS:04d}",
                "viewer_id": f"viewer-{number:09d}",
            }
        )
        + b"\n"
        for number in range(first, first + count)
    )


def _held_mb(state: State) -> float:
    people = (state.live.marks, state.live.watched, state.live.checks)
    rows = sum(kept.ordered.estimated_size() + kept.beside.estimated_size() for kept in people)
    arrays = sum(kept.hashes.nbytes + kept.there.nbytes for kept in people)
    return (rows + arrays + sum(hashes.nbytes for hashes in state.known.minutes.values())) / 1e6


def main(viewers: str) -> None:
    """Let so many viewers join and stay, then take in small batches, then start anew; tell what each took."""
    count, position = int(viewers), 1
    OUT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=OUT) as folder:
        warehouse = Embedded.open(Path(folder))
        processor = Processor(warehouse, Path(folder), Rules(), wall_ms)
        before_mb = resident_mb()
        for first in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - first)
            processor.process("joining", _joined(first, size, START_MS + 60_000 * (first // AT_ONCE % 8)), position, 0)
            position += size
        held_mb, resident = _held_mb(processor.state), resident_mb() - before_mb
        with Stopwatch() as small:
            for batch in range(SMALL_BATCHES):
                lines = _joined(count + batch * SMALL, SMALL, START_MS + 60_000 * 8)
                processor.process("joining", lines, position, 0)
                position += SMALL
        with Stopwatch() as restart:
            Processor(warehouse, Path(folder), Rules(), wall_ms)
        warehouse.close()
    if processor.state.live.watched.height != count + SMALL * SMALL_BATCHES:
        raise RuntimeError(f"{processor.state.live.watched.height} people are watching")
    facts = {"held_mb": held_mb, "resident_mb": resident, "small_cpu_seconds": small.cpu_seconds / SMALL_BATCHES}
    tell(restart, viewers=count, **facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
