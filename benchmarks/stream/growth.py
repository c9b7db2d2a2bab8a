"""More workers, more partitions: how the rate grows where all processes share all cores of this machine."""

from itertools import product
from typing import Any, NamedTuple

from benchmarks.running import Spread
from benchmarks.stream import ours
from benchmarks.stream.scene import Scene
from benchmarks.stream.trail import Run
from benchmarks.table import spread, table

WORKERS, PARTITIONS = (1, 2), (2, 4, 8)


class Step(NamedTuple):
    """The runs of so many workers on so many partitions."""

    workers: int
    partitions: int
    runs: list[Run]

    @property
    def rate(self) -> Spread:
        """Events per second."""
        return Spread.of([run.rate for run in self.runs])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        runs = [run.as_dict() for run in self.runs]
        return {"workers": self.workers, "partitions": self.partitions, "runs": runs, "rate": self.rate.as_dict()}


def measure(scene: Scene, lines: tuple[bytes, ...], repeats: int) -> list[Step]:
    """Run every number of workers with every number of partitions, taking turns. Raises ChildError."""
    steps = [Step(workers, partitions, []) for partitions, workers in product(PARTITIONS, WORKERS)]
    for _ in range(repeats):
        for step in steps:
            step.runs.append(ours.packed(scene, lines, scene.cores.every, step.partitions, step.workers))
    return steps


def tables(steps: list[Step], cores: int) -> str:
    """Rates by workers and partitions; a run with a wrong result shows as such."""
    rows = []
    for workers in WORKERS:
        cells = [_cell(step) for step in steps if step.workers == workers]
        rows.append([f"{workers} worker{'s' * (workers > 1)}", *cells])
    title = f"Growth, events/s: workers, broker and ClickHouse share {cores} cores"
    return table(title, ["", *(f"{partitions} partitions" for partitions in PARTITIONS)], rows)


def _cell(step: Step) -> str:
    wrong = next((run.wrong for run in step.runs if run.wrong), "")
    return f"wrong: {wrong}" if wrong else spread(step.rate)
