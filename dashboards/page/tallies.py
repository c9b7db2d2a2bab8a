"""Sums of credited money: per host, per kind and step, and over all. Whole minor units throughout."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics.rules import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from dashboards.page.choice import Span

KINDS = ("human", "digital", "unknown", "unattributed")
"""Kinds that can have sales, in the order in which they are stacked."""


@dataclass(slots=True)
class Tally:
    """Money and orders of one account, minor units."""

    gross: int = 0
    refunds: int = 0
    orders: int = 0

    @property
    def net(self) -> int:
        """Sales less refunds."""
        return self.gross - self.refunds


@dataclass(frozen=True, slots=True)
class Tallies:
    """One reading of the credits of a window, summed three ways."""

    accounts: dict[tuple[str, str], Tally] = field(default_factory=dict)
    kinds: dict[str, Tally] = field(default_factory=dict)
    steps: dict[tuple[str, int], Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)


def tallies(credits_frame: pl.DataFrame) -> Tallies:
    """Sum the rows of `page_credits` by (host_id, kind), by kind, by (kind, step) and over all.

    The account `excess_refund` is kept positive in the ledger (what was refunded beyond the orders); here it counts
    as a refund, so that the accounts add up to gross less all refunds, the net.
    """
    accounts: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    kinds: defaultdict[str, Tally] = defaultdict(Tally)
    steps: defaultdict[tuple[str, int], Tally] = defaultdict(Tally)
    total = Tally()
    for at_ms, host_id, kind, gross, refunds, orders in credits_frame.iter_rows():
        sign = -1 if kind == "excess_refund" else 1
        for tally in (accounts[host_id, kind], kinds[kind], steps[kind, at_ms], total):
            tally.gross += int(gross)
            tally.refunds += sign * int(refunds)
            tally.orders += orders
    return Tallies(dict(accounts), dict(kinds), dict(steps), total)


def share_bp(part: int, whole: int) -> int | None:
    """Say what share of the whole a part is, in basis points, half rounded up; None of nothing."""
    return None if whole <= 0 else (part * 20_000 + whole) // (2 * whole)


def hourly(amount_minor: int, live_ms: int) -> int | None:
    """Divide an amount by hours on air, in minor units per hour, half rounded up; None without time on air."""
    return None if live_ms <= 0 else (2 * amount_minor * HOUR_MS + live_ms) // (2 * live_ms)


def step_texts(sums: Tallies, span: Span, money: Callable[[int], str]) -> dict[str, list[str]]:
    """Write the gross of each kind, step by step through the span, as decimal text."""
    nothing = Tally()
    return {kind: [money(sums.steps.get((kind, at), nothing).gross) for at in span.starts] for kind in KINDS}
