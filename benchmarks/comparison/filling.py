"""A year of sessions as rollups, made by the engine itself."""

from collections.abc import Callable
from pathlib import Path

from benchmarks import stretches

SQL = Path(__file__).parent / "sql"
NOW_S = 1_785_760_200
BLOCK = 10_000
"""Sessions per statement, so that memory stays small."""
MODELS = ("on_air", "linear")
"""One that is asked for, and one that is not."""
_AT_ONCE = ("batches", "hosts", "sessions", "shifts")
_IN_BLOCKS = ("presence_minute", "revenue_minute", "entries_quarter")
Run = Callable[[str, dict[str, str]], object]


def fill(run: Run, sessions: int, tell: Callable[[str], None]) -> None:
    """Fill an empty, migrated warehouse. run: sends a statement and its parameters; tell: is told how far it is."""
    known = {"now_s": str(NOW_S), "sessions": str(sessions)}
    for name in _AT_ONCE:
        run(_statement(name), known)
    run(stretches.FILL, {})
    for first in range(0, sessions, BLOCK):
        block = known | {"first": str(first), "some": str(min(BLOCK, sessions - first))}
        for name in _IN_BLOCKS:
            for model in MODELS if name == "revenue_minute" else ("",):
                run(_statement(name), block | {"model": model})
        tell(f"{min(first + BLOCK, sessions):,} of {sessions:,} sessions")
    run(_statement("returns_minute"), known)
    for name in (*_IN_BLOCKS, "returns_minute"):
        run(f"OPTIMIZE TABLE {name}", {})


def _statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()
