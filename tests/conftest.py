"""Fixtures: a warehouse in a folder of its own, and the word on what a test run requires."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from streams.processor import Processor

REQUIRED = set(os.environ.get("HOSTLEDGER_REQUIRE", "").replace(",", " ").split())
"""What must be there: a test that needs it then fails instead of being skipped."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Embedded]:
    opened = Embedded.open(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def processor(warehouse: Embedded) -> Callable[..., Processor]:
    def make(rules: Rules | None = None) -> Processor:
        return Processor(warehouse, warehouse.folder, rules or Rules(), lambda: int(time.time() * 1000))

    return make
