"""ChannelAttribution: C++ behind pandas. Its own input is a data frame of paths with counts, here one row per path."""

from collections import Counter
from collections.abc import Callable

import pandas as pd  # type: ignore[import-untyped]  # in the peer's virtualenv
from ChannelAttribution import heuristic_models, markov_model  # type: ignore[import-not-found]  # as above
from clocked import Credits, journeys, tell  # type: ignore[import-not-found]  # beside this script

PATIENT_STEPS = 1000  # its walks end at the longest journey unless told otherwise, and that biases the shares

paths, converted, _ = journeys()
counted = Counter(zip((">".join(path) for path in paths), converted, strict=True))
distinct = sorted({path for path, _ in counted})
data = pd.DataFrame(
    {
        "path": distinct,
        "conversions": [counted[path, True] for path in distinct],
        "nulls": [counted[path, False] for path in distinct],
    }
)
bought = data[data["conversions"] > 0].reset_index(drop=True)


def one(column: str) -> Callable[[], Credits]:
    """One of three models: the package computes all three at a time, and that is what is clocked."""

    def run() -> Credits:
        found = heuristic_models(bought, "path", "conversions", flg_pro=False)
        return dict(zip(found["channel_name"], found[column], strict=True))

    return run


def markov() -> Credits:
    """The share of each channel, by simulation."""
    found = markov_model(
        data, "path", "conversions", var_null="nulls", max_step=PATIENT_STEPS, flg_pro=False, verbose=False
    )
    return dict(zip(found["channel_name"], found["total_conversions"], strict=True))


tell(
    {
        "first": one("first_touch"),
        "last": one("last_touch"),
        "linear": one("linear_touch"),
        "markov removal effects": markov,
    }
)
