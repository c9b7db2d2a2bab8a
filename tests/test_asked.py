"""What a batch looks up: each key once, what is expected along with the rest, and nobody else's rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from analytics.warehouse import WarehouseAway
from streams.aside import at_once
from streams.asked import Asked

STORED = pl.DataFrame({"viewer_id": ["ann", "ann", "ben", "cleo"], "at_ms": [1, 2, 3, 4]})


def telling(asked: list[list[str]]) -> Callable[[list[str]], pl.DataFrame]:
    """Answer from STORED, and note what was asked."""

    def ask(viewers: list[str]) -> pl.DataFrame:
        asked.append(viewers)
        return STORED.filter(pl.col("viewer_id").is_in(viewers))

    return ask


def times(found: pl.DataFrame) -> list[int]:
    return sorted(found["at_ms"])


def test_a_key_is_asked_for_once_and_a_new_one_by_itself() -> None:
    asked: list[list[str]] = []
    marks = Asked(telling(asked), "viewer_id")
    assert times(marks.of(pl.Series(["ann", "ann"]))) == [1, 2]
    assert times(marks.of(pl.Series(["ann"]))) == [1, 2]
    assert times(marks.of(pl.Series(["ben", "ann"]))) == [1, 2, 3]
    assert asked == [["ann"], ["ben"]]


def test_a_key_without_rows_is_not_asked_for_again() -> None:
    asked: list[list[str]] = []
    marks = Asked(telling(asked), "viewer_id")
    assert [times(marks.of(pl.Series(["nobody"]))) for _ in range(2)] == [[], []]
    assert asked == [["nobody"]]


def test_what_is_expected_is_asked_for_along_and_given_when_it_is_wanted() -> None:
    asked: list[list[str]] = []
    marks = Asked(telling(asked), "viewer_id", expected=["cleo", "ben"])
    assert times(marks.of(pl.Series(["ann"]))) == [1, 2]
    assert times(marks.of(pl.Series(["cleo"]))) == [4]
    assert asked == [["ann", "ben", "cleo"]]


def test_nothing_is_asked_before_a_key_is_wanted() -> None:
    asked: list[list[str]] = []
    Asked(telling(asked), "viewer_id", expected=["ann"])
    assert asked == []


def test_what_is_asked_ahead_is_not_asked_again() -> None:
    asked: list[list[str]] = []
    marks = Asked(telling(asked), "viewer_id", expected=["cleo", "ben"]).ahead(at_once)
    assert asked == [["ben", "cleo"]]
    assert times(marks.of(pl.Series(["cleo"]))) == [4]
    assert times(marks.of(pl.Series(["ben", "ann"]))) == [1, 2, 3]
    assert asked == [["ben", "cleo"], ["ann"]]


def test_nothing_is_asked_ahead_where_nothing_is_expected() -> None:
    asked: list[list[str]] = []
    Asked(telling(asked), "viewer_id").ahead(at_once)
    assert asked == []


def test_a_look_up_that_failed_aside_is_heard_of_when_it_is_needed() -> None:
    def away(_viewers: list[str]) -> pl.DataFrame:
        raise WarehouseAway("away")

    with ThreadPoolExecutor(1) as threads:
        marks = Asked(away, "viewer_id", expected=["ann"]).ahead(lambda work: threads.submit(work).result)
        for _ in range(2):
            with pytest.raises(WarehouseAway):
                marks.of(pl.Series(["ann"]))
