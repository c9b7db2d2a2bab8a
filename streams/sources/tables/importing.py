"""From a table and a mapping to events; a row that cannot be one is kept out with its reason, and so is its order."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from analytics.currencies import EXPONENTS
from analytics.decoding import decode
from analytics.events import MAX_ID_BYTES
from streams.sources.tables.columns import at_ms, minor, nano, text_of, whole
from streams.sources.tables.mapping import FIELDS, Mapping
from streams.sources.tables.writing import SHARED, Ids, paid, refunded

REASONS = {
    "id_missing": "name the order, and the refund or the product, in every row",
    "id_too_long": f"use ids of at most {MAX_ID_BYTES} bytes together with the source",
    "time_unreadable": "write the time as time.format says, with an offset or in time.zone",
    "currency_unknown": "use an ISO 4217 code in capitals",
    "quantity_unreadable": "write a whole number of at most nine digits",
    "amount_unreadable": "write digits, with money.decimal and money.thousands as the mapping says",
    "amount_inexact": "give amounts that are whole minor units of their currency",
    "rows_disagree": "give all rows of an order one viewer, currency, session and host; those of a refund one order",
    "other_row": "another row of this order or refund cannot be read",
}
"""Why a row is not taken, with what to do; the contract's own reasons come beside these."""
_ROOM = MAX_ID_BYTES - len("/refunded/")
_NAMES = {"reason": "why"}
"""Fields whose name means something else here."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A table as events.

    events: newline-delimited, by time. rejects: row (0, 1, …), reason, field, value. rows: those that became events.
    """

    events: bytes
    rejects: pl.DataFrame
    rows: int

    @property
    def count(self) -> int:
        """How many events there are."""
        return self.events.count(b"\n")


def import_table(raw: pl.DataFrame, mapping: Mapping) -> Imported:
    """Read a table as its mapping says. raw: row, and every column that the mapping names, as text."""
    read = mapped(raw, mapping)
    judged = read.with_columns(_reason(mapping))
    judged = judged.with_columns(reason=_of_whole(mapping.key, SHARED[mapping.kind]))
    good = judged.filter(pl.col("reason").is_null())
    events = (paid if mapping.kind == "orders" else refunded)(good, Ids.of(mapping.source))
    refused = _refused(events)
    kept = events.join(refused, on="key", how="anti", maintain_order="left").sort("at_ms", maintain_order=True)
    by_contract = good.join(refused, left_on=mapping.key, right_on="key", maintain_order="left")
    named = judged.filter(pl.col("reason").is_not_null())
    rejects = pl.concat([_shown(named), by_contract.select("row", reason="said", field="said_of", value="said_value")])
    text = "".join(f"{event}\n" for event in kept["text"]).encode()
    return Imported(text, rejects.sort("row"), raw.height - rejects.height)


def mapped(raw: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Give row, fields as text or null, at_ms, pieces, amount (billionths), amount_minor, and the texts behind them."""
    told = dict(mapping.fields())
    nothing = pl.lit(None, dtype=pl.String)
    fields = [(text_of(told[name]) if name in told else nothing).alias(_NAMES.get(name, name)) for name in FIELDS]
    column = mapping.money.amount or mapping.money.unit_price or ""
    frame = raw.select(
        "row",
        *fields,
        at_ms=at_ms(mapping.time),
        time_text=mapping.time.column,
        amount_text=column,
        amount=nano(column, mapping.money),
    )
    pieces = whole(pl.col("quantity")) if "quantity" in told else pl.lit(1, dtype=pl.Int64)
    frame = frame.with_columns(pieces=pieces)
    if mapping.money.unit_price:
        frame = frame.with_columns(amount=pl.col("amount") * pl.col("pieces"))
    return frame.with_columns(amount_minor=minor(pl.col("amount"), pl.col("currency")))


def _reason(mapping: Mapping) -> pl.Expr:
    """Give the first reason why a row cannot be taken, as far as the row alone tells."""
    second = "product_id" if mapping.kind == "orders" else "refund_id"
    room = _ROOM - len(mapping.source.encode())
    cases = {
        "id_missing": pl.col("order_id").is_null() | pl.col(second).is_null(),
        "id_too_long": pl.max_horizontal(pl.col("order_id", second).str.len_bytes()) > room,
        "time_unreadable": pl.col("at_ms").is_null(),
        "currency_unknown": ~pl.col("currency").is_in(list(EXPONENTS)).fill_null(False),
        "quantity_unreadable": pl.col("pieces").is_null(),
        "amount_unreadable": pl.col("amount").is_null(),
        "amount_inexact": pl.col("amount_minor").is_null(),
    }
    return pl.coalesce(pl.when(fits).then(pl.lit(name)) for name, fits in cases.items()).alias("reason")


def _of_whole(key: str, shared: Sequence[str]) -> pl.Expr:
    """Give a row without a reason that of its order or refund: each is taken whole or not at all."""
    differ = pl.any_horizontal(pl.col(name).n_unique().over(key) > 1 for name in shared)
    broken = pl.col("reason").is_not_null().any().over(key)
    return (
        pl.when(pl.col("reason").is_not_null())
        .then("reason")
        .when(differ)
        .then(pl.lit("rows_disagree"))
        .when(broken)
        .then(pl.lit("other_row"))
    )


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    """Say of rows with a reason which field and text it is about."""
    fields = {
        "id_missing": ("order_id", "order_id"),
        "id_too_long": ("order_id", "order_id"),
        "time_unreadable": ("time", "time_text"),
        "currency_unknown": ("currency", "currency"),
        "quantity_unreadable": ("quantity", "quantity"),
        "amount_unreadable": ("amount", "amount_text"),
        "amount_inexact": ("amount", "amount_text"),
        "rows_disagree": ("order_id", "order_id"),
        "other_row": ("order_id", "order_id"),
    }
    names = {reason: name for reason, (name, _) in fields.items()}
    value = pl.coalesce(pl.when(pl.col("reason") == reason).then(column) for reason, (_, column) in fields.items())
    return rows.select("row", "reason", field=pl.col("reason").replace_strict(names), value=value)


def _refused(events: pl.DataFrame) -> pl.DataFrame:
    """Let the contract judge: key of each event that it does not take, said (its reason), said_of, said_value."""
    found = decode("".join(f"{event}\n" for event in events["text"]).encode(), first_position=0).rejects
    keys = events.with_row_index("position").select(pl.col("position").cast(pl.UInt64), "key")
    said = found.select("position", said="reason", said_of="field", said_value="value")
    return keys.join(said, on="position").drop("position")
