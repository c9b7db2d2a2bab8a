"""A small stage for the boards in Grafana: sellers, sessions, hosts, orders with ids that mean something elsewhere."""

import json
import time
from contextlib import closing, contextmanager

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from dashboards.macros import Range
from streams.processor import Processor

BEGIN = 1_785_754_800_000
"""2026-08-03 11:00:00 UTC."""
MINUTE = 60_000
SPAN = Range(BEGIN, BEGIN + 60 * MINUTE, MINUTE)
HOSTILE = [
    "it's",
    'say "x"',
    "back\\name",
    "end\\",
    "\\'",
    "$__timeFilter(minute)",
    "$__interval_s",
    "${seller:sqlstring}",
    "$seller",
    "[[seller]]",
    "$__all",
    "$$ $& $'",
    "a,b",
    "x') OR 1=1 --",
    ")(",
    "\\x24",
    "%27{a}",
    "主播 一",
]
"""Ids that quotes, backslashes, macros, variables and lists could be confused by."""


def event(number, what, minutes, **fields):
    return {"event_id": f"e{number}", "type": what, "occurred_at": BEGIN + int(minutes * MINUTE), **fields}


def story():
    """Every id is a seller with a session and a host; somebody comes in, looks, buys, and some send it back."""
    found = []

    def tell(what, minutes, **fields):
        found.append(event(len(found), what, minutes, **fields))

    for number, nasty in enumerate(HOSTILE):
        at, session = number % 7, {"session_id": f"s {nasty}"}
        host, viewer = {"host_id": f"h {nasty}"}, {"viewer_id": f"v {nasty}"}
        kind = "digital" if number % 2 else "human"
        tell("host_registered", at - 10, **host, kind=kind, name=f"Host {nasty}")
        platform = ("douyin", "taobao_live")[number % 2]
        tell("session_started", at, **session, platform=platform, seller_id=f"m {nasty}", title=f"Room {nasty}")
        tell("shift_started", at, **session, **host)
        if kind == "digital" and number % 4 == 1:
            tell("label_shown", at, **session, **host)
        tell("viewer_joined", at + 1, **session, **viewer)
        tell("product_clicked", at + 2, **session, **viewer, product_id=f"p {nasty}")
        tell("product_featured", at + 2, **session, **host, product_id=f"p {nasty}")
        lines = [{"line_id": "1", "product_id": f"p {nasty}", "quantity": 2, "amount_minor": 1000 + number}]
        order = {"order_id": f"o {nasty}", **viewer, "currency": "CNY"}
        tell("order_paid", at + 3, **order, **session, lines=lines)
        if number % 3 == 0:
            back = {"refund_id": f"r {nasty}", "order_id": f"o {nasty}", "currency": "CNY"}
            tell("order_refunded", at + 20, **back, amount_minor=2000 if number % 6 else 500)
        tell("shift_ended", at + 40, **session, **host)
    return found


@contextmanager
def staged(folder):
    """Open a warehouse in a folder, in which the story is booked."""
    with closing(Embedded.open(folder)) as warehouse:
        processor = Processor(warehouse, folder, Rules(), lambda: int(time.time() * 1000))
        lines = b"".join(json.dumps(told).encode() + b"\n" for told in story())
        processor.process("stage", lines + b"no event\n", 1, 0)
        yield warehouse
