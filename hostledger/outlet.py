"""Standard output that is whole or fails: every byte goes out, or the command says so and ends with exit code 2."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hostledger.output import REFUSED, tell

NO_READER = 141
"""Exit code where the reader of a pipe has gone, as of one whom SIGPIPE ended: no other answer of a command is it."""


class OutletFailed(Exception):  # noqa: N818  # named for what is the case
    """Standard output takes no more. No OSError, for that would be taken for one of a file of the command."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.why, self.has_no_reader = error.strerror, error.errno == errno.EPIPE


class _Outlet(io.RawIOBase):
    """A descriptor to write to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: object) -> int:
        try:
            return os.write(self._descriptor, data)  # type: ignore[arg-type]  # bytes of some kind
        except OSError as error:
            raise OutletFailed(error) from error


@contextmanager
def whole_output() -> Iterator[None]:
    """Run a command so that its output is written to the end, however it is buffered, or it ends with a word."""
    if sys.stdout is None:  # it was closed from the beginning: who did that wants none
        yield
        return
    given = sys.stdout
    outlet = io.BufferedWriter(_Outlet(given.fileno()))
    errors = given.errors if given.encoding.lower().startswith("utf") else "backslashreplace"
    sys.stdout = io.TextIOWrapper(outlet, given.encoding, errors, line_buffering=bool(given.line_buffering))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutletFailed as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), given.fileno())  # what is left would fail again at the exit
        if error.has_no_reader:
            sys.exit(NO_READER)
        tell(f"The output cannot be written: {error.why}; free some space, or send it elsewhere.")
        sys.exit(REFUSED)
