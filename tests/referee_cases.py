"""The reference cases as plain values."""

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from referee_intervals import Step
from referee_markov import Journey

CASES = Path(__file__).parent / "cases"
HOUR_MS = 3_600_000


def expected(case: str) -> Any:
    """Known answers of a case."""
    return json.loads((CASES / case / "expected.json").read_text())


def inputs(case: str) -> Any:
    """Input of a case that is JSON."""
    return json.loads((CASES / case / "input.json").read_text())


def rows(case: str) -> list[dict[str, str]]:
    """Input of a case that is CSV."""
    with (CASES / case / "input.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def events_of(case: str) -> list[dict[str, Any]]:
    """Input of a case that is events."""
    return [json.loads(line) for line in (CASES / case / "events.jsonl").read_text().splitlines()]


def hosts_of(path: str) -> list[str]:
    """Hosts of a path in arrow notation."""
    return path.split(" > ")


def steps_of(path: str) -> list[Step]:
    """A path in arrow notation as steps of one millisecond each."""
    return [Step(place, place + 1, "A", (host,), 1) for place, host in enumerate(hosts_of(path))]


def journeys_of(case: str) -> list[Journey]:
    """Journeys of a case, converting and null."""
    found = []
    for row in rows(case):
        lineups = tuple(frozenset([host]) for host in hosts_of(row["path"]))
        found += [Journey(lineups, converted=True)] * int(row["conversions"])
        found += [Journey(lineups, converted=False)] * int(row["nulls"])
    return found


def shares_of(weights: dict[str, Fraction]) -> dict[str, Fraction]:
    """Weights divided by their sum."""
    return {host: weight / sum(weights.values()) for host, weight in weights.items()}
