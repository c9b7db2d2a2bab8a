"""Claims about generated days: equal for equal plans, true to their truth, and full of what real days are full of."""

import gzip
import json
import re
from collections import Counter, defaultdict
from itertools import islice, pairwise

import pytest
import typer
from typer.testing import CliRunner

from hostledger.commands.generate import generate
from streams.generator import Plan, arrivals, truth

DAY_MS = 86_400_000
PLAN = Plan.sized(
    30_000, 600, hours=8, sessions=12, malformed_rate=0.002, repeat_rate=0.01, late_rate=0.01, numeric_id_rate=0.05
)
SMALL = Plan.sized(8_000, 60, hours=3, sessions=6)
ALWAYS = {"event_id": str, "type": str, "occurred_at": int}
ON_AIR = {"session_id": str, "host_id": str}
VIEWING = {"session_id": str, "viewer_id": str}
TERMS = {"contract_id": str, "host_id": str, "owner": str, "valid_from": int, "valid_to": int, "fee_minor": int}
REQUIRED = {
    "host_registered": {"host_id": str, "name": str, "kind": str},
    "session_started": {"session_id": str, "platform": str, "seller_id": str},
    "session_ended": {"session_id": str},
    "script_started": {**ON_AIR, "script_id": str},
    "product_clicked": {**VIEWING, "product_id": str},
    "cart_added": {**VIEWING, "product_id": str},
    "gift_sent": {**VIEWING, "amount_minor": int, "currency": str},
    "product_featured": {"session_id": str, "product_id": str},
    "order_paid": {"order_id": (str, int), "viewer_id": (str, int), "currency": str, "lines": list},
    "order_refunded": {"refund_id": str, "order_id": str, "amount_minor": int, "currency": str},
    "likeness_contracted": {**TERMS, "currency": str, "royalty_bps": int},
}
REQUIRED |= dict.fromkeys(("shift_started", "shift_ended", "label_shown", "label_hidden"), ON_AIR)
REQUIRED |= dict.fromkeys(("viewer_joined", "viewer_left", "commented", "liked", "shared", "followed"), VIEWING)
OPTIONAL = {
    "host_registered": {"likeness_of": str, "vendor": str, "avatar_version": str},
    "session_started": {"title": str, "category": str},
    "script_started": {"variant": str},
    "viewer_joined": {"source": str},
    "liked": {"count": int},
    "product_featured": {"host_id": str},
    "order_paid": {"session_id": str, "host_id": str},
    "order_refunded": {"viewer_id": str, "reason": str},
    "likeness_contracted": {"platforms": list, "categories": list, "label_required": bool},
}
NEEDED = {kind: {**ALWAYS, **fields} for kind, fields in REQUIRED.items()}
KNOWN = {kind: {**fields, **OPTIONAL.get(kind, {})} for kind, fields in NEEDED.items()}
UNKNOWN = {"app_version", "trace"}
CURRENCIES = {"CNY", "USD", "JPY", "EUR", "KWD"}


def written(plan, slice_ms=60_000):
    return b"".join(data for _, data in arrivals(plan, slice_ms))


def read(data):
    """Apply the rules of docs/EVENTS.md line by line: each event, or None for what is none."""
    return [is_event(line) for line in data.splitlines()]


def is_event(line):
    try:
        event = json.loads(line)
    except ValueError:
        return None
    kind = event["type"]
    if kind not in KNOWN or not NEEDED[kind].keys() <= event.keys() <= KNOWN[kind].keys() | UNKNOWN:
        return None
    typed = all(isinstance(event[name], types) for name, types in KNOWN[kind].items() if name in event)
    return event if typed and event.get("currency", "CNY") in CURRENCIES and amount(event) >= 0 else None


def amount(event):
    return sum(line["amount_minor"] for line in event.get("lines", ()))


@pytest.fixture(scope="module")
def day():
    return written(PLAN)


@pytest.fixture(scope="module")
def lines(day):
    return read(day)


@pytest.fixture(scope="module")
def known():
    return truth(PLAN)


