"""The named queries: one statement per file under `queries/`."""

from functools import cache
from importlib.resources import files


@cache
def named(name: str) -> str:
    """Read the text of the named query `queries/NAME.sql`."""
    return (files("analytics.warehouse") / "queries" / f"{name}.sql").read_text()
