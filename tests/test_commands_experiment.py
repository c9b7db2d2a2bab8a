"""Claims about `hostledger experiment` and `hostledger markov`, as a user runs them, on a truth that is known."""

import json
import os
import time
from collections import Counter
from contextlib import closing

import msgspec
import numpy as np
import pytest
import referee_exposures as referee
from scenarios import to_bytes
from typer.testing import CliRunner

from analytics.experiments.design import Design
from analytics.experiments.switchback import Layout
from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from hostledger.door import build
from streams.generator import Plan, arrivals
from streams.processor import Processor

HOUR, DAY = 3_600_000, 86_400_000
START = 1_767_225_600_000  # 2026-01-01T00:00Z
SEED = 7
DRAWN = Design.draw(
    seller="hand", currency="JPY", start_ms=START, period_ms=HOUR, layout=Layout(48, 1), seed=SEED, alpha=0.05
)
WRONGLY_RUN = 5
HUMAN, DIGITAL = 10_000, 16_000
PLAN = Plan.sized(
    20_000,
    1_800,
    hours=48,
    rooms=1,
    sessions=4,
    seed=21,
    scripts_by_viewer=True,
    variant_b_effect=3.0,
    digital_day_share=1.0,
    digital_night_share=1.0,
    cohost_rate=0.0,
    dead_air_rate=0.0,
    outside_rate=0.0,
    malformed_rate=0.0,
    **dict.fromkeys(("likes_per_visit", "comments_per_visit", "shares_per_visit", "follows_per_visit"), 0.0),
    **dict.fromkeys(("clicks_per_visit", "carts_per_visit", "gifts_per_visit"), 0.05),
)
SCRIPT = "script-seller-yunshang"


def switchback():
    """A seller who runs the schedule that was drawn, but for one period, after two days of history; net by period."""
    chance, events, net = np.random.default_rng(3), [], []
    for kind in ("human", "digital"):
        events += [said("host_registered", START - 9 * DAY, host_id=kind, name=kind, kind=kind)]
    events.append(said("session_started", START - 2 * DAY, session_id="hand", platform="p", seller_id="hand"))
    for period in range(-48, 48):
        at_ms = START + period * HOUR
        drawn = period >= 0 and DRAWN.digital[period] == 1
        run = drawn != (period == WRONGLY_RUN - 1)
        place = {"session_id": "hand", "host_id": "digital" if run else "human"}
        events += [said("shift_started", at_ms, **place), said("shift_ended", at_ms + HOUR, **place)]
        amount = (DIGITAL if drawn else HUMAN) + int(chance.integers(-1_500, 1_500))
        back = 700 if period % 3 == 0 else 0
        net.append(amount - back)
        events += [order(f"o{period}", at_ms + 60_000, amount), refund(f"r{period}", at_ms + 5 * DAY, period, back)]
    return events, net[48:]


def said(type_, at_ms, **fields):
    return {
        "event_id": f"{type_} {at_ms} {sorted(map(str, fields.values()))}",
        "type": type_,
        "occurred_at": at_ms,
    } | fields


def order(order_id, at_ms, amount):
    line = {"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": amount}
    paid = {"order_id": order_id, "viewer_id": f"buyer {order_id}", "session_id": "hand"}
    return said("order_paid", at_ms, currency="JPY", lines=[line], **paid) | {"event_id": order_id}


def refund(refund_id, at_ms, period, amount):
    back = {"refund_id": refund_id, "order_id": f"o{period}", "currency": "JPY", "amount_minor": amount}
    return said("order_refunded", at_ms, **back)


