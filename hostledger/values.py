"""How the text of a setting or an option becomes a value, and how a wrong one is refused: with what would do."""

import re
from collections.abc import Callable
from fractions import Fraction

from analytics.rules import DAY_MS, HOUR_MS, MINUTE_MS, MODELS, SECOND_MS
from analytics.zones import is_zone

_UNITS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


class WrongSetting(ValueError):  # noqa: N818  # named for what is the case
    """A value that cannot be; the message names it and says what would do."""


def duration_ms(text: str) -> int:
    """Read a duration such as 7d, 4h, 90s, 250ms as milliseconds. Raises WrongSetting."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text.strip())
    if not found:
        raise WrongSetting(f"duration {text!r} is not understood; write a whole number and a unit, as in 7d, 4h, 120s")
    return int(found[1]) * _UNITS[found[2]]


def day_count(text: str) -> int:
    """Read a number of days. Raises WrongSetting."""
    if not re.fullmatch(r"\d{1,6}", text.strip()):
        raise WrongSetting(f"days {text!r} are not understood; write a whole number, as in 180")
    return int(text)


def position_shares(text: str) -> tuple[Fraction, Fraction]:
    """Read the shares of the first and the last step, exactly, such as 0.4,0.4. Raises WrongSetting."""
    try:
        first, last = (Fraction(part.strip()) for part in text.split(","))
    except (ValueError, ZeroDivisionError):
        raise WrongSetting(f"position {text!r} is not understood; write two shares, as in 0.4,0.4") from None
    return first, last


def share(text: str) -> Fraction:
    """Read a share from 0 to 1, exactly. Raises WrongSetting."""
    try:
        found = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise WrongSetting(f"share {text!r} is not understood; write a number from 0 to 1, as in 0.2") from None
    if not 0 <= found <= 1:
        raise WrongSetting(f"share {text!r} is out of range; write a number from 0 to 1, as in 0.2")
    return found


def time_zone(text: str) -> str:
    """Check the name of a time zone. Raises WrongSetting."""
    if not is_zone(text):
        raise WrongSetting(f"time zone {text!r} is unknown; use a name such as Asia/Shanghai or UTC")
    return text


def model_name(text: str) -> str:
    """Check the name of an attribution model. Raises WrongSetting."""
    if text not in MODELS:
        raise WrongSetting(f"model {text!r} is unknown; use one of: {', '.join(MODELS)}")
    return text


def port_number(text: str) -> int:
    """Read a port. Raises WrongSetting."""
    if not text.isdigit() or not 0 <= int(text) < 1 << 16:
        raise WrongSetting(f"port {text!r} is not a port; use a number from 0 (any free one) to 65535")
    return int(text)


def one_of(*choices: str) -> Callable[[str], str]:
    """Make a reader of one of a few words. The reader raises WrongSetting."""

    def read(text: str) -> str:
        if text not in choices:
            raise WrongSetting(f"{text!r} is unknown; use one of: {', '.join(choices)}")
        return text

    return read


def topic_prefix(text: str) -> str:
    """Check the prefix of the topics' names. Raises WrongSetting."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text):
        raise WrongSetting(f"prefix {text!r} is no name for topics; use letters, digits, dots, hyphens")
    return text


def servers(text: str) -> str:
    """Check a list of host:port by comma. Raises WrongSetting."""
    if not all(re.fullmatch(r"[^\s,/]+:\d{1,5}", part) for part in text.split(",")):
        raise WrongSetting(f"servers {text!r} are not understood; write host:port by comma, as in 127.0.0.1:9092")
    return text


def host_name(text: str) -> str:
    """Check a name or address to listen on. Raises WrongSetting."""
    if not re.fullmatch(r"[\w.:-]+", text) or "//" in text:
        raise WrongSetting(f"host {text!r} is no name or address; use one such as 127.0.0.1 or 0.0.0.0")
    return text


def web_address(text: str) -> str:
    """Check the URL of a server on the web, and leave out the slash at its end. Raises WrongSetting."""
    found = re.fullmatch(r"(https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?(?:/[\w./-]*)?)", text)
    if not found:
        shown = "the address" if "@" in text else repr(text)
        raise WrongSetting(f"{shown} is no URL; write one without a user, such as http://127.0.0.1:3000")
    return found[1].rstrip("/")
