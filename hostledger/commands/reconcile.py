"""`hostledger reconcile`: the proof that no money was lost or made."""

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl
import typer

from analytics.closing import compared, suspected
from analytics.rules import MODELS
from analytics.warehouse import Warehouse, books
from hostledger.output import Format, FormatOption, refusing, show, tell
from hostledger.reading import DataOption, ZoneOption, opened, readable, settings_of
from hostledger.settings import WrongSetting, time_zone

FAILED = 1
"""Exit code when a check does not hold."""
NAMED = 20
"""Orders or hosts that are named at most where a check does not hold."""
CONSERVATION = "conservation"
_FIGURES = ("paid_minor", "refunds_minor", "hosts_minor", "unattributed_minor", "excess_minor")
_MINOR = (*_FIGURES, "expected_minor", "found_minor", "difference_minor")
SCHEMA: dict[str, Any] = {
    "check": pl.String,
    "currency": pl.String,
    "model": pl.String,
    **dict.fromkeys(_MINOR, pl.Int128),
    "expected": pl.Int64,
    "found": pl.Int64,
    "holds": pl.Boolean,
    "where": pl.List(pl.String),
}
"""Columns of the checks; holds is null for what is told only, where names up to 20 orders or hosts."""
_MARKS = {True: "✓", False: "✗", None: "·"}
Check = dict[str, Any]


