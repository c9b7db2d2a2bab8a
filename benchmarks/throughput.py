"""Question 1: events per second on one core, from bytes to stored credits and rollups."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.running import OUT, Spread, child
from benchmarks.table import ratio, spread, table

Run = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Throughput:
    """Everything that was told: runs of each side on the whole day, and one run of each on half of it."""

    ours: list[Run]
    naive: list[Run]
    limit: list[Run]
    half: Run
    naive_half: Run

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the medians that the table shows."""
        sides = {"ours": self.ours, "naive": self.naive, "decode_limit": self.limit}
        rates = {name: _rate(runs).as_dict() for name, runs in sides.items()}
        rates["ours_with_refit"] = _rate(self.ours, refit=True).as_dict()
        return {"events_per_second": rates, **sides, "ours_half": self.half, "naive_half": self.naive_half}


def measure(day: Path, repeats: int) -> Throughput:
    """Run the sides in turn, so that a change of the machine's mood hits all of them."""
    OUT.mkdir(exist_ok=True)
    rounds = [(_ours(day, "1"), _naive(day, "0"), _run("limit", day)) for _ in range(repeats)]
    ours, naive, limit = (list(runs) for runs in zip(*rounds, strict=True))
    half = _ours(day, "0.5")
    return Throughput(ours, naive, limit, half, _naive(day, str(half["lines"])))


def profile(day: Path) -> list[dict[str, Any]]:
    """Where our time goes: one run with timers around its stages."""
    stages: list[dict[str, Any]] = child("-m", "benchmarks.ours", str(day), "1", "1")["stages"]
    return stages


def _run(side: str, day: Path, *more: str) -> Run:
    return child("-m", f"benchmarks.{side}", str(day), *more)


def _ours(day: Path, share: str) -> Run:
    return _run("ours", day, share, "0")


def _naive(day: Path, lines: str) -> Run:
    return _run("naive", day, lines)


def _rate(runs: list[Run], *, refit: bool = False) -> Spread:
    return Spread.of([run["events"] / (run["seconds"] + refit * run.get("refit_seconds", 0)) for run in runs])


def _cpu(runs: list[Run], *, refit: bool = False) -> Spread:
    """CPU microseconds per event."""
    seconds = [run["cpu_seconds"] + refit * run.get("refit_cpu_seconds", 0) for run in runs]
    return Spread.of([1e6 * spent / run["events"] for spent, run in zip(seconds, runs, strict=True)])


def tables(found: Throughput) -> str:
    """The answer, and what it costs in memory."""
    return "\n".join([_speed(found), _memory(found)])


def _speed(found: Throughput) -> str:
    naive, limit = _cpu(found.naive).median, _cpu(found.limit).median
    sides = {
        "ours: all stored, ten models": (found.ours, False),
        "ours, with the final Markov refit": (found.ours, True),
        "naive loop: seven models, nothing stored": (found.naive, False),
        "decode limit: msgspec, events dropped": (found.limit, False),
    }
    rows = []
    for name, (runs, refit) in sides.items():
        cpu = _cpu(runs, refit=refit)
        rows.append(
            [
                name,
                spread(_rate(runs, refit=refit)),
                spread(cpu, 2),
                ratio(naive / cpu.median),
                ratio(limit / cpu.median),
                spread(Spread.of([run["peak_mb"] for run in runs])),
            ]
        )
    header = ["side", "events/s", "CPU µs per event", "speed to naive", "speed to limit", "peak MB"]
    day = found.ours[0]
    title = (
        f"Throughput: {day['lines']:,} lines, {day['orders']:,} orders, {len(found.ours)} runs each; ratios of CPU time"
    )
    return table(title, header, rows)


def _memory(found: Throughput) -> str:
    rows = []
    for name, run, naive in (("half a day", found.half, found.naive_half), ("a day", found.ours[0], found.naive[0])):
        trail = run["trail"]
        quarters = [trail[max(len(trail) * part // 4 - 1, 0)]["resident_mb"] for part in (1, 2, 3, 4)]
        rows.append(
            [
                name,
                f"{run['events']:,}",
                " / ".join(f"{size:,.0f}" for size in quarters),
                f"{run['peak_mb']:,.0f}",
                f"{max(step['open_watches'] for step in trail):,}",
                f"{max(step['ids'] for step in trail):,}",
                f"{naive['peak_mb']:,.0f}",
            ]
        )
    header = [
        "history",
        "events",
        "resident MB at 1/4, 2/4, 3/4, end",
        "peak MB",
        "open watches, most",
        "ids held, most",
    ]
    return table("Memory: ours after batches, and the naive loop's peak", [*header, "naive peak MB"], rows)


def stages_table(stages: list[dict[str, Any]]) -> str:
    """The breakdown, the longest first; stages below half a percent together."""
    whole = sum(stage["cpu_seconds"] for stage in stages)
    shown = [stage for stage in stages if stage["cpu_seconds"] >= whole / 200]
    rest = [stage for stage in stages if stage["cpu_seconds"] < whole / 200]
    others = {"stage": f"{len(rest)} smaller stages", "calls": sum(stage["calls"] for stage in rest)}
    others["cpu_seconds"] = sum(stage["cpu_seconds"] for stage in rest)
    rows = [
        [stage["stage"], f"{stage['cpu_seconds']:.2f}", f"{stage['cpu_seconds'] / whole:.1%}", f"{stage['calls']:,}"]
        for stage in [*shown, others]
    ]
    return table("Where our time goes, feed and refit", ["stage", "CPU seconds", "share", "calls"], rows)
