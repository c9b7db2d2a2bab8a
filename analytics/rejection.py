"""Why a line is not an event: reason code, field, value and remedy, found out slowly and only when needed."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from analytics.contract import LOOSE_TYPES, RESERVED_HOST_IDS, TYPES
from analytics.events import MAX_ID_BYTES, Event, OrderLine, OrderPaid

VALUE_LIMIT = 200
TIME_FIELDS = frozenset({"occurred_at", "valid_from", "valid_to"})
TIME_REMEDY = "send a whole number, milliseconds since 1970 in UTC, up to the year 2100"

REMEDIES = {
    "not_utf8": "send UTF-8 text",
    "not_json": "send one complete JSON object per line",
    "too_deep": "send flat objects; the contract nests no deeper than the lines of an order",
    "not_object": "send a JSON object, not another JSON value",
    "type_missing": "add the field `type`",
    "type_unknown": "use a type of the contract: hostledger schema",
    "field_missing": "add the field; see hostledger schema",
    "field_type": "send the type that the contract asks for; see hostledger schema",
    "field_value": "send a value inside the contract's limits; see hostledger schema",
    "currency_unknown": "use an ISO 4217 code in capitals",
    "amount_inexact": "send amounts with no more decimals than the currency has",
    "id_too_long": f"use ids of at most {MAX_ID_BYTES} bytes of UTF-8",
    "negative_order": "send returned money as order_refunded; an order's lines must sum to 0 or more",
    "amount_too_large": "send the order's amount in minor units; the sum of its lines exceeds 10^15",
    "reserved_host_id": "use another host_id; this one is an account of the ledger",
    "control_character": "use a host_id without control characters; they separate hosts in a line-up",
    "order_conflict": "send each order once; another order_paid with this order_id and other content came first",
    "refund_conflict": "send each refund once; another order_refunded with this refund_id and other content came first",
    "refund_currency_mismatch": "send the refund in the currency of its order",
    "kind_missing": "have the platform say the kind of its payload, in its header where it has one",
    "kind_unknown": "subscribe to the kinds of docs/SOURCES.md, or say which one it is: hostledger sources try --kind",
    "wrong_topic": "send events through the collector or the packer, which know the topic of each type",
}
"""Every reason code, with what the producer should do."""


class Reject(Exception):  # noqa: N818  # the house's word for it
    """The line can never become an event; park it with its reason, field and value."""

    def __init__(self, reason: str, field: str | None = None, value: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.value = value if value is None else value[:VALUE_LIMIT]

    @property
    def remedy(self) -> str:
        """What the producer should do."""
        if self.field in TIME_FIELDS and self.reason in {"field_type", "field_value"}:
            return TIME_REMEDY
        return REMEDIES[self.reason]


_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])
_text = msgspec.json.Decoder(str)
_decoders = {name: msgspec.json.Decoder(struct) for name, struct in TYPES.items()}
_known = {
    name: {field.encode_name for field in msgspec.structs.fields(struct)} | {"type"} for name, struct in TYPES.items()
}
_known_in_line = {field.encode_name for field in msgspec.structs.fields(OrderLine)}
_control = re.compile(r"[\x00-\x1f]")
_number = re.compile(rb"(?!-0$)-?\d")  # -0 is 0
_path = re.compile(r" - at `\$\.?(.*)`$")
_missing = re.compile(r"missing required field `(.*?)`")
_ID_FIELDS = frozenset(
    {
        "event_id",
        "session_id",
        "host_id",
        "viewer_id",
        "product_id",
        "order_id",
        "line_id",
        "refund_id",
        "script_id",
        "contract_id",
        "seller_id",
        "likeness_of",
    }
)


def read_line(line: bytes) -> tuple[Event, int]:
    """Read one line with all patience: unknown fields are left out, number ids keep their exact digits.

    Returns the event and how many unknown fields were left out. Raises Reject with the reason.
    """
    fields = _fields(line)
    name = _type_name(fields)
    kept, unknown = _keep(fields, _known[name])
    if name == "order_paid" and "lines" in kept:
        kept["lines"], more = _keep_lines(kept["lines"])
        unknown += more
    return read_event(name, kept), unknown


def unknown_fields(event: Event, fields: Mapping[str, Raw]) -> int:
    """Count the fields of a line that the contract does not know; event: what was read from it."""
    unknown = len(fields.keys() - _known[str(event.__struct_config__.tag)])
    if isinstance(event, OrderPaid):
        unknown += _keep_lines(fields["lines"])[1]
    return unknown


def read_event(name: str, fields: Mapping[str, Raw]) -> Event:
    """Read known fields as an event of a known type. Raises Reject."""
    try:
        event = _decoders[name].decode(msgspec.json.encode(fields))
    except msgspec.ValidationError as error:
        raise _explain(str(error), fields) from None
    check(event)
    return event


def check(event: Event) -> None:
    """Raise Reject for what a Struct cannot say: byte lengths, reserved ids, the sum of an order's lines."""
    kind = event.__class__
    for field in _ids_of[kind]:
        _check_id(field, getattr(event, field))
    if kind in _with_host and event.host_id in RESERVED_HOST_IDS:  # type: ignore[attr-defined]  # it has one
        raise Reject("reserved_host_id", "host_id", str(event.host_id))  # type: ignore[attr-defined]  # as above
    if kind in _with_host and _control.search(str(event.host_id)):  # type: ignore[attr-defined]  # as above
        raise Reject("control_character", "host_id", repr(event.host_id))  # type: ignore[attr-defined]  # as above
    if isinstance(event, OrderPaid):
        for number, line in enumerate(event.lines):
            _check_id(f"lines[{number}].line_id", line.line_id)
            _check_id(f"lines[{number}].product_id", line.product_id)
        _check_total(sum(line.amount_minor for line in event.lines))


