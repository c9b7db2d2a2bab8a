"""Micro-batches in any order, with repeats and cut anywhere, come to the referee's books and rollups."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from nights import seeds
from referee import books as referee_books
from referee_intervals import FOREVER, watches
from referee_models import EVERY_MODEL, RefereeRules
from referee_rollups import ACTIONS, rollups
from scenario_stage import Event
from scenarios import scenario, to_bytes
from warehouse_books import activity, online, posted, refereed, revenue, rows

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from streams.processor import Processor

Make = Callable[..., Processor]
HOUR_MS = 3_600_000
EVENING_MS = 1_760_000_000_000
STREAMED = tuple(model for model in EVERY_MODEL if model != "markov")


def feed(processor: Processor, events: list[Event], batches: int, random: Random) -> None:
    """Cut the events at random places and process them."""
    cuts = sorted(random.sample(range(1, len(events)), min(batches, len(events)) - 1))
    position = 1
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        processor.process("test", to_bytes(events[start:end]), position, 0)
        position += end - start


def shaken(events: list[Event], random: Random) -> list[Event]:
    """Some repeated, all in disorder."""
    repeated = events + random.sample(events, len(events) // 5)
    random.shuffle(repeated)
    return repeated


def assert_rollups(warehouse: Embedded, events: list[Event], newest_ms: int, models: tuple[str, ...]) -> None:
    expected: Any = rollups(events, RefereeRules(models=models))
    assert revenue(warehouse) == {
        (model, minute, currency, session or "", host): (money.gross, money.refunds, money.orders)
        for (model, minute, currency, session, host), money in expected.revenue.items()
        if money.gross or money.refunds or money.orders
    }
    assert activity(warehouse) == {
        key: (minute.views, len(minute.entrants), *(minute.actions[action] for action in ACTIONS))
        for key, minute in expected.activity.items()
        if minute.views or any(minute.actions.values())
    }
    assert {key: change for key, change in online(warehouse).items() if key[1] + 60_000 <= newest_ms} == {
        key: minute.delta
        for key, minute in expected.activity.items()
        if minute.delta and key[1] + 60_000 <= newest_ms and key[1] < FOREVER - 60_000
    }


@pytest.mark.parametrize("seed", seeds(0, 3, 6))
def test_ordered_batches_come_to_the_referees_books(warehouse: Embedded, processor: Make, seed: int) -> None:
    events = scenario(seed, "medium" if seed < 2 else "small", ordered=True)
    running = processor(Rules(models=STREAMED))
    feed(running, events, 1 + seed, Random(seed))
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, running.state.newest_ms or 0, STREAMED)


@pytest.mark.parametrize("seed", seeds(10, 6, 12))
def test_order_repeats_and_cuts_do_not_change_the_books(warehouse: Embedded, processor: Make, seed: int) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    running = processor(Rules(models=STREAMED))
    feed(running, shaken(events, random), 7, random)
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, running.state.newest_ms or 0, STREAMED)


@pytest.mark.parametrize("seed", seeds(30, 2, 3))
def test_a_fit_after_the_stream_gives_the_markov_credits_of_the_whole_history(
    warehouse: Embedded, processor: Make, seed: int
) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    running = processor()
    feed(running, shaken(events, random), 4, random)
    running.refit()
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules()).entries)
    assert_rollups(warehouse, events, running.state.newest_ms or 0, EVERY_MODEL)


@pytest.mark.parametrize("seed", seeds(40, 2, 4))
def test_a_processor_that_starts_anew_between_batches_knows_what_it_knew(
    warehouse: Embedded, processor: Make, seed: int
) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    stirred = shaken(events, random)
    for start in range(0, len(stirred), 40):
        running = processor(Rules(models=STREAMED))
        running.process("test", to_bytes(stirred[start : start + 40]), start + 1, 0)
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, running.state.newest_ms or 0, STREAMED)


def lives(random: Random, viewers: int = 60) -> list[Event]:
    """Viewers who come and go for thirty hours, most often without a leave, silent for hours in between."""
    kinds = ("viewer_joined", "viewer_joined", "viewer_left", "commented", "commented", "commented")
    events = [
        {"type": random.choice(kinds), "viewer_id": f"v{viewer}", "session_id": f"s{random.randrange(2)}"}
        for viewer in range(viewers)
        for _ in range(random.randrange(2, 12))
    ]
    return [
        event | {"event_id": f"e{number}", "occurred_at": EVENING_MS + random.randrange(30 * HOUR_MS)}
        for number, event in enumerate(events)
    ]


@pytest.mark.parametrize("seed", seeds(60, 2, 12))
def test_a_word_that_comes_late_undoes_a_silence(warehouse: Embedded, processor: Make, seed: int) -> None:
    """Most events in order, some hours late: the silence that they break was booked, and let go of, long before."""
    random = Random(seed)
    late = lambda event: event["occurred_at"] + random.choice((0, 0, 0, 30 * HOUR_MS)) * random.random()  # noqa: E731  # drawn once per event
    events = lives(random)
    feed(processor(), sorted(events, key=late), 40, random)
    found = rows(
        warehouse,
        "SELECT session_id, viewer_id, toUnixTimestamp64Milli(at) AS ms, sum(change) AS changes FROM presence "
        "GROUP BY 1, 2, 3 HAVING changes != 0",
    )
    newest = max(event["occurred_at"] for event in events)
    expected = {
        (session, viewer, str(at), change)
        for (session, viewer), watched in watches(events, Rules().idle_ms).items()
        for start, end in watched
        for at, change in ((start, "1"), (end, "-1"))
        if at <= newest
    }
    assert set(found) == expected


def test_a_late_leave_ends_a_watch_that_was_let_go_of_before_its_viewer_came_back(
    warehouse: Embedded, processor: Make
) -> None:
    """Silence had ended it after four hours; the leave says that the viewer was there until then."""

    def seen(number: int, kind: str, viewer: str, minutes: int) -> Event:
        told = {"type": kind, "viewer_id": viewer, "session_id": "s0"}
        return told | {"event_id": f"e{number}", "occurred_at": EVENING_MS + minutes * 60_000}

    running = processor()
    for number, (kind, viewer, minutes) in enumerate(
        [
            ("viewer_joined", "v", 0),
            ("viewer_joined", "other", 540),
            ("viewer_joined", "v", 600),
            ("viewer_left", "v", 595),
        ]
    ):
        running.process("test", to_bytes([seen(number, kind, viewer, minutes)]), number + 1, 0)
    found = rows(
        warehouse,
        "SELECT toUnixTimestamp64Milli(at) AS ms, sum(change) AS changes FROM presence WHERE viewer_id = 'v' "
        "GROUP BY 1 HAVING changes != 0 ORDER BY 1",
    )
    minutes_of = [((int(ms) - EVENING_MS) // 60_000, change) for ms, change in found]
    assert minutes_of == [(0, "1"), (595, "-1"), (600, "1")]
