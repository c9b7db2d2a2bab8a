"""The commands that read events, run as people run them: attribute, replay, generate, demo, schema."""

import base64
import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from subprocess import PIPE
from typing import Any

import pytest
from patience import PATIENCE_S, await_true
from referee_cases import CASES, expected

from analytics.contract import schema
from analytics.decoding import decode
from analytics.rules import MODELS, Rules
from analytics.warehouse.embedded import Embedded
from streams.processor import Processor
from streams.sources.files import source_name

HOSTLEDGER = str(Path(sys.executable).parent / "hostledger")
WORKED = CASES / "ledger_worked" / "events.jsonl"
AS_WORKED = ("--lookback", "3h", "--grace", "120s", "--half-life", "10m", "--position", "0.4,0.4")
OURS = {name: value for name, value in os.environ.items() if not name.startswith(("HOSTLEDGER_", "PYTHONUNBUFFERED"))}
"""The environment without what would change the commands."""


def run(*arguments: object, data: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [HOSTLEDGER, *map(str, arguments)],
        input=data,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        env=OURS | environment,
    )


def ran(*arguments: object, data: bytes = b"") -> tuple[bytes, str]:
    """Standard output and error of a command that has to succeed."""
    done = run(*arguments, data=data)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


@pytest.fixture(scope="module")
def worked() -> bytes:
    """What `attribute` says of the worked ledger."""
    return ran("attribute", WORKED, *AS_WORKED)[0]


def sums(entries: list[dict[str, Any]], kind: str | None, by: str) -> dict[str, Any]:
    found: dict[str, Any] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for entry in entries:
        if entry["host_id"] != "excess_refund" and kind in {None, entry["kind"]} and entry["model"] != "declared":
            found[entry["model"]][entry[by]][entry["host_id"]] += entry["amount_minor"]
    return found


def test_attribute_gives_the_worked_ledger_under_nine_models(worked: bytes) -> None:
    entries, known = [json.loads(line) for line in worked.splitlines()], expected("ledger_worked")
    assert sums(entries, "sale", "order_id") == known["allocation"]
    assert sums(entries, "refund", "refund_id") == known["refund_entries"]
    assert sums(entries, None, "order_id") == known["net"]
    excess = [
        (entry["model"], entry["refund_id"], entry["amount_minor"])
        for entry in entries
        if entry["host_id"] == "excess_refund"
    ]
    assert excess == [(model, "r2", known["excess_refund"]["r2"]) for model in MODELS]


def test_an_entry_has_the_columns_that_are_published_and_orders_come_by_time(worked: bytes) -> None:
    entries = [json.loads(line) for line in worked.splitlines()]
    columns = ["order_id", "model", "host_id", "kind", "refund_id", "amount_minor", "currency", "booked_at"]
    assert all(list(entry) == columns for entry in entries)
    assert list(dict.fromkeys(entry["order_id"] for entry in entries)) == ["k1", "k4", "k2", "k3", "k5"]
    assert list(dict.fromkeys(entry["model"] for entry in entries)) == list(MODELS)
    assert {entry["booked_at"] for entry in entries if entry["refund_id"] == "r2"} == {12_600_000}


def test_order_and_repeats_of_the_events_do_not_change_a_byte_of_the_answer(worked: bytes, tmp_path: Path) -> None:
    lines = WORKED.read_bytes().splitlines(keepends=True)
    random = Random(5)  # repeatable, not secret
    shaken = lines + random.sample(lines, 12)
    random.shuffle(shaken)
    whole, first, second = tmp_path / "all.ndjson", tmp_path / "a.ndjson.gz", tmp_path / "b.ndjson"
    whole.write_bytes(b"".join(shaken))
    first.write_bytes(gzip.compress(b"".join(shaken[::2])))
    second.write_bytes(b"".join(shaken[1::2]).rstrip(b"\n"))
    assert ran("attribute", whole, *AS_WORKED)[0] == worked
    assert ran("attribute", first, second, *AS_WORKED)[0] == worked
    assert ran("attribute", "-", *AS_WORKED, data=b"".join(shaken))[0] == worked


