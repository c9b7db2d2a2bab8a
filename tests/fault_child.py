"""A process that dies on command: it feeds batches to a warehouse folder and kills itself at a named step.

Run with one `Errand` as JSON. Started again, it first finishes the batch it died in, then goes on from where the source
was left. It ends with 2 and a sentence when the warehouse refuses, as the command line does.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from analytics.rules import Rules
from analytics.warehouse import WarehouseError, blank, embedded
from analytics.warehouse.embedded import Embedded
from analytics.warehouse.migrations import migrate
from streams import booking, refitting
from streams.processor import Processor

SOURCE = "faults"


class Errand(msgspec.Struct, frozen=True):
    """What to do, and where to die.

    batches: a file with a JSON list: the text of each batch, null for a fit. clock_ms: what the clock shows.
    die_at: step to die at ("": none), outside recovery, or in_recovery too. die_at_statement: statement of the schema
    to die after (0: none). backwards: insert the tables in reversed order. file_limit: bytes that a file may have once
    an intent is written (0: any).
    """

    folder: str
    batches: str
    clock_ms: int
    die_at: str = ""
    in_recovery: bool = False
    die_at_statement: int = 0
    backwards: bool = False
    file_limit: int = 0


class Fate:
    """What happens at a step: nothing, death, or a full disk."""

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.armed = errand.in_recovery

    def __call__(self, step: str) -> None:
        if self.armed and step == self.errand.die_at:
            die()
        if step == "intent" and self.errand.file_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.errand.file_limit, resource.RLIM_INFINITY))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def backwards(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same rows of a batch, their tables in reversed order."""

    def reversed_work(*arguments: object) -> Any:
        stored = work(*arguments)
        return replace(stored, rows=dict(reversed(stored.rows.items())))

    return reversed_work


def dying_migration(statement: int) -> Callable[..., list[str]]:
    """The schema, with death after its n-th statement."""

    def migrate_and_die(run: Callable[[str], str]) -> list[str]:
        done = 0

        def counted(text: str) -> str:
            nonlocal done
            answer = run(text)
            done += 1
            if done == statement:
                die()
            return answer

        return migrate(counted)

    return migrate_and_die


def feed(processor: Processor, items: list[str | None]) -> None:
    """Process what was not processed yet."""
    position = max((place.lines for place in processor.reached(SOURCE)), default=0)
    lines = offset = fits = 0
    for item in items:
        if item is None:
            fits += 1
            if processor.state.fit.version < fits:
                processor.refit()
            continue
        data = item.encode()
        if lines >= position:
            processor.process(SOURCE, data, lines + 1, offset + len(data))
        lines, offset = lines + data.count(b"\n"), offset + len(data)


def run(errand: Errand) -> None:
    """Go on the errand."""
    if errand.backwards:
        booking.stored, refitting.stored = backwards(booking.stored), backwards(refitting.stored)
    if errand.die_at_statement:
        blank.lay = lambda _folder: None
        embedded.migrate = dying_migration(errand.die_at_statement)  # type: ignore[attr-defined]  # for this process
    fate, folder = Fate(errand), Path(errand.folder)
    warehouse = Embedded.open(folder)
    processor = Processor(warehouse, folder, Rules(), lambda: errand.clock_ms, fate)
    fate.armed = True
    feed(processor, msgspec.json.decode(Path(errand.batches).read_bytes(), type=list[str | None]))
    warehouse.close()


if __name__ == "__main__":
    try:
        run(msgspec.json.decode(sys.argv[1], type=Errand))
    except WarehouseError as refused:
        sys.stderr.write(f"{refused}\n")
        sys.exit(2)
