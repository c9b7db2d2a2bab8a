"""Fee schedules: what a row may say, which rows hold when, and which one holds for an order or a shift."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from analytics.contracts.sheets import Row, WrongSheet, rows, span, whole
from analytics.currencies import EXPONENTS
from analytics.events import MAX_AMOUNT_MINOR
from analytics.intervals import OPEN_MS
from analytics.metrics import BASIS_POINTS, day_start_ms

ORDER_FEES = ("platform_fee", "affiliate")
"""Shares of each order."""
HOURLY = ("host_hourly", "avatar_hourly")
"""Amounts per hour on air."""
FEES = (*ORDER_FEES, "ads", "host_hourly", "host_commission", "avatar_hourly")
SCOPE = ("host_id", "host_kind", "seller_id", "platform", "currency")
"""What a row may be limited to, the most precise first: a row that names the host goes before one that does not."""
COLUMNS = (
    "fee", "platform", "seller_id", "host_id", "host_kind", "currency", "from", "until",
    "bps", "base", "refundable", "amount_minor", "tiers", "note",
)  # fmt: skip
"""Fields of the file."""
SCHEDULE: dict[str, Any] = {
    "row": pl.UInt32,
    "fee": pl.String,
    "platform": pl.String,
    "seller_id": pl.String,
    "host_id": pl.String,
    "host_kind": pl.String,
    "currency": pl.String,
    "from_day": pl.Date,
    "until_day": pl.Date,
    "bps": pl.Int64,
    "base": pl.String,
    "refundable": pl.String,
    "amount_minor": pl.Int64,
    "tiers": pl.String,
    "note": pl.String,
}
"""Columns of a schedule. row: line of the file; until_day: first day it no longer holds, null for none."""
_KINDS = {"host_hourly": "human", "host_commission": "human", "avatar_hourly": "digital"}
"""Whom a row that names neither host nor kind is about."""
_TAKES = {
    "platform_fee": {"bps", "base", "refundable"},
    "affiliate": {"bps", "base", "refundable"},
    "ads": {"amount_minor"},
    "host_hourly": {"amount_minor"},
    "avatar_hourly": {"amount_minor"},
    "host_commission": {"tiers", "refundable"},
}
_TERMS = {"bps", "base", "refundable", "amount_minor", "tiers"}


def schedule(text: str) -> pl.DataFrame:
    """Read a schedule (SCHEDULE) from the text of a CSV file. Raises WrongSheet."""
    found = [_fee(row) for row in rows(text, COLUMNS, ("fee", "from"))]
    if not found:
        raise WrongSheet("the sheet has no rows; an empty schedule would take every fee away")
    _refuse_overlaps(found)
    return pl.DataFrame(found, schema=SCHEDULE, orient="row")


def _fee(row: Row) -> dict[str, Any]:
    fee = row.needed("fee", f"name one of {', '.join(FEES)}")
    if fee not in FEES:
        raise row.wrong("fee", f"it is unknown; use one of {', '.join(FEES)}")
    for field in _TERMS & row.fields.keys() - _TAKES[fee]:
        raise row.wrong(field, f"{fee} does not take it; it takes {', '.join(sorted(_TAKES[fee]))}")
    for field in sorted(_TAKES[fee]):
        row.needed(field, f"{fee} needs it")
    first, until = span(row)
    if fee == "ads" and until is None:
        raise row.wrong("until", "an amount for ads is spread over days: say where they end")
    kind = row.fields.get("host_kind") or (_KINDS.get(fee) if "host_id" not in row.fields else None)
    if kind not in {None, "human", "digital", "unknown", "unattributed"}:
        raise row.wrong("host_kind", "use human, digital, unknown or unattributed")
    return (
        _terms(row, fee)
        | {
            "row": row.line,
            "fee": fee,
            "host_kind": kind,
            "from_day": first,
            "until_day": until,
        }
        | {name: row.fields.get(name) for name in ("platform", "seller_id", "host_id", "note")}
    )


def _terms(row: Row, fee: str) -> dict[str, Any]:
    currency = row.fields.get("currency")
    if currency is not None and currency not in EXPONENTS:
        raise row.wrong("currency", "use an ISO 4217 code in capitals, such as CNY or JPY")
    bps = row.read("bps", whole, "write basis points, a whole number: 250 is 2.5 %")
    if bps is not None and not 0 <= bps <= BASIS_POINTS:
        raise row.wrong("bps", "write basis points from 0 to 10000")
    amount = row.read("amount_minor", whole, "write minor units of the currency, a whole number")
    if amount is not None and (amount < 0 or currency is None):
        raise row.wrong("amount_minor", "it must not be negative, and it needs a currency")
    if amount is not None and amount > MAX_AMOUNT_MINOR:
        raise row.wrong("amount_minor", f"it must not exceed {MAX_AMOUNT_MINOR:,}")
    parts = row.read("tiers", tiers, "write from:bps by semicolon, the first from 0, rising, as in 0:100;1000000:200")
    if parts is not None and len(parts) > 1 and currency is None:
        raise row.wrong("currency", f"bounds of {fee} are amounts: say in which currency")
    base, refundable = row.fields.get("base"), row.fields.get("refundable")
    if base not in {None, "gross", "net"}:
        raise row.wrong("base", "use gross (what was paid) or net (less refunds)")
    if refundable not in {None, "full", "none"}:
        raise row.wrong("refundable", "use full (a refund takes the fee back) or none (the fee stays)")
    if base == "net" and refundable == "none":
        raise row.wrong("refundable", "a fee on net goes down with every refund: write full, or base gross")
    return {
        "currency": currency, "bps": bps, "base": base, "refundable": refundable, "amount_minor": amount,
        "tiers": row.fields.get("tiers"),
    }  # fmt: skip


def tiers(text: str) -> list[tuple[int, int]]:
    """Read tiers, as in 0:100;1000000:200: 1 % of what lies below 1,000,000 minor units, 2 % above.

    Returns (from_minor, bps) rising from 0. Raises ValueError.
    """
    found = [(whole(bound), whole(bps)) for bound, bps in (part.strip().split(":") for part in text.split(";"))]
    bounds = [bound for bound, _ in found]
    if bounds[0] != 0 or bounds != sorted(set(bounds)) or not all(0 <= bps <= BASIS_POINTS for _, bps in found):
        raise ValueError(text)
    return found


def scope(fee: str) -> tuple[str, ...]:
    """Say what a fee's rows may be limited to: an hour on air has no currency of its own."""
    return SCOPE[:-1] if fee in HOURLY else SCOPE


