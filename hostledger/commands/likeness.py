"""`hostledger likeness`: what a face sold, what it was paid, and where it was used outside of its contract."""

import json
from enum import StrEnum
from typing import Annotated

import polars as pl
import typer

from analytics.contracts.likeness import accounts, fees, outside, royalties, sold, what_if
from analytics.contracts.scope import by_category
from hostledger.output import Format, FormatOption, refuse
from hostledger.reading import DataOption, ModelOption, opened, present, settings_of
from hostledger.settling import PeriodOption, asked_for, bare, bare_at_sales, faces, month

_MOST = 10_000


class Part(StrEnum):
    """What may be shown alone."""

    ACCOUNTS = "accounts"
    SALES = "sales"
    WHAT_IF = "what-if"
    OUTSIDE = "outside"


_TITLES = {
    Part.ACCOUNTS: "What each face was paid",
    Part.SALES: "What it sold under its contract",
    Part.WHAT_IF: "Another royalty instead of the flat fee",
    Part.OUTSIDE: "Use outside of the contract",
}


def likeness(
    context: typer.Context,
    period: PeriodOption,
    data: DataOption = None,
    model: ModelOption = None,
    rates: Annotated[
        str, typer.Option("--what-if-royalty", help="royalties to set against the flat fee, as in 100bps,300bps")
    ] = "",
    part: Annotated[Part | None, typer.Option("--part", help="only this table")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say per likeness contract what the face sold, what it was paid, and what was outside of the contract.

    Example: hostledger likeness --period 2026-10

    Example: hostledger likeness --period 2026-10 --what-if-royalty 100bps,300bps

    Example: hostledger likeness --period 2026-10 --part outside --format csv

    accounts: gross, refunds, net: credited sales of the digital host that the contract covers. fee: the days of the
    month of the flat fee; all months together have exactly the fee. royalty: on net; a refund takes it back. implied
    share: paid / net. Of several contracts of one owner that cover a sale, the one that began first has it: nobody is
    paid twice.

    sales: the same by platform and category. A sale is split over categories by the lines of its order.

    what-if: royalty at that rate on the month's net; break even: the net of the whole contract at which a royalty of
    that rate is the flat fee.

    outside: uses that no contract of the owner covers (reason: period, platform, category; no contract: a digital twin
    that nobody licensed), and uses without the AI label that the contract wants (label missing), with session, time on
    air, orders and money. What is not known is no reason.

    Format json gives all tables as one object, csv the accounts, or the table that --part names.
    """
    wanted = _rates(rates)
    if part is Part.WHAT_IF and not wanted:
        refuse("--part what-if needs royalties to set against the fee: --what-if-royalty 100bps,300bps")
    asked = asked_for(context, data, period, model)
    with opened(asked.data, settings_of(context)) as warehouse:
        found = month(warehouse, asked)
        facts, licensed = found.facts, faces(warehouse, found.facts.contracts)
        missing, at_sales = bare(warehouse, found), bare_at_sales(warehouse, found)
    used = facts.states.filter(pl.col("host_id").is_in(licensed["host_id"].unique().implode()))
    portions = by_category(used, facts.order_lines, facts.sessions)
    sales = sold(portions, facts.contracts)
    paid = pl.concat([fees(facts.states, facts.contracts, found.days), royalties(portions, facts.contracts)])
    account = accounts(sales, paid, facts.contracts, found.days)
    tables = {
        Part.ACCOUNTS: account.drop("whole_fee_minor", "royalty_bps"),
        Part.SALES: sales,
        Part.WHAT_IF: what_if(account, wanted),
        Part.OUTSIDE: outside(portions, facts.air, missing, at_sales, licensed),
    }
    _show(tables, part, output, found.title)


def _show(tables: dict[Part, pl.DataFrame], part: Part | None, output: Format, title: str) -> None:
    if output is Format.JSON and part is None:
        typer.echo(json.dumps({name.value: table.to_dicts() for name, table in tables.items()}, ensure_ascii=False))
        return
    if output is not Format.TABLE:
        present(tables[part or Part.ACCOUNTS], output)
        return
    for name, table in tables.items():
        if name is part or (part is None and (table.height or name is not Part.WHAT_IF)):
            present(table, output, f"{_TITLES[name]}: {title}")


def _rates(text: str) -> list[int]:
    """Read rates such as 100bps,300bps. Refuses others."""
    parts = [part.strip().removesuffix("bps") for part in text.split(",")] if text else []
    if not all(part.isascii() and part.isdigit() and 0 < int(part) <= _MOST for part in parts):
        refuse(f"--what-if-royalty {text!r} is not understood; write basis points by comma, as in 100bps,300bps")
    return [int(part) for part in parts]
