"""`hostledger replay`: recorded events into the warehouse, with the live page if wanted."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from analytics.decoding import decode
from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from hostledger.output import refuse, refusing, tell
from hostledger.place import Place
from hostledger.serving import serve_while
from hostledger.settings import Settings, WrongSetting
from streams.ingest import Summary, feed, wall_ms
from streams.outcome import Outcome
from streams.pacing import paced
from streams.processor import Processor
from streams.sources.files import STDIN, WrongFile, read_on, source_name


def replay(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="newline-delimited events, .gz too; - for standard input")],
    *,
    speed: Annotated[
        float | None, typer.Option(help="times as fast as recorded, as in 1 or 60; as fast as it goes by default")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="warehouse folder")] = None,
    fit: Annotated[bool, typer.Option("--fit/--no-fit", help="fit the Markov model when everything is read")] = True,
    page: Annotated[bool, typer.Option("--page", help="show the live page meanwhile and until Ctrl-C")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="port of the page; 0 takes any free one")] = None,
) -> None:
    """Read recorded events into the warehouse: facts, ledger, rollups. Safe to stop and to repeat at any time.

    A file that was read before is read on from where it was left, if what was read still begins it; another file of
    the same name is read from its start. An event that came before is dropped: the books never hold anything twice.
    Lines that are no events are kept in the table `rejects` with their reason.

    For example:

      hostledger replay day.ndjson

      hostledger replay day.ndjson.gz --speed 60 --page

      hostledger report days

    """
    settings: Settings = context.obj
    if speed is not None and not speed > 0:
        refuse(f"speed={speed:g} must be more than 0; leave it out for as fast as it goes")
    place = Place.of(settings, port=port) if page else None
    folder = data or settings.data
    with refusing(WarehouseError, WrongFile, WrongSetting):
        names = [(path, "standard input" if path == STDIN else source_name(path)) for path in files]
        warehouse = Embedded.open(folder)
        try:
            processor = Processor(warehouse, folder, settings.rules(), wall_ms)
            if processor.recovered:
                tell(f"finished batch {processor.recovered.batch}, which an earlier run had left half done")

            def work(stopped: threading.Event) -> None:
                _read_all(processor, names, speed, stopped)
                if fit and not stopped.is_set() and "markov" in settings.models:
                    processor.refit()

            if place:
                serve_while(warehouse.reader, place, work)
            else:
                work(threading.Event())
        except KeyboardInterrupt:
            tell("Stopped; the same command goes on where this one was.")
            raise
        finally:
            warehouse.close()


def _read_all(
    processor: Processor, names: list[tuple[Path, str]], speed: float | None, stopped: threading.Event
) -> None:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        for path, source in names:
            task = bar.add_task(path.name, total=_size(path), rate="")
            summary = _read_one(processor, path, source, speed, stopped, _teller(bar, task))
            tell(f"{path}: {summary}")


def _read_one(
    processor: Processor,
    path: Path,
    source: str,
    speed: float | None,
    stopped: threading.Event,
    told: Callable[[Outcome, int], None],
) -> Summary:
    reached = [] if path == STDIN else processor.reached(source)
    start, found = read_on(path, reached)
    if reached and not start.offset:
        tell(f"{path}: another file of this name was read before; this one is read from its start")
    data: Iterable[bytes] = _finished(found, path)
    if speed is not None:
        data = paced(data, speed, sleep=stopped.wait)
    return feed(processor, source, _until(data, stopped), start, told)


def _finished(data: Iterable[bytes], path: Path) -> Iterable[bytes]:
    """Leave a last line that is still being written for the next time: no beginning of an object is JSON itself."""
    for stretch in data:
        whole, newline, last = stretch.rpartition(b"\n")
        if last and not set(decode(last).rejects["reason"]).isdisjoint({"not_json", "not_utf8"}):
            tell(f"{path}: the last line is not complete; it is left for the next time")
            last = b""
        if whole or newline or last:
            yield whole + newline + last


def _until(data: Iterable[bytes], stopped: threading.Event) -> Iterable[bytes]:
    for stretch in data:
        if stopped.is_set():
            return
        yield stretch


def _teller(bar: Progress, task: TaskID) -> Callable[[Outcome, int], None]:
    events = 0

    def told(outcome: Outcome, size: int) -> None:
        nonlocal events
        events += outcome.events
        elapsed = bar.tasks[task].elapsed or 0.0
        bar.update(task, advance=size, rate=f"{events:,} events, {events / max(elapsed, 0.001):,.0f}/s")

    return told


def _size(path: Path) -> int | None:
    """Bytes of a plain file; unknown for what is packed or comes through a pipe."""
    return path.stat().st_size if path.is_file() and path.suffix != ".gz" else None
