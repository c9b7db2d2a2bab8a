"""`hostledger compare`: human against digital, one host against another, a host against its digital twin."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.comparison.balance import LARGE, shown
from analytics.comparison.measures import MEASURES
from analytics.comparison.strata import VARIABLES
from analytics.events import MAX_TIME_MS
from analytics.metrics import day_end_ms, day_start_ms
from analytics.rules import DAY_MS
from analytics.warehouse import Warehouse
from hostledger.arms import arms
from hostledger.comparing import CONFIDENCE, Comparison, Question, checked, compared, currencies
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.reading import CurrencyOption, DataOption, ModelOption, ZoneOption, currency_code, opened, settings_of
from hostledger.settings import Settings, WrongSetting, model_name, time_zone
from hostledger.windows import FromOption, ToOption


class Part(StrEnum):
    """What of a comparison is shown."""

    ESTIMATES = "estimates"
    STRATA = "strata"
    BALANCE = "balance"
    DAYS = "days"
    HOURS = "hours"


_USUAL = next(iter(MEASURES))
_DIGITS = 4
_PICTURES = (".svg", ".png")
_NONE = "none"
_FINE = ("measure", "se", "freedom", "left_out")
"""Columns for machines."""

HostsOption = Annotated[
    tuple[str, str] | None,
    typer.Option("--hosts", help="two host ids instead of the kinds: B is compared with A", metavar="A B"),
]
TwinOption = Annotated[str | None, typer.Option("--twin", help="id of a host: it is compared with its digital twin")]
MetricOption = Annotated[str, typer.Option("--metric", help=f"what is compared: {', '.join(MEASURES)}")]
StrataOption = Annotated[
    str | None, typer.Option("--strata", help="variables held equal, by comma, or none [platform, hour, category]")
]
ShowOption = Annotated[
    Part | None, typer.Option("--show", help="one table only [table: estimates and balance; json and csv: estimates]")
]
DaysOption = Annotated[
    int, typer.Option("--days", min=1, max=366, help="days of an avatar's version, with --show days")
]
PlotOption = Annotated[Path | None, typer.Option("--plot", help="file for a picture, .svg or .png")]


def compare(
    context: typer.Context,
    data: DataOption = None,
    model: ModelOption = None,
    first: FromOption = None,
    last: ToOption = None,
    timezone: ZoneOption = None,
    currency: CurrencyOption = None,
    hosts: HostsOption = None,
    twin: TwinOption = None,
    metric: MetricOption = _USUAL,
    strata: StrataOption = None,
    part: ShowOption = None,
    days: DaysOption = 30,
    plot: PlotOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say whether the digital host is better."""
    settings = settings_of(context)
    _check_picture(plot)
    with opened(data or settings.data, settings) as warehouse:
        question = _question(warehouse, settings, (model, timezone, strata), (first, last), hosts, twin, metric)
        chosen = _currencies(warehouse, question.model, currency, plot)
        found = [compared(warehouse, question, code) for code in chosen]
    if not found:
        tell("No comparison is possible: nothing was sold in a session yet.")
    for one in found if output is Format.TABLE else []:
        _tabled(one, part, days)
    if output is not Format.TABLE:
        frames = [_frame(one, part or Part.ESTIMATES, days) for one in found]
        show(pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame(), output)
        for one in found:
            tell(one.words())
    if plot and found:
        with refusing(OSError):
            _picture(found[0], part, days, plot)


compare.__doc__ = f"""Is the digital host better? Digital less human, like with like, with {CONFIDENCE} intervals.

Example: hostledger compare --from 2026-03-01 --to 2026-03-31 --timezone Asia/Shanghai --currency CNY --plot compare.svg

Examples: hostledger compare --hosts h-1 h-2 --metric conversion; hostledger compare --twin h-1 --show days

Figures: crude (all traffic as it was); ate (what all comparable traffic would bring under the one arm less under the
other); att (the same for the traffic that the digital arm had); mantel_haenszel (most precise where the difference is
the same everywhere). Each is a difference of ratios of sums within strata; intervals take sessions as the draws.

Metrics: {"; ".join(f"{name}: {measure.formula}" for name, measure in MEASURES.items())}.

Strata: {"; ".join(f"{name}: {meaning}" for name, meaning in VARIABLES.items())}. The hour is hour_of_week from two
weeks on, else hour_of_day.

A line-up counts for an arm if all of its hosts belong to it. docs/METHODS.md explains every figure and what it
assumes. Amounts here are estimates, in whole units of the currency.
"""


