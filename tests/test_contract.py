"""The published JSON Schema and the decoder say the same of every event; where a schema cannot follow, it is said."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types
from nights import examples

from analytics.contract import TYPES, schema
from analytics.currencies import EXPONENTS, decimal_text
from analytics.decoding import decode
from analytics.events import MAX_AMOUNT_MINOR, MAX_TIME_MS

Event = dict[str, Any]
LINE = {"line_id": "1", "product_id": "p", "quantity": 2, "amount_minor": 990, "category": "care"}
_IN_ROOM = {"session_id": "s", "host_id": "h"}
_VIEWER = {"session_id": "s", "viewer_id": "v"}
_FIELDS: dict[str, Event] = {
    "host_registered": {
        "host_id": "h",
        "name": "Mei 梅",
        "kind": "digital",
        "likeness_of": "m",
        "vendor": "acme",
        "avatar_version": "2",
    },
    "session_started": {"session_id": "s", "platform": "x", "seller_id": "a", "title": "t", "category": "c"},
    "session_ended": {"session_id": "s"},
    "shift_started": _IN_ROOM,
    "shift_ended": _IN_ROOM,
    "label_shown": _IN_ROOM,
    "label_hidden": _IN_ROOM,
    "script_started": {**_IN_ROOM, "script_id": "c", "variant": "b"},
    "product_featured": {"session_id": "s", "product_id": "p", "host_id": "h"},
    "likeness_contracted": {
        "contract_id": "c",
        "host_id": "h",
        "owner": "Mei",
        "valid_from": 0,
        "valid_to": MAX_TIME_MS,
        "fee_minor": 50_000,
        "currency": "USD",
        "royalty_bps": 500,
        "platforms": ["x"],
        "categories": [],
        "label_required": True,
    },
    "viewer_joined": {**_VIEWER, "source": "feed"},
    "viewer_left": _VIEWER,
    "product_clicked": {**_VIEWER, "product_id": "p"},
    "cart_added": {**_VIEWER, "product_id": "p"},
    "commented": {**_VIEWER, "count": 1},
    "liked": {**_VIEWER, "count": 17},
    "shared": {**_VIEWER, "count": 1},
    "followed": {**_VIEWER, "count": 0},
    "gift_sent": {**_VIEWER, "amount_minor": 100, "currency": "CNY"},
    "order_paid": {
        "order_id": "o",
        "viewer_id": "v",
        "currency": "KWD",
        "lines": [LINE, {**LINE, "line_id": 2, "amount_minor": -90}],
        "session_id": "s",
        "host_id": "h",
    },
    "order_refunded": {
        "refund_id": "r",
        "order_id": "o",
        "amount_minor": 5,
        "currency": "JPY",
        "viewer_id": "v",
        "reason": "size",
    },
}
EXAMPLES: dict[str, Event] = {
    kind: {"event_id": f"e-{kind}", "type": kind, "occurred_at": 1_700_000_000_000, **fields}
    for kind, fields in _FIELDS.items()
}
"""An event of every type with every field."""

PUBLISHED = schema()
VALIDATOR = Draft202012Validator(PUBLISHED)
DEFINITIONS: dict[str, Event] = {
    kind: PUBLISHED["$defs"][reference.rpartition("/")[2]]
    for kind, reference in PUBLISHED["discriminator"]["mapping"].items()
}
OF_TYPE = {
    kind: Draft202012Validator({"$ref": reference, "$defs": PUBLISHED["$defs"]})
    for kind, reference in PUBLISHED["discriminator"]["mapping"].items()
}
"""The schema of each type alone: the same verdict, sooner."""
IDS = sorted(
    {name for part in PUBLISHED["$defs"].values() for name in part["properties"] if name.endswith("_id")}
    | {"likeness_of"}
)
POOL: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    10**9 + 1,
    10_001,
    MAX_TIME_MS + 1,
    MAX_AMOUNT_MINOR + 1,
    10**30,
    "",
    "x",
    "7",
    "主" * 42,
    "x" * 128,
    "x" * 1024,
    "x" * 1025,
    "human",
    "CNY",
    "cny",
    "XXX",
    [],
    [1],
    ["x"],
    [None],
    {},
    {"x": 1},
    [{}],
    [LINE],
    [LINE, 5],
]
"""Values of every kind, inside and outside of the limits of one field or another."""


def allows(event: Event) -> bool:
    kind = event.get("type")
    return bool((OF_TYPE[kind] if isinstance(kind, str) and kind in OF_TYPE else VALIDATOR).is_valid(event))


def read_alike(events: list[Event]) -> list[tuple[Event, bool, bool]]:
    """Which events does the schema allow, and which does the decoder take?"""
    data = b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
    rejected = set(decode(data).rejects["position"])
    return [(event, allows(event), position not in rejected) for position, event in enumerate(events, start=1)]


def refused(event: Event) -> str | None:
    """The reason for which the decoder refuses an event."""
    reasons = decode(json.dumps(event, ensure_ascii=False).encode() + b"\n").rejects["reason"].to_list()
    return reasons[0] if reasons else None


def minimal(kind: str) -> Event:
    return {name: EXAMPLES[kind][name] for name in DEFINITIONS[kind]["required"]}


def test_the_schema_is_a_valid_schema_of_draft_2020_12() -> None:
    assert PUBLISHED["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(PUBLISHED)


def test_the_schema_describes_every_type_and_every_field_has_an_example_here() -> None:
    assert TYPES.keys() == DEFINITIONS.keys() == EXAMPLES.keys()
    for kind, event in EXAMPLES.items():
        assert event.keys() == DEFINITIONS[kind]["properties"].keys(), kind
    assert LINE.keys() == PUBLISHED["$defs"]["OrderLine"]["properties"].keys()


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_event_passes_with_all_its_fields_with_the_required_ones_and_with_fields_we_do_not_know(kind: str) -> None:
    nullable = EXAMPLES[kind].keys() - minimal(kind).keys() - {"count"}  # nobody counts nothing: leave it out
    events = [EXAMPLES[kind], minimal(kind), EXAMPLES[kind] | dict.fromkeys(nullable)]
    events += [{**EXAMPLES[kind], "new_in_version_2": {"deep": [1]}}]
    if kind == "order_paid":
        events += [{**EXAMPLES[kind], "lines": [{**LINE, "colour": "red"}]}, {**EXAMPLES[kind], "lines": []}]
    assert [event for event, allowed, taken in read_alike(events) if not allowed or not taken] == []
    assert all(map(VALIDATOR.is_valid, events))


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_event_without_a_required_field_is_refused_by_both(kind: str) -> None:
    whole, required = minimal(kind), DEFINITIONS[kind]["required"]
    broken = [{name: value for name, value in whole.items() if name != missing} for missing in required]
    assert len(broken) >= 4 or kind == "session_ended"
    assert [event for event, allowed, taken in read_alike(broken) if allowed or taken] == []
    for missing, event in zip(required, broken, strict=True):
        assert refused(event) == ("type_missing" if missing == "type" else "field_missing")


def test_an_order_line_without_a_required_field_is_refused_by_both() -> None:
    for missing in PUBLISHED["$defs"]["OrderLine"]["required"]:
        line = {name: value for name, value in LINE.items() if name != missing}
        event = {**EXAMPLES["order_paid"], "lines": [LINE, line]}
        assert (VALIDATOR.is_valid(event), refused(event)) == (False, "field_missing")


@pytest.mark.parametrize("kind", EXAMPLES)
def test_schema_and_decoder_agree_on_any_value_in_any_field(kind: str) -> None:
    events = [
        {**EXAMPLES[kind], name: value} for name in EXAMPLES[kind] for value in POOL if (name, value) != ("type", kind)
    ]
    verdicts = read_alike(events)
    assert [event for event, allowed, taken in verdicts if allowed != taken] == []
    assert {allowed for _, allowed, _ in verdicts} == {True, False}


def test_schema_and_decoder_agree_on_any_value_in_any_field_of_an_order_line() -> None:
    totalled = {**LINE, "line_id": "all", "amount_minor": MAX_AMOUNT_MINOR - 20_000}
    events = [
        {**EXAMPLES["order_paid"], "lines": [totalled, {**LINE, name: value}]}
        for name in LINE
        for value in POOL
        if name != "amount_minor" or value not in (10**9 + 1, MAX_TIME_MS + 1)  # then the sum would be too large
    ]
    assert [event for event, allowed, taken in read_alike(events) if allowed != taken] == []


@settings(deadline=None, max_examples=examples(30))
@given(data=st.data())
def test_schema_and_decoder_agree_on_events_broken_in_several_places(data: st.DataObject) -> None:
    events = []
    for kind in data.draw(st.lists(st.sampled_from(sorted(EXAMPLES)), min_size=1, max_size=5)):
        changes = data.draw(st.dictionaries(st.sampled_from(sorted(EXAMPLES[kind])), st.sampled_from(POOL), max_size=3))
        dropped = data.draw(st.sets(st.sampled_from(sorted(EXAMPLES[kind])), max_size=1))
        events.append({name: value for name, value in (EXAMPLES[kind] | changes).items() if name not in dropped})
    assert [event for event, allowed, taken in read_alike(events) if allowed != taken] == []


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        pytest.param("id_too_long", {**EXAMPLES["viewer_left"], "viewer_id": "主" * 43}, id="129 bytes, 43 characters"),
        pytest.param("id_too_long", {**EXAMPLES["viewer_left"], "viewer_id": 10**128}, id="a number of 129 digits"),
        pytest.param("reserved_host_id", {**EXAMPLES["shift_started"], "host_id": "unattributed"}, id="an account"),
        pytest.param("reserved_host_id", {**EXAMPLES["order_paid"], "host_id": "excess_refund"}, id="other account"),
        pytest.param(
            "negative_order", {**EXAMPLES["order_paid"], "lines": [{**LINE, "amount_minor": -1}]}, id="below zero"
        ),
        pytest.param(
            "amount_too_large",
            {**EXAMPLES["order_paid"], "lines": [LINE, {**LINE, "amount_minor": MAX_AMOUNT_MINOR}]},
            id="beyond the limit only in sum",
        ),
        pytest.param("field_type", {**EXAMPLES["viewer_left"], "occurred_at": 1.0}, id="1.0 is an integer to a schema"),
    ],
)
def test_what_a_schema_cannot_say_the_decoder_refuses(reason: str, event: Event) -> None:
    assert VALIDATOR.is_valid(event)
    assert refused(event) == reason


@pytest.mark.parametrize(
    ("kind", "field", "lowest", "highest"),
    [
        ("viewer_left", "occurred_at", 0, 4_102_444_800_000),
        ("likeness_contracted", "valid_from", 0, 4_102_444_800_000),
        ("likeness_contracted", "valid_to", 0, 4_102_444_800_000),
        ("likeness_contracted", "fee_minor", 0, 10**15),
        ("likeness_contracted", "royalty_bps", 0, 10_000),
        ("gift_sent", "amount_minor", 0, 10**15),
        ("order_refunded", "amount_minor", 0, 10**15),
        ("liked", "count", 0, 10**9),
        ("order_paid", "quantity", -(10**9), 10**9),
        ("order_paid", "amount_minor", -(10**15), 10**15),
    ],
)
def test_a_number_is_taken_up_to_its_limits_and_not_one_beyond(
    kind: str, field: str, lowest: int, highest: int
) -> None:
    def verdict(value: int) -> tuple[bool, str | None]:
        event = {**EXAMPLES[kind], field: value}
        if kind == "order_paid":  # the sum stays in its limits
            balance = {**LINE, "line_id": "balance", "amount_minor": -value if field == "amount_minor" else 0}
            event = {**EXAMPLES[kind], "lines": [{**LINE, field: value}, *([balance] if abs(value) <= 10**15 else [])]}
        return allows(event), refused(event)

    assert [verdict(lowest), verdict(highest)] == [(True, None)] * 2
    assert [verdict(lowest - 1), verdict(highest + 1)] == [(False, "field_value")] * 2


@pytest.mark.parametrize("field", IDS)
def test_every_id_is_limited_by_its_bytes(field: str) -> None:
    kind = next(kind for kind, event in EXAMPLES.items() if field in (event | event.get("lines", [{}])[0]))
    for value, reason in {"主" * 42 + "xx": None, "主" * 43: "id_too_long", "x" * 129: "id_too_long"}.items():
        event = {**EXAMPLES[kind], field: value}
        if field not in EXAMPLES[kind]:
            event = {**EXAMPLES[kind], "lines": [LINE, {**LINE, field: value}]}
        assert refused(event) == reason


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    assert [EXPONENTS[code] for code in ("JPY", "CNY", "USD", "KWD", "CLF")] == [0, 2, 2, 3, 4]
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    written = [decimal_text(123_450, code) for code in ("JPY", "CNY", "KWD", "CLF")]
    assert written == ["123,450", "1,234.50", "123.450", "12.3450"]
    assert [decimal_text(minor, "CNY") for minor in (0, -1, -123_456_789)] == ["0.00", "-0.01", "-1,234,567.89"]
