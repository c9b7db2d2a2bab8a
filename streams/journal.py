"""What is about to be done, written down before it is done.

A batch's raw bytes and its number go to one file in the warehouse folder. If the process dies, the next one finds the
file and does the same batch again, with the same number, token and time: what had arrived is dropped by its token.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from analytics.warehouse import WarehouseError

Kind = Literal["events", "fit", "adopt"]
"""Work of a batch: lines of a source, a new Markov fit, the restatement by a fit that another lane made."""


class Intent(msgspec.Struct, frozen=True):
    """What a batch is: its number, kind of work, source and place in it, and when it was taken on.

    Behind Kafka it says too what the batch stands on, so that a second try comes to the same rows: the last batch of
    the roster, the version of the Markov fit, the event time that was reached elsewhere (0: not asked), the last batch
    of each lane that counts, and the batches of all lanes that are stored together, itself among them (none: alone). Of
    a file it says the hash of all of its bytes up to last_offset.
    """

    batch: int
    kind: Kind
    source: str
    first_position: int
    last_offset: int
    recorded_ms: int
    roster_batch: int = 0
    fit: int = 0
    newest_ms: int = 0
    seen: tuple[int, ...] = ()
    together: tuple[int, ...] = ()
    read_hash: str = ""

    @property
    def token(self) -> str:
        """The insert_deduplication_token of everything that the batch writes."""
        return f"together-{self.together[0]}" if self.together else f"batch-{self.batch}"


@dataclass(frozen=True, slots=True)
class Journal:
    """The folder of intents; at most one file is in it.

    mark: called with the name of each step that is done; fault tests die there.
    """

    folder: Path
    mark: Callable[[str], None] = lambda _step: None

    def write(self, intent: Intent, data: bytes) -> None:
        """Write an intent down. Raises WarehouseError when the disk refuses, or when the batch was taken on before."""
        path = self.folder / f"{intent.batch}.intent"
        if path.exists():
            raise WarehouseError(f"journal {path}: this batch is unfinished; start again, which finishes it first")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (half := path.with_suffix(".half")).open("wb") as file:
                file.write(msgspec.json.encode(intent) + b"\n")
                file.write(data)
            half.replace(path)
        except OSError as error:
            raise WarehouseError(
                f"journal {path}: {os.strerror(error.errno or 0)}; free some space or choose another folder with "
                "--data, and start again: nothing that was acknowledged is lost"
            ) from error

    def pending(self) -> tuple[Intent, bytes] | None:
        """Find the intent that was not finished, if any."""
        for path in sorted(self.folder.glob("*.intent")):
            head, _, data = path.read_bytes().partition(b"\n")
            return msgspec.json.decode(head, type=Intent), data
        return None

    def done(self, intent: Intent) -> None:
        """Forget a finished intent."""
        (self.folder / f"{intent.batch}.intent").unlink(missing_ok=True)
