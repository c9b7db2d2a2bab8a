"""Lanes of one warehouse come to the referee's books, in any interleaving, with any of them forgotten at any time."""

from random import Random

import pytest
from lane_stage import Group, every_lane, intents_and_batches, routed
from referee import books as referee_books
from referee_models import EVERY_MODEL, RefereeRules
from scenarios import scenario
from test_processor import STREAMED, assert_rollups, shaken
from warehouse_books import posted, refereed

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from streams.intents import pins


def play(group: Group, random: Random, *, forgetting: bool) -> None:
    """Take records in any order of lanes."""
    busy = set(every_lane())
    while busy:
        number = random.choice(sorted(busy))
        if not group.step(number, random.randint(1, 4)):
            busy.discard(number)
        if random.random() < 0.2:
            group.lane(number).look_around(pins(group.warehouse, 0))
        if forgetting and random.random() < 0.15:
            group.lanes.pop(number)
    group.drain()


@pytest.mark.parametrize("seed", range(60, 66))
def test_lanes_in_any_interleaving_come_to_the_referees_books(warehouse: Embedded, seed: int) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    group = Group(warehouse, routed(shaken(events, random), random), Rules(models=STREAMED))
    play(group, random, forgetting=seed % 2 == 1)
    newest_ms = max(lane.newest_ms for lane in group.lanes.values())
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, newest_ms, STREAMED)
    taken_on, whole = intents_and_batches(warehouse)
    assert taken_on == whole


@pytest.mark.parametrize("seed", range(70, 73))
def test_a_fit_of_the_rosters_lane_is_adopted_by_all_lanes(warehouse: Embedded, seed: int) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    group = Group(warehouse, routed(shaken(events, random), random), Rules())
    play(group, random, forgetting=False)
    group.lane(1).fit(pins(warehouse, 0))
    group.drain()
    newest_ms = max(lane.newest_ms for lane in group.lanes.values())
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules()).entries)
    assert_rollups(warehouse, events, newest_ms, EVERY_MODEL)
