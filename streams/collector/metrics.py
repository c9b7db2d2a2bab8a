"""What the collector counts, each metric declared once with its meaning. None names a viewer, a key or a seller."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The metrics of one collector, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "hostledger_collector_requests", "Answered requests for events", ["status"], registry=self.registry
        )
        self.events = Counter(
            "hostledger_collector_events", "Events that the broker has acknowledged", registry=self.registry
        )
        self.rejected = Counter(
            "hostledger_collector_rejected_events",
            "Events that were not taken, by reason code",
            ["reason"],
            registry=self.registry,
        )
        self.received = Counter(
            "hostledger_collector_received_bytes", "Bytes of bodies as they were sent", registry=self.registry
        )
        self.records = Counter(
            "hostledger_collector_records", "Records that the broker has acknowledged", registry=self.registry
        )
        self.waiting = Gauge(
            "hostledger_collector_waiting_bytes", "Bytes of events not yet acknowledged", registry=self.registry
        )
        self.acknowledged = Histogram(
            "hostledger_collector_acknowledge_seconds",
            "From the end of checking a request to its acknowledgement by the broker",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
            registry=self.registry,
        )
        self.messages = Counter(
            "hostledger_collector_source_messages",
            "Messages of platforms: booked, repeated, unusable, or why nothing was booked",
            ["source", "outcome"],
            registry=self.registry,
        )
        self.refused = Counter(
            "hostledger_collector_source_refusals",
            "Notifications of platforms that were not taken: unsigned, stale, or their detail could not be had",
            ["source", "reason"],
            registry=self.registry,
        )
        self.away = Gauge(
            "hostledger_collector_kafka_away", "1 while Kafka does not answer or acknowledge", registry=self.registry
        )
