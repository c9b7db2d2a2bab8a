"""Whole sources into the warehouse, batch by batch, from where they were left."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from analytics.rules import Rules
from analytics.warehouse.embedded import Embedded
from streams.outcome import Outcome
from streams.processor import Processor
from streams.sources.files import Start


@dataclass(slots=True)
class Summary:
    """What came in: sums over batches, and how long it took (seconds)."""

    batches: int = 0
    lines: int = 0
    events: int = 0
    repeats: int = 0
    rejects: int = 0
    unknown_fields: int = 0
    orders: int = 0
    restatements: int = 0
    frozen: int = 0
    seconds: float = field(default=0.0)

    def add(self, outcome: Outcome) -> None:
        """Count a batch in."""
        self.batches += 1
        self.lines += outcome.read
        for name in ("events", "repeats", "rejects", "unknown_fields", "orders", "restatements", "frozen"):
            setattr(self, name, getattr(self, name) + getattr(outcome, name))

    def __str__(self) -> str:
        """Say it in a sentence."""
        rate = f" ({self.lines / self.seconds:,.0f} lines/s)" if self.seconds else ""
        parts = [
            f"{self.events:,} events stored in {self.seconds:,.1f} s{rate}",
            f"{self.orders:,} orders credited",
            f"{self.repeats:,} repeats dropped",
            f"{self.rejects:,} lines rejected",
        ]
        optional = {
            "restatements": self.restatements,
            "unknown fields left out": self.unknown_fields,
            "orders frozen": self.frozen,
        }
        parts += [f"{count:,} {what}" for what, count in optional.items() if count]
        return ", ".join(parts)


def wall_ms() -> int:
    """Milliseconds UTC by the wall clock."""
    return time.time_ns() // 1_000_000


def feed(
    processor: Processor,
    source: str,
    data: Iterable[bytes],
    start: Start | None = None,
    told: Callable[[Outcome, int], None] = lambda _outcome, _size: None,
) -> Summary:
    """Process stretches of whole lines of one source, from its beginning or a later start on. Raises WarehouseError.

    told: called after each batch with its outcome and its bytes.
    """
    summary, start = Summary(), start or Start()
    lines, offset, read = start.lines, start.offset, start.read.copy()
    began = time.monotonic()
    for stretch in data:
        read.update(stretch)
        outcome = processor.process(source, stretch, lines + 1, offset + len(stretch), read.hexdigest())
        lines, offset = lines + outcome.read, offset + len(stretch)
        summary.add(outcome)
        summary.seconds = time.monotonic() - began
        told(outcome, len(stretch))
    return summary


def ingest(folder: Path, source: str, data: Iterable[bytes], rules: Rules) -> Summary:
    """Open a warehouse folder, read one source into it, fit the Markov model, and close it. Raises WarehouseError."""
    warehouse = Embedded.open(folder)
    try:
        processor = Processor(warehouse, folder, rules, wall_ms)
        summary = feed(processor, source, data)
        if "markov" in rules.models:
            processor.refit()
        return summary
    finally:
        warehouse.close()
