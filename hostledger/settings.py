"""Every setting, read once from the environment at the door and passed down.

`SETTINGS` is the documented table: name, what it means, its default. A wrong value is refused at start, by name.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from analytics.rules import DAY_MS, HOUR_MS, MINUTE_MS, MODELS, SECOND_MS, Rules

PREFIX = "HOSTLEDGER_"
_UNITS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


class WrongSetting(ValueError):  # noqa: N818  # named for what is the case
    """A value that cannot be; the message names it and says what would do."""


def duration_ms(text: str) -> int:
    """Read a duration such as 7d, 4h, 90s, 250ms as milliseconds. Raises WrongSetting."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text.strip())
    if not found:
        raise WrongSetting(f"duration {text!r} is not understood; write a whole number and a unit, as in 7d, 4h, 120s")
    return int(found[1]) * _UNITS[found[2]]


def position_shares(text: str) -> tuple[Fraction, Fraction]:
    """Read the shares of the first and the last step, exactly, such as 0.4,0.4. Raises WrongSetting."""
    try:
        first, last = (Fraction(part.strip()) for part in text.split(","))
    except (ValueError, ZeroDivisionError):
        raise WrongSetting(f"position {text!r} is not understood; write two shares, as in 0.4,0.4") from None
    return first, last


def time_zone(text: str) -> str:
    """Check the name of a time zone. Raises WrongSetting."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongSetting(f"time zone {text!r} is unknown; use a name such as Asia/Shanghai or UTC") from None
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


def _models(text: str) -> tuple[str, ...]:
    return tuple(model_name(part.strip()) for part in text.split(","))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the environment, its meaning, its default as text, and how it is read."""

    name: str
    meaning: str
    default: str
    read: Callable[[str], Any]


SETTINGS = {
    "data": Setting("DATA", "folder of the embedded warehouse", "hostledger-data", Path),
    "timezone": Setting("TIMEZONE", "time zone of the seller; days are days in it", "UTC", time_zone),
    "model": Setting("MODEL", "attribution model shown unless another is asked for", "on_air", model_name),
    "port": Setting("PORT", "port of the live page on 127.0.0.1; 0 takes any free one", "8765", port_number),
    "models": Setting("MODELS", "models that are booked, by comma", ",".join(MODELS), _models),
    "lookback_ms": Setting("LOOKBACK", "how far back a viewer's path reaches", "7d", duration_ms),
    "grace_ms": Setting("GRACE", "dead air that still credits the hosts before it", "120s", duration_ms),
    "half_life_ms": Setting("HALF_LIFE", "half-life of time_decay", "7d", duration_ms),
    "position": Setting("POSITION", "shares of the first and the last step", "0.4,0.4", position_shares),
    "idle_ms": Setting("IDLE", "silence after which a viewer has left", "4h", duration_ms),
    "correction_ms": Setting("CORRECTION", "age of an order up to which late facts restate it", "30d", duration_ms),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run; see SETTINGS for each."""

    data: Path
    timezone: str
    model: str
    port: int
    models: tuple[str, ...]
    lookback_ms: int
    grace_ms: int
    half_life_ms: int
    position: tuple[Fraction, Fraction]
    idle_ms: int
    correction_ms: int

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read all settings. Raises WrongSetting for a value that cannot be, or a name that is no setting."""
        known = {PREFIX + setting.name for setting in SETTINGS.values()} | _FOR_TESTS
        for name in environment:
            if name.startswith(PREFIX) and name not in known:
                raise WrongSetting(f"{name} is no setting; the settings are: {', '.join(sorted(known - _FOR_TESTS))}")
        values = {field.name: _value(SETTINGS[field.name], environment) for field in fields(cls)}
        settings = cls(**values)
        settings.rules()
        return settings

    def rules(self, **changes: Any) -> Rules:  # noqa: ANN401  # any field of Rules
        """Give the rules of attribution that these settings say. Raises WrongSetting."""
        try:
            return Rules(
                **{
                    "models": self.models,
                    "lookback_ms": self.lookback_ms,
                    "grace_ms": self.grace_ms,
                    "half_life_ms": self.half_life_ms,
                    "position": self.position,
                    "idle_ms": self.idle_ms,
                    "correction_ms": self.correction_ms,
                    **changes,
                }
            )
        except ValueError as error:
            raise WrongSetting(str(error)) from None


_FOR_TESTS = {"HOSTLEDGER_REQUIRE", "HOSTLEDGER_CHROMIUM"}


def _value(setting: Setting, environment: Mapping[str, str]) -> Any:  # noqa: ANN401  # each setting has its own type
    name = PREFIX + setting.name
    try:
        return setting.read(environment.get(name, setting.default))
    except WrongSetting as error:
        raise WrongSetting(f"{name}: {error}") from None