def test_only_the_models_that_are_asked_for_run_in_the_order_asked(worked: bytes) -> None:
    found = ran("attribute", WORKED, *AS_WORKED, "--model", "last", "--model", "on_air")[0].splitlines()
    wanted = [line for line in worked.splitlines() if json.loads(line)["model"] in {"last", "on_air"}]
    assert sorted(found) == sorted(wanted)
    assert [json.loads(line)["model"] for line in found[:2]] == ["last", "on_air"]


def test_lines_that_are_no_events_are_counted_kept_on_request_and_harm_nobody(worked: bytes, tmp_path: Path) -> None:
    lines = WORKED.read_bytes().splitlines(keepends=True)
    bad = [b"\xff{\n", b'{"type": "viewer_joined"}\n', b"{\n"]
    mixed, kept = tmp_path / "mixed.ndjson", tmp_path / "rejects.ndjson"
    mixed.write_bytes(bad[0] + b"".join(lines[:9]) + bad[1] + b"\n" + b"".join(lines[9:]) + bad[2])
    out, said = ran("attribute", mixed, *AS_WORKED, "--rejects", kept)
    assert out == worked
    assert "32 events read" in said
    assert "rejected: 1 field_missing, 1 not_json, 1 not_utf8" in said
    found = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [(reject["position"], reject["reason"]) for reject in found] == [
        (1, "not_utf8"),
        (11, "field_missing"),
        (36, "not_json"),
    ]
    assert [base64.b64decode(reject["line"]) + b"\n" for reject in found] == bad
    assert {reject["file"] for reject in found} == {str(mixed)}
    assert all(reject["remedy"] for reject in found)


