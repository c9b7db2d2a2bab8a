"""A small stage for the page: two rooms, a host and her digital twin, figures that can be added up by hand."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
from patience import PATIENCE_S

from analytics.warehouse.embedded import Embedded
from dashboards.boards import BOARDS
from dashboards.page.app import make_app
from dashboards.page.server import background

MINUTE = 60_000
BEGIN = 1_785_754_800_000
"""2026-08-03 11:00:00 UTC."""
NEWEST = BEGIN + 50 * MINUTE + 30_000
NOW = NEWEST + 5_000

_TIMES = {"occurred_at", "started_at", "ended_at", "at", "ordered_at", "refunded_at", "booked_at", "newest_at"}


def at(minutes):
    return BEGIN + int(minutes * MINUTE)


def insert(warehouse, table, rows):
    """Insert rows (dicts, times in milliseconds UTC) as one block with a token of its own."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    times = [name for name in frame.columns if name in _TIMES and frame.schema[name] != pl.Null]
    frame = frame.with_columns(_moment(name, frame.schema[name]) for name in times)
    warehouse.insert(
        table, frame, token=f"{table} {json.dumps(rows, sort_keys=True, default=str)}".encode().hex()[-200:]
    )


def _moment(name, dtype):
    moment = pl.Datetime("ms", "UTC")
    return pl.col(name).cast(pl.List(moment) if isinstance(dtype, pl.List) else moment)


def batch(warehouse, number, newest_ms=NEWEST, **counts):
    """Say that a batch is stored, as the page waits for."""
    sums = dict.fromkeys(("events", "repeats", "rejects", "unknown_fields", "restatements", "frozen"), 0) | counts
    row = {"batch": number, "source": "stage", "token": str(number), "newest_at": newest_ms} | sums
    insert(warehouse, "batches", [row])


def credit(order_id, model, host_id, amount, minutes, **more):
    """Make a line of the ledger; a refund has a refund_id and a time of its own (booked)."""
    booked = more.pop("booked", minutes)
    line = {"order_id": order_id, "model": model, "host_id": host_id, "kind": "sale", "refund_id": None}
    line |= {"amount_minor": amount, "currency": "CNY", "ordered_at": at(minutes), "booked_at": at(booked)}
    return line | {"session_id": "s1", "weight": 1, "basis": "on air at the order", "sign": 1, "batch": 1} | more


def order(order_id, amount, minutes, currency="CNY", session_id="s1"):
    row = {"order_id": order_id, "event_id": f"e {order_id}", "viewer_id": f"v {order_id}", "ordered_at": at(minutes)}
    return row | {"session_id": session_id, "currency": currency, "amount_minor": amount, "items": 2, "batch": 1}


def sale(warehouse, order_id, amount, minutes, *, host_id, number):
    """Store one more order with its credit, and its batch."""
    insert(warehouse, "orders", [order(order_id, amount, minutes)])
    insert(warehouse, "ledger", [credit(order_id, "on_air", host_id, amount, minutes, batch=number)])
    batch(warehouse, number, max(NEWEST, at(minutes)), events=1)


def fill(warehouse):
    """Fill an empty warehouse with the stage: o1 is the host's, o2 her twin's, o3 nobody's, o4 in yen."""
    insert(warehouse, "roster_events", _roster())
    insert(warehouse, "shifts", _shifts())
    insert(warehouse, "presence", _presence())
    insert(
        warehouse,
        "orders",
        [
            order("o1", 10050, 10),
            order("o2", 20000, 40),
            order("o3", 9950, 45, session_id=None),
            order("o4", 1234, 5, "JPY"),
        ],
    )
    line = {"line_id": "l1", "product_id": "SKU-1", "quantity": 2, "currency": "CNY", "session_id": "s1", "batch": 1}
    amounts = {"o1": (10050, 10), "o2": (20000, 40), "o3": (9950, 45)}
    lines = [line | {"order_id": o, "amount_minor": m, "ordered_at": at(t)} for o, (m, t) in amounts.items()]
    insert(warehouse, "order_lines", lines)
    insert(warehouse, "ledger", _ledger())
    insert(warehouse, "refunds", _refunds())
    path = {"order_id": "o2", "session_ids": ["s1", "s1"], "started_at": [at(0), at(30)], "ended_at": [at(30), at(40)]}
    evidence = {"watched_ms": [30 * MINUTE, 10 * MINUTE], "host_ids": [["h1"], ["d1"]], "batch": 1}
    insert(warehouse, "order_paths", [path | evidence])
    batch(warehouse, 1, events=12, repeats=3, rejects=2, restatements=1)


