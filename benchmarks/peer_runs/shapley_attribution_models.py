"""shapley-attribution: Python loops. Its own input is a list of lists of channels, here of the converting journeys."""

from clocked import journeys, tell
from shapley_attribution.baselines.heuristic import (
    FirstTouchAttribution,
    LastTouchAttribution,
    LinearAttribution,
    PositionBasedAttribution,
)
from shapley_attribution.models.simplified import SimplifiedShapleyAttribution

paths, converted, _ = journeys()
bought = [path for path, outcome in zip(paths, converted) if outcome]


def totals(model):
    """Credited conversions per channel."""
    return lambda: model(normalize=False).fit(bought).attribution_


tell(
    {
        "first": totals(FirstTouchAttribution),
        "last": totals(LastTouchAttribution),
        "linear": totals(LinearAttribution),
        "position": totals(PositionBasedAttribution),
        "shapley": totals(SimplifiedShapleyAttribution),
    }
)
