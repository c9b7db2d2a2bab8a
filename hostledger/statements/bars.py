"""The waterfall as a picture: one bar a step, each beginning where the one before ended. SVG, no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analytics.currencies import decimal_text

_LEFT, _WIDTH, _RIGHT, _ROW, _BAR = 150, 360, 130, 24, 14
_COLOURS = {"gross": "#0072b2", "kept": "#009e73"}
_TAKEN, _GIVEN = "#d55e00", "#56b4e9"


@dataclass(frozen=True, slots=True)
class Step:
    """One bar: its name and what it adds, in minor units. `whole`: it stands on zero, as what is kept does."""

    name: str
    minor: int
    whole: bool = False


def waterfall_svg(steps: Sequence[Step], currency: str) -> str:
    """Draw the steps of one currency; every bar has its amount beside it, and the picture says its figures aloud."""
    spans = list(_spans(steps))
    low, high = min(0, *(min(span) for span in spans)), max(0, *(max(span) for span in spans))
    scale = _WIDTH / ((high - low) or 1)
    rows = [
        _row(place, step, (begin - low) * scale, (end - low) * scale, currency)
        for place, (step, (begin, end)) in enumerate(zip(steps, spans, strict=True))
    ]
    height, width = _ROW * len(steps) + 8, _LEFT + _WIDTH + _RIGHT
    said = "; ".join(f"{step.name} {decimal_text(step.minor, currency)}" for step in steps)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(f"Waterfall in {currency}: {said}")}">{"".join(rows)}</svg>'
    )


def _spans(steps: Sequence[Step]) -> list[tuple[int, int]]:
    spans, reached = [], 0
    for step in steps:
        spans.append((0, step.minor) if step.whole else (reached, reached + step.minor))
        reached = spans[-1][1]
    return spans


def _row(place: int, step: Step, begin: float, end: float, currency: str) -> str:
    top, left, long = place * _ROW + 6, _LEFT + min(begin, end), max(abs(end - begin), 1)
    colour = _COLOURS.get(step.name) or (_TAKEN if step.minor < 0 else _GIVEN)
    middle, right, amount = top + _BAR - 3, _LEFT + _WIDTH + _RIGHT - 4, decimal_text(step.minor, currency)
    return (
        f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{escape(step.name.replace("_", " "))}</text>'
        f'<rect x="{left:.1f}" y="{top}" width="{long:.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<text x="{right}" y="{middle}" text-anchor="end">{amount}</text>'
    )