def _roster():
    blank = dict.fromkeys(("session_id", "host_id", "name", "kind", "likeness_of", "platform", "title"))
    host = blank | {"type": "host_registered", "occurred_at": at(-10), "batch": 1}
    room = blank | {"type": "session_started", "occurred_at": at(-1), "batch": 1}
    return [
        host | {"event_id": "r1", "host_id": "h1", "name": "李佳", "kind": "human"},
        host | {"event_id": "r2", "host_id": "d1", "name": "李佳 AI", "kind": "digital", "likeness_of": "h1"},
        room | {"event_id": "r3", "session_id": "s1", "platform": "douyin", "title": "秋冬晚场"},
        room | {"event_id": "r4", "session_id": "s2", "platform": "taobao_live", "title": "김서연 라이브"},
        room | {"event_id": "r5", "type": "label_shown", "session_id": "s1", "host_id": "d1"},
    ]


def _shifts():
    shift = {"session_id": "s1", "deleted": 0, "batch": 1}
    first = shift | {"host_id": "h1", "started_at": at(0), "ended_at": at(30)}
    return [first, shift | {"host_id": "d1", "started_at": at(30), "ended_at": None}]


def _presence():
    change = {"session_id": "s1", "change": 1, "recorded_at": datetime.now(UTC).replace(microsecond=0), "batch": 1}
    return [
        change | {"viewer_id": "a", "at": at(0)},
        change | {"viewer_id": "b", "at": at(1)},
        change | {"viewer_id": "b", "at": at(20), "change": -1},
        change | {"viewer_id": "c", "at": at(50.2)},
        change | {"viewer_id": "d", "at": at(50.4)},
        change | {"viewer_id": "c", "at": at(50.9), "change": -1},
        change | {"viewer_id": "e", "at": at(2), "session_id": "s2"},
    ]


def _ledger():
    nobody = {"basis": "no host on air in the session of the order", "session_id": ""}
    back = {"kind": "refund", "booked": 50}
    return [
        credit("o1", "on_air", "h1", 10050, 10),
        credit("o2", "on_air", "d1", 20000, 40),
        credit("o3", "on_air", "unattributed", 9950, 45, **nobody),
        credit("o1", "on_air", "h1", -5025, 10, refund_id="f1", **back),
        credit("o2", "on_air", "d1", -20000, 40, refund_id="f2", **back),
        credit("o2", "on_air", "excess_refund", 5000, 40, refund_id="f2", **back),
        credit("o2", "linear", "h1", 10000, 40, basis="every step of the path equally"),
        credit("o2", "linear", "d1", 10000, 40, basis="every step of the path equally"),
        credit("o4", "on_air", "h1", 1234, 5, currency="JPY"),
    ]


def _refunds():
    refund = {"refunded_at": at(50), "currency": "CNY", "batch": 1}
    return [
        refund | {"refund_id": "f1", "event_id": "e f1", "order_id": "o1", "amount_minor": 5025, "reason": "尺码"},
        refund | {"refund_id": "f2", "event_id": "e f2", "order_id": "o2", "amount_minor": 25000, "reason": None},
    ]


@contextmanager
def staged(folder):
    """Open a filled warehouse in a folder."""
    with closing(Embedded.open(folder)) as warehouse:
        fill(warehouse)
        yield warehouse


