"""`hostledger compare` on made-up days whose true effect is known, as people run it."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from analytics.rules import HOUR_MS, Rules
from analytics.warehouse.embedded import Embedded
from hostledger.door import build
from streams.generator import Plan, arrivals
from streams.processor import Processor

EFFECT = 0.5
PLAN = Plan.sized(
    events=50_000,
    orders=2_500,
    hours=96,
    sessions=48,
    rooms=2,
    host_sigma=0.0,
    digital_effect=EFFECT,
    novelty_lift=0.0,
    variant_b_effect=1.0,
    avatar_age_days=0.0,
    likes_per_visit=0.0,
    comments_per_visit=0.0,
    malformed_rate=0.0,
)
Run = Callable[..., Result]


def stretches() -> Iterator[bytes]:
    """The days as they arrive, and in one piece the few refunds of the months that follow."""
    later = b""
    for end_ms, block in arrivals(PLAN, slice_ms=30 * HOUR_MS):
        if end_ms < PLAN.end_ms + 30 * HOUR_MS:
            yield block
        else:
            later += block
    yield later


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare") / "data"
    with closing(Embedded.open(folder)) as warehouse:
        processor = Processor(warehouse, folder, Rules(models=("on_air",)), lambda: int(time.time() * 1000))
        line = 1
        for block in stretches():
            processor.process("days", block, line, 0)
            line += block.count(b"\n")
    return folder


@pytest.fixture
def run(data: Path) -> Run:
    def compare(*words: str) -> Result:
        usual = ["compare", "--data", str(data), "--timezone", "Asia/Shanghai"]
        return CliRunner().invoke(build(["compare"]), [*usual, *words], env={"COLUMNS": "300"})

    return compare


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_the_interval_holds_the_true_effect_and_no_effect_lies_outside(run: Run) -> None:
    found = {row["figure"]: row for row in rows(run("--currency", "CNY", "--format", "csv"))}
    assert list(found) == ["crude", "ate", "att", "mantel_haenszel"]
    for figure in ("ate", "att", "mantel_haenszel"):
        row = {name: float(found[figure][name]) for name in ("control", "difference", "low", "high", "left_out")}
        assert row["low"] <= (EFFECT - 1) * row["control"] <= row["high"] < 0, figure
        assert 0 <= row["left_out"] < 0.5
    assert int(found["ate"]["strata"]) > 10


def test_people_see_figures_balance_and_words(run: Run) -> None:
    result = run("--currency", "CNY")
    assert result.exit_code == 0
    assert "Estimates, CNY per viewer-hour, 95% intervals" in result.stdout
    assert "How alike the arms were" in result.stdout
    assert "Digital hosts had" in result.stderr
    assert "less than human hosts" in result.stderr
    assert "Observational: nobody drew lots" in result.stderr
    assert "Held equal: platform, hour of day and category" in result.stderr


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("conversion", "orders per view"),
        ("refund_rate", "of gross"),
    ],
)
def test_every_metric_is_told_in_its_unit(run: Run, metric: str, unit: str) -> None:
    result = run("--currency", "CNY", "--metric", metric, "--strata", "hour_of_day")
    assert result.exit_code == 0
    assert f"Estimates, {unit}, 95% intervals" in result.stdout
    assert ("Mantel-Haenszel odds ratio" in result.stderr) is (metric == "conversion")


def test_a_twin_is_compared_with_its_original_whichever_is_named(run: Run) -> None:
    by_kind = json.loads(run("--currency", "CNY", "--format", "json", "--strata", "none").stdout)
    names = rows(CliRunner().invoke(build(["report"]), ["report", "hosts", "--data", data_of(run), "--format", "csv"]))
    twin = next(row for row in names if row["twin_of"])
    asked = [
        run("--currency", twin["currency"], "--twin", host, "--strata", "none", "--format", "json")
        for host in (twin["host_id"], twin["twin_of"])
    ]
    assert asked[0].stdout == asked[1].stdout
    found = json.loads(asked[0].stdout)[0]
    assert found["control_bottom"] < by_kind[0]["control_bottom"]
    both = run(
        "--currency",
        twin["currency"],
        "--hosts",
        twin["twin_of"],
        twin["host_id"],
        "--strata",
        "none",
        "--format",
        "json",
    )
    assert json.loads(both.stdout)[0] == found


def data_of(run: Run) -> str:
    return str(run.__closure__[0].cell_contents)  # type: ignore[attr-defined]  # a function of ours


def test_hosts_who_never_meet_give_no_number(run: Run, tmp_path: Path) -> None:
    names = rows(CliRunner().invoke(build(["report"]), ["report", "hosts", "--data", data_of(run), "--format", "csv"]))
    sold = {row["host_id"]: row["currency"] for row in names if row["gross_minor"] != "0" and row["name"]}
    first = next(host for host, currency in sold.items() if currency == "CNY")
    other = next(host for host, currency in sold.items() if currency != "CNY")
    result = run("--currency", "CNY", "--hosts", first, other)
    assert result.exit_code == 0
    assert "No comparison is possible" in result.stderr
    file = tmp_path / "nothing.png"
    for part in ("estimates", "hours"):
        asked = ("--currency", "CNY", "--hosts", first, other, "--show", part, "--plot", str(file), "--format", "json")
        result = run(*asked)
        assert (result.exit_code, json.loads(result.stdout)) == (0, []), "no row where nothing was compared"
        assert f"There is nothing to draw; {file} was not written." in result.stderr
        assert not file.exists()


@pytest.mark.parametrize("part", ["balance", "days", "hours"])
def test_every_part_can_be_had_as_rows(run: Run, part: str) -> None:
    found = rows(run("--currency", "CNY", "--show", part, "--format", "csv", "--strata", "daypart"))
    assert found
    assert {row["currency"] for row in found} == {"CNY"}
    if part == "days":
        assert [int(row["day"]) for row in found] == list(range(len(found)))
        assert 2 <= len(found) <= 6


def test_price_bands_and_sources_can_be_held_equal(run: Run) -> None:
    result = run("--currency", "CNY", "--strata", "price_band,source", "--show", "strata", "--format", "csv")
    strata = {row["stratum"] for row in rows(result)}
    assert {stratum.split(" · ")[0] for stratum in strata} == {"low", "middle", "high"}
    assert {stratum.split(" · ")[1] for stratum in strata} >= {"recommend"}
    assert "price band was not looked at" not in result.stderr


def test_a_picture_that_cannot_be_written_is_refused_with_its_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken.svg").mkdir()
    result = run("--currency", "CNY", "--strata", "daypart", "--plot", str(tmp_path / "taken.svg"))
    assert result.exit_code == 2
    assert f"{tmp_path / 'taken.svg'}: Is a directory; name another that you may use" in result.stderr


@pytest.mark.parametrize(("words", "name"), [((), "forest.svg"), (("--show", "days"), "days.png")])
def test_pictures_are_drawn_in_the_colours_of_the_house(
    run: Run, tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    file = tmp_path / name
    result = run("--currency", "CNY", "--strata", "daypart", "--plot", str(file), *words)
    assert result.exit_code == 0, result.output
    if name.endswith(".png"):
        assert file.read_bytes().startswith(b"\x89PNG")
        return
    drawn = file.read_text()
    assert "#e69f00" in drawn.lower()
    assert "#0072b2" in drawn.lower()
    assert ">human hosts<" in drawn
    assert "95 % interval" in drawn


REFUSED = {
    "--strata moon": "strata 'moon' is unknown",
    "--strata daypart,daypart": "name each variable once",
    "--metric joy": "--metric 'joy' is unknown",
    "--hosts a b": "host 'a' is not registered",
    "--twin nobody": "has no digital twin",
    "--twin a --hosts a b": "cannot be asked together",
    "--plot a.gif": "neither .svg nor .png",
    "--plot no-such-folder/a.svg": "does not exist",
    "--plot a.svg": "choose with --currency",
    "--from 2026-03-05 --to 2026-03-01": "swap them",
    "--currency XXX": "ISO 4217",
    "--timezone Mars/Base": "time zone 'Mars/Base' is unknown",
}


def test_what_can_be_mended_is_refused_with_a_remedy(run: Run) -> None:
    for words, said in REFUSED.items():
        result = run(*words.split())
        assert (result.exit_code, said in result.stderr) == (2, True), (words, result.stderr)


def test_without_a_sale_there_is_nothing_to_compare(tmp_path: Path) -> None:
    Embedded.open(tmp_path / "data").close()
    result = CliRunner().invoke(build(["compare"]), ["compare", "--data", str(tmp_path / "data")])
    assert result.exit_code == 0
    assert "No comparison is possible: nothing was sold" in result.stderr
    assert (
        json.loads(
            CliRunner()
            .invoke(build(["compare"]), ["compare", "--data", str(tmp_path / "data"), "--format", "json"])
            .stdout
        )
        == []
    )
