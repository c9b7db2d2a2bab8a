"""The core's frames in the shape of the tables: names and types of columns, once, in one place."""

from collections.abc import Callable

import polars as pl

from analytics.ledger import ENTRIES
from analytics.markov import Fit

TIME = pl.Datetime("ms", "UTC")
WEIGHT = pl.Decimal(38, 0)


def _at(ms: str, name: str) -> pl.Expr:
    return pl.col(ms).cast(TIME).alias(name)


def viewer_events(frame: pl.DataFrame, recorded_ms: int) -> pl.DataFrame:
    """Rows of `viewer_events`."""
    return frame.with_columns(_at("occurred_ms", "occurred_at"), recorded_at=_second(recorded_ms)).drop("occurred_ms")


def orders(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `orders`."""
    return frame.with_columns(_at("ordered_ms", "ordered_at")).drop("ordered_ms")


def order_lines(frame: pl.DataFrame, of: pl.DataFrame) -> pl.DataFrame:
    """Rows of `order_lines` for the orders in `of`, with what the rollups need of their order."""
    head = of.select("order_id", "currency", "session_id", _at("ordered_ms", "ordered_at"))
    return frame.join(head, on="order_id", maintain_order="left")


def refunds(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `refunds`."""
    return frame.with_columns(_at("refunded_ms", "refunded_at")).drop("refunded_ms")


def roster_events(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `roster_events`."""
    return frame.with_columns(
        _at("occurred_ms", "occurred_at"),
        pl.col("valid_from", "valid_to").cast(TIME),
        pl.col("platforms", "categories").fill_null([]),
    ).drop("occurred_ms")


def shifts(before: pl.DataFrame, after: pl.DataFrame, open_ms: int) -> pl.DataFrame:
    """Rows of `shifts` that take the table from one state to another; vanished shifts are marked deleted."""
    key = ["session_id", "host_id", "start_ms"]
    new = after.join(before, on=[*key, "end_ms"], how="anti").with_columns(deleted=pl.lit(0, dtype=pl.UInt8))
    gone = before.join(after, on=key, how="anti").with_columns(deleted=pl.lit(1, dtype=pl.UInt8))
    ended = pl.when(pl.col("end_ms") < open_ms).then("end_ms").cast(TIME)
    return (
        pl.concat([new, gone])
        .sort(key)
        .select("session_id", "host_id", _at("start_ms", "started_at"), ended.alias("ended_at"), "deleted")
    )


def stretches(before: pl.DataFrame, after: pl.DataFrame, open_ms: int) -> pl.DataFrame:
    """Rows of `stretches` for some sessions whole, before and after; those that have vanished are marked deleted."""
    gone = before.join(after, on=["session_id", "start_ms"], how="anti")
    stands = [frame.with_columns(deleted=pl.lit(flag, dtype=pl.UInt8)) for flag, frame in enumerate((after, gone))]
    return (
        pl.concat(stands)
        .sort("session_id", "start_ms")
        .select(
            "session_id",
            _at("start_ms", "started_at"),
            pl.when(pl.col("end_ms") < open_ms).then("end_ms").cast(TIME).alias("ended_at"),
            "host_ids",
            "kind",
            "script_ids",
            "variants",
            "deleted",
        )
    )


def presence(changes: pl.DataFrame, recorded_ms: int) -> pl.DataFrame:
    """Rows of `presence`."""
    return changes.select(
        "session_id",
        "viewer_id",
        _at("at_ms", "at"),
        pl.col("change").cast(pl.Int8),
        recorded_at=_second(recorded_ms),
    )


def order_paths(steps: pl.DataFrame, of: pl.DataFrame, former: pl.DataFrame) -> pl.DataFrame:
    """Rows of `order_paths` for the orders in `of`, by order id; an order without a step has empty arrays.

    former: order_id, former_host_ids: the evidence that stood, of orders that had any.
    """
    paths = steps.group_by("order_id", maintain_order=True).agg(
        session_ids="session_id",
        started_at=pl.col("start_ms").cast(TIME),
        ended_at=pl.col("end_ms").cast(TIME),
        watched_ms="watched_ms",
        host_ids="host_ids",
    )
    return (
        of.select("order_id", _at("ordered_ms", "ordered_at"))
        .sort("order_id")
        .join(paths, on="order_id", how="left", maintain_order="left")
        .join(former, on="order_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("session_ids", "started_at", "ended_at", "watched_ms").fill_null([]),
            pl.col("host_ids", "former_host_ids").fill_null([]),
        )
    )


def ledger(lines: pl.DataFrame, recorded_ms: int) -> pl.DataFrame:
    """Rows of `ledger`."""
    return (
        lines.select(list(ENTRIES))
        .sort("order_id", "model", "refund_id", "host_id", "sign", "amount_minor")
        .with_columns(
            _at("ordered_ms", "ordered_at"),
            _at("booked_ms", "booked_at"),
            pl.col("session_id").fill_null(""),
            pl.col("weight").cast(WEIGHT),
            recorded_at=pl.lit(recorded_ms).cast(TIME),
        )
        .drop("ordered_ms", "booked_ms")
    )


def markov_fit(fit: Fit, recorded_ms: int) -> pl.DataFrame:
    """The row of `markov_fits` for a fit."""
    hosts = sorted(fit.removal)
    weights = fit.weights()
    return pl.DataFrame(
        {
            "fit": pl.Series([fit.version], dtype=pl.UInt32),
            "journeys": pl.Series([fit.journeys], dtype=pl.UInt64),
            "conversions": pl.Series([fit.conversions], dtype=pl.UInt64),
            "base": [float(fit.base)],
            "exact": [fit.exact],
            "host_ids": pl.Series([hosts], dtype=pl.List(pl.String)),
            "removal": pl.Series([[float(fit.removal[host]) for host in hosts]], dtype=pl.List(pl.Float64)),
            "weights": pl.Series([[weights[host] for host in hosts]], dtype=pl.List(pl.Int128)).cast(pl.List(WEIGHT)),
            "recorded_at": pl.Series([recorded_ms]).cast(TIME),
        }
    )


def lost_transitions(changes: pl.DataFrame) -> pl.DataFrame:
    """Rows of `lost_transitions`."""
    return changes.select("memory", _at("quarter_ms", "quarter"), "source", "target", "times")


def closings(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `closings`."""
    return rows.with_columns(
        _at("start_ms", "period_start"), _at("end_ms", "period_end"), _at("closed_ms", "closed_at")
    ).drop("start_ms", "end_ms", "closed_ms")


def rates(rows: pl.DataFrame, source: str, known_ms: int) -> pl.DataFrame:
    """Rows of `rates`."""
    return rows.with_columns(source=pl.lit(source), known_at=pl.lit(known_ms).cast(TIME))


def numbered(batch: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Give a function that writes the batch's number into every row."""
    number = pl.Series("batch", [batch], dtype=pl.UInt64)
    return lambda frame: frame.hstack([number.new_from_index(0, frame.height)])


def _second(ms: int) -> pl.Expr:
    return pl.lit(ms // 1000 * 1000).cast(TIME).dt.cast_time_unit("ms")
