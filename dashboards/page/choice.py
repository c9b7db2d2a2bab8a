"""What a viewer of the page chose to see: a model, a currency, a window of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.currencies import EXPONENTS
from analytics.rules import MINUTE_MS, MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOWS = {"15m": (MINUTE_MS, 15), "1h": (MINUTE_MS, 60), "24h": (10 * MINUTE_MS, 144), "all": (MINUTE_MS, 180)}
"""Windows of time: the length of a step in milliseconds and the number of steps; `all` lengthens its steps to fit."""

_LONGER_STEPS = tuple(minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440, 10080, 43200))


class RefusedError(Exception):
    """A parameter has a value that the page does not know."""

    def __init__(self, field: str, value: str, remedy: str) -> None:
        super().__init__(f"{field} = {value!r}: {remedy}")
        self.field, self.value, self.remedy = field, value, remedy


@dataclass(frozen=True, slots=True)
class Choice:
    """What to show. `currency` None: the one that most orders were paid in."""

    model: str
    currency: str | None
    window: str


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time cut into whole steps, in milliseconds UTC."""

    from_ms: int
    until_ms: int
    step_ms: int

    @property
    def starts(self) -> range:
        """Begin of each step."""
        return range(self.from_ms, self.until_ms, self.step_ms)


def read(parameters: Mapping[str, str]) -> Choice:
    """Read a choice from the parameters of a request; absent or empty ones take the default: on_air, 1h.

    Raises RefusedError naming the field, the value and the remedy.
    """
    model, currency, window = (parameters.get(name) or None for name in ("model", "currency", "window"))
    if model is not None and model not in MODELS:
        raise RefusedError("model", model, f"use one of {', '.join(MODELS)}")
    if currency is not None and currency not in EXPONENTS:
        raise RefusedError("currency", currency, "use an ISO 4217 code in capitals, such as CNY or JPY")
    if window is not None and window not in WINDOWS:
        raise RefusedError("window", window, f"use one of {', '.join(WINDOWS)}")
    return Choice(model or "on_air", currency, window or "1h")


def span(window: str, clock_ms: int, first_ms: int) -> Span:
    """Cut a window into whole steps, the last of them running at `clock_ms`.

    Steps begin at whole multiples of their length, so that they stay where they are while the clock moves.
    `all` begins no later than `first_ms`, with the shortest steps that are not more than its number.
    """
    step_ms, count = WINDOWS[window]
    if window == "all":
        step_ms = next(
            (step for step in _LONGER_STEPS if clock_ms // step - first_ms // step < count), _LONGER_STEPS[-1]
        )
        count = max(clock_ms // step_ms - first_ms // step_ms + 1, 1)
    until_ms = (clock_ms // step_ms + 1) * step_ms
    return Span(until_ms - count * step_ms, until_ms, step_ms)
