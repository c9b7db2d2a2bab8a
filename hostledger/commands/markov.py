"""`hostledger markov`: what every host adds to the chance of an order."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import typer

from analytics.chains import CONVERSION, START
from analytics.events import MAX_TIME_MS
from analytics.intervals import OPEN_MS
from analytics.metrics import day_end_ms, day_start_ms
from analytics.presence import watched_between
from analytics.removal import Counts, Effects, effects, journeys, walked
from analytics.roster import lineups
from analytics.transitions import solvable
from analytics.warehouse import Warehouse
from hostledger.output import Format, FormatOption, refuse, refusing, tell
from hostledger.reading import DataOption, ZoneOption, moment, opened, present, settings_of
from hostledger.settings import WrongSetting, time_zone

_ALL = "all"
_POINTS = 10_000


class Step(StrEnum):
    """A step of time."""

    WEEK = "week"


def markov(
    context: typer.Context,
    *,
    order: Annotated[int, typer.Option("--order", help="how many line-ups a state remembers", min=1, max=3)] = 1,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="first day, in the seller's time zone")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="last day; journeys that end on it count")
    ] = None,
    interval: Annotated[bool, typer.Option("--interval", help="with 95 % intervals, resampled by viewer")] = False,
    resamples: Annotated[int, typer.Option("--resamples", help="how many", min=50, max=5_000)] = 200,
    seed: Annotated[int, typer.Option("--seed", help="of the resamples; the same gives the same interval", min=0)] = 1,
    over_time: Annotated[Step | None, typer.Option("--over-time", help="one table for every week")] = None,
    data: DataOption = None,
    timezone: ZoneOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say what every host adds to the chance of an order: the part of the orders that would be lost without the host.

    Example: hostledger markov --interval

    Example: hostledger markov --order 2 --over-time week --timezone Asia/Shanghai --format csv

    A journey is the way to an order, or everything that somebody watched who never bought; it counts whole, in the time
    in which it ended. removal effect: the part of the conversion that is lost if every way through the host leads
    nowhere. share: the effect divided by the sum of all; it is not the sum of the host's credits. conversion: orders /
    journeys. Without --interval the answer comes from the transition counts that are kept with every batch and fit, as
    soon as there was a fit (hostledger replay ends with one); an interval needs the journeys themselves.

    """
    settings = settings_of(context)
    with refusing(WrongSetting):
        zone = ZoneInfo(time_zone(timezone or settings.timezone))
    if since and until and since > until:
        refuse(f"--since {since:%Y-%m-%d} is after --until {until:%Y-%m-%d}; swap them")
    from_ms = day_start_ms(since.date(), zone) if since else 0
    until_ms = day_end_ms(until.date(), zone) if until else MAX_TIME_MS
    with opened(data or settings.data, settings) as warehouse:
        counted_ms = None if interval else warehouse.query("markov_counted")["counted_ms"][0]
        if counted_ms is None:
            whole = _journeys(warehouse).filter((pl.col("ended_ms") >= from_ms) & (pl.col("ended_ms") < until_ms))
            parts = _walked(whole, zone if over_time else None, order, resamples if interval else 0, seed)
        else:
            window = {"memory": order, "from_ms": from_ms, "until_ms": until_ms}
            counts = warehouse.query("markov_counts", **window, zone=zone.key, weekly=int(bool(over_time)))
            parts = _counted(counts)
        names = warehouse.query("report_hosts").select("host_id", "name")
    if not parts:
        refuse("no journey with an order ends in this time; give another --since and --until, or take events in first")
    _shown([part for part in parts if part.orders], names, output, order, weekly=over_time is not None)
    tell(f"{sum(part.journeys for part in parts):,} journeys, {sum(part.orders for part in parts):,} with an order.")
    if counted_ms is not None:
        tell(f"From the counts that are kept; those who never bought are as of the fit at {moment(counted_ms, zone)}.")


