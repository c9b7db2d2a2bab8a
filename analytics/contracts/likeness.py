"""What a face earns: the fee of its days, the royalty of its sales, and where it was used outside of its contract."""

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from analytics.contracts.labels import in_gap
from analytics.contracts.pay import Days, cut, spread
from analytics.contracts.scope import LABEL, judged
from analytics.contracts.splitting import divided
from analytics.contracts.states import cells, lined
from analytics.metrics import BASIS_POINTS, half_even, share

_TEXTS = 3
_SALE = ["order_id", "session_id", "host_id", "host_kind", "seller_id", "platform", "currency", "contract_id"]
_PLACE = ["host_id", "owner", "contract_id", "reason", "session_id", "platform"]
_MOVED = (pl.col("orders") > 0) | (pl.col("gross_minor") != 0) | (pl.col("net_minor") != 0)
"""A period touches an order whole; of what it did not move there is nothing to tell."""


def royalties(portions: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Give the lines of royalties of the period.

    portions: STATES by category; contracts: CONTRACTS. A royalty is due on the net of what a contract covers, rounded
    half to even once per order, host and contract; a refund takes it back by the same sum.
    """
    covered = judged(portions, contracts).filter(pl.col("reason").is_null())
    each = covered.group_by(*_SALE, "royalty_bps").agg(pl.col("net_before", "net_after").sum()).sort(_SALE)
    due = _royalty("net_after") - _royalty("net_before")
    basis = pl.format("{} bps of net covered by the contract", "royalty_bps")
    return lined(each.with_columns(amount_minor=0 - due, source="contract_id", basis=basis), "royalty")


def _royalty(net: str) -> pl.Expr:
    return half_even(pl.col(net).clip(0).cast(pl.Int128) * pl.col("royalty_bps"), pl.lit(BASIS_POINTS))


def fees(states: pl.DataFrame, contracts: pl.DataFrame, days: Days) -> pl.DataFrame:
    """Give the lines of flat fees: the part that the period has of each contract's days, over the host's cells."""
    whole, lines = cells(states), []
    for one in contracts.drop_nulls("contract_id").iter_rows(named=True):
        due = fee_due(one, days)
        own = whole.filter((pl.col("host_id") == one["host_id"]) & (pl.col("currency") == one["currency"]))
        nowhere = {"host_id": one["host_id"], "host_kind": "digital", "seller_id": None, "platform": None}
        basis = f"days in the period of a fee of {one['fee_minor']} {one['currency']} minor units"
        spread_ = spread(own, due, nowhere | {"currency": one["currency"]})
        lines.append(spread_.with_columns(source=pl.lit(one["contract_id"]), basis=pl.lit(basis)))
    return lined(pl.concat(lines) if lines else whole.clear().with_columns(amount_minor=0), "likeness_fee")


def fee_due(contract: dict[str, Any], days: Days) -> int:
    """Say what of a contract's fee its days in the period have; all periods together have the fee, to the last unit.

    The days of a contract are those of the period's time zone that it touches; that on which it begins is one of them
    even where it ends at once or before.
    """
    first, last = (_day(ms, days) for ms in (contract["valid_from_ms"], contract["valid_to_ms"] - 1))
    return days.part(contract["fee_minor"], first, max(first, last) + timedelta(1))


def _day(ms: int, days: Days) -> date:
    return datetime.fromtimestamp(ms // 1000, days.zone).date()


def outside(
    portions: pl.DataFrame, air: pl.DataFrame, bare: pl.DataFrame, bare_at_sales: pl.DataFrame, contracts: pl.DataFrame
) -> pl.DataFrame:
    """Give the uses of a face that no contract covers, and those without the label that the contract wants.

    portions: STATES by category; air: session_id, host_id, host_kind, seller_id, platform, category (of the session),
    start_ms, end_ms; bare: GAPS of the period; bare_at_sales: GAPS back to the first of the orders, also of those paid
    before the period and refunded in it; contracts: CONTRACTS, with twins that have none.
    Returns host_id, owner, contract_id, reason, session_id, platform, currency, categories (sold), air_ms, orders (with
    a sale in the period), gross_minor, refunds_minor, net_minor (null without any); air_ms is that of the session, in
    each currency.
    """
    money, time = _money(portions, bare_at_sales, contracts), _time(air, bare, contracts)
    return (
        money.join(time, on=_PLACE, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("air_ms", "orders").fill_null(0), pl.col("categories").fill_null(""))
        .with_columns(refunds_minor=pl.col("gross_minor") - pl.col("net_minor"))
        .select(*_PLACE, "currency", "categories", "air_ms", "orders", "gross_minor", "refunds_minor", "net_minor")
        .sort(*_PLACE, "currency")
    )


def _money(portions: pl.DataFrame, bare: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    found = judged(portions, contracts)
    missing = found["reason"].is_null() & found["label_required"].fill_null(value=False) & in_gap(found, bare)
    gross = pl.col("gross_after") - pl.col("gross_before")
    return (
        found.with_columns(reason=pl.when(missing).then(pl.lit(LABEL)).otherwise("reason"))
        .drop_nulls("reason")
        .group_by(*_PLACE, "currency")
        .agg(
            categories=pl.col("category").drop_nulls().unique().sort().str.join(", "),
            orders=pl.col("order_id").filter(gross > 0).n_unique().cast(pl.Int64),
            gross_minor=gross.sum(),
            net_minor=(pl.col("net_after") - pl.col("net_before")).sum(),
        )
        .filter(_MOVED)
    )


def _time(air: pl.DataFrame, bare: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    bounds = contracts.select(pl.concat([pl.col("valid_from_ms"), pl.col("valid_to_ms")]).unique().sort()).to_series()
    names = ["session_id", "host_id", "platform", "category", "start_ms", "end_ms"]
    used = judged(cut(air.filter(pl.col("host_kind") == "digital"), bounds).select(names, at_ms="start_ms"), contracts)
    of_session = air.select("session_id", "category").unique("session_id")
    unlabelled = cut(bare, bounds).join(of_session, on="session_id", how="left").select(names, at_ms="start_ms")
    silent = judged(unlabelled, contracts).filter(pl.col("reason").is_null() & pl.col("label_required"))
    both = pl.concat([used.drop_nulls("reason"), silent.with_columns(reason=pl.lit(LABEL))])
    return both.group_by(_PLACE).agg(air_ms=(pl.col("end_ms") - pl.col("start_ms")).sum())


def sold(portions: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Say what each face sold under its contracts in the period.

    Returns contract_id, host_id, owner, platform, category, currency, orders, gross_minor, refunds_minor, net_minor.
    """
    gross = pl.col("gross_after") - pl.col("gross_before")
    key = ["contract_id", "host_id", "owner", "platform", "category", "currency"]
    return (
        judged(portions, contracts)
        .filter(pl.col("reason").is_null())
        .group_by(key)
        .agg(
            orders=pl.col("order_id").filter(gross > 0).n_unique().cast(pl.Int64),
            gross_minor=gross.sum(),
            net_minor=(pl.col("net_after") - pl.col("net_before")).sum(),
        )
        .filter(_MOVED)
        .with_columns(refunds_minor=pl.col("gross_minor") - pl.col("net_minor"))
        .select(*key, "orders", "gross_minor", "refunds_minor", "net_minor")
        .sort(key)
    )


def accounts(sales: pl.DataFrame, lines: pl.DataFrame, contracts: pl.DataFrame, days: Days) -> pl.DataFrame:
    """Say per contract and currency what the face sold, and what it was paid for that in the period.

    sales: as `sold` gives it; lines: the period's lines of fees and royalties (LINES, source is the contract).
    Returns contract_id, host_id, owner, currency, gross_minor, refunds_minor, net_minor, fee_minor, royalty_minor,
    paid_minor, implied_share_bp (paid / net), whole_fee_minor (null in other currencies than the fee's), royalty_bps.
    """
    key = ["contract_id", "currency"]
    paid = lines.group_by(contract_id="source", currency="currency").agg(
        (0 - pl.col("amount_minor").filter(pl.col("step") == step).sum()).alias(name)
        for step, name in (("likeness_fee", "fee_minor"), ("royalty", "royalty_minor"))
    )
    own = contracts.drop_nulls("contract_id").filter(
        (pl.col("valid_from_ms") < days.end_ms) & (pl.col("valid_to_ms") > days.start_ms)
    )
    amounts = ["gross_minor", "refunds_minor", "net_minor", "fee_minor", "royalty_minor"]
    terms = contracts.select(
        "contract_id", "host_id", "owner", "royalty_bps", fee_currency="currency", whole="fee_minor"
    )
    return (
        pl.concat([sales.select(key), paid.select(key), own.select(key)])
        .unique()
        .join(sales.group_by(key).agg(pl.col(amounts[:3]).sum()), on=key, how="left")
        .join(paid, on=key, how="left")
        .with_columns(pl.col(amounts).fill_null(0))
        .join(terms, on="contract_id", how="left")
        .with_columns(paid_minor=pl.col("fee_minor") + pl.col("royalty_minor"))
        .with_columns(
            implied_share_bp=pl.when(pl.col("net_minor") > 0).then(share(pl.col("paid_minor"), pl.col("net_minor"))),
            whole_fee_minor=pl.when(pl.col("currency") == pl.col("fee_currency")).then("whole"),
        )
        .select("contract_id", "host_id", "owner", "currency", *amounts, "paid_minor", "implied_share_bp",
                "whole_fee_minor", "royalty_bps")
        .sort(key)
    )  # fmt: skip


def what_if(account: pl.DataFrame, rates: list[int]) -> pl.DataFrame:
    """Set royalties of other rates (basis points) against each contract's flat fee.

    Returns contract_id, owner, currency, net_minor, paid_minor, at_bp (the rate), royalty_minor (at that rate, of the
    period's net), break_even_minor (the net of the whole contract at which the royalty is its flat fee; null without
    one).
    """
    rows = [
        {name: one[name] for name in ("contract_id", "owner", "currency", "net_minor", "paid_minor")}
        | {"at_bp": rate, "royalty_minor": divided(max(one["net_minor"], 0) * rate, BASIS_POINTS)}
        | {"break_even_minor": break_even(one["whole_fee_minor"], rate)}
        for one in account.iter_rows(named=True)
        for rate in rates
    ]
    names = (
        "contract_id",
        "owner",
        "currency",
        "net_minor",
        "paid_minor",
        "at_bp",
        "royalty_minor",
        "break_even_minor",
    )
    return pl.DataFrame(
        rows, schema={name: pl.String if place < _TEXTS else pl.Int64 for place, name in enumerate(names)}
    )


def break_even(fee_minor: int | None, bps: int) -> int | None:
    """Say at which net a royalty is as much as a flat fee, rounded half to even; None without a fee or a rate."""
    return divided(fee_minor * BASIS_POINTS, bps) if fee_minor and bps else None
