"""A comparison, asked of a warehouse: cells fetched and sorted, every figure of `analytics.comparison` as frames."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import polars as pl

from analytics.comparison import novelty, wording
from analytics.comparison.balance import balance, remaining
from analytics.comparison.cells import elsewhere, measured, selling
from analytics.comparison.estimates import Estimate, Overlap, estimates, overlap, strata_table
from analytics.comparison.intervals import LEVEL
from analytics.comparison.measures import MEASURES, Measure
from analytics.comparison.strata import (
    ON_DEMAND,
    VARIABLES,
    described,
    sorted_into,
    usual,
    with_price_band,
    with_source,
)
from analytics.currencies import EXPONENTS
from analytics.warehouse import Warehouse

_WEIGHED = ("platform", "category", "seller", "source", "daypart", "weekend", "price_band")
"""Variables whose balance is shown, where they are known, whatever the strata are."""
_AMOUNTS = ("control", "treated", "difference", "low", "high", "se", "control_rate", "treated_rate")


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared: two kinds or hosts with their names, by a measure, within strata.

    by: kind or host; strata: None for the usual; from_ms, until_ms: half-open, ms UTC.
    """

    by: str
    control: str
    treated: str
    names: tuple[str, str]
    measure: str
    strata: tuple[str, ...] | None
    model: str
    zone: str
    from_ms: int
    until_ms: int

    @property
    def measured(self) -> Measure:
        """The measure asked for."""
        return MEASURES[self.measure]


@dataclass(frozen=True)
class Comparison:
    """The answer in one currency.

    cells: session_id, hour_ms, host_id, treated, top, bottom, stratum and variables; elsewhere: share of the
    denominator under line-ups of neither arm.
    """

    question: Question
    currency: str
    cells: pl.DataFrame
    strata: tuple[str, ...]
    elsewhere: float | None
    versions: pl.DataFrame

    @cached_property
    def table(self) -> pl.DataFrame:
        """Sums by stratum."""
        return strata_table(self.cells)

    @cached_property
    def found(self) -> dict[str, Estimate]:
        """Every figure that can be had, by its name."""
        return {estimate.figure: estimate for estimate in estimates(self.cells)}

    @cached_property
    def left_out(self) -> Overlap:
        """How much cannot be compared."""
        return overlap(self.table)

    @cached_property
    def balanced(self) -> pl.DataFrame:
        """How alike the arms were."""
        return balance(self.cells, [name for name in _WEIGHED if name in self.cells.columns])

    @property
    def unit(self) -> str:
        """What figures are told in."""
        measure = self.question.measured
        return f"{self.currency} {measure.unit}" if measure.money else measure.unit

    def estimated(self) -> pl.DataFrame:
        """Every figure as a row; amounts in whole units of the currency."""
        frame = pl.DataFrame([asdict(estimate) for estimate in self.found.values()], schema=_ESTIMATE)
        return self._scaled(frame).with_columns(
            measure=pl.lit(self.question.measure), left_out=pl.lit(self.left_out.left_out, dtype=pl.Float64)
        )

    def by_stratum(self) -> pl.DataFrame:
        """Both arms in each stratum, those that are not comparable too; amounts in whole units of the currency."""
        return self._scaled(self.table.drop("control_top", "treated_top"))

    def by_days(self, days: int) -> pl.DataFrame:
        """Lift by days since the avatar's version began."""
        return self._scaled(novelty.by_days(self.cells, self.versions, days))

    def by_stream_hour(self) -> pl.DataFrame:
        """Lift by hours since the session began."""
        return self._scaled(novelty.by_stream_hour(self.cells))

    def odds(self) -> str | None:
        """Give the common odds ratio in words, for a binary measure; None where it cannot be had."""
        if not self.question.measured.binary:
            return None
        from analytics.comparison.odds import odds  # noqa: PLC0415  # statsmodels takes seconds to load

        found = odds(self.cells, LEVEL)
        if found is None:
            return None
        return (
            f"Mantel-Haenszel odds ratio {found.ratio:.4f} ({CONFIDENCE} {found.low:.4f} to {found.high:.4f});"
            f" Cochran-Mantel-Haenszel chi2 {found.chi2:.3f}, p = {found.p:.2g}. Each view is taken as drawn by itself,"
            " so this is surer of itself than the intervals above."
        )

    def words(self) -> str:
        """The finding and its limits, as two sentences and a bit."""
        names = self.question.names
        said = wording.finding(self.found.get("ate"), self.found.get("crude"), names, self._told, self.unit)
        told = set(self.balanced["variable"])
        lacking = [name for name in ON_DEMAND if name not in told]
        bounds = wording.limits(
            self.strata, self.left_out, self.question.measured.base, remaining(self.balanced), sorted(lacking)
        )
        return f"{said[0].upper()}{said[1:]} {bounds}" if self.found else said

    def _told(self, value: float) -> str:
        return f"{value / self._units:,.4g}"

    @property
    def _units(self) -> int:
        return int(10 ** EXPONENTS[self.currency]) if self.question.measured.money else 1

    def _scaled(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col(name) / self._units for name in _AMOUNTS if name in frame.columns)


_ESTIMATE = {
    "figure": pl.String,
    **dict.fromkeys(("control", "treated", "difference", "low", "high", "ratio", "se", "freedom"), pl.Float64),
    **dict.fromkeys(("strata", "control_sessions", "treated_sessions"), pl.Int64),
    **dict.fromkeys(("control_bottom", "treated_bottom"), pl.Float64),
}
CONFIDENCE = f"{LEVEL:.0%}"


def currencies(warehouse: Warehouse, model: str) -> list[str]:
    """Name the currencies in which anything was sold in a session."""
    return warehouse.query("compare_currencies", model=model)["currency"].to_list()


def compared(warehouse: Warehouse, question: Question, currency: str) -> Comparison:
    """Ask for the cells of a question in one currency, and sort them."""
    measure = question.measured
    window = {"from_ms": question.from_ms, "until_ms": question.until_ms}
    sessions = warehouse.query("compare_sessions")
    sold = warehouse.query("compare_sold", model=question.model, currency=currency)
    lines = warehouse.query(
        "compare_cells",
        model=question.model,
        currency=currency,
        by=question.by,
        control=question.control,
        treated=question.treated,
        zone=question.zone,
        counting=int(measure.counting),
        **window,
    )
    theirs = lines.filter(pl.col("session_id").is_in(selling(sessions, sold).implode()))
    meant = theirs.sort("session_id", "hour_ms", "arm", "host_id")
    cells = described(measured(meant, measure), sessions, question.zone)
    strata = usual(cells) if question.strata is None else question.strata
    cells = with_source(cells, warehouse.query("compare_entries", zone=question.zone, **window))
    if "price_band" in strata:
        cells = with_price_band(cells, warehouse.query("compare_products", currency=currency, **window))
    return Comparison(
        question=question,
        currency=currency,
        cells=sorted_into(cells, strata),
        strata=strata,
        elsewhere=elsewhere(meant, measure),
        versions=warehouse.query("compare_versions"),
    )


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """Check names of variables. Raises ValueError with field, value and remedy."""
    for name in names:
        if name not in VARIABLES:
            raise ValueError(f"strata {name!r} is unknown; use some of: {', '.join(VARIABLES)}; or none")
    if len(set(names)) < len(names):
        raise ValueError(f"strata {','.join(names)!r}: name each variable once")
    return tuple(names)
