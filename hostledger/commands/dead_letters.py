"""`hostledger dead-letters`: what could not become events: why, and how it gets in after all.

Lines that workers rejected are in the books and in Kafka's topic; payloads of platforms and records of the packer are
in the topic alone.
"""

import re
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import polars as pl
import typer

from analytics.decoding import decode
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.reading import DataOption, moment, opened, served, settings_of
from hostledger.settings import Settings, WrongSetting
from streams.kafka import BrokerAway
from streams.kafka.connection import WrongConnection
from streams.kafka.dead_letters import beside
from streams.kafka.letters import Letter, letters
from streams.kafka.packing import Packing
from streams.kafka.producing import Producer, TooLarge
from streams.kafka.routing import routed
from streams.kafka.topics import names

app = typer.Typer(no_args_is_help=True)
ReasonOption = Annotated[str, typer.Option("--reason", help="only lines with this reason code")]
TopicOption = Annotated[
    bool,
    typer.Option("--topic", help="read Kafka's topic: payloads of platforms and what the packer parked are there too"),
]
EVERY = 10_000_000
"""Lines that one export writes at most."""


@app.command("list")
def list_reasons(
    context: typer.Context, topic: TopicOption = False, data: DataOption = None, output: FormatOption = Format.TABLE
) -> None:
    """List the reasons: how many lines, the latest, and what the producer should do.

    Example: hostledger dead-letters list --topic
    """
    settings = settings_of(context)
    if topic:
        show(_with_moment(_reasons(_letters(settings)), "latest", settings), output)
        return
    if served(data or settings.data, settings):
        tell("Payloads of platforms, and records that a packer parked, are listed with --topic.")
    with opened(data or settings.data, settings) as warehouse:
        found = warehouse.query("parked_reasons")
    show(_with_moment(found, "latest", settings), output)


@app.command("show")
def show_lines(
    context: typer.Context,
    reason: ReasonOption = "",
    most: Annotated[int, typer.Option("--most", min=1, help="lines at most, the latest first")] = 20,
    topic: TopicOption = False,
    data: DataOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show parked lines with their place, reason and bytes, the latest first. They may hold data of people.

    Example: hostledger dead-letters show --reason field_type
    """
    settings = settings_of(context)
    if topic:
        latest = deque(_letters(settings, reason), most)
        show(_with_moment(_shown(reversed(latest)), "recorded_ms", settings), output)
        return
    with opened(data or settings.data, settings) as warehouse:
        found = warehouse.query("parked_lines", reason=reason, most=most)
    texts = [b64decode(line).decode(errors="backslashreplace") for line in found["line"]]
    show(_with_moment(found, "recorded_ms", settings).with_columns(pl.Series("line", texts, pl.String)), output)


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="file to write; it must not be there yet")],
    reason: ReasonOption = "",
    data: DataOption = None,
) -> None:
    """Write parked lines to a file, byte for byte, one per line, to be corrected and sent again.

    Example: hostledger dead-letters export fix-me.jsonl --reason currency_unknown
    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        found = warehouse.query("parked_lines", reason=reason, most=EVERY)
    with refusing(OSError), file.open("xb") as out:
        for line in reversed(found["line"].to_list()):
            out.write(b64decode(line) + b"\n")
    tell(f"{found.height} lines are in {file}. Correct them, then: hostledger dead-letters replay {file}")


@app.command()
def payloads(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="folder to make; it must not be there yet")],
    reason: ReasonOption = "",
) -> None:
    """Write what is in Kafka's topic to a folder, byte for byte, one file each, named for its place and its sender.

    Beside each, FILE.json says why it was parked, and its kind, shop and room. A payload of a platform becomes events
    with: hostledger sources try NAME FILE > fixed.jsonl; then hostledger dead-letters replay fixed.jsonl.

    Example: hostledger dead-letters payloads parked --reason amount_inexact
    """
    count = 0
    with refusing(OSError):
        folder.mkdir()
        for letter in _letters(settings_of(context), reason):
            sender = re.sub(r"[^A-Za-z0-9_-]+", "-", letter.sender)
            path = folder / f"{letter.partition}-{letter.offset:09}-{sender}"
            path.write_bytes(letter.value)
            beside(path).write_bytes(msgspec.json.encode(letter.told))
            count += 1
    tell(f"{count} dead letters are in {folder}.")