_ids_of = {
    struct: sorted(_ID_FIELDS.intersection(struct.__struct_fields__)) for struct in (*TYPES.values(), *LOOSE_TYPES)
}
_with_host = {struct for struct, ids in _ids_of.items() if "host_id" in ids}


def _check_id(field: str, value: str | int | None) -> None:
    """The decoder counts characters; bytes are more where text is not ASCII, and it does not count digits."""
    if value is None or (isinstance(value, str) and value.isascii()):
        return
    if len(str(value).encode()) > MAX_ID_BYTES:
        raise Reject("id_too_long", field, str(value))


def _check_total(total: int) -> None:
    if total < 0:
        raise Reject("negative_order", "lines", str(total))
    if total > 10**15:
        raise Reject("amount_too_large", "lines", str(total))


def _fields(line: bytes) -> dict[str, Raw]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Reject("not_utf8", None, repr(line[error.start : error.start + 20])) from None
    try:
        return _object.decode(line)
    except msgspec.ValidationError:
        raise Reject("not_object", None, text) from None
    except msgspec.DecodeError:
        raise Reject("not_json", None, text) from None
    except RecursionError:
        raise Reject("too_deep", None, text) from None


def _type_name(fields: Mapping[str, Raw]) -> str:
    if "type" not in fields:
        raise Reject("type_missing", "type")
    raw = bytes(fields["type"])
    name = _text.decode(raw) if raw.startswith(b'"') else raw.decode()
    if name not in TYPES:
        raise Reject("type_unknown", "type", name)
    return name


def _keep(fields: Mapping[str, Raw], known: set[str]) -> tuple[dict[str, Any], int]:
    kept = {key: _exact_id(key, value) for key, value in fields.items() if key in known}
    return kept, len(fields) - len(kept)


def _keep_lines(lines: Raw) -> tuple[Any, int]:
    try:
        parsed = [_object.decode(line) for line in _array.decode(lines)]
    except msgspec.DecodeError:
        return lines, 0
    kept = [_keep(line, _known_in_line) for line in parsed]
    return [line for line, _ in kept], sum(unknown for _, unknown in kept)


def _exact_id(key: str, value: Raw) -> Raw:
    raw = bytes(value)
    return Raw(b'"' + raw + b'"') if key in _ID_FIELDS and _number.match(raw) else value


def _explain(message: str, fields: Mapping[str, Any]) -> Reject:
    where = _path.search(message)
    path = where[1] if where else ""
    if missing := _missing.search(message):
        return Reject("field_missing", f"{path}.{missing[1]}" if path else missing[1])
    value = _value(path, fields)
    if "invalid enum value" in message.lower() and path.endswith("currency"):
        return Reject("currency_unknown", path, value)
    if "length <=" in message and path.rpartition(".")[2] in _ID_FIELDS:
        return Reject("id_too_long", path, value)
    wrong_type = re.search(r"Expected `.*`, got `", message)
    return Reject("field_type" if wrong_type else "field_value", path, value)


def _value(path: str, fields: Mapping[str, Any]) -> str | None:
    raw = fields.get(re.split(r"[.\[]", path)[0])
    if raw is None:
        return None
    return (bytes(raw) if isinstance(raw, Raw) else msgspec.json.encode(raw)).decode()
