"""The board's script test is that of `hostledger experiment analyse --script` without CUPED, on random viewers."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl
import pytest
from board_stage import BEGIN_MS, HOSTILE, MINUTE_MS, Evening, filled, rows_of, said

from analytics.experiments.assignment import assigned
from analytics.experiments.exposures import arms, exposures, outcomes, runs
from analytics.experiments.sample_ratio import BLOCKS_BELOW
from analytics.experiments.scripts import Result, Rule, path, result
from analytics.intervals import OPEN_MS
from analytics.presence import watched_between
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range, expanded
from dashboards.sql import statement

WINDOW_S, STEP_MS = 3_600, 5 * MINUTE_MS
LAST = 400
SPAN = Range(BEGIN_MS, BEGIN_MS + LAST * MINUTE_MS, STEP_MS)
NASTY = "o'p\\ $__interval_s ${window:sqlstring}"
VARIANTS = {
    NASTY: ("A", "B"),
    "three": ("A", "B", "C"),
    "four": ("a", "b", "ä", "主播"),
    "skewed": ("A", "B"),
    "apart": ("A", "B"),
    "alone": ("A",),
    "missed": ("A", "B"),
    "few": ("A", "B"),
    "scarce": ("A", "B"),
    "unsold": ("A", "B"),
    "better": ("A", "B"),
    "worse": ("A", "B"),
}
BLOCKED = {"skewed", "apart", "missed", "few", "scarce", "alone"}
UNSOLD = {("unsold", "CNY"), ("unsold", "JPY"), ("better", "JPY"), ("worse", "JPY")}
"""In these currencies nobody bought; the command refuses them."""
VIEWERS = {"few": 1, "missed": 6, "skewed": 90, "alone": 20, "unsold": 40, "better": 0, "worse": 0}
"""How many there are; of `skewed` and `missed` those come whom the hash gives A, of `skewed` a tenth of the others, of
`scarce` four and one."""


def theatre() -> list[dict[str, Any]]:
    """A room for each script; hosts who hand over and begin other scripts in between; people who come again and buy,
    and two who leave at the instant at which it begins, and come at that at which it ends.
    """
    stage = Evening(11)
    for number, (script, variants) in enumerate(VARIANTS.items()):
        room = {"session_id": f"room {number}"}
        stage.say("session_started", 0, seller_id="s", platform="p", **room)
        for host, start, end in (("h1", 0, 150), ("d1", 130, 260)):
            stage.shift(room["session_id"], host, start, end)
        for host, at in (("h1", 10.5), ("h1", 90), ("d1", 140)):
            for place, variant in enumerate(variants):
                apart = 30 * place if script == "apart" else 0
                stage.say("script_started", at + apart, script_id=script, variant=variant, host_id=host, **room)
        stage.say("script_started", 60, script_id="another", variant="B", host_id="h1", **room)
        for viewer, came, left in (("early", 5, 10.5), ("late", 60, 80)):
            at = {"session_id": room["session_id"], "viewer_id": f"{viewer} for {script}"}
            stage.say("viewer_joined", came, **at)
            stage.say("viewer_left", left, **at)
        for viewer in audience(script, stage.random):
            visit(stage, viewer, room["session_id"], script != "unsold")
        for viewer in [f"{script} {number}" for number in range(60) if script in ("better", "worse")]:
            given = assigned(viewer, script, {"A": 1, "B": 1})
            amount = 900 if given == {"better": "B", "worse": "A"}[script] else 100
            stage.say("viewer_joined", 20, viewer_id=viewer, **room)
            stage.order(viewer, 25, amount + stage.random.randrange(50), viewer_id=viewer)
    stage.say("viewer_joined", LAST, session_id="room 0", viewer_id="last")
    return sorted(stage.events, key=lambda event: event["occurred_at"])


def audience(script: str, random: Random) -> list[str]:
    """Ids of those who come, some of them odd."""
    ids = [f"{script} {number}" for number in range(VIEWERS.get(script, 160))]
    ids += [f"{script} {odd}" for odd in HOSTILE] if script in (NASTY, "three") else []
    if script == "scarce":
        given = {arm: [viewer for viewer in ids if assigned(viewer, script, {"A": 1, "B": 1}) == arm] for arm in "AB"}
        return given["A"][:4] + given["B"][:1]
    if script in ("skewed", "missed"):
        given = {viewer: assigned(viewer, script, {"A": 1, "B": 1}) for viewer in ids}
        ids = [viewer for viewer in ids if given[viewer] == "A" or (script == "skewed" and random.random() < 0.1)]
    return ids


def visit(stage: Evening, viewer: str, room: str, buys: bool) -> None:
    """Come once or twice, look for a while or until the end; buy before, in and after the window, send some back."""
    random, at = stage.random, stage.random.random() * 200
    for number in range(random.choice((1, 1, 2))):
        stage.say("viewer_joined", at, session_id=room, viewer_id=viewer)
        if random.random() < 0.9:
            stage.say("viewer_left", at + 0.01 + random.random() * 30, session_id=room, viewer_id=viewer)
        if buys and random.random() < 0.5:
            order = f"{viewer} {number}"
            amount = random.choice((0, 1, 990, random.randrange(10**6)))
            currency = random.choice(("CNY", "CNY", "JPY"))
            stage.order(order, at + random.random() * 90 - 5, amount, viewer_id=viewer, currency=currency)
            for back in range(random.choice((0, 0, 1, 2))):
                fields = {"refund_id": f"{order} {back}", "order_id": order, "currency": currency}
                stage.say("order_refunded", at + 100, amount_minor=random.choice((1, amount // 2, amount)), **fields)
        at += 40 + random.random() * 60


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with closing(filled(tmp_path_factory.mktemp("scripts") / "data", theatre())) as opened:
        yield opened


def of_the_command(warehouse: Embedded, script: str, currency: str) -> pl.DataFrame:
    """Everyone whose window is over, as the command has them, without a past."""
    started = warehouse.query("experiment_starts", script=script)
    ran = runs(started, warehouse.query("experiment_shifts", script=script, open_ms=OPEN_MS), script)
    seen = exposures(watched_between(warehouse.query("experiment_presence", script=script)), ran)
    newest_ms = warehouse.query("report_books").row(0)[0]
    complete = seen.filter(pl.col("exposed_ms") + WINDOW_S * 1000 <= newest_ms)
    orders = warehouse.query("experiment_orders", script=script).filter(pl.col("currency") == currency)
    refunds = warehouse.query("experiment_refunds", currency=currency)
    held = arms(complete, script, dict.fromkeys(VARIANTS[script], 1))
    return outcomes(held, orders, refunds, WINDOW_S * 1000, 0)


def of_the_board(warehouse: Embedded, panel: str, script: str, currency: str) -> list[dict[str, Any]]:
    values: dict[str, Sequence[str]] = {"script": [script], "window": [str(WINDOW_S)], "currency": [currency]}
    return rows_of(warehouse, f"compare_{panel}", SPAN, values)


def of_1000(value: float, currency: str) -> Decimal:
    return Decimal(round(1000 * value)) / (1 if currency == "JPY" else 100)


def near(found: Decimal | None, value: float, currency: str) -> bool:
    """Whether an amount is the minor unit nearest to a value, or beside it where it lies in the middle."""
    return found is not None and abs(found - of_1000(value, currency)) <= Decimal(1 if currency == "JPY" else "0.01")


def expected(viewers: pl.DataFrame, script: str) -> Result:
    return result(viewers, dict.fromkeys(VARIANTS[script], 1), min(VARIANTS[script]), Rule())


@pytest.mark.parametrize("script", VARIANTS)
@pytest.mark.parametrize("currency", ["CNY", "JPY"])
def test_the_arms_of_the_board_are_those_of_the_command(stage: Embedded, script: str, currency: str) -> None:
    viewers = of_the_command(stage, script, currency)
    assert viewers.height > 0
    rows = of_the_board(stage, "script_arms", script, currency)
    whole = expected(viewers, script)
    compared = {} if (script, currency) in UNSOLD else {one.variant: one for one in whole.comparisons}
    assert [row["variant"] for row in rows] == sorted(VARIANTS[script])
    for row in rows:
        own = viewers.filter(pl.col("assigned") == row["variant"])
        assert (row["viewers"], row["buyers"]) == (own.height, own.filter(pl.col("net_minor") > 0).height)
        assert row["net"] == Decimal(int(own["net_minor"].sum())) / (1 if currency == "JPY" else 100)
        assert row["size"] == pytest.approx(own.height / viewers.height)
        assert row["saw"] == pytest.approx(whole.complied)
        if len(VARIANTS[script]) > 1:
            assert row["sample_p"] == pytest.approx(whole.ratio.p, rel=1e-9)
        one = compared.get(row["variant"])
        if one is None:
            assert (row["lift"], row["low"], row["high"], row["p"]) == (None,) * 4
        else:
            assert near(row["lift"], one.difference, currency)
            assert row["p"] == pytest.approx(one.p, rel=1e-9)
            ends = (row["low"], row["high"])
            assert ends == (None, None) if one.se == 0 else all(map(near, ends, (one.low, one.high), (currency,) * 2))
    assert bool(compared) == (script not in BLOCKED and (script, currency) not in UNSOLD)


def lines_of(viewers: pl.DataFrame, script: str, first_ms: int, last_ms: int) -> dict[tuple[int, str], float]:
    """Where the lift of each variant and the ends of its interval stand after the last viewer of each step, of those
    who were exposed between two instants.
    """
    lines: dict[tuple[int, str], float] = {}
    for one in expected(viewers, script).comparisons:
        shares = dict.fromkeys(VARIANTS[script], 1)
        for row in path(viewers, shares, (min(shares), one.variant), Rule()).iter_rows(named=True):
            point = row["exposed_ms"] // STEP_MS * STEP_MS
            if first_ms <= row["exposed_ms"] <= last_ms:
                lines[point, f"{one.variant}: lift"] = row["difference"]
                if row["low"] > float("-inf"):
                    lines[point, f"{one.variant}: at least"] = row["low"]
                    lines[point, f"{one.variant}: at most"] = row["high"]
    return lines


@pytest.mark.parametrize("script", VARIANTS)
def test_the_lift_so_far_is_that_of_the_picture_and_there_is_none_where_nothing_may_be_compared(
    stage: Embedded, script: str
) -> None:
    viewers = of_the_command(stage, script, "CNY")
    lines = {} if (script, "CNY") in UNSOLD else lines_of(viewers, script, 0, BEGIN_MS * 2)
    rows = of_the_board(stage, "script_lift", script, "CNY")
    found = {(row["time"], row["line"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    assert list(found) == sorted(lines)
    assert all(near(found[key], value, "CNY") for key, value in lines.items())
    assert bool(rows) == (script not in BLOCKED and (script, "CNY") not in UNSOLD)


@pytest.mark.parametrize("script", [NASTY, "four", "better"])
def test_whom_a_range_leaves_out_counts_for_the_lift_but_has_no_point(stage: Embedded, script: str) -> None:
    """The range begins and ends within a step."""
    span = Range(BEGIN_MS + 17 * MINUTE_MS, BEGIN_MS + 143 * MINUTE_MS, STEP_MS)
    lines = lines_of(of_the_command(stage, script, "CNY"), script, span.from_ms, span.until_ms)
    values = {"script": [script], "window": [str(WINDOW_S)], "currency": ["CNY"]}
    found = {(row["time"], row["line"]): row["value"] for row in rows_of(stage, "compare_script_lift", span, values)}
    assert found.keys() == lines.keys()
    assert all(near(found[key], value, "CNY") for key, value in lines.items())
    assert found


def test_what_blocks_a_comparison_is_said_in_plain_words(stage: Embedded) -> None:
    def verdicts(script: str, currency: str = "CNY") -> list[str]:
        return [row["verdict"] for row in of_the_board(stage, "script_arms", script, currency)]

    assert expected(of_the_command(stage, "skewed", "CNY"), "skewed").ratio.p < BLOCKS_BELOW
    assert {text.partition(".")[0] for text in verdicts("skewed")} == {"BLOCKED: the arms are not as large as meant"}
    assert all(text.startswith("BLOCKED: too few saw the variant") for text in verdicts("apart"))
    for script in ("few", "missed", "scarce"):
        assert verdicts(script) == ["An arm has fewer than two viewers; wait."] * 2
    assert [row["viewers"] == 1 for row in of_the_board(stage, "script_arms", "scarce", "CNY")] == [False, True]
    assert verdicts("alone") == ["Only one variant ran; there is nothing to compare."]
    assert {text.partition(";")[0] for text in verdicts("unsold")} == {"Nobody bought in CNY in the time chosen"}
    assert {text.partition(";")[0] for text in verdicts("better", "JPY")} == {"Nobody bought in JPY in the time chosen"}
    assert verdicts("better") == ["The others are compared with this one.", "Brings more than A."]
    assert verdicts("worse")[1] == "Brings less than A."
    young = {"script": ["three"], "window": ["604800"], "currency": ["CNY"]}
    waiting = rows_of(stage, "compare_script_arms", SPAN, young)
    assert {row["verdict"][:48] for row in waiting} == {"Nobody was exposed for the whole window yet; wai"}
    assert [row["viewers"] for row in waiting] == [0, 0, 0]


def test_a_script_that_never_ran_has_no_rows_and_what_is_no_window_changes_nothing_else(stage: Embedded) -> None:
    def variants(script: str, window: str) -> list[str]:
        values = {"script": [script], "window": [window], "currency": ["CNY"]}
        return [row["variant"] for row in rows_of(stage, "compare_script_arms", SPAN, values)]

    assert variants("never", "3600") == variants("", "") == []
    assert variants("three", "x'); --") == ["A", "B", "C"]


def test_scripts_are_offered_with_their_variants_the_last_begun_first(stage: Embedded) -> None:
    offered = said(stage, expanded(statement("variable_script"), SPAN, {}))
    assert {row["value"] for row in offered} == {*VARIANTS, "another"}
    assert offered[0] == {"value": "apart", "text": "apart · A, B"}
