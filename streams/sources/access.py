"""What the operator gives a source to work with: secrets, keys, a base URL; told as text, checked once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from urllib.parse import urlsplit

from analytics.currencies import EXPONENTS

SECRETS = "SECRETS"
URL = "URL"
_SHOP = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,39})::(.+)")
_LOCAL = {"127.0.0.1", "localhost", "::1"}


class WrongAccess(ValueError):  # noqa: N818  # named for what is the case
    """A value that a source cannot work with; the message says what would do, and never shows a secret."""


class Secret(NamedTuple):
    """A secret, and the shop that it signs for; empty: the only one."""

    shop: str
    text: str


class Need(NamedTuple):
    """One thing that a source needs. A default of null: it must be given. check raises WrongAccess."""

    name: str
    meaning: str
    default: str | None = None
    check: Callable[[str], object] = str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What one source was given."""

    secrets: tuple[Secret, ...] = field(repr=False)
    values: Mapping[str, str] = field(repr=False, default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def secrets(text: str) -> tuple[Secret, ...]:
    """Read secrets that are set apart by blanks, each SECRET or SHOP::SECRET. Raises WrongAccess."""
    found = tuple(
        Secret(*named.groups()) if (named := _SHOP.fullmatch(word)) else Secret("", word) for word in text.split()
    )
    if not found:
        raise WrongAccess("give one secret at least, several set apart by blanks; SHOP::SECRET names its shop")
    return found


def web_address(text: str) -> str:
    """Check a base URL: https, or plain http on this machine alone. Raises WrongAccess."""
    try:
        parts = urlsplit(text)
        plain = parts.scheme == "http" and parts.hostname in _LOCAL
    except ValueError:
        raise WrongAccess("it is no URL; write one such as https://shop.example.com") from None
    if not parts.hostname or parts.username or parts.query or parts.fragment or not (parts.scheme == "https" or plain):
        raise WrongAccess("it is no URL that will do; write one such as https://shop.example.com, without a user in it")
    return text.rstrip("/")


def price(text: str) -> tuple[Decimal, str]:
    """Read a price such as 0.005 USD. Raises WrongAccess."""
    amount, _, currency = text.partition(" ")
    try:
        exact = Decimal(amount)
    except InvalidOperation:
        exact = Decimal("NaN")
    if currency not in EXPONENTS or not exact.is_finite() or not 0 <= exact < Decimal(10**6):
        raise WrongAccess("it is no price; write an amount and an ISO 4217 code, as in 0.005 USD")
    return exact, currency


def given(needs: tuple[Need, ...], told: Mapping[str, str]) -> Access | None:
    """Make the access of a source out of what was told, by the names of its needs; null if it was told no secrets.

    Raises WrongAccess, beginning with the name of the need.
    """
    if not told.get(SECRETS):
        return None
    values = {}
    for need in needs:
        text = told.get(need.name) or need.default
        if text is None:
            raise WrongAccess(f"{need.name}: give it a value: {need.meaning}")
        try:
            need.check(text)
        except WrongAccess as error:
            raise WrongAccess(f"{need.name}: {error}") from None
        values[need.name] = text
    return Access(secrets(told[SECRETS]), values)


def secrets_need(meaning: str) -> Need:
    """Give the need of signing secrets; which ones, and where the platform shows them."""
    return Need(SECRETS, f"{meaning}; several by blanks, as SHOP::SECRET", check=secrets, hidden=True)
