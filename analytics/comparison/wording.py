"""A comparison in plain words, which never claim more than its design allows."""

import re
from collections.abc import Callable, Sequence

from analytics.comparison.estimates import Estimate, Overlap
from analytics.comparison.intervals import LEVEL

NOTHING = "No comparison is possible"
FEW = 10
"""An arm with fewer sessions than this is named."""


def finding(
    found: Estimate | None, crude: Estimate | None, arms: tuple[str, str], told: Callable[[float], str], unit: str
) -> str:
    """Say what the post-stratified figure says, and no more than its interval.

    arms: names of control and treated; told: writes a figure for people; unit: what it is told in.
    """
    control, treated = arms
    if found is None:
        return (
            f"{NOTHING}: no stratum has both {control} and {treated}. Choose fewer strata with --strata, or more days."
        )
    if found.low is None or found.high is None:
        lone = min(found.control_sessions, found.treated_sessions) < 2  # noqa: PLR2004  # sessions that can differ
        why = "one session of an arm is too few to say" if lone else "an arm whose sessions do not differ does not say"
        return f"{treated} {told(found.treated)}, {control} {told(found.control)} {unit}: {why} how sure that is."
    between = f"{LEVEL:.0%} interval {told(found.low)} to {told(found.high)}"
    if found.low <= 0 <= found.high:
        said = (
            f"The data do not tell {treated} and {control} apart: {treated} less {control} is {told(found.difference)} "
            f"{unit} ({between})."
        )
    else:
        way = "more" if found.difference > 0 else "less"
        said = (
            f"{treated} had {told(abs(found.difference))} {unit} {way} than {control} (difference "
            f"{told(found.difference)}, {between})."
        )
    return said + _few(found, arms) + _turned(found, crude)


def _few(found: Estimate, arms: tuple[str, str]) -> str:
    sessions = zip((found.control_sessions, found.treated_sessions), arms, strict=True)
    few = " and ".join(f"{count} of {arm}" for count, arm in sessions if count < FEW)
    return few and f" Few sessions: {few}. If a few great orders decide, the interval is too narrow."


def _turned(found: Estimate, crude: Estimate | None) -> str:
    if crude is None or crude.difference * found.difference >= 0:
        return ""
    return " The crude figure points the other way: the arms had different traffic."


def limits(
    stratified: Sequence[str], left_out: Overlap, base: str, unequal: Sequence[str], lacking: Sequence[str]
) -> str:
    """Say what the design does not allow.

    stratified: variables held equal; base: what the denominator is called; unequal: variables in which the arms still
    differ; lacking: variables that were not looked at.
    """
    parts = [
        "Observational: nobody drew lots for who goes on air.",
        f"Held equal: {_listed(stratified) if stratified else 'nothing'}"
        + (
            "."
            if not left_out.left_out
            else f"; {left_out.left_out:.0%} of the {base} lie in strata with one arm and are left out."
        ),
        f"Differences in {_listed(unequal)} remain;" if unequal else "",
        f"{_listed(lacking)} {'was' if len(lacking) == 1 else 'were'} not looked at;" if lacking else "",
        "what is not recorded may differ too.",
    ]
    said = " ".join(part for part in parts if part)
    return re.sub(r"\. ([a-z])", lambda found: f". {found[1].upper()}", said)


def _listed(names: Sequence[str]) -> str:
    words = [name.replace("_", " ") for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