def test_rejects_that_cannot_be_kept_are_refused_before_anything_is_told(tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "rejects.ndjson"
    done = run("attribute", WORKED, "--model", "last", "--rejects", nowhere)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().strip() == (
        f"--rejects {nowhere} cannot be written: No such file or directory; name a file in a folder that exists"
    )


def order_of(number: int) -> dict[str, Any]:
    """An order of five fen that nobody earned."""
    line = {"line_id": 1, "product_id": 1, "quantity": 1, "amount_minor": 5}
    told = {"event_id": f"e{number}", "type": "order_paid", "occurred_at": number, "order_id": f"o{number}"}
    return told | {"viewer_id": "v", "currency": "CNY", "lines": [line]}


def test_what_waits_and_what_cannot_be_booked_is_said() -> None:
    refund = {"type": "order_refunded", "occurred_at": 6, "amount_minor": 1}
    events = [
        order_of(1),
        refund | {"event_id": 2, "refund_id": "a", "order_id": "unknown", "currency": "CNY"},
        refund | {"event_id": 3, "refund_id": "b", "order_id": "o1", "currency": "EUR"},
    ]
    out, said = ran("attribute", "-", "--model", "last", data="\n".join(map(json.dumps, events)).encode())
    assert [json.loads(line)["host_id"] for line in out.splitlines()] == ["unattributed"]
    assert "1 refunds wait for their order" in said
    assert "1 refunds are in another currency than their order and are not booked" in said


def test_nothing_in_is_nothing_out() -> None:
    assert ran("attribute", "-")[0] == b""


def stored(folder: Path, query: str) -> list[dict[str, Any]]:
    """Rows of a warehouse folder."""
    warehouse = Embedded.open(folder)
    try:
        return [json.loads(line) for line in warehouse.sql(query, "JSONEachRow").splitlines()]
    finally:
        warehouse.close()


LEDGER = (
    "SELECT order_id, model, host_id, refund_id, toString(sum(amount_minor)) AS amount FROM ledger "
    "GROUP BY ALL ORDER BY ALL"
)
REJECTS = (
    "SELECT source, toUInt32(position) AS position, reason, field, base64Encode(line) AS line FROM rejects "
    "ORDER BY position"
)
NET = "SELECT model, toInt64(sum(amount_minor)) AS net FROM ledger WHERE host_id != 'excess_refund' GROUP BY model"


def test_replay_stores_once_reads_on_where_a_file_grew_and_keeps_rejects(tmp_path: Path) -> None:
    lines, folder = WORKED.read_bytes().splitlines(keepends=True), tmp_path / "books"
    file, bad = tmp_path / "day.ndjson", [b'{"type": "viewer_joined", "bytes": "\xff"}\n', b'{"type": "viewer_left"}\n']
    file.write_bytes(b"".join([*lines[:10], bad[0], *lines[10:20], lines[20][:50]]))
    said = ran("replay", file, "--data", folder, "--no-fit")[1]
    assert "20 events stored" in said
    assert "1 lines rejected" in said
    assert f"{file}: the last line is not complete; it is left for the next time" in said
    with file.open("ab") as growing:
        growing.write(b"".join([lines[20][50:], *lines[21:], bad[1]]).removesuffix(b"\n"))
    said = ran("replay", file, "--data", folder)[1]
    assert "11 events stored" in said
    assert "1 repeats dropped, 1 lines rejected" in said
    books, kept = stored(folder, LEDGER), stored(folder, REJECTS)
    assert [(reject["position"], reject["reason"], reject["field"]) for reject in kept] == [
        (11, "not_utf8", None),
        (34, "field_missing", "event_id"),
    ]
    assert [base64.b64decode(reject["line"]) + b"\n" for reject in kept] == bad
    assert all(reject["source"].startswith("day.ndjson#") for reject in kept)
    copy = tmp_path / "copy.ndjson"
    copy.write_bytes(b"".join(lines))
    said = ran("replay", file, copy, "--data", folder)[1]
    assert f"{file}: 0 events stored" in said
    assert f"{copy}: 0 events stored" in said
    assert "32 repeats dropped" in said
    assert stored(folder, LEDGER) == books
    assert stored(folder, REJECTS) == kept
    assert {row["model"]: int(row["net"]) for row in stored(folder, NET)} == dict.fromkeys(MODELS, 10_503)


def test_another_file_of_the_same_name_and_first_line_is_read_from_its_start(tmp_path: Path) -> None:
    lines, folder, file = WORKED.read_bytes().splitlines(keepends=True), tmp_path / "books", tmp_path / "day.ndjson"
    file.write_bytes(b"".join([lines[0], *lines[12:]]))
    assert "20 events stored" in ran("replay", file, "--data", folder, "--no-fit")[1]
    file.write_bytes(b"".join(lines))
    said = ran("replay", file, "--data", folder, "--no-fit")[1]
    assert f"{file}: another file of this name was read before; this one is read from its start" in said
    assert "11 events stored" in said
    said = ran("replay", file, "--data", folder, "--no-fit")[1]
    assert "another file" not in said
    assert "0 events stored in" in said
    assert "0 repeats dropped" in said


def test_a_file_that_the_former_version_began_is_read_on(tmp_path: Path) -> None:
    lines, file = WORKED.read_bytes().splitlines(keepends=True), tmp_path / "day.ndjson"
    file.write_bytes(b"".join(lines))
    begun = b"".join(lines[:20])
    with closing(Embedded.open(tmp_path / "books")) as warehouse:
        Processor(warehouse, warehouse.folder, Rules(), lambda: 0).process(source_name(file), begun, 1, len(begun))
    said = ran("replay", file, "--data", tmp_path / "books", "--no-fit")[1]
    assert "11 events stored" in said
    assert "1 repeats dropped" in said


REFUSED: dict[str, list[str]] = {
    "attribute FILE --lookback 7x": ["--lookback", "'7x'", "as in 7d"],
    "attribute FILE --half-life 0h": ["--half-life", "0h", "longer than 0"],
    "attribute FILE --model nope": ["model", "'nope'", "use one of: declared"],
    "attribute FILE --position 0.8,0.8": ["position", "0.8,0.8", "as in 0.4,0.4"],
    "attribute /nowhere/day.ndjson": ["FILE", "/nowhere/day.ndjson", "name a file that exists"],
    "attribute FILE --bogus": ["--bogus"],
    "replay /nowhere/day.ndjson --data FOLDER": ["FILE", "/nowhere/day.ndjson", "name a file that exists"],
    "replay FILE --speed nan --data FOLDER": ["speed", "nan", "more than 0"],
    "replay FILE --page --port 70000 --data FOLDER": ["--port", "65535"],
    "replay FILE --data /proc/nowhere": ["/proc/nowhere", "with --data"],
    "demo --keep KEPT": ["keep=", "is not empty; name a folder that does not exist yet"],
}
"""Commands that cannot be: what the refusal says of field, value and remedy."""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, str, str]]]:
    """Exit code, output and error of each; one process runs them all, as each would take a while to wake up."""
    folder = tmp_path_factory.mktemp("refusals")
    (folder / "kept").mkdir()
    (folder / "kept" / "letters").touch()
    places = {"FILE": str(WORKED), "FOLDER": str(folder / "books"), "KEPT": str(folder / "kept")}
    asked = json.dumps([[places.get(word, word) for word in command.split()] for command in REFUSED])
    child = [sys.executable, str(Path(__file__).with_name("door_child.py"))]
    done = subprocess.run(child, input=asked, capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=OURS)
    assert done.returncode == 0, done.stderr
    yield dict(zip(REFUSED, json.loads(done.stdout), strict=True))
    assert not (folder / "books").exists()
    assert [path.name for path in (folder / "kept").iterdir()] == ["letters"]


