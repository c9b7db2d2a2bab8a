"""Repeats within a batch: the first event of each id stays, whatever stands between."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.columns import VIEWER_EVENTS
from streams.asked import Asked
from streams.known import KnownIds, Repeats

NEVER_ASKED = Asked(lambda _keys: pl.DataFrame(), "event_id")


def events(ids: list[str]) -> pl.DataFrame:
    """An event per id, told apart by its time."""
    count = len(ids)
    columns = {"event_id": ids, "occurred_ms": range(count), "count": [1] * count, "viewer_id": ids, "session_id": ids}
    absent = {name: [None] * count for name in VIEWER_EVENTS.keys() - columns.keys()}
    return pl.DataFrame(columns | absent, schema_overrides=VIEWER_EVENTS).select(list(VIEWER_EVENTS))


@settings(deadline=None)
@given(ids=st.lists(st.text("ab", max_size=3) | st.text(max_size=20), max_size=30))
def test_of_events_with_one_id_the_first_stays(ids: list[str]) -> None:
    repeats = Repeats(events(ids), KnownIds())
    assert repeats.suspects.is_empty(), "nothing is known, so nothing is looked up"
    kept = repeats.dropped(NEVER_ASKED)
    first = sorted({text: ids.index(text) for text in ids}.items(), key=lambda pair: pair[1])
    assert kept.select("event_id", "occurred_ms").rows() == first
    assert kept.schema == VIEWER_EVENTS
