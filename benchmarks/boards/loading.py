"""What somebody who opens the page waits for: each board over HTTP, until its first and until its last panel."""

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping

from analytics.warehouse.embedded import Embedded
from benchmarks.boards.measuring import Took
from dashboards.boards import BOARDS
from dashboards.page.app import make_app
from dashboards.page.server import background
from dashboards.spec import Board


def pages(warehouse: Embedded, now_ms: int, repeats: int, boards: Mapping[str, Board] = BOARDS) -> Iterator[Took]:
    """Open each board on a page that nobody has open yet, and then once more beside that one."""
    for name, board in boards.items():
        waited: dict[str, list[float]] = {"first panel": [], "all panels": [], "all panels, second visitor": []}
        for _ in range(repeats):
            with background(make_app(warehouse.reader, lambda: now_ms)) as address:
                first, last = _opened(address, name, board)
                waited["first panel"].append(first)
                waited["all panels"].append(last)
                waited["all panels, second visitor"].append(_opened(address, name, board)[1])
        for what, milliseconds in waited.items():
            yield Took.of(f"page {name}", what, milliseconds)


def _opened(address: str, name: str, board: Board) -> tuple[float, float]:
    """Milliseconds until the first panel and until the last."""
    began, first = time.perf_counter(), 0.0
    currency = "&currency=CNY" if any(one.name == "currency" for one in board.variables) else ""
    with urllib.request.urlopen(f"{address}api/stream?board={name}{currency}", timeout=300) as stream:  # noqa: S310  # our own server
        seen: set[str] = set()
        event = ""
        while len(seen) < len(board.panels):
            kind, _, text = stream.readline().decode().rstrip("\n").partition(": ")
            event = text if kind == "event" else event
            if kind == "data" and event == "panel":
                panel = json.loads(text)
                if "error" in panel:
                    raise RuntimeError(f"{name}: {panel}")
                seen.add(panel["id"])
                first = first or 1000 * (time.perf_counter() - began)
    return first, 1000 * (time.perf_counter() - began)