def _question(
    warehouse: Warehouse,
    settings: Settings,
    texts: tuple[str | None, str | None, str | None],
    window: tuple[datetime | None, datetime | None],
    hosts: tuple[str, str] | None,
    twin: str | None,
    measure: str,
) -> Question:
    model, timezone, strata = texts
    with refusing(WrongSetting):
        chosen, zone = model_name(model or settings.model), time_zone(timezone or settings.timezone)
    first, last = window
    if first and last and first > last:
        refuse(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}; swap them")
    if measure not in MEASURES:
        refuse(f"--metric {measure!r} is unknown; use one of: {', '.join(MEASURES)}")
    with refusing(ValueError):
        held = None if strata is None else checked([] if strata == _NONE else strata.split(","))
    by, control, treated, names = arms(warehouse, hosts, twin)
    return Question(
        by=by,
        control=control,
        treated=treated,
        names=names,
        measure=measure,
        strata=held,
        model=chosen,
        zone=zone,
        from_ms=max(day_start_ms(first.date(), ZoneInfo(zone)), 0) if first else 0,
        until_ms=day_end_ms(last.date(), ZoneInfo(zone)) if last else MAX_TIME_MS + DAY_MS,
    )


def _currencies(warehouse: Warehouse, model: str, currency: str | None, plot: Path | None) -> list[str]:
    sold = currencies(warehouse, model)
    asked = currency_code(currency)
    if asked:
        return [asked] if asked in sold else []
    if plot and len(sold) > 1:
        refuse(f"--plot shows one currency; choose with --currency: {', '.join(sold)}")
    return sold


def _check_picture(plot: Path | None) -> None:
    if plot and plot.suffix.lower() not in _PICTURES:
        refuse(f"--plot {str(plot)!r} ends in neither .svg nor .png; choose one of these endings")
    if plot and not plot.parent.is_dir():
        refuse(f"--plot {str(plot)!r}: folder {plot.parent} does not exist; make it first")


def _frame(one: Comparison, part: Part, days: int) -> pl.DataFrame:
    """Give the rows of a part, with the currency in front."""
    made: dict[Part, Callable[[], pl.DataFrame]] = {
        Part.ESTIMATES: one.estimated,
        Part.STRATA: one.by_stratum,
        Part.BALANCE: lambda: shown(one.balanced),
        Part.DAYS: lambda: one.by_days(days),
        Part.HOURS: one.by_stream_hour,
    }
    frame = made[part]()
    return frame.select(
        currency=pl.lit(one.currency), **{name: pl.col(name) for name in frame.columns if name != "currency"}
    )


def _tabled(one: Comparison, part: Part | None, days: int) -> None:
    control, treated = one.question.names
    tell(
        f"{one.currency}: {treated} (treated) less {control} (control), {one.question.measured.formula}; "
        f"model {one.question.model}"
    )
    for table in [part] if part else [Part.ESTIMATES, Part.BALANCE]:
        frame = _rounded(_frame(one, table, days).drop(_FINE, strict=False))
        show(frame, Format.TABLE, _TITLES[table].format(unit=one.unit))
    tell(_beside(one))
    odds = one.odds()
    if odds:
        tell(odds)
    tell(one.words() + "\n")


def _beside(one: Comparison) -> str:
    out, base = one.left_out, one.question.measured.base
    shares = (("control", out.control_left_out), ("treated", out.treated_left_out))
    lone = " and ".join(f"{share:.1%} of the {arm}'s" for arm, share in shares if share is not None) or "none of the"
    neither = f" {one.elsewhere:.1%} of all {base} were under line-ups of neither arm." if one.elsewhere else ""
    return (
        f"Strata ({', '.join(one.strata) or _NONE}): {out.comparable:,} of {out.strata:,} have both arms; left out: "
        f"{lone} {base}.{neither} A standardised difference above {LARGE} is large."
    )


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """Write fractions for people: four figures that mean something."""
    texts = {
        name: [None if value is None else f"{value:,.{_DIGITS}g}" for value in frame[name]]
        for name, dtype in frame.schema.items()
        if dtype.is_float()
    }
    width = {name: max((len(text) for text in column if text), default=0) for name, column in texts.items()}
    return frame.with_columns(
        pl.Series(name, [text and text.rjust(width[name]) for text in column], dtype=pl.String)
        for name, column in texts.items()
    )


def _picture(one: Comparison, part: Part | None, days: int, file: Path) -> None:
    """Draw what is shown; matplotlib takes a second to load, so only now."""
    from dashboards import plots  # noqa: PLC0415  # see above

    over_time = part in (Part.DAYS, Part.HOURS)
    rows = _frame(one, part if part and over_time else Part.ESTIMATES, days)
    if rows.is_empty():
        tell(f"There is nothing to draw; {file} was not written.")
        return
    if over_time:
        plots.decay(rows, "day" if part is Part.DAYS else "stream_hour", one.question.names, file)
    else:
        plots.forest(one.estimated(), one.by_stratum(), one.question.names, one.unit, file)
    tell(f"Picture: {file}")


_TITLES = {
    Part.ESTIMATES: f"Estimates, {{unit}}, {CONFIDENCE} intervals",
    Part.STRATA: "By stratum, {unit}, the most traffic first",
    Part.BALANCE: "How alike the arms were: shares and standardised differences, before and after stratifying",
    Part.DAYS: f"Lift by days since the avatar's version first went on air, {CONFIDENCE} intervals",
    Part.HOURS: f"Lift by hours since the session began, {CONFIDENCE} intervals",
}
