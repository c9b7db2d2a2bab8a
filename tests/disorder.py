"""Every order that nobody promises becomes random: rows of answers, groups, joins, ties. `make disorder` tests with it.

A plugin of pytest, for one night or one file:

    PYTHONPATH=tests .venv/bin/python -m pytest -p disorder tests/test_comparison.py

What then fails, or tells another last digit, relied on an order that the engines keep only as long as they like to. The
same seed (DISORDER, else the day) makes the same chance. Processes that a test starts are left in order.
"""

import os
import random
import re
from datetime import UTC, datetime
from functools import wraps

import numpy as np
import polars as pl
from polars.lazyframe.group_by import LazyGroupBy

from analytics.warehouse.embedded import Embedded
from analytics.warehouse.server import Server

SEED = int(os.environ.get("DISORDER", datetime.now(UTC).toordinal()))
CHANCE = random.Random(SEED)
WORDLESS = re.compile(r"--.*|'(?:[^'\\]|\\.)*'")
INNERMOST = re.compile(r"[(\[][^()\[\]]*[)\]]")
ORDERED = re.compile(r"\bORDER BY\b(.*?)(?:\bLIMIT\b|\bSETTINGS\b|$)", re.DOTALL)
DIRECTION = re.compile(r"\s+(?:ASC|DESC|NULLS FIRST|NULLS LAST)\b")


def pytest_report_header():
    return f"disorder: seed {SEED}"


def shuffled(frame):
    """The rows in any order."""
    return frame.sample(fraction=1.0, shuffle=True, seed=CHANCE.getrandbits(32)) if frame.width else frame


def mixed(lazy):
    return lazy.map_batches(shuffled, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=False)


def sorted_by(text):
    """What a query sorts its answer by, or nothing; what stands in brackets is a matter of its own."""
    outside = WORDLESS.sub("", text)
    while (less := INNERMOST.sub("", outside)) != outside:
        outside = less
    found = ORDERED.search(outside)
    return [DIRECTION.sub("", term).strip() for term in found[1].split(",")] if found else []


def disordered(frame, text):
    """The rows of an answer in any order that the query allows; ties of an expression that it does not show stay."""
    names = sorted_by(text)
    if not frame.height or not set(names) <= set(frame.columns):
        return frame
    if not names:
        return shuffled(frame)
    runs = np.array(frame.select(pl.struct(names).rle_id()).to_series())
    return frame[np.lexsort(([CHANCE.random() for _ in runs], runs))]


def answering(frame_of):
    return lambda self, text, *more: disordered(frame_of(self, text, *more), text)


def unless_kept(method, *, before=False, after=False):
    """The method of lazy frames with rows mixed, where it is not asked to keep their order."""

    @wraps(method)
    def anyhow(self, *arguments, maintain_order=None, **more):
        if maintain_order and maintain_order != "none":
            return method(self, *arguments, maintain_order=maintain_order, **more)
        found = method(mixed(self) if before and more.get("keep", "any") == "any" else self, *arguments, **more)
        return mixed(found) if after else found

    return anyhow


def grouped(group_by):
    @wraps(group_by)
    def anyhow(self, *by, maintain_order=False, **named):
        found = group_by(self, *by, maintain_order=maintain_order, **named)
        found.kept = maintain_order
        return found

    return anyhow


def pytest_configure():
    aggregated, distinct, counted = LazyGroupBy.agg, pl.Series.unique, pl.Series.value_counts
    Embedded._frame, Server._frame = answering(Embedded._frame), answering(Server._frame)
    pl.LazyFrame.sort = unless_kept(pl.LazyFrame.sort, before=True)
    pl.LazyFrame.unique = unless_kept(pl.LazyFrame.unique, before=True, after=True)
    pl.LazyFrame.join = unless_kept(pl.LazyFrame.join, after=True)
    pl.LazyFrame.group_by = grouped(pl.LazyFrame.group_by)
    LazyGroupBy.agg = lambda self, *found, **named: (
        aggregated(self, *found, **named) if getattr(self, "kept", True) else mixed(aggregated(self, *found, **named))
    )
    pl.Series.unique = lambda self, *, maintain_order=False: (
        distinct(self, maintain_order=True) if maintain_order else distinct(self).shuffle(CHANCE.getrandbits(32))
    )
    pl.Series.value_counts = lambda self, **how: (
        counted(self, **how) if how.get("sort") else shuffled(counted(self, **how))
    )
