"""What a worker says about itself to Prometheus: each metric declared once, with its meaning."""

from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.outcome import Outcome

_SECONDS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10, 30, 60, 300)
_COUNTS = (1, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of one worker in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    events: Counter = field(init=False)
    repeats: Counter = field(init=False)
    orders: Counter = field(init=False)
    restatements: Counter = field(init=False)
    rejects: Counter = field(init=False)
    batches: Counter = field(init=False)
    missing: Counter = field(init=False)
    waits: Counter = field(init=False)
    batch_events: Histogram = field(init=False)
    batch_seconds: Histogram = field(init=False)
    latency: Histogram = field(init=False)
    lag: Gauge = field(init=False)
    open_watches: Gauge = field(init=False)
    away: Gauge = field(init=False)

    def __post_init__(self) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(f"hostledger_{name}", meaning, labels, registry=self.registry)

        def histogram(name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"hostledger_{name}", meaning, registry=self.registry, buckets=buckets)

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(f"hostledger_{name}", meaning, labels, registry=self.registry)

        declared = {
            "events": counter("events", "events stored"),
            "repeats": counter("repeats", "events known already and dropped"),
            "orders": counter("orders", "orders credited for the first time"),
            "restatements": counter("restatements", "ledger lines of kind restatement"),
            "rejects": counter("rejects", "lines parked in the dead letters", "reason"),
            "batches": counter("batches", "batches stored to their end"),
            "missing": counter("missing_offsets", "offsets that the topic no longer held when they were due", "source"),
            "waits": counter("retries", "times the warehouse or Kafka had to be asked again", "what"),
            "batch_events": histogram("batch_events", "events in a batch", _COUNTS),
            "batch_seconds": histogram("batch_seconds", "seconds from intent to the batch's own row", _SECONDS),
            "latency": histogram("latency_seconds", "seconds from a record's append in Kafka to its rows", _SECONDS),
            "lag": gauge("lag_records", "records of a partition that wait", "source"),
            "open_watches": gauge("open_watches", "pairs of viewer and session in memory", "source"),
            "away": gauge("away", "1 while the warehouse or Kafka does not answer"),
        }
        for name, metric in declared.items():
            object.__setattr__(self, name, metric)

    def say_gone(self, source: str, first: int, count: int) -> None:
        """Say loudly that a topic no longer holds so many records behind an offset; none: nothing."""
        if count:
            self.missing.labels(source).inc(count)
            structlog.get_logger("worker").error("offsets are gone", source=source, first=first, count=count)

    def forget(self, source: str) -> None:
        """Say nothing more of a partition that is not ours."""
        for gauge in (self.lag, self.open_watches):
            with suppress(KeyError):
                gauge.remove(source)

    def count(self, outcome: Outcome, seconds: float) -> None:
        """Count a batch in."""
        self.events.inc(outcome.events)
        self.repeats.inc(outcome.repeats)
        self.orders.inc(outcome.orders)
        self.restatements.inc(outcome.restatements)
        self.batches.inc()
        self.batch_events.observe(outcome.events)
        self.batch_seconds.observe(seconds)
