"""What is bought: who decides for what and when, the orders and their lines, the click and the cart before them."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from analytics.experiments.assignment import assigned
from streams.generator.actions import between, columns, log_uniform, popular
from streams.generator.audience import Visits
from streams.generator.baskets import baskets
from streams.generator.cast import Floats, Ints
from streams.generator.effects import NOBODY
from streams.generator.names import SOURCES
from streams.generator.plan import DAY_MS
from streams.generator.schedule import VARIANTS, script_id
from streams.generator.world import World

NUMBERS_OF_STEP = 1_000_000
"""Order and refund numbers of one step of a plan."""
_OUTSIDE_MS = (60_000, 2 * DAY_MS)
_PILOT_VIEWERS = 20_000


@dataclass(frozen=True, slots=True)
class Wishes:
    """What each visit would buy: the product, the instant of decision, the stretch, the effect on conversion."""

    products: Ints
    at_ms: Ints
    stretches: Ints
    effects: Floats


def wishes(world: World, seen: Visits, rng: np.random.Generator) -> Wishes:
    """Give each visit a product and an instant; its effect is hosts on air x traffic source x price."""
    products = popular(world.rooms[seen.sessions], rng)
    at_ms = between(seen.joined, seen.left - 1, rng)
    rows = world.on_air.at(seen.sessions, at_ms)
    sources = np.array([source.effect for source in SOURCES])[seen.sources]
    on_air = np.where(_shown_b(world, seen), world.on_air.effects_b[rows], world.on_air.effects[rows])
    return Wishes(products, at_ms, rows, on_air * sources * world.cast.appeal[products])


def _shown_b(world: World, seen: Visits) -> Floats:
    """1 for visits of viewers whom the hash gives variant B, where scripts are by viewer; else 0."""
    if not world.plan.scripts_by_viewer:
        return np.zeros(seen.count)
    names = [script_id(room) for room in world.cast.rooms]
    shares = dict.fromkeys(VARIANTS, 1)
    pairs = zip(seen.viewers.tolist(), world.rooms[seen.sessions].tolist(), strict=True)
    return np.array([assigned(str(viewer), names[room], shares) == VARIANTS[1] for viewer, room in pairs], dtype=float)


def base_conversion(world: World) -> float:
    """Chance to buy of a visit of effect 1, so that the plan's orders come out; measured on a pilot of visits."""
    plan = replace(world.plan, viewers=_PILOT_VIEWERS, orders=0)
    pilot = replace(world, plan=plan)
    rng = np.random.default_rng([plan.seed, 4])
    effects = [wishes(world, pilot.visits(step, rng), rng).effects for step in range(plan.steps)]
    return world.plan.orders / world.plan.visits / float(np.concatenate(effects).mean())


def buyers(wished: Wishes, base: float, rng: np.random.Generator) -> Ints:
    """Choose the visits that buy, each with the chance base x effect.

    The draw is systematic: every visit has exactly that chance, while the number of orders strays by less than one.
    """
    totals = rng.random() + np.cumsum(np.minimum(base * wished.effects, 1.0))
    return np.flatnonzero(np.diff(np.floor(totals), prepend=0.0))


def sales(world: World, seen: Visits, base: float, step: int, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Make one step's orders by event type, each with a click and a cart in the same watch before it.

    Orders have occurred, session (null after the stream), viewer, number, room, host (null if not declared),
    numeric (ids are JSON numbers), and the columns of `baskets`.
    """
    wished = wishes(world, seen, rng)
    rows = buyers(wished, base, rng)
    decided, product = wished.at_ms[rows], wished.products[rows]
    clicked = between(seen.joined[rows], decided, rng)
    carted = between(clicked, decided, rng)
    outside = rng.random(len(rows)) < world.plan.outside_rate
    later = seen.left[rows] + log_uniform(*_OUTSIDE_MS, len(rows), rng)
    paid = columns(seen, rows, np.where(outside, later, decided)).with_columns(
        pl.when(pl.Series(~outside)).then("session").alias("session"),
        number=pl.Series(step * NUMBERS_OF_STEP + np.arange(len(rows))),
        room=pl.Series(world.rooms[seen.sessions[rows]]),
        host=_declared(world, wished.stretches[rows], rng),
        numeric=pl.Series(rng.random(len(rows)) < world.plan.numeric_id_rate, dtype=pl.Boolean),
    )
    return {
        "product_clicked": columns(seen, rows, clicked, product=product),
        "cart_added": columns(seen, rows, carted, product=product),
        "order_paid": paid.hstack(baskets(world, product, rng)),
    }


def _declared(world: World, stretches: Ints, rng: np.random.Generator) -> pl.Series:
    """The host whom the platform names, for a part of the orders: one of those on air, null in dead air."""
    on_air = world.on_air.hosts[stretches]
    second = (rng.random(len(stretches)) < 0.5) & (on_air[:, 1] != NOBODY)  # noqa: PLR2004 a fair coin
    hosts = np.where(second, on_air[:, 1], on_air[:, 0])
    named = (rng.random(len(stretches)) < world.plan.declared_rate) & (hosts != NOBODY)
    return pl.DataFrame({"host": hosts, "named": named}).select(pl.when("named").then("host").alias("host"))["host"]
