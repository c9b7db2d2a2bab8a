"""Statements: the lines of a settlement that concern a host, a likeness owner or a seller, down to the orders."""

from typing import Any

import polars as pl

from analytics.contracts.scope import judged
from analytics.contracts.states import LINES, STEPS, lined

PAID_TO = {"host": ("host_hourly", "host_commission"), "owner": ("likeness_fee", "royalty"), "seller": ()}
"""Whom a statement is for, and the steps that are paid to them; a seller keeps what is left."""
STATEMENT: dict[str, Any] = LINES | {"paid_minor": pl.Int64, "ordered_ms": pl.Int64}
"""Columns of a statement. amount_minor: what the line adds to what the seller keeps; paid_minor: what it pays to whom
the statement is for; ordered_ms: when the order was paid."""


def of_host(lines: pl.DataFrame, states: pl.DataFrame, host_id: str) -> pl.DataFrame:
    """Give the lines of a host's account (STATEMENT). lines: LINES; states: STATES."""
    return _stated(lines.filter(pl.col("host_id") == host_id), states, "host")


def of_seller(lines: pl.DataFrame, states: pl.DataFrame, seller_id: str) -> pl.DataFrame:
    """Give the lines of a seller's sessions (STATEMENT); what belongs to no session is on no seller's statement."""
    return _stated(lines.filter(pl.col("seller_id") == seller_id), states, "seller")


def of_owner(
    lines: pl.DataFrame, states: pl.DataFrame, portions: pl.DataFrame, contracts: pl.DataFrame, owner: str
) -> pl.DataFrame:
    """Give what the contracts of an owner cover and pay (STATEMENT): sales, refunds, fees and royalties.

    lines: LINES; portions: STATES by category; contracts: CONTRACTS. A sale in two categories has two lines.
    """
    own = contracts.filter(pl.col("owner") == owner)
    covered = judged(portions, own).filter(pl.col("reason").is_null())
    gross = pl.col("gross_after") - pl.col("gross_before")
    net = pl.col("net_after") - pl.col("net_before")
    named = covered.with_columns(
        source="contract_id", basis=pl.format("category {}", pl.col("category").fill_null("none"))
    )
    paid = pl.col("step").is_in(PAID_TO["owner"]) & pl.col("source").is_in(own["contract_id"].implode())
    found = pl.concat(
        [
            lined(named.with_columns(amount_minor=gross), "gross"),
            lined(named.with_columns(amount_minor=net - gross), "refunds"),
            lines.filter(paid),
        ]
    )
    return _stated(found, states, "owner")


def _stated(lines: pl.DataFrame, states: pl.DataFrame, whose: str) -> pl.DataFrame:
    times = states.select("order_id", ordered_ms="at_ms").unique("order_id")
    places = {step: place for place, step in enumerate(STEPS)}
    paid = pl.when(pl.col("step").is_in(PAID_TO[whose])).then(0 - pl.col("amount_minor")).otherwise(0)
    return (
        lines.join(times, on="order_id", how="left")
        .with_columns(paid_minor=paid, place=pl.col("step").replace_strict(places, return_dtype=pl.Int8))
        .sort(
            "currency", "place", "ordered_ms", "order_id", "session_id", "source", "host_id", "basis", nulls_last=True
        )
        .select(pl.col(name).cast(dtype) for name, dtype in STATEMENT.items())
    )
