"""Files of newline-delimited events, plain or gzip, and standard input, in stretches of whole lines."""

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

STDIN = Path("-")
BATCH_BYTES = 64 << 20


class WrongFile(ValueError):  # noqa: N818  # named for what the user did
    """A file that cannot be read; the message names it and says what to do."""


def source_name(path: Path) -> str:
    """Name a file by its own name and its first line, so that a file that grows is read on from where it was left."""
    with opened(path) as file:
        first = file.readline()
    return f"{path.name}#{hashlib.sha256(first).hexdigest()[:16]}"


def stretches(path: Path, skip: int = 0, size: int = BATCH_BYTES) -> Iterator[bytes]:
    """Give the file from an uncompressed offset on, cut after whole lines, about `size` bytes at a time.

    Raises WrongFile.
    """
    with opened(path) as file:
        _skip(file, skip)
        rest = b""
        while read := file.read(size):
            whole, newline, tail = (rest + read).rpartition(b"\n")
            rest = tail
            if newline:
                yield whole + newline
        if rest:
            yield rest


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, unpacked if it is gzip. Raises WrongFile, also for a broken file while reading."""
    try:
        if path == STDIN:
            yield sys.stdin.buffer
            return
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield io.BufferedReader(unpacked)
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise WrongFile(f"FILE={path}: the gzip data is broken ({error}); fetch the file again") from error
    except OSError as error:
        raise WrongFile(f"FILE={path}: {error.strerror or error}; name a file that exists and may be read") from error


def _skip(file: IO[bytes], count: int) -> None:
    while count > 0:
        skipped = len(file.read(min(count, 1 << 20)))
        if not skipped:
            return
        count -= skipped
