"""Who was exposed to which variant, and what they bought: against a slow referee, on random evenings."""

from random import Random

import polars as pl
import pytest
import referee_exposures as referee
from nights import seeds
from referee_exposures import arm
from scenarios import scenario, to_bytes

from analytics import presence, roster
from analytics.crediting import activity, deduplicated, presence_marks
from analytics.decoding import decode
from analytics.experiments.exposures import arms, exposures, outcomes, runs

IDLE_MS, WINDOW_MS, PAST_MS = 3_600_000, 9_000_000, 5_400_000
SHARES = {"A": 3, "B": 2}
SEEDS = seeds(0, 6, 18)


def evening(seed):
    """A random evening whose hosts begin scripts, at times two variants at once, at times another script."""
    events, random = scenario(seed, "medium"), Random(seed)
    shifts = [event for event in events if event["type"] == "shift_started"]
    for number, shift in enumerate(shifts):
        for at_ms in sorted({shift["occurred_at"] + random.choice((0, 60_000, 600_000, 1_800_000)) for _ in range(3)}):
            script = random.choice(("opening", "opening", "closing"))
            for variant in random.choice((["A"], ["B"], ["A", "B"], [None])):
                said = {"event_id": f"run-{number}-{at_ms}-{variant}", "type": "script_started", "occurred_at": at_ms}
                place = {name: shift[name] for name in ("session_id", "host_id")}
                events.append(said | place | {"script_id": script} | ({"variant": variant} if variant else {}))
    random.shuffle(events)
    return events


def core(events):
    """The same by the core's frames."""
    facts = deduplicated(decode(to_bytes(events)).facts)
    ends = roster.session_ends(facts.roster_events)
    shifts = roster.shifts(roster.shift_marks(facts.roster_events), ends)
    acts = activity(facts.viewer_events, facts.orders)
    seen = presence.watches(presence.ordered(presence_marks(facts.viewer_events)), acts, ends, IDLE_MS)
    started = facts.roster_events.filter(pl.col("type") == "script_started").rename({"occurred_ms": "at_ms"})
    return facts, seen, exposures(seen, runs(started, shifts, "opening"))


@pytest.mark.parametrize("seed", SEEDS)
def test_exposures_and_arms_are_the_referees(seed):
    events = evening(seed)
    found = core(events)[2]
    expected = referee.exposed(events, "opening", IDLE_MS)
    assert {row[0]: row[1:] for row in found.iter_rows()} == expected
    assert found["exposed_ms"].is_sorted()
    held = arms(found, "opening", SHARES)
    for viewer, variants, given, shown in held.select("viewer_id", "variants", "assigned", "seen").iter_rows():
        assert given == arm(viewer, "opening", SHARES)
        assert shown == (given if given in variants else variants[0])


def test_what_they_bought_after_and_before_is_the_referees_to_the_minor_unit():
    sums = []
    for seed in SEEDS:
        events = evening(seed)
        facts, _, found = core(events)
        later = found.with_columns(pl.col("exposed_ms").max() + 1_800_000)[::2]
        found = pl.concat([found, later]).unique("viewer_id", keep="last", maintain_order=True)
        for currency in ("CNY", "JPY", "KWD"):
            orders, refunds = (frame.filter(pl.col("currency") == currency) for frame in (facts.orders, facts.refunds))
            for row in outcomes(found, orders, refunds, WINDOW_MS, PAST_MS).iter_rows(named=True):
                viewer, at_ms = row["viewer_id"], row["exposed_ms"]
                net = referee.net(events, viewer, at_ms, at_ms, at_ms + WINDOW_MS, currency)
                past = referee.net(events, viewer, at_ms, at_ms - PAST_MS, at_ms, currency)
                assert (row["net_minor"], row["past_minor"]) == (net, past)
                sums.append((net, past))
    assert min(sum(net > 0 for net, _ in sums), sum(past > 0 for _, past in sums)) > 4, "too few bought to show much"


def test_stored_changes_of_presence_are_the_watches_again_also_after_corrections():
    watched = core(scenario(3, "medium"))[1]
    begun = watched.select("viewer_id", "session_id", at_ms="start_ms", change=pl.lit(1))
    ended = watched.filter(pl.col("end_ms") < presence.OPEN_MS).select(
        "viewer_id", "session_id", at_ms="end_ms", change=pl.lit(-1)
    )
    wrong = watched.select("viewer_id", "session_id", at_ms=pl.col("start_ms") + 1, change=pl.lit(-1))
    taken_back = wrong.with_columns(change=pl.lit(1))
    changes = pl.concat([begun, ended, wrong, taken_back]).sample(fraction=1, shuffle=True, seed=1)
    assert presence.watched_between(changes).equals(watched)


def shift(host_id="ava", start_ms=0, end_ms=100):
    return {"session_id": "s", "host_id": host_id, "start_ms": start_ms, "end_ms": end_ms}


def start(at_ms, script_id="x", variant="A", host_id="ava"):
    return {"session_id": "s", "host_id": host_id, "script_id": script_id, "variant": variant, "at_ms": at_ms}


class TestRuns:
    @staticmethod
    def found(*starts, shifts=()):
        return (
            runs(pl.DataFrame(starts), pl.DataFrame(shifts or [shift()]), "x")
            .select("start_ms", "end_ms", "variants")
            .rows()
        )

    def test_a_script_runs_until_the_host_begins_another_or_goes_off_air(self):
        assert self.found(start(10), start(40, "y"), start(60, variant="B")) == [(10, 40, ["A"]), (60, 100, ["B"])]

    def test_variants_begun_at_one_instant_run_side_by_side(self):
        assert self.found(start(10, variant="B"), start(10, variant="A")) == [(10, 100, ["A", "B"])]

    def test_another_hosts_script_ends_nothing(self):
        both = (shift(), shift("bo"))
        assert self.found(start(10), start(40, "y", host_id="bo"), shifts=both) == [(10, 100, ["A"])]

    def test_a_start_off_air_is_no_run(self):
        assert self.found(start(100), start(10), shifts=(shift(), shift(start_ms=150, end_ms=200))) == [
            (10, 100, ["A"])
        ]


def test_the_past_is_net_of_what_went_back_before_the_exposure_and_the_window_of_all_that_did():
    exposed = pl.DataFrame({"viewer_id": ["v", "w"], "exposed_ms": [100, 100]})
    paid = [("old", 40, 9), ("past", 50, 1000), ("at", 100, 500), ("last", 149, 70), ("late", 150, 8)]
    orders = pl.DataFrame(paid, schema=["order_id", "ordered_ms", "amount_minor"], orient="row")
    went = [("past", 99, 300), ("past", 100, 200), ("at", 9_999, 450), ("at", 100, 90), ("last", 200, 1)]
    refunds = pl.DataFrame(went, schema=["order_id", "refunded_ms", "amount_minor"], orient="row")
    bought = outcomes(exposed, orders.with_columns(viewer_id=pl.lit("v")), refunds, 50, 50)
    assert bought.select("viewer_id", "net_minor", "past_minor").rows() == [("v", 0 + 69, 700), ("w", 0, 0)]
