"""How much a worker takes on at once, and how long it waits."""

import os
from dataclasses import dataclass
from fractions import Fraction

HELD = 4
"""Batches that may wait for the roster."""
GROUPS_AT_ONCE = min(max(os.cpu_count() or 1, 2), 4)
"""Groups of lanes that a worker does side by side: one per core, two at least, four at most."""
TOGETHER = 64
"""Lanes that are stored together at most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Short wait for the roster (ms), bytes of a batch, share of rejects that stops, ms between fits (0: none).

    groups: how many go side by side. together: lanes of a group at most (1: each is stored alone). gap_ms: how long
    missing offsets are sought; compacted_ms: the same for the roster, whose topic may lack some.
    """

    wait_ms: int = 2_000
    batch_bytes: int = 24 << 20
    rejects: Fraction = Fraction(1, 5)
    fit_every_ms: int = 3_600_000
    groups: int = GROUPS_AT_ONCE
    together: int = TOGETHER
    gap_ms: int = 30_000
    compacted_ms: int = 3_000
