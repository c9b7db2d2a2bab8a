"""The waterfall: from what was paid to what the seller keeps, per host, kind, seller or platform; it closes exactly."""

import polars as pl

from analytics.contracts.states import STEPS
from analytics.metrics import share
from analytics.reports import KINDS, TOTAL

KEPT = "kept"
"""What the seller keeps: the sum of all steps."""
BY = {"host": "host_id", "kind": "host_kind", "seller": "seller_id", "platform": "platform"}
"""What a waterfall may be told by."""


def waterfall(lines: pl.DataFrame, by: str) -> pl.DataFrame:
    """Sum the lines of a settlement by one of BY, step and currency.

    lines: LINES. Returns label (the value; TOTAL; null outside of any session), host_kind (by host), currency, step
    (STEPS, then KEPT; all there for every label), amount_minor (what it adds to what is kept), share_bp (of the gross
    of the label, null without any), is_total; sorted by currency, label, step.
    """
    labels = [BY[by], "host_kind"] if by == "host" else [BY[by]]
    named = lines.select(
        "step",
        "currency",
        "amount_minor",
        label=labels[0],
        host_kind=labels[-1] if by == "host" else pl.lit(None, pl.String),
    )
    whole = named.with_columns(label=pl.lit(TOTAL), host_kind=pl.lit(None, dtype=pl.String))
    both = pl.concat([named.with_columns(is_total=False), whole.with_columns(is_total=True)])
    key = ["currency", "is_total", "label", "host_kind"]
    sums = both.group_by(*key, "step").agg(pl.col("amount_minor").sum())
    kept = sums.group_by(key).agg(pl.col("amount_minor").sum()).with_columns(step=pl.lit(KEPT))
    grid = sums.select(key).unique().join(pl.DataFrame({"step": [*STEPS, KEPT]}).with_row_index("place"), how="cross")
    gross = sums.filter(pl.col("step") == STEPS[0]).select(*key, gross="amount_minor")
    return (
        grid.join(pl.concat([sums, kept.select(sums.columns)]), on=[*key, "step"], how="left", nulls_equal=True)
        .with_columns(pl.col("amount_minor").fill_null(0))
        .join(gross, on=key, how="left", nulls_equal=True)
        .with_columns(share_bp=pl.when(pl.col("gross") > 0).then(share(pl.col("amount_minor"), pl.col("gross"))))
        .sort("currency", "is_total", _rank(by), "label", "host_kind", "place")
        .select("label", "host_kind", "currency", "step", "amount_minor", "share_bp", "is_total")
    )


def _rank(by: str) -> pl.Expr:
    ranks = {kind: place for place, kind in enumerate(KINDS)}
    column = "label" if by == "kind" else "host_kind"
    return pl.col(column).replace_strict(ranks, default=len(KINDS), return_dtype=pl.Int8)


def differences(table: pl.DataFrame, booked: pl.DataFrame) -> pl.DataFrame:
    """Compare a waterfall with the books it must close with: what differs, none if all is well.

    booked: currency, gross_minor, refunds_minor (refunds beyond an order included), summed straight from the ledger.
    Checked per currency: gross and refunds of the total are those of the books; the labels add up to the total, step by
    step; the steps add up to what is kept. Returns currency, what, waterfall_minor, books_minor.
    """
    total = table.filter("is_total")
    found = [
        _compared(booked.select("currency", books_minor="gross_minor"), total, "gross", "gross"),
        _compared(booked.select("currency", books_minor=0 - pl.col("refunds_minor")), total, "refunds", "refunds"),
    ]
    parts = table.filter(~pl.col("is_total")).group_by("currency", "step").agg(books_minor=pl.col("amount_minor").sum())
    steps = table.filter(pl.col("step") != KEPT).group_by("currency", "is_total").agg(pl.col("amount_minor").sum())
    for step in (*STEPS, KEPT):
        of_step = parts.filter(pl.col("step") == step).drop("step")
        found.append(_compared(of_step, total, step, f"labels of {step}"))
    whole = steps.filter("is_total").select("currency", books_minor="amount_minor")
    return pl.concat([*found, _compared(whole, total, KEPT, "steps")])


def _compared(expected: pl.DataFrame, total: pl.DataFrame, step: str, what: str) -> pl.DataFrame:
    own = total.filter(pl.col("step") == step).select("currency", waterfall_minor="amount_minor")
    both = own.join(expected, on="currency", how="full", coalesce=True)
    return (
        both.with_columns(pl.col("waterfall_minor", "books_minor").cast(pl.Int128).fill_null(0), what=pl.lit(what))
        .filter(pl.col("waterfall_minor") != pl.col("books_minor"))
        .select("currency", "what", "waterfall_minor", "books_minor")
    )
