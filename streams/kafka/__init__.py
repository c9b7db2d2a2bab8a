"""What we know of Kafka: its topics, which partition an event belongs to, how records are packed and acknowledged.

Routing and packing are pure; topics and producing talk to the broker through kafka-python.
"""


class BrokerAway(Exception):  # noqa: N818  # named for what is the case
    """The broker did not answer or acknowledge in time; it may heal, so keep what was to be sent and try again."""