@dataclass(frozen=True, slots=True)
class _Part:
    """The journeys that ended in one week, or all of them: their counts, and the effects of resamples, if any."""

    label: str
    counts: Counts
    journeys: int
    orders: int
    again: Effects | None = None


def _counted(found: pl.DataFrame) -> list[_Part]:
    """Take kept counts as they are; none where nothing ended in an order."""
    parts = []
    for (label,), part in found.partition_by("week", as_dict=True, maintain_order=True).items():
        journeys_, orders = (
            int(part.filter(pl.col(side) == name)["times"].sum())
            for side, name in (("source", START), ("target", CONVERSION))
        )
        parts.append(_Part(str(label), solvable(part), journeys_, orders))
    return parts if any(part.orders for part in parts) else []


def _walked(whole: pl.DataFrame, zone: ZoneInfo | None, order: int, resamples: int, seed: int) -> list[_Part]:
    """Count journeys; none where nothing ended in an order."""
    parts = []
    for label, part in _weeks(whole, zone):
        found, ends = walked(part, order), part.filter(pl.col("step") == 1)
        weights = np.random.default_rng(seed).poisson(1.0, (resamples, found.viewers)).astype(float)
        again = effects(found.resampled(weights)) if resamples else None
        parts.append(_Part(label, found.counted(), ends.height, int(ends["converted"].sum()), again))
    return parts if any(part.orders for part in parts) else []


def _shown(parts: list[_Part], names: pl.DataFrame, output: Format, order: int, *, weekly: bool) -> None:
    tables = [_table(part).select(pl.lit(part.label).alias("week"), pl.all()) for part in parts]
    shown = pl.concat(tables).join(names, on="host_id", how="left", maintain_order="left")
    figures = [name for name in shown.columns if name not in {"week", "host_id", "name"}]
    shown = shown.select(*(["week"] if weekly else []), "host_id", "name", *figures)
    present(shown, output, f"Markov, order {order}: removal effects and shares")


def _journeys(warehouse: Warehouse) -> pl.DataFrame:
    newest_ms = warehouse.query("report_books").row(0)[0] or 0
    on_air = lineups(warehouse.query("markov_shifts", open_ms=OPEN_MS))
    lookers = watched_between(warehouse.query("markov_lookers"))
    return journeys(warehouse.query("markov_orders"), lookers, on_air, newest_ms)


def _weeks(whole: pl.DataFrame, zone: ZoneInfo | None) -> list[tuple[str, pl.DataFrame]]:
    """The journeys by the week in which they ended (its Monday), or all."""
    if zone is None:
        return [(_ALL, whole)]
    ended = pl.from_epoch("ended_ms", "ms").dt.replace_time_zone("UTC").dt.convert_time_zone(zone.key)
    weeks = whole.with_columns(week=ended.dt.truncate("1w").dt.strftime("%Y-%m-%d"))
    parts = weeks.partition_by("week", as_dict=True, maintain_order=True)
    return [(str(week), part) for (week,), part in sorted(parts.items())]


def _table(part: _Part) -> pl.DataFrame:
    """Hosts by effect, the greatest first; in basis points."""
    solved, again = effects(part.counts), part.again
    columns: dict[str, Any] = {"host_id": part.counts.hosts}
    for name, attribute in (("removal_effect", "removal"), ("share", "shares")):
        columns[f"{name}_bp"] = _points(getattr(solved, attribute))
        if again:
            low, high = np.quantile(getattr(again, attribute), (0.025, 0.975), axis=0)
            columns |= {f"{name}_low_bp": _points(low), f"{name}_high_bp": _points(high)}
    sample = {"conversion_bp": int(_points(solved.base)), "journeys": part.journeys, "orders": part.orders}
    table = pl.DataFrame(columns).with_columns(pl.lit(figure).alias(name) for name, figure in sample.items())
    return table.sort("removal_effect_bp", "host_id", descending=[True, False])


def _points(shares: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(np.asarray(shares) * _POINTS), dtype=np.int64)
