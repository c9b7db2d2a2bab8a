"""Results as Markdown tables: they read well in a terminal and can be put into a page as they are."""

from collections.abc import Sequence

from benchmarks.running import Spread


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A titled table whose columns are as wide as what is in them; the first column is text, the others are figures."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *others]) + " |"

    rule = "|" + "|".join("-" * (width + 2 - (i > 0)) + ":" * (i > 0) for i, width in enumerate(widths)) + "|"
    return "\n".join([f"**{title}**", "", line(header), rule, *map(line, rows), ""])


def spread(value: Spread, digits: int = 0) -> str:
    """Median and, in brackets, least to greatest."""
    return f"{value.median:,.{digits}f} ({value.low:,.{digits}f} to {value.high:,.{digits}f})"


def ratio(value: float) -> str:
    """A ratio with the digits that mean something: 12 x, 1.23 x, 0.0045 x."""
    digits = 0 if value >= 10 else 2 if value >= 0.1 else 4  # noqa: PLR2004  # steps of readable numbers
    return f"{value:,.{digits}f} x"
