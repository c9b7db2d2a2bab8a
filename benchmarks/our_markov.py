"""Our Markov model on the journeys, clocked in one process: counting and solving apart, and both."""

import json
import sys
from pathlib import Path

import polars as pl

from analytics import shares
from analytics.markov import fit
from benchmarks.journeys import paths
from benchmarks.our_models import clocked
from benchmarks.our_totals import given_as

COUNT, SOLVE, BOTH = "count the transitions", "solve from the counts", "both"


def main(path: str, count: str, repeats: str, given: str) -> None:
    """Do it that often on the first journeys, given as one of `our_totals.INPUTS`; tell seconds and shares."""
    everyone = given_as(paths(Path(path), int(count)), given)
    kept: dict[str, pl.DataFrame] = {}

    def counting() -> dict[str, float]:
        kept["counts"] = shares.counted(everyone)
        return {"transitions": float(kept["counts"]["transitions"].sum())}

    def solving() -> dict[str, float]:
        return {host: float(share) for host, share in fit(kept["counts"]).shares.items()}

    def both() -> dict[str, float]:
        return {host: float(share) for host, share in shares.fitted(everyone).shares.items()}

    told = {name: clocked(run, int(repeats)) for name, run in ((COUNT, counting), (SOLVE, solving), (BOTH, both))}
    print(json.dumps({"results": told, "paths": everyone.height}))


if __name__ == "__main__":
    main(*sys.argv[1:])
