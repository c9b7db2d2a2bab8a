"""Claims about the bridge: what some hosts lose others gain, to the minor unit, order by order; and how it is asked."""

import json
from collections import Counter
from contextlib import closing

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import NIGHT
from scenarios import scenario, to_bytes
from test_commands_reading import asked, run
from warehouse_stage import RECORDED_MS

from analytics.bridge import Uneven, bridged
from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from streams.processor import Processor

HOSTS = ("aoi", "mei", "tom", "unattributed")
SCHEMA = {"order_id": pl.String, "currency": pl.String, "host_id": pl.String, "amount_minor": pl.Int64}


def held(orders):
    """Frames of both sides. orders: (amounts before, amounts after) by host, of one order each."""
    rows = ([], [])
    for number, sides in enumerate(orders):
        for side, amounts in zip(rows, sides, strict=True):
            side += [(f"o{number}", "CNY" if number % 2 else "JPY", host, amount) for host, amount in amounts.items()]
    return [pl.DataFrame(side, schema=SCHEMA, orient="row") for side in rows]


def refereed(orders):
    """Give unit by unit: the first account that still has to lose to the first that still has to gain."""
    pairs = Counter()
    for number, (before, after) in enumerate(orders):
        change = {host: after.get(host, 0) - before.get(host, 0) for host in HOSTS}
        while any(change.values()):
            loser = next(host for host in HOSTS if change[host] < 0)
            gainer = next(host for host in HOSTS if change[host] > 0)
            pairs[loser, gainer, "CNY" if number % 2 else "JPY"] += 1
            change[loser] += 1
            change[gainer] -= 1
    return dict(pairs)


@st.composite
def an_order(draw):
    """Both sides of an order hold the same sum, which may be negative (a refund in a month of its own)."""
    amounts = [draw(st.dictionaries(st.sampled_from(HOSTS), st.integers(-30, 30), min_size=1)) for _ in range(2)]
    last = next(iter(amounts[1]))
    amounts[1][last] += sum(amounts[0].values()) - sum(amounts[1].values())
    return tuple(amounts)


@settings(max_examples=500 if NIGHT else 50, deadline=None)
@given(st.lists(an_order(), max_size=6))
def test_pairs_are_those_of_the_referee_and_close_with_the_hosts_and_the_orders(orders):
    found = bridged(*held(orders))
    pairs = {tuple(row[:3]): row[3] for row in found.pairs.iter_rows()}
    assert pairs == refereed(orders)
    for row in found.hosts.iter_rows(named=True):
        host, currency = row["host_id"], row["currency"]
        gains = sum(amount for pair, amount in pairs.items() if pair[1:] == (host, currency))
        losses = sum(amount for pair, amount in pairs.items() if (pair[0], pair[2]) == (host, currency))
        assert (row["in_minor"], row["out_minor"]) == (gains, losses)
        assert row["before_minor"] + gains - losses == row["after_minor"]
        assert row["difference_minor"] == gains - losses
    for currency in ("CNY", "JPY"):
        of = pl.col("currency") == currency
        assert found.hosts.filter(of)["difference_minor"].sum() == 0
        assert found.movers.filter(of)["moved_minor"].sum() == found.pairs.filter(of)["amount_minor"].sum()


def test_an_order_with_other_money_on_one_side_is_named():
    with pytest.raises(Uneven) as refused:
        bridged(*held([({"mei": 5}, {"tom": 5}), ({"mei": 5}, {"tom": 4})]))
    assert refused.value.order_ids == ["o1"]


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books") / "data"
    events = scenario(3, "medium", ordered=True)
    with closing(Embedded.open(folder)) as warehouse:
        processor = Processor(warehouse, folder, Rules(), lambda: RECORDED_MS)
        processor.process("test", to_bytes(events), 1, 0)
        processor.refit()
    return folder


def bridge(books, before, after, *options):
    return json.loads(
        run("bridge", "--from", before, "--to", after, "--data", books, "--format", "json", *options).stdout
    )


@pytest.mark.parametrize("model", ["on_air", "linear", "markov"])
def test_the_booked_rules_worked_out_anew_are_what_is_booked(books, model):
    found = bridge(books, model, f"{model}:lookback=7d,grace=120s")
    assert found["pairs"] == found["orders"] == []
    assert len(found["hosts"]) > 2


def test_a_booked_bridge_says_what_the_reports_say(books):
    found = bridge(books, "on_air", "linear", "--top", "1000")
    for side, model in (("before_minor", "on_air"), ("after_minor", "linear")):
        reported = Counter()
        for row in asked("report", "hosts", "--data", books, "--model", model):
            reported[row["host_id"], row["currency"]] += row["net_minor"]
        said = {(row["host_id"], row["currency"]): row[side] for row in found["hosts"] if row[side]}
        assert said == {key: net for key, net in reported.items() if net}
    assert found["pairs"]
    assert sum(row["amount_minor"] for row in found["pairs"]) == sum(row["moved_minor"] for row in found["orders"])
    parts = [bridge(books, "on_air", "linear", "--as", state) for state in ("first-reported", "now")]
    assert parts[0] == parts[1], "nothing is closed"


def test_a_longer_grace_takes_money_from_nobody_to_hosts_only(books):
    found = bridge(books, "on_air:grace=0s", "on_air:grace=4h")
    assert found["pairs"]
    assert {row["from_host_id"] for row in found["pairs"]} == {"unattributed"}
    shown = run("bridge", "--from", "on_air:grace=0s", "--to", "on_air:grace=4h", "--data", books).stdout
    assert "Hosts: on_air:grace=0s to on_air:grace=4h" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "on_air", "--to", "lastly"), "model 'lastly' is unknown"),
        (("--from", "on_air", "--to", "on_air:grace=5"), "duration '5' is not understood"),
        (("--from", "on_air", "--to", "on_air:width=5s"), "'width=5s' of 'on_air:width=5s' is not understood"),
        (("--from", "on_air", "--to", "on_air:grace=5s", "--as", "first-reported"), "use --as now, or booked models"),
    ],
)
def test_what_cannot_be_bridged_is_refused_by_name(books, words, said):
    assert said in run("bridge", *words, "--data", books, code=2).stderr
