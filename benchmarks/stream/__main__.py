"""`python -m benchmarks.stream`: from Kafka into the books, beside public stream processors; tables and a file."""

import argparse
import json
import signal
import sys
from typing import Any

from benchmarks import machine
from benchmarks.running import OUT, ChildError
from benchmarks.stream import growth, latency, plot, sides
from benchmarks.stream.cores import NotHere, cores, on
from benchmarks.stream.given import lines
from benchmarks.stream.parts import kafka_broker
from benchmarks.stream.scene import Scene

QUESTIONS = ("rates", "latency", "growth")
BOUND = "rates"
"""Where shares are compared, each side has its core; elsewhere all processes share all cores."""
RATE, SECONDS = 20_000, 65
QUICK_EVENTS, QUICK_RATE, QUICK_SECONDS = 60_000, 2_000, 15
GROWTH_SHARE = 3
"""The growth gets that part of the events of the longest runs, and that part of the repeats."""


def main() -> None:
    """Measure what is asked for."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and workers end too
    results: dict[str, Any] = {"machine": machine.described(), "repeats": asked.repeats, "quick": asked.quick}
    try:
        found = cores()
        for question in asked.only or QUESTIONS:
            of = found if question == BOUND else found.shared
            with on(of.servers), Scene(of) as scene:
                if "servers" not in results:
                    results |= {"cores": [sorted(part) for part in found], "servers": scene.names}
                    print(_heading(results), flush=True)
                results[question] = _answer(question, scene, asked)
    except (NotHere, kafka_broker.NoBroker, ChildError) as error:
        sys.exit(f"python -m benchmarks.stream: {error}")
    results["load_average_after"] = machine.load()
    file = OUT / ("stream-quick.json" if asked.quick else "stream.json")
    file.write_text(json.dumps(results, indent=1))
    print(f"Load average after: {results['load_average_after']}. All figures: {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("--repeats", type=int, default=None, help="runs of each side (3; with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="few events: to see that it works")
    parser.add_argument("--events", type=int, default=None, help=f"events of the longest runs ({sides.FULL:,})")
    parser.add_argument("--only", choices=QUESTIONS, action="append", help="one question")
    asked = parser.parse_args()
    asked.repeats = asked.repeats or (1 if asked.quick else 3)
    asked.events = asked.events or (QUICK_EVENTS if asked.quick else sides.FULL)
    return asked


def _heading(results: dict[str, Any]) -> str:
    side, servers, _ = results["cores"]
    said = [f"{name}: {value}" for name, value in (results["machine"] | results["servers"]).items()]
    shared = "the same for all sides"
    bound = f"rates: core {side} for the side, {servers} for broker and ClickHouse, {shared}; else all share both"
    return "\n".join([*said, bound, ""])


def _answer(question: str, scene: Scene, asked: argparse.Namespace) -> Any:  # noqa: ANN401  # JSON
    if question == "rates":
        rates = sides.measure(scene, asked.events, asked.repeats)
        print(sides.tables(rates, asked.repeats), flush=True)
        return [one.as_dict() for one in rates]
    if question == "latency":
        offer = (QUICK_RATE, QUICK_SECONDS) if asked.quick else (RATE, SECONDS)
        runs = [(pace, partitions) for pace in latency.PACES for partitions in latency.PARTITIONS]
        return [_told(latency.measure(scene, *offer, partitions, pace)) for pace, partitions in runs]
    part = lines(asked.events)[: asked.events // GROWTH_SHARE]
    steps = growth.measure(scene, part, max(1, asked.repeats // GROWTH_SHARE))
    print(growth.tables(steps, len(scene.cores.every)), flush=True)
    plot.draw(steps, OUT / "stream-growth-quick.svg" if asked.quick else plot.FILE)
    return [step.as_dict() for step in steps]


def _told(waits: latency.Latency) -> dict[str, Any]:
    print(latency.tables(waits), flush=True)
    return waits.as_dict()


if __name__ == "__main__":
    main()
