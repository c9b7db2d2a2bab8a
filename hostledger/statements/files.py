"""The files of a statement: CSV for spreadsheets, Parquet exact, the page, and the page as PDF where it can be made."""

import hashlib
import re
from pathlib import Path

import polars as pl

from analytics.contracts.statements import STATEMENT
from hostledger.printing import print_pdf
from hostledger.statements.page import Heading, page

_FORMULA = r"^([=+\-@\t\r])"
"""A spreadsheet takes a text that begins with one of these for a formula."""


def file_stem(whose: str, who: str, period: str) -> str:
    """Name the files of a statement; what a file name cannot hold is replaced, and told apart by a digest."""
    plain = re.sub(r"[^\w.-]", "_", who)[:80].lstrip(".")
    apart = "" if plain == who else f"-{hashlib.sha256(who.encode()).hexdigest()[:8]}"
    return f"statement-{whose}-{plain}{apart}-{period}"


def write(folder: Path, stem: str, heading: Heading, lines: pl.DataFrame) -> tuple[list[Path], str | None]:
    """Write the files of a statement (STATEMENT) into a folder. Raises OSError.

    Returns the files, and why there is no PDF, if there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    csv, parquet, html, pdf = (folder / f"{stem}.{ending}" for ending in ("csv", "parquet", "html", "pdf"))
    texts = [name for name, dtype in STATEMENT.items() if dtype == pl.String]
    csv.write_text(lines.with_columns(pl.col(texts).str.replace(_FORMULA, "'${1}")).write_csv(), encoding="utf-8")
    lines.write_parquet(parquet)
    html.write_text(page(heading, lines), encoding="utf-8")
    pdf.unlink(missing_ok=True)
    lacking = print_pdf(html, pdf)
    return [csv, parquet, html, *([] if lacking else [pdf])], lacking
