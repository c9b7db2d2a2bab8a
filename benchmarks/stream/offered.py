"""A producer that offers events at a steady rate, with markers among them: a child of the measurement of latency.

Arguments: bootstrap servers, prefix of the topics, partitions, pace, events per second, seconds. It says
`ready`, waits for a line, offers, and tells when each marker was handed over and by how much it was ever behind.
"""

import json
import sys
import time
from contextlib import closing
from dataclasses import dataclass

import msgspec

from benchmarks.stream import given
from benchmarks.stream.given import NO_SESSION, Head
from streams.kafka.connection import Connection
from streams.kafka.packing import Packed, Packing
from streams.kafka.producing import Producer
from streams.kafka.routing import Routed, partition_of, routed
from streams.kafka.topics import Names, names

AS_IT_HAPPENS = "as it happens"
"""The pace of an offer in which event time goes about as fast as time does; else an hour goes by."""
TICK_S = 0.1
"""Events are packed and sent that often: half the age at which a collector sends."""
TICKS_PER_MARKER = 3
MARKER, AFTER_MARKERS = "probe-", "probe."
"""Ids of markers begin so; all of them sort before the second."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What is sent at once."""

    records: list[Packed]
    roster: list[Routed]
    marker: str


def marker_lines(marker: str, at: Head) -> bytes:
    """Write a viewer who joins and buys at a time and in a session of the stream."""
    common = {"occurred_at": at.occurred_at, "session_id": at.session_id, "viewer_id": marker}
    line = {"line_id": "1", "product_id": "probe", "quantity": 1, "amount_minor": 100}
    order = {"order_id": marker, "currency": "USD", "lines": [line]}
    joined = {"event_id": f"{marker}-joined", "type": "viewer_joined", **common}
    paid = {"event_id": f"{marker}-paid", "type": "order_paid", **common, **order}
    return msgspec.json.encode(joined) + b"\n" + msgspec.json.encode(paid) + b"\n"


def ticks(lines: tuple[bytes, ...], partitions: int, rate: int) -> list[Tick]:
    """Pack lines for each tick, as many as the rate asks for; every so many ticks a marker goes with them.

    Lines in which no room is on air yet have none.
    """
    size, made = int(rate * TICK_S), list[Tick]()
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        on_air = [head for head in given.heads(part) if head.session_id != NO_SESSION]
        marker = f"{MARKER}{len(made):06d}" if on_air and len(made) % TICKS_PER_MARKER == 0 else ""
        places = routed(part)
        packing = Packing(partitions)
        records = [*packing.add(place for place in places if not place.roster), *packing.drain()]
        if marker:
            records.append(Packed(partition_of(marker, partitions), marker_lines(marker, on_air[-1]), 2))
        made.append(Tick(records, [place for place in places if place.roster], marker))
    return made


def offer(producer: Producer, topics: Names, offered: list[Tick]) -> tuple[dict[str, float], float]:
    """Send each tick when it is due. Returns when each marker was sent (s since 1970), and the greatest delay (s)."""
    sent, behind, began = dict[str, float](), 0.0, time.monotonic()
    for number, tick in enumerate(offered):
        early = began + number * TICK_S - time.monotonic()
        behind = max(behind, -early)
        time.sleep(max(early, 0.0))
        for place in tick.roster:
            producer.send(topics.roster, place.line, partition=0, key=(place.key or "").encode())
        if tick.marker:
            sent[tick.marker] = time.time()
        for record in tick.records:
            producer.send(topics.events, record.value, partition=record.partition)
    producer.flush(120)
    return sent, behind


def main(bootstrap: str, prefix: str, partitions: str, pace: str, rate: str, seconds: str) -> None:
    """Make ready, wait for the word, offer, tell."""
    count = int(rate) * int(seconds)
    lines = given.happening(count, int(rate)) if pace == AS_IT_HAPPENS else given.lines(count, 1)
    offered = ticks(lines, int(partitions), int(rate))
    with closing(Producer(Connection(bootstrap))) as producer:
        print("ready", flush=True)
        sys.stdin.readline()
        sent, behind = offer(producer, names(prefix), offered)
    print(json.dumps({"sent": sent, "behind_s": behind, "seconds": len(offered) * TICK_S}))


if __name__ == "__main__":
    main(*sys.argv[1:])
