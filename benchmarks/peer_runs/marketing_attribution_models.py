"""marketing-attribution-models: polars. Its own input is its unified frame, which MAM() makes before the clock runs."""

from collections.abc import Callable
from typing import Any

import polars as pl
from clocked import Credits, journeys, tell  # type: ignore[import-not-found]  # beside this script
from mam import MAM  # type: ignore[import-not-found]  # in the peer's virtualenv
from mam.models.heuristics import (  # type: ignore[import-not-found]  # as above
    FirstClickModel,
    LastClickModel,
    LinearModel,
    PositionBasedModel,
    TimeDecayModel,
)
from mam.models.markov import MarkovModel  # type: ignore[import-not-found]  # as above

HALF_LIFE_HOURS = 168

paths, converted, ages = journeys()
frame = pl.DataFrame({"id": [str(i) for i in range(len(paths))], "path": paths, "hours": ages, "converted": converted})


def unified(of: pl.DataFrame) -> Any:  # noqa: ANN401  # the package's own frame
    """These journeys as the package keeps them."""
    text = of.with_columns(pl.col("path").list.join(" > "), pl.col("hours").cast(pl.List(pl.String)).list.join(" > "))
    return MAM(
        text,
        format_type="journey",
        channels_colname="path",
        journey_with_conv_colname="converted",
        user_id_colname="id",
        time_till_conv_colname="hours",
    ).unified_df


everyone, buyers = unified(frame), unified(frame.filter("converted"))


def totals(model: Callable[[], Any]) -> Callable[[], Credits]:
    """Credits per channel, in one pass; the package's run_... methods would compute them twice."""
    return lambda: dict(model().get_aggregated_results(buyers).cast({"channels": pl.String}).iter_rows())


def removal() -> Credits:
    """Removal effects; the package credits every journey in the same call."""
    model = MarkovModel()
    model.calculate(everyone)
    return dict(model.removal_effect_df["removal_effect"])


tell(
    {
        "first": totals(FirstClickModel),
        "last": totals(LastClickModel),
        "linear": totals(LinearModel),
        "position": totals(PositionBasedModel),
        "time_decay": totals(lambda: TimeDecayModel(half_life_hours=HALF_LIFE_HOURS)),
        "markov removal effects": removal,
    }
)
