"""Which cores measure and which serve, and what a process has used: Linux only."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class NotHere(Exception):  # noqa: N818  # named for what is the case
    """A system that cannot bind processes to cores, or has one core only."""


class Cores(NamedTuple):
    """The core of the side that is measured, the cores of what serves all sides, and every core."""

    side: frozenset[int]
    servers: frozenset[int]
    every: frozenset[int]

    @property
    def shared(self) -> "Cores":
        """Nothing is bound: all share every core."""
        return Cores(self.every, self.every, self.every)


def cores() -> Cores:
    """Give the last core to the sides and all others to the servers. Raises NotHere."""
    if not hasattr(os, "sched_setaffinity") or not Path("/proc/self/stat").exists():
        raise NotHere("the stream is measured on Linux only: elsewhere processes cannot be bound to a core")
    every = frozenset(os.sched_getaffinity(0))
    side = frozenset({max(every)})
    if side == every:
        raise NotHere("the stream needs two cores: one for what is measured, one for the broker and ClickHouse")
    return Cores(side, every - side, every)


@contextmanager
def on(chosen: frozenset[int]) -> Iterator[None]:
    """Bind this thread, and so the processes that it starts, for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pids: Sequence[int]) -> float:
    """Sum up the CPU time of processes, all threads, user and system; one that has ended counts nothing."""
    spent = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        spent += int(fields[11]) + int(fields[12])
    return spent / _TICKS_PER_S


def peak_mb(pids: Sequence[int]) -> float:
    """Sum up the largest resident sizes of processes, in MB (10^6 bytes)."""
    found = 0.0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        found += int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    return found