@pytest.fixture(scope="module")
def events(lines):
    """The well-formed events, each once, by type."""
    by_type = defaultdict(list)
    for event in {event["event_id"]: event for event in lines if event}.values():
        by_type[event["type"]].append(event)
    return dict(by_type)


def by_currency(rows):
    sums = Counter()
    for currency, minor in rows:
        sums[currency] += minor
    return dict(sums)


def test_the_same_plan_gives_the_same_bytes_and_another_seed_does_not():
    assert written(SMALL) == written(SMALL)
    assert written(SMALL) != written(Plan.sized(8_000, 60, hours=3, sessions=6, seed=8))


@pytest.mark.parametrize("slice_ms", [997, 3_600_001, 400 * DAY_MS])
def test_the_slices_do_not_change_the_bytes(slice_ms):
    assert written(SMALL, slice_ms) == written(SMALL)


def test_nothing_arrives_before_it_happens_and_slices_only_go_forward():
    ends = []
    for until_ms, data in arrivals(SMALL, 7_000):
        ends.append(until_ms)
        assert data.endswith(b"\n")
        times = [event["occurred_at"] for event in read(data) if event]
        assert all(at_ms < until_ms for at_ms in times)
    assert all(a < b for a, b in pairwise(ends))
    assert all((until_ms - SMALL.start_ms) % 7_000 == 0 for until_ms in ends)


def test_every_line_is_counted_by_the_truth(lines, events, known):
    good = [event["event_id"] for event in lines if event]
    assert len(lines) == known.lines
    assert {kind: len(found) for kind, found in events.items()} == known.events_by_type
    assert len(good) - len(set(good)) == known.repeated_lines > 100
    assert len(lines) - len(good) == known.malformed_lines == sum(known.malformed_by_fault.values()) > 30


def test_the_money_of_the_truth_is_the_money_of_the_events(events, known):
    paid = {str(order["order_id"]): order for order in events["order_paid"]}
    refunds = {refund["refund_id"]: refund for refund in events["order_refunded"]}
    back = by_currency((refund["order_id"], refund["amount_minor"]) for refund in refunds.values())
    excess = by_currency(
        (paid[order]["currency"], minor - amount(paid[order]))
        for order, minor in back.items()
        if minor > amount(paid[order])
    )
    assert by_currency((order["currency"], amount(order)) for order in paid.values()) == known.gross_minor
    assert by_currency((r["currency"], r["amount_minor"]) for r in refunds.values()) == known.refunded_minor
    assert excess == known.excess_minor
    assert (len(paid), len(refunds), len(back)) == (known.orders, known.refunds, known.refunded_orders)
    assert len(events["order_refunded"]) - len(refunds) == known.refunds_told_again > 0
    assert all(paid[refund["order_id"]]["currency"] == refund["currency"] for refund in refunds.values())


def test_the_crowd_of_the_truth_is_the_crowd_of_the_events(events, known):
    orders = events["order_paid"]
    assert len({event["viewer_id"] for event in events["viewer_joined"]}) == known.viewers
    assert len(events["session_started"]) == known.sessions == PLAN.sessions
    assert sum("session_id" not in order for order in orders) == known.orders_outside > 0
    assert sum("host_id" in order for order in orders) == known.orders_declared > 0
    assert sum(amount(order) == 0 for order in orders) == known.orders_sample > 0
    assert sum(order["lines"][-1]["amount_minor"] < 0 for order in orders) == known.orders_discounted > 0
    found = (event for group in events.values() for event in group)
    assert sum("trace" in event for event in found) == known.extra_field_events > 0


def test_numeric_ids_keep_all_their_digits(events, known):
    numeric = [order for order in events["order_paid"] if isinstance(order["order_id"], int)]
    viewers = {event["viewer_id"] for event in events["viewer_joined"]}
    assert len(numeric) == known.numeric_id_orders > 0
    assert all(order["order_id"] > 2**53 for order in numeric)
    assert all(str(order["viewer_id"]) in viewers for order in numeric)


def test_refunds_come_after_minutes_and_after_months(events):
    sold = {str(order["order_id"]): order["occurred_at"] for order in events["order_paid"]}
    delays = [refund["occurred_at"] - sold[refund["order_id"]] for refund in events["order_refunded"]]
    assert 0 < min(delays) < DAY_MS / 24
    assert 60 * DAY_MS < max(delays) <= 120 * DAY_MS
    assert 0.10 <= len(delays) / len(sold) <= 0.22


