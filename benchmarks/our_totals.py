"""Our totals per host from paths with counts, clocked in one process: what packages that give only totals are asked."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

from analytics import shares
from analytics.markov import Fit
from analytics.rules import Rules
from benchmarks.journeys import HOSTS, paths
from benchmarks.our_models import clocked

MODELS = ("first", "last", "linear", "position", "shapley")
TEXT, LISTS = "texts of distinct paths", "lists of distinct paths"
EACH = "a list per journey"
INPUTS = (TEXT, LISTS, EACH)


def main(path: str, count: str, repeats: str, given: str) -> None:
    """Run every model that often on the first journeys, given in one of INPUTS; tell seconds and credits."""
    everyone = given_as(paths(Path(path), int(count)), given)
    bought = everyone.filter(pl.col("conversions") > 0).rechunk()
    found: dict[str, Fit] = {}

    def removal() -> dict[str, float]:
        found["fit"] = shares.fitted(everyone)
        return {host: float(share) for host, share in found["fit"].shares.items()}

    runs: dict[str, Callable[[], dict[str, float]]] = {"markov removal effects": removal}
    for model in MODELS:
        runs[model] = _credits(model, bought)
    told = {name: clocked(run, int(repeats)) for name, run in runs.items()}
    print(json.dumps({"results": told, "converted": int(bought["conversions"].sum()), "paths": everyone.height}))


def given_as(journeys: pl.DataFrame, given: str) -> pl.DataFrame:
    """Bring journeys (path, converted) into one of INPUTS: path, conversions, nulls."""
    ended = {"conversions": pl.col("converted").cast(pl.Int64), "nulls": (~pl.col("converted")).cast(pl.Int64)}
    if given == EACH:
        return journeys.select("path", **ended).rechunk()
    plain = journeys.select(pl.col("path").cast(pl.List(pl.String)).list.join(">"), **ended)
    counted = plain.group_by("path", maintain_order=True).agg(pl.col("conversions", "nulls").sum())
    return counted.rechunk() if given == TEXT else _lists(counted)


def _lists(counted: pl.DataFrame) -> pl.DataFrame:
    return counted.with_columns(pl.col("path").str.split(">").cast(pl.List(pl.Enum(HOSTS)))).rechunk()


def _credits(model: str, bought: pl.DataFrame) -> Callable[[], dict[str, float]]:
    def run() -> dict[str, float]:
        return {host: float(whole) for host, whole in shares.credited(bought, model, Rules()).items()}

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
