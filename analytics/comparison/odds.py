"""The Mantel-Haenszel odds ratio of what each of many does or does not, with its test, by statsmodels."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from statsmodels.stats.contingency_tables import StratifiedTable

from analytics.comparison.estimates import strata_table


@dataclass(frozen=True, slots=True)
class Odds:
    """The common odds ratio, treated over control, with its interval and test.

    low, high: Robins, Breslow and Greenland's; chi2, p: of Cochran, Mantel and Haenszel, with continuity correction.
    They take each one of the denominator as drawn by itself.
    """

    ratio: float
    low: float
    high: float
    chi2: float
    p: float


def odds(cells: pl.DataFrame, level: float) -> Odds | None:
    """Work out the common odds ratio over comparable strata.

    cells: session_id, stratum, treated, top (those who did), bottom (all). None where it cannot be had: no stratum
    has both arms, more did than there were, or the ratio is 0 or without bound.
    """
    table = strata_table(cells).filter("comparable")
    counts = table.select("treated_top", "treated_bottom", "control_top", "control_bottom").to_numpy()
    fits = (counts[:, [0, 2]] <= counts[:, [1, 3]]).all(axis=1) if len(counts) else np.array([], dtype=bool)
    if not len(counts) or not fits.all():
        return None
    tables = np.array([[[a, n - a], [b, m - b]] for a, n, b, m in counts])
    if not all((tables[:, 0, place] * tables[:, 1, 1 - place]).any() for place in (0, 1)):
        return None
    found = StratifiedTable(list(tables))
    low, high = found.oddsratio_pooled_confint(1 - level)
    test = found.test_null_odds(correction=True)
    return Odds(
        ratio=float(found.oddsratio_pooled),
        low=float(low),
        high=float(high),
        chi2=float(test.statistic),
        p=float(test.pvalue),
    )
