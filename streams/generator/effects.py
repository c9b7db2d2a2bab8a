"""The true effects: what the hosts on air do to conversion at each instant of each session."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from streams.generator.cast import Floats, Host, Ints
from streams.generator.plan import DAY_MS, Plan
from streams.generator.schedule import VARIANTS, Session, Shift

NOBODY = -1
_SPAN = 1 << 42
"""More milliseconds than any plan has, so that (session, instant) fits one sortable number."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """All sessions cut where line-up, script or avatar version change; `hosts` holds up to two, else NOBODY.

    effects: for everybody, or where every viewer has their own variant for those of A; effects_b: for those of B.
    """

    origin_ms: int
    keys: Ints
    effects: Floats
    effects_b: Floats
    hosts: Ints

    def at(self, sessions: Ints, at_ms: Ints) -> Ints:
        """Row of the stretch that holds each instant of each session."""
        keys: Ints = sessions * _SPAN + (at_ms - self.origin_ms)
        return np.asarray(np.searchsorted(self.keys, keys, side="right") - 1, dtype=np.int64)


def stretches(plan: Plan, sessions: tuple[Session, ...]) -> Stretches:
    """Cut sessions into stretches and give each its effect: the mean over the hosts on air."""
    keys, hosts = [], []
    effects: tuple[list[float], list[float]] = ([], [])
    variants = VARIANTS if plan.scripts_by_viewer else (None, None)
    for session in sessions:
        for start, end in pairwise(_bounds(session)):
            on_air = [s for s in session.shifts if s.start_ms <= start and end <= s.end_ms]
            keys.append(session.number * _SPAN + start - plan.start_ms)
            for found, variant in zip(effects, variants, strict=True):
                found.append(_lineup_effect(plan, on_air, start, variant))
            numbers = [shift.host.number for shift in on_air[:2]]
            hosts.append(numbers + [NOBODY] * (2 - len(numbers)))
    return Stretches(
        plan.start_ms,
        np.array(keys, dtype=np.int64),
        np.array(effects[0]),
        np.array(effects[1]),
        np.array(hosts, dtype=np.int64).reshape(-1, 2),
    )


def _bounds(session: Session) -> list[int]:
    """The instants of a session at which something that matters changes."""
    instants = {session.start_ms, session.end_ms}
    for shift in session.shifts:
        changes = [at for at, _ in (*shift.scripts, *shift.host.versions)]
        instants.update(at for at in (shift.start_ms, shift.end_ms, *changes) if session.start_ms < at < session.end_ms)
    return sorted(instants)


def _lineup_effect(plan: Plan, on_air: list[Shift], at_ms: int, variant: str | None) -> float:
    """The mean of the effects on air, or that of dead air. variant: what the viewer is shown; None: what all are."""
    if not on_air:
        return plan.dead_air_effect
    effects = [host_effect(plan, shift.host, at_ms, variant=variant or _variant(shift, at_ms)) for shift in on_air]
    return sum(effects) / len(effects)


def _variant(shift: Shift, at_ms: int) -> str | None:
    """The variant of the last script that began in this shift at or before an instant."""
    return next((variant for at, variant in reversed(shift.scripts) if at <= at_ms), None)


def host_effect(plan: Plan, host: Host, at_ms: int, *, variant: str | None = None) -> float:
    """The multiplier of a host: for an avatar times digital effect, novelty since its version, and script."""
    if not host.digital:
        return host.multiplier
    registered = max((at for at, _ in host.versions if at <= at_ms), default=at_ms)
    days = (at_ms - registered) / DAY_MS
    novelty = 1 + plan.novelty_lift * 2 ** (-days / plan.novelty_half_life_days)
    script = plan.variant_b_effect if variant == "B" else 1.0
    return host.multiplier * plan.digital_effect * novelty * script
