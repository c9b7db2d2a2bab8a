"""Paths that are texts are the same paths as lists: the same steps, the same credits, the same transitions."""

from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import examples

from analytics import chains, shares, texts
from analytics.chains import CONVERSION, NULL, START
from analytics.rules import Rules

searched = settings(deadline=None, max_examples=examples(60))
LONG = "an-id-of-more-than-thirty-bytes-1"
TRICKY = ["", "host-1", "host-11", "host-1\0", "\0", LONG, LONG + "2", "主播一号", "a\x1fb", "é", " x", '"']
NAME = st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters=">"), max_size=12)
PATHS = st.lists(st.lists(NAME, min_size=1, max_size=6), max_size=12)
USUAL = st.lists(st.lists(st.sampled_from(["host-1", "host-22", "主播", LONG]), min_size=1, max_size=6), max_size=12)
MANY = 1 << 14
FEW_AT_ONCE = pytest.mark.parametrize(("bytes_at_once", "most"), [(1, MANY), (20, MANY), (1 << 19, MANY), (20, 3)])


def told(steps: texts.Steps) -> tuple[list[str], list[int]]:
    return steps.lineups.names.gather(steps.lineup).to_list(), steps.count.tolist()


@FEW_AT_ONCE
@searched
@given(paths=PATHS | USUAL)
def test_the_steps_of_texts_are_what_stands_between_separators(
    paths: list[list[str]], bytes_at_once: int, most: int
) -> None:
    path = pl.Series([">".join(names) for names in paths], dtype=pl.String)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(texts, "_AT_ONCE", bytes_at_once)
        patched.setattr(texts, "_MOST", most)
        patched.setattr(texts, "_GLANCE", 1)
        every, first, last = texts.steps(path), texts.steps(path, "first"), texts.steps(path, "last")
    once = [1] * len(paths)
    assert told(every) == ([name for names in paths for name in names], [len(names) for names in paths])
    assert told(first) == ([names[0] for names in paths], once)
    assert told(last) == ([names[-1] for names in paths], once)
    assert every.lineups.names.n_unique() == len(every.lineups.names)


def test_texts_of_usual_names_are_never_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(texts, "_listed")
    paths = [["host-1", "host-22", "host-1"], ["主播一号"], [LONG, "host-1"]] * 3
    whole = pl.Series(["x", *(">".join(names) for names in paths)])
    for path in (whole[1:], pl.concat([whole[1:4], whole[4:]], rechunk=False)):
        assert told(texts.steps(path))[0] == [name for names in paths for name in names]


def test_a_missing_text_is_a_path_without_a_step() -> None:
    path = pl.Series([None, "a>b", None, "b", None], dtype=pl.String)
    assert told(texts.steps(path)) == (["a", "b", "b"], [0, 2, 0, 1, 0])
    assert told(texts.steps(path, "last")) == (["b", "b"], [0, 1, 0, 1, 0])
    counted = pl.DataFrame({"path": path, "conversions": [1, 2, 4, 8, 16], "nulls": 1})
    assert shares.credited(counted, "first", Rules()) == {"a": 2, "b": 8, "unattributed": 21}
    assert shares.fitted(counted).journeys == 12


@pytest.mark.parametrize("at_once", [1, 9, 1 << 16])
@searched
@given(paths=PATHS | USUAL, data=st.data())
def test_texts_give_the_credits_and_the_transitions_of_their_lists(
    paths: list[list[str]], at_once: int, data: st.DataObject
) -> None:
    times = st.integers(0, 3) | st.just(10**16)
    listed = pl.DataFrame(
        {"path": paths} | {end: [data.draw(times) for _ in paths] for end in ("conversions", "nulls")},
        schema={"path": pl.List(pl.String), "conversions": pl.Int64, "nulls": pl.Int64},
    )
    written = listed.with_columns(pl.col("path").list.join(">"))
    known = transitions(listed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chains, "AT_ONCE", at_once)
        patched.setattr(shares, "AT_ONCE", at_once)
        for found in (listed, written):
            assert {row[:2]: row[2] for row in shares.counted(found).iter_rows()} == known
        for model in set(shares.MODELS) - {"markov"}:
            assert shares.credited(written, model, Rules()) == shares.credited(listed, model, Rules())
        assert shares.counted(written, 2).rows() == shares.counted(listed, 2).rows()


def transitions(listed: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Count one by one."""
    found: Counter[tuple[str, str]] = Counter()
    for path, conversions, nulls in listed.iter_rows():
        for pair in zip([START, *path], path, strict=False):
            found[pair] += conversions + nulls
        found[path[-1], CONVERSION] += conversions
        found[path[-1], NULL] += nulls
    return {pair: times for pair, times in found.items() if times}


@pytest.mark.parametrize(("hosts", "journeys"), [(700, 400), (150, 20)])
def test_many_line_ups_are_counted_as_few_are(hosts: int, journeys: int) -> None:
    """So many that no table of all pairs is made; no short number holds every pair, or every length and name."""
    chance = np.random.default_rng(1)
    lengths = [*[5] * (journeys - 1), 200]
    paths = [[f"host-{number}" for number in chance.integers(0, hosts, length)] for length in lengths]
    listed = pl.DataFrame({"path": paths, "conversions": chance.integers(0, 3, journeys), "nulls": 1})
    written = listed.with_columns(pl.col("path").list.join(">"))
    assert {row[:2]: row[2] for row in shares.counted(written).iter_rows()} == transitions(listed)
    whole: defaultdict[str, Fraction] = defaultdict(Fraction)
    for path, conversions, _ in listed.iter_rows():
        for host in path:
            whole[host] += Fraction(conversions, len(path))
    assert shares.credited(written, "linear", Rules()) == {host: part for host, part in whole.items() if part}


def test_more_names_than_codes_are_left_to_polars() -> None:
    names = [f"host-{number}" for number in range(40_000)]
    assert told(texts.steps(pl.Series([">".join(names)])))[0] == names


def test_texts_are_cut_wherever_their_bytes_begin() -> None:
    flat = pa.array(["host-1", "a>b", "host-22>c"], pa.large_string())
    assert texts.pieces(flat[1:]).to_pylist() == [b"a>", b"b", b"host-22>", b"c"]
    assert texts.pieces(flat[2:]).to_pylist() == [b"host-22>", b"c"]