def greeted():
    """A script whose variants follow each other in time, so that no hash decides: 40 viewers see A, 4 see B."""
    place = {"session_id": "hand", "host_id": "human" if DRAWN.digital[0] == 0 else "digital"}
    events = []
    for variant, viewers, at_ms in (("A", 40, START + 120_000), ("B", 4, START + 1_800_000)):
        events.append(said("script_started", at_ms, script_id="greeting", variant=variant, **place))
        for number in range(viewers):
            viewer = {"session_id": "hand", "viewer_id": f"{variant} {number}"}
            events += [said("viewer_joined", at_ms + 1_000, **viewer), said("viewer_left", at_ms + 9_000, **viewer)]
            bought = order(f"{variant} {number}", at_ms + 5_000, 100) | {"viewer_id": viewer["viewer_id"]}
            events += [bought | {"occurred_at": at_ms + 5_000, "session_id": None}]
    return events


@pytest.fixture(scope="module")
def made():
    """The generated A/B test, event by event."""
    return [json.loads(line) for _, data in arrivals(PLAN) for line in data.splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory, made):
    """A folder with the generated test and the seller who ran a switchback, and a Markov fit of it all."""
    folder = tmp_path_factory.mktemp("experiments") / "data"
    by_hand = [
        {name: value for name, value in event.items() if value is not None} for event in switchback()[0] + greeted()
    ]
    with closing(Embedded.open(folder)) as warehouse:
        processor = Processor(warehouse, folder, Rules(models=("on_air", "markov")), lambda: int(time.time() * 1000))
        outcome = processor.process("all", to_bytes(by_hand + made), 1, 1)
        assert outcome.rejects == 0
        processor.refit()
    return folder


PLANNED = ("--start", "2026-01-01", "--seed", SEED, "--period", "1h", "--periods", "48", "--seller", "hand")


