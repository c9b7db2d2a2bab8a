"""An event's place in Kafka: the same partition as any other client, one lane per viewer, refunds with their order."""

from collections import Counter, defaultdict
from zlib import crc32

import kafka_broker  # noqa: F401  # kafka-python is imported there, with its warnings
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2

from analytics.contract import TYPES
from analytics.decoding import decode
from streams.kafka.packing import Packing
from streams.kafka.routing import ROSTER, Routed, partition, partition_of, routed

JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""Test vectors of the Java client (UtilsTest.testMurmur2)."""


@pytest.mark.parametrize("key", JAVA)
def test_the_partition_is_that_of_the_java_client(key: bytes) -> None:
    assert partition_of(key.decode(), 1 << 31) == JAVA[key] & 0x7FFFFFFF
    assert partition_of(key.decode(), 8) == (JAVA[key] & 0x7FFFFFFF) % 8


@given(st.text(), st.integers(1, 500))
def test_the_partition_is_that_of_kafka_python(key: str, partitions: int) -> None:
    key = key.encode("utf-8", "replace").decode()
    assert partition_of(key, partitions) == (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def line(**fields: object) -> bytes:
    return msgspec.json.encode({"event_id": "e-1", "occurred_at": 1, **fields})


def key_of(found: bytes) -> tuple[bool, str | None]:
    (place,) = routed([found])
    assert place.line == found
    return place.roster, place.key


def test_every_type_of_the_contract_has_a_place() -> None:
    for name in TYPES:
        roster, key = key_of(line(type=name, viewer_id="v-1", order_id="o-1"))
        assert (roster, key) == (
            (True, "e-1") if name in ROSTER else (False, "o-1" if name == "order_refunded" else "v-1")
        )
    assert len(ROSTER) == 10


ODD = [
    (b'{"type":"viewer_joined","viewer_id":%s}' % number, text)
    for number, text in [
        (b"42", "42"),
        (b"-42", "-42"),
        (b"-0", "0"),
        (b"123456789012345678901234567890", "123456789012345678901234567890"),
        (b"1.50", "1.50"),
        (b"1e3", "1e3"),
        (b'"\\u96ea"', "雪"),
        ('"雪"'.encode(), "雪"),
    ]
]


@pytest.mark.parametrize(("found", "key"), ODD)
def test_a_number_is_its_exact_digits_as_in_the_contract(found: bytes, key: str) -> None:
    assert key_of(found) == (False, key)
    event = found.replace(b"{", b'{"event_id":"e","occurred_at":1,"session_id":"s",', 1)
    assert key_of(event) == (False, key)
    assert decode(event).facts.viewer_events["viewer_id"].to_list() == [key]


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[1,2]",
        b'{"type":"viewer_joined"}',
        b'{"type":"viewer_joined","viewer_id":null}',
        b'{"type":"viewer_joined","viewer_id":""}',
        b'{"type":"viewer_joined","viewer_id":["v"]}',
        b'{"type":"viewer_joined","viewer_id":"\\ud800"}',
        b'{"type":"shift_started","host_id":"h"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_what_cannot_be_placed_goes_by_its_bytes_to_a_worker_who_rejects_it(found: bytes) -> None:
    (place,) = routed([found])
    assert (place.roster, place.key) == (False, None)
    assert partition(place, 8) == crc32(found) % 8
    assert decode(found + b"\n").rejects.height == (1 if found else 0)


def test_a_byte_order_mark_does_not_move_a_viewer() -> None:
    assert key_of(b"\xef\xbb\xbf" + line(type="liked", viewer_id="v-9")) == (False, "v-9")


def test_one_bad_line_moves_none_of_its_neighbours() -> None:
    good = [line(type="liked", viewer_id=f"v-{number}") for number in range(6)]
    swallowing = [b'{"a":[', good[0], b"]} {}", b"{}"]
    keys = [place.key for place in routed([*swallowing, *good[1:]])]
    assert keys == [None, "v-0", None, None, "v-1", "v-2", "v-3", "v-4", "v-5"]
    two_in_one = [b'{"a":1} {"b":2}', b'{"a":[', good[1]]
    assert [place.key for place in routed(two_in_one)] == [None, None, "v-1"]


def places(viewers: list[int]) -> list[Routed]:
    return [
        Routed(b'{"n":%d,"v":%d}' % (n, viewer), roster=False, key=f"v-{viewer}") for n, viewer in enumerate(viewers)
    ]


@given(st.lists(st.integers(0, 40), max_size=400), st.integers(1, 9), st.integers(1, 50), st.integers(1, 600))
def test_packing_keeps_every_event_once_and_each_viewer_in_order(
    viewers: list[int], partitions: int, most_events: int, most_bytes: int
) -> None:
    packing = Packing(partitions, most_events, most_bytes)
    found = [*packing.add(places(viewers)), *packing.drain()]
    assert list(packing.drain()) == []
    orders: dict[int, list[int]] = defaultdict(list)
    for packed in found:
        lines = packed.value.split(b"\n")
        assert lines.pop() == b""
        assert 0 < len(lines) == packed.events <= most_events
        assert len(packed.value) <= most_bytes or packed.events == 1
        for event in map(msgspec.json.decode, lines):
            assert packed.partition == partition_of(f"v-{event['v']}", partitions)
            orders[event["v"]].append(event["n"])
    assert Counter(viewers) == {viewer: len(numbers) for viewer, numbers in orders.items()}
    assert all(numbers == sorted(numbers) for numbers in orders.values())


def test_full_records_hold_two_thousand_events() -> None:
    packing = Packing(1)
    sizes = [packed.events for packed in [*packing.add(places([7] * 5001)), *packing.drain()]]
    assert sizes == [2000, 2000, 1001]
