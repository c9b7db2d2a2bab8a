"""A settlement: every line between what was paid in a period and what the seller keeps of it."""

from dataclasses import dataclass

import polars as pl

from analytics.contracts import fees, likeness, pay
from analytics.contracts.pay import Days
from analytics.contracts.scope import by_category
from analytics.contracts.states import sales


@dataclass(frozen=True, slots=True)
class Facts:
    """What a settlement is worked out of: the frames of this room."""

    states: pl.DataFrame
    order_lines: pl.DataFrame
    sessions: pl.DataFrame
    air: pl.DataFrame
    contracts: pl.DataFrame
    schedule: pl.DataFrame

    @property
    def portions(self) -> pl.DataFrame:
        """The states of digital hosts by category."""
        digital = self.states.filter(pl.col("host_id").is_in(self.contracts["host_id"].unique().implode()))
        return by_category(digital, self.order_lines, self.sessions)


def settlement(facts: Facts, days: Days) -> pl.DataFrame:
    """Give all lines (LINES) of a period, sorted by step, account and order. Their sum is what the seller keeps."""
    states, schedule = facts.states, facts.schedule
    return pl.concat(
        [
            sales(states),
            fees.order_fees(states, schedule, days.zone),
            pay.ads(states, schedule, days),
            pay.hourly(facts.air, schedule, days.zone),
            pay.commissions(states, schedule, days.zone),
            likeness.fees(states, facts.contracts, days),
            likeness.royalties(facts.portions, facts.contracts),
        ]
    ).sort("step", "host_id", "order_id", "session_id", "source", "seller_id", "platform", "currency")
