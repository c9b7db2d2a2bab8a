"""Claims about exchange rates: exact, dated, versioned, never turned round, and what rounding does is said."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import NIGHT

from analytics import rates
from analytics.currencies import EXPONENTS
from analytics.rates import MissingRate, Rates, WrongRate

DAY = date(2026, 10, 1)
HEAD = "date,from,to,rate\n"
CODES = st.sampled_from(["CNY", "JPY", "KWD", "CLF", "USD"])
TEXTS = st.decimals(min_value="0.000001", max_value="99999", places=6).map(lambda rate: f"{rate:f}")
EMPTY = pl.DataFrame(schema=rates.RATES)


def stored(text, known_ms=0, before=EMPTY):
    return rates.news(rates.read(HEAD + text), before).with_columns(known_ms=pl.lit(known_ms, pl.Int64))


def refereed(minor, source, target, rate):
    """Convert in decimals wide enough to be exact: minor units of the target."""
    with localcontext() as context:
        context.prec = 200
        units = Decimal(minor).scaleb(-EXPONENTS[source]) * Decimal(rate)
        return units.scaleb(EXPONENTS[target])


def rounded(exact):
    with localcontext() as context:
        context.prec = 200
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@settings(max_examples=500 if NIGHT else 40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), CODES, st.integers(-(10**15), 10**15), st.integers(0, 10**15)), min_size=1),
    st.dictionaries(st.tuples(st.integers(0, 3), CODES), TEXTS, min_size=20, max_size=20),
)
def test_converted_amounts_are_the_exact_ones_rounded_once_and_the_rounding_is_said(amounts, given_rates):
    text = "".join(f"{DAY + timedelta(day)},{code},EUR,{rate}\n" for (day, code), rate in given_rates.items())
    columns = ["on_day", "currency", "gross_minor", "refunds_minor"]
    lines = pl.DataFrame([(DAY + timedelta(day), *rest) for day, *rest in amounts], schema=columns, orient="row")
    lines = lines.with_columns(host=pl.lit("h"), closed_ms=pl.lit(None, pl.Int64))
    table = rates.converted(lines, ["host"], "EUR", Rates.of(stored(text)))
    exact = {}
    for day, code, gross, refunds in amounts:
        sums = exact.setdefault(code, [Decimal(0), Decimal(0)])
        with localcontext() as context:
            context.prec = 200
            sums[0] += refereed(gross, code, "EUR", given_rates[day, code])
            sums[1] += refereed(refunds, code, "EUR", given_rates[day, code])
    rows = {row["currency"]: row for row in table.to_dicts()}
    total = rows.pop(None)
    assert rows.keys() == exact.keys()
    for code, row in rows.items():
        assert [row["in_gross_minor"], row["in_refunds_minor"]] == [rounded(part) for part in exact[code]]
        assert row["in_net_minor"] == row["in_gross_minor"] - row["in_refunds_minor"]
    with localcontext() as context:
        context.prec = 200
        whole = [rounded(sum(parts)) for parts in zip(*exact.values(), strict=True)]
    assert [total["in_gross_minor"], total["in_refunds_minor"]] == whole
    assert total["in_net_minor"] + total["in_rounding_minor"] == sum(row["in_net_minor"] for row in rows.values())


def test_half_a_unit_goes_to_the_even_one_and_decimals_of_the_currencies_count():
    assert refereed(5, "CNY", "EUR", "0.1") == Decimal("0.5")
    held = Rates.of(stored(f"{DAY},CNY,EUR,0.1\n{DAY},KWD,JPY,500\n"))
    assert round(rates.exactly(5, "CNY", "EUR", held.on(DAY, "CNY", "EUR"))) == 0
    assert round(rates.exactly(15, "CNY", "EUR", held.on(DAY, "CNY", "EUR"))) == 2
    assert rates.exactly(1_234, "KWD", "JPY", held.on(DAY, "KWD", "JPY")) == 617
    assert rates.exactly(7, "EUR", "EUR", held.on(DAY, "EUR", "EUR")) == 7


def test_a_rate_holds_for_a_week_in_its_own_direction_and_a_missing_one_names_day_and_pair():
    held = Rates.of(stored(f"{DAY},CNY,EUR,0.12\n{DAY + timedelta(2)},CNY,EUR,0.13\n"))
    assert held.on(DAY + timedelta(1), "CNY", "EUR").value == Fraction("0.12")
    newest = held.on(DAY + timedelta(8), "CNY", "EUR")
    assert (newest.value, newest.day) == (Fraction("0.13"), DAY + timedelta(2))
    for day, source, target in (
        (DAY + timedelta(9), "CNY", "EUR"),
        (DAY - timedelta(1), "CNY", "EUR"),
        (DAY, "EUR", "CNY"),
    ):
        with pytest.raises(MissingRate, match=f"no rate from {source} to {target} for {day}"):
            held.on(day, source, target)


def test_the_same_rate_again_is_nothing_new_and_another_one_is_a_new_version():
    first = stored(f"{DAY},CNY,EUR,0.12\n{DAY},USD,EUR,0.9\n")
    assert first["version"].to_list() == [1, 1]
    assert rates.news(rates.read(f"{HEAD}{DAY},CNY,EUR,0.1200\n"), first).is_empty()
    second = stored(f"{DAY},CNY,EUR,0.125\n", 1, first)
    assert second.select("from_currency", "version").rows() == [("CNY", 2)]
    third = stored(f"{DAY},CNY,EUR,0.12\n", 2, pl.concat([first, second]))
    assert third["version"].to_list() == [3], "back to the first one is a new version too"
    held = Rates.of(pl.concat([second, first, third]))
    assert (held.on(DAY, "CNY", "EUR").value, held.on(DAY, "CNY", "EUR").version) == (Fraction("0.12"), 3)


def test_a_closed_day_keeps_the_rates_of_its_closing_and_an_open_one_takes_the_latest():
    first = stored(f"{DAY},CNY,EUR,0.12\n", 10)
    second = stored(f"{DAY},CNY,EUR,0.5\n{DAY + timedelta(1)},CNY,EUR,0.6\n{DAY},USD,EUR,0.9\n", 30, first)
    third = stored(f"{DAY},CNY,EUR,0.7\n{DAY},USD,EUR,0.8\n", 40, pl.concat([first, second]))
    held = Rates.of(pl.concat([third, first, second]))

    def value(day, closed_ms, source="CNY"):
        return held.on(day, source, "EUR", closed_ms).value

    assert (value(DAY, 20), value(DAY, 30), value(DAY, None)) == (Fraction("0.12"), Fraction("0.5"), Fraction("0.7"))
    assert value(DAY + timedelta(1), 20) == Fraction("0.12"), "a nearer day that came later does not count either"
    assert value(DAY, 20, "USD") == Fraction("0.9"), "the first import of a rate that the closing lacked"
    assert value(DAY, 5) == Fraction("0.12")


@settings(max_examples=400 if NIGHT else 80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 99), st.integers(0, 20)), min_size=2, max_size=10),
    st.integers(0, 4),
    st.integers(0, 20),
)
def test_no_later_import_changes_what_a_closed_day_is_converted_at(imports, before, closed_ms):
    """Clocks of those who import and of who closes say what they like; the month is closed after so many imports."""
    kept, seen = EMPTY.with_columns(known_ms=pl.lit(0, pl.Int64)), {}
    for number, (day, rate, clock_ms) in enumerate(imports):
        closings = pl.Series([closed_ms] if number >= before else [], dtype=pl.Int64)
        at_ms = rates.after(clock_ms, kept["known_ms"], closings)
        kept = pl.concat([kept, stored(f"{DAY + timedelta(day)},CNY,EUR,{rate}\n", at_ms, kept)])
        for of in range(15) if number + 1 >= before else ():
            with suppress(MissingRate):
                found = Rates.of(kept).on(DAY + timedelta(of), "CNY", "EUR", closed_ms)
                assert seen.setdefault(of, found) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,from,to,rate\n", "line 1: the columns are day,from,to,rate; they must be date,from,to,rate"),
        ("", "line 1: the columns are missing"),
        (f"{HEAD}2026-10-01,CNY,EUR\n", "line 2: 3 fields"),
        (f"{HEAD}01.10.2026,CNY,EUR,1\n", "line 2: date '01.10.2026' is no day"),
        (f"{HEAD}2026-10-01,RMB,EUR,1\n", "line 2: from 'RMB' is unknown"),
        (f"{HEAD}2026-10-01,CNY,eur,1\n", "line 2: to 'eur' is unknown"),
        (f"{HEAD}2026-10-01,EUR,EUR,1\n", "line 2: from and to are both EUR"),
        (f"{HEAD}2026-10-01,CNY,EUR,0\n", "line 2: rate '0' is none"),
        (f"{HEAD}2026-10-01,CNY,EUR,-1\n", "line 2: rate '-1' is none"),
        (f"{HEAD}2026-10-01,CNY,EUR,1e3\n", "line 2: rate '1e3' is none"),
        (f'{HEAD}2026-10-01,CNY,EUR,"0,12"\n', "line 2: rate '0,12' is none"),
        (f"{HEAD}2026-10-01,CNY,EUR,٣\n", "line 2: rate '٣' is none"),
        (f"{HEAD}0001-01-01,CNY,EUR,1\n", "line 2: date '0001-01-01' is out of range; use a day from 1970-01-01 to"),
        (f"{HEAD}2202-10-01,CNY,EUR,1\n", "line 2: date '2202-10-01' is out of range"),
        (f"{HEAD}2026-10-01,CNY,EUR,0.{'1' * 19}\n", "at most 18 decimals"),
        (f"{HEAD}2026-10-01,CNY,EUR,1\n\n2026-10-01,CNY,EUR,2\n", "line 4: 2026-10-01 CNY EUR has another rate above"),
    ],
)
def test_what_is_no_rate_is_refused_by_line_field_and_value(text, said):
    with pytest.raises(WrongRate) as refused:
        rates.read(text)
    assert said in str(refused.value)


def test_a_rate_that_is_written_twice_in_two_ways_is_one():
    assert rates.read(f"{HEAD}2026-10-01,CNY,EUR,0.120\n20261001,CNY,EUR,0.12\n").height == 1


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_a_rate_is_shown_as_it_was_given(text):
    shown = rates.text(stored(f"{DAY},CNY,EUR,{text}\n")["rate"].item())
    assert Decimal(shown) == Decimal(text)
    assert "E" not in shown
