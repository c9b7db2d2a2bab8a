"""The referee against the worked ledger: whoever judges is judged first."""

from collections import defaultdict
from fractions import Fraction
from typing import Any

import pytest
from referee import RefereeBooks, books
from referee_cases import HOUR_MS, events_of, expected, inputs
from referee_models import RefereeRules
from referee_rollups import rollups

LEDGER_MODELS = ("on_air", "first", "last", "linear", "position", "time_decay", "watch_time", "shapley", "markov")


@pytest.fixture(scope="module")
def worked() -> RefereeBooks:
    config = inputs("ledger_worked")["config"]
    rules = RefereeRules(
        models=LEDGER_MODELS,
        lookback_ms=config["lookback_ms"],
        grace_ms=config["grace_ms"],
        half_life_ms=config["half_life_ms"],
    )
    return books(events_of("ledger_worked"), rules)


def sums(entries: list[dict[str, Any]], kind: str | None, by: str) -> dict[str, Any]:
    found: dict[str, Any] = {model: defaultdict(lambda: defaultdict(int)) for model in LEDGER_MODELS}
    for entry in entries:
        if entry["host_id"] != "excess_refund" and kind in (None, entry["kind"]):
            found[entry["model"]][entry[by]][entry["host_id"]] += entry["amount_minor"]
    return found


def test_the_worked_ledger_is_allocated_as_worked(worked: RefereeBooks) -> None:
    assert sums(worked.entries, "sale", "order_id") == expected("ledger_worked")["allocation"]


def test_the_worked_ledger_books_its_refunds_as_worked(worked: RefereeBooks) -> None:
    assert sums(worked.entries, "refund", "refund_id") == expected("ledger_worked")["refund_entries"]


def test_the_worked_ledger_nets_as_worked(worked: RefereeBooks) -> None:
    assert sums(worked.entries, None, "order_id") == expected("ledger_worked")["net"]


def test_the_worked_ledger_has_its_excess_once_per_model(worked: RefereeBooks) -> None:
    excess = [
        (entry["model"], entry["refund_id"], entry["kind"], entry["amount_minor"])
        for entry in worked.entries
        if entry["host_id"] == "excess_refund"
    ]
    assert excess == [(model, "r2", "refund", 10000) for model in LEDGER_MODELS]
    assert expected("ledger_worked")["excess_refund"] == {"r2": 10000}


def test_the_worked_ledger_walks_its_paths_as_worked(worked: RefereeBooks) -> None:
    walked = {
        order: [
            [step.start_ms, step.end_ms, step.session_id, "+".join(step.host_ids), step.watched_ms] for step in steps
        ]
        for order, steps in worked.paths.items()
    }
    assert walked == expected("ledger_worked")["paths"]


def test_the_worked_ledger_fits_markov_as_worked(worked: RefereeBooks) -> None:
    fit = expected("ledger_worked")["markov_fit"]
    assert worked.markov is not None
    assert worked.markov.base == Fraction(fit["base"])
    assert worked.markov.removal == {host: Fraction(effect) for host, effect in fit["removal_effect"].items()}


def test_the_worked_ledger_sums_by_kind_as_worked(worked: RefereeBooks) -> None:
    kinds = inputs("ledger_worked")["hosts"] | {"unattributed": "unattributed"}
    totals: dict[str, Any] = {model: {"CNY": {"human": 0, "digital": 0, "unattributed": 0}} for model in LEDGER_MODELS}
    for entry in worked.entries:
        if entry["host_id"] != "excess_refund":
            totals[entry["model"]][entry["currency"]][kinds[entry["host_id"]]] += entry["amount_minor"]
    assert totals == expected("ledger_worked")["totals_by_kind_net"]


def test_the_worked_ledger_reads_the_intervals_it_was_made_from(worked: RefereeBooks) -> None:
    made = inputs("ledger_worked")
    assert sorted((key[1], *span) for key, spans in worked.shifts.items() for span in spans) == sorted(
        (shift["host"], shift["start"], shift["end"]) for shift in made["shifts"]
    )
    assert sorted((key[1], *span) for key, spans in worked.watches.items() for span in spans) == sorted(
        (watch["viewer"], watch["join"], watch["leave"]) for watch in made["watch"]
    )


def test_the_entries_stand_in_output_order(worked: RefereeBooks) -> None:
    of_k2 = [
        (entry["model"], entry["kind"], entry["refund_id"], entry["host_id"])
        for entry in worked.entries
        if entry["order_id"] == "k2" and entry["model"] in ("on_air", "first")
    ]
    assert of_k2 == [
        ("on_air", "sale", None, "mei_twin"),
        ("on_air", "sale", None, "tom"),
        ("on_air", "refund", "r1", "tom"),
        ("on_air", "refund", "r2", "excess_refund"),
        ("on_air", "refund", "r2", "mei_twin"),
        ("on_air", "refund", "r2", "tom"),
        ("first", "sale", None, "mei"),
        ("first", "refund", "r1", "mei"),
        ("first", "refund", "r2", "excess_refund"),
        ("first", "refund", "r2", "mei"),
    ]
    assert list(dict.fromkeys(entry["order_id"] for entry in worked.entries)) == ["k1", "k4", "k2", "k3", "k5"]


def test_rollups_of_the_worked_ledger_add_up(worked: RefereeBooks) -> None:
    found = rollups(events_of("ledger_worked"), RefereeRules(models=("on_air",), lookback_ms=3 * HOUR_MS))
    assert sum(minute.delta for minute in found.activity.values()) == 0
    assert sum(minute.views for minute in found.activity.values()) == 7
    assert (found.activity["A", 300_000].views, found.activity["A", 600_000].delta) == (1, 0)
    handed_over = found.revenue["on_air", 1_800_000, "CNY", "A", "mei_twin"]
    assert (handed_over.gross, handed_over.refunds, handed_over.orders) == (9900, 0, 1)
    after_the_stream = found.revenue["on_air", 7_200_000, "CNY", None, "unattributed"]
    assert (after_the_stream.gross, after_the_stream.orders) == (3, 1)
    by_books = sum(entry["amount_minor"] for entry in worked.entries if entry["model"] == "on_air")
    assert sum(of.gross + of.refunds for of in found.revenue.values()) == by_books
