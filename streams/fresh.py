"""What of a batch is new: repeats dropped, contradictions set apart."""

from dataclasses import dataclass

import msgspec
import polars as pl

from analytics.crediting import ORDER_CONTENT, REFUND_CONTENT
from analytics.decoding import REJECTS
from analytics.facts import Facts
from analytics.rejection import REMEDIES
from analytics.warehouse import Warehouse
from streams.asked import Asked
from streams.begun import Before, Begun
from streams.state import State


@dataclass(frozen=True, slots=True)
class Fresh:
    """New facts, stored orders that the batch names, and rejects (REJECTS without line) for contradictions."""

    facts: Facts
    rejects: pl.DataFrame


def fresh(begun: Begun, state: State, before: Before, counts: pl.Expr) -> Fresh:
    """Drop what is known: events by event_id, orders by order_id, refunds by refund_id. counts: which stored ones do.

    An order or refund that comes again with other content is rejected: the first one stands.
    """
    facts = begun.decoded.facts
    orders, refunds = _once(facts.orders), _once(facts.refunds)
    new_orders, wrong_orders = _first_ones(orders, before.orders, counts, "order_id", ORDER_CONTENT)
    new_refunds, wrong_refunds = _first_ones(refunds, before.refunds, counts, "refund_id", REFUND_CONTENT)
    kept_lines = facts.order_lines.join(new_orders.select("position"), on="position", maintain_order="left")
    return Fresh(
        Facts(
            viewer_events=begun.repeats.dropped(before.events),
            orders=new_orders,
            order_lines=kept_lines.drop("event_id", "position"),
            refunds=new_refunds,
            roster_events=_unheard(_once(facts.roster_events), state.roster.events),
        ),
        pl.concat([_rejected(wrong_orders, "order"), _rejected(wrong_refunds, "refund")]),
    )


def _once(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.unique("event_id", keep="first", maintain_order=True) if frame.height > 1 else frame


def _unheard(events: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    if events.is_empty():
        return events
    return events.join(known.select("event_id"), on="event_id", how="anti", maintain_order="left")


def with_lines(rejects: pl.DataFrame, data: bytes, first_position: int) -> pl.DataFrame:
    """Add the original bytes to rejects that name their position in the batch."""
    if rejects.is_empty():
        return pl.DataFrame(schema=REJECTS)
    lines = data.split(b"\n")
    found = [lines[position - first_position] for position in rejects["position"]]
    return rejects.with_columns(line=pl.Series(found, dtype=pl.Binary)).select(list(REJECTS))


def mismatched(refunds: pl.DataFrame, warehouse: Warehouse, batch: int) -> pl.DataFrame:
    """Give rejects for stored refunds in another currency than their order's, their facts as the line, each once."""
    if refunds.is_empty():
        return pl.DataFrame(schema=REJECTS)
    lines = [msgspec.json.encode(row) for row in refunds.drop("order_currency").iter_rows(named=True)]
    texts = [line.decode() for line in lines]
    parked = warehouse.query("core_rejected", reason="refund_currency_mismatch", lines=texts, batch=batch)
    before = set(parked["line"].cast(pl.String))
    refunds = refunds.filter([text not in before for text in texts])
    lines = [line for line, text in zip(lines, texts, strict=True) if text not in before]
    return refunds.select(
        position=pl.lit(0, dtype=pl.UInt64),
        reason=pl.lit("refund_currency_mismatch"),
        field=pl.lit("currency"),
        value="currency",
        remedy=pl.lit(REMEDIES["refund_currency_mismatch"]),
    ).with_columns(line=pl.Series(lines, dtype=pl.Binary))


def _first_ones(
    incoming: pl.DataFrame, before: Asked, counts: pl.Expr, key: str, content: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose key is new, the first of each; and rows that contradict an earlier one of their key."""
    if incoming.is_empty():
        return incoming, incoming
    stored = before.of(incoming[key]).filter(counts)
    new = incoming.unique(key, keep="first", maintain_order=True).join(
        stored, on=key, how="anti", maintain_order="left"
    )
    first = pl.concat([stored.select(key, *content), new.select(key, *content)])
    wrong = incoming.join(first, on=[key, *content], how="anti", nulls_equal=True, maintain_order="left")
    return new, wrong


def _rejected(wrong: pl.DataFrame, what: str) -> pl.DataFrame:
    reason = f"{what}_conflict"
    return wrong.select(
        "position",
        reason=pl.lit(reason),
        field=pl.lit(f"{what}_id"),
        value=f"{what}_id",
        remedy=pl.lit(REMEDIES[reason]),
    )
