"""`hostledger bridge`: what moves between hosts when the model, the look-back or the grace changes."""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.bridge import Bridge, Uneven, bridged
from analytics.periods import NOW, Basis
from analytics.rules import MODELS, Rules
from analytics.warehouse import Warehouse
from hostledger.output import Format, FormatOption, refuse, refusing
from hostledger.reading import CurrencyOption, DataOption, ZoneOption, currency_code, opened, present, settings_of
from hostledger.settings import Settings, WrongSetting, duration_ms, model_name, time_zone
from hostledger.windows import BOOKS, AsOption, PeriodOption, check_zone, month_asked
from streams.recrediting import recredited

_FIELDS = {"lookback": "lookback_ms", "grace": "grace_ms"}
_WITHOUT_PATHS = {"declared", "on_air"}
_NAMED = 5
FromSide = Annotated[str, typer.Option("--from", help="model, or model with rules of its own: on_air:grace=120s")]
ToSide = Annotated[str, typer.Option("--to", help="model, or model with rules of its own: linear:lookback=1d")]
TopOption = Annotated[int, typer.Option("--top", min=0, help="orders listed, those that move most first")]


@dataclass(frozen=True, slots=True)
class Side:
    """One end of the bridge: a booked model, or one worked out anew by rules of its own (rules is not None)."""

    model: str
    rules: Rules | None

    @classmethod
    def read(cls, text: str, settings: Settings) -> "Side":
        """Read a model such as markov or on_air:grace=300s,lookback=1d. Raises WrongSetting."""
        name, _, told = text.partition(":")
        model = model_name(name)
        if not told:
            return cls(model, None)
        changes: dict[str, int] = {}
        for part in told.split(","):
            found = re.fullmatch(r"(lookback|grace)=(\S+)", part.strip())
            if not found:
                raise WrongSetting(f"{part!r} of {text!r} is not understood; write lookback=7d or grace=120s, by comma")
            changes[_FIELDS[found[1]]] = duration_ms(found[2])
        return cls(model, settings.rules(models=(model,), **changes))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which money is bridged."""

    currency: str
    from_ms: int
    until_ms: int
    basis: Basis
    kept_days: int

    def held(self, warehouse: Warehouse, side: Side) -> pl.DataFrame:
        """Say what each account has of each order on one side."""
        window: dict[str, Any] = {"currency": self.currency, "from_ms": self.from_ms, "until_ms": self.until_ms}
        if side.rules:
            self._check_kept(warehouse, side, window)
            return recredited(warehouse, side.rules, **window)
        state = {"posted": int(self.basis.posted), "known_ms": self.basis.known_ms}
        return warehouse.query("bridge_booked", model=side.model, **window, **state)

    def _check_kept(self, warehouse: Warehouse, side: Side, window: dict[str, Any]) -> None:
        """Refuse to work out paths of orders whose presence is gone: they would all look unattributed."""
        if side.model in _WITHOUT_PATHS:
            return
        faded, order_ids = warehouse.query("bridge_faded", **window).row(0)
        if faded:
            refuse(
                f"presence is kept {self.kept_days} days (HOSTLEDGER_RETENTION_DAYS), and of {faded} orders it is gone "
                f"({', '.join(order_ids)}, …), so {side.model} cannot be worked out anew for them; choose a later "
                "--period, or the booked model"
            )


def bridge(
    context: typer.Context,
    before: FromSide,
    after: ToSide,
    data: DataOption = None,
    period: PeriodOption = None,
    state: AsOption = NOW,
    timezone: ZoneOption = None,
    currency: CurrencyOption = None,
    top: TopOption = 10,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say what moves between hosts when the model, the look-back or the grace changes: exactly, order by order.

    Example: hostledger bridge --from on_air --to markov --period 2026-10

    Example: hostledger bridge --from on_air:grace=120s --to on_air:grace=300s --format json

    A model alone is what is booked. With lookback= or grace= it is worked out anew, from the orders, refunds, presence
    and shifts that are stored; presence is kept as long as HOSTLEDGER_RETENTION_DAYS says. Net is gross less refunds.

    Hosts: net on both sides, what single orders bring in and take out, and the difference; the differences of a
    currency sum to 0. Pairs: from whom it goes to whom: in each order the accounts that lose give to those that gain,
    both in the order of their ids, until all is given; so pairs are whole minor units and sum to what moves. Orders:
    those that move most. Format csv gives the pairs, json all three.

    """
    settings = settings_of(context)
    with refusing(WrongSetting, ValueError):
        zone = ZoneInfo(time_zone(timezone or settings.timezone))
        sides = Side.read(before, settings), Side.read(after, settings)
        asked = Asked(
            currency_code(currency), *month_asked(period, zone), Basis.read(state, zone), settings.retention_days
        )
    if any(side.rules for side in sides) and not asked.basis.is_now:
        refuse(f"--as {state}: what is worked out anew stands on the facts known now; use --as now, or booked models")
    with opened(data or settings.data, settings) as warehouse:
        check_zone(warehouse, asked.basis, zone)
        _check_booked(warehouse, sides)
        held = [asked.held(warehouse, side) for side in sides]
    try:
        found = bridged(*held)
    except Uneven as error:
        named = ", ".join(error.order_ids[:_NAMED])
        refuse(f"{error}: {named}; one side is not booked for them, or not right; see: hostledger reconcile")
    _show(found, top, output, f"{before} to {after}{asked.basis.said}")


def _check_booked(warehouse: Warehouse, sides: tuple[Side, Side]) -> None:
    models = warehouse.query("report_books")["models"].explode().to_list()
    for side in sides:
        if not side.rules and side.model not in models:
            known = ", ".join(model for model in MODELS if model in models) or "none"
            refuse(
                f"model {side.model!r} is not booked; booked are: {known}. Or give it rules: {side.model}:lookback=7d"
            )


def _show(found: Bridge, top: int, output: Format, title: str) -> None:
    movers = found.movers.group_by("currency", maintain_order=True).head(top)
    if output is Format.CSV:
        present(found.pairs, output)
    elif output is Format.JSON:
        tables = {"hosts": found.hosts, "pairs": found.pairs, "orders": movers.select(found.movers.columns)}
        typer.echo(json.dumps({name: frame.to_dicts() for name, frame in tables.items()}, ensure_ascii=False))
    else:
        present(found.hosts, output, f"Hosts: {title}")
        present(found.pairs, output, "Pairs")
        named = pl.col("from_host_ids", "to_host_ids").list.join(", ")
        present(movers.select("order_id", "currency", "moved_minor", named), output, "Orders")


bridge.__doc__ = f"{bridge.__doc__}\n    {BOOKS}\n"
