"""`python -m benchmarks`: every question, one after the other, on one core; tables to the screen, figures to a file."""

import argparse
import json

from benchmarks import attribution, day, machine, markov, throughput, watching
from benchmarks.running import OUT

FULL, QUICK = (5_000_000, 20_000, 1_000_000), (200_000, 800, 50_000)
QUESTIONS = ("throughput", "attribution", "markov", "watching")
MARKOV_FULL, MARKOV_QUICK = 10_000_000, 100_000
WATCHING_FULL, WATCHING_QUICK = (1_000, 250_000, 1_000_000), (1_000, 10_000)


def main() -> None:
    """Measure what is asked for."""
    asked = _arguments()
    described = machine.described()
    core = machine.pin()
    results: dict[str, object] = {"machine": described, "core": core, "repeats": asked.repeats, "quick": asked.quick}
    print(_heading(described, core), flush=True)
    for question in asked.only or QUESTIONS:
        results |= _answers(question, asked)
    results["load_average_after"] = machine.load()
    OUT.mkdir(exist_ok=True)
    file = OUT / ("quick.json" if asked.quick else "results.json")
    file.write_text(json.dumps(results, indent=1))
    print(f"Load average after: {results['load_average_after']}. All figures: {file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=None, help="runs of each side (5; with --quick 2)")
    parser.add_argument("--quick", action="store_true", help="a small day and few journeys: to see that it works")
    parser.add_argument("--profile", action="store_true", help="also break our time down by stage")
    parser.add_argument("--only", choices=QUESTIONS, action="append", help="one question")
    asked = parser.parse_args()
    asked.repeats = asked.repeats or (2 if asked.quick else 5)
    return asked


def _heading(described: dict[str, object], core: int | None) -> str:
    where = f"everything on core {core}" if core is not None else "NOT on one core: this system cannot pin"
    said = (f"{name}: {value}" for name, value in described.items())
    return "\n".join([*said, f"one core: {where}, one thread for polars and BLAS", ""])


def _answers(question: str, asked: argparse.Namespace) -> dict[str, object]:
    events, orders, journeys = QUICK if asked.quick else FULL
    if question == "attribution":
        compared = attribution.measure(journeys, asked.repeats)
        print(attribution.tables(compared, asked.repeats), flush=True)
        return {question: compared.as_dict()}
    if question == "markov":
        sides = markov.measure(MARKOV_QUICK if asked.quick else MARKOV_FULL, asked.repeats)
        print(markov.tables(sides, asked.repeats), flush=True)
        return {question: markov.as_dict(sides)}
    if question == "watching":
        watched = watching.measure(WATCHING_QUICK if asked.quick else WATCHING_FULL, asked.repeats)
        print(watching.tables(watched), flush=True)
        return {question: watched}
    file = day.generated(OUT, events, orders)
    fed = throughput.measure(file, asked.repeats)
    print(throughput.tables(fed), flush=True)
    answers: dict[str, object] = {question: fed.as_dict()}
    if asked.profile:
        answers["stages"] = stages = throughput.profile(file)
        print(throughput.stages_table(stages), flush=True)
    return answers


if __name__ == "__main__":
    main()
