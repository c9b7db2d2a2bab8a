"""Claims about sheets, scopes, tiers and days: plain values in, plain values out."""

from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from contracts_stage import at
from hypothesis import given
from hypothesis import strategies as st

from analytics.contracts.fees import order_fees
from analytics.contracts.labels import GAPS
from analytics.contracts.likeness import break_even, fee_due
from analytics.contracts.pay import Days, tiered
from analytics.contracts.platforms import at_risk, rule_table
from analytics.contracts.schedules import matched, schedule, tiers
from analytics.contracts.scope import CONTRACTS, judged, with_twins
from analytics.contracts.sheets import WrongSheet
from analytics.contracts.splitting import accrued, divided, split
from analytics.contracts.states import STATES
from hostledger.commands.rules import shipped

UTC = ZoneInfo("UTC")
HEAD = "fee,platform,seller_id,host_id,host_kind,currency,from,until,bps,base,refundable,amount_minor,tiers\n"
FEE = "platform_fee,,,,,,2026-10-01,,250,gross,full,,\n"

WRONG = [
    ("", "the sheet is empty"),
    ("# nothing\n", "the sheet is empty"),
    (HEAD, "has no rows"),
    ("fee,from,colour\n", "field 'colour' of the head line is unknown"),
    ("fee,bps\n", "the head line lacks 'from'"),
    ("fee,from,from\n", "there twice"),
    (HEAD + "platform_fee,2026-10-01\n", "line 2 has 2 fields, the head has 13"),
    (HEAD + FEE.replace("platform_fee", "fee"), "line 2, fee 'fee': it is unknown; use one of platform_fee"),
    (HEAD + FEE.replace("2026-10-01", "2026-10-32"), "line 2, from '2026-10-32': write a day"),
    (HEAD + FEE.replace("2026-10-01", "20261001"), "line 2, from '20261001': write a day"),
    (HEAD + FEE.replace("2026-10-01,", "2026-10-01,2026-10-01"), "line 2, until '2026-10-01': it must be after"),
    (HEAD + FEE.replace("250", "2.5"), "line 2, bps '2.5': write basis points"),
    (HEAD + FEE.replace("250", "10001"), "line 2, bps '10001': write basis points from 0 to 10000"),
    (HEAD + FEE.replace("250", "٢٥"), "line 2, bps '٢٥'"),
    (HEAD + FEE.replace("gross", "all"), "line 2, base 'all': use gross"),
    (HEAD + FEE.replace("full", "half"), "line 2, refundable 'half': use full"),
    (HEAD + FEE.replace("gross,full", "net,none"), "a fee on net goes down with every refund"),
    (HEAD + FEE.replace("gross", ""), "line 2, base '': platform_fee needs it"),
    (HEAD + FEE.replace("full,", "full,7"), "line 2, amount_minor '7': platform_fee does not take it"),
    (HEAD + FEE.replace(",,,,,2026", ",,,,CNX,2026"), "line 2, currency 'CNX': use an ISO 4217 code"),
    (HEAD + FEE.replace(",,,,,2026", ",,,robot,,2026"), "line 2, host_kind 'robot'"),
    (HEAD + FEE + "# then\n" + FEE, "lines 2 and 4 both hold on 2026-10-01"),
    (HEAD + "host_hourly,,,,,,2026-10-01,,,,,500,\n", "it needs a currency"),
    (HEAD + "host_hourly,,,,,CNY,2026-10-01,,,,,-500,\n", "must not be negative"),
    (HEAD + "host_hourly,,,,,CNY,2026-10-01,,,,,1000000000000001,\n", "must not exceed 1,000,000,000,000,000"),
    (HEAD + "host_commission,,,,,CNY,2026-10-01,,,,full,,5:100\n", "line 2, tiers '5:100': write from:bps"),
    (HEAD + "host_commission,,,,,CNY,2026-10-01,,,,full,,0:100;0:200\n", "rising"),
    (HEAD + "host_commission,,,,,,2026-10-01,,,,full,,0:100;9:200\n", "say in which currency"),
    (HEAD + "ads,,,,,CNY,2026-10-01,,,,,500,\n", "say where they end"),
    (HEAD + '"ads,,,,\n', "line 2 is no CSV: unexpected end of data; quote a field that holds a comma or a quote"),
    (HEAD + FEE + FEE.replace(",,,", ',,"two\nlines",', 1), "line 3 is no CSV: unexpected end of data"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_wrong_sheet_is_refused_with_line_field_value_and_remedy(text: str, said: str) -> None:
    with pytest.raises(WrongSheet) as refused:
        schedule(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("douyin,2026-01-01,,allowed,law", "line 2, rule 'allowed': it is unknown; use banned or label_required"),
        ("douyin,2026-01-01,,banned,", "line 2, source '': say where the rule can be read"),
        (",2026-01-01,,banned,law", "line 2, platform ''"),
        ("douyin,,,banned,law", "line 2, from '': say the first day"),
    ],
)
def test_a_wrong_rule_is_refused_with_line_field_value_and_remedy(row: str, said: str) -> None:
    with pytest.raises(WrongSheet) as refused:
        rule_table(f"platform,from,until,rule,source\n{row}\n")
    assert said in str(refused.value)


def test_the_shipped_rules_are_read_and_each_names_its_source() -> None:
    table = rule_table(shipped())
    assert table.filter(pl.col("source").str.len_chars() > 20).height == table.height >= 7
    assert "no legal advice" in shipped().splitlines()[0]


def test_a_credit_against_several_rules_counts_once_banned_first_then_the_rule_that_began_first() -> None:
    at_ms = at("2026-10-02T00:00")
    sale = {
        "order_id": "o", "session_id": "s", "host_id": "ai", "host_kind": "digital", "platform": "douyin",
        "currency": "CNY", "at_ms": at_ms, "gross_before": 0, "net_before": 0, "gross_after": 300, "net_after": 300,
    }  # fmt: skip
    states = pl.DataFrame([sale], schema=STATES)
    gap = {"session_id": "s", "host_id": "ai", "platform": "douyin", "start_ms": at_ms, "end_ms": at_ms + 1}
    bare = pl.DataFrame([gap], schema=GAPS)
    head, ban = "platform,from,until,rule,source\n", "*,2026-10-01,,banned,b\n"
    labels = "douyin,2026-02-01,,label_required,later\ndouyin,2025-09-01,,label_required,first\n"
    names = ("rule", "source", "orders", "net_minor", "share_bp")
    for text, told in (
        (labels + ban, ("banned", "b", 1, 300, 10_000)),
        (labels, ("label_required", "first", 1, 300, 10_000)),
    ):
        assert at_risk(states, bare, rule_table(head + text), UTC).select(names).rows() == [told]


def test_the_most_precise_row_holds_and_only_on_its_days() -> None:
    table = schedule(
        HEAD
        + "platform_fee,,,,,,2026-10-01,,1,gross,full,,\n"
        + "platform_fee,douyin,,,,CNY,2026-10-01,,2,gross,full,,\n"
        + "platform_fee,,A,,,,2026-10-01,,3,gross,full,,\n"
        + "platform_fee,,,mei,,,2026-10-02,2026-10-03,4,gross,full,,\n"
        + "platform_fee,,,,digital,,2026-10-01,,5,gross,full,,\n"
    )
    day, seller = at("2026-10-02T00:00"), {"seller_id": "A", "platform": "douyin", "currency": "CNY"}
    subjects = [
        seller | {"host_id": "mei", "host_kind": "human", "at_ms": day},
        seller | {"host_id": "mei", "host_kind": "human", "at_ms": day - 1},
        seller | {"host_id": "mei", "host_kind": "human", "at_ms": at("2026-10-03T00:00")},
        seller | {"host_id": "bot", "host_kind": "digital", "at_ms": day},
        {
            "seller_id": "B",
            "platform": "douyin",
            "currency": "CNY",
            "host_id": "tom",
            "host_kind": "human",
            "at_ms": day,
        },
        {
            "seller_id": "B",
            "platform": "douyin",
            "currency": "JPY",
            "host_id": "tom",
            "host_kind": "human",
            "at_ms": day,
        },
        {"seller_id": None, "platform": None, "currency": "JPY", "host_id": "tom", "host_kind": "human", "at_ms": day},
        seller | {"host_id": "mei", "host_kind": "human", "at_ms": at("2026-10-01T00:00") - 1},
    ]
    found = matched(pl.DataFrame(subjects), "platform_fee", table, UTC)
    assert found["row"].to_list() == [5, 4, 4, 6, 3, 2, 2]  # lines of the file; before the first day there is none


def test_days_of_a_schedule_are_days_of_the_zone_of_the_books() -> None:
    table = schedule(HEAD + FEE)
    subject = {"seller_id": "A", "platform": "x", "currency": "CNY", "host_id": "mei", "host_kind": "human"}
    frame = pl.DataFrame([subject | {"at_ms": at("2026-09-30T16:00")}, subject | {"at_ms": at("2026-09-30T15:59")}])
    assert matched(frame, "platform_fee", table, ZoneInfo("Asia/Shanghai")).height == 1
    assert matched(frame, "platform_fee", table, UTC).height == 0


@pytest.mark.parametrize(
    ("terms", "kept", "taken"),
    [
        ("gross,none", 15, 15),  # 5 % of 300 stays
        ("gross,full", 15, 9),  # 15 less 5.5 of the refund, which is 6
        ("net,full", 15, 10),  # 9.5 of the 190 that are left
    ],
)
def test_a_refund_takes_back_of_a_fee_what_the_contract_says(terms: str, kept: int, taken: int) -> None:
    table = schedule(f"{HEAD}platform_fee,,,,,,2026-10-01,,500,{terms},,\n")
    at_ms = at("2026-10-02T00:00")
    order = {"order_id": "o", "host_id": "mei", "host_kind": "human", "currency": "CNY", "at_ms": at_ms}
    sale = order | {"gross_before": 0, "net_before": 0, "gross_after": 300, "net_after": 300}
    refund = order | {"gross_before": 300, "net_before": 300, "gross_after": 300, "net_after": 190}
    fees = [
        order_fees(pl.DataFrame([state], schema=STATES), table, UTC)["amount_minor"].to_list()
        for state in (sale, refund)
    ]
    assert fees == [[-kept], [kept - taken] if kept != taken else []]


def test_tiers_are_marginal_and_rounded_once() -> None:
    rates = tiers("0:100;5000:200;20000:1000")
    assert [tiered(amount, rates) for amount in (0, 49, 50, 51, 150, 5_000, 7_600, 30_000)] == [
        0,
        0,
        0,
        1,
        2,
        50,
        102,
        1_350,
    ]
    assert tiered(-7_600, rates) == -76


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
def test_division_rounds_half_to_even(numerator: int, denominator: int) -> None:
    assert divided(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.integers(0, 10**12), st.integers(1, 800), st.lists(st.integers(-50, 900), min_size=1, max_size=6))
def test_an_amount_over_days_adds_up_however_it_is_cut(amount: int, length: int, cuts: list[int]) -> None:
    first = date(2026, 1, 15)
    until, edges = date.fromordinal(first.toordinal() + length), sorted(cuts)
    bounds = [date(2025, 1, 1), *(date.fromordinal(first.toordinal() + cut) for cut in edges), date(2030, 1, 1)]
    reached = [accrued(amount, first, until, bound) for bound in bounds]
    assert reached == sorted(reached)
    assert reached[-1] - reached[0] == amount


def test_a_part_of_days_is_rounded_half_to_even() -> None:
    first, until, middle = date(2026, 10, 22), date(2026, 11, 11), date(2026, 11, 1)
    assert [accrued(amount, first, until, middle) for amount in (1_000, 1_001, 1_003)] == [500, 500, 502]


def test_a_fee_counts_the_days_that_the_contract_touches() -> None:
    october = Days(date(2026, 10, 1), date(2026, 11, 1), UTC)
    contract = {"fee_minor": 700, "valid_from_ms": at("2026-10-30T12:00"), "valid_to_ms": at("2026-11-05T00:01")}
    assert fee_due(contract, october) == 200  # two of seven days
    assert fee_due(contract | {"valid_to_ms": at("2026-11-05T00:00")}, october) == 233  # two of six
    assert fee_due(contract | {"valid_to_ms": at("2026-10-30T12:00")}, october) == 700  # no time, and still its fee
    midnight = contract | {"valid_from_ms": at("2026-10-31T00:00"), "valid_to_ms": at("2026-10-31T00:00")}
    assert fee_due(midnight, october) == 700
    assert fee_due(midnight | {"valid_to_ms": at("2026-10-01T00:00")}, october) == 700  # it ends before it begins


def test_a_break_even_needs_a_fee_and_a_rate() -> None:
    assert break_even(100_000, 300) == 3_333_333
    assert break_even(0, 300) is None
    assert break_even(None, 300) is None


def contract(**terms: object) -> dict[str, object]:
    base = {
        "contract_id": "c", "host_id": "ai", "owner": "mei", "valid_from_ms": 0, "valid_to_ms": 100, "fee_minor": 0,
        "currency": "CNY", "royalty_bps": 1, "platforms": [], "categories": [], "label_required": False,
    }  # fmt: skip
    return base | terms


def test_of_two_contracts_of_an_owner_the_one_that_began_first_has_the_sale_and_each_owner_has_one() -> None:
    told = [
        contract(contract_id="later", valid_from_ms=10),
        contract(contract_id="first", valid_from_ms=5),
        contract(contract_id="narrow", valid_from_ms=1, platforms=["x"]),
        contract(contract_id="studio", owner="studio", valid_from_ms=50),
    ]
    use = {"host_id": "ai", "platform": "douyin", "category": None}
    uses = pl.DataFrame([use | {"at_ms": ms} for ms in (20, 7, 3, 60, 100)], schema_overrides={"category": pl.String})
    found = judged(uses, pl.DataFrame(told, schema=CONTRACTS)).select("at_ms", "owner", "contract_id", "reason")
    assert found.rows() == [
        (20, "mei", "first", None),
        (20, "studio", "studio", "period"),
        (7, "mei", "first", None),
        (7, "studio", "studio", "period"),
        (3, "mei", "narrow", "platform"),
        (3, "studio", "studio", "period"),
        (60, "mei", "first", None),
        (60, "studio", "studio", None),
        (100, "mei", "narrow", "period"),
        (100, "studio", "studio", "period"),
    ]


def test_a_twin_that_nobody_licensed_is_outside_of_any_contract() -> None:
    twins = pl.DataFrame({"host_id": ["ai", "clone"], "likeness_of": ["mei", "tom"]})
    faces = with_twins(pl.DataFrame([contract()], schema=CONTRACTS), twins)
    use = pl.DataFrame({"host_id": ["clone"], "platform": ["x"], "category": ["y"], "at_ms": [5]})
    assert judged(use, faces).select("owner", "contract_id", "reason").rows() == [("tom", None, "no contract")]


def test_a_split_of_nothing_and_of_debts_adds_up() -> None:
    rows = pl.DataFrame(
        {"g": [1, 1, 2], "total": [-3, -3, 5], "weight": [0, 0, 9], "a": ["x"] * 3, "b": ["p", "q", "r"]}
    )
    parts = split(rows, ["g"], "total", "weight", ("a", "b")).to_list()
    assert parts[2] == 5
    assert sorted(parts[:2]) == [-2, -1]
    assert split(rows.clear(), ["g"], "total", "weight", ("a", "b")).to_list() == []
