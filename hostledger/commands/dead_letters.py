"""`hostledger dead-letters`: lines that could not become events: why, and how they get in after all."""

from base64 import b64decode
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.decoding import decode
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.reading import DataOption, moment, opened, settings_of
from hostledger.settings import Settings, WrongSetting
from streams.kafka import BrokerAway
from streams.kafka.connection import WrongConnection
from streams.kafka.packing import Packing
from streams.kafka.producing import Producer, TooLarge
from streams.kafka.routing import routed
from streams.kafka.topics import names

app = typer.Typer(no_args_is_help=True)
ReasonOption = Annotated[str, typer.Option("--reason", help="only lines with this reason code")]
EVERY = 10_000_000
"""Lines that one export writes at most."""


@app.command("list")
def list_reasons(context: typer.Context, data: DataOption = None, output: FormatOption = Format.TABLE) -> None:
    """List the reasons: how many lines, the latest, and what the producer should do.

    Example: hostledger dead-letters list
    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        found = warehouse.query("parked_reasons")
    show(_with_moment(found, "latest", settings), output)


@app.command("show")
def show_lines(
    context: typer.Context,
    reason: ReasonOption = "",
    most: Annotated[int, typer.Option("--most", min=1, help="lines at most, the latest first")] = 20,
    data: DataOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Show parked lines with their place, reason and bytes, the latest first. They may hold data of people.

    Example: hostledger dead-letters show --reason field_type
    """
    settings = settings_of(context)
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
