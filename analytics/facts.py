"""Events as columns: one frame per kind of fact, ready for the core and for the warehouse.

| frame | columns beside event_id and occurred_ms |
|---|---|
| viewer_events | type, session_id, viewer_id, product_id, count, amount_minor, currency, source |
| orders | position (its line), order_id, viewer_id, session_id, declared_host_id, currency, amount_minor, items |
| order_lines | position (of its event), order_id (no time), line_id, product_id, quantity, amount_minor, category |
| refunds | position, refund_id, order_id, currency, amount_minor, reason |
| roster_events | type and every field of the roster types, null where a type has it not |

Times are Int64 milliseconds UTC, amounts Int64 minor units, ids text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Self

import polars as pl

from analytics.columns import ViewerColumns, id_column
from analytics.contract import ROSTER_TYPES
from analytics.events import Event, OrderPaid, OrderRefunded

ORDERS = {
    "position": pl.UInt64,
    "event_id": pl.String,
    "order_id": pl.String,
    "viewer_id": pl.String,
    "ordered_ms": pl.Int64,
    "session_id": pl.String,
    "declared_host_id": pl.String,
    "currency": pl.String,
    "amount_minor": pl.Int64,
    "items": pl.Int64,
}
ORDER_LINES = {
    "position": pl.UInt64,
    "event_id": pl.String,
    "order_id": pl.String,
    "line_id": pl.String,
    "product_id": pl.String,
    "quantity": pl.Int64,
    "amount_minor": pl.Int64,
    "category": pl.String,
}
REFUNDS = {
    "position": pl.UInt64,
    "event_id": pl.String,
    "refund_id": pl.String,
    "order_id": pl.String,
    "refunded_ms": pl.Int64,
    "currency": pl.String,
    "amount_minor": pl.Int64,
    "reason": pl.String,
}
_ROSTER_TEXT = [
    "session_id",
    "host_id",
    "name",
    "kind",
    "likeness_of",
    "vendor",
    "avatar_version",
    "platform",
    "seller_id",
    "title",
    "category",
    "script_id",
    "variant",
    "product_id",
    "contract_id",
    "owner",
    "currency",
]
_ROSTER_NUMBERS = ["valid_from", "valid_to", "fee_minor", "royalty_bps"]
_ROSTER_LISTS = ["platforms", "categories"]
ROSTER_EVENTS: dict[str, Any] = {
    "event_id": pl.String,
    "type": pl.String,
    "occurred_ms": pl.Int64,
    **dict.fromkeys(_ROSTER_TEXT, pl.String),
    **dict.fromkeys(_ROSTER_NUMBERS, pl.Int64),
    **dict.fromkeys(_ROSTER_LISTS, pl.List(pl.String)),
    "label_required": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """Events as columns; see the module's table."""

    viewer_events: pl.DataFrame
    orders: pl.DataFrame
    order_lines: pl.DataFrame
    refunds: pl.DataFrame
    roster_events: pl.DataFrame

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the events of several parts behind each other."""
        if not parts:
            return frames(ViewerColumns(), [])  # type: ignore[return-value]  # the one class there is
        return cls(**{field.name: pl.concat([getattr(part, field.name) for part in parts]) for field in fields(cls)})

    @property
    def events(self) -> int:
        """How many events these are."""
        return self.viewer_events.height + self.orders.height + self.refunds.height + self.roster_events.height


def frames(viewer: ViewerColumns, other: Sequence[tuple[Event, int]]) -> Facts:
    """Turn decoded events into columns; other: the events that are not viewer events, each with its line number."""
    orders = [(event, position) for event, position in other if isinstance(event, OrderPaid)]
    refunds = [(event, position) for event, position in other if isinstance(event, OrderRefunded)]
    roster = [event for event, _ in other if isinstance(event, ROSTER_TYPES)]
    return Facts(
        viewer_events=viewer.frame(),
        orders=_orders(orders),
        order_lines=_order_lines(orders),
        refunds=_refunds(refunds),
        roster_events=_roster_events(roster),
    )


def _column(events: Sequence[Any], name: str) -> pl.Series:
    return id_column(list(map(attrgetter(name), events)))


def _orders(placed: Sequence[tuple[OrderPaid, int]]) -> pl.DataFrame:
    events = [event for event, _ in placed]
    return pl.DataFrame(
        {
            "position": [position for _, position in placed],
            "event_id": _column(events, "event_id"),
            "order_id": _column(events, "order_id"),
            "viewer_id": _column(events, "viewer_id"),
            "ordered_ms": [event.occurred_at for event in events],
            "session_id": _column(events, "session_id"),
            "declared_host_id": _column(events, "host_id"),
            "currency": _column(events, "currency"),
            "amount_minor": [sum(line.amount_minor for line in event.lines) for event in events],
            "items": [sum(line.quantity for line in event.lines) for event in events],
        },
        schema=ORDERS,
    )


def _order_lines(placed: Sequence[tuple[OrderPaid, int]]) -> pl.DataFrame:
    events = [event for event, _ in placed]
    lines = [line for event in events for line in event.lines]
    return pl.DataFrame(
        {
            "position": [position for event, position in placed for _ in event.lines],
            "event_id": id_column([event.event_id for event in events for _ in event.lines]),
            "order_id": id_column([event.order_id for event in events for _ in event.lines]),
            "line_id": _column(lines, "line_id"),
            "product_id": _column(lines, "product_id"),
            "quantity": [line.quantity for line in lines],
            "amount_minor": [line.amount_minor for line in lines],
            "category": _column(lines, "category"),
        },
        schema=ORDER_LINES,
    )


def _refunds(placed: Sequence[tuple[OrderRefunded, int]]) -> pl.DataFrame:
    events = [event for event, _ in placed]
    return pl.DataFrame(
        {
            "position": [position for _, position in placed],
            "event_id": _column(events, "event_id"),
            "refund_id": _column(events, "refund_id"),
            "order_id": _column(events, "order_id"),
            "refunded_ms": [event.occurred_at for event in events],
            "currency": _column(events, "currency"),
            "amount_minor": [event.amount_minor for event in events],
            "reason": _column(events, "reason"),
        },
        schema=REFUNDS,
    )


def _roster_events(events: Sequence[Event]) -> pl.DataFrame:
    def values(name: str) -> list[Any]:
        return [getattr(event, name, None) for event in events]

    return pl.DataFrame(
        {
            "event_id": _column(events, "event_id"),
            "type": [str(event.__struct_config__.tag) for event in events],
            "occurred_ms": [event.occurred_at for event in events],
            **{name: id_column(values(name)) for name in _ROSTER_TEXT},
            **{name: values(name) for name in (*_ROSTER_NUMBERS, *_ROSTER_LISTS)},
            "label_required": values("label_required"),
        },
        schema=ROSTER_EVENTS,
    )
