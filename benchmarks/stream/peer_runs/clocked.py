"""What every peer's script needs: its orders, a trail of how far it was when, a file for it.

Arguments: bootstrap servers, topic, consumer group, events in the topic, file to write.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

BOOTSTRAP, TOPIC, GROUP = sys.argv[1:4]
TOTAL = int(sys.argv[4])
PARTITIONS = 8
MINUTE_MS = 60_000
NO_SESSION = "none"
_BETWEEN_S = 0.01


class Trail:
    """Notes how many events are counted; the first note that is not 0 starts the clock."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float, int]] = []
        self._next = 0.0

    def note(self, events: int) -> bool:
        """Say how many are counted by now; true when all are."""
        now = time.perf_counter()
        if events and (now >= self._next or events >= TOTAL):
            self.points.append((now, time.process_time(), events))
            self._next = now + _BETWEEN_S
        return events >= TOTAL

    def tell(self, counts: Mapping[tuple[str, int], int]) -> None:
        """Say everything and end the process, whatever threads it has. counts: events by session and minute."""
        lines = Path("/proc/self/status").read_text().splitlines()
        peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
        rows = [[session, minute, count] for (session, minute), count in counts.items()]
        told = {"points": self.points, "counts": rows, "peak_mb": peak * 1024 / 1e6}
        Path(sys.argv[5]).write_text(json.dumps(told))
        os._exit(0)
