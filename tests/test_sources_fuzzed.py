"""What the fuzzer of `make soak` starts from, and what it holds a source to, without the fuzzer."""

from pathlib import Path
from random import Random

import pytest
from nights import examples
from source_inputs import PLACES, first_inputs, mutated, refuses, try_one
from source_stage import signed
from test_house import ROOT, locked

from streams.sources.source import Notification


def by_bytes(data: bytes, most: int) -> bytes:
    random = Random(data)
    return bytes(byte ^ (random.random() < 0.02) for byte in data)[:most]


def test_first_inputs_and_what_mutations_make_of_them_hold() -> None:
    found = list(first_inputs())
    assert {PLACES[data[0]][0] for data in found} == {name for name, _ in PLACES}
    for number, data in enumerate(found):
        try_one(data)
        drawn = data
        for seed in range(examples(10)):
            drawn = mutated(drawn, 32_768, 1_000 * number + seed, by_bytes)
            assert len(drawn) <= 32_768
            try_one(drawn)


def test_a_source_that_believes_what_is_not_forged_is_told() -> None:
    body = b'{"order": 1}'
    with pytest.raises(AssertionError, match="shopify believes"):
        refuses("shopify", Notification(signed("shopify", body), body, 0))


def test_the_fuzzer_is_pinned_by_hash_and_started_by_the_makefile() -> None:
    assert list(locked("requirements-soak.lock")) == ["atheris"]
    assert locked("requirements-soak.lock")["atheris"][1] >= 3
    makefile = (Path(ROOT) / "Makefile").read_text()
    assert "--require-hashes -r requirements-soak.lock" in makefile
    assert "soak: install-dev fuzz" in makefile
    assert "tests/fuzz_sources.py -max_total_time=$(FUZZ_S)" in makefile
