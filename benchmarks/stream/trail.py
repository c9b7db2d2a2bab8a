"""How far a side was at which time, and its steady rate: what is said of one run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from benchmarks.stream.given import Counts

DONE = 0.95
"""Share of the events at which the clock stops: the last block, which may wait for company, is left out for all."""


class Point(NamedTuple):
    """Seconds by the wall, CPU seconds of the side and of the ClickHouse server, and events done by then."""

    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    events: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run: events and seconds between the first point and the stop, and what is wrong with the result, if anything.

    events 0: too short to say anything.
    """

    events: int
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    peak_mb: float
    wrong: str

    @property
    def rate(self) -> float:
        """Events per second; 0 where the run was too short."""
        return self.events / self.seconds if self.events else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"events_per_second": self.rate}


def run(points: Sequence[Point], total: int, peak_mb: float, wrong: str) -> Run:
    """Sum up the points of a run, the first of which starts the clock. total: events that were given."""
    first = points[0]
    last = next((point for point in points if point.events >= DONE * total), points[-1])
    return Run(
        events=last.events - first.events,
        seconds=last.seconds - first.seconds,
        cpu_seconds=last.cpu_seconds - first.cpu_seconds,
        server_cpu_seconds=last.server_cpu_seconds - first.server_cpu_seconds,
        peak_mb=peak_mb,
        wrong=wrong,
    )


def difference(expected: Counts, found: Mapping[tuple[str, int], int]) -> str:
    """Say how counts differ; empty if they are the same."""
    if expected == found:
        return ""
    off = [key for key in expected.keys() | found.keys() if expected.get(key, 0) != found.get(key, 0)]
    return f"{sum(found.values()):,} events for {sum(expected.values()):,}; {len(off):,} minutes of sessions differ"
