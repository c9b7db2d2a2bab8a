"""What viewers do while they watch: clicks, carts, comments, likes, shares, follows, gifts."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streams.generator.audience import Visits
from streams.generator.cast import PRODUCTS, Floats, Ints
from streams.generator.plan import Plan

_GIFT_FEN = np.array([10, 99, 520, 990, 1_314, 5_200])


@dataclass(frozen=True, slots=True)
class Acts:
    """Rows of visits (one may come up often) and an instant in each of those watches."""

    rows: Ints
    at_ms: Ints


def actions(
    plan: Plan, seen: Visits, rooms: Ints, per_fen: Floats, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Draw what viewers do, by event type: each act within a watch, more of them in long watches.

    rooms: the room of each session. per_fen: minor units of one fen, by room.
    Columns: occurred, session, viewer, and where the type has it source, product, count or amount.
    """
    stay = np.flatnonzero(rng.random(seen.count) >= plan.never_leaves_rate)
    clicks = _spread(plan.clicks_per_visit, seen, rng)
    shown = popular(rooms[seen.sessions[clicks.rows]], rng)
    likes = _spread(plan.likes_per_visit, seen, rng)
    gifts = _spread(plan.gifts_per_visit, seen, rng)
    plain = {"commented": plan.comments_per_visit, "shared": plan.shares_per_visit, "followed": plan.follows_per_visit}
    return {
        "viewer_joined": columns(seen, np.arange(seen.count), seen.joined, source=seen.sources),
        "viewer_left": columns(seen, stay, seen.left[stay]),
        "product_clicked": columns(seen, clicks.rows, clicks.at_ms, product=shown),
        "cart_added": _carts(plan, seen, clicks, shown, rng),
        "liked": columns(seen, likes.rows, likes.at_ms, count=rng.geometric(0.2, len(likes.rows))),
        "gift_sent": columns(
            seen, gifts.rows, gifts.at_ms, amount=_gifts(rooms[seen.sessions[gifts.rows]], per_fen, rng)
        ),
        **{kind: columns(seen, acts.rows, acts.at_ms) for kind, acts in _each(plain, seen, rng)},
    }


def _each(means: dict[str, float], seen: Visits, rng: np.random.Generator) -> list[tuple[str, Acts]]:
    """Spread several types that carry nothing but who, where and when."""
    return [(kind, _spread(mean, seen, rng)) for kind, mean in means.items()]


def _spread(mean: float, seen: Visits, rng: np.random.Generator) -> Acts:
    """Spread `mean` acts per visit evenly over the time watched."""
    ends = np.cumsum(seen.left - seen.joined)
    wanted = int(mean * seen.count + rng.random())
    instants: Ints = np.sort(rng.integers(0, ends[-1], wanted)) if seen.count else np.arange(0)
    rows = np.searchsorted(ends, instants, side="right").astype(np.int64)
    return Acts(rows, seen.left[rows] - ends[rows] + instants)


def _carts(plan: Plan, seen: Visits, clicks: Acts, shown: Ints, rng: np.random.Generator) -> pl.DataFrame:
    """Put a part of what was clicked into carts, later in the same watch."""
    share = plan.carts_per_visit / plan.clicks_per_visit if plan.clicks_per_visit else 0.0
    chosen = np.flatnonzero(rng.random(len(shown)) < share)
    rows, clicked = clicks.rows[chosen], clicks.at_ms[chosen]
    return columns(seen, rows, between(clicked, seen.left[rows], rng), product=shown[chosen])


def _gifts(rooms: Ints, per_fen: Floats, rng: np.random.Generator) -> Ints:
    """Amounts of gifts in the minor units of the rooms' currencies; dear ones are rare."""
    fen = _GIFT_FEN[(rng.random(len(rooms)) ** 2 * len(_GIFT_FEN)).astype(np.int64)]
    return np.maximum(np.rint(fen * per_fen[rooms]), 1).astype(np.int64)


def popular(rooms: Ints, rng: np.random.Generator) -> Ints:
    """Draw a product of each room, the first ones of its shelf more often."""
    return rooms * PRODUCTS + (rng.random(len(rooms)) ** 2 * PRODUCTS).astype(np.int64)


def between(start: Ints, end: Ints, rng: np.random.Generator) -> Ints:
    """Draw an instant in each [start, end]."""
    return start + (rng.random(len(start)) * (end - start)).astype(np.int64)


def log_uniform(low: float, high: float, count: int, rng: np.random.Generator) -> Ints:
    """Draw whole numbers from low to high, equally many in each order of magnitude."""
    return np.exp(rng.uniform(np.log(low), np.log(high), count)).astype(np.int64)


def columns(seen: Visits, rows: Ints, at_ms: Ints, **more: Ints) -> pl.DataFrame:
    """Make a frame of events from rows of visits: occurred, session, viewer, and what is given."""
    who = {"session": seen.sessions[rows], "viewer": seen.viewers[rows]}
    return pl.DataFrame({"occurred": at_ms, **who, **more})
