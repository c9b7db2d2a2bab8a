"""What platforms and the law allow, as dated rows, and the money that was earned against them."""

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from analytics.contracts.labels import in_gap
from analytics.contracts.schedules import dated
from analytics.contracts.sheets import WrongSheet, rows, span
from analytics.metrics import share

BANNED, LABEL_REQUIRED = "banned", "label_required"
RULES = (BANNED, LABEL_REQUIRED)
"""What a row may say of digital hosts; where both hold, the money counts once, as banned."""
COLUMNS = ("platform", "from", "until", "rule", "source", "note")
EVERY = "*"
"""The platform that stands for all."""
TABLE: dict[str, Any] = {
    "row": pl.UInt32,
    "platform": pl.String,
    "from_day": pl.Date,
    "until_day": pl.Date,
    "rule": pl.String,
    "source": pl.String,
    "note": pl.String,
}
"""Columns of a rule table. row: line of the file; until_day: first day it no longer holds, null for none."""


def rule_table(text: str) -> pl.DataFrame:
    """Read a rule table (TABLE) from the text of a CSV file. Raises WrongSheet."""
    found = []
    for row in rows(text, COLUMNS, ("platform", "from", "rule", "source")):
        rule = row.needed("rule", f"say what holds: {' or '.join(RULES)}")
        if rule not in RULES:
            raise row.wrong("rule", f"it is unknown; use {' or '.join(RULES)}")
        first, until = span(row)
        found.append(
            {
                "row": row.line,
                "platform": row.needed("platform", f"name the platform as sessions do, or {EVERY} for all"),
                "from_day": first,
                "until_day": until,
                "rule": rule,
                "source": row.needed("source", "say where the rule can be read"),
                "note": row.fields.get("note"),
            }
        )
    if not found:
        raise WrongSheet("the sheet has no rows; an empty table would say that everything is allowed")
    return pl.DataFrame(found, schema=TABLE)


def at_risk(states: pl.DataFrame, bare: pl.DataFrame, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Give the money of the period that digital hosts were credited with against a rule.

    states: STATES; bare: GAPS; table: TABLE. A rule holds for an order by its session's platform and the moment it was
    paid; a label is missing if the host was then on air in that session without it. A credit counts once: banned before
    label_required, then the row that began first.
    Returns host_id, platform, rule, currency, orders (with a sale in the period), gross_minor, refunds_minor,
    net_minor, share_bp (of the digital net in that currency), row, source.
    """
    gross, net = (pl.col(f"{name}_after") - pl.col(f"{name}_before") for name in ("gross", "net"))
    digital = states.filter(pl.col("host_kind") == "digital").with_columns(gross_minor=gross, net_minor=net)
    held = _held(digital.with_columns(bare=in_gap(digital, bare)), table, zone)
    key = ["host_id", "platform", "rule", "currency", "row", "source"]
    whole = digital.group_by("currency").agg(whole=pl.col("net_minor").sum())
    return (
        held.group_by(key)
        .agg(
            orders=pl.col("order_id").filter(pl.col("gross_minor") > 0).n_unique().cast(pl.Int64),
            gross_minor=pl.col("gross_minor").sum(),
            net_minor=pl.col("net_minor").sum(),
        )
        .join(whole, on="currency", how="left")
        .with_columns(
            refunds_minor=pl.col("gross_minor") - pl.col("net_minor"),
            share_bp=pl.when((pl.col("whole") > 0) & (pl.col("net_minor") >= 0)).then(
                share(pl.col("net_minor"), pl.col("whole"))
            ),
        )
        .select(*key[:4], "orders", "gross_minor", "refunds_minor", "net_minor", "share_bp", "row", "source")
        .sort(*key[:4], "row")
    )


def _held(digital: pl.DataFrame, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Give each credit that a rule was against, once, with that rule."""
    rules = dated(table, zone).rename({"platform": "of"}).select("of", "from_ms", "until_ms", "rule", "row", "source")
    met = digital.join(rules, how="cross").filter(
        ((pl.col("of") == pl.col("platform")) | (pl.col("of") == EVERY))
        & (pl.col("from_ms") <= pl.col("at_ms"))
        & (pl.col("at_ms") < pl.col("until_ms"))
        & ((pl.col("rule") == BANNED) | pl.col("bare"))
    )
    return met.sort("order_id", "host_id", "rule", "from_ms", "row").unique(
        ["order_id", "host_id"], keep="first", maintain_order=True
    )
