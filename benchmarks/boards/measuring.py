"""Every panel of every board, asked again and again as the page asks it; and the same questions of the raw events."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from analytics.warehouse.embedded import Embedded
from dashboards import sql
from dashboards.boards import BOARDS
from dashboards.macros import Range, expanded
from dashboards.spec import Board

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
SINCE_MS = {"now-1h": 60 * MINUTE_MS, "now-7d": 7 * DAY_MS, "now-30d": 30 * DAY_MS}
STEPS = 180

RAW = {
    ("live", "funnel"): (
        "SELECT uniqExactIf(viewer_id, type = 'viewer_joined'), uniqExactIf(viewer_id, type = 'product_clicked'),"
        " uniqExactIf(viewer_id, type = 'cart_added') FROM viewer_events WHERE $__timeFilter(occurred_at)"
    ),
    ("live", "online"): "SELECT sum(presence.change) FROM presence WHERE at <= $__toTime",
    ("live", "gmv"): (
        "SELECT sum(amount_minor) FROM ledger WHERE model = 'on_air' AND currency = 'CNY' AND isNull(refund_id)"
        " AND $__timeFilter(ordered_at)"
    ),
}
"""What a panel's question costs without rollups."""


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds that a panel took: the median, and what 95 of 100 stay below."""

    board: str
    panel: str
    p50: float
    p95: float

    @classmethod
    def of(cls, board: str, panel: str, milliseconds: Sequence[float]) -> "Took":
        """Sum up measurements; at least two."""
        return cls(board, panel, statistics.median(milliseconds), statistics.quantiles(milliseconds, n=20)[-1])


def panels(
    warehouse: Embedded, now_ms: int, repeats: int, tell: Callable[[str], None], boards: Mapping[str, Board] = BOARDS
) -> Iterator[Took]:
    """Ask every panel over its board's usual range, and over ninety days where that is less."""
    for name, board in boards.items():
        usual = SINCE_MS[board.since]
        for since_ms in {usual: 0, 90 * DAY_MS: 0}:
            span = _range(now_ms, since_ms)
            called = name if since_ms == usual else f"{name}, 90 days"
            tell(called)
            for panel in board.panels:
                text = expanded(sql.statement(f"{name}_{panel.id}"), span, values(board))
                yield Took.of(called, panel.id, _asked(warehouse, text, repeats))


def raw(warehouse: Embedded, now_ms: int, repeats: int) -> Iterator[Took]:
    """Ask some of these questions of the raw events."""
    for (name, panel), text in RAW.items():
        span = _range(now_ms, SINCE_MS[BOARDS[name].since])
        yield Took.of(f"{name}, from raw events", panel, _asked(warehouse, expanded(text, span, {}), repeats))


def _range(now_ms: int, since_ms: int) -> Range:
    return Range(now_ms - since_ms, now_ms, max(since_ms // STEPS // MINUTE_MS, 1) * MINUTE_MS)


def values(board: Board) -> Mapping[str, Sequence[str]]:
    """What the page starts with: all, or the default of what needs one value."""
    given = {"currency": "CNY", "script": "script-1"}
    chosen = {
        one.name: given.get(one.name) or one.default or (one.options or [("", "")])[0][0] for one in board.variables
    }
    return {one.name: () if one.multi else (chosen[one.name],) for one in board.variables}


def _asked(warehouse: Embedded, text: str, repeats: int) -> list[float]:
    """Ask once to warm up, then time each asking, the answer's frame included."""
    took = []
    for turn in range(repeats + 1):
        began = time.perf_counter()
        warehouse.ask(text)
        if turn:
            took.append(1000 * (time.perf_counter() - began))
    return took
