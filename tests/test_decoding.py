"""Bytes to facts: one bad line never harms its neighbours, and every bad line says why it is one."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nights import examples
from test_contract import EXAMPLES, LINE

from analytics import columns, decoding
from analytics.columns import ViewerColumns, kinds_of
from analytics.decoding import Decoded, decode
from analytics.events import Event, ViewerEvent
from analytics.facts import Facts, frames
from analytics.rejection import REMEDIES, TIME_FIELDS, VALUE_LIMIT, Reject, read_line

JOIN, ORDER, REFUND = EXAMPLES["viewer_joined"], EXAMPLES["order_paid"], EXAMPLES["order_refunded"]
NOT_BY_DECODING = {
    "amount_inexact",
    "order_conflict",
    "refund_conflict",
    "refund_currency_mismatch",
    "wrong_topic",
    "kind_missing",
    "kind_unknown",
}
"""Reasons that only show beside other facts, or in a topic: test_processor, test_lanes, the core and
the sources find those."""


def line_of(event: dict[str, Any], *, ascii_only: bool = False) -> bytes:
    return json.dumps(event, ensure_ascii=ascii_only).encode()


def raw(event: dict[str, Any], field: str, value: bytes) -> bytes:
    """An event with a field written exactly so."""
    return line_of({**event, field: "@@"}).replace(b'"@@"', value)


BAD: list[tuple[str, str | None, bytes]] = [
    ("not_utf8", None, b'{"event_id": "\xff"}'),
    ("not_utf8", None, line_of(JOIN).decode().encode("utf-16")),
    ("not_utf8", None, line_of(JOIN | {"source": "大学"}).decode().encode("gbk")),
    ("not_json", None, b"{"),
    ("not_json", None, b"\x00"),
    ("not_json", None, line_of(JOIN)[:-1]),
    ("not_json", None, line_of(JOIN) + line_of(JOIN)),
    ("not_json", None, line_of(JOIN) + b"}"),
    ("not_json", None, raw(JOIN, "event_id", b'"\\ud800"')),
    ("not_json", None, raw(JOIN, "event_id", b"007")),
    ("not_json", None, raw(JOIN, "occurred_at", b"NaN")),
    ("not_json", None, line_of(JOIN)[:-1] + b',"unknown": "\\q"}'),
    ("not_object", None, b"[]"),
    ("not_object", None, b"[" * 100_000),
    ("not_object", None, b'"viewer_joined"'),
    ("not_object", None, b"null"),
    ("too_deep", None, line_of(JOIN)[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("too_deep", None, line_of(JOIN)[:-1] + b',"x":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_001),
    ("type_missing", "type", b"{}"),
    ("type_missing", "type", b'{"event_id": "e"}'),
    ("type_unknown", "type", line_of(JOIN | {"type": "viewer_teleported"})),
    ("type_unknown", "type", line_of(JOIN | {"type": None})),
    ("type_unknown", "type", line_of(JOIN | {"type": ["viewer_joined"]})),
    ("field_missing", "viewer_id", b'{"event_id": 1, "type": "viewer_left", "occurred_at": 1, "session_id": 1}'),
    ("field_missing", "lines[1].quantity", line_of(ORDER | {"lines": [LINE, {"line_id": 1, "product_id": 1}]})),
    ("field_type", "viewer_id", line_of(JOIN | {"viewer_id": True})),
    ("field_type", "viewer_id", line_of(JOIN | {"viewer_id": None})),
    ("field_type", "occurred_at", line_of(JOIN | {"occurred_at": "2026-03-02T00:00:00Z"})),
    ("field_type", "occurred_at", line_of(JOIN | {"occurred_at": 1.5})),
    ("field_type", "lines", line_of(ORDER | {"lines": 5})),
    ("field_type", "lines[1]", line_of(ORDER | {"lines": [LINE, 5]})),
    ("field_type", "lines[0].amount_minor", line_of(ORDER | {"lines": [LINE | {"amount_minor": 9.9}]})),
    ("field_value", "occurred_at", line_of(JOIN | {"occurred_at": -1})),
    ("field_value", "occurred_at", raw(JOIN, "occurred_at", b"9" * 5000)),
    ("field_value", "viewer_id", line_of(JOIN | {"viewer_id": ""})),
    ("field_value", "source", line_of(JOIN | {"source": "x" * 1025})),
    ("field_value", "kind", line_of(EXAMPLES["host_registered"] | {"kind": "robot"})),
    ("field_value", "amount_minor", line_of(REFUND | {"amount_minor": -1})),
    ("currency_unknown", "currency", line_of(REFUND | {"currency": "RMB"})),
    ("currency_unknown", "currency", line_of(EXAMPLES["gift_sent"] | {"currency": "cny"})),
    ("id_too_long", "viewer_id", line_of(JOIN | {"viewer_id": "x" * 129})),
    ("id_too_long", "viewer_id", line_of(JOIN | {"viewer_id": "主" * 43})),
    ("id_too_long", "viewer_id", line_of(JOIN | {"viewer_id": "主" * 43}, ascii_only=True)),
    ("id_too_long", "viewer_id", raw(JOIN, "viewer_id", b"1" * 129)),
    ("id_too_long", "viewer_id", raw(JOIN, "viewer_id", b"1" * 5000)),
    ("id_too_long", "lines[1].line_id", line_of(ORDER | {"lines": [LINE, LINE | {"line_id": "主" * 43}]})),
    ("id_too_long", "lines[0].product_id", line_of(ORDER | {"lines": [LINE | {"product_id": "x" * 129}]})),
    ("negative_order", "lines", line_of(ORDER | {"lines": [LINE, LINE | {"amount_minor": -991}]})),
    ("amount_too_large", "lines", line_of(ORDER | {"lines": [LINE, LINE | {"amount_minor": 10**15}]})),
    ("reserved_host_id", "host_id", line_of(ORDER | {"host_id": "unattributed"})),
    ("reserved_host_id", "host_id", line_of(EXAMPLES["shift_started"] | {"host_id": "excess_refund"})),
    ("control_character", "host_id", line_of(EXAMPLES["shift_started"] | {"host_id": "a\x1fb"})),
    ("control_character", "host_id", line_of(ORDER | {"host_id": "a\x1eb"})),
]
"""Lines that are no events: reason, field, bytes."""
BLANK = [b"", b" ", b"\t ", b"\r"]


@contextmanager
def pieces_of(size: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "PIECE_BYTES", size)
        yield


def facts_alike(one: Facts, other: Facts) -> bool:
    names = ("viewer_events", "orders", "order_lines", "refunds", "roster_events")
    return all(getattr(one, name).equals(getattr(other, name)) for name in names)


def alike(one: Decoded, other: Decoded) -> bool:
    counted = (one.lines, one.unknown_fields) == (other.lines, other.unknown_fields)
    return counted and facts_alike(one.facts, other.facts) and one.rejects.equals(other.rejects)


@dataclass(frozen=True)
class Placed:
    """A line and what is to become of it."""

    data: bytes
    reason: str | None = None
    event: dict[str, Any] | None = None
    unknown: int = 0


def good(number: int, kind: str, unknown: int, *, ascii_only: bool) -> Placed:
    event = EXAMPLES[kind] | {"event_id": f"{kind} {number}"}
    written = line_of(event | {f"unknown {i}": [i] for i in range(unknown)}, ascii_only=ascii_only)
    return Placed(written, event=event, unknown=unknown)


@st.composite
def mixtures(draw: st.DrawFn) -> list[Placed]:
    """Good, bad and blank lines in any order; runs of good ones are long, so that the fast reader has its turn."""
    placed: list[Placed] = []
    for sort in draw(st.lists(st.sampled_from(["good", "good", "run", "bad", "blank"]), max_size=12)):
        if sort == "bad":
            reason, _, data = draw(st.sampled_from(BAD))
            placed.append(Placed(data, reason=reason))
        elif sort == "blank":
            placed.append(Placed(draw(st.sampled_from(BLANK))))
        else:
            kinds = draw(st.lists(st.sampled_from(sorted(EXAMPLES)), min_size=1, max_size=1 if sort == "good" else 6))
            unknown = draw(st.sampled_from([0, 0, 1, 3])) if sort == "good" else 0
            written = draw(st.booleans())
            placed += [good(len(placed) + n, kind, unknown, ascii_only=written) for n, kind in enumerate(kinds)]
    return placed


@settings(deadline=None, max_examples=examples(60))
@given(
    placed=mixtures(),
    piece=st.sampled_from([1, 100, 400, 1000, 1 << 18]),
    end=st.sampled_from([b"\n", b"\r\n"]),
    finished=st.booleans(),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    first=st.sampled_from([1, 4_000_000_000]),
)
def test_a_bad_line_never_harms_its_neighbours(
    placed: list[Placed], piece: int, end: bytes, *, finished: bool, mark: bytes, first: int
) -> None:
    data = end.join(line.data for line in placed) + (end if placed and finished else b"")
    if data and (placed[0].reason is None or not mark):
        data = mark + data
    else:
        mark = b""
    with pieces_of(piece):
        decoded = decode(data, first)
    numbered = list(enumerate(placed, first))
    taken = [(number, line.event) for number, line in numbered if line.event]
    assert_facts(decoded.facts, taken)
    assert decoded.rejects.select("position", "reason").rows() == [
        (number, line.reason) for number, line in numbered if line.reason
    ]
    lines = data.split(b"\n")
    assert decoded.rejects["line"].to_list() == [lines[number - first] for number, line in numbered if line.reason]
    assert decoded.unknown_fields == sum(line.unknown for line in placed)
    assert decoded.lines == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


def assert_facts(facts: Facts, taken: Sequence[tuple[int, dict[str, Any]]]) -> None:
    def ids(*kinds: str) -> list[str]:
        return [event["event_id"] for _, event in taken if event["type"] in kinds]

    viewer = [
        kind for kind in EXAMPLES if "viewer_id" in EXAMPLES[kind] and kind not in ("order_paid", "order_refunded")
    ]
    assert facts.viewer_events["event_id"].to_list() == ids(*viewer)
    assert facts.roster_events["event_id"].to_list() == ids(
        *EXAMPLES.keys() - {*viewer, "order_paid", "order_refunded"}
    )
    for frame, kind in ((facts.orders, "order_paid"), (facts.refunds, "order_refunded")):
        placed = [(number, event["event_id"]) for number, event in taken if event["type"] == kind]
        assert frame.select("position", "event_id").rows() == placed
    assert facts.order_lines["event_id"].to_list() == [order for order in ids("order_paid") for _ in ORDER["lines"]]
    assert facts.events == len(taken)


@pytest.mark.parametrize(("reason", "field", "line"), BAD)
def test_a_reject_says_reason_field_value_and_remedy_and_keeps_the_bytes(
    reason: str, field: str | None, line: bytes
) -> None:
    decoded = decode(line_of(JOIN) + b"\n" + line + b"\n" + line_of(ORDER) + b"\n", 10)
    (reject,) = decoded.rejects.rows(named=True)
    assert (reject["position"], reject["reason"], reject["field"]) == (11, reason, field)
    assert reject["remedy"] == REMEDIES[reason] or field in TIME_FIELDS
    assert reject["line"] == line
    assert len(reject["value"] or "") <= VALUE_LIMIT
    assert (reject["value"] is None) == (reason in {"type_missing", "field_missing"})
    assert (decoded.facts.events, decoded.facts.orders["position"].to_list()) == (2, [12])


@pytest.mark.parametrize("told", ['"2026-10-01T12:00:00Z"', "1790000000.5", "1790000000000000", "-1"])
def test_a_wrong_time_is_refused_with_what_a_time_is(told: str) -> None:
    line = line_of(JOIN).replace(str(JOIN["occurred_at"]).encode(), told.encode())
    (reject,) = decode(line + b"\n", 1).rejects.rows(named=True)
    assert (reject["field"], reject["value"]) == ("occurred_at", told)
    assert reject["remedy"] == "send a whole number, milliseconds since 1970 in UTC, up to the year 2100"


def test_every_reason_that_decoding_can_give_is_tested_here() -> None:
    assert {reason for reason, _, _ in BAD} == REMEDIES.keys() - NOT_BY_DECODING


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "7",
        "-7",
        "9223372036854775807",
        "9223372036854775808",
        "12345678901234567890123",
        "9" * 128,
        "1e5",
        "1E+5",
        "1.50",
        "0.10",
        "-0.0",
        "123456789.000000000000000000001",
    ],
)
@pytest.mark.parametrize("neighbour", [b"", line_of(JOIN | {"new": 1}), line_of(ORDER), b"{"])
def test_a_number_id_keeps_its_exact_digits(text: str, neighbour: bytes) -> None:
    number = text.encode()
    in_line = line_of(ORDER | {"lines": [LINE | {"line_id": "@@"}]}).replace(b'"@@"', number)
    lines = [raw(JOIN, "viewer_id", number), raw(REFUND, "refund_id", number), in_line, neighbour]
    facts = decode(b"\n".join(lines) + b"\n").facts
    assert facts.viewer_events["viewer_id"][0] == text
    assert facts.refunds["refund_id"][0] == text
    assert facts.order_lines["line_id"][0] == text
    with_more = raw(JOIN | {"new": 1}, "viewer_id", number)
    assert decode(with_more).facts.viewer_events["viewer_id"].to_list() == [text]


@pytest.mark.parametrize("more", [{}, {"new": 1}])
def test_minus_zero_is_zero_the_one_number_that_loses_a_character(more: dict[str, int]) -> None:
    assert decode(raw(JOIN | more, "viewer_id", b"-0")).facts.viewer_events["viewer_id"].to_list() == ["0"]


@pytest.mark.parametrize("long", ["x" * 128, "主" * 42 + "xx", "\U0001f600" * 32, '"' * 128])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("kind", ["viewer_joined", "order_paid", "shift_started"])
def test_an_id_of_128_bytes_is_taken_and_one_byte_more_is_too_long(long: str, kind: str, *, ascii_only: bool) -> None:
    neighbour = line_of(JOIN) + b"\n"
    for value, rejected in ((long, []), (long + "x", ["id_too_long"])):
        line = line_of(EXAMPLES[kind] | {"session_id": value}, ascii_only=ascii_only)
        decoded = decode(neighbour + line + b"\n" + neighbour)
        assert decoded.rejects["reason"].to_list() == rejected
        assert decoded.facts.events == 3 - len(rejected)


def test_unknown_fields_are_left_out_and_counted_also_inside_order_lines() -> None:
    order = ORDER | {"new": 1, "lines": [LINE | {"colour": "red", "size": {"eu": 40}}, LINE | {"gift": True}]}
    decoded = decode(line_of(order) + b"\n" + line_of(JOIN | {"a": None, "b": []}))
    plain = decode(line_of(ORDER | {"lines": [LINE, LINE]}) + b"\n" + line_of(JOIN))
    assert (decoded.unknown_fields, plain.unknown_fields) == (6, 0)
    assert facts_alike(decoded.facts, plain.facts)
    assert read_line(line_of(order))[1] == 4
    assert decode(raw(order, "order_id", b"1e5") + b"\n" + line_of(order)).unknown_fields == 8


def test_two_events_on_a_line_and_one_event_on_two_lines_are_rejected_whatever_stands_around_them() -> None:
    broken_up = line_of(JOIN).replace(b", ", b",\n", 1)
    for data, positions in (
        (line_of(JOIN) + line_of(ORDER) + b"\n\n", [1]),
        (broken_up + b"\n" + line_of(JOIN) + line_of(ORDER) + b"\n", [1, 2, 3]),
        (broken_up + b"\n", [1, 2]),
    ):
        assert decode(data).rejects["position"].to_list() == positions
        assert decode(data).facts.events == 0


def test_a_blank_line_counts_as_a_line_also_before_a_last_line_without_newline() -> None:
    decoded = decode(line_of(JOIN) + b"\n\n" + line_of(ORDER))
    assert (decoded.lines, decoded.facts.orders["position"].to_list()) == (3, [3])


def test_nothing_and_blank_lines_are_no_events_and_no_rejects() -> None:
    for data, lines in ((b"", 0), (b"\n", 1), (b" \n\t\n\r\n", 3), (b"  ", 1)):
        decoded = decode(data)
        assert (decoded.lines, decoded.facts.events, decoded.rejects.height) == (lines, 0, 0)
    assert Facts.joined([]).events == 0


ENDINGS = (b"\n", b"\r\n", b"\n\n", b" \n")
ODD_LINES = (line_of(JOIN), line_of(ORDER), line_of(JOIN)[:-1], b"", b"{", b"}", b"{}")


@settings(deadline=None, max_examples=examples(80))
@given(
    lines=st.lists(st.tuples(st.sampled_from(ODD_LINES), st.sampled_from(ENDINGS)), max_size=8),
    near=st.integers(1, 400),
)
def test_where_the_bytes_are_cut_to_find_their_lines_changes_nothing(
    lines: list[tuple[bytes, bytes]], near: int
) -> None:
    data = b"".join(line + ending for line, ending in lines)
    for text in (data, data.removesuffix(b"\n")):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(decoding, "_NEAR_BYTES", near)
            cut, tidy = decode(text), decoding._Lines.of(text).tidy.tolist()
        there = [line.removesuffix(b"\r") for line in text.removesuffix(b"\n").split(b"\n")] if text else []
        assert alike(cut, decode(text))
        assert tidy == [line.startswith(b"{") and line.endswith(b"}") for line in there]
        assert cut.lines == len(there)


def test_joined_facts_are_the_facts_of_the_joined_bytes() -> None:
    lines = [line_of(event) + b"\n" for event in EXAMPLES.values()]
    whole, parts = decode(b"".join(lines)), []
    for position, line in enumerate(lines, 1):
        parts.append(decode(line, position).facts)
    assert facts_alike(Facts.joined(parts), whole.facts)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
NOT_FREE = {"type", "kind", "currency", "lines", "platforms", "categories", "label_required"}


def facts_of(event: Event) -> Facts:
    columns = ViewerColumns()
    if isinstance(event, ViewerEvent):
        columns.add([event], kinds_of([event]))
        return frames(columns, [])
    return frames(columns, [(event, 1)])


@settings(deadline=None, max_examples=examples(30))
@given(kind=st.sampled_from(sorted(EXAMPLES)), data=st.data())
def test_the_patient_reader_agrees_with_the_fast_one(kind: str, data: st.DataObject) -> None:
    event = dict(EXAMPLES[kind])
    for name in data.draw(st.sets(st.sampled_from(sorted(event)))) - NOT_FREE:
        wanted = NUMBERS if name == "occurred_at" or not name.endswith("_id") else TEXTS | NUMBERS
        event[name] = data.draw(wanted if isinstance(event[name], int) or name.endswith("_id") else TEXTS)
    if kind == "order_paid":
        event["lines"] = [LINE | {"line_id": data.draw(TEXTS | NUMBERS), "amount_minor": data.draw(st.integers(0, 9))}]
    written = line_of(event, ascii_only=data.draw(st.booleans()))
    fast = decode(written + b"\n")
    if fast.rejects.height:
        with pytest.raises(Reject):
            read_line(written)
        return
    patient, unknown = read_line(written)
    assert unknown == 0
    assert facts_alike(fast.facts, facts_of(patient))


def assert_total(data: bytes) -> None:
    """Whatever the bytes, each line is an event, a reject or blank, and the cut into pieces changes nothing."""
    whole = decode(data)
    blank = sum(not line.removeprefix(b"\xef\xbb\xbf").strip() for line in data.split(b"\n"))
    assert whole.facts.events + whole.rejects.height + blank == data.count(b"\n") + 1
    assert set(whole.rejects["reason"]) <= REMEDIES.keys()
    with pieces_of(1):
        assert alike(decode(data), whole)


@settings(deadline=None, max_examples=examples(60))
@given(data=st.binary(max_size=300))
@example(data=b"\xef\xbb\xbf")
@example(data=b"{}\n" * 3)
def test_no_bytes_make_the_decoder_raise(data: bytes) -> None:
    assert_total(data)


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """Valid lines with bytes taken out, put in, repeated and exchanged; often a break or a brace."""
    kinds = draw(st.lists(st.sampled_from(sorted(EXAMPLES)), min_size=1, max_size=4))
    data = bytearray(b"\n".join(line_of(EXAMPLES[kind]) for kind in kinds))
    awkward = st.sampled_from(
        [b"\n", b"{", b"}", b"}\n{", b",\n", b'"', b"\\", b"\\u", b"[", b"-", b"\r", b"\xe4", b" "]
    )
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(start + draw(st.sampled_from([0, 0, 1, 2, 30])), len(data))
        data[start:end] = draw(awkward | st.binary(max_size=3) | st.just(bytes(data[end : end + 40])))
    return bytes(data)


@settings(deadline=None, max_examples=examples(60))
@given(data=mangled())
def test_no_damage_to_valid_lines_makes_the_decoder_raise(data: bytes) -> None:
    assert_total(data)


@settings(deadline=None, max_examples=examples(60))
@given(
    data=st.lists(st.sampled_from([b"\n", b"\r\n", b" ", b"{}", line_of(EXAMPLES["session_ended"]), b","]), max_size=8)
)
def test_line_breaks_alone_say_what_a_line_is(data: list[bytes]) -> None:
    assert_total(b"".join(data))


def test_amounts_and_items_of_an_order_are_the_sums_of_its_lines() -> None:
    order = decode(line_of(ORDER)).facts.orders
    assert order.select("amount_minor", "items").row(0) == (900, 4)
    assert order.schema["amount_minor"] == pl.Int64


FIELDS = ("event_id", "occurred_at", "type", "session_id", "viewer_id", "product_id")
MORE = {"count": 1, "amount_minor": None, "currency": None, "source": None}
"""Fields behind FIELDS in the columns, and what stands where an event has them not."""


@st.composite
def viewer_events(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Viewer events of all types in any order, ids as texts or numbers, optional fields there or not."""
    kinds = [kind for kind, event in EXAMPLES.items() if "viewer_id" in event and "order_id" not in event]
    drawn = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(kinds), max_size=12))):
        event = EXAMPLES[kind] | {"event_id": draw(st.sampled_from([number, f"e{number}"])), "occurred_at": number}
        absent = draw(st.sampled_from([(), ("count", "source")]))
        drawn.append({name: value for name, value in event.items() if name not in absent})
    return drawn