@pytest.mark.parametrize("command", REFUSED)
def test_what_cannot_be_is_refused_with_field_value_and_remedy_and_nothing_else(
    refusals: dict[str, tuple[int, str, str]], command: str
) -> None:
    code, out, said = refusals[command]
    assert (code, out) == (2, "")
    assert [part for part in REFUSED[command] if part not in said] == []
    assert "Traceback" not in said


def test_a_wrong_setting_is_refused_before_anything_is_done() -> None:
    done = run("attribute", WORKED, HOSTLEDGER_GRACE="soon")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"HOSTLEDGER_GRACE: duration 'soon'" in done.stderr


def test_schema_prints_the_schema_as_json() -> None:
    assert json.loads(ran("schema")[0]) == schema()


def test_what_contradicts_an_earlier_order_or_refund_is_told_and_a_repeat_is_not() -> None:
    told = [order_of(1), order_of(1), order_of(1) | {"event_id": "again"}]
    other = order_of(1) | {"event_id": "other"}
    other["lines"] = [other["lines"][0] | {"amount_minor": 7_777}]
    back = {"type": "order_refunded", "occurred_at": 10**12, "order_id": told[0]["order_id"], "refund_id": "r"}
    refunds = [
        back | {"event_id": f"r{number}", "currency": currency, "amount_minor": 5}
        for number, currency in enumerate(("USD", "CNY", "CNY"))
    ]
    for events, said in ((told, ""), ([*told, other, *refunds], "; 3 orders or refunds contradict an earlier one")):
        _, heard = ran(
            "attribute", "-", "--model", "last", data=b"".join(json.dumps(e).encode() + b"\n" for e in events)
        )
        assert ("contradict" in heard, said in heard) == (bool(said), True), heard


def test_a_generated_day_can_be_piped_into_attribute() -> None:
    made = ran("generate", "-", "--events", "2000", "--orders", "60", "--hours", "2")[0]
    out, said = ran("attribute", "-", "--model", "on_air", "--model", "markov", data=made)
    facts = decode(made).facts
    assert f"{facts.events:,} events read" in said
    orders = facts.orders.unique("order_id", keep="first", maintain_order=True)
    sold: dict[str, int] = defaultdict(int)
    for entry in map(json.loads, out.splitlines()):
        sold[entry["model"]] += entry["amount_minor"] if entry["kind"] == "sale" else 0
    assert sold == dict.fromkeys(("on_air", "markov"), orders["amount_minor"].sum())


