"""The named queries: one statement per file under `queries/`."""

from functools import cache
from importlib.resources import files

READING = {"compile_expressions": "0", "compile_aggregate_expressions": "0", "compile_sort_description": "0"}
"""Settings of handles that only read. The engine would compile what comes for the third time, which takes up to a few
hundred milliseconds once; the statements of a board take tens, and are none the faster for it."""

_LOOKING_UP = "SETTINGS optimize_move_to_prewhere = 0\n"
"""Of the core's look-ups: they find few rows in many small parts; reading each part in two steps costs a fifth more."""


@cache
def named(name: str) -> str:
    """Read the text of the named query `queries/NAME.sql`; the core's queries are called `core_…`."""
    text = (files("analytics.warehouse") / "queries" / f"{name}.sql").read_text()
    return text + _LOOKING_UP if name.startswith("core_") else text