def reconcile(
    context: typer.Context,
    data: DataOption = None,
    timezone: ZoneOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Prove that no money was lost or made: what was paid and returned is what the books say, exactly.

    Example: hostledger reconcile

    Example: hostledger reconcile --data hostledger-data --format json

    Exit code 0: every check holds. 1: one does not, and `where` names up to 20 orders (or hosts) where it is.

    Conservation, per currency and model: paid - refunds (expected) = hosts + unattributed - excess (found). excess is
    what was refunded beyond an order; it is nobody's. Paid and refunds come from the orders and refunds as they
    arrived, the rest from the ledger; every single order is compared too, so errors cannot cancel out.

    Other checks: every order has a sale under every booked model; ledger lines belong to known orders; each month of
    each seller was credited what was paid and returned in it (expected counts these figures, found those that hold);
    the rollups that reports and the page read say what the ledger and the orders say; what was stored when a period was
    closed is what the ledger still says of it, account by account. There where names the orders that have lines written
    after the closing, else those whose lines sum to the difference of an account, else the orders of these accounts.

    Told only, marked with a dot: refunds that wait for their order, and refunds in another currency than their order's.
    They are not booked, so they are no part of the equation.

    Amounts are in minor units (…_minor) in json and csv, and in decimals in tables; expected and found without it are
    counts.

    """
    settings = settings_of(context)
    folder = data or settings.data
    with refusing(WrongSetting):
        zone = time_zone(timezone or settings.timezone)
    with opened(folder, settings) as warehouse:
        frame = checks(warehouse, zone)
    _show(frame, output)
    failed = frame.filter(~pl.col("holds")).height
    if failed:
        tell(f"{failed} checks do not hold. Look at an order with: hostledger explain ORDER_ID --data {folder}")
        raise typer.Exit(FAILED)
    proven = frame["holds"].drop_nulls().len()
    tell(f"All {proven} checks hold." if proven else "Nothing is booked yet: there is nothing to check.")


def checks(warehouse: Warehouse, zone: str) -> pl.DataFrame:
    """Make every check, months being those of a time zone. Returns SCHEMA, one row per check, currency and model."""
    paid = warehouse.query("reconcile_orders").to_dicts()
    ledger = warehouse.query("reconcile_ledger").to_dicts()
    booked = {line["model"] for line in ledger}
    models = [model for model in MODELS if model in booked]
    rows = [
        *_conservation(paid, ledger, models),
        *_complete(warehouse, paid, ledger, models),
        *_orphans(warehouse, paid, ledger),
        *_months(warehouse, zone),
        *_rollups(warehouse),
        *_closed(warehouse),
        *_told(paid),
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def _conservation(paid: list[Check], ledger: list[Check], models: list[str]) -> Iterator[Check]:
    lines = {(line["currency"], line["model"]): line for line in ledger}
    for of_currency in (one for one in paid if one["orders"]):
        for model in models:
            line = lines.get((of_currency["currency"], model), {})
            sums = {name: int((of_currency | line).get(name, 0)) for name in _FIGURES}
            expected = sums["paid_minor"] - sums["refunds_minor"]
            found = sums["hosts_minor"] + sums["unattributed_minor"] - sums["excess_minor"]
            off = line.get("off", [])
            yield (
                _row(CONSERVATION, of_currency["currency"], model, off, holds=expected == found and not off)
                | sums
                | {
                    "expected_minor": expected,
                    "found_minor": found,
                    "difference_minor": found - expected,
                }
            )


def _complete(warehouse: Warehouse, paid: list[Check], ledger: list[Check], models: list[str]) -> Iterator[Check]:
    """Compare the number of orders with those that have a sale, model by model."""
    standing = {(line["currency"], line["model"]): line["orders"] for line in ledger}
    for model in models:
        missing: dict[str, list[str]] = {}
        if any(standing.get((one["currency"], model), 0) != one["orders"] for one in paid):
            found = warehouse.query("reconcile_missing", model=model).to_dicts()
            missing = {line["currency"]: line["missing"] for line in found}
        for one in (one for one in paid if one["orders"]):
            has = standing.get((one["currency"], model), 0)
            yield _count("every order has a sale", one["currency"], model, one["orders"], has) | {
                "where": missing.get(one["currency"], [])
            }


def _orphans(warehouse: Warehouse, paid: list[Check], ledger: list[Check]) -> Iterator[Check]:
    """Orders without a line, and lines without an order, per currency."""
    bare = {line["currency"]: line for line in warehouse.query("reconcile_missing", model="").to_dicts()}
    for currency in sorted({line["currency"] for line in [*paid, *ledger]}):
        strange = [line for line in ledger if line["currency"] == currency]
        found = bare.get(currency, {"orders": 0, "missing": []})
        yield _count("orders without a line", currency, None, 0, found["orders"]) | {"where": found["missing"]}
        most = max((line["strange_orders"] for line in strange), default=0)
        named = sorted({order for line in strange for order in line["strange"]})[:NAMED]
        yield _count("lines without an order", currency, None, 0, most) | {"where": named}


def _months(warehouse: Warehouse, zone: str) -> Iterator[Check]:
    """Compare each month of each seller, per currency and model."""
    figures = warehouse.query("reconcile_periods", zone=zone)
    holds = (pl.col("paid_minor") == pl.col("booked_minor")) & (pl.col("off_orders") == 0)
    sums = (pl.col("paid_minor", "booked_minor").cast(pl.Int128).sum(), pl.len(), holds.sum().alias("hold"))
    found = figures.group_by("currency", "model").agg(*sums, pl.col("off").explode().drop_nulls().unique().sort())
    for one in found.sort("currency", "model").iter_rows(named=True):
        counted = _count("every month and seller", one["currency"], one["model"], one["len"], one["hold"])
        yield counted | _amounts(one["paid_minor"], one["booked_minor"]) | {"where": one["off"][:NAMED]}


def _closed(warehouse: Warehouse) -> Iterator[Check]:
    """Compare what each closing stored with what the ledger says now."""
    known = books.closings(warehouse)
    closed_ms = dict(known.select("period", "closed_ms").iter_rows())
    found = compared(books.evidence(warehouse), books.recomputed(warehouse, known))
    for one in found.iter_rows(named=True):
        counted = _count(f"closed {one['period']}", one["currency"], one["model"], one["figures"], one["same"])
        named = _named(warehouse, one, closed_ms.get(one["period"], 0)) if one["off"] else []
        yield counted | _amounts(one["expected_minor"], one["found_minor"]) | {"where": named}


def _named(warehouse: Warehouse, figure: Check, closed_ms: int) -> list[str]:
    """Name the orders that made a closing differ; the accounts, where the ledger has no order of them any more."""
    orders = warehouse.query(
        "reconcile_closed_orders",
        **{key: figure[key] for key in ("period", "currency", "model")},
        closed_ms=closed_ms,
        host_ids=figure["off"],
        differences=[int(one) for one in figure["off_minor"]],
    )
    return suspected(orders) or figure["off"][:NAMED]


def _rollups(warehouse: Warehouse) -> Iterator[Check]:
    for line in warehouse.query("reconcile_credits_rollup").to_dicts():
        sums = (int(line["ledger_minor"]), int(line["rollup_minor"]))
        holds = not line["off_hosts"]
        yield _row("rollup of credits", line["currency"], line["model"], line["off"], holds=holds) | _amounts(*sums)
    for line in warehouse.query("reconcile_orders_rollup").to_dicts():
        sums = (int(line["orders_minor"]), int(line["rollup_minor"]))
        same = sums[0] == sums[1] and line["items"] == line["rollup_items"]
        counted = _count("rollup of orders", line["currency"], None, line["orders"], line["rollup_orders"])
        yield counted | _amounts(*sums) | {"holds": same and counted["holds"]}


def _told(paid: list[Check]) -> Iterator[Check]:
    for name, count, amount in (
        ("refunds that wait for their order", "waiting", "waiting_minor"),
        ("refunds in another currency", "foreign_refunds", "foreign_minor"),
    ):
        for one in (one for one in paid if one[count]):
            told = {"found": one[count], "found_minor": int(one[amount])}
            yield _row(name, one["currency"], None, [], holds=None) | told


def _row(check: str, currency: str, model: str | None, where: Iterable[str], *, holds: bool | None) -> Check:
    return {"check": check, "currency": currency, "model": model, "holds": holds, "where": list(where)}


def _count(check: str, currency: str, model: str | None, expected: int, found: int) -> Check:
    counted = {"expected": expected, "found": found}
    return _row(check, currency, model, [], holds=expected == found) | counted


def _amounts(expected: int, found: int) -> Check:
    return {"expected_minor": expected, "found_minor": found, "difference_minor": found - expected}


def _show(frame: pl.DataFrame, output: Format) -> None:
    """Print the checks; for people conservation apart, and rows that say the same of every model once."""
    if output is Format.JSON:
        show(frame, output)
        return
    named = frame.with_columns(pl.col("where").list.join(" "))
    if output is Format.CSV:
        show(named, output)
        return
    marked = named.select(
        pl.col("holds").replace_strict(_MARKS, return_dtype=pl.String).alias("ok"), pl.all().exclude("holds")
    )
    is_conservation = pl.col("check") == CONSERVATION
    money = marked.filter(is_conservation).drop("check", "expected", "found")
    show(readable(money), output, "Conservation: paid - refunds = hosts + unattributed - excess")
    show(readable(_once(marked.filter(~is_conservation))), output, "Other checks")


def _once(frame: pl.DataFrame) -> pl.DataFrame:
    """Join rows that differ in the model only; amounts get names that do not collide with counts."""
    alike = ["ok", "check", "currency", "expected", "found", *_MINOR, "where"]
    joined = frame.group_by(alike, maintain_order=True).agg(
        pl.col("model").drop_nulls(), models=pl.col("model").count()
    )
    names = pl.when(pl.col("models") > 1).then(pl.format("all {}", "models")).otherwise(pl.col("model").list.join(" "))
    renamed = {f"{name}_minor": f"{name}_amount_minor" for name in ("expected", "found")}
    return joined.rename(renamed).select(
        "ok", "check", "currency", names.alias("model"), "expected", "found", *renamed.values(), "where"
    )
