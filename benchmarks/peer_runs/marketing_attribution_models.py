"""marketing-attribution-models 2.1.1: polars. Its own input is its unified frame, made by MAM() before the clock runs."""

import polars as pl
from clocked import journeys, tell
from mam import MAM
from mam.models.heuristics import FirstClickModel, LastClickModel, LinearModel, PositionBasedModel, TimeDecayModel
from mam.models.markov import MarkovModel

paths, converted, ages = journeys()
frame = pl.DataFrame(
    {"id": [str(i) for i in range(len(paths))], "path": paths, "hours": ages, "converted": converted},
)


def unified(of):
    """The package's own frame of these journeys."""
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


def totals(model):
    """Credits per channel, in one pass; run_... of the package would compute them twice."""
    return lambda: dict(model().get_aggregated_results(buyers).cast({"channels": pl.String}).iter_rows())


def removal():
    """Removal effects as shares; the package credits every journey in the same call."""
    model = MarkovModel()
    model.calculate(everyone)
    effects = model.removal_effect_df["removal_effect"]
    return dict(effects / effects.sum())


tell(
    {
        "first": totals(FirstClickModel),
        "last": totals(LastClickModel),
        "linear": totals(LinearModel),
        "position": totals(PositionBasedModel),
        "time_decay": totals(lambda: TimeDecayModel(half_life_hours=168)),
        "markov removal effects": removal,
    }
)
