"""Settlements against the slow referee: exact for any schedule, refunds, tiers, contracts and currencies."""

import random
from collections import defaultdict
from typing import Any

import contracts_referee as referee
import polars as pl
from contracts_stage import CATEGORIES, EDGES, HOSTS, MONTHS, World, clipped, days, deals, worlds
from contracts_stage import world as any_world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nights import NIGHT

from analytics.contracts import likeness
from analytics.contracts.labels import coverage, gaps, in_gap
from analytics.contracts.scope import CONTRACTS, by_category
from analytics.contracts.settlement import Facts, settlement
from analytics.contracts.states import LINES, STEPS
from analytics.contracts.waterfall import BY, KEPT, differences, waterfall


def searched(times: int) -> settings:
    """Look at so many worlds by day, and at many more by night."""
    return settings(
        max_examples=50 * times if NIGHT else times, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


MONTH = st.sampled_from([1, 2, 2, 0])


def summed(lines: pl.DataFrame, *steps: str) -> dict[tuple[Any, ...], int]:
    """Costs of these steps per order, account and source, as positive amounts."""
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for one in lines.filter(pl.col("step").is_in(steps)).iter_rows(named=True):
        found[one["order_id"], one["host_id"], one["source"]] -= one["amount_minor"]
    return {key: amount for key, amount in found.items() if amount}


def row_number(source: str) -> int:
    return int(source.removeprefix("fees line "))


def rows_of(world: World, fee: str) -> list[dict[str, Any]]:
    return world.schedule.filter(pl.col("fee") == fee).to_dicts()


@searched(25)
@given(worlds(), MONTH)
def test_every_step_is_what_plain_loops_and_fractions_say(world: World, month: int) -> None:
    period = days(month, month + 1)
    states = world.states(EDGES[month], EDGES[month + 1])
    lines = settlement(world.facts(EDGES[month], EDGES[month + 1]), period)
    for fee in ("platform_fee", "affiliate"):
        told = {
            (order, host, row_number(source)): amount for (order, host, source), amount in summed(lines, fee).items()
        }
        assert told == referee.order_fee(states, rows_of(world, fee))
    air = clipped(world.air, EDGES[month], EDGES[month + 1])
    for fee in ("host_hourly", "avatar_hourly"):
        paid: dict[tuple[str, str, int], int] = defaultdict(int)
        for one in lines.filter(pl.col("step") == fee).iter_rows(named=True):
            paid[one["session_id"], one["host_id"], row_number(one["source"])] -= one["amount_minor"]
        assert dict(paid) == referee.hours(air, rows_of(world, fee))
    earned: dict[tuple[str, int, str], int] = defaultdict(int)
    for one in lines.filter(pl.col("step") == "host_commission").iter_rows(named=True):
        earned[one["host_id"], row_number(one["source"]), one["currency"]] -= one["amount_minor"]
    assert {key: amount for key, amount in earned.items() if amount} == referee.commission(
        states, rows_of(world, "host_commission")
    )
    spent = lines.filter(pl.col("step") == "ads").group_by("source").agg(pl.col("amount_minor").sum())
    assert dict(spent.rows()) == {
        f"fees line {row['row']}": -part
        for row in rows_of(world, "ads")
        if (
            part := referee.spread_days(
                row["amount_minor"], row["from_day"], row["until_day"], *MONTHS[month : month + 2]
            )
        )
    }


@searched(15)
@given(worlds(), MONTH)
def test_royalties_are_what_plain_loops_say_and_no_sale_pays_an_owner_twice(world: World, month: int) -> None:
    window = (EDGES[month], EDGES[month + 1])
    faces = {one["host_id"] for one in world.contracts}
    states = [one for one in world.states(*window) if one["host_id"] in faces]
    expected = referee.royalty(referee.portions(states, world.lines, CATEGORIES), world.contracts)
    lines = settlement(world.facts(*window), days(month, month + 1))
    assert summed(lines, "royalty") == expected
    whole = [one | {"royalty_bps": 10_000} for one in world.contracts]
    facts = World(world.orders, world.lines, [], world.schedule, whole).facts(*window)
    paid = likeness.royalties(facts.portions, facts.contracts)
    owner = {one["contract_id"]: one["owner"] for one in whole}
    per_owner: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in paid.iter_rows(named=True):
        per_owner[one["order_id"], one["host_id"], owner[one["source"]]] -= one["amount_minor"]
    change = {(one["order_id"], one["host_id"]): one["net_after"] - one["net_before"] for one in states}
    assert [key for key, amount in per_owner.items() if abs(amount) > abs(change[key[:2]]) + 2] == []


@searched(12)
@given(worlds(), MONTH, st.sampled_from(sorted(BY)))
def test_a_waterfall_closes_with_the_books_by_whatever_it_is_told(world: World, month: int, by: str) -> None:
    window = (EDGES[month], EDGES[month + 1])
    table = waterfall(settlement(world.facts(*window), days(month, month + 1)), by)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for order in world.orders:
        paid = order["amount"] if window[0] <= order["at_ms"] < window[1] else 0
        back = sum(amount for ms, amount in order["refunds"] if window[0] <= ms < window[1])
        if paid or back:
            sums[order["currency"]][0] += paid
            sums[order["currency"]][1] += back
    booked = pl.DataFrame(
        [(code, gross, refunds) for code, (gross, refunds) in sums.items()],
        schema={"currency": pl.String, "gross_minor": pl.Int64, "refunds_minor": pl.Int64},
        orient="row",
    )
    assert differences(table, booked).to_dicts() == []
    totals = table.filter("is_total")
    for code in totals["currency"].unique():
        of_code = totals.filter(pl.col("currency") == code)
        steps = dict(of_code.select("step", "amount_minor").iter_rows())
        assert list(steps) == [*STEPS, KEPT]
        assert steps.pop(KEPT) == sum(steps.values())


@searched(10)
@given(worlds())
def test_months_add_up_to_the_quarter_whatever_was_refunded_when(world: World) -> None:
    steps = ("platform_fee", "affiliate", "royalty", "likeness_fee", "ads")
    parts = [settlement(world.facts(EDGES[month], EDGES[month + 1]), days(month, month + 1)) for month in range(3)]
    whole = settlement(world.facts(EDGES[0], EDGES[3]), days(0, 3))
    by_order = ("platform_fee", "affiliate", "royalty")
    assert summed(pl.concat(parts), *by_order) == summed(whole, *by_order)
    for step in steps:
        of_source = [
            frame.filter(pl.col("step") == step)
            .group_by("source")
            .agg(pl.col("amount_minor").sum())
            .filter(pl.col("amount_minor") != 0)
            for frame in (pl.concat(parts), whole)
        ]
        assert of_source[0].sort("source").equals(of_source[1].sort("source"))


@searched(8)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(world: World, chance: random.Random) -> None:
    facts = world.facts(EDGES[1], EDGES[2])
    mixed = Facts(*(getattr(facts, name)[chance.sample(range(getattr(facts, name).height), getattr(facts, name).height)]
                    for name in Facts.__dataclass_fields__))  # fmt: skip
    assert (
        settlement(facts, days(1, 2))
        .select(list(LINES))
        .sort(pl.all())
        .equals(settlement(mixed, days(1, 2)).select(list(LINES)).sort(pl.all()))
    )


def short() -> tuple[int, int]:
    """Bounds so short that a referee may look at every instant."""
    return EDGES[1], EDGES[1] + 40


def evenings() -> st.SearchStrategy[tuple[World, list[dict[str, Any]]]]:
    """Worlds of forty instants: shifts, labels and contracts that begin and end in the middle of sales."""
    return st.integers(0, 10**9).map(lambda seed: evening(random.Random(seed)))


def evening(chance: random.Random) -> tuple[World, list[dict[str, Any]]]:
    made = any_world(chance)
    first, last = short()
    rooms = [("s1", "A", "douyin", "beauty"), ("s2", "A", "tiktok", None)]
    for order in made.orders:
        order["at_ms"], order["session"] = chance.randrange(first, last), chance.choice(rooms)
        order["refunds"] = [(chance.randint(first, last), amount) for _, amount in order["refunds"]]
    air = []
    for session_id, seller_id, platform, category in rooms:
        place = {"session_id": session_id, "seller_id": seller_id, "platform": platform, "category": category}
        for host_id in chance.sample(["mei", "mei-ai", "bot"], 2):
            times = {"start_ms": chance.randint(first, first + 12), "end_ms": chance.randint(last - 12, last)}
            air.append(place | {"host_id": host_id, "host_kind": HOSTS[host_id]} | times)
    label = []
    for one in air:
        begin, end = sorted(chance.sample(range(first, last + 1), 2))
        if chance.random() < 0.7:
            label.append({name: one[name] for name in ("session_id", "host_id")} | {"start_ms": begin, "end_ms": end})
    contracts = deals(chance, first - 20, last + 20)
    return World(made.orders, made.lines, air, made.schedule, contracts), label


LABEL = {"session_id": pl.String, "host_id": pl.String, "start_ms": pl.Int64, "end_ms": pl.Int64}


@searched(30)
@given(evenings())
def test_use_outside_of_scope_is_what_a_look_at_every_instant_finds(scene: tuple[World, list[dict[str, Any]]]) -> None:
    """The month begins in the middle of it: sales from before it come back in it."""
    world, label = scene
    window = short()[0] + 13, short()[1]
    facts, shown = world.facts(*window), pl.DataFrame(label, schema=LABEL)
    bare, at_sales = gaps(facts.air, shown), gaps(world.facts(*short()).air, shown)
    found = likeness.outside(facts.portions, facts.air, bare, at_sales, facts.contracts)
    faces = {one["host_id"] for one in world.contracts}
    states = [one for one in world.states(*window) if one["host_id"] in faces]
    portions = referee.portions(states, world.lines, CATEGORIES)
    money, time = referee.evidence(portions, facts.air.to_dicts(), world.air, label, world.contracts)
    place = ["host_id", "owner", "contract_id", "reason", "session_id", "platform"]
    told = found.drop_nulls("currency")
    assert {
        row[:7]: list(row[7:]) for row in told.select(*place, "currency", "orders", "gross_minor", "net_minor").rows()
    } == money
    on_air = found.filter(pl.col("air_ms") > 0).select(*place, "air_ms")
    assert {row[:6]: row[6] for row in on_air.rows()} == time


@searched(30)
@given(evenings())
def test_the_label_is_covered_and_missing_at_the_very_instants(scene: tuple[World, list[dict[str, Any]]]) -> None:
    world, label = scene
    facts = world.facts(*short())
    bare = gaps(facts.air, pl.DataFrame(label, schema=LABEL))
    expected = {key: at for key, at in referee.unlabelled(world.air, label).items() if at}
    told: dict[tuple[str, str], set[int]] = defaultdict(set)
    for one in bare.iter_rows(named=True):
        told[one["session_id"], one["host_id"]] |= set(range(one["start_ms"], one["end_ms"]))
    assert told == expected
    for one in coverage(facts.air, bare).iter_rows(named=True):
        missing = expected.get((one["session_id"], one["host_id"]), set())
        assert one["air_ms"] - one["shown_ms"] == len(missing)
    sales = facts.states.filter(pl.col("host_kind") == "digital")
    inside = [row[2] in expected.get(row[:2], set()) for row in sales.select("session_id", "host_id", "at_ms").rows()]
    assert in_gap(sales, bare).to_list() == inside


@searched(10)
@given(worlds())
def test_credits_by_category_add_up_to_the_credit(world: World) -> None:
    facts = world.facts(EDGES[0], EDGES[3])
    split = by_category(facts.states, facts.order_lines, facts.sessions)
    key = ["order_id", "host_id"]
    money = ["gross_before", "net_before", "gross_after", "net_after"]
    assert split.group_by(key).agg(pl.col(money).sum()).sort(key).equals(facts.states.select(*key, *money).sort(key))
    assert facts.contracts.schema == CONTRACTS
