"""The named queries: one statement per file under `queries/`."""

from functools import cache
from importlib.resources import files

READING = dict.fromkeys(
    (
        "compile_expressions",
        "compile_aggregate_expressions",
        "compile_sort_description",
        "optimize_syntax_fuse_functions",
        "optimize_and_compare_chain",
        "enable_adaptive_aggregator",
    ),
    "0",
)
"""Settings of handles that only read. The engine would compile what comes for the third time, which takes up to a few
hundred milliseconds once; the statements of a board take tens, and are none the faster for it. Two steps of planning
look for what these statements do not have, and take milliseconds where much lies beneath. Grouping in two stages (new
in 26.8) is slower where most keys come once, as viewers do. A server that does not know a setting passes it over."""

_LOOKING_UP = "SETTINGS optimize_move_to_prewhere = 0\n"
"""Of the core's look-ups: they find few rows in many small parts; reading each part in two steps costs a fifth more."""


@cache
def named(name: str) -> str:
    """Read the text of the named query `queries/NAME.sql`; the core's queries are called `core_…`."""
    text = (files("analytics.warehouse") / "queries" / f"{name}.sql").read_text()
    return text + _LOOKING_UP if name.startswith("core_") else text
