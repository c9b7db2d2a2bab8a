"""Quix Streams: a tumbling window of a minute per key, its count after every event; state kept as it comes."""

import tempfile
from typing import Any

from clocked import BOOTSTRAP, GROUP, MINUTE_MS, TOPIC, Trail  # type: ignore[import-not-found]  # beside this script
from quixstreams import Application  # type: ignore[import-not-found]  # in the peer's virtualenv

LATE_MS = 4 * 3_600_000
"""The day has events that come up to three hours late; without grace they would be left out."""

trail, counts = Trail(), dict[tuple[str, int], int]()
done = 0


def occurred(value: dict[str, Any], _headers: object, _timestamp: float, _kind: object) -> int:
    """Give the time of an event, ms."""
    return int(value["occurred_at"])


def note(value: dict[str, Any], key: bytes | str, *_: object) -> None:
    """Take in the count of a window: one comes for each event."""
    global done  # noqa: PLW0603  # a script
    session = key.decode() if isinstance(key, bytes) else key
    counts[session, value["start"] // MINUTE_MS] = value["value"]
    done += 1
    if trail.note(done):
        trail.tell(counts)


app = Application(
    broker_address=BOOTSTRAP, consumer_group=GROUP, auto_offset_reset="earliest", state_dir=tempfile.mkdtemp()
)
frame = app.dataframe(app.topic(TOPIC, value_deserializer="json", timestamp_extractor=occurred))
frame = frame.tumbling_window(duration_ms=MINUTE_MS, grace_ms=LATE_MS).count().current()
frame.update(note, metadata=True)
app.run()
