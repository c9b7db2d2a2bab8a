"""Our weights of every order, and their totals, on the journeys, clocked in one process."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from analytics import models
from analytics.markov import NO_FIT, Fit, fit, transitions
from analytics.rules import Rules
from benchmarks.journeys import ORDERED_MS, steps
from benchmarks.running import Stopwatch

PER_ORDER = ("first", "last", "linear", "position", "time_decay", "shapley")
_NO_LINEUPS = pl.DataFrame(
    schema={"session_id": pl.String, "start_ms": pl.Int64, "end_ms": pl.Int64, "host_ids": pl.List(pl.String)}
)


def main(path: str, count: str, repeats: str) -> None:
    """Run every model that often on the first journeys; tell seconds and each host's credited conversions."""
    walked, outcomes = steps(Path(path), int(count))
    sold = outcomes.filter("converted")["journey"].implode()
    bought = walked.filter(pl.col("order_id").is_in(sold))
    orders = _orders(outcomes.filter("converted"))
    visits = walked.select("step", "host_ids", journey="order_id")
    found: dict[str, Fit] = {}

    def removal() -> dict[str, float]:
        found["fit"] = fit(transitions(visits, outcomes))
        return {host: float(share) for host, share in found["fit"].shares.items()}

    runs: dict[str, Callable[[], dict[str, float]]] = {"markov removal effects": removal}
    for model in PER_ORDER:
        runs[model] = _credits(model, orders, bought)
    told = {name: clocked(run, int(repeats)) for name, run in runs.items()}
    print(json.dumps({"results": told, "converted": orders.height, "base": float(found["fit"].base)}))


def _orders(converted: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.String)
    return converted.select(
        order_id="journey",
        ordered_ms=pl.lit(ORDERED_MS, dtype=pl.Int64),
        session_id=nothing,
        declared_host_id=nothing,
    )


def _credits(model: str, orders: pl.DataFrame, bought: pl.DataFrame) -> Callable[[], dict[str, float]]:
    """One model: the weights of every order, as the product stores them, and their sums by host."""
    rules = Rules(models=(model,))

    def run() -> dict[str, float]:
        weights = models.weights(orders, bought, _NO_LINEUPS, rules, NO_FIT)
        order = weights["order_id"].rle_id().to_numpy()  # the rows of an order stand together
        weight = weights["weight"].cast(pl.Float64).to_numpy()
        share = pl.Series(weight / np.bincount(order, weight)[order])
        shares = weights.select("host_id", share=share)
        return dict(shares.group_by("host_id").agg(pl.col("share").sum()).iter_rows())

    return run


def clocked(run: Callable[[], dict[str, float]], repeats: int) -> dict[str, object]:
    """Run that often; give the seconds, by the wall and of this process's CPU time, and the credits."""
    seconds, cpu_seconds = [], []
    for _ in range(repeats):
        with Stopwatch() as watch:
            credited = run()
        seconds.append(watch.seconds)
        cpu_seconds.append(watch.cpu_seconds)
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "credited": credited}


if __name__ == "__main__":
    main(*sys.argv[1:])