@settings(deadline=None, max_examples=60)
@given(events=viewer_events(), settled=st.sampled_from([1, 3, 4000]))
def test_every_field_of_a_viewer_event_stays_with_it(events: list[dict[str, Any]], settled: int) -> None:
    """Rare fields are read apart from the others, and columns grow part by part; here they meet again."""
    with pytest.MonkeyPatch.context() as patched, pieces_of(300):
        patched.setattr(columns, "SETTLED_EVENTS", settled)
        found = decode(b"\n".join(map(line_of, events))).facts.viewer_events
    wanted = [
        (str(event["event_id"]), *(event.get(name) for name in FIELDS[1:]), *({**MORE, **event}[name] for name in MORE))
        for event in events
    ]
    assert found.rows() == wanted
    assert found.schema == columns.VIEWER_EVENTS


@pytest.mark.parametrize("around", [[], [JOIN], [JOIN, ORDER]])
def test_a_gift_keeps_its_money_whatever_comes_beside_it(around: list[dict[str, Any]]) -> None:
    """Columns that are rare are not read where they are absent; here they are there."""
    gift = EXAMPLES["gift_sent"] | {"amount_minor": 6600, "currency": "KWD", "event_id": "gift"}
    quiet = [JOIN | {"event_id": f"j{number}"} for number in range(3)]
    found = decode(b"\n".join(line_of(event) for event in [*quiet, *around, gift, *around, *quiet])).facts.viewer_events
    kept = found.filter(pl.col("amount_minor").is_not_null() | pl.col("currency").is_not_null())
    assert kept.select("event_id", "amount_minor", "currency").rows() == [("gift", 6600, "KWD")]
