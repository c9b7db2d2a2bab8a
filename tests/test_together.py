"""Batches of several lanes stored together: one insert per table; any death, theft or delay leads to the same books."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random
from shutil import rmtree

import pytest
from lane_stage import CLOCK_MS, Group, Log, every_lane, intents_and_batches, routed
from nights import NIGHT, seeds
from referee import books as referee_books
from referee_models import RefereeRules
from scenario_stage import Event
from scenarios import scenario
from test_lanes import Death, Noting, paths_kept, paths_of_history
from test_processor import STREAMED, assert_rollups, shaken
from warehouse_books import posted, refereed, rows

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from hostledger.commands.worker import limits
from hostledger.settings import Settings
from streams import aside, lanes
from streams.batch import unmarked
from streams.lane import Means
from streams.rosters import Rosters
from streams.worker.engine import Engine
from streams.worker.limits import TOGETHER, Limits
from streams.worker.messages import Message, Place
from streams.worker.metrics import Metrics

RULES = Rules(models=STREAMED)
OF_EVENTS = [lane for lane in every_lane() if lane != lanes.ROSTER]
ALL = dict.fromkeys(OF_EVENTS, 1000)


@pytest.fixture(autouse=True)
def _rows_are_stored_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "FEWEST_ROWS", 1)


def story(seed: int) -> tuple[list[Event], Log]:
    events, random = scenario(seed, "small"), Random(seed)
    return events, routed(shaken(events, random), random)


def assert_books(warehouse: Embedded, events: list[Event], group: Group) -> None:
    """Ledger, evidence and rollups are the referee's, no row is there twice, and nothing is unfinished."""
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert paths_kept(warehouse) == paths_of_history(events)
    newest_ms = max(group.lane(number).newest_ms for number in group.owned())
    assert_rollups(warehouse, events, newest_ms, STREAMED)
    for table, key in (("viewer_events", "event_id"), ("orders", "order_id"), ("refunds", "refund_id")):
        assert rows(warehouse, f"SELECT {key}, count() FROM {table} GROUP BY 1 HAVING count() > 1") == []  # noqa: S608  # our own tables
    taken_on, whole = intents_and_batches(warehouse)
    assert taken_on == whole


def test_lanes_that_go_together_take_one_insert_per_table_and_are_closed_by_one(warehouse: Embedded) -> None:
    events, log = story(302)
    noting = Noting(warehouse)
    group = Group(noting, log, RULES)  # type: ignore[arg-type]  # what lanes need
    group.step(lanes.ROSTER, 1000)
    noting.inserts.clear()
    assert group.together(ALL)
    assert Counter(noting.inserts).pop("intents") == len(OF_EVENTS)
    once = set(noting.inserts) - {"intents"}
    assert once >= {"viewer_events", "orders", "order_lines", "ledger", "order_paths", "presence", "batches"}
    assert all(Counter(noting.inserts)[table] == 1 for table in once)
    tokens = rows(warehouse, "SELECT uniqExact(token), count() FROM batches WHERE batch > 1099511627776 * 2")
    assert tokens == [("1", str(len(OF_EVENTS)))]
    group = Group(warehouse, log, RULES)
    group.drain()
    assert_books(warehouse, events, group)


class Countdown:
    """Dies after so many steps; none of them: never."""

    def __init__(self, steps: int = -1) -> None:
        self.left, self.made = steps, list[str]()

    def __call__(self, step: str) -> None:
        self.left -= 1
        self.made.append(step)
        if self.left == 0:
            raise Death


def copied(log: Log) -> Log:
    """The same records, for another story."""
    return Log(defaultdict(list, {lane: list(kept) for lane, kept in log.records.items()}))


def with_roster(warehouse: Embedded, log: Log) -> None:
    Group(warehouse, log, RULES).step(lanes.ROSTER, 1000)


def fresh(folder: Path) -> Iterator[tuple[int, Embedded]]:
    """Warehouses without end, one at a time, by number; by day every second one."""
    for number in count(1, 1 if NIGHT else 2):
        with closing(Embedded.open(folder / str(number))) as warehouse:
            yield number, warehouse
        rmtree(folder / str(number))


HEIRS = ([every_lane()], [[lane] for lane in every_lane()], [[lane] for lane in reversed(every_lane())])
"""One worker that inherits all lanes, or one for each, the first one or the last one first."""


