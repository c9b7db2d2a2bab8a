"""What a likeness contract covers: which contract a use falls under, and why it falls under none."""

from typing import Any

import polars as pl

from analytics.contracts.splitting import split

CONTRACTS: dict[str, Any] = {
    "contract_id": pl.String,
    "host_id": pl.String,
    "owner": pl.String,
    "valid_from_ms": pl.Int64,
    "valid_to_ms": pl.Int64,
    "fee_minor": pl.Int64,
    "currency": pl.String,
    "royalty_bps": pl.Int64,
    "platforms": pl.List(pl.String),
    "categories": pl.List(pl.String),
    "label_required": pl.Boolean,
}
"""Likeness contracts. host_id: the digital host; valid from and to half-open; empty lists allow everything."""
NO_CONTRACT, PERIOD, PLATFORM, CATEGORY = "no contract", "period", "platform", "category"
LABEL = "label missing"
REASONS = (PERIOD, PLATFORM, CATEGORY)
"""Why a use is outside, in the order in which they are looked at: a use has one reason, so no money counts twice."""
MONEY = ("gross_before", "net_before", "gross_after", "net_after")


def with_twins(contracts: pl.DataFrame, twins: pl.DataFrame) -> pl.DataFrame:
    """Add the digital twins for whom there is no contract at all, as a contract without an id that never holds.

    twins: host_id, likeness_of (the human host); their owner is that host.
    """
    bare = twins.join(contracts, on="host_id", how="anti").drop_nulls("likeness_of")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return pl.concat(
        [
            contracts,
            bare.select(
                pl.lit(None, dtype=pl.String).alias("contract_id"), "host_id", owner="likeness_of",
                valid_from_ms=pl.lit(0, dtype=pl.Int64), valid_to_ms=pl.lit(0, dtype=pl.Int64),
                fee_minor=pl.lit(0, dtype=pl.Int64), currency=pl.lit(None, dtype=pl.String),
                royalty_bps=pl.lit(0, dtype=pl.Int64), platforms=nothing, categories=nothing,
                label_required=pl.lit(False),
            ),
        ]
    )  # fmt: skip


def judged(uses: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Say for each use of a face, and each owner of it, which contract it falls under, or why under none.

    uses: host_id, at_ms, platform, category and more; contracts: CONTRACTS. What is not known (a sale outside of any
    session, a line without category) is no reason. Of several contracts of one owner that cover a use, the one that
    began first has it (then by id), so nothing is paid twice to an owner; different owners are each paid as contracted.
    Where none covers it, the contract that comes closest is named with the reason.
    Returns the uses with owner, contract_id, reason (null where covered), royalty_bps and label_required.
    """
    valid = (pl.col("valid_from_ms") <= pl.col("at_ms")) & (pl.col("at_ms") < pl.col("valid_to_ms"))
    level = pl.when(~valid).then(0).when(~_allowed("platform")).then(1).when(~_allowed("category")).then(2).otherwise(3)
    absent = pl.col("contract_id").is_null()
    reason = pl.col("level").replace_strict(dict(enumerate((*REASONS, None))), return_dtype=pl.String)
    terms = contracts.drop("currency", "fee_minor")
    return (
        uses.with_row_index("use")
        .join(terms, on="host_id")
        .with_columns(level=level)
        .sort("use", "owner", 0 - pl.col("level"), "valid_from_ms", "contract_id")
        .unique(["use", "owner"], keep="first", maintain_order=True)
        .with_columns(reason=pl.when(absent).then(pl.lit(NO_CONTRACT)).otherwise(reason))
        .drop("use", "level", "valid_from_ms", "valid_to_ms", "platforms", "categories")
    )


def _allowed(name: str) -> pl.Expr:
    """Whether a contract's list allows the use's platform or category; an empty list allows all."""
    names = {"platform": "platforms", "category": "categories"}[name]
    return (pl.col(names).list.len() == 0) | pl.col(name).is_null() | pl.col(names).list.contains(pl.col(name))


def by_category(states: pl.DataFrame, order_lines: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Split credits over the categories of what was bought.

    states: STATES; order_lines: order_id, line_id, category, amount_minor; sessions: session_id, category.
    A credit is split over the order's lines by their amounts (largest remainder; a discount line has no part), each
    state by itself, and summed by category. A line without category has that of its session.
    Returns STATES with `category` (null where neither is known), a row per order, host and category.
    """
    lines = order_lines.with_columns(weight=pl.col("amount_minor").clip(0)).drop("amount_minor")
    each = states.join(lines, on="order_id", how="left").sort("order_id", "host_id", "line_id")
    parts = {name: split(each, ["order_id", "host_id"], name, "weight", ("order_id", "line_id")) for name in MONEY}
    of_session = sessions.select("session_id", session_category="category")
    return (
        each.with_columns(**parts)
        .join(of_session, on="session_id", how="left", maintain_order="left")
        .with_columns(category=pl.coalesce("category", "session_category"))
        .group_by(*[name for name in states.columns if name not in MONEY], "category", maintain_order=True)
        .agg(pl.col(MONEY).sum())
    )
