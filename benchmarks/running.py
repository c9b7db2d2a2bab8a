"""Children: processes of one core each that do one thing, clock it themselves, and tell it in one line of JSON."""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent
OUT = Path(__file__).parent / "out"
ONE_THREAD = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS"), "1"
)


class ChildError(RuntimeError):
    """A child ended with an error; the message holds the end of what it said."""


class Stopwatch:
    """Seconds between entering and leaving: by the wall, and of this process's CPU time in all its threads."""

    seconds = cpu_seconds = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began[0]
        self.cpu_seconds += time.process_time() - self._began[1]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of repeated measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Sum up measurements; at least one."""
        return cls(statistics.median(values), min(values), max(values))

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return asdict(self)


def peak_mb() -> float:
    """The largest resident size of this process, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would count what the parent held when it forked
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def tell(watch: Stopwatch, **facts: object) -> None:
    """Say what a child measured, in one line, with its peak memory."""
    print(json.dumps({"seconds": watch.seconds, "cpu_seconds": watch.cpu_seconds, "peak_mb": peak_mb(), **facts}))


def child(*arguments: str, python: str | Path = sys.executable) -> dict[str, Any]:
    """Run a child on the core of this process and read what it tells; nothing gives {}. Raises ChildError."""
    print("running", *arguments[:4], file=sys.stderr, flush=True)
    done = subprocess.run(
        [str(python), *arguments], cwd=ROOT, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ChildError(f"{' '.join(arguments)}: {done.stderr.strip()[-2000:] or done.returncode}")
    lines = done.stdout.splitlines()
    told: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return told
