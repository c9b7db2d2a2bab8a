"""`hostledger generate`: a day of plausible events in a file, and beside it the truth about them."""

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hostledger.output import refuse, tell
from streams.generator import Plan, Tally, arrivals, told

STDOUT = Path("-")
_FAST = 5
_ROOMS = 6


def generate(
    out: Annotated[Path, typer.Argument(help="file to write, .gz to compress it, - for standard output")],
    *,
    seed: Annotated[int, typer.Option(help="0 to 999999; the same options give the same bytes")] = 7,
    hours: Annotated[int, typer.Option(help="how long the sessions go on")] = 24,
    events: Annotated[int, typer.Option(help="about how many lines, within 5 %")] = 500_000,
    orders: Annotated[int, typer.Option(help="about how many orders, within 5 %")] = 2_500,
    start: Annotated[str, typer.Option(help="when it begins, ISO 8601; UTC unless it says otherwise")] = "2026-03-02",
    late_rate: Annotated[float, typer.Option(help="share of events that arrive a minute to three hours late")] = 0.002,
    repeat_rate: Annotated[float, typer.Option(help="share of events that arrive twice")] = 0.003,
    malformed_rate: Annotated[float, typer.Option(help="broken lines per event")] = 0.0002,
    scripts_by_viewer: Annotated[
        bool, typer.Option("--scripts-by-viewer", help="each viewer has their own variant of a script: an A/B test")
    ] = False,
) -> None:
    """Write a made-up day of live commerce, in the order in which its events arrive, with the truth known.

    OUT gets one JSON object per line, as docs/EVENTS.md describes them; OUT.truth.json states what is in it: counts,
    money by currency, and the true effect of every host. Refunds go on for four months after the day.

    Examples:
      hostledger generate day.ndjson

      hostledger generate week.ndjson.gz --hours 168 --events 2000000 --orders 20000

      hostledger generate - --events 20000 --orders 200 --malformed-rate 0.01 | head

    """
    rates = {"late_rate": late_rate, "repeat_rate": repeat_rate, "malformed_rate": malformed_rate}
    try:
        sizes = {"hours": hours, "sessions": max(_ROOMS, hours), "rooms": _ROOMS}
        plan = Plan.sized(
            events,
            orders,
            seed=seed,
            start_ms=_milliseconds(start),
            scripts_by_viewer=scripts_by_viewer,
            **sizes,
            **rates,
        )
    except ValueError as wrong:
        refuse(f"{wrong}.")
    tally = Tally()
    try:
        with _opened(out) as file, _progress() as bar:
            task = bar.add_task("events", total=events)
            for _, data in arrivals(plan, tally=tally):
                file.write(data)
                bar.advance(task, data.count(b"\n"))
        if out != STDOUT:
            _state(out, plan, tally)
    except OSError as error:
        refuse(f"OUT={out} cannot be written: {error.strerror}. Name a file in a folder that exists and has room.")


def _milliseconds(text: str) -> int:
    """Read an ISO 8601 time as milliseconds UTC. Raises ValueError in words."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"start={text} is not an ISO 8601 time; give one such as 2026-03-02T08:00:00Z") from None
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(zoned.timestamp() * 1000)


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Open what OUT names; a file gets its name only when it is whole."""
    if out == STDOUT:
        yield sys.stdout.buffer
        return
    if out.exists() and not out.is_file():
        refuse(f"OUT={out} is no file. Name one, or give - to write to standard output.")
    out = out.resolve()
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as raw:
            if out.suffix == ".gz":
                with gzip.GzipFile("", "wb", _FAST, raw, mtime=0) as packed:
                    yield packed
            else:
                yield raw
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _progress() -> Progress:
    """Show how far it is, on standard error."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _state(out: Path, plan: Plan, tally: Tally) -> None:
    """Write the truth beside the events, and say so."""
    truth = told(plan, tally)
    path = out.with_name(f"{out.name}.truth.json")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(truth.as_dict()), indent=2) + b"\n")
    held = f"{truth.lines:,} lines, {truth.orders:,} orders, {truth.refunds:,} refunds"
    tell(f"{out}: {held}; the truth is in {path.name}")