def test_a_reader_that_has_enough_ends_the_writer_without_a_word_of_python(tmp_path: Path) -> None:
    long = tmp_path / "long.ndjson"
    lines = [order_of(number) for number in range(2_000)]
    long.write_text("".join(json.dumps(event) + "\n" for event in lines))
    for command in (["attribute", str(long)], ["generate", "-"]):
        with subprocess.Popen([HOSTLEDGER, *command], stdout=PIPE, stderr=PIPE, env=OURS) as busy:
            assert busy.stdout
            assert busy.stderr
            assert busy.stdout.readline().startswith(b"{")
            busy.stdout.close()
            said = busy.stderr.read()
            busy.wait(PATIENCE_S)
        assert b"Traceback" not in said


def test_a_refusal_names_what_was_typed_and_what_to_do() -> None:
    for words, said, environment in (
        (["attribute", WORKED, "--half-life", "0s"], "--half-life is 0s; it must be longer than 0", {}),
        (["attribute", WORKED, "--grace", "soon"], "--grace: duration 'soon' is not understood; write a whole", {}),
        (
            ["report", "days"],
            "(127.0.0.1:1) Remedy: see that the server runs there, and that HOSTLEDGER_CLICKHOUSE names it.",
            {"HOSTLEDGER_CLICKHOUSE": "clickhouse://127.0.0.1:1/nowhere"},
        ),
    ):
        refused = run(*words, **environment)
        assert (refused.returncode, said in refused.stderr.decode()) == (2, True), refused.stderr


def test_what_is_no_file_is_not_written_over(tmp_path: Path) -> None:
    pipe, link, target = tmp_path / "pipe", tmp_path / "link", tmp_path / "target"
    os.mkfifo(pipe)
    link.symlink_to(target)
    for out in (pipe, tmp_path, ""):
        refused = run("generate", out, "--events", "2000", "--orders", "10", "--hours", "2")
        assert (refused.returncode, b"is no file" in refused.stderr) == (2, True), refused.stderr
    assert pipe.is_fifo()
    ran("generate", link, "--events", "2000", "--orders", "10", "--hours", "2")
    assert link.is_symlink()
    assert target.read_bytes().count(b"\n") > 1_000


def test_a_time_zone_of_the_machine_that_the_engine_does_not_know_stops_nothing(tmp_path: Path) -> None:
    for zone in ("UTC-8", "<+03>-3", "China", "Nowhere/Bad", ":Europe/Berlin"):
        done = run("replay", WORKED, "--data", tmp_path / "data", TZ=zone)
        assert done.returncode == 0, done.stderr


@contextmanager
def demo(*arguments: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo that is running, and the address it says; it is gone afterwards, come what may."""
    command = [HOSTLEDGER, "demo", *map(str, arguments)]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, env=OURS | environment) as running:
        try:
            assert running.stderr
            said = running.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert found, said + running.stderr.read()
            yield running, found[0]
        finally:
            if running.poll() is None:
                running.kill()


def figures(address: str, panel: str) -> list[dict[str, str]]:
    """Rows of a panel of the live board, as its file gives them."""
    with urllib.request.urlopen(f"{address}api/csv/live/{panel}?from=all", timeout=PATIENCE_S) as answer:  # noqa: S310  # our own page
        return list(csv.DictReader(io.TextIOWrapper(answer, encoding="utf-8-sig")))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_shows_figures_on_its_page_and_leaves_nothing_behind_when_it_is_stopped(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with demo("--port", 0, "--hours", 1, "--before", 1, "--seed", 3, TMPDIR=str(tmp_path)) as (running, address):
        await_true(lambda: any(int(row["Orders"]) > 0 for row in figures(address, "orders")))
        await_true(lambda: any(float(amount or 0) > 0 for row in figures(address, "gmv") for amount in row.values()))
        await_true(lambda: figures(address, "hosts"))
        running.send_signal(ending)
        out, said = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, out) == (0, "")
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
