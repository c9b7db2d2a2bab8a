"""How events are written: newline-delimited JSON, a whole column at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from streams.generator.cast import product_id, quoted
from streams.generator.names import REASONS, SOURCES
from streams.generator.world import World

ORDER_BASE = 4_000_000_000_000_000_000
"""Order ids have nineteen digits, above 2^53; those after the first are the seed, so that days do not collide."""
ORDERS_OF_SEED = 1_000_000_000_000

Parts: TypeAlias = list[pl.Expr]
_EXTRA = ',"app_version":"9.1.0","trace":{"hops":3}'


@dataclass(frozen=True, slots=True)
class Fragments:
    """JSON fields that many events share, written once and picked by number."""

    seed: int
    session: pl.Series
    host: pl.Series
    product: pl.Series
    source: pl.Series
    reason: pl.Series
    session_currency: pl.Series
    room_currency: pl.Series


def fragments(world: World) -> Fragments:
    """Write the shared fields of a world."""
    currencies = [room.shop.currency for room in world.cast.rooms]
    return Fragments(
        seed=world.plan.seed,
        session=_fields("session_id", [session.session_id for session in world.sessions]),
        host=_fields("host_id", [host.host_id for host in world.cast.hosts]),
        product=_fields("product_id", [product_id(index) for index in range(len(world.cast.prices))]),
        source=_fields("source", [source.name for source in SOURCES]),
        reason=_fields("reason", list(REASONS)),
        session_currency=_fields("currency", [currencies[session.room.number] for session in world.sessions]),
        room_currency=_fields("currency", currencies),
    )


def _fields(name: str, values: list[str]) -> pl.Series:
    return pl.Series([f',"{name}":{quoted(value)}' for value in values], dtype=pl.String)


def lines(kind: str, events: pl.DataFrame, tag: str, shared: Fragments) -> pl.DataFrame:
    """Write events of one type: arrival and line, which ends with a newline.

    tag: what the event ids start with; the rest is the column n.
    """
    parts = [
        pl.lit(f'{{"event_id":"{tag}'),
        pl.col("n"),
        pl.lit(f'","type":"{kind}","occurred_at":'),
        pl.col("occurred"),
        *_WRITTEN.get(kind, _body)(shared),
        pl.when("extra").then(pl.lit(_EXTRA + "}\n")).otherwise(pl.lit("}\n")),
    ]
    return events.select("arrival", pl.concat_str(parts, ignore_nulls=True).alias("line"))


def _body(_: Fragments) -> Parts:
    """Rare events bring their fields along, already written."""
    return [pl.col("body")]


def _viewing(shared: Fragments) -> Parts:
    """Session and viewer."""
    return [_picked(shared.session, "session"), pl.lit(',"viewer_id":"'), pl.col("viewer"), pl.lit('"')]


def _picked(written: pl.Series, column: str) -> pl.Expr:
    """Pick a shared field by its number; null writes nothing."""
    return pl.lit(written).gather(pl.col(column))


def _amount(currency: pl.Expr) -> Parts:
    return [pl.lit(',"amount_minor":'), pl.col("amount"), currency]


def _order(shared: Fragments) -> Parts:
    """An order, its ids as JSON numbers where the platform sends them so."""
    quote = pl.when("numeric").then(pl.lit("")).otherwise(pl.lit('"'))
    ids = [pl.lit(',"order_id":'), quote, _order_number(shared, "number"), quote]
    viewer = [pl.lit(',"viewer_id":'), quote, pl.col("viewer"), quote]
    where = [_picked(shared.session, "session"), _picked(shared.host, "host")]
    return [*ids, *viewer, _picked(shared.room_currency, "room"), *where, pl.lit(',"lines":'), pl.col("lines")]


def _refund(shared: Fragments) -> Parts:
    """A refund; the viewer is told with every second one."""
    viewer = pl.when(pl.col("number") % 2 == 0).then(pl.format(',"viewer_id":"{}"', "viewer")).otherwise(pl.lit(""))
    return [
        pl.lit(f',"refund_id":"rf{shared.seed}-'),
        pl.col("number"),
        pl.lit('","order_id":"'),
        _order_number(shared, "order"),
        pl.lit('"'),
        *_amount(_picked(shared.room_currency, "room")),
        viewer,
        _picked(shared.reason, "reason"),
    ]


def _order_number(shared: Fragments, column: str) -> pl.Expr:
    return pl.col(column) + ORDER_BASE + shared.seed * ORDERS_OF_SEED


_WRITTEN: Mapping[str, Callable[[Fragments], Parts]] = {
    "viewer_joined": lambda shared: [*_viewing(shared), _picked(shared.source, "source")],
    "product_clicked": lambda shared: [*_viewing(shared), _picked(shared.product, "product")],
    "cart_added": lambda shared: [*_viewing(shared), _picked(shared.product, "product")],
    "liked": lambda shared: [*_viewing(shared), pl.lit(',"count":'), pl.col("count")],
    "gift_sent": lambda shared: [*_viewing(shared), *_amount(_picked(shared.session_currency, "session"))],
    **dict.fromkeys(("viewer_left", "commented", "shared", "followed"), _viewing),
    "order_paid": _order,
    "order_refunded": _refund,
}
"""Fields of each type after `occurred_at`; types that are not here carry a body."""