@app.command()
def replay(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="file of corrected lines, one event per line")],
) -> None:
    """Send corrected lines to Kafka, all or none: if one still is no event, it says which and why, and sends nothing.

    Example: hostledger dead-letters replay fix-me.jsonl
    """
    settings = settings_of(context)
    with refusing(OSError):
        lines = [line for part in file.read_bytes().split(b"\n") if (line := part.strip(b" \t\r"))]
    rejects = decode(b"\n".join(lines)).rejects
    if rejects.height:
        first = rejects.row(0, named=True)
        refuse(
            f"{rejects.height} of {len(lines)} lines still are no events, so nothing was sent. "
            f"Line {first['position']}: {first['reason']}, field {first['field']}, value {first['value']}; "
            f"{first['remedy']}"
        )
    with refusing(BrokerAway, TooLarge, WrongSetting, WrongConnection):
        _send(lines, settings)
    tell(f"Kafka has {len(lines)} events of {file}.")


def _letters(settings: Settings, reason: str = "") -> Iterator[Letter]:
    with refusing(BrokerAway, WrongSetting, WrongConnection):
        for letter in letters(settings.connection(), names(settings.topics).dead_letters):
            if reason in {"", letter.told.get("reason")}:
                yield letter


def _reasons(found: Iterator[Letter]) -> pl.DataFrame:
    """Count letters: sender, reason, field, lines, latest (milliseconds UTC), remedy."""
    counts: dict[tuple[str, str, str | None], tuple[int, int, str]] = {}
    for letter in found:
        told = letter.told
        key = (letter.sender, told.get("reason", ""), told.get("field"))
        lines, latest, _ = counts.get(key, (0, 0, ""))
        counts[key] = (lines + 1, max(latest, letter.at_ms), told.get("remedy", ""))
    rows = [(*key, *count) for key, count in counts.items()]
    frame = pl.DataFrame(rows, schema=_COUNTED, orient="row")
    return frame.sort("lines", "sender", "reason", descending=[True, False, False])


def _shown(found: Iterator[Letter]) -> pl.DataFrame:
    rows = [
        (
            letter.at_ms,
            letter.sender,
            letter.offset,
            *(letter.told.get(name) for name in ("reason", "field", "value", "remedy")),
            letter.value.decode(errors="backslashreplace"),
        )
        for letter in found
    ]
    return pl.DataFrame(rows, schema=_SHOWN, orient="row")


_COUNTED = {
    "sender": pl.String,
    "reason": pl.String,
    "field": pl.String,
    "lines": pl.Int64,
    "latest": pl.Int64,
    "remedy": pl.String,
}
_SHOWN = {
    "recorded_ms": pl.Int64,
    "sender": pl.String,
    "offset": pl.Int64,
    "reason": pl.String,
    "field": pl.String,
    "value": pl.String,
    "remedy": pl.String,
    "line": pl.String,
}


def _send(lines: list[bytes], settings: Settings) -> None:
    ours, places = names(settings.topics), routed(lines)
    producer = Producer(settings.connection())
    try:
        packing = Packing(producer.partitions(ours.events))
        for packed in [*packing.add(place for place in places if not place.roster), *packing.drain()]:
            producer.send(ours.events, packed.value, partition=packed.partition)
        for place in places:
            if place.roster:
                producer.send(ours.roster, place.line, partition=0, key=(place.key or "").encode())
        producer.flush()
    finally:
        producer.close()


def _with_moment(frame: pl.DataFrame, column: str, settings: Settings) -> pl.DataFrame:
    zone = ZoneInfo(settings.timezone)
    texts = [moment(ms, zone) for ms in frame[column]]
    return frame.with_columns(pl.Series(column, texts, pl.String)).rename({column: column.removesuffix("_ms")})
