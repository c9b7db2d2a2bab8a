"""What goes wrong on the way: disorder, late and repeated events, lines that are no events."""

import numpy as np
import polars as pl

from streams.generator.actions import log_uniform
from streams.generator.cast import Ints
from streams.generator.plan import Plan

_LATE_MS = 60_000
_REPEAT_MS = (1_000, 7_200_000)


def delivered(plan: Plan, events: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Say when each event arrives, and let some arrive twice.

    Adds n (position among the events given), arrival (ms), late and extra (an unknown field rides along).
    A repeat is the same row once more with a later arrival; `repeated` is true for it.
    """
    count = events.height
    late = rng.random(count) < plan.late_rate
    slow = log_uniform(_LATE_MS, max(plan.late_max_minutes, 1.0) * 60_000, count, rng) if plan.late_rate else 0
    delay = rng.integers(1, max(plan.disorder_ms, 1), count, endpoint=True) + np.where(late, slow, 0)
    sent = events.with_columns(
        arrival=pl.col("occurred") + pl.Series(delay),
        n=pl.int_range(count),
        late=pl.Series(late),
        extra=pl.Series(rng.random(count) < plan.extra_field_rate),
        repeated=pl.lit(False),
    )
    return pl.concat([sent, _repeats(plan, sent, rng)])


def _repeats(plan: Plan, sent: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The events that arrive once more, up to two hours after the first time."""
    again = sent[np.flatnonzero(rng.random(sent.height) < plan.repeat_rate)]
    return again.with_columns(
        arrival=pl.col("arrival") + pl.Series(log_uniform(*_REPEAT_MS, again.height, rng)), repeated=pl.lit(True)
    )


def malformed(at_ms: Ints, first: int, tag: str, rng: np.random.Generator) -> pl.DataFrame:
    """Write lines that must be rejected, one at each instant: arrival, kind of fault, line.

    first: number of the first one. tag: start of their event ids.
    """
    kinds = list(_FAULTY)
    drawn = [kinds[k] for k in rng.integers(len(kinds), size=len(at_ms))]
    facts = enumerate(zip(drawn, at_ms.tolist(), strict=True), first)
    lines = [_FAULTY[kind].replace("<id>", f"{tag}{n}").replace("<at>", str(at)) + "\n" for n, (kind, at) in facts]
    schema = {"arrival": pl.Int64, "fault": pl.String, "line": pl.String}
    return pl.DataFrame({"arrival": at_ms, "fault": drawn, "line": lines}, schema=schema)


_HEAD = '{"event_id":"<id>","occurred_at":<at>,"type":'
_ORDER = _HEAD + '"order_paid","order_id":"<id>","viewer_id":"v1",'
_FAULTY = {
    "truncated_json": _HEAD + '"viewer_joined","session_id":"s1","viewer_',
    "missing_field": _HEAD + '"viewer_joined","session_id":"s1"}',
    "wrong_type": '{"event_id":"<id>","occurred_at":"soon","type":"viewer_left","session_id":"s1","viewer_id":"v1"}',
    "unknown_type": _HEAD + '"viewer_levitated","session_id":"s1","viewer_id":"v1"}',
    "unknown_currency": _ORDER
    + '"currency":"ZZZ","lines":[{"line_id":"1","product_id":"p1","quantity":1,"amount_minor":100}]}',
    "negative_order": _ORDER
    + '"currency":"CNY","lines":[{"line_id":"1","product_id":"p1","quantity":1,"amount_minor":-100}]}',
}
"""The faults, each with a line of its kind; `<id>` and `<at>` are filled in."""
