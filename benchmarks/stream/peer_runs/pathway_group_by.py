"""Pathway: a table from Kafka, grouped by minute and session, its changes told as they come."""

from typing import Any

import pathway as pw  # type: ignore[import-not-found]  # in the peer's virtualenv
from clocked import BOOTSTRAP, GROUP, MINUTE_MS, NO_SESSION, TOPIC, Trail  # type: ignore[import-not-found]  # beside this script

trail, counts = Trail(), dict[tuple[str, int], int]()
done = 0


class Event(pw.Schema):  # type: ignore[misc]  # Pathway is not installed here
    """What is counted by."""

    occurred_at: int
    session_id: str = pw.column_definition(default_value=NO_SESSION)


def changed(key: object, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001  # its signature
    """Take in a group's new count; its old one is taken back."""
    global done  # noqa: PLW0603  # a script
    if is_addition:
        counts[row["session_id"], row["minute"]] = row["events"]
    done += row["events"] if is_addition else -row["events"]


def instant_over(time: int) -> None:  # noqa: ARG001  # its signature
    """Note how far it is when all changes of an instant are told."""
    if trail.note(done):
        trail.tell(counts)


settings = {"bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "auto.offset.reset": "earliest"}
events = pw.io.kafka.read(settings, topic=TOPIC, format="json", schema=Event, autocommit_duration_ms=200)
minutes = events.select(pw.this.session_id, minute=pw.this.occurred_at // MINUTE_MS)
grouped = minutes.groupby(pw.this.session_id, pw.this.minute).reduce(
    pw.this.session_id, pw.this.minute, events=pw.reducers.count()
)
pw.io.subscribe(grouped, on_change=changed, on_time_end=instant_over)
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
