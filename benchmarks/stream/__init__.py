"""Question 3: events per second from Kafka into the books on one core, beside public stream processors; and latency.

`python -m benchmarks.stream` runs it; docs/BENCHMARKS.md says what is measured and what is not.
"""
