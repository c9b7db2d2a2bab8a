"""`python -m benchmarks.boards`: each panel's milliseconds with 1, 10 and 100 million raw events behind it."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from analytics.warehouse.embedded import Embedded
from benchmarks import machine
from benchmarks.boards import filling, loading, measuring
from benchmarks.boards.measuring import Took
from benchmarks.running import OUT
from benchmarks.table import ratio, table

SIZES, QUICK = (1_000_000, 10_000_000, 100_000_000), (100_000, 1_000_000)
NOW_S = 1_785_760_200
AIM_MS = 100
OPENED = 5
"""Times that each board is opened."""


def main() -> None:
    """Fill a warehouse of each size, ask every panel, print tables."""
    asked = _arguments()
    described = machine.described()
    sizes = QUICK if asked.quick else tuple(asked.events or SIZES)
    print("\n".join(f"{name}: {value}" for name, value in described.items()), flush=True)
    found = {size: _measured(size, asked.repeats) for size in sizes}
    print(_table(found, asked.repeats))
    results = {str(size): [asdict(took) for took in panels] for size, panels in found.items()}
    OUT.mkdir(exist_ok=True)
    file = OUT / ("boards-quick.json" if asked.quick else "boards.json")
    file.write_text(json.dumps({"machine": described, "load_average_after": machine.load(), **results}, indent=1))
    print(f"Load average after: {machine.load()}. All figures: {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.boards", description=__doc__)
    parser.add_argument("--repeats", type=int, default=20, help="times that each panel is asked (20)")
    parser.add_argument("--quick", action="store_true", help="0.1 and 1 million: to see that it works")
    parser.add_argument("--events", type=int, action="append", help="raw events; again for another size")
    return parser.parse_args()


def _measured(size: int, repeats: int) -> list[Took]:
    folder = Path(tempfile.mkdtemp(prefix="hostledger-boards-"))
    try:
        with closing(Embedded.open(folder)) as warehouse:

            def run(text: str, numbers: dict[str, int]) -> None:
                texts = {name: str(number) for name, number in numbers.items()}
                warehouse._ask(text, "Null", "filling", texts)  # noqa: SLF001  # the engine makes the rows itself

            filling.fill(run, size, NOW_S, lambda said: _tell(f"{size:,} events: {said}"))
            while int(warehouse.sql("SELECT count() FROM system.merges", "TSV")):
                time.sleep(1)  # a day spreads these merges out; at once they would take a core from the first boards
            asked = measuring.panels(warehouse, NOW_S * 1000, repeats, lambda said: _tell(f"{size:,}: asking {said}"))
            raw = measuring.raw(warehouse, NOW_S * 1000, repeats)
            return [*asked, *raw, *loading.pages(warehouse, NOW_S * 1000, OPENED)]
    finally:
        shutil.rmtree(folder)


def _tell(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


def _table(found: dict[int, list[Took]], repeats: int) -> str:
    """One row per panel, p50 and p95 for each size, and how much the p95 grows from the least to the most events."""
    sizes = list(found)
    rows = []
    for same in zip(*found.values(), strict=True):
        figures = [f"{took.p50:,.1f} / {took.p95:,.1f}" for took in same]
        rows.append([f"{same[0].board}: {same[0].panel}", *figures, ratio(same[-1].p95 / same[0].p95)])
    last = [took for took in found[sizes[-1]] if not took.board.startswith("page") and "raw" not in took.board]
    within = sum(took.p95 <= AIM_MS for took in last)
    title = (
        f"Milliseconds per panel, p50 / p95 of {repeats}; with {sizes[-1]:,} raw events {within} of {len(last)} "
        f"answer within {AIM_MS} ms at p95"
    )
    return table(title, ["panel", *(f"{size:,}" for size in sizes), "growth"], rows)


if __name__ == "__main__":
    main()
