"""Recorded time at another speed: which lines are due now."""

import io
import time
from collections.abc import Callable, Iterable, Iterator

import msgspec

TICK_S = 0.25


class _Time(msgspec.Struct):
    occurred_at: int


_decoder = msgspec.json.Decoder(_Time)


def paced(
    stretches: Iterable[bytes],
    speed: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[bytes]:
    """Give lines when their time has come: the first event's time is now, and time runs `speed` times as fast.

    A line without a readable time comes with the line before it. Yields whole lines, at most one batch per tick.
    """
    begin_s = clock()
    first_ms: int | None = None
    due: list[bytes] = []
    for stretch in stretches:
        for line in io.BytesIO(stretch):
            occurred = _occurred(line)
            first_ms = occurred if first_ms is None else first_ms
            if occurred is not None and first_ms is not None:
                early_s = (occurred - first_ms) / 1000 / speed - (clock() - begin_s)
                if early_s > 0:
                    if due:
                        yield b"".join(due)
                        due = []
                    sleep(max(early_s, TICK_S))
            due.append(line)
    if due:
        yield b"".join(due)


def _occurred(line: bytes) -> int | None:
    try:
        return _decoder.decode(line).occurred_at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
