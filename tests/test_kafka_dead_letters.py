"""Parked lines: listed by reason, exported byte for byte, and sent again once they are events."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from kafka_broker import Broker
from test_collector import liked, ndjson, started
from test_kafka_topics import consumed
from typer.testing import CliRunner, Result

from hostledger.commands.dead_letters import app
from hostledger.settings import Settings
from streams.kafka.connection import Connection
from streams.kafka.dead_letters import MOST_BYTES, Place, beside, dead_letter, unusable
from streams.kafka.letters import Letter, joined
from streams.kafka.producing import Producer
from streams.kafka.topics import declared, ensure, names

Run = Callable[..., subprocess.CompletedProcess[str]]
BAD = [{**liked(1), "occurred_at": "noon"}, {**liked(2), "type": "sneezed"}, {**liked(3), "occurred_at": "dusk"}]


def command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", "from hostledger.door import main; main()", *arguments]
    return subprocess.run(line, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=180)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse whose books parked three lines and one that is no text; nothing here changes it."""
    place = tmp_path_factory.mktemp("books")
    source = place / "events.jsonl"
    source.write_bytes(ndjson(liked(9), *BAD) + b"\xff\xfe\n")
    assert command("replay", str(source), HOSTLEDGER_DATA=str(place / "data")).returncode == 0
    return place / "data"


@pytest.fixture
def run(books: Path, prefix: str) -> Run:
    return partial(command, HOSTLEDGER_DATA=str(books), HOSTLEDGER_TOPICS=prefix)


def test_reasons_are_counted_with_what_to_do(run: Run) -> None:
    rows = json.loads(run("dead-letters", "list", "--format", "json").stdout)
    assert {(row["reason"], row["field"]): row["lines"] for row in rows} == {
        ("field_type", "occurred_at"): 2,
        ("type_unknown", "type"): 1,
        ("not_utf8", None): 1,
    }
    assert all(row["remedy"] and row["latest"].endswith("+00:00") for row in rows)


def test_lines_are_shown_with_place_and_bytes(run: Run) -> None:
    shown = json.loads(run("dead-letters", "show", "--format", "json", "--most", "2").stdout)
    assert [(row["position"], row["reason"]) for row in shown] == [(5, "not_utf8"), (4, "field_type")]
    assert shown[0]["line"] == "\\xff\\xfe"
    assert json.loads(shown[1]["line"]) == BAD[2]


def test_lines_are_exported_corrected_and_sent_again(
    apache_kafka: Broker, prefix: str, run: Run, tmp_path: Path
) -> None:
    parked = tmp_path / "parked.jsonl"
    assert run("dead-letters", "export", str(parked), "--reason", "field_type").returncode == 0
    assert parked.read_bytes() == ndjson(BAD[0], BAD[2])
    assert run("dead-letters", "export", str(parked)).returncode == 2
    refused = run("dead-letters", "replay", str(parked), HOSTLEDGER_KAFKA=apache_kafka.bootstrap)
    assert refused.returncode == 2
    assert "2 of 2 lines still are no events, so nothing was sent. Line 1: field_type" in refused.stderr
    ensure(Connection(apache_kafka.bootstrap), declared(prefix, partitions=2))
    parked.write_bytes(ndjson(liked(1), liked(3), started(1)))
    sent = run("dead-letters", "replay", str(parked), HOSTLEDGER_KAFKA=apache_kafka.bootstrap)
    assert (sent.returncode, "Kafka has 3 events" in sent.stderr) == (0, True)
    events, roster, _ = names(prefix)
    assert [value for _, _, value in consumed(apache_kafka.bootstrap, events)] == [ndjson(liked(1), liked(3))]
    assert [json.loads(value) for _, _, value in consumed(apache_kafka.bootstrap, roster)] == [started(1)]


