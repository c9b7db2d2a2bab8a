"""A Faust agent as one writes it first: a Record, a windowed table, one event at a time. The table is in memory."""

import tempfile
from collections.abc import AsyncIterator

import faust
from clocked import BOOTSTRAP, GROUP, MINUTE_MS, NO_SESSION, PARTITIONS, TOPIC, TOTAL, Trail  # type: ignore[import-not-found]  # beside this script


class Event(faust.Record, serializer="json"):  # type: ignore[misc, call-arg]  # Faust has no types
    """What is counted by; a table window is in the unit of the field, here milliseconds."""

    occurred_at: int
    session_id: str = NO_SESSION


app = faust.App(
    GROUP,
    broker=f"kafka://{BOOTSTRAP}",
    store="memory://",
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    consumer_auto_offset_reset="earliest",
    datadir=tempfile.mkdtemp(),
    autodiscover=False,
    web_enabled=False,
)
topic = app.topic(TOPIC, value_type=Event, key_serializer="raw", key_type=bytes)
counts = (
    app.Table("counts", default=int, partitions=PARTITIONS).tumbling(MINUTE_MS).relative_to_field(Event.occurred_at)
)
trail = Trail()


@app.agent(topic)  # type: ignore[untyped-decorator]  # as above
async def count(events: AsyncIterator[Event]) -> None:
    """Count each event in its minute."""
    done = 0
    async for event in events:
        counts[event.session_id] += 1
        done += 1
        if trail.note(done):
            rows = counts.table.items()
            trail.tell({(session, int(window[0]) // MINUTE_MS): found for (session, window), found in rows})


if __name__ == "__main__":
    if TOTAL:
        faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()
