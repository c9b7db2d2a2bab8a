"""ChannelAttribution: C++ behind pandas. Its own input is a data frame of paths with counts, here one row per path."""

from collections import Counter

import pandas as pd
from ChannelAttribution import heuristic_models, markov_model
from clocked import journeys, tell

paths, converted, _ = journeys()
counted = Counter(zip((">".join(path) for path in paths), converted))
distinct = sorted({path for path, _ in counted})
data = pd.DataFrame(
    {
        "path": distinct,
        "conversions": [counted[path, True] for path in distinct],
        "nulls": [counted[path, False] for path in distinct],
    }
)
bought = data[data["conversions"] > 0].reset_index(drop=True)


def heuristics():
    """First, last and linear in one call; the three are told apart below."""
    return heuristic_models(bought, "path", "conversions", flg_pro=False)


def one(column):
    """One of the three models: the package computes all three at a time, which is what is clocked."""
    return lambda: dict(heuristics()[["channel_name", column]].itertuples(index=False))


def markov():
    """The share of each channel, by simulation, with the package's own stopping rule."""
    found = markov_model(data, "path", "conversions", var_null="nulls", flg_pro=False, verbose=False)
    whole = found["total_conversions"].sum()
    return {name: part / whole for name, part in found[["channel_name", "total_conversions"]].itertuples(index=False)}


tell(
    {
        "first": one("first_touch"),
        "last": one("last_touch"),
        "linear": one("linear_touch"),
        "markov removal effects": markov,
    }
)
