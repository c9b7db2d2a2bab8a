"""`hostledger experiment design`: draw a switchback, and say beforehand how small an effect it can find."""

import math
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import polars as pl
import typer

from analytics.events import MAX_TIME_MS
from analytics.experiments.aired import filled
from analytics.experiments.design import KINDS, Design, Power
from analytics.experiments.lags import tellable
from analytics.experiments.power import trials
from analytics.experiments.switchback import Layout
from analytics.rules import HOUR_MS, MINUTE_MS
from analytics.warehouse import Warehouse
from hostledger.output import Format, FormatOption, refuse, refusing, tell
from hostledger.reading import (
    CurrencyOption,
    DataOption,
    ZoneOption,
    currency_code,
    moment,
    opened,
    present,
    settings_of,
)
from hostledger.settings import WrongSetting, duration_ms, time_zone

_FEWEST_PERIODS = 8
_LONGEST_PERIODS = 2_000


def design(
    context: typer.Context,
    *,
    switchback: Annotated[bool, typer.Option("--switchback", help="human and digital in turns, by lot")] = False,
    start: Annotated[
        datetime,
        typer.Option("--start", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="when it begins, seller's time zone"),
    ],
    period: Annotated[str, typer.Option("--period", help="length of a period; hosts change at its bounds only")] = "2h",
    periods: Annotated[
        int, typer.Option("--periods", help="how many; a multiple of --carryover, at least 4 times", min=4)
    ] = 84,
    carryover: Annotated[int, typer.Option("--carryover", help="for how many periods a host is felt after", min=1)] = 1,
    seed: Annotated[int, typer.Option("--seed", help="draws the schedule; the same seed gives the same one", min=0)],
    seller: Annotated[str | None, typer.Option("--seller", help="whose sessions; not needed if there is one")] = None,
    alpha: Annotated[float, typer.Option("--alpha", help="chance of a wrong finding", min=0.0001, max=0.5)] = 0.05,
    power: Annotated[float, typer.Option("--power", help="chance to find the effect", min=0.05, max=0.99)] = 0.8,
    trials_: Annotated[
        int, typer.Option("--trials", help="trials of the power; memory grows with their square", min=100, max=20_000)
    ] = 1_000,
    out: Annotated[Path, typer.Option("--out", help="file that the design goes to")] = Path("switchback.json"),
    data: DataOption = None,
    currency: CurrencyOption = None,
    timezone: ZoneOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Draw a switchback: human and digital hosts in turns, by lot; and say how small an effect it can find.

    Example: hostledger experiment design --switchback --start 2026-04-01 --seed 7 --period 2h --periods 84

    Coins are thrown where the worst case is best (docs/METHODS.md); between them the kind of host stays. The schedule
    is printed and written to --out, for `experiment analyse`. The power is tried out on what the seller's sessions
    brought before: net of refunds, period by period.

    """
    settings = settings_of(context)
    if not switchback:
        refuse("say what to draw: --switchback")
    with refusing(WrongSetting, ValueError):
        zone = ZoneInfo(time_zone(timezone or settings.timezone))
        period_ms = duration_ms(period)
        layout = Layout(periods, carryover)
    if period_ms < MINUTE_MS or periods > _LONGEST_PERIODS:
        refuse(f"period {period!r}, periods {periods}: give at least 1m, and at most {_LONGEST_PERIODS} periods")
    start_ms = int(start.replace(tzinfo=zone).timestamp()) * 1000
    if start_ms + periods * period_ms > MAX_TIME_MS:
        refuse(f"--start {start:%Y-%m-%d}: {periods} periods of {period} would end after 2099; begin earlier")
    with opened(data or settings.data, settings) as warehouse:
        seller_id, code, first_ms, last_ms = scope(warehouse, seller, currency_code(currency))
        plan = Design.draw(
            seller=seller_id,
            currency=code,
            start_ms=start_ms,
            period_ms=period_ms,
            layout=layout,
            seed=seed,
            alpha=alpha,
        )
        history = _history(warehouse, plan, first_ms, last_ms)
    if not tellable(plan.schedule, carryover):
        refuse(
            f"seed {seed} draws a schedule that cannot be analysed: with {len(layout.points)} coins it switches too "
            "late or never; take more --periods"
        )
    plan = msgspec.structs.replace(plan, power=_power(history, plan, power, trials_))
    _keep(plan, out)
    _show(plan, zone, out, output)


def _keep(plan: Design, out: Path) -> None:
    """Write a design down; another one that stands there stays, for it is the record of its draw."""
    text = msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"
    with refusing(OSError):
        if out.exists() and out.read_bytes() != text:
            refuse(f"--out {out}: a design stands there, the record of another draw; name another file, or remove it")
        out.write_bytes(text)


def scope(warehouse: Warehouse, seller: str | None, currency: str) -> tuple[str, str, int, int]:
    """Find the one seller and currency meant, and the times of its first and last order; refuses if it is not one."""
    known = list(warehouse.query("experiment_scope").select("seller_id", "currency", "first_ms", "last_ms").iter_rows())
    found = [row for row in known if seller in {None, row[0]} and currency in {"", row[1]}]
    if len(found) != 1:
        pairs = ", ".join(f"--seller {row[0]} --currency {row[1]}" for row in known) or "none has sold anything yet"
        asked = f"seller {seller or 'of any name'}, currency {currency or 'of any kind'}"
        refuse(f"{asked}: {len(found)} could be meant; choose one: {pairs}")
    return found[0]


def _history(warehouse: Warehouse, plan: Design, first_ms: int, last_ms: int) -> pl.Series:
    """What whole periods brought from the first order on, up to the last one or the design's start."""
    periods = max(min(last_ms, plan.start_ms) - first_ms, 0) // plan.period_ms
    if periods < _FEWEST_PERIODS:
        refuse(
            f"the history of seller {plan.seller!r} in {plan.currency} before the start has {periods} whole periods; "
            f"the power needs at least {_FEWEST_PERIODS}: shorten --period, or begin later"
        )
    sums = warehouse.query(
        "experiment_periods",
        seller=plan.seller,
        currency=plan.currency,
        from_ms=first_ms,
        until_ms=first_ms + periods * plan.period_ms,
        period_ms=plan.period_ms,
    )
    return filled(sums, periods)


def _power(history: pl.Series, plan: Design, chance: float, count: int) -> Power:
    rng = np.random.default_rng(plan.seed)
    net = history.to_numpy().astype(float)
    sides = rng.integers(0, 2, (count, len(plan.layout.points)))
    tried = trials(net, plan.layout, plan.alpha, sides, rng.integers(0, len(net), count))
    smallest = tried.smallest(chance)
    return Power(
        chance=chance,
        smallest_effect_minor=None if smallest is None else round(smallest),
        trials=len(tried.own),
        history_periods=len(net),
        history_net_minor=int(history.sum()),
    )


def _show(plan: Design, zone: ZoneInfo, out: Path, output: Format) -> None:
    starts = [plan.start_ms + number * plan.period_ms for number in range(plan.periods)]
    thrown = set(plan.layout.points)
    schedule = pl.DataFrame(
        {
            "period": range(1, plan.periods + 1),
            "starts_at": [moment(start_ms, zone) for start_ms in starts],
            "kind": [KINDS[digital] for digital in plan.digital],
            "coin": ["thrown" if number in thrown else "" for number in range(1, plan.periods + 1)],
        }
    )
    present(schedule, output, f"Switchback of {plan.seller}, seed {plan.seed}; in {zone.key}")
    if plan.power:
        present_power(plan, plan.power, output)
    tell(f"Written to {out}. When it is over: hostledger experiment analyse --switchback --design {out}")


def present_power(plan: Design, found: Power, output: Format) -> None:
    """Say the power: as a table for people, on standard error for machines, which have it in the file."""
    hours = plan.period_ms / HOUR_MS
    smallest = found.smallest_effect_minor
    row = {
        "currency": plan.currency,
        "net_per_hour_minor": round(found.history_net_minor / found.history_periods / hours),
        "smallest_effect_per_hour_minor": None if smallest is None else round(smallest / hours),
        "found_with_bp": round(found.chance * 10_000),
        "history_periods": found.history_periods,
        "trials": found.trials,
    }
    if output is Format.TABLE:
        present(pl.DataFrame([row]), output, "Power: the smallest difference between digital and human that is found")
    else:
        tell(", ".join(f"{name}: {value}" for name, value in row.items()))
    if smallest is None:
        tell(f"No effect is found with this chance, however great: {_lacking(plan, found)}.")
    if smallest == 0:
        tell("In most trials next to nothing was sold, so any difference would be found: take a longer --period.")
    if found.history_periods < plan.periods:
        tell(
            f"The history has {found.history_periods} periods, the design {plan.periods}: it was laid end to end, so "
            "the power is a guess."
        )


def _lacking(plan: Design, found: Power) -> str:
    """Say what there is too little of for a test by lot to find anything, and what to do."""
    if found.trials * plan.alpha < 1:
        needed = f"{math.ceil(1 / plan.alpha):,}"
        return (
            f"{found.trials:,} trials cannot show a chance of {100 * plan.alpha:g} %; give more --trials than {needed}"
        )
    return f"{len(plan.layout.points)} coins are too few; take more --periods"
