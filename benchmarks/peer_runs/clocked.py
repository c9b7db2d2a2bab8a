"""What every peer's script needs: the journeys, a clock, and one line of JSON. It runs inside the peer's virtualenv."""

import json
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np

HOSTS = [f"host-{number:02d}" for number in range(12)]
Credits = Mapping[str, float]


def journeys() -> tuple[list[list[str]], list[bool], list[list[float]]]:
    """Host names per journey, whether it converted, and the age of each step in hours."""
    drawn = np.load(sys.argv[1])
    count = int(sys.argv[2])
    ends = np.cumsum(drawn["length"][:count])
    cuts = list(zip((ends - drawn["length"][:count]).tolist(), ends.tolist(), strict=True))
    hosts = [HOSTS[number] for number in drawn["host"][: ends[-1]].tolist()]
    ages = (drawn["age_ms"][: ends[-1]] / 3_600_000).tolist()
    converted = drawn["converted"][:count].tolist()
    return [hosts[start:end] for start, end in cuts], converted, [ages[start:end] for start, end in cuts]


def tell(runs: Mapping[str, Callable[[], Credits]]) -> None:
    """Run each model as often as asked (those that are named, if any are); say seconds and credited conversions.

    Seconds are by the wall and of CPU time; conversions are of each host.
    """
    told = {}
    wanted = {name: run for name, run in runs.items() if name in sys.argv[4:] or not sys.argv[4:]}
    for name, run in wanted.items():
        seconds, cpu_seconds = [], []
        for _ in range(int(sys.argv[3])):
            began, began_cpu = time.perf_counter(), time.process_time()
            credited = run()
            seconds.append(time.perf_counter() - began)
            cpu_seconds.append(time.process_time() - began_cpu)
        credits_ = {host: float(part) for host, part in credited.items()}
        told[name] = {"seconds": seconds, "cpu_seconds": cpu_seconds, "credited": credits_}
    print(json.dumps({"results": told}))
