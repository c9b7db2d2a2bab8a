"""Who gets how much of one order: weights per model as fractions, and the split to the minor unit."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import floor
from typing import NamedTuple

from referee_intervals import Interval, Step

Weights = dict[str, Fraction]
EVERY_MODEL = (
    "declared",
    "on_air",
    "first",
    "last",
    "linear",
    "position",
    "time_decay",
    "watch_time",
    "shapley",
    "markov",
)
PRECISE = Context(prec=100, rounding=ROUND_HALF_EVEN)
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class RefereeRules:
    """The parameters of the books; times in milliseconds, position as (first, last)."""

    models: tuple[str, ...] = EVERY_MODEL
    lookback_ms: int = 7 * 24 * HOUR_MS
    grace_ms: int = 120_000
    half_life_ms: int = 7 * 24 * HOUR_MS
    position: tuple[Fraction, Fraction] = (Fraction(2, 5), Fraction(2, 5))
    idle_ms: int = 4 * HOUR_MS


class Order(NamedTuple):
    """One paid order; times in milliseconds, amount in minor units."""

    order_id: str
    viewer_id: str
    session_id: str | None
    declared_host_id: str | None
    ordered_ms: int
    currency: str
    amount_minor: int


def decayed(age_ms: int, half_life_ms: int) -> int:
    """Quantise 2^(-age / half-life) to 10^-12, half to even; exact where the power is a fraction."""
    halvings, part = divmod(age_ms, half_life_ms)
    if part == 0:
        return round(Fraction(10**12, 2**halvings))
    exponent = PRECISE.divide(Decimal(-age_ms), Decimal(half_life_ms))
    scaled = PRECISE.multiply(PRECISE.power(Decimal(2), exponent), Decimal(10**12))
    return int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))


def position_weights(steps: int, first: Fraction, last: Fraction) -> list[Fraction]:
    """Weigh step 1..n by its place."""
    if steps == 1:
        return [Fraction(1)]
    middle = [(1 - first - last) / (steps - 2)] * (steps - 2) if steps > 2 else []
    return [first, *middle, last]


def over_lineups(steps: Sequence[Step], weights: Sequence[Fraction | int]) -> Weights:
    """Split each step's weight equally among its line-up and add up per host."""
    found: Weights = defaultdict(Fraction)
    for step, weight in zip(steps, weights, strict=True):
        for host in step.host_ids:
            found[host] += Fraction(weight) / len(step.host_ids)
    return dict(found)


def on_air_weights(order: Order, shifts: Mapping[tuple[str, str], list[Interval]], grace_ms: int) -> Weights:
    """Give it to the hosts on air at the order's instant, else to those who went off last, within the grace."""
    spans = [(host, span) for (session, host), of in shifts.items() if session == order.session_id for span in of]
    at = order.ordered_ms
    present = {host for host, (start, end) in spans if start <= at < end}
    if not present:
        latest = max((end for _, (_, end) in spans if end <= at), default=None)
        if latest is not None and at - latest <= grace_ms:
            present = {host for host, (_, end) in spans if end == latest}
    return dict.fromkeys(present, Fraction(1))


def step_weights(model: str, ordered_ms: int, steps: Sequence[Step], rules: RefereeRules) -> Weights:
    """Weights of the models that look at the steps one by one."""
    if model == "first":
        return over_lineups(steps[:1], [1])
    if model == "linear":
        return over_lineups(steps, [1] * len(steps))
    if model == "position":
        return over_lineups(steps, position_weights(len(steps), *rules.position))
    if model == "watch_time":
        return over_lineups(steps, [step.watched_ms for step in steps])
    if model == "time_decay":
        decays = [decayed(ordered_ms - step.end_ms, rules.half_life_ms) for step in steps]
        if any(decays):
            return over_lineups(steps, decays)
    return over_lineups(steps[-1:], [1])


def weights(
    model: str,
    order: Order,
    steps: Sequence[Step],
    shifts: Mapping[tuple[str, str], list[Interval]],
    *,
    rules: RefereeRules,
    removal: Mapping[str, Fraction],
) -> Weights:
    """Weigh the hosts of one order under one model; empty means unattributed."""
    if model == "declared" and order.declared_host_id is not None:
        return {order.declared_host_id: Fraction(1)}
    if model in ("declared", "on_air"):
        return on_air_weights(order, shifts, rules.grace_ms)
    if not steps:
        return {}
    hosts = {host for step in steps for host in step.host_ids}
    if model == "markov" and any(removal.get(host, 0) for host in hosts):
        return {host: Fraction(removal.get(host, 0)) for host in hosts}
    if model in ("shapley", "markov"):
        return dict.fromkeys(hosts, Fraction(1))
    return step_weights(model, order.ordered_ms, steps, rules)


def by_hash(order_id: str) -> Callable[[str], object]:
    """Tie key of the books: sha256(order_id, unit separator, host_id), the lower first."""
    return lambda host_id: hashlib.sha256(f"{order_id}\x1f{host_id}".encode()).digest()


def allocate(total: int, shares: Mapping[str, Fraction], tie: Callable[[str], object]) -> dict[str, int]:
    """Split by largest remainder: floors first, then one unit each; equal remainders by the tie key, ascending."""
    whole = sum(shares.values(), Fraction(0))
    quotas = {host: total * Fraction(share) / whole for host, share in shares.items()}
    split = {host: floor(quota) for host, quota in quotas.items()}
    left = total - sum(split.values())
    for host in sorted(quotas, key=lambda host: (split[host] - quotas[host], tie(host)))[:left]:
        split[host] += 1
    return split
