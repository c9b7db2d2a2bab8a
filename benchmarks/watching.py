"""Question 7: what a lane holds of the people who watch, and what a small batch costs while they do."""

from typing import Any

from benchmarks.our_watching import SMALL
from benchmarks.running import OUT, Spread, child
from benchmarks.table import spread, table

Run = dict[str, Any]


def measure(viewers: tuple[int, ...], repeats: int) -> list[list[Run]]:
    """Runs for each number of viewers."""
    OUT.mkdir(exist_ok=True)
    rounds = [[child("-m", "benchmarks.our_watching", str(count)) for count in viewers] for _ in range(repeats)]
    return [list(runs) for runs in zip(*rounds, strict=True)]


def tables(found: list[list[Run]]) -> str:
    """The answer, a row for each number of viewers."""
    rows = [
        [
            f"{runs[0]['viewers']:,}",
            *(_cell(runs, name) for name in ("held_mb", "resident_mb")),
            _cell(runs, "small_cpu_seconds", 2),
            _cell(runs, "cpu_seconds", 1),
        ]
        for runs in found
    ]
    header = [
        "people watching",
        "state in MB",
        "resident MB more",
        f"CPU s of {SMALL:,} events",
        "CPU s of a new start",
    ]
    return table(f"People who watch at once, in one lane, {len(found[0])} runs each", header, rows)


def _cell(runs: list[Run], name: str, digits: int = 0) -> str:
    return spread(Spread.of([run[name] for run in runs]), digits)