def test_a_dead_letter_keeps_bytes_and_place_and_leaves_out_what_is_unknown() -> None:
    letter = dead_letter(
        b"x" * (MOST_BYTES + 1), Place("theirs", 3, 77), "field_type", "mend it", field="ü", value=None
    )
    assert len(letter.value) == MOST_BYTES
    assert letter.headers == [
        ("reason", b"field_type"),
        ("remedy", b"mend it"),
        ("topic", b"theirs"),
        ("partition", b"3"),
        ("offset", b"77"),
        ("field", "ü".encode()),
    ]


def test_parts_of_a_payload_are_put_together_in_any_order_and_one_alone_stays_as_it_is() -> None:
    whole = b"".join(number.to_bytes(4, "big") for number in range(MOST_BYTES * 64 // 100))
    parts = unusable(whole, "shopify", "orders/paid", "not_json", "mend it", shop="b")
    assert [len(part.value) for part in parts] == [MOST_BYTES, MOST_BYTES, len(whole) - 2 * MOST_BYTES]
    found = [
        Letter(0, offset, 5, part.value, {name: text.decode() for name, text in part.headers})
        for offset, part in enumerate([parts[2], parts[0], parts[1], parts[1]])
    ]
    first, alone = joined(found)
    assert (first.value, first.offset, first.told["shop"], "part" in first.told) == (whole, 1, "b", False)
    assert (alone.value, alone.told["part"]) == (parts[1].value, "2/3")


PAYLOAD = b'{\n "id": 7, "total_price": "409.945"\n}'


def test_payloads_of_platforms_are_listed_shown_and_written_as_they_came(
    apache_kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    connection, topic = Connection(apache_kafka.bootstrap), names(prefix).dead_letters
    told = Settings.read({"HOSTLEDGER_KAFKA": apache_kafka.bootstrap, "HOSTLEDGER_TOPICS": prefix})

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, obj=told)

    missing = run("list", "--topic")
    assert (missing.exit_code, f"has no topic {topic} (hostledger topics makes it)" in missing.stderr) == (2, True)
    ensure(connection, declared(prefix, partitions=2))
    empty = run("list", "--topic", "--format", "json")
    assert (empty.exit_code, empty.stdout) == (0, "[]\n")
    facts = {"field": "total_price", "value": "409.945", "shop": "b"}
    paid = unusable(PAYLOAD, "shopify", "orders/paid", "amount_inexact", "mend it", **facts)
    parked = [*paid, dead_letter(b"\xff", Place("theirs", 0, 5), "null_record", "send events"), *paid]
    producer = Producer(connection)
    for letter in parked:
        producer.send(topic, letter.value, headers=letter.headers)
    producer.flush()
    producer.close()
    listed = json.loads(run("list", "--topic", "--format", "json").stdout)
    assert [(row["sender"], row["reason"], row["field"], row["lines"], row["remedy"]) for row in listed] == [
        ("shopify orders/paid", "amount_inexact", "total_price", 2, "mend it"),
        ("theirs", "null_record", None, 1, "send events"),
    ]
    assert all(row["latest"].endswith("+00:00") for row in listed)
    shown = json.loads(run("show", "--topic", "--most", "2", "--format", "json").stdout)
    assert [(row["offset"], row["value"], row["line"]) for row in shown] == [
        (2, "409.945", PAYLOAD.decode()),
        (1, None, "\\xff"),
    ]
    folder = tmp_path / "parked"
    written = run("payloads", str(folder), "--reason", "amount_inexact")
    assert (written.exit_code, "2 dead letters" in written.stderr) == (0, True)
    told = {"source": "shopify", "kind": "orders/paid", "reason": "amount_inexact", "remedy": "mend it", **facts}
    names_of = ("0-000000000-shopify-orders-paid", "0-000000002-shopify-orders-paid")
    assert {path.name for path in folder.iterdir()} == {f"{name}{end}" for name in names_of for end in ("", ".json")}
    assert [(folder / name).read_bytes() for name in names_of] == [PAYLOAD] * 2
    assert [json.loads(beside(folder / name).read_bytes()) for name in names_of] == [told] * 2
    assert run("payloads", str(folder)).exit_code == 2
