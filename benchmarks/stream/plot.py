"""The growth as a small picture, written by hand: SVG needs no package."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.running import ROOT
from benchmarks.stream.growth import PARTITIONS, WORKERS, Step

FILE = ROOT / "docs" / "img" / "stream-growth.svg"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 560, 300, 70, 110, 34, 46
_COLOURS = ("#2563eb", "#d97706")
_LINES = 4
_APART = 7
"""The names of two lines are moved apart by twice that, for lines that end close together."""


def draw(steps: Sequence[Step], file: Path = FILE) -> None:
    """Draw events per second over partitions, one line per number of workers: medians, with the spread as a bar."""
    most = _ceiling(max(step.rate.high for step in steps))
    font = 'font-family="sans-serif" font-size="12" fill="#374151"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {font}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="18" font-size="13">Thousand events per second, by partitions and workers</text>',
        *_grid(most),
    ]
    lines = [[step for step in steps if step.workers == workers] for workers in WORKERS]
    lines.sort(key=lambda line: -line[-1].rate.median)
    for number, line in enumerate(lines):
        parts += _line(line, _COLOURS[WORKERS.index(line[0].workers)], most, _APART * (2 * number - 1))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*parts, "</svg>", ""]))


def _ceiling(value: float) -> float:
    """Give the next round number above a value."""
    size = 10.0 ** (len(str(int(value))) - 1)
    return next(factor * size for factor in (1, 2, 4, 6, 8, 10) if factor * size >= value)


def _x(partitions: int) -> float:
    return _LEFT + PARTITIONS.index(partitions) * (_WIDTH - _LEFT - _RIGHT) / (len(PARTITIONS) - 1)


def _y(rate: float, most: float) -> float:
    return _HEIGHT - _BOTTOM - rate / most * (_HEIGHT - _TOP - _BOTTOM)


def _grid(most: float) -> list[str]:
    parts = []
    for number in range(_LINES + 1):
        rate = most * number / _LINES
        y = _y(rate, most)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{rate / 1000:,.4g}</text>')
    parts += [
        f'<text x="{_x(partitions):.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="middle">{partitions}</text>'
        for partitions in PARTITIONS
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return [*parts, f'<text x="{middle:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">partitions</text>']


def _line(steps: Sequence[Step], colour: str, most: float, moved: int) -> list[str]:
    points = [(_x(step.partitions), step.rate) for step in steps]
    path = " ".join(f"{x:.1f},{_y(rate.median, most):.1f}" for x, rate in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    for x, rate in points:
        low, high, middle = _y(rate.low, most), _y(rate.high, most), _y(rate.median, most)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="{colour}"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="3.5" fill="{colour}"/>')
    x, rate = points[-1]
    name = f"{steps[0].workers} worker{'s' * (steps[0].workers > 1)}"
    return [*parts, f'<text x="{x + 12:.1f}" y="{_y(rate.median, most) + 4 + moved:.1f}" fill="{colour}">{name}</text>']
