"""Attribution models: which hosts have what weight in an order, and on what basis.

Every function returns the weights frame: order_id, model, host_id, weight (Int128; only ratios matter), basis (in
words), fit (version of the Markov fit, 0 for the other models). The weights are integers: position shares are brought
to whole numbers, time_decay is rounded to 10^12 as DOMAIN.md says, and a step's weight is split equally over its
line-up by multiplying with the least common multiple of the line-up sizes of the order. Weights of an order that are
longer than 38 digits (some sixty co-hosts in line-ups of every size) are rounded to 38.
"""

import numpy as np
import polars as pl

from analytics.markov import EXACT_WEIGHT_LIMIT, Fit
from analytics.path_models import BY_STEPS, Paths, Weighed, numbered
from analytics.rules import Rules
from analytics.walks import Numbers, heads

UNATTRIBUTED = "unattributed"
WEIGHTS = {
    "order_id": pl.String,
    "model": pl.String,
    "host_id": pl.String,
    "weight": pl.Int128,
    "basis": pl.String,
    "fit": pl.UInt32,
}


def weights(orders: pl.DataFrame, steps: pl.DataFrame, lineups: pl.DataFrame, rules: Rules, fit: Fit) -> pl.DataFrame:
    """Give the weights of every order under every model of the rules.

    orders: order_id, ordered_ms, session_id, declared_host_id; steps: as `paths.steps` gives them for these orders;
    lineups: session_id, start_ms, end_ms, host_ids. An order nobody has a claim on gets `unattributed` with weight 1.
    """
    path = numbered(steps, orders)
    live = on_air(orders, lineups, rules.grace_ms) if {"declared", "on_air"} & set(rules.models) else orders.clear()
    pathless = _without(path)
    frames = []
    for model in rules.models:
        if model in BY_STEPS:
            parts = [_by_steps(weighed) for weighed in BY_STEPS[model](path, rules, fit)]
            missing, nobody = pathless, "no step in the look-back"
        else:
            parts = [_declared(orders, live) if model == "declared" else live]
            missing, nobody = _unheard(orders, parts[0]), "no host on air in the session of the order"
        version = fit.version if model == "markov" else 0
        parts += [_unattributed(missing, nobody)] if len(missing) else []
        frames += [_typed(part, model, version) for part in parts if part.height]
    return pl.concat(frames, rechunk=True) if frames else pl.DataFrame(schema=WEIGHTS)


def _by_steps(weighed: Weighed) -> pl.DataFrame:
    numbers = weighed.weight if weighed.weight.dtype != object else _storable(weighed.who["order_id"], weighed.weight)
    return _on_basis(weighed.who, pl.Series(numbers, dtype=pl.Int128), weighed.basis)


def _storable(order_id: pl.Series, weight: Numbers) -> list[int]:
    """Shorten the weights of orders that have longer ones than can be stored; what weighed something still does.

    Other orders keep theirs, so that an order's weights do not depend on what it is credited beside.
    """
    if max(weight, default=0) < EXACT_WEIGHT_LIMIT:
        return list(weight)
    first = heads(order_id.rle_id().to_numpy())
    size = np.diff(np.append(first, len(weight)))
    common, most = (np.repeat(of.reduceat(weight, first), size) for of in (np.gcd, np.maximum))
    long = most >= EXACT_WEIGHT_LIMIT
    weight = np.where(long, weight // common, weight)
    most = np.where(long, most // common, most)
    return [
        one if largest < EXACT_WEIGHT_LIMIT else -(-one * (EXACT_WEIGHT_LIMIT - 1) // largest)
        for one, largest in zip(weight, most, strict=True)
    ]


def _without(paths: Paths) -> pl.Series:
    """Orders without a step."""
    there = np.ones(paths.orders.height, dtype=bool)
    there[paths.row] = False
    return paths.orders["order_id"].gather(np.flatnonzero(there))


def _unheard(orders: pl.DataFrame, found: pl.DataFrame) -> pl.Series:
    """Orders that are not among those found."""
    return orders.join(found, on="order_id", how="anti", maintain_order="left")["order_id"]


def _unattributed(order_ids: pl.Series, nobody: str) -> pl.DataFrame:
    who = pl.DataFrame({"order_id": order_ids, "host_id": _all_the_same(UNATTRIBUTED, len(order_ids))})
    return _on_basis(who, _all_the_same(1, len(order_ids)), nobody)


def _on_basis(who: pl.DataFrame, weight: pl.Series, basis: str) -> pl.DataFrame:
    columns = {"weight": weight, "basis": _all_the_same(basis, who.height)}
    return pl.DataFrame({"order_id": who["order_id"], "host_id": who["host_id"], **columns})


def _typed(part: pl.DataFrame, model: str, version: int) -> pl.DataFrame:
    same = {"model": _all_the_same(model, part.height), "fit": _all_the_same(version, part.height)}
    columns = same | {name: part[name] for name in ("order_id", "host_id", "weight", "basis")}
    return pl.DataFrame({name: columns[name].cast(dtype) for name, dtype in WEIGHTS.items()})


def _all_the_same(value: str | int, height: int) -> pl.Series:
    """Repeat a value, for a fraction of what an expression costs."""
    return pl.Series([value]).new_from_index(0, height)


def on_air(orders: pl.DataFrame, lineups: pl.DataFrame, grace_ms: int) -> pl.DataFrame:
    """The line-up of the order's session at its time; in dead air the last one, if it ended within the grace.

    Returns order_id, host_id, weight 1, basis; orders without a host are absent.
    """
    at = (
        orders.select("order_id", "session_id", "ordered_ms")
        .drop_nulls("session_id")
        .sort("ordered_ms")
        .join_asof(
            lineups.sort("start_ms"),
            left_on="ordered_ms",
            right_on="start_ms",
            by="session_id",
            strategy="backward",
            check_sortedness=False,
        )
        .drop_nulls("start_ms")
    )
    since = pl.col("ordered_ms") - pl.col("end_ms")
    return (
        at.filter(since <= grace_ms)
        .explode("host_ids")
        .select(
            "order_id",
            host_id="host_ids",
            weight=pl.lit(1),
            basis=pl.when(since < 0)
            .then(pl.lit("on air at the order"))
            .otherwise(pl.lit("last on air, within the grace")),
        )
    )


def _declared(orders: pl.DataFrame, otherwise: pl.DataFrame) -> pl.DataFrame:
    named = orders.drop_nulls("declared_host_id")
    return pl.concat(
        [
            named.select(
                "order_id",
                host_id="declared_host_id",
                weight=pl.lit(1),
                basis=pl.lit("declared by the platform"),
            ),
            otherwise.join(named, on="order_id", how="anti", maintain_order="left"),
        ]
    )