def test_digital_twins_have_their_people_their_vendor_and_a_contract(events):
    hosts = {host["host_id"]: host for host in events["host_registered"]}
    twins = [host for host in hosts.values() if "likeness_of" in host]
    versions = Counter(host["host_id"] for host in events["host_registered"])
    assert len(twins) == PLAN.rooms
    assert all(hosts[twin["likeness_of"]]["kind"] == "human" for twin in twins)
    assert all(twin["kind"] == "digital" and twin["vendor"] and twin["avatar_version"] for twin in twins)
    assert any(host["kind"] == "digital" and "likeness_of" not in host for host in hosts.values())
    assert {contract["host_id"] for contract in events["likeness_contracted"]} == {twin["host_id"] for twin in twins}
    assert versions["lin-xiaoyu-ai"] == 2


def test_names_and_titles_keep_their_script(day, events):
    names = {host["name"] for host in events["host_registered"]}
    assert {"林小雨", "陈伟", "Ava Chen", "佐藤美咲", "Léa Martin"} <= names
    assert "林小雨".encode() in day
    assert any("云上" in session["title"] for session in events["session_started"])


def test_hosts_hand_over_at_the_instant_and_one_label_has_a_gap(events):
    ends = {(end["session_id"], end["occurred_at"]): end["host_id"] for end in events["shift_ended"]}
    starts = [(start["session_id"], start["occurred_at"], start["host_id"]) for start in events["shift_started"]]
    handed = [host for session, at_ms, host in starts if ends.get((session, at_ms), host) != host]
    shown = Counter((mark["session_id"], mark["host_id"]) for mark in events["label_shown"])
    on_air = Counter((mark["session_id"], mark["host_id"]) for mark in events["shift_started"])
    assert len(handed) > 5
    assert sum(shown[pair] > on_air[pair] for pair in shown) >= 1
    assert {script["variant"] for script in events["script_started"]} == {"A", "B"}


def test_viewers_act_only_while_their_session_is_on(events):
    bounds = {s["session_id"]: [s["occurred_at"]] for s in events["session_started"]}
    for end in events["session_ended"]:
        bounds[end["session_id"]].append(end["occurred_at"])
    acts = [event for group in events.values() for event in group if "session_id" in event and "viewer_id" in event]
    assert all(bounds[act["session_id"]][0] < act["occurred_at"] <= bounds[act["session_id"]][1] for act in acts)
    assert len(events["viewer_left"]) < 0.95 * len(events["viewer_joined"])


@pytest.mark.parametrize(
    ("size", "orders", "more"), [(50_000, 600, {"hours": 8, "sessions": 12}), (30_000, 300, {"seed": 11, "hours": 12})]
)
def test_a_sized_plan_hits_its_size(size, orders, more):
    known = truth(Plan.sized(size, orders, **more))
    assert known.lines == pytest.approx(size, rel=0.05)
    assert known.orders == pytest.approx(orders, rel=0.05)


def test_a_demo_begins_with_its_roster_and_is_lively_at_once():
    slices = [data for _, data in islice(arrivals(Plan.demo(), 1_000), 600)]
    first = [json.loads(line)["type"] for line in slices[0].splitlines()]
    roster = {"host_registered", "likeness_contracted", "session_started", "shift_started", "label_shown"}
    assert roster <= set(first[: first.index("viewer_joined")])
    assert roster.isdisjoint(first[first.index("viewer_joined") :])
    assert 40 <= sum(data.count(b"\n") for data in slices) / 600 <= 90
    assert 0.5 <= sum(data.count(b'"order_paid"') for data in slices) / 600 <= 2