@pytest.mark.parametrize("turn", range(len(HEIRS)) if NIGHT else [0])
def test_death_after_any_step_of_a_group_leaves_the_same_books_whoever_inherits_its_lanes(
    tmp_path: Path, turn: int
) -> None:
    """As many stories as steps; in each one the first batches of all lanes are stored together, and cut off there.

    By day after every second step, with heirs of one kind after the other.
    """
    events, log = story(304)
    made: set[str] = set()
    for number, warehouse in fresh(tmp_path):
        own, fate = copied(log), Countdown(number)
        with_roster(warehouse, own)
        try:
            Group(warehouse, own, RULES, fate).together(ALL)
            is_dead = False
        except Death:
            is_dead = True
        made.update(fate.made)
        for owns in HEIRS[(turn + number) % len(HEIRS)]:
            Group(warehouse, own, RULES, owns=owns).drain()
        group = Group(warehouse, own, RULES)
        group.drain()
        assert_books(warehouse, events, group)
        if not is_dead:
            break
    assert made >= {"intent", "viewer_events", "orders", "ledger", "presence", "told", "batches"}


class Held:
    """Holds a worker up after so many steps, while something else happens."""

    def __init__(self, steps: int, meanwhile: Callable[[], None]) -> None:
        self.left, self.meanwhile = steps, meanwhile

    def __call__(self, _step: str) -> None:
        self.left -= 1
        if self.left == 0:
            self.meanwhile()


@pytest.mark.parametrize("steps", range(1, 16) if NIGHT else [1, 2, 3, 4, 9])
def test_a_worker_that_is_held_up_at_any_step_while_others_inherit_its_lanes_does_no_harm(
    warehouse: Embedded, steps: int
) -> None:
    """It has taken on none, some or all of its lanes; the heirs finish what is there, go on, and then it wakes."""
    events, log = story(302)
    with_roster(warehouse, log)
    heirs = [Group(warehouse, log, RULES, owns=[number]) for number in OF_EVENTS]

    def meanwhile() -> None:
        for heir in heirs[steps % 2 : 2 + steps % 2]:
            heir.drain()

    sleeper = Group(warehouse, log, RULES, Held(steps, meanwhile))
    sleeper.together(dict.fromkeys(OF_EVENTS, 2))
    sleeper.drain()
    group = Group(warehouse, log, RULES)
    group.drain()
    assert_books(warehouse, events, group)


@pytest.mark.parametrize("intents", [1, 2])
@pytest.mark.parametrize("last", ["viewer_events", "ledger", "told"])
def test_an_heir_that_dies_in_the_midst_leaves_nothing_that_the_sleeper_could_store_once_more(
    warehouse: Embedded, intents: int, last: str
) -> None:
    """The sleeper has some intents of its group, the heir stores one lane alone: then the group must not hold later."""
    events, log = story(302)
    with_roster(warehouse, log)

    def die(step: str) -> None:
        if step == last and rows(warehouse, "SELECT count() FROM viewer_events") != [("0",)]:
            raise Death

    def meanwhile() -> None:
        with pytest.raises(Death):
            Group(warehouse, log, RULES, die, owns=OF_EVENTS[:1]).drain()

    sleeper = Group(warehouse, log, RULES, Held(intents, meanwhile))
    sleeper.together(ALL)
    sleeper.drain()
    assert_books(warehouse, events, sleeper)


class Fate:
    """Dies at one step in twelve."""

    def __init__(self, random: Random) -> None:
        self.random, self.deaths = random, 0

    def __call__(self, _step: str) -> None:
        if self.random.random() < 1 / 12:
            self.deaths += 1
            raise Death


@pytest.mark.parametrize("seed", seeds(310, 2, 10))
def test_workers_that_die_and_exchange_lanes_at_any_time_come_to_the_referees_books(
    warehouse: Embedded, seed: int
) -> None:
    """Two workers with lanes of their own and some that they have lost unawares; lanes go alone or together."""
    events, random = scenario(seed, "small"), Random(seed)
    log, fate = routed(shaken(events, random), random), Fate(random)

    def worker() -> Group:
        return Group(warehouse, log, RULES, fate, owns=random.sample(every_lane(), random.randint(1, 4)))

    workers = [worker(), worker()]
    for _ in range(40):
        number = random.randrange(2)
        owned = workers[number].owned()
        sizes = {lane: random.randint(1, 5) for lane in random.sample(owned, random.randint(1, len(owned)))}
        if len(sizes) > 1:
            sizes.pop(lanes.ROSTER, None)
        try:
            workers[number].together(sizes)
            workers[number].look_around(random.choice(owned))
        except Death:
            workers[number] = worker()
        if random.random() < 0.1:
            workers[number].owns = random.sample(every_lane(), random.randint(1, 4))
    assert fate.deaths > 2
    group = Group(warehouse, log, RULES)
    group.drain()
    assert_books(warehouse, events, group)


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("taken", ["by one that stands alone", "by a group of others"])
def test_lanes_of_which_one_has_another_batch_to_do_are_stored_alone(
    warehouse: Embedded, taken: str, size: int
) -> None:
    """The worker that comes second finds an intent that does not name its group; so nothing of the group holds."""
    events, log = story(302)
    with_roster(warehouse, log)
    _, second, third = OF_EVENTS
    late = Group(warehouse, log, RULES)
    stood = [late.lane(number).next_batch for number in OF_EVENTS]
    with pytest.raises(Death):
        Group(warehouse, log, RULES, Countdown(2 if "group" in taken else 1)).together(
            dict.fromkeys([second, third] if "group" in taken else [second], size)
        )
    assert late.together(ALL)
    tokens = dict(rows(warehouse, "SELECT batch, token FROM batches"))
    expected = [f"batch-{batch}" for batch in stood]
    if "group" in taken:
        expected[1:] = [f"together-{stood[1]}"] * 2
    assert [tokens[str(batch)] for batch in stood] == expected
    late.drain()
    assert_books(warehouse, events, late)


