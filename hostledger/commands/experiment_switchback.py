"""`hostledger experiment analyse --switchback`: what digital hosts bring more than human ones, by lot."""

import math
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import typer

from analytics.experiments.aired import ON_AIR, aired, filled
from analytics.experiments.design import Design, WrongDesignError
from analytics.experiments.lags import Effect, by_lot, robust
from analytics.experiments.switchback import conservative_variance, horvitz_thompson
from analytics.rules import HOUR_MS
from analytics.warehouse import Warehouse
from hostledger.output import Format, refuse, refusing, tell
from hostledger.reading import moment, opened, present, settings_of
from hostledger.settings import WrongSetting, time_zone

_NAMED = 5
_HAIR = 1e-9


def analyse_switchback(
    context: typer.Context, file: Path, draws: int, *, data: Path | None, timezone: str | None, output: Format
) -> None:
    """Analyse a switchback as it was drawn, and say where it was not run so."""
    settings = settings_of(context)
    with refusing(WrongSetting):
        zone = ZoneInfo(time_zone(timezone or settings.timezone))
    design = _read(file)
    with opened(data or settings.data, settings) as warehouse:
        _refuse_early(warehouse, design, zone)
        sums, shifts = _found(warehouse, design)
    periods, net = aired(shifts, design), filled(sums, design.periods)
    _refuse_nothing(periods, net, design, zone)
    found = estimated(net, design, draws)
    present(found, output, f"Switchback of {design.seller}: digital less human")
    if worthless := endless(found, design, draws):
        tell(worthless)
    _warn(periods, zone)


def _read(file: Path) -> Design:
    try:
        return Design.read(file.read_bytes())
    except (OSError, WrongDesignError) as error:
        refuse(f"--design {file}: {error}")


def _found(warehouse: Warehouse, design: Design) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the periods of a design brought, and who was on air in them."""
    window: dict[str, int] = {"from_ms": design.start_ms, "until_ms": design.end_ms}
    money = {"currency": design.currency, "seller": design.seller}
    sums = warehouse.query("experiment_periods", period_ms=design.period_ms, **window, **money)
    return sums, warehouse.query("experiment_aired", seller=design.seller, **window)


def _refuse_early(warehouse: Warehouse, design: Design, zone: ZoneInfo) -> None:
    newest_ms = warehouse.query("report_books").row(0)[0] or 0
    if newest_ms < design.end_ms:
        refuse(
            f"the switchback ends at {moment(design.end_ms, zone)}, the newest event is of {moment(newest_ms, zone)}; "
            "wait: an analysis before its end finds too much"
        )


def _refuse_nothing(periods: pl.DataFrame, net: pl.Series, design: Design, zone: ZoneInfo) -> None:
    """Refuse where there is nothing to compare: no effect and no chance would look like a finding."""
    time = f"from {moment(design.start_ms, zone)} to {moment(design.end_ms, zone)}"
    if not periods["kept"].any():
        refuse(f"none of the {periods.height} periods was run as drawn, {time}: run the design, or name that which was")
    if not (net != 0).any():
        refuse(f"{design.seller} sold nothing in {design.currency} {time}: there is nothing to compare")


def estimated(net: pl.Series, design: Design, draws: int) -> pl.DataFrame:
    """Give the estimates per hour, with intervals; columns ending in _minor are rounded to minor units."""
    figures, digital, layout = net.to_numpy().astype(float), design.schedule, design.layout
    sides = np.random.default_rng(design.seed).integers(0, 2, (draws, len(layout.points)))
    found = {
        "regression on lags, by lot": by_lot(figures, digital, layout, sides).effect(design.alpha),
        "the same, HAC errors": robust(figures, digital, layout.carryover, design.alpha),
        "check: Horvitz-Thompson": _check(figures, design),
    }
    human = figures[layout.carryover :][digital[layout.carryover :] == 0]
    shared = {
        "human_per_hour_minor": _per_hour(human.mean(), design),
        "net_minor": int(net.sum()),
        "periods": design.periods,
        "dropped": layout.carryover,
    }
    return pl.DataFrame([_row(method, effect, design) | shared for method, effect in found.items()])


def endless(found: pl.DataFrame, design: Design, draws: int) -> str | None:
    """Say so where the lot cannot find anything, whatever the other rows say; None where it can."""
    lot = found.row(0, named=True)
    if None not in (lot["low_minor"], lot["high_minor"]):
        return None
    if too_few := fewest(draws, design.alpha):
        return (
            f"WARNING: {draws:,} draws are too few: no p-value by lot is below 1 in {draws + 1:,}, so at "
            f"{100 * design.alpha:g} % its interval has no end. Give at least --draws {too_few}."
        )
    return (
        f"WARNING: {len(design.layout.points)} coins are too few: at {100 * design.alpha:g} % the lot speaks against "
        "no effect, however great, so its interval has no end. Do not go by the other rows, which are too sure of "
        "themselves then; run more periods."
    )


def fewest(draws: int, alpha: float) -> int | None:
    """Give the fewest draws by which a p-value can be as low as alpha; None if these are enough."""
    needed = math.ceil(1 / alpha * (1 - _HAIR)) - 1
    return needed if draws < needed else None


def _check(figures: np.ndarray, design: Design) -> Effect:
    from scipy.stats import norm  # noqa: PLC0415  # heavy: only analyses wait for it

    layout, digital = design.layout, design.schedule
    estimate = float(horvitz_thompson(figures, digital, layout.points, layout.carryover))
    se = float(np.sqrt(conservative_variance(figures, digital, layout)))
    half = float(norm.ppf(1 - design.alpha / 2)) * se
    p = float(2 * norm.sf(abs(estimate) / se)) if se else 1.0
    return Effect(estimate, estimate - half, estimate + half, p)


def _row(method: str, found: Effect, design: Design) -> dict[str, object]:
    return {
        "method": method,
        "currency": design.currency,
        "effect_per_hour_minor": _per_hour(found.estimate, design),
        "low_minor": _per_hour(found.low, design),
        "high_minor": _per_hour(found.high, design),
        "level_bp": round((1 - design.alpha) * 10_000),
        "p": round(found.p, 4),
    }


def _per_hour(figure: float, design: Design) -> int | None:
    """None where an interval has no end."""
    return round(figure * HOUR_MS / design.period_ms) if np.isfinite(figure) else None


def _warn(periods: pl.DataFrame, zone: ZoneInfo) -> None:
    """Say where the schedule that was run is not the one that was drawn."""
    other = periods.filter(~pl.col("kept"))
    if other.is_empty():
        return
    rows = other.head(_NAMED).iter_rows(named=True)
    named = "; ".join(
        f"period {row['period']} ({moment(row['start_ms'], zone)}) drawn {row['drawn']}, {_ran(row)}" for row in rows
    )
    more = f"; and {other.height - _NAMED} more" if other.height > _NAMED else ""
    tell(
        f"WARNING: {other.height} of {periods.height} periods were not run as drawn: {named}{more}. The estimates "
        "are of the schedule that was drawn, so they are diluted; with many such periods, run it again."
    )


def _ran(row: dict[str, int]) -> str:
    whole = sum(row[name] for name in ON_AIR)
    unknown = f", {100 * row['unknown_ms'] / whole:.0f} % of unknown kind" if row["unknown_ms"] else ""
    return f"{100 * row['digital_ms'] / whole:.0f} % digital on air{unknown}" if whole else "nobody on air"
