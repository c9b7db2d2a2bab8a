"""The parameters of attribution. Credits differ with them, so every one is said, never guessed."""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

MODELS = (
    "declared",
    "on_air",
    "first",
    "last",
    "linear",
    "position",
    "time_decay",
    "watch_time",
    "shapley",
    "markov",
)
"""Attribution models, in the order in which they are listed."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_FINEST_SHARE = 10**9


@dataclass(frozen=True, slots=True)
class Rules:
    """Which models run, and how.

    lookback_ms: how far back a path reaches. grace_ms: dead air that still credits the hosts before it.
    half_life_ms: of time_decay. position: shares of the first and the last step. idle_ms: silence that ends a watch.
    correction_ms: how old an order may be for late facts to restate it.
    Raises ValueError naming field, value and remedy.
    """

    models: tuple[str, ...] = MODELS
    lookback_ms: int = 7 * DAY_MS
    grace_ms: int = 2 * MINUTE_MS
    half_life_ms: int = 7 * DAY_MS
    position: tuple[Fraction, Fraction] = (Fraction(2, 5), Fraction(2, 5))
    idle_ms: int = 4 * HOUR_MS
    correction_ms: int = 30 * DAY_MS

    def __post_init__(self) -> None:
        """Refuse rules that cannot mean anything."""
        for model in self.models:
            if model not in MODELS:
                raise ValueError(f"model {model!r} is unknown; use one of: {', '.join(MODELS)}")
        if not self.models or len(set(self.models)) < len(self.models):
            raise ValueError(f"models {list(self.models)!r}: name at least one, and each once")
        for name in ("lookback_ms", "half_life_ms", "idle_ms"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be longer than 0")
        for name in ("grace_ms", "correction_ms"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")
        first, last = self.position
        if lcm(first.denominator, last.denominator) > _FINEST_SHARE:
            raise ValueError(f"position is {float(first):g},{float(last):g}; write shares with at most 9 decimals")
        if first < 0 or last < 0 or not 0 < first + last <= 1:
            raise ValueError(
                f"position is {float(first):g},{float(last):g}; the shares of the first and the last step must not be "
                "negative and must sum to more than 0 and at most 1, as in 0.4,0.4"
            )
