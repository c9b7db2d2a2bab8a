"""Lanes of one warehouse come to the referee's books, in any interleaving, with any of them forgotten at any time."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from random import Random
from typing import Any

import polars as pl
import pytest
from lane_stage import Group, Log, every_lane, intents_and_batches, routed
from nights import seeds
from referee import books as referee_books
from referee_models import EVERY_MODEL, RefereeRules
from scenario_stage import Event
from scenarios import scenario, to_bytes
from test_processor import STREAMED, assert_rollups, shaken
from warehouse_books import posted, refereed, rows

from analytics.crediting import books
from analytics.decoding import decode
from analytics.rules import Rules
from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from streams import aside, batch, booking, intents, lanes
from streams.arriving import Arrived, Record, Touched, touched_value
from streams.intents import Pins, pins
from streams.journal import Intent
from streams.kafka.routing import partition_of
from streams.outcome import Outcome
from streams.together import Together


@pytest.fixture(autouse=True)
def _rows_are_stored_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "FEWEST_ROWS", 1)


def play(group: Group, random: Random, *, forgetting: bool) -> None:
    """Take records in any order of lanes, alone or together."""
    busy = set(every_lane())
    while busy:
        number = random.choice(sorted(busy))
        if not group.together({one: random.randint(1, 4) for one in at_once(number, random)}):
            busy.discard(number)
        if random.random() < 0.2:
            group.look_around(number)
        if forgetting and random.random() < 0.15:
            group.lanes.pop(number)
    group.drain()


def at_once(number: int, random: Random) -> list[int]:
    """A lane, and those that are stored together with it: some of the events, or none."""
    others = [other for other in every_lane() if lanes.ROSTER not in (other, number) and other != number]
    return [number, *random.sample(others, random.randint(0, len(others)))]


@pytest.mark.parametrize("seed", seeds(60, 2, 6))
def test_lanes_in_any_interleaving_come_to_the_referees_books(warehouse: Embedded, seed: int) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    group = Group(warehouse, routed(shaken(events, random), random), Rules(models=STREAMED))
    play(group, random, forgetting=seed % 2 == 1)
    newest_ms = max(lane.newest_ms for lane in group.lanes.values())
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, newest_ms, STREAMED)
    taken_on, whole = intents_and_batches(warehouse)
    assert taken_on == whole


@pytest.mark.parametrize("seed", seeds(70, 1, 3))
def test_a_fit_of_the_rosters_lane_is_adopted_by_all_lanes(warehouse: Embedded, seed: int) -> None:
    events, random = scenario(seed, "small"), Random(seed)
    group = Group(warehouse, routed(shaken(events, random), random), Rules())
    play(group, random, forgetting=False)
    Together(group.means, [group.lane(lanes.ROSTER).empty(pins(warehouse, 0), "fit")]).advance()
    group.drain()
    newest_ms = max(lane.newest_ms for lane in group.lanes.values())
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules()).entries)
    assert_rollups(warehouse, events, newest_ms, EVERY_MODEL)


def paths_kept(warehouse: Embedded) -> list[tuple[str, ...]]:
    """The evidence that stands for each order: sessions, milliseconds and line-ups of its steps."""
    found = rows(
        warehouse,
        "SELECT order_id, toString(argMax((session_ids, watched_ms, host_ids), batch)) FROM order_paths "
        "GROUP BY order_id ORDER BY order_id",
    )
    return [(order_id, path.replace("\\'", "'")) for order_id, path in found]


def paths_of_history(events: list[Event]) -> list[tuple[str, ...]]:
    """The same from the whole history at once."""
    facts = decode(to_bytes(events)).facts
    steps = books(facts, Rules(models=STREAMED)).steps.sort("order_id", "step")
    found = {
        order_id: (list(part["session_id"]), list(part["watched_ms"]), [list(hosts) for hosts in part["host_ids"]])
        for (order_id,), part in steps.group_by("order_id")
    }
    orders = sorted(facts.orders["order_id"].unique())
    return [(order, str(found.get(order, ([], [], []))).replace(", ", ",")) for order in orders]


class Death(BaseException):
    """What kill -9 is to a process: nothing of ours runs any more."""


class Fate:
    """Dies after every step that is made for the first time; a batch that is done again gets one step further."""

    def __init__(self) -> None:
        self.deaths: list[str] = []
        self.made = self.redone = 0

    def be_reborn(self) -> None:
        self.redone = min(self.made, 1)  # the intent stands already

    def __call__(self, step: str) -> None:
        self.redone += 1
        if self.redone > self.made:
            self.made = 0 if step == "batches" else self.redone
            self.deaths.append(step)
            raise Death


class Shuffled:
    """Inserts side by side, as far as a death can tell: in every life those that were in time are others."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def __call__(self, work: Callable[[str], None], of: Sequence[str]) -> None:
        batch.in_turn(work, self.random.sample(of, len(of)))