@contextmanager
def served(warehouse, now_ms=NOW, pause_s=0.2, reader=None, **options):
    """Serve the page of a warehouse; gives its address without the slash. now_ms: the time, or what tells it."""
    clock = now_ms if callable(now_ms) else lambda: now_ms
    with background(make_app(reader or warehouse.reader, clock, pause_s=pause_s, **options)) as address:
        yield address.rstrip("/")


@contextmanager
def shown(address, query="board=live", upto=()):
    """Open a page: its stream, and what it got at first."""
    with opened(f"{address}/api/stream?{query}") as stream:
        yield stream, *board(stream, upto)


def opened(url, **headers):
    """Open an address of our own server."""
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE_S)  # noqa: S310  # our own server


def get(url):
    """Fetch JSON."""
    with opened(url) as answer:
        return json.load(answer)


def heard(stream):
    """Read the next event of a stream: its name and its data."""
    name = None
    while line := stream.readline().decode().rstrip("\n"):
        kind, _, text = line.partition(": ")
        if kind == "event":
            name = text
        if kind == "data":
            data = json.loads(text)
    return name, data


def coming(stream):
    """Give event by event, as long as patience lasts: beats alone may come for ever."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        yield heard(stream)
    raise AssertionError("what was waited for did not come")


def told(stream, event, panel=None):
    """Read on to the next event of a name, of one panel if there is one; give its data."""
    return next(data for name, data in coming(stream) if name == event and (panel is None or data["id"] == panel))


def sent(stream, *panels):
    """Read on until each of these panels has come, and give their rows; whether others came too is chance."""
    came = {}
    for name, data in coming(stream):
        if name == "panel":
            came[data["id"]] = data["rows"]
        if came.keys() >= set(panels):
            break
    return {panel: came[panel] for panel in panels}


def board(stream, upto=()):
    """Read what a page gets when it opens, or up to some panels: the view, what each panel holds, the marks.

    Panels are answered side by side: which of two comes first is chance, so others are left out.
    """
    view, panels = told(stream, "view"), {}
    for name, data in coming(stream):
        if name == "marks":
            break
        if name == "beat":
            continue
        assert name == "panel"
        panels[data["id"]] = data.get("error") or [dict(zip(data["columns"], row, strict=True)) for row in data["rows"]]
        if upto and panels.keys() >= set(upto):
            return view, {panel: panels[panel] for panel in upto}, None
    return view, panels, data


def refused(address, route, **headers):
    """Ask for what is refused: the status and what is said."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        opened(f"{address}/{route}", **headers)
    with refusal.value as answer:
        text = answer.read()
        return answer.status, json.loads(text) if answer.headers["Content-Type"] == "application/json" else text


class Watched:
    """A reader that counts what it is asked, and may be made to fail."""

    def __init__(self, reader):
        self.reader, self.asked, self.failing, self.opened = reader, Counter(), {}, 0

    def __call__(self):
        self.opened += 1
        return self

    def query(self, name, **parameters):
        self._count(name)
        return self.reader.query(name, **parameters)

    def ask(self, text):
        self._count(text)
        return self.reader.ask(text)

    def _count(self, what):
        self.asked[what] += 1
        for mark, error in self.failing.items():
            if mark in what:
                raise error

    def close(self):
        self.reader.close()

    @contextmanager
    def counted(self):
        self.asked.clear()
        yield self.asked


def of_panels(asked):
    """Questions that are not about how far the books are."""
    seen = dict(asked)  # at once: the page may be asking
    return {text: count for text, count in seen.items() if not text.startswith("page_")}


@contextmanager
def few_panels():
    """Give boards a few panels each: enough for what is not about figures."""
    wanted = {"live": ("gmv", "online", "data_age", "products", "latest"), "finance": ("revenue",)}
    whole = dict(BOARDS)
    for name, ids in wanted.items():
        panels = tuple(panel for panel in BOARDS[name].panels if panel.id in ids)
        assert len(panels) == len(ids)
        BOARDS[name] = replace(BOARDS[name], panels=panels)
    try:
        yield
    finally:
        BOARDS.update(whole)
