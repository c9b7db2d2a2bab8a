"""The fields of a payload, read strictly: ids and amounts with the digits that were sent, times with their zone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Self

import msgspec

from analytics.currencies import EXPONENTS, minor_units
from analytics.rejection import VALUE_LIMIT, Reject

_MARK = b"\xef\xbb\xbf"  # some platforms put a byte-order mark first
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 40
_MOST_BITS = 4096
_NO_NUMBER = Decimal("NaN")
_NUMBER = re.compile(
    r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
)  # Decimal itself takes 1_000, blanks, digits of all scripts


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        return _NO_NUMBER


_decoder = msgspec.json.Decoder(float_hook=_exact)
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])


def parsed(body: bytes) -> object:
    """Parse JSON: numbers as whole numbers or decimals, never floats. Raises Reject."""
    body = body.removeprefix(_MARK)
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Reject("not_utf8", None, repr(body[error.start : error.start + 20])) from None
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise Reject("too_deep", None, body[:VALUE_LIMIT].decode(errors="replace")) from None
    except (msgspec.DecodeError, ValueError):  # a whole number of thousands of digits is a ValueError
        raise Reject("not_json", None, body[:VALUE_LIMIT].decode(errors="replace")) from None


def elements(body: bytes) -> list[bytes]:
    """Give the elements of a JSON array byte for byte, or the body as the only one if it is no array. Raises Reject."""
    body = body.removeprefix(_MARK)
    if not isinstance(parsed(body), list):
        return [body]
    return [bytes(raw) for raw in _raw_list.decode(body)]


class Fields:
    """A JSON object and where it stands in the payload. Every reading method raises Reject, naming field and value."""

    __slots__ = ("_found", "_place")

    def __init__(self, found: object, place: str = "") -> None:
        if not isinstance(found, dict):
            raise Reject("not_object", place or None, shown(found))
        self._found, self._place = found, place

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Read a body that is one JSON object."""
        return cls(parsed(body))

    def only(self, name: str) -> Self:
        """Give the part of this name if there is nothing else, as in what a platform's API answers; else all of it."""
        return self.part(name) if self._found.keys() == {name} else self

    def has(self, name: str) -> bool:
        """Whether there is anything but null, empty text, an empty list or an empty object."""
        return self._found.get(name) not in (None, "", [], {})

    def part(self, name: str) -> Self:
        """Give an object."""
        return type(self)(self._any(name), self._at(name))

    def parts(self, name: str) -> list[Self]:
        """Give a list of objects; none if it is absent or null."""
        found = self._found.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self._wrong(name)
        return [type(self)(each, f"{self._at(name)}[{index}]") for index, each in enumerate(found)]

    def nested(self, name: str) -> Self:
        """Give an object, also if it was sent as text that holds JSON."""
        found = self._any(name)
        return type(self)(parsed(found.encode()) if isinstance(found, str) else found, self._at(name))

    def text(self, name: str) -> str:
        """Give text that is not empty."""
        found = self._any(name)
        if not isinstance(found, str):
            raise self._wrong(name)
        if not found:
            raise self._wrong(name, "field_missing")
        return found

    def maybe_text(self, name: str) -> str | None:
        """Give text, or null where it is absent, null or empty."""
        return self.text(name) if self.has(name) else None

    def id(self, name: str) -> str:
        """Give an id as its exact digits, whether it came as text or as a whole number."""
        found = self._any(name)
        if isinstance(found, bool) or not isinstance(found, int | str):
            raise self._wrong(name)
        if found == "":
            raise self._wrong(name, "field_missing")
        return str(found)

    def maybe_id(self, name: str) -> str | None:
        """Give an id, or null where it is absent, null, empty or 0, which platforms send for none."""
        return self.id(name) if self.has(name) and self._found[name] not in (0, "0") else None

    def whole(self, name: str) -> int:
        """Give a whole number, whether it came as a number or as text."""
        found = self._any(name)
        if isinstance(found, str) and found.lstrip("-").isascii() and found.removeprefix("-").isdigit():
            found = int(found) if len(found) <= _MOST_DIGITS else found
        if isinstance(found, bool) or not isinstance(found, int):
            raise self._wrong(name)
        return found

    def maybe_whole(self, name: str) -> int:
        """Give a whole number, 0 where it is absent, null or empty."""
        return self.whole(name) if self.has(name) else 0

    def flag(self, name: str) -> bool:
        """Give a boolean, false where it is absent or null."""
        found = self._found.get(name)
        if found is not None and not isinstance(found, bool):
            raise self._wrong(name)
        return bool(found)

    def currency(self, name: str) -> str:
        """Give an ISO 4217 code."""
        found = self.text(name)
        if found not in EXPONENTS:
            raise self._wrong(name, "currency_unknown")
        return found

    def decimal(self, name: str) -> Decimal:
        """Give a decimal, exactly, whether it came as text or as a number."""
        found = self._any(name)
        if isinstance(found, bool) or not isinstance(found, int | str | Decimal) or len(str(found)) > _MOST_DIGITS:
            raise self._wrong(name)
        if isinstance(found, str) and not _NUMBER.fullmatch(found):
            raise self._wrong(name, "field_value")
        exact = _exact(found) if isinstance(found, str) else Decimal(found)
        if not exact.is_finite():
            raise self._wrong(name, "field_value")
        return exact

    def money(self, name: str, currency: str) -> int:
        """Give a decimal amount of a currency in its minor units; never rounded: what is no whole unit is refused."""
        minor = minor_units(self.decimal(name), currency)
        if minor is None:
            raise self._wrong(name, "amount_inexact")
        return minor

    def maybe_money(self, name: str, currency: str) -> int:
        """Give an amount as `money` does, 0 where it is absent, null or empty."""
        return self.money(name, currency) if self.has(name) else 0

    def seconds(self, name: str) -> int:
        """Give a time that came as seconds since 1970, in milliseconds."""
        return self.whole(name) * 1000

    def moment(self, name: str, zone: tzinfo | None = None) -> int:
        """Give a time that came as ISO 8601 text, in milliseconds UTC. zone: that of a text that names none."""
        try:
            found = datetime.fromisoformat(self.text(name))
            placed = found if found.tzinfo else found.replace(tzinfo=zone)
            if placed.tzinfo is None:
                raise self._wrong(name, "field_value")
            return (placed - _EPOCH) // timedelta(milliseconds=1)
        except (ValueError, OverflowError):
            raise self._wrong(name, "field_value") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def _any(self, name: str) -> object:
        found = self._found.get(name)
        if found is None:
            raise self._wrong(name, "field_missing")
        return found

    def _wrong(self, name: str, reason: str = "field_type") -> Reject:
        return Reject(reason, self._at(name), shown(self._found.get(name)))


def shown(value: object) -> str | None:
    """Write a value for a refusal, cut to its beginning."""
    if value is None:
        return None
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "a whole number of great length"
    return (value if isinstance(value, str) else repr(value))[:VALUE_LIMIT]
