"""`hostledger doctor`: what is installed, what is missing, what to do."""

import fcntl
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import chdb
import polars as pl
import typer

from analytics.warehouse import WarehouseError
from analytics.warehouse.embedded import Embedded
from hostledger.output import Format, FormatOption, show, tell
from hostledger.printing import browser
from hostledger.reading import DataOption, connected, settings_of
from hostledger.settings import Settings, WrongSetting
from streams.journal import Journal
from streams.kafka import BrokerAway
from streams.kafka.connection import WrongConnection
from streams.kafka.producing import Producer
from streams.kafka.topics import names

LACKING = 1
"""Exit code when something that is needed is missing."""
OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1 << 30
_WAIT_S = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ok, `missing` if it is needed and wanting, `note` if it is good to know."""

    what: str
    state: str
    found: str
    remedy: str = ""


def doctor(context: typer.Context, data: DataOption = None, output: FormatOption = Format.TABLE) -> None:
    """Say what is installed, what is missing, and what to do. Nothing is installed or stored.

    Example: hostledger doctor

    Example: hostledger doctor --data hostledger-data --format json

    state: ok; missing (needed, and not there); note (not needed for the books, or good to know). found: the version or
    what was seen. remedy: what to do. Exit code 0: all that is needed is there; 1: something is missing.

    """
    settings = settings_of(context)
    folder = data or settings.data
    findings = [*_installed(), *_folder(folder), *_engines(settings), _port(settings.port), _browser(), _font()]
    show(pl.DataFrame([asdict(finding) for finding in findings]), output)
    missing = sum(finding.state == "missing" for finding in findings)
    if missing:
        tell(f"{missing} of what is needed is missing.")
        raise typer.Exit(LACKING)
    tell("All that is needed is there.")


def _installed() -> Iterator[Finding]:
    """Python, the packages that the project requires, and the engine inside chdb."""
    old = sys.version_info < OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield _needed(not old, "Python", platform.python_version(), f"install Python {wanted} or newer")
    for requirement in metadata.requires("hostledger") or []:
        found = re.match(r"[\w.-]+", requirement)
        if found and "extra ==" not in requirement:
            yield _package(found[0], requirement)
    yield Finding("ClickHouse (in chdb)", "ok", str(chdb.engine_version))


def _package(name: str, requirement: str) -> Finding:
    try:
        return Finding(f"package {name}", "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(f"package {name}", "missing", "", f"install it: pip install '{requirement}'")


def _folder(folder: Path) -> Iterator[Finding]:
    """Room and rights in the data folder, and what it holds."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    writable = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    free = shutil.disk_usage(place).free
    yield _needed(writable, "data folder", str(folder), "choose a folder that you may write to with --data")
    yield _needed(
        free >= LEAST_FREE_BYTES,
        "free disk",
        f"{free / LEAST_FREE_BYTES:,.1f} GiB",
        "free some space, or choose a folder on another disk with --data",
    )
    if not (folder / "clickhouse").is_dir():
        yield Finding("books", "note", "none yet", f"fill them: hostledger replay FILE --data {folder}")
    elif _locked(folder):
        yield Finding("books", "note", "in use by another process", "stop that one to read them here")
    elif writable:
        yield _books(folder)
        yield from _journal(folder)


def _locked(folder: Path) -> bool:
    """Whether another process holds the folder; without making or changing anything."""
    try:
        with (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _books(folder: Path) -> Finding:
    try:
        with closing(Embedded.open(folder)) as warehouse:
            batches = warehouse.query("report_books")["batches"][0]
    except WarehouseError as error:
        return Finding("books", "missing", "cannot be read", str(error))
    return Finding("books", "ok", f"batches stored: {batches:,}")


def _journal(folder: Path) -> Iterator[Finding]:
    if unfinished := Journal(folder / "journal").pending():
        intent = unfinished[0]
        remedy = f"the next hostledger replay --data {folder} finishes it"
        yield Finding("journal", "note", f"batch {intent.batch} of {intent.source} is not finished", remedy)
    else:
        yield Finding("journal", "ok", "nothing unfinished")


def _engines(settings: Settings) -> Iterator[Finding]:
    """The ClickHouse server and Kafka, where a server is set."""
    if not settings.clickhouse:
        yield Finding("ClickHouse server", "note", "none is set", "for many machines: set HOSTLEDGER_CLICKHOUSE")
        return
    try:
        with closing(connected(settings)) as server:
            yield Finding("ClickHouse server", "ok", str(server))
    except WarehouseError as error:
        yield Finding("ClickHouse server", "missing", "cannot be used", str(error))
    events = names(settings.topics).events
    try:
        with closing(Producer(settings.connection())) as producer:
            yield Finding("Kafka", "ok", f"{events}: partitions {producer.partitions(events)}")
    except (BrokerAway, WrongSetting, WrongConnection) as error:
        yield Finding("Kafka", "missing", "cannot be used", str(error))


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            remedy = "choose another with --port or HOSTLEDGER_PORT; 0 takes any free one"
            return Finding(f"port {port}", "note", (error.strerror or "not free").lower(), remedy)
    return Finding(f"port {port}", "ok", "free")


def _browser() -> Finding:
    """Chromium is needed for statements as PDF, and by the tests of the page."""
    named = os.environ.get("HOSTLEDGER_CHROMIUM")
    path = named if named and Path(named).is_file() else browser()
    if path:
        return Finding("Chromium", "ok", path)
    remedy = "statements as PDF and the tests in a browser need it: apt-get install chromium"
    return Finding("Chromium", "note", "none", remedy)


def _font() -> Finding:
    """Browsers on this machine show Chinese, Japanese and Korean names with it."""
    lister = shutil.which("fc-list")
    if lister is None:
        return Finding("CJK font", "note", "not known: fc-list is not installed")
    asked = [lister, ":lang=zh-cn", "family"]
    listed = subprocess.run(asked, capture_output=True, text=True, timeout=_WAIT_S, check=False)  # noqa: S603  # fixed
    fonts = sorted(line for line in listed.stdout.splitlines() if line)
    if fonts:
        return Finding("CJK font", "ok", fonts[0])
    remedy = "a browser here shows Chinese names as boxes: apt-get install fonts-noto-cjk"
    return Finding("CJK font", "note", "none", remedy)


def _needed(is_there: bool, what: str, found: str, remedy: str) -> Finding:
    return Finding(what, "ok", found) if is_there else Finding(what, "missing", found, remedy)
