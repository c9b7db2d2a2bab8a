"""Claims about the stretches: those of every instant, whatever the order of events, also in a warehouse of before."""

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import polars as pl
import pytest
from scenarios import to_bytes
from test_upgrades import before
from warehouse_books import rows

from analytics import roster
from analytics.intervals import OPEN_MS
from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from streams.batch import unmarked
from streams.processor import Processor
from streams.state import ROSTER

BEGIN_MS = 1_785_754_800_000
UNIT_MS, INSTANTS = 20_000, 24
HOSTS, SESSIONS, SCRIPTS = ("h1", "h2", "d1", "nobody"), ("s1", "s2"), ("sell", "sing")
SHIFTS, AT_ONCE = 9, 3
MIGRATION = 17
"""The step that made the table."""
LINE_UPS = "SELECT * FROM line_ups ORDER BY session_id, start_at, end_at"
Event = dict[str, Any]


def drawn(seed: int) -> list[Event]:
    """Shifts that overlap, hosts that change kind and change it back, scripts on air and off, many at one instant."""
    random = Random(seed)
    events: list[Event] = []

    def say(type_: str, at: int, **fields: object) -> None:
        events.append(
            {"event_id": f"e{len(events):03}", "type": type_, "occurred_at": BEGIN_MS + at * UNIT_MS} | fields
        )

    for host in HOSTS[:-1]:
        for _ in range(random.choice((1, 1, 2, 4))):
            say("host_registered", random.randrange(0, INSTANTS, 6), host_id=host, name=host, kind=kind(random))
    for _ in range(SHIFTS):
        place = {"session_id": random.choice(SESSIONS), "host_id": random.choice(HOSTS)}
        start = random.randrange(INSTANTS)
        say("shift_started", start, **place)
        if random.random() < 0.8:
            say("shift_ended", start + random.randrange(1, INSTANTS), **place)
        for _ in range(random.randrange(4)):
            variant = random.choice((None, "A", "B"))
            told = {"variant": variant} if variant else {}
            say("script_started", random.randrange(INSTANTS), script_id=random.choice(SCRIPTS), **place, **told)
    if random.random() < 0.5:
        say("session_ended", INSTANTS, session_id="s1")
    random.shuffle(events)
    return events


def kind(random: Random) -> str:
    return random.choice(("human", "digital"))


def at_instant(events: Sequence[Event], shifts: Sequence[Event], session: str, at: int) -> tuple[Any, ...] | None:
    """Hosts, kind and scripts at an instant, looked up event by event; None where nobody is on air."""
    present = [
        shift for shift in shifts if shift["session_id"] == session and shift["start_ms"] <= at < shift["end_ms"]
    ]
    if not present:
        return None
    running: set[tuple[str, str]] = set()
    kinds = set()
    for shift in present:
        told = sorted(
            (event["occurred_at"], event["event_id"], event["kind"])
            for event in events
            if event["type"] == "host_registered" and event["host_id"] == shift["host_id"]
        )
        until_now = [one for one in told if one[0] <= at] or told[:1]
        kinds.add(until_now[-1][2] if until_now else "unknown")
        begun = [
            event
            for event in events
            if event["type"] == "script_started"
            and (event["session_id"], event["host_id"]) == (session, shift["host_id"])
            and event["occurred_at"] <= at
        ]
        last = max((event["occurred_at"] for event in begun), default=-1)
        if last >= shift["start_ms"]:
            running |= {(e["script_id"], e.get("variant", "A")) for e in begun if e["occurred_at"] == last}
    hosts = sorted(shift["host_id"] for shift in present)
    return hosts, kinds.pop() if len(kinds) == 1 else "mixed", sorted(running)


@pytest.mark.parametrize("seed", range(60))
def test_a_stretch_says_what_every_instant_of_it_says(seed: int) -> None:
    events = drawn(seed)
    known = pl.DataFrame([event | {"occurred_ms": event["occurred_at"]} for event in events], ROSTER)
    shifts = roster.shifts(roster.shift_marks(known), roster.session_ends(known))
    found = roster.stretches(shifts, roster.kinds(known), roster.scripts(known))
    assert found.equals(found.sort("session_id", "start_ms"))
    assert found.filter(pl.col("start_ms") >= pl.col("end_ms")).is_empty()
    seen = 0
    for session in SESSIONS:
        marks = range(BEGIN_MS, BEGIN_MS + 2 * INSTANTS * UNIT_MS + 1, UNIT_MS)
        for at in [*(mark - early for mark in marks for early in (1, 0)), OPEN_MS - 1]:
            there = found.filter(
                pl.col("session_id") == session, pl.col("start_ms") <= at, pl.col("end_ms") > at
            ).to_dicts()
            said = [
                (one["host_ids"], one["kind"], list(zip(one["script_ids"], one["variants"], strict=True)))
                for one in there
            ]
            wanted = at_instant(events, shifts.to_dicts(), session, at)
            assert said == ([] if wanted is None else [wanted])
            seen += len(said)
    assert seen > INSTANTS


