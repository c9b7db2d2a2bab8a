"""HTTP in, Kafka out: events of sellers are checked, packed, and answered with 202 only after the broker has them.

It judges nothing that the contract does not: `analytics.decoding` says what an event is. It stores nothing.
"""