def run(*arguments, code=0):
    words = [str(word) for word in arguments]
    environment = {name: None for name in os.environ if name.startswith("HOSTLEDGER_")} | {"COLUMNS": "250"}
    done = CliRunner().invoke(build(words), words, env=environment, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def asked(*arguments):
    return json.loads(run(*arguments, "--format", "json").stdout)


class TestDesign:
    @pytest.fixture(scope="class")
    @staticmethod
    def planned(data, tmp_path_factory):
        file = tmp_path_factory.mktemp("design") / "drawn.json"
        return run("experiment", "design", "--switchback", *PLANNED, "--out", file, "--data", data), file

    def test_another_draw_does_not_write_over_a_design(self, planned, data):
        _, file = planned
        before = file.read_bytes()
        again = ("experiment", "design", "--switchback", *PLANNED, "--out", file, "--data", data)
        refused = run(*again, "--seed", "8", code=2)
        assert "a design stands there, the record of another draw" in refused.stderr
        run(*again)
        assert file.read_bytes() == before

    def test_the_schedule_is_printed_and_kept_as_its_seed_draws_it(self, planned):
        shown, file = planned
        design = Design.read(file.read_bytes())
        assert design.digital == DRAWN.digital
        assert (design.start_ms, design.seller, design.currency) == (START, "hand", "JPY")
        rows = [line.split("│") for line in shown.stdout.splitlines() if "2026-01-0" in line]
        kinds = [kind.strip() == "digital" for _, _, _, kind, *_ in rows]
        assert kinds == [bool(digital) for digital in DRAWN.digital]
        thrown = [number for number, row in enumerate(rows, 1) if row[4].strip() == "thrown"]
        assert thrown == [1, *range(3, 48)]

    def test_the_smallest_effect_follows_the_noise_of_the_history(self, planned):
        """Amounts are uniform within 1,500 of 10,000, a third of them less 700: one deviation is about 930."""
        power = Design.read(planned[1].read_bytes()).power
        assert (power.history_periods, power.trials) == (47, 1_000)
        assert 300 < power.smallest_effect_minor < 2_500
        assert "it was laid end to end" in planned[0].stderr

    def test_the_history_ends_with_the_last_order_and_not_with_what_comes_back_later(self, data, tmp_path):
        """From 48 hours before the first design to 47 after its start; refunds come for five more days."""
        file = tmp_path / "later.json"
        run("experiment", "design", "--switchback", *PLANNED, "--start", "2026-02-01", "--out", file, "--data", data)
        assert Design.read(file.read_bytes()).power.history_periods == 95

    @pytest.mark.parametrize(
        ("changes", "said_"),
        [
            (("--periods", "49", "--carryover", "2"), "it must be a multiple of the carry-over"),
            (("--seller", "nobody"), "--seller hand --currency JPY, --seller seller-yunshang --currency CNY"),
            (("--start", "2025-12-30"), "before the start has 0 whole periods"),
            (("--period", "soon"), "duration 'soon' is not understood"),
        ],
    )
    def test_what_cannot_be_drawn_is_refused_with_a_remedy(self, data, tmp_path, changes, said_):
        refused = run(
            "experiment", "design", "--switchback", *PLANNED, *changes, "--data", data, "--out", tmp_path / "x", code=2
        )
        assert said_ in refused.stderr
        assert not (tmp_path / "x").exists()


class TestSwitchback:
    @pytest.fixture(scope="class")
    @staticmethod
    def file(tmp_path_factory):
        file = tmp_path_factory.mktemp("design") / "drawn.json"
        file.write_bytes(msgspec.json.encode(DRAWN))
        return file

    @pytest.fixture(scope="class")
    @staticmethod
    def answer(data, file):
        done = run("experiment", "analyse", "--switchback", "--design", file, "--data", data, "--format", "json")
        return {row["method"]: row for row in json.loads(done.stdout)}, done.stderr

    def test_the_effect_is_what_least_squares_by_hand_say_of_the_net_by_hand(self, answer):
        net, digital = np.array(switchback()[1], dtype=float), np.array(DRAWN.digital)
        regressors = np.stack([np.ones(47), digital[1:], digital[:-1]], axis=1)
        by_hand = np.linalg.lstsq(regressors, net[1:], rcond=None)[0][1:].sum()
        row = answer[0]["regression on lags, by lot"]
        assert row["effect_per_hour_minor"] == round(by_hand)
        assert row["net_minor"] == sum(switchback()[1]), "every refund is in the period of its order"

    def test_every_interval_holds_the_truth_and_the_lot_is_sure(self, answer):
        for row in answer[0].values():
            assert row["low_minor"] <= DIGITAL - HUMAN <= row["high_minor"]
        main = answer[0]["regression on lags, by lot"]
        assert main["low_minor"] > 4_000
        assert main["p"] < 0.001

    def test_the_period_that_was_not_run_as_drawn_is_named(self, answer):
        assert "1 of 48 periods were not run as drawn: period 5 (2026-01-01 04:00:00+00:00)" in answer[1]

    def test_too_few_coins_are_said_when_they_are_drawn_and_when_they_are_read(self, data, answer, tmp_path):
        file = tmp_path / "short.json"
        drawn = run("experiment", "design", "--switchback", *PLANNED, "--periods", "6", "--out", file, "--data", data)
        assert "No effect is found with this chance, however great: 4 coins" in drawn.stderr
        read = run("experiment", "analyse", "--switchback", "--design", file, "--data", data, "--format", "json")
        assert [row["low_minor"] is None for row in json.loads(read.stdout)] == [True, False, False]
        assert "WARNING: 4 coins are too few" in read.stderr
        assert "coins" not in answer[1]

    def test_a_schedule_that_somebody_changed_is_refused(self, data, file, tmp_path):
        plain = json.loads(file.read_text())
        plain["digital"][3] = 1 - plain["digital"][3]
        changed = tmp_path / "changed.json"
        changed.write_text(json.dumps(plain))
        refused = run("experiment", "analyse", "--switchback", "--design", changed, "--data", data, code=2)
        assert "its schedule is not what seed 7 draws" in refused.stderr

    def test_nothing_is_told_before_the_end(self, data, file, tmp_path):
        plain = json.loads(file.read_text()) | {"start_ms": START + 9_999 * DAY}
        early = tmp_path / "early.json"
        early.write_text(json.dumps(plain))
        refused = run("experiment", "analyse", "--switchback", "--design", early, "--data", data, code=2)
        assert "an analysis before its end finds too much" in refused.stderr

    def test_a_design_that_nobody_ran_is_no_finding(self, data, file, tmp_path):
        """Nobody was on air before the tests began; an effect of 0 in an interval of 0 would look sure."""
        early = tmp_path / "before.json"
        early.write_text(json.dumps(json.loads(file.read_text()) | {"start_ms": START - 300 * DAY}))
        refused = run("experiment", "analyse", "--switchback", "--design", early, "--data", data, code=2)
        assert "none of the 48 periods was run as drawn, from 2025-03-07" in refused.stderr
        assert refused.stdout == ""

    def test_where_nothing_was_sold_there_is_no_finding(self, data, file, tmp_path):
        elsewhere = tmp_path / "elsewhere.json"
        elsewhere.write_text(json.dumps(json.loads(file.read_text()) | {"currency": "EUR"}))
        refused = run("experiment", "analyse", "--switchback", "--design", elsewhere, "--data", data, code=2)
        assert "hand sold nothing in EUR from 2026-01-01" in refused.stderr
        assert refused.stdout == ""

    def test_without_a_question_both_ways_are_said(self):
        assert "--switchback --design FILE, or --script SCRIPT_ID" in run("experiment", "analyse", code=2).stderr


def after_exposure(events, window_ms):
    """Net of each exposed viewer, of the orders paid in the window, one by one; and the arm of each."""
    exposed = referee.exposed(events, SCRIPT, Rules().idle_ms)
    back, seen, net = {}, set(), dict.fromkeys(exposed, 0)
    for event in events:
        if event["type"] == "order_refunded" and event["refund_id"] not in seen:
            seen.add(event["refund_id"])
            back[str(event["order_id"])] = back.get(str(event["order_id"]), 0) + event["amount_minor"]
    for event in events:
        viewer = str(event.get("viewer_id"))
        if event["type"] == "order_paid" and viewer in exposed and event["order_id"] not in seen:
            seen.add(event["order_id"])
            if 0 <= event["occurred_at"] - exposed[viewer][0] < window_ms:
                amount = sum(line["amount_minor"] for line in event["lines"])
                net[viewer] += max(amount - back.get(str(event["order_id"]), 0), 0)
    return net, {viewer: referee.arm(viewer, SCRIPT, {"A": 1, "B": 1}) for viewer in exposed}


class TestScript:
    TEST = ("experiment", "analyse", "--script", SCRIPT)

    @pytest.fixture(scope="class")
    @staticmethod
    def answer(data, tmp_path_factory):
        picture = tmp_path_factory.mktemp("plot") / "lift.png"
        done = run(*TestScript.TEST, "--data", data, "--plot", picture, "--tightest-at", 1_000, "--format", "json")
        return {row["variant"]: row for row in json.loads(done.stdout)}, done.stderr, picture

    def test_viewers_and_their_money_are_counted_to_the_minor_unit(self, answer, made):
        net, arms = after_exposure(made, DAY)
        sums = {variant: sum(net[viewer] for viewer in net if arms[viewer] == variant) for variant in "AB"}
        assert {variant: row["net_minor"] for variant, row in answer[0].items()} == sums
        assert {variant: row["viewers"] for variant, row in answer[0].items()} == Counter(arms.values())
        assert min(sums.values()) > 100_000

    def test_averages_are_of_capped_revenue_as_lifts_are(self, answer, made):
        net, arms = after_exposure(made, DAY)
        cap = np.quantile([amount for amount in net.values() if amount], 0.99)
        for variant, row in answer[0].items():
            mean = np.mean([min(amount, cap) for viewer, amount in net.items() if arms[viewer] == variant])
            assert row["net_per_1000_minor"] == round(1_000 * mean)
        assert any(
            row["net_per_1000_minor"] < round(1_000 * row["net_minor"] / row["viewers"]) for row in answer[0].values()
        )

    def test_the_true_effect_is_found_and_lies_in_the_interval(self, answer):
        """Variant B triples the chance to buy: a lift of 200 %."""
        lift = answer[0]["B"]
        assert lift["p"] < 0.05
        assert lift["low_minor"] > 0
        assert lift["low_percent"] <= 200 <= lift["high_percent"]
        assert answer[0]["A"]["lift_per_1000_minor"] is None
        assert "Always valid" in answer[1]
        for row in answer[0].values():
            assert row["buyers_low_bp"] < 10_000 * row["buyers"] / row["viewers"] < row["buyers_high_bp"]

    def test_the_lift_over_time_is_drawn(self, answer):
        assert answer[2].read_bytes().startswith(b"\x89PNG")
        assert answer[2].stat().st_size > 10_000

    def test_a_salt_that_was_not_used_finds_nothing(self, data):
        row = asked(*self.TEST, "--salt", "another", "--data", data, "--tightest-at", 1_000)[1]
        assert row["low_minor"] < 0 < row["high_minor"]

    def test_a_test_that_the_hash_did_not_decide_is_blocked(self, data):
        done = run("experiment", "analyse", "--script", "greeting", "--data", data, "--format", "json")
        assert "BLOCKED: only" in done.stderr
        assert {row["lift_per_1000_minor"] for row in json.loads(done.stdout)} == {None}

    def test_arms_of_the_wrong_size_are_blocked(self, data):
        done = run("experiment", "analyse", "--script", "greeting", "--arm", "seen", "--data", data, "--format", "json")
        assert "BLOCKED: the arms are not as large as they were meant to be (chi-square 29.5" in done.stderr
        assert [(row["viewers"], row["p"]) for row in json.loads(done.stdout)] == [(40, None), (4, None)]

    @pytest.mark.parametrize(
        ("options", "said_"),
        [
            (("--script", "nothing"), f"script 'nothing' never ran; use one of: greeting, {SCRIPT}"),
            (("--script", SCRIPT, "--shares", "A=1"), "shares 'A=1' are not understood"),
            (("--script", SCRIPT, "--control", "C"), "--control 'C' is not among the variants; use one of: A, B"),
            (("--script", SCRIPT, "--plot", "lift.txt"), "give it a name ending in .png or .svg"),
            (("--script", SCRIPT, "--window", "900d"), "the window after it is over for none"),
            (("--script", SCRIPT, "--currency", "USD"), "these viewers bought nothing in USD; use one of: CNY"),
            (("--script", SCRIPT, "--arm", "left"), "'left' is unknown; use one of: assigned, seen"),
        ],
    )
    def test_what_cannot_be_analysed_is_refused_with_a_remedy(self, data, options, said_):
        assert said_ in run("experiment", "analyse", *options, "--data", data, code=2).stderr


def test_a_test_in_which_nobody_bought_yet_has_to_wait(tmp_path):
    room = {"session_id": "s", "host_id": "h"}
    events = [
        said("session_started", START, session_id="s", platform="p", seller_id="x"),
        said("shift_started", START, **room),
        said("script_started", START, **room, script_id="hello", variant="A"),
        said("viewer_joined", START + 1, session_id="s", viewer_id="v"),
        said("viewer_left", START + HOUR, session_id="s", viewer_id="v"),
        said("shift_ended", START + 3 * DAY, **room),
    ]
    with closing(Embedded.open(tmp_path / "data")) as warehouse:
        data = to_bytes(events)
        now_ms = int(time.time() * 1000)  # presence is kept so long after it was recorded
        Processor(warehouse, tmp_path / "data", Rules(), lambda: now_ms).process("told", data, 1, len(data))
    refused = run("experiment", "analyse", "--script", "hello", "--data", tmp_path / "data", code=2)
    assert "these viewers bought nothing; wait until they do" in refused.stderr


class TestMarkov:
    @pytest.fixture(scope="class")
    @staticmethod
    def rows(data):
        return asked("markov", "--data", data, "--interval", "--resamples", 50)

    def test_what_is_read_is_what_the_ledger_was_fitted_with(self, data, rows):
        with closing(Embedded.open(data)) as warehouse:
            fitted = warehouse.ask("SELECT host_ids, removal, base, journeys, conversions FROM markov_fits").to_dicts()[
                0
            ]
        known = dict(zip(fitted["host_ids"], fitted["removal"], strict=True))
        assert {row["host_id"]: row["removal_effect_bp"] for row in rows} == {
            host: round(10_000 * effect) for host, effect in known.items()
        }
        assert (rows[0]["journeys"], rows[0]["orders"]) == (fitted["journeys"], fitted["conversions"])
        assert rows[0]["conversion_bp"] == round(10_000 * fitted["conversions"] / fitted["journeys"])

    def test_shares_add_up_and_lie_in_their_intervals(self, rows):
        assert sum(row["share_bp"] for row in rows) == pytest.approx(10_000, abs=len(rows))
        assert all(row["share_low_bp"] <= row["share_bp"] <= row["share_high_bp"] for row in rows)
        assert [row["removal_effect_bp"] for row in rows] == sorted(
            (row["removal_effect_bp"] for row in rows), reverse=True
        )

    def test_the_same_seed_gives_the_same_interval(self, data, rows):
        assert asked("markov", "--data", data, "--interval", "--resamples", 50) == rows
        assert asked("markov", "--data", data, "--interval", "--resamples", 50, "--seed", 2) != rows

    @pytest.mark.parametrize("order_", [2, 3])
    def test_the_conversion_is_the_same_for_every_order(self, data, rows, order_):
        assert asked("markov", "--data", data, "--order", order_)[0]["conversion_bp"] == rows[0]["conversion_bp"]

    @pytest.mark.parametrize(
        "options", [("--order", 3), ("--over-time", "week"), ("--until", "2026-03-02", "--timezone", "Asia/Kathmandu")]
    )
    def test_what_is_kept_says_what_the_journeys_say(self, data, options):
        """An interval makes the command count journeys; else it asks the sums that the stream has kept."""
        journeys = asked("markov", "--data", data, "--interval", "--resamples", 50, *options)
        kept = [name for name in journeys[0] if not name.endswith(("low_bp", "high_bp"))]
        assert asked("markov", "--data", data, *options) == [{name: row[name] for name in kept} for row in journeys]
        assert "From the counts that are kept" in run("markov", "--data", data, *options).stderr

    def test_weeks_hold_every_journey_once_and_a_week_alone_is_the_same(self, data, rows):
        weeks = asked("markov", "--data", data, "--over-time", "week")
        first = {row["week"]: row for row in weeks}
        assert sum(row["orders"] for row in first.values()) == rows[0]["orders"]
        week = asked("markov", "--data", data, "--since", "2026-03-02", "--until", "2026-03-08")
        assert [row for row in weeks if row["week"] == "2026-03-02"] == [{"week": "2026-03-02"} | row for row in week]

    def test_the_last_day_counts_whole_and_two_windows_hold_what_one_does(self, data, rows):
        windows = (("--until", "2026-03-02"), ("--since", "2026-03-03"))
        parts = [asked("markov", "--data", data, *window)[0]["orders"] for window in windows]
        assert sum(parts) == rows[0]["orders"]
        assert min(parts) > 100

    def test_a_time_without_an_order_is_refused(self, data):
        assert (
            "no journey with an order ends in this time"
            in run("markov", "--data", data, "--since", "2040-01-01", code=2).stderr
        )
        assert (
            "is after --until"
            in run("markov", "--data", data, "--since", "2026-02-01", "--until", "2026-01-01", code=2).stderr
        )
