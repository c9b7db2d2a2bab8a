"""shapley-attribution: Python loops. Its own input is a list of lists of channels, here of the converting journeys."""

from collections.abc import Callable
from typing import Any

from clocked import Credits, journeys, tell  # type: ignore[import-not-found]  # beside this script
from shapley_attribution.baselines.heuristic import (  # type: ignore[import-not-found]  # in the peer's virtualenv
    FirstTouchAttribution,
    LastTouchAttribution,
    LinearAttribution,
    PositionBasedAttribution,
)
from shapley_attribution.models.simplified import (  # type: ignore[import-not-found]  # as above
    SimplifiedShapleyAttribution,
)

paths, converted, _ = journeys()
bought = [path for path, outcome in zip(paths, converted, strict=True) if outcome]


def totals(model: Callable[..., Any]) -> Callable[[], Credits]:
    """Credited conversions per channel."""

    def run() -> Credits:
        found: Credits = model(normalize=False).fit(bought).attribution_
        return found

    return run


tell(
    {
        "first": totals(FirstTouchAttribution),
        "last": totals(LastTouchAttribution),
        "linear": totals(LinearAttribution),
        "position": totals(PositionBasedAttribution),
        "shapley": totals(SimplifiedShapleyAttribution),
    }
)
