"""The printable page of a statement: HTML that needs no other file, no network and no script."""

from dataclasses import dataclass
from fractions import Fraction
from html import escape
from zoneinfo import ZoneInfo

import polars as pl

from analytics.contracts.states import STEPS
from analytics.contracts.waterfall import KEPT
from analytics.currencies import decimal_text
from analytics.metrics import BASIS_POINTS
from hostledger.reading import moment, percent
from hostledger.statements.bars import Step, waterfall_svg

MOST_LINES = 2_000
"""Lines of a currency that a page shows; the files hold all."""
_REMARK = "Why a host has an order: hostledger explain ORDER. Amounts show what a line adds to what the seller keeps."
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
@page { size: A4; margin: 16mm 14mm; }
body { font: 10pt/1.4 Inter, "Segoe UI", Roboto, "PingFang SC", "Noto Sans CJK SC", "Hiragino Sans", sans-serif;
  color: #12161d; max-width: 190mm; margin: 8mm auto; }
h1 { font-size: 17pt; margin: 0 0 2mm; }
h2 { font-size: 12pt; margin: 8mm 0 2mm; border-bottom: 1px solid #e2e5eb; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 6mm; margin: 0; }
dt { color: #566071; }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; color: #566071; font-weight: 600; border-bottom: 1px solid #8b94a3; }
th, td { padding: 1mm 2mm 1mm 0; vertical-align: top; }
td { overflow-wrap: anywhere; }
td:nth-child(-n+3) { white-space: nowrap; }
.n { text-align: right; white-space: nowrap; }
.lines { font-size: 8pt; }
.sum td { font-weight: 600; border-top: 1px solid #8b94a3; }
.note { color: #566071; }
svg { max-width: 100%; height: auto; font: 11px sans-serif; }
svg text { fill: #12161d; }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a statement is of: whose (host, owner, seller), who, and the facts of the settlement, in words."""

    whose: str
    who: str
    facts: tuple[tuple[str, str], ...]
    zone: ZoneInfo


def page(heading: Heading, lines: pl.DataFrame) -> str:
    """Write the page of a statement. lines: STATEMENT."""
    title = f"Statement of {heading.whose} {heading.who}"
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in heading.facts)
    parts = [_currency(heading, code, lines.filter(pl.col("currency") == code)) for code in _currencies(lines)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1><dl>{facts}</dl>{''.join(parts)}"
        f'<p class="note">{_REMARK}</p></body></html>\n'
    )


def _currencies(lines: pl.DataFrame) -> list[str]:
    return [str(code) for code in lines["currency"].unique().sort()]


def _currency(heading: Heading, code: str, lines: pl.DataFrame) -> str:
    sums = {step: int(lines.filter(pl.col("step") == step)["amount_minor"].sum()) for step in STEPS}
    steps = [Step(name, minor) for name, minor in sums.items() if minor or name == STEPS[0]]
    steps.append(Step(KEPT, sum(sums.values()), whole=True))
    paid = int(lines["paid_minor"].sum())
    due = (
        ""
        if heading.whose == "seller"
        else f"<p><strong>Paid to {escape(heading.who)}: {_money(paid, code)}</strong></p>"
    )
    return (
        f"<section><h2>{code}</h2>{due}{waterfall_svg(steps, code)}{_sums(steps, sums[STEPS[0]], code)}"
        f"<h2>Lines in {code}</h2>{_lines(heading, lines, code)}</section>"
    )


def _sums(steps: list[Step], gross: int, code: str) -> str:
    rows = "".join(_sum(step, gross, code) for step in steps)
    head = f'<th>step</th><th class="n">{code}</th><th class="n">of gross</th>'
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _sum(step: Step, gross: int, code: str) -> str:
    part = percent(round(Fraction(step.minor * BASIS_POINTS, gross))) if gross > 0 else ""
    opening = '<tr class="sum">' if step.whole else "<tr>"
    name, amount = step.name.replace("_", " "), decimal_text(step.minor, code)
    return f'{opening}<td>{name}</td><td class="n">{amount}</td><td class="n">{part}</td></tr>'


def _lines(heading: Heading, lines: pl.DataFrame, code: str) -> str:
    names = ("step", "order", "paid at", "session", "basis")
    head = "".join(f"<th>{name}</th>" for name in names) + '<th class="n">amount</th>'
    rows = [_line(heading.zone, one, code) for one in lines.head(MOST_LINES).iter_rows(named=True)]
    beyond = lines.height - MOST_LINES
    more = f'<p class="note">{beyond} more lines are in the CSV and Parquet files.</p>' if beyond > 0 else ""
    return f'<table class="lines"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>{more}'


def _line(zone: ZoneInfo, one: dict[str, object], code: str) -> str:
    at = "" if one["ordered_ms"] is None else moment(int(str(one["ordered_ms"])), zone)
    basis = "; ".join(str(one[name]) for name in ("source", "basis") if one[name])
    cells = (one["step"], one["order_id"], at, one["session_id"], basis)
    texts = "".join(f"<td>{escape('' if cell is None else str(cell))}</td>" for cell in cells)
    return f'<tr>{texts}<td class="n">{decimal_text(int(str(one["amount_minor"])), code)}</td></tr>'


def _money(minor: int, code: str) -> str:
    return f"{decimal_text(minor, code)} {code}"