def _refuse_overlaps(found: list[dict[str, Any]]) -> None:
    """Refuse two rows of the same fee and scope on the same day; amounts for ads may add up."""
    last: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in sorted((one for one in found if one["fee"] != "ads"), key=lambda one: (one["from_day"], one["row"])):
        key = (one["fee"], *(one[name] for name in scope(one["fee"])))
        before = last.get(key)
        if before and (before["until_day"] or date.max) > one["from_day"]:
            raise WrongSheet(
                f"lines {before['row']} and {one['row']} both hold on {one['from_day']}; end the first with `until`, "
                "or limit one to a host, seller, platform or currency"
            )
        last[key] = one


def dated(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Add from_ms and until_ms (half-open, OPEN_MS for no end) to rows with from_day and until_day in a time zone."""
    starts = [day_start_ms(day, zone) for day in frame["from_day"]]
    ends = [OPEN_MS if day is None else day_start_ms(day, zone) for day in frame["until_day"]]
    return frame.with_columns(from_ms=pl.Series(starts, dtype=pl.Int64), until_ms=pl.Series(ends, dtype=pl.Int64))


def matched(subjects: pl.DataFrame, fee: str, table: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Find the row of a fee that holds for each subject, the one with the most precise scope.

    subjects: SCOPE (what the fee's rows may name) and at_ms; table: SCHEDULE.
    Returns the subjects for which there is one, in their order, with `row`.
    """
    names = scope(fee)
    rows_ = dated(table.filter(pl.col("fee") == fee), zone).sort("from_ms")
    found = subjects.with_row_index("subject").sort("at_ms")
    candidates = []
    for named in sorted(_scopes(rows_, names), key=lambda mask: [name in mask for name in names], reverse=True):
        limited = pl.all_horizontal(pl.col(name).is_not_null() == (name in named) for name in names)
        candidate = f"row {' '.join(named)}"
        some = rows_.filter(limited).select(*named, "from_ms", "until_ms", row="row")
        found = (
            found.join_asof(
                some, left_on="at_ms", right_on="from_ms", by=list(named) or None, strategy="backward",
                check_sortedness=False,
            )
            .with_columns(pl.when(pl.col("at_ms") < pl.col("until_ms")).then("row").alias(candidate))
            .drop("row", "until_ms", "from_ms")
        )  # fmt: skip
        candidates.append(candidate)
    row = pl.coalesce(candidates) if candidates else pl.lit(None, dtype=pl.UInt32)
    return found.with_columns(row=row).drop(candidates).drop_nulls("row").sort("subject").drop("subject")


def _scopes(rows_: pl.DataFrame, names: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Which combinations of names the rows are limited to."""
    return {tuple(name for name in names if one[name] is not None) for one in rows_.select(names).iter_rows(named=True)}
