"""Were the arms like each other? Shares of traffic and standardised differences, before and after stratifying."""

from collections.abc import Sequence

import polars as pl

from analytics.comparison.estimates import strata_table

LARGE = 0.1
"""A standardised difference above this is called one that remains (Austin 2009)."""
_SHOWN = 5
_WHOLE = 1e-12


def balance(cells: pl.DataFrame, variables: Sequence[str]) -> pl.DataFrame:
    """Compare what the traffic of the arms was like.

    cells: session_id, stratum, treated, bottom, and the variables as text. Returns variable, value, control_share,
    treated_share (of the arm's denominator), before and after (standardised differences: treated less control; after:
    in comparable strata, weighted as for all their traffic; without end where one arm has nothing else and the other
    nothing of it), of every value, those of a variable that differ most first.
    """
    weighted = _weighted(cells)
    found = [_of_one(weighted, variable) for variable in variables]
    return pl.concat(found) if found else pl.DataFrame(schema=_SCHEMA)


def shown(table: pl.DataFrame) -> pl.DataFrame:
    """Leave at most five values of each variable, those that differ most before stratifying."""
    return table.filter(pl.int_range(pl.len()).over("variable") < _SHOWN)


def remaining(table: pl.DataFrame) -> list[str]:
    """Name the variables in which the arms still differ after stratifying, the most different first."""
    worst = table.group_by("variable").agg(pl.col("after").abs().max()).filter(pl.col("after") > LARGE)
    return worst.sort("after", "variable", descending=[True, False])["variable"].to_list()


def _weighted(cells: pl.DataFrame) -> pl.DataFrame:
    """Add `adjusted`: the denominator, weighted so that in comparable strata both arms have all the traffic."""
    table = strata_table(cells).select("stratum", "comparable", "control_bottom", "treated_bottom")
    own = pl.when("treated").then("treated_bottom").otherwise("control_bottom")
    both = pl.col("control_bottom") + pl.col("treated_bottom")
    weight = pl.when("comparable").then(pl.col("bottom") * both / own).otherwise(0.0)
    return cells.join(table, on="stratum", maintain_order="left").with_columns(adjusted=weight)


def _of_one(cells: pl.DataFrame, variable: str) -> pl.DataFrame:
    sums = cells.group_by(pl.col(variable).alias("value")).agg(
        pl.col(weight).filter(of).sum().alias(f"{arm}_{weight}")
        for weight in ("bottom", "adjusted")
        for arm, of in (("control", ~pl.col("treated")), ("treated", pl.col("treated")))
    )
    shares = sums.sort("value").with_columns(
        (pl.col(name) / pl.col(name).sum()).fill_nan(None) for name in sums.columns if name != "value"
    )
    table = shares.select(
        variable=pl.lit(variable),
        value=pl.col("value"),
        control_share=pl.col("control_bottom"),
        treated_share=pl.col("treated_bottom"),
        before=_standardised("bottom"),
        after=_standardised("adjusted"),
    )
    return table.sort(0 - pl.col("before").abs(), "value", nulls_last=True)


def _standardised(weight: str) -> pl.Expr:
    """Difference of two shares over the root of their mean variance; where neither varies: 0, or without end."""
    zero, one = pl.col(f"control_{weight}"), pl.col(f"treated_{weight}")
    scale = ((zero * (1 - zero) + one * (1 - one)).clip(0) / 2).sqrt()
    return pl.when((one - zero).abs() <= _WHOLE).then(0.0).otherwise((one - zero) / scale)


_SCHEMA = {
    "variable": pl.String,
    "value": pl.String,
    "control_share": pl.Float64,
    "treated_share": pl.Float64,
    "before": pl.Float64,
    "after": pl.Float64,
}