def backwards(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same rows of a batch, their tables in reversed order."""

    def reversed_work(*arguments: object) -> Any:
        stored = work(*arguments)
        return replace(stored, rows=dict(reversed(stored.rows.items())))

    return reversed_work


@pytest.mark.parametrize(("seed", "order"), [(303, "forwards"), (305, "backwards"), (304, "any")])
def test_death_after_any_step_loses_nothing_and_books_nothing_twice(
    warehouse: Embedded, monkeypatch: pytest.MonkeyPatch, seed: int, order: str
) -> None:
    """As many lives as steps; the books are then those of an undisturbed run."""
    if order == "backwards":
        monkeypatch.setattr(booking, "stored", backwards(booking.stored))
    events, random, fate = scenario(seed, "small"), Random(seed), Fate()
    log, rules = routed(shaken(events, random), random), Rules(models=STREAMED)
    each = Shuffled(random) if order == "any" else batch.in_turn
    while True:
        group = Group(warehouse, log, rules, fate, each)
        fate.be_reborn()
        try:
            group.drain()
            break
        except Death:
            continue
    newest_ms = max(lane.newest_ms for lane in group.lanes.values())
    certain = {"ledger", "orders", "viewer_events"} if order != "any" else set()  # a shuffle may spare a table
    assert {"intent", "told", "batches"} | certain <= set(fate.deaths)
    assert paths_kept(warehouse) == paths_of_history(events)
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, newest_ms, STREAMED)


def shares_and_buys(number: int) -> list[Event]:
    """A viewer who shares and buys: five tables of a batch, four of them with a rollup behind."""
    of = {"session_id": "s", "viewer_id": f"v{number}", "order_id": f"o{number}", "currency": "CNY"}
    line = {"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": 500}
    return [
        of | {"event_id": f"s{number}", "type": "shared", "occurred_at": 1_000},
        of | {"event_id": f"o{number}", "type": "order_paid", "occurred_at": 2_000, "lines": [line]},
    ]


def advance(group: Group, number: int, records: list[Record]) -> list[Outcome]:
    """Do the unfinished batch of a lane, or one of these records."""
    lane = group.lane(number)
    share = lane.resumed(records) if lane.unfinished else lane.next(records, Pins(0, 0, 0, 0), caught_up=True)
    return Together(group.means, [share]).advance() if share else []


def test_death_with_any_part_of_the_tables_written_loses_nothing_and_writes_nothing_twice(warehouse: Embedded) -> None:
    """Inserts of a batch go side by side: each subset of them is met once, by a batch that the next life finishes.

    Those that begin early are done when they are waited for, or never.
    """
    tables = ["viewer_events", "orders", "order_lines", "order_paths", "ledger"]
    subsets = [part for size in range(len(tables) + 1) for part in combinations(tables, size)]
    in_time: list[str] | None = None
    is_dead = False

    def each(work: Callable[[Any], None], of: Sequence[Any]) -> None:
        nonlocal is_dead
        if isinstance(of[0], Intent):
            return work(of[0])
        assert sorted(of) == sorted(tables)
        batch.in_turn(work, of if in_time is None else in_time)
        if in_time is not None:
            is_dead = True
            raise Death
        return None

    def begin(work: Callable[[], Any]) -> Callable[[], Any]:
        once = cache(work)

        def ended() -> Any:
            if is_dead:
                raise WarehouseError("nobody waits for it any more")
            return once()

        return ended

    group = Group(warehouse, Log(), Rules(models=("on_air",)), each=each, begin=begin)
    for number, part in enumerate(subsets):
        records = [Record(number, to_bytes(shares_and_buys(number)))]
        in_time = list(part)
        with pytest.raises(Death):
            advance(group, lanes.FIRST_OF_EVENTS, records)
        group.lanes.clear()
        in_time, is_dead = None, False
        assert advance(group, lanes.FIRST_OF_EVENTS, records)
    for table in tables:
        found = rows(warehouse, f"SELECT count(), uniqExact(batch) FROM {table}")  # noqa: S608  # our own tables
        assert found == [(str(len(subsets)), str(len(subsets)))], table
    assert rows(warehouse, "SELECT sum(gross) FROM revenue_minute") == [(str(500 * len(subsets)),)]
    assert rows(warehouse, "SELECT sum(orders), sum(gmv), uniqExactMerge(buyers) FROM orders_minute") == [
        (str(len(subsets)), str(500 * len(subsets)), str(len(subsets)))
    ]
    assert rows(warehouse, "SELECT sum(shares) FROM activity_minute") == [(str(len(subsets)),)]


@pytest.mark.parametrize("seed", seeds(90, 1, 4))
def test_two_workers_that_both_believe_to_own_a_lane_write_one_batch(warehouse: Embedded, seed: int) -> None:
    """A worker that lost its partitions and does not know yet goes on, with cuts of its own."""
    events, random = scenario(seed, "small"), Random(seed)
    log, rules = routed(shaken(events, random), random), Rules(models=STREAMED)
    owner, zombie = Group(warehouse, log, rules), Group(warehouse, log, rules)
    for _ in range(60):
        sizes = {number: random.randint(1, 5) for number in at_once(random.choice(every_lane()), random)}
        random.choice((owner, zombie)).together(sizes)
    owner.drain()
    newest_ms = max(lane.newest_ms for lane in owner.lanes.values())
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)
    assert_rollups(warehouse, events, newest_ms, STREAMED)


def test_of_two_intents_for_a_batch_the_first_stands(warehouse: Embedded) -> None:
    """One token lets in one; but tables that were put together by hand may hold another."""
    wanted = [
        Intent(1 << 41 | 1, "events", "t-0", 0, 5 + at, recorded_ms) for at, recorded_ms in enumerate((30, 10, 20))
    ]
    assert [intents.take_on(warehouse, [intent]) for intent in wanted] == [[wanted[0]]] * 3
    for intent in wanted[1:]:
        warehouse.insert("intents", intents.row(intent), f"by-hand-{intent.last_offset}")
    assert intents.standing(warehouse, [wanted[0].batch]) == {wanted[1].batch: wanted[1]}


def test_a_rejected_line_names_its_record_and_its_line_in_it(warehouse: Embedded) -> None:
    host = b'{"event_id":"h","type":"host_registered","occurred_at":1,"host_id":"h","name":"H","kind":"human"}'
    join = b'{"event_id":"j","type":"viewer_joined","occurred_at":1,"session_id":"s","viewer_id":"v"}'
    log = Log()
    for value in (join, b"\n".join([b"broken", join, b"", host]), None, b"also broken\n"):
        log.append(lanes.FIRST_OF_EVENTS, value)
    log.append(lanes.ROSTER, join)
    Group(warehouse, log, Rules()).drain()
    found = rows(warehouse, "SELECT source, record_offset, position, reason, line FROM rejects ORDER BY ALL")
    assert found == [
        ("roster-0", "0", "1", "wrong_topic", join.decode()),
        ("topic-0", "1", "1", "not_json", "broken"),
        ("topic-0", "1", "4", "wrong_topic", host.decode()),
        ("topic-0", "3", "1", "not_json", "also broken"),
    ]
    assert [reject for parked in log.parked for reject in parked["reason"]].count("wrong_topic") == 2
    assert rows(warehouse, "SELECT sum(events), sum(repeats) FROM batches") == [("1", "1")]
    assert rows(warehouse, "SELECT count() FROM roster_events") == [("0",)]


def test_a_line_with_a_byte_order_mark_beside_a_misplaced_event_is_judged_as_decoding_judges_it(
    warehouse: Embedded,
) -> None:
    host = b'{"event_id":"h","type":"host_registered","occurred_at":1,"host_id":"h","name":"H","kind":"human"}'
    join, mark = (
        b'{"event_id":"j","type":"viewer_joined","occurred_at":1,"session_id":"s","viewer_id":"v"}',
        b"\xef\xbb\xbf",
    )
    log = Log()
    log.append(lanes.FIRST_OF_EVENTS, b"\n".join([mark + join, mark, mark + host, b"\xff", host]))
    Group(warehouse, log, Rules()).drain()
    found = rows(warehouse, "SELECT position, reason FROM rejects ORDER BY ALL")
    assert found == [("3", "wrong_topic"), ("4", "not_utf8"), ("5", "wrong_topic")]
    assert rows(warehouse, "SELECT event_id FROM viewer_events") == [("j",)]


def an_order_and_its_refund_in_two_lanes() -> tuple[Log, int, int]:
    """The records, the lane of the order, that of the refund."""
    viewer = next(f"v{number}" for number in range(99) if partition_of(f"v{number}", 3) != partition_of("o", 3))
    order = (
        b'{"event_id":"o","type":"order_paid","occurred_at":9,"order_id":"o","viewer_id":"%s",'
        b'"session_id":"s","currency":"CNY","lines":[{"line_id":"1","product_id":"p","quantity":1,"amount_minor":500}]}'
        % viewer.encode()
    )
    refund = (
        b'{"event_id":"r","type":"order_refunded","occurred_at":10,"refund_id":"r","order_id":"o","amount_minor":200,'
        b'"currency":"CNY"}'
    )
    log = Log()
    of_order, of_refund = (lanes.FIRST_OF_EVENTS + partition_of(key, 3) for key in (viewer, "o"))
    log.append(of_order, order)
    log.append(of_refund, refund)
    return log, of_order, of_refund


BOOKED = "SELECT host_id, sum(amount_minor) FROM ledger GROUP BY 1"


@pytest.mark.parametrize("moment", ["just before the order is stored", "just after the order is stored"])
def test_a_refund_and_its_order_that_come_to_two_lanes_at_once_do_not_miss_each_other(
    warehouse: Embedded, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Each lane stores before it looks: whichever is second sends the order's lane to look again."""
    log, of_order, of_refund = an_order_and_its_refund_in_two_lanes()
    group, other = (Group(warehouse, log, Rules(models=("on_air",))) for _ in range(2))
    insert = warehouse.insert

    def inserted(table: str, *arguments: Any) -> None:
        if table != "orders":
            return insert(table, *arguments)
        monkeypatch.setattr(warehouse, "insert", insert)
        if "before" in moment:
            other.step(of_refund, 1)
        insert(table, *arguments)
        if "after" in moment:
            other.step(of_refund, 1)
        return None

    monkeypatch.setattr(warehouse, "insert", inserted)
    group.step(of_order, 1)
    group.drain()
    assert rows(warehouse, BOOKED) == [("unattributed", "300")]
    assert any(record.touched for record in log.records[of_order])


class Keeping:
    """A warehouse that keeps what was to be inserted by each token. lost: tables that nothing reaches."""

    def __init__(self, warehouse: Embedded) -> None:
        self.query, self._insert = warehouse.query, warehouse.insert
        self.given: dict[tuple[str, str], list[pl.DataFrame]] = defaultdict(list)
        self.lost: Sequence[str] = ()

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        self.given[table, token].append(frame)
        if table in self.lost:
            raise WarehouseError("lost on its way")
        self._insert(table, frame, token)


def each_though_some_are_lost(work: Callable[[Any], None], of: Sequence[Any]) -> None:
    """Try all of them, and die if any is lost."""
    lost = False
    for one in of:
        try:
            work(one)
        except WarehouseError:
            lost = True
    if lost:
        raise Death


@pytest.mark.parametrize("lost", [["ledger"], ["orders"], ["orders", "ledger"], ["order_lines", "order_paths"]])
def test_what_another_lane_stores_between_two_tries_of_a_batch_does_not_change_its_rows(
    warehouse: Embedded, lost: list[str]
) -> None:
    """Else a table could keep rows of the first try, and a rollup behind it those of the second."""
    log, of_order, of_refund = an_order_and_its_refund_in_two_lanes()
    keeping: Any = Keeping(warehouse)
    group = Group(keeping, log, Rules(models=("on_air",)), each=each_though_some_are_lost)
    keeping.lost = lost
    with pytest.raises(Death):
        group.step(of_order, 1)
    keeping.lost = []
    group.step(of_refund, 1)
    group.lanes.clear()
    group.drain()
    tries = keeping.given["ledger", f"batch-{of_order << 40 | 1}"]
    assert len(tries) == 2
    for (table, token), frames in keeping.given.items():
        assert all(frame.equals(frames[0]) for frame in frames), (table, token)
    assert rows(warehouse, BOOKED) == [("unattributed", "300")]


def test_a_refund_counts_by_its_name_while_its_batch_is_open_and_is_not_taken_back_meanwhile(
    warehouse: Embedded,
) -> None:
    """Its lane dies after it has told the order's lane; that one books it, and restates the order with it."""
    log, of_order, of_refund = an_order_and_its_refund_in_two_lanes()
    rules = Rules(models=("on_air",))

    def die(step: str) -> None:
        if step == "told":
            raise Death

    group = Group(warehouse, log, rules, owns=[lanes.ROSTER, of_order])
    group.step(of_order, 1)
    with pytest.raises(Death):
        Group(warehouse, log, rules, die).step(of_refund, 1)
    group.drain()
    taken_on, whole = intents_and_batches(warehouse)
    assert set(taken_on) - set(whole) == {of_refund << 40 | 1}
    assert rows(warehouse, BOOKED) == [("unattributed", "300")]
    started = b'{"event_id":"%s","type":"shift_started","occurred_at":1,"session_id":"s","host_id":"h"}'
    log.append(lanes.ROSTER, started % b"r")
    group.drain()
    assert sorted(rows(warehouse, BOOKED)) == [("h", "300"), ("unattributed", "0")]
    Group(warehouse, log, rules).drain()
    assert sorted(rows(warehouse, BOOKED)) == [("h", "300"), ("unattributed", "0")]
    assert rows(warehouse, "SELECT sum(gross), sum(refunds) FROM revenue_minute") == [("500", "200")]


def test_a_fit_leaves_refunds_that_are_not_booked_yet_to_the_batch_that_books_them(warehouse: Embedded) -> None:
    log, of_order, of_refund = an_order_and_its_refund_in_two_lanes()
    rules = Rules(models=("markov",))

    def die(step: str) -> None:
        if step == "refunds":
            raise Death

    group = Group(warehouse, log, rules, owns=[lanes.ROSTER, of_order])
    group.step(of_order, 1)
    with pytest.raises(Death):
        Group(warehouse, log, rules, die).step(of_refund, 1)
    assert rows(warehouse, "SELECT count() FROM refunds") == [("1",)]
    Together(group.means, [group.lane(lanes.ROSTER).empty(pins(warehouse, 0), "fit")]).advance()
    group.drain()
    assert rows(warehouse, "SELECT count() FROM intents WHERE kind = 'adopt'") == [("1",)]
    assert rows(warehouse, BOOKED) == [("unattributed", "500")]
    Group(warehouse, log, rules).drain()
    assert rows(warehouse, BOOKED) == [("unattributed", "300")]


def test_an_order_that_another_lane_has_stored_already_contradicts_it(warehouse: Embedded) -> None:
    """The first one stands, whosever lane the second one came to."""
    log, of_order, of_refund = an_order_and_its_refund_in_two_lanes()
    other = next(f"w{number}" for number in range(99) if lane_of_viewer(f"w{number}") != of_order)
    line = log.records[of_order][0].value or b""
    again = line.replace(b'"event_id":"o"', b'"event_id":"again"')
    again = re.sub(rb'"viewer_id":"\w+"', b'"viewer_id":"%s"' % other.encode(), again)
    group = Group(warehouse, log, Rules(models=("on_air",)))
    group.drain()
    log.append(lane_of_viewer(other), again)
    group.drain()
    assert rows(warehouse, "SELECT reason FROM rejects") == [("order_conflict",)]
    assert rows(warehouse, BOOKED) == [("unattributed", "300")]
    assert len({of_order, of_refund, lane_of_viewer(other)}) > 1


def lane_of_viewer(viewer: str) -> int:
    return lanes.FIRST_OF_EVENTS + partition_of(viewer, 3)


def test_word_of_earlier_versions_names_orders_alone() -> None:
    records = [Record(0, b'"o1"\n["o2",7]', touched=True), Record(1, touched_value([Touched("o3", 9)]), touched=True)]
    assert Arrived.of(records).touched == (Touched("o1", 0), Touched("o2", 7), Touched("o3", 9))


class Noting:
    """A warehouse that notes into which tables rows were to go."""

    def __init__(self, warehouse: Embedded) -> None:
        self.query, self._insert = warehouse.query, warehouse.insert
        self.inserts: list[str] = []

    def insert(self, table: str, frame: pl.DataFrame, token: str) -> None:
        self.inserts.append(table)
        self._insert(table, frame, token)


def test_a_worker_that_comes_late_to_a_closed_batch_takes_the_word_of_the_other(warehouse: Embedded) -> None:
    """It stores nothing then, neither early nor at the end: a token is not remembered for ever."""
    events, random = scenario(95, "small"), Random(95)
    log, rules, noting = routed(events, random), Rules(models=STREAMED), Noting(warehouse)
    owner, late = Group(warehouse, log, rules), Group(noting, log, rules)  # type: ignore[arg-type]  # what a lane needs
    number = lanes.FIRST_OF_EVENTS
    lane = late.lane(number)
    owner.drain()
    before = posted(warehouse)
    for _ in range(2):  # what stands has another cut
        assert advance(late, number, log.records[number]) == []
    assert lane.next_offset == owner.lane(number).next_offset
    assert lane.newest_ms == owner.lane(number).newest_ms
    assert posted(warehouse) == before
    assert noting.inserts == ["intents"]


def test_a_worker_that_wanted_another_cut_does_the_batch_that_stands(warehouse: Embedded) -> None:
    """The first intent for a number stands, also for a worker that was there before it and has fewer records."""
    events, random = scenario(96, "small"), Random(96)
    log, rules, fate = routed(events, random), Rules(models=STREAMED), Fate()
    owner, other = Group(warehouse, log, rules, fate), Group(warehouse, log, rules)
    number = max(every_lane(), key=lambda lane: (lane != lanes.ROSTER, len(log.records[lane])))
    lane, records = other.lane(number), log.records[number]
    with pytest.raises(Death):
        owner.step(number, 3)
    assert fate.deaths == ["intent"]
    assert advance(other, number, records[:1]) == []
    assert lane.next_offset == 0
    assert advance(other, number, records[:1]) == []
    assert advance(other, number, records)
    assert lane.next_offset == 3
    other.drain()
    assert posted(warehouse) == refereed(referee_books(events, RefereeRules(models=STREAMED)).entries)


HOUR_MS = 3_600_000


def two_viewers_hours_apart() -> tuple[Log, int, int]:
    """One viewer joins and is never heard of again; five hours later another one joins in another lane."""
    names = [f"v{number}" for number in range(99)]
    early = names[0]
    late = next(name for name in names if partition_of(name, 3) != partition_of(early, 3))
    log = Log()
    for viewer, at_ms in ((early, 1), (late, 1 + 5 * HOUR_MS)):
        join = b'{"event_id":"%s","type":"viewer_joined","occurred_at":%d,"session_id":"s","viewer_id":"%s"}'
        lane = lanes.FIRST_OF_EVENTS + partition_of(viewer, 3)
        log.append(lane, join % (viewer.encode(), at_ms, viewer.encode()))
    of_early, of_late = (lanes.FIRST_OF_EVENTS + partition_of(name, 3) for name in (early, late))
    return log, of_early, of_late


def test_a_lane_without_traffic_hears_of_the_time_in_others_and_ends_silent_watches(warehouse: Embedded) -> None:
    log, of_early, of_late = two_viewers_hours_apart()
    group = Group(warehouse, log, Rules())
    group.step(of_early, 1)
    group.step(of_late, 1)
    assert rows(warehouse, "SELECT sum(change) FROM presence") == [("2",)]
    group.drain()
    ended = "SELECT toUnixTimestamp64Milli(at), change FROM presence WHERE viewer_id = 'v0' ORDER BY at"
    assert rows(warehouse, ended) == [("1", "1"), (str(1 + Rules().idle_ms), "-1")]


def test_a_batch_without_records_that_a_death_cut_off_is_finished_whatever_is_due_by_then(warehouse: Embedded) -> None:
    log, of_early, of_late = two_viewers_hours_apart()
    first = Group(warehouse, log, Rules())
    first.step(of_early, 1)
    first.step(of_late, 1)

    def die(step: str) -> None:
        if step == "presence":
            raise Death

    with pytest.raises(Death):
        Group(warehouse, log, Rules(), die).look_around(of_early)
    nothing_new = Pins(roster_batch=0, roster_offset=0, fit=0, newest_ms=0)
    assert Group(warehouse, log, Rules()).look_around(of_early, nothing_new)
    taken_on, whole = intents_and_batches(warehouse)
    assert taken_on == whole
