"""A host's own rows: what a handle of the warehouse shows of each table, kept by the engine whatever is asked.

What the row policies of `roles` are to users of a server, this is to people of the built-in page. It reaches through
views and subqueries, and who may only read cannot take it off.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from analytics.warehouse import asking, roles

Filters = Mapping[str, str]
"""Tables, each with the condition that a row meets to be seen; a table that is not named shows all of its rows."""
EVERYTHING: Filters = {}
BY_HOST = (*roles.OWN, "revenue_minute", "revenue_day", "order_credits", "roster_hosts", "roster_kinds")
"""Tables of which a host sees the rows that name it; revenue and order_credits add up its lines of the ledger."""
ROSTER = "roster_events"
"""Of this a host sees its own registrations and shifts, and which sessions there were."""
OPEN = (
    "batches",
    "closings",
    "lanes",
    "presence",
    "presence_minute",
    "activity_minute",
    "rooms_minute",
    "roster_sessions",
    "schema_migrations",
)
"""Tables without a host, of which figures of a host's shifts are made: how many watched, how far the books are, which
sessions there were."""
CLOSED = (
    "viewer_events",
    "orders",
    "order_lines",
    "refunds",
    "order_paths",
    "stretches",
    "orders_minute",
    "products_minute",
    "people_minute",
    "returns_minute",
    "entries_quarter",
    "transitions_quarter",
    "lost_transitions",
    "markov_fits",
    "closed_figures",
    "rates",
    "fee_schedules",
    "platform_rules",
    "rejects",
    "intents",
)
"""Tables of which a host sees no row."""
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})
_SESSIONS = "isNull(host_id) AND type IN ('session_started', 'session_ended')"
_OF_HOSTS = "type IN ('host_registered', 'shift_started', 'shift_ended')"


def of_hosts(host_ids: Collection[str]) -> Filters:
    """Show the rows of these hosts, and of nobody else; no host at all sees no row."""
    mine = f"host_id IN ({', '.join(map(quoted, sorted(host_ids)))})" if host_ids else "0"
    shown = dict.fromkeys(BY_HOST, mine) | dict.fromkeys(CLOSED, "0")
    shown[ROSTER] = f"({mine} AND {_OF_HOSTS}) OR ({_SESSIONS})"
    return shown | {f"{table}_local": condition for table, condition in shown.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a handle reads: limit_s: seconds that a query may take, 0: any; shown: the rows that it sees."""

    limit_s: int = 0
    shown: Filters = field(default_factory=dict)

    def settings(self) -> dict[str, str | int]:
        """Say it in settings of the engine."""
        limit = {"max_execution_time": self.limit_s} if self.limit_s else {}
        listed = ", ".join(f"{quoted(table)}: {quoted(condition)}" for table, condition in self.shown.items())
        filters = {"additional_table_filters": f"{{{listed}}}"} if listed else {}
        return {**asking.READING, **limit, **filters}


FREELY = Reading()
"""Without a limit, every row."""
ALL_OR_NONE = (
    "rows of some hosts alone: the server's user may not change settings (readonly = 1), so nothing would be left out "
    "Remedy: use a user with readonly = 0 or 2."
)
"""Why such a user of a server gets no handle that is to leave rows out."""


def quoted(text: str) -> str:
    """Write a text as a literal of ClickHouse."""
    return "'" + text.translate(_ESCAPES) + "'"
