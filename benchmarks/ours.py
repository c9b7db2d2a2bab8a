"""Ours, through the path that `hostledger replay` takes: bytes in, facts, rollups and credits of ten models stored."""

import sys
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from analytics.intervals import OPEN_MS
from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from benchmarks.running import OUT, Stopwatch, tell
from benchmarks.stages import watched
from streams.ingest import Summary, feed, wall_ms
from streams.outcome import Outcome
from streams.processor import Processor
from streams.sources.files import BATCH_BYTES, stretches

_PAGE_BYTES = 4096


class Trail:
    """What memory holds after each batch: resident MB, open watches, event ids."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.rows: list[dict[str, float]] = []

    def note(self, outcome: Outcome, _size: int) -> None:
        """Look once; to be called after a batch."""
        state = self._processor.state
        self.rows.append(
            {
                "batch": outcome.batch,
                "resident_mb": resident_mb(),
                "open_watches": state.live.watched.where(pl.col("end_ms") >= OPEN_MS).height,
                "ids": sum(map(len, state.known.minutes.values())),
            }
        )


def resident_mb() -> float:
    """The resident size of this process now, in MB (10^6 bytes); 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * _PAGE_BYTES / 1e6


def main(path: str, share: str, profile: str) -> None:
    """Take in the first share (0 to 1) of a file's batches, refit, and tell what both took; profile: 0 or 1."""
    file = Path(path)
    batches = max(1, round(float(share) * -(-file.stat().st_size // BATCH_BYTES)))
    OUT.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=OUT) as folder:
        warehouse = Embedded.open(Path(folder))
        processor = Processor(warehouse, Path(folder), Rules(), wall_ms)
        trail = Trail(processor)
        with watched() if profile == "1" else nullcontext() as clock:
            with Stopwatch() as fed:
                summary = feed(processor, file.name, islice(stretches(file), batches), told=trail.note)
            with Stopwatch() as fitted:
                processor.refit()
        facts = _counts(summary) | {"trail": trail.rows, "stages": clock.rows() if clock else []}
        tell(fed, refit_seconds=fitted.seconds, refit_cpu_seconds=fitted.cpu_seconds, **facts)
        warehouse.close()


def _counts(summary: Summary) -> dict[str, object]:
    names = ("lines", "events", "repeats", "rejects", "orders", "restatements")
    return {name: getattr(summary, name) for name in names}


if __name__ == "__main__":
    main(*sys.argv[1:])
