"""`hostledger settle`: from what was paid to what the seller keeps, step by step, for human and digital hosts."""

from enum import StrEnum
from typing import Annotated

import polars as pl
import typer

from analytics.contracts.states import STEPS
from analytics.contracts.waterfall import KEPT, differences, waterfall
from hostledger.output import Format, FormatOption, tell
from hostledger.reading import CurrencyOption, DataOption, ModelOption, currency_code, opened, present, settings_of
from hostledger.settling import FeesOption, PeriodOption, asked_for, month

NOT_CLOSED = 1
"""Exit code if the waterfall does not close with the books."""


class By(StrEnum):
    """What a waterfall is told by."""

    HOST = "host"
    KIND = "kind"
    SELLER = "seller"
    PLATFORM = "platform"


def settle(
    context: typer.Context,
    period: PeriodOption,
    data: DataOption = None,
    by: Annotated[By, typer.Option("--by", help="host, kind, seller or platform")] = By.KIND,
    model: ModelOption = None,
    version: FeesOption = None,
    currency: CurrencyOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say who captured the value of a month: from what was paid to what the seller keeps, step by step.

    Example: hostledger settle --period 2026-10

    Example: hostledger settle --period 2026-10 --by host --model linear --format csv

    gross: credited sales. refunds: what went back. platform_fee, affiliate: shares of orders. ads, host_hourly,
    host_commission, avatar_hourly: as the fee schedule says (hostledger fees). likeness_fee, royalty: as the likeness
    contracts say. kept: what the seller keeps; it is the sum of all steps. share: of the gross of the column or row.

    What counts is what was posted in the month, also of orders of months before: a refund then takes back of each fee
    what its contract says. Hours on air are those of the calendar month as known now. unattributed is shown like a
    host; excess_refund is what was refunded beyond orders.

    Formats json and csv have one row per label, currency and step, in minor units. Before anything is shown, the sum is
    checked: steps against what is kept, labels against the total, the total against the ledger; a difference is told
    and ends with exit code 1.
    """
    asked = asked_for(context, data, period, model, version)
    code = currency_code(currency)
    with opened(asked.data, settings_of(context)) as warehouse:
        found = month(warehouse, asked, with_fees=True)
        window = {"from_ms": found.days.start_ms, "until_ms": found.days.end_ms}
        booked = warehouse.query("settle_books", model=asked.model, **window)
    table = waterfall(found.lines, by)
    if (wrong := differences(table, booked)).height:
        tell(f"The waterfall does not close; nothing is shown. What differs, in minor units: {wrong.to_dicts()}")
        raise typer.Exit(NOT_CLOSED)
    if code:
        table = table.filter(pl.col("currency") == code)
    if table.is_empty():
        tell(f"Nothing was posted in {asked.period}{f' in {code}' if code else ''}.")
    if output is Format.TABLE:
        fees = f"fee schedule {found.fees}" if found.fees else "no fee schedule"
        shown = side_by_side(table) if by is By.KIND else stacked(table)
        present(shown, output, f"Waterfall of {found.title}; {fees}; it closes")
    else:
        present(table, output)


def side_by_side(table: pl.DataFrame) -> pl.DataFrame:
    """Set the labels beside each other: a row per step and currency, two columns (amount and share) per label."""
    named = table.with_columns(pl.col("label").fill_null("none"))
    named = named.filter((pl.col("amount_minor") != 0).any().over("currency", "step"))
    shown = named.filter(~pl.col("is_total"), pl.col("amount_minor") != 0)["label"].unique(maintain_order=True)
    wide = named.select("currency", "step").unique(maintain_order=True)
    for label in [*[name for name in named["label"].unique(maintain_order=True) if name in shown], "total"]:
        of_label = named.filter((pl.col("label") == label) & (pl.col("is_total") == (label == "total")))
        cells = of_label.select(
            "currency",
            "step",
            pl.col("amount_minor").alias(f"{label}_minor"),
            pl.col("share_bp").alias(f"{label}_share_bp"),
        )
        wide = wide.join(cells, on=["currency", "step"], how="left", maintain_order="left")
    return wide


def stacked(table: pl.DataFrame) -> pl.DataFrame:
    """Give a row per label and currency with a column per step that there is, and what is kept as a share."""
    key = ["label", "host_kind", "currency", "is_total"]
    table = table.with_columns(pl.col("label").fill_null("none"))
    there = set(table.filter(pl.col("amount_minor") != 0)["step"]) | {STEPS[0], KEPT}
    wide = table.select(key).unique(maintain_order=True)
    for step in [step for step in (*STEPS, KEPT) if step in there]:
        cells = table.filter(pl.col("step") == step).select(*key, pl.col("amount_minor").alias(f"{step}_minor"))
        wide = wide.join(cells, on=key, how="left", maintain_order="left", nulls_equal=True)
    kept = table.filter(pl.col("step") == KEPT).select(*key, kept_share_bp="share_bp")
    wide = wide.join(kept, on=key, how="left", maintain_order="left", nulls_equal=True)
    kinds = [] if wide["host_kind"].null_count() < wide.height else ["host_kind"]
    return wide.drop("is_total", *kinds)