def lead_of_avatars(data, first_ms, last_ms):
    """Declared orders per hour on air, digital over human, between two instants."""
    rare = (b'"order_paid"', b'"shift_', b'"host_registered"')
    avatars, began, sold, aired = set(), {}, Counter(), Counter()
    for event in (json.loads(line) for line in data.splitlines() if any(kind in line for kind in rare)):
        host, at_ms = event.get("host_id"), event["occurred_at"]
        if event["type"] == "host_registered" and event["kind"] == "digital":
            avatars.add(host)
        elif event["type"] == "shift_started":
            began[event["session_id"], host] = at_ms
        elif event["type"] == "shift_ended":
            start = began[event["session_id"], host]
            aired[host in avatars] += max(0, min(at_ms, last_ms) - max(start, first_ms))
        elif event["type"] == "order_paid" and host:
            sold[host in avatars] += first_ms <= at_ms < last_ms
    return (sold[True] / aired[True]) / (sold[False] / aired[False])


def test_the_novelty_of_avatars_wears_off_in_the_orders():
    steady = {"cohost_rate": 0.0, "late_rate": 0.0, "repeat_rate": 0.0, "malformed_rate": 0.0, "outside_rate": 0.0}
    new = {"avatar_age_days": 0.0, "novelty_lift": 4.0, "novelty_half_life_days": 0.5, "digital_night_share": 0.4}
    size = {"hours": 72, "sessions": 4, "rooms": 2, "viewers": 4_000, "orders": 2_000, "declared_rate": 1.0}
    plan = Plan(**size, **steady, **new, shift_minutes=30.0, likes_per_visit=0.0)
    data = written(plan)
    first = lead_of_avatars(data, plan.start_ms, plan.start_ms + DAY_MS)
    last = lead_of_avatars(data, plan.end_ms - DAY_MS, plan.end_ms)
    assert first > 1.7 * last


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("late_rate", 1.5), ("hours", 0), ("seed", -1), ("shift_minutes", 0), ("gifts_per_visit", -1)),
        *(("orders", 10**6), ("sessions", 2), ("sessions", 10**5), ("start_ms", 0), ("rooms", 10**4)),
        *(("carts_per_visit", 9), ("watch_sigma", float("nan"))),
    ],
)
def test_a_wrong_plan_is_refused_by_the_name_of_its_field(field, value):
    with pytest.raises(ValueError, match=f"{field}={value}.*(give|;)"):
        Plan(**{field: value})


@pytest.mark.parametrize(
    "wrong", [{"events": 100}, {"orders": -1}, {"viewers": 5}, {"events": 50_000, "orders": 9_000}]
)
def test_a_size_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        Plan.sized(**wrong)


@pytest.mark.parametrize("orders", [0, 1, 1_500, 3_000])
def test_too_few_events_are_told_how_many_there_have_to_be(orders):
    with pytest.raises(ValueError, match="give at least") as refused:
        Plan.sized(1, orders, hours=336)
    least = int(re.search(r"at least (\d+) events", str(refused.value))[1])
    assert Plan.sized(least, orders, hours=336).orders == orders
    with pytest.raises(ValueError, match=f"give at least {least} events"):
        Plan.sized(least - least // 20, orders, hours=336)


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(generate)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_writes_the_day_and_its_truth(command, tmp_path):
    size = ("--events", 9_000, "--orders", 60, "--hours", 2, "--start", "2026-05-01T08:00:00+08:00")
    plain, packed = tmp_path / "day.ndjson", tmp_path / "day.ndjson.gz"
    assert command(plain, *size).exit_code == command(packed, *size).exit_code == 0
    known = json.loads(plain.with_name("day.ndjson.truth.json").read_bytes())
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes() == command("-", *size).stdout_bytes
    assert known["lines"] == plain.read_bytes().count(b"\n")
    assert known["start_ms"] == 1_777_593_600_000
    assert {"multiplier", "avatar_versions"} <= known["hosts"][0].keys()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".gz", ".json", ".json", ".ndjson"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("day", "--start", "noon"), "start=noon"),
        (("day", "--late-rate", "2"), "late_rate=2.0"),
        (("day", "--events", "10"), "events=10"),
        (("no-such-folder/day", "--events", "9000", "--orders", "60", "--hours", "2"), "OUT=no-such-folder/day"),
    ],
)
def test_the_command_refuses_in_a_sentence(command, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    result = command(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not list(tmp_path.iterdir())