def test_who_inherits_one_lane_of_a_group_finishes_it_with_records_of_the_others(warehouse: Embedded) -> None:
    """And whoever inherits another one finds it done."""
    events, log = story(302)
    with_roster(warehouse, log)
    with pytest.raises(Death):
        Group(warehouse, log, RULES, Countdown(len(OF_EVENTS) + 2)).together(ALL)
    assert rows(warehouse, "SELECT count() FROM viewer_events") != [("0",)]
    heir, other = (Group(warehouse, log, RULES, owns=[number]) for number in OF_EVENTS[:2])
    unfinished = other.lane(OF_EVENTS[1])
    assert unfinished.unfinished is not None
    heir.recovered(OF_EVENTS[0])
    assert rows(warehouse, "SELECT uniqExact(token), count() FROM batches WHERE token LIKE 'together%'") == [("1", "3")]
    other.recovered(OF_EVENTS[1])
    assert (unfinished.unfinished, unfinished.next_offset) == (None, len(log.records[OF_EVENTS[1]]))
    group = Group(warehouse, log, RULES)
    group.drain()
    assert_books(warehouse, events, group)


def test_a_lane_that_another_worker_moved_meanwhile_is_read_anew_before_its_group_is_finished(
    warehouse: Embedded,
) -> None:
    events, log = story(302)
    with_roster(warehouse, log)
    first, second, _ = OF_EVENTS
    heir, other = Group(warehouse, log, RULES), Group(warehouse, log, RULES)
    stale = heir.lane(second)
    other.step(second, 1)
    with pytest.raises(Death):
        Group(warehouse, log, RULES, Countdown(3)).together({first: 1000, second: 1000})
    heir.recovered(first)
    assert [heir.lane(number).unfinished for number in (first, second)] == [None, None]
    assert stale.next_offset == len(log.records[second])
    taken_on, whole = intents_and_batches(warehouse)
    assert taken_on == whole
    group = Group(warehouse, log, RULES)
    group.drain()
    assert_books(warehouse, events, group)


def turned(warehouse: Embedded, log: Log, places: list[Place], mark: Callable[[str], None] = unmarked) -> Engine:
    """A worker's engine after a turn with all records of its partitions."""
    means = Means(warehouse, RULES, lambda: CLOCK_MS, Rosters(warehouse), log, mark)
    engine = Engine(means, "roster", Limits(wait_ms=0, fit_every_ms=0, groups=1), Metrics())
    engine.assigned(set(places))
    messages, ends = [], {}
    for place in places:
        number = lanes.ROSTER if place.topic == "roster" else lanes.FIRST_OF_EVENTS + place.partition
        messages += [Message(place, record, CLOCK_MS) for record in log.records[number]]
        ends[place] = len(log.records[number])
    engine.turn(messages, ends, 0)
    return engine


def test_a_worker_stores_its_lanes_together_and_one_that_inherits_some_finishes_what_it_left(
    warehouse: Embedded,
) -> None:
    events, log = story(302)
    roster, *of_events = Place("roster", 0), *(Place("topic", number) for number in range(3))
    turned(warehouse, log, [roster])
    with pytest.raises(Death):
        turned(warehouse, log, of_events, Countdown(len(of_events) + 3))
    taken_on, whole = intents_and_batches(warehouse)
    assert len(taken_on) - len(whole) == len(of_events)
    heir = turned(warehouse, log, of_events[:1])
    taken_on, whole = intents_and_batches(warehouse)
    assert taken_on == whole
    assert rows(warehouse, "SELECT uniqExact(token), count() FROM batches WHERE token LIKE 'together%'") == [("1", "3")]
    other = turned(warehouse, log, of_events[1:])
    for engine in (heir, other):
        engine.look_around(0)
    group = Group(warehouse, log, RULES)
    group.drain()
    assert_books(warehouse, events, group)


def test_lanes_are_stored_alone_where_a_block_could_not_reach_one_server_whole() -> None:
    """On a cluster each lane has its own shard, so a group of one is the most."""
    settings = {"HOSTLEDGER_CLICKHOUSE": "clickhouse://u@h:9000/d"}
    for cluster, most in (("", TOGETHER), ("c", 1)):
        found = limits(Settings.read(settings | {"HOSTLEDGER_CLUSTER": cluster}))
        assert found.together == most
