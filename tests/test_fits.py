"""Claims about fits of the Markov model in the stream: orders use the latest, a new one restates what it may."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import polars as pl
from scenarios import to_bytes
from warehouse_books import rows

from analytics.ledger import ENTRIES
from analytics.rules import Rules
from analytics.warehouse import tables
from analytics.warehouse.embedded import Embedded
from streams.processor import Processor

DAY, MINUTE = 86_400_000, 60_000
RULES = Rules(models=("markov",), correction_ms=5 * DAY)


def said(type_: str, at_ms: int, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"{type_}{at_ms}{sorted(map(str, fields.values()))}",
        "type": type_,
        "occurred_at": at_ms,
    } | fields


def evening(day: int, *hosts: str) -> list[dict[str, Any]]:
    """A session of a quarter of an hour per host, one after the other."""
    start, session = day * DAY, f"s{day}"
    events = [said("session_started", start, session_id=session, platform="p", seller_id="q")]
    for number, host in enumerate(hosts):
        for type_, place in (("shift_started", number), ("shift_ended", number + 1)):
            events.append(said(type_, start + 15 * place * MINUTE, session_id=session, host_id=host))
    return events


def visit(day: int, viewer: str, first: int, last: int, order: str | None = None) -> list[dict[str, Any]]:
    """Somebody who watches the hosts from the first to the last, counted from 0, and buys, or does not."""
    came, went = day * DAY + (15 * first + 1) * MINUTE, day * DAY + (15 * last + 10) * MINUTE
    where = {"session_id": f"s{day}", "viewer_id": viewer}
    events = [said("viewer_joined", came, **where), said("viewer_left", went, **where)]
    line = {"line_id": "1", "product_id": "p", "quantity": 1, "amount_minor": 1001}
    paid = {"order_id": order, "currency": "CNY", "lines": [line], **where}
    return events + ([said("order_paid", went - MINUTE, **paid)] if order else [])


def standing(warehouse: Embedded) -> dict[str, dict[str, tuple[int, int]]]:
    """Per order: host, amount and fit of the entries that stand."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    question = (
        "SELECT order_id, host_id, fit, sum(amount_minor) AS amount FROM ledger GROUP BY ALL HAVING sum(sign) > 0"
    )
    for order, host, fit, amount in rows(warehouse, question):
        found[order][host] = int(amount), int(fit)
    return found


def test_orders_use_the_latest_fit_and_a_new_one_restates_only_the_correction_window(
    warehouse: Embedded, processor: Callable[..., Processor]
) -> None:
    running = processor(RULES)
    first = [*evening(1, "a", "b"), *visit(1, "v1", 0, 1, "o1"), *visit(1, "v2", 0, 0)]
    running.process("one", to_bytes(first), 1, 1)
    assert {fit for _, fit in standing(warehouse)["o1"].values()} == {0}, "before any fit it is provisional"
    running.refit()
    assert {fit for _, fit in standing(warehouse)["o1"].values()} == {1}

    second = [
        *evening(10, "a", "b"),
        *visit(10, "w1", 0, 1, "o2"),
        *visit(10, "w2", 0, 1),
        *visit(10, "w3", 1, 1, "o3"),
    ]
    running.process("two", to_bytes(second), 1, 1)
    between = standing(warehouse)
    assert {fit for order in ("o1", "o2", "o3") for _, fit in between[order].values()} == {1}
    running.refit()
    after = standing(warehouse)
    assert after["o1"] == between["o1"], "older than the window: frozen with the fit it had"
    assert {fit for _, fit in after["o2"].values()} == {2}
    assert after["o2"] != between["o2"]
    assert after["o3"] == between["o3"] == {"b": (1001, 1)}, "one host had it all and has it still: nothing to restate"
    for entries in after.values():
        assert sum(amount for amount, _ in entries.values()) == 1001

    assert rows(warehouse, "SELECT fit FROM markov_fits ORDER BY fit") == [("1",), ("2",)]
    reasons = "SELECT DISTINCT fit, order_id, reason FROM ledger WHERE kind = 'restatement' AND sign > 0 ORDER BY ALL"
    assert rows(warehouse, reasons) == [("1", "o1", "Markov fit 1"), ("2", "o2", "Markov fit 2")]


def test_an_entry_that_comes_back_is_of_the_fit_that_brought_it_back(warehouse: Embedded) -> None:
    for batch, (fit, sign) in enumerate(((1, 1), (1, -1), (3, 1)), 1):
        line = {"order_id": "o", "model": "markov", "host_id": "a", "amount_minor": 1001 * sign, "currency": "CNY"}
        line |= {"ordered_ms": DAY, "booked_ms": DAY, "weight": 1, "fit": fit, "sign": sign, "kind": "restatement"}
        texts = {"refund_id": None, "session_id": "s1", "basis": "as before", "reason": f"Markov fit {fit}"}
        lines = pl.DataFrame([line | texts], schema=ENTRIES)
        warehouse.insert("ledger", tables.numbered(batch)(tables.ledger(lines, DAY)), f"batch-{batch}")
    of_order, lane = {"order_ids": ["o"], "batches": []}, {"model": "markov", "batch": 0, "first": 1, "last": 9}
    standing_ = [
        warehouse.query("core_booked", **of_order),
        warehouse.query("core_standing_of_model", **lane),
        warehouse.query("explain_credits", order_id="o"),
    ]
    assert [found["fit"].to_list() for found in standing_] == [[3]] * 3
