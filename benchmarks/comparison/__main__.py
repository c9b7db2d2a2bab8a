"""`python -m benchmarks.comparison`: seconds and memory of a comparison over a year of sessions."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from analytics.warehouse.embedded import Embedded
from benchmarks import machine
from benchmarks.comparison import filling
from benchmarks.running import OUT, Spread
from benchmarks.table import spread, table

SESSIONS, QUICK = 100_000, 2_000
ASKED = {
    "compare, the usual strata": (),
    "compare, hour of day, with novelty by days": ("--strata", "platform,hour_of_day,category", "--show", "days"),
}
"""What is asked, with its options."""


class Took(NamedTuple):
    """One run of the command: seconds by the wall, of CPU time, and megabytes at most."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def main() -> None:
    """Fill a warehouse, run the command on it, print a table."""
    asked = _arguments()
    described = machine.described()
    sessions = QUICK if asked.quick else asked.sessions
    print("\n".join(f"{name}: {value}" for name, value in described.items()), flush=True)
    folder = Path(tempfile.mkdtemp(prefix="hostledger-comparison-"))
    try:
        orders = _filled(folder, sessions)
        found = {name: [_took(folder, words) for _ in range(asked.repeats)] for name, words in ASKED.items()}
    finally:
        shutil.rmtree(folder)
    print(_table(found, sessions, orders))
    results = {name: {of: asdict(figures) for of, figures in _spreads(runs).items()} for name, runs in found.items()}
    OUT.mkdir(exist_ok=True)
    file = OUT / ("comparison-quick.json" if asked.quick else "comparison.json")
    file.write_text(json.dumps({"machine": described, "sessions": sessions, "orders": orders, **results}, indent=1))
    print(f"Load average after: {machine.load()}. All figures: {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="times that each is asked (5)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} sessions: to see that it works")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"sessions of the year ({SESSIONS:,})")
    return parser.parse_args()


def _filled(folder: Path, sessions: int) -> int:
    """Fill the folder and wait for its merges, which a day spreads out; returns the orders in it."""
    with closing(Embedded.open(folder)) as warehouse:

        def run(text: str, parameters: dict[str, str]) -> None:
            warehouse._ask(text, "Null", "filling", parameters)  # noqa: SLF001  # the engine makes the rows itself

        filling.fill(run, sessions, lambda said: print(said, file=sys.stderr, flush=True))
        while int(warehouse.sql("SELECT count() FROM system.merges", "TSV")):
            time.sleep(1)
        return int(warehouse.sql("SELECT sum(orders) FROM revenue_minute WHERE model = 'on_air'", "TSV"))


def _took(folder: Path, words: tuple[str, ...]) -> Took:
    """Run the command once in a process of its own, its start included."""
    command = [str(Path(sys.executable).with_name("hostledger")), "compare", "--data", str(folder), "--format", "csv"]
    began = time.perf_counter()
    child = subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = child.stdout.read() if child.stdout else b""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or said.count(b"\n") < 2:  # noqa: PLR2004  # the heading and at least one figure
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}: {said.decode()}")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Took(time.perf_counter() - began, used.ru_utime + used.ru_stime, kilobytes / 1024)


def _spreads(runs: list[Took]) -> dict[str, Spread]:
    return {of: Spread.of([getattr(took, of) for took in runs]) for of in Took._fields}


def _table(found: dict[str, list[Took]], sessions: int, orders: int) -> str:
    rows = []
    for name, runs in found.items():
        figures = _spreads(runs)
        rows.append([name, *(spread(figures[of], int(of != "megabytes")) for of in Took._fields)])
    title = f"A year of {sessions:,} sessions and {orders:,} orders; median (least to greatest)"
    return table(title, ["what", "seconds", "CPU seconds", "MB"], rows)


if __name__ == "__main__":
    main()