def many(seed: int) -> list[Event]:
    """Several draws at once, each with hosts and sessions of its own."""
    named = ("event_id", "host_id", "session_id")
    events = [
        event | {name: f"{draw} {event[name]}" for name in named if name in event}
        for draw in range(8)
        for event in drawn(100 * seed + draw)
    ]
    Random(seed).shuffle(events)
    return events


class History(NamedTuple):
    """Events, stored a few at a time, and every row that this led to, by table."""

    events: list[Event]
    tables: dict[str, pl.DataFrame]
    line_ups: pl.DataFrame

    def as_of(self, batch: int) -> list[tuple[Any, ...]]:
        """The stretches as of a batch."""
        return standing(self.tables["stretches"].filter(pl.col("batch") <= batch))

    def stored(self, batch: int, steps: Sequence[str], folder: Path, version: pytest.MonkeyPatch) -> None:
        """Lay a warehouse of before, in which these tables hold the rows of a batch, and all those of earlier ones."""
        with before(MIGRATION, version), closing(Embedded.open(folder)) as old:
            for table in ("roster_events", "shifts", "batches"):
                names = [
                    name
                    for (name,) in rows(
                        old,
                        "SELECT name FROM system.columns WHERE database = currentDatabase()"  # noqa: S608  # ours
                        f" AND table = '{table}' AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')",
                    )
                ]
                last = batch if table in steps else batch - 1
                old.insert(table, self.tables[table].filter(pl.col("batch") <= last).select(names), table)


@pytest.fixture(scope="module", params=[1, 2])
def history(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> History:
    events = many(request.param)
    few = [events[first : first + AT_ONCE] for first in range(0, len(events), AT_ONCE)]
    return stored_in(few, tmp_path_factory.mktemp("stretches") / "data")


def stored_in(batches: Sequence[Sequence[Event]], folder: Path) -> History:
    """Store events batch by batch in a new folder; now and then another process goes on, with what is stored."""
    with closing(Embedded.open(folder)) as warehouse:
        warehouse._run("SYSTEM STOP MERGES")  # or versions that were replaced would go
        for number, batch in enumerate(batches):
            if number % 8 == 0:
                writer = Processor(warehouse, folder, Rules(), lambda: int(time.time() * 1000), unmarked)
            writer.process("roster", to_bytes(batch), 1000 * number + 1, number)
        tables = ("roster_events", "shifts", "batches", "stretches")
        stored = {table: warehouse.ask(f"SELECT * FROM {table}") for table in tables}  # noqa: S608  # ours
        assert standing(stored["stretches"]) == standing(warehouse.ask("SELECT * FROM stretches FINAL"))
        return History([event for batch in batches for event in batch], stored, warehouse.ask(LINE_UPS))


def standing(versions: pl.DataFrame) -> list[tuple[Any, ...]]:
    """What the last version of every stretch says, without its batch."""
    last = versions.sort("batch").unique(["session_id", "started_at"], keep="last").filter(pl.col("deleted") == 0)
    return last.sort("session_id", "started_at").drop("deleted", "batch").rows()


def test_the_table_holds_what_the_core_reads_from_all_events(history: History) -> None:
    known = pl.DataFrame([event | {"occurred_ms": event["occurred_at"]} for event in history.events], ROSTER)
    shifts = roster.shifts(roster.shift_marks(known), roster.session_ends(known))
    found = roster.stretches(shifts, roster.kinds(known), roster.scripts(known))
    told = history.as_of(1000)
    assert [row[0] for row in told] == found["session_id"].to_list()
    assert [ms_of(row[1]) for row in told] == found["start_ms"].to_list()
    assert [OPEN_MS if row[2] is None else ms_of(row[2]) for row in told] == found["end_ms"].to_list()
    assert [row[3:] for row in told] == found.select("host_ids", "kind", "script_ids", "variants").rows()
    assert len(told) > SHIFTS
    assert 1 in history.tables["stretches"]["deleted"]


def test_a_registration_that_takes_a_change_of_kind_back_is_seen(tmp_path: Path) -> None:
    """Of two at one instant the last by id holds, so the second only takes away."""
    air = {"session_id": "s", "host_id": "h"}
    events = [
        {"event_id": "a", "type": "host_registered", "occurred_at": BEGIN_MS, "host_id": "h", "kind": "human"},
        {"event_id": "b", "type": "shift_started", "occurred_at": BEGIN_MS + 1} | air,
        {"event_id": "c", "type": "host_registered", "occurred_at": BEGIN_MS + 9, "host_id": "h", "kind": "digital"},
        {"event_id": "d", "type": "host_registered", "occurred_at": BEGIN_MS + 9, "host_id": "h", "kind": "human"},
    ]
    kinds = []
    with closing(Embedded.open(tmp_path)) as warehouse:
        writer = Processor(warehouse, warehouse.folder, Rules(), lambda: int(time.time() * 1000), unmarked)
        for number, event in enumerate(events):
            writer.process("roster", to_bytes([event | {"name": "n"}]), number + 1, number)
            kinds.append(warehouse.ask("SELECT kind FROM stretches FINAL ORDER BY started_at")["kind"].to_list())
    assert kinds == [[], ["human"], ["human", "digital"], ["human"]]


@pytest.mark.parametrize("steps", [("roster_events",), ("roster_events", "shifts")])
def test_what_a_half_written_batch_says_leaves_no_stretch_behind_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...]
) -> None:
    """It begins a script and changes a kind, both behind the end of the shift, which it tells too."""
    air = {"session_id": "s", "host_id": "h"}
    told = {"host_id": "h", "name": "h"}
    begun = [
        {"event_id": "a", "type": "host_registered", "occurred_at": BEGIN_MS, "kind": "human"} | told,
        {"event_id": "b", "type": "shift_started", "occurred_at": BEGIN_MS} | air,
    ]
    cut_off = [
        {"event_id": "c", "type": "shift_ended", "occurred_at": BEGIN_MS + 5} | air,
        {"event_id": "d", "type": "script_started", "occurred_at": BEGIN_MS + 8, "script_id": "sell"} | air,
        {"event_id": "e", "type": "host_registered", "occurred_at": BEGIN_MS + 9, "kind": "digital"} | told,
    ]
    history = stored_in([begun, cut_off], tmp_path / "whole")
    history.stored(2, steps, tmp_path / "cut off", monkeypatch)
    with closing(Embedded.open(tmp_path / "cut off")) as new:
        versions = history.tables["stretches"]
        new.insert("stretches", versions.filter(pl.col("batch") == 2), "repeat")
        assert standing(new.ask("SELECT * FROM stretches")) == history.as_of(2)
        assert len(history.as_of(2)) == 1


