"""From the order file to contract events and the bridge that proves that no penny got lost between them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from streams.sources.online_retail.mapping import REASONS, classify
from streams.sources.online_retail.matching import match
from streams.sources.online_retail.reading import SHOP_ZONE, THOUSANDTHS_PER_MINOR, read_lines
from streams.sources.online_retail.roster import read_roster, running_session
from streams.sources.tables.writing import Ids, paid, refunded

CURRENCY = "GBP"
IDS = Ids("online-retail/order/", "", "guest-", "online-retail/refund/", "")
_NOTHING = pl.lit(None, dtype=pl.String)
SIDES = ("gross", "cancellations")


class OpenBridgeError(RuntimeError):
    """File minus what is listed as unbooked is not what is booked: a bug of the import, never of the file."""


@dataclass(frozen=True, slots=True)
class Import:
    """The file as events, and the bridge from its totals to theirs.

    events: NDJSON of roster, orders and refunds, by occurred_at. Amounts are pence, signed as in the file: what a
    cancellation takes back is negative, so net = gross + cancellations. Side gross: lines of all invoices but C…; side
    cancellations: lines of C… invoices. bridge: side, reason, lines, amount_minor; one row per reason why lines are not
    booked. Per side, file minus Σ bridge = booked, in lines and in pence. Only sub_penny has parts of a penny: that row
    and the file's total are rounded down, so the bridge still closes.
    """

    events: bytes
    bridge: pl.DataFrame
    file_gross_minor: int
    file_cancellations_minor: int
    booked_gross_minor: int
    booked_refunds_minor: int
    file_gross_lines: int
    file_cancellations_lines: int
    booked_gross_lines: int
    booked_refunds_lines: int


def read_invoices(file: Path, roster: Path) -> Import:
    """Read an Online Retail order file (CSV, plain or gzipped) and a roster (NDJSON) into contract events.

    Raises WrongFileError for a file that cannot be read, OpenBridgeError should the import have lost a penny.
    """
    lines = read_lines(file)
    plan = read_roster(roster)
    classified = classify(lines)
    refunds = match(classified)
    placed = classified.with_columns(reason=_final_reason(refunds))
    sales = placed.filter(pl.col("reason").is_null(), ~pl.col("cancelled"))
    events = pl.concat([plan.select("at_ms", "text"), _orders(sales, plan), _refunds(refunds)])
    imported = Import(
        events=_ndjson(events),
        bridge=_bridge(placed),
        file_gross_minor=_minor(lines.filter(~pl.col("cancelled"))),
        file_cancellations_minor=_minor(lines.filter("cancelled")),
        booked_gross_minor=_minor(sales),
        booked_refunds_minor=-int(refunds["amount_minor"].sum()),
        file_gross_lines=lines.filter(~pl.col("cancelled")).height,
        file_cancellations_lines=lines.filter("cancelled").height,
        booked_gross_lines=sales.height,
        booked_refunds_lines=refunds["row"].n_unique(),
    )
    _close(imported, sales, refunds)
    return imported


def trading_days(file: Path) -> list[date]:
    """List the days, in shop time, on which the file has invoices, ascending. Raises WrongFileError."""
    local = pl.from_epoch("at_ms", time_unit="ms").dt.convert_time_zone(SHOP_ZONE)
    return read_lines(file).select(local.dt.date().unique().sort()).to_series().to_list()


def statement(imported: Import) -> pl.DataFrame:
    """Lay out the whole bridge as a table: per side the file, each reason of unbooked lines, the books; then net.

    Returns side (gross, cancellations, net), item (file, a reason, booked), lines, amount_minor, meaning (of a reason).
    """
    gross, refunds = imported.booked_gross_minor, imported.booked_refunds_minor
    file_gross, file_cancellations = imported.file_gross_minor, imported.file_cancellations_minor
    lines = (imported.file_gross_lines, imported.file_cancellations_lines)
    booked = (imported.booked_gross_lines, imported.booked_refunds_lines)
    unbooked = imported.bridge.select("side", "lines", "amount_minor", item="reason")
    ends = [
        ("gross", lines[0], file_gross, "file"),
        ("gross", booked[0], gross, "booked"),
        ("cancellations", lines[1], file_cancellations, "file"),
        ("cancellations", booked[1], refunds, "booked"),
        ("net", sum(lines), file_gross + file_cancellations, "file"),
        ("net", unbooked["lines"].sum(), unbooked["amount_minor"].sum(), "unbooked"),
        ("net", sum(booked), gross + refunds, "booked"),
    ]
    table = pl.concat([unbooked, pl.DataFrame(ends, schema=unbooked.schema, orient="row")])
    sides, items = pl.Enum([*SIDES, "net"]), pl.Enum(["file", "unbooked", *REASONS, "booked"])
    ordered = table.sort(pl.col("side").cast(sides), pl.col("item").cast(items))
    meaning = pl.col("item").replace_strict(REASONS, default=None)
    return ordered.select("side", "item", "lines", "amount_minor", meaning=meaning)


def _final_reason(refunds: pl.DataFrame) -> pl.Expr:
    unmatched = pl.col("cancelled") & ~pl.col("row").is_in(refunds["row"].to_list())
    return pl.when(pl.col("reason").is_null() & unmatched).then(pl.lit("orphan_cancellation")).otherwise("reason")


def _bridge(placed: pl.DataFrame) -> pl.DataFrame:
    side = pl.when("cancelled").then(pl.lit("cancellations")).otherwise(pl.lit("gross")).alias("side")
    unbooked = placed.filter(pl.col("reason").is_not_null()).group_by(side, "reason")
    amount = pl.col("amount_thousandths").sum().floordiv(THOUSANDTHS_PER_MINOR)
    rows = unbooked.agg(lines=pl.len().cast(pl.Int64), amount_minor=amount)
    return rows.sort(pl.col("side").cast(pl.Enum(SIDES)), pl.col("reason").cast(pl.Enum(list(REASONS))))


def _minor(lines: pl.DataFrame) -> int:
    return int(lines["amount_thousandths"].sum()) // THOUSANDTHS_PER_MINOR


def _orders(sales: pl.DataFrame, plan: pl.DataFrame) -> pl.DataFrame:
    lines = sales.select(
        "at_ms",
        order_id="invoice",
        viewer_id="customer",
        currency=pl.lit(CURRENCY),
        host_id=_NOTHING,
        line_id=pl.col("ordinal").cast(pl.String),
        product_id="product",
        pieces="quantity",
        amount_minor=pl.col("amount_thousandths") // THOUSANDTHS_PER_MINOR,
        category=_NOTHING,
    )
    sessions = running_session(lines.select("at_ms", "order_id").unique("order_id"), plan)
    return paid(lines.join(sessions, on="order_id", how="left", maintain_order="left"), IDS).select("at_ms", "text")


def _refunds(refunds: pl.DataFrame) -> pl.DataFrame:
    rows = refunds.select(
        "refund_id",
        "order_id",
        "at_ms",
        "amount_minor",
        viewer_id="customer",
        currency=pl.lit(CURRENCY),
        why=pl.lit("cancellation"),
    )
    return refunded(rows, IDS).select("at_ms", "text")


def _ndjson(events: pl.DataFrame) -> bytes:
    text = events.sort("at_ms", maintain_order=True)["text"]
    return "".join(f"{event}\n" for event in text).encode()


def _close(imported: Import, sales: pl.DataFrame, refunds: pl.DataFrame) -> None:
    """Hold file, bridge and books against each other; raise OpenBridgeError at the first difference."""
    books = {
        "gross": (imported.file_gross_minor, imported.booked_gross_minor),
        "cancellations": (imported.file_cancellations_minor, imported.booked_refunds_minor),
    }
    for side, (file, booked) in books.items():
        listed = int(imported.bridge.filter(pl.col("side") == side)["amount_minor"].sum())
        if file - listed != booked:
            raise OpenBridgeError(f"{side}: the file has {file}, listed are {listed}, but booked are {booked} pence")
    left = sales.group_by("row").agg(pl.col("amount_thousandths").sum() // THOUSANDTHS_PER_MINOR)
    taken = refunds.group_by(row="sale_row").agg(pl.col("amount_minor").sum())
    over = taken.join(left, on="row", how="left").filter(pl.col("amount_minor") > pl.col("amount_thousandths"))
    if over.height:
        raise OpenBridgeError(f"refunds exceed their sale in {over.height} lines, the first is row {over['row'][0]}")