def test_registered_before_time_began() -> None:
    """Of two registrations at time zero the first holds, as in `roster_kinds`."""
    told = {"type": "host_registered", "occurred_ms": 0, "host_id": "h"}
    events = [told | {"event_id": "a", "kind": "human"}, told | {"event_id": "b", "kind": "digital"}]
    assert roster.kinds(pl.DataFrame(events, ROSTER)).rows() == [("h", 0, "human")]


def test_many_sessions_and_scripts_take_no_room_of_their_square() -> None:
    """Forty thousand sessions to the end of time, and one with twenty thousand starts."""
    sessions = pl.DataFrame({"session_id": [f"s{number}" for number in range(40_000)]})
    shifts = sessions.with_columns(host_id=pl.lit("h"), start_ms=pl.lit(BEGIN_MS), end_ms=pl.lit(OPEN_MS))
    starts = pl.DataFrame({"begun_ms": [BEGIN_MS + number for number in range(20_000)]})
    scripts = starts.with_columns(
        session_id=pl.lit("s0"), host_id=pl.lit("h"), script_id=pl.lit("sell"), variant=pl.lit("A")
    ).select("session_id", "host_id", "script_id", "variant", "begun_ms")
    found = roster.stretches(shifts, roster.kinds(pl.DataFrame(schema=ROSTER)), scripts)
    assert found.height == 39_999 + 20_000
    assert roster.lineups(shifts).height == 40_000


def ms_of(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def test_a_batch_writes_nothing_of_a_session_that_it_does_not_touch(history: History) -> None:
    facts = history.tables["roster_events"]
    registering = facts.filter(pl.col("type") == "host_registered")
    written = history.tables["stretches"].join(registering, on="batch", how="anti")
    assert written.height > SHIFTS
    assert written.join(facts, on=["session_id", "batch"], how="anti").is_empty()


def test_an_upgrade_fills_what_the_core_would_have_written(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.stored(1000, ("roster_events", "shifts", "batches"), tmp_path, monkeypatch)
    with closing(Embedded.open(tmp_path)) as new:
        filled = new.ask("SELECT * FROM stretches")
        assert standing(filled) == history.as_of(1000)
        shifts = history.tables["shifts"].sort("batch").unique(["session_id", "host_id", "started_at"], keep="last")
        assert filled.join(shifts, on=["session_id", "batch"], how="anti").is_empty()
        assert new.ask(LINE_UPS).equals(history.line_ups)
        assert history.line_ups.height > 16 * len(SESSIONS)


@pytest.mark.parametrize("steps", [(), ("roster_events",), ("roster_events", "shifts")])
def test_a_half_written_batch_is_left_to_its_repeat(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[str, ...]
) -> None:
    """However far the last batch came before the upgrade: its repeat ends where it would have ended without a stop."""
    last = -(-len(history.events) // AT_ONCE)
    changes = [batch for batch in range(2, last + 1) if history.as_of(batch) != history.as_of(batch - 1)]
    for batch in Random(7).sample(changes, 3):
        folder = tmp_path / str(batch)
        history.stored(batch, steps, folder, monkeypatch)
        with closing(Embedded.open(folder)) as new:
            versions = history.tables["stretches"]
            new.insert("stretches", versions.filter(pl.col("batch") == batch), "repeat")
            assert standing(new.ask("SELECT * FROM stretches")) == history.as_of(batch)
