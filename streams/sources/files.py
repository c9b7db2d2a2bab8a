"""Files of newline-delimited events, plain or gzip, and standard input, in stretches of whole lines."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from typing import IO, NamedTuple

STDIN = Path("-")
BATCH_BYTES = 64 << 20
PASSED_BYTES = 1 << 20


class WrongFile(ValueError):  # noqa: N818  # named for what the user did
    """A file that cannot be read; the message names it and says what to do."""


class Reached(NamedTuple):
    """Up to where a file was read before: lines, uncompressed bytes, their hash (empty: nobody wrote it down)."""

    lines: int
    offset: int
    read_hash: str


def nothing_read() -> blake2b:
    """Give the hash over no bytes yet."""
    return blake2b(digest_size=16)


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins: behind so many lines and uncompressed bytes. read: the hash over these bytes, to go on."""

    lines: int = 0
    offset: int = 0
    read: blake2b = field(default_factory=nothing_read)


def source_name(path: Path) -> str:
    """Name a file by its own name and its first line, so that what was read of files like it is found quickly."""
    with opened(path) as file:
        first = file.readline()
    return f"{path.name}#{sha256(first).hexdigest()[:16]}"


def stretches(path: Path, size: int = BATCH_BYTES) -> Iterator[bytes]:
    """Give a file cut after whole lines, about `size` bytes at a time. Raises WrongFile."""
    _, data = read_on(path, (), size)
    yield from data


def read_on(path: Path, reached: Sequence[Reached], size: int = BATCH_BYTES) -> tuple[Start, Iterator[bytes]]:
    """Give a file from where it was left, and where that is: behind the most that was read before and begins it.

    reached: up to where files of its name were read, the shortest way first. What lies before is read for its hash.
    Raises WrongFile.
    """
    with ExitStack() as closing:
        file = closing.enter_context(opened(path))
        start = _start(file, reached)
        return start, _cut(file, size, closing.pop_all())


def _start(file: IO[bytes], reached: Sequence[Reached]) -> Start:
    start, read, offset = Start(), nothing_read(), 0
    for place in reached:
        while offset < place.offset and (passed := file.read(min(place.offset - offset, PASSED_BYTES))):
            read.update(passed)
            offset += len(passed)
        if offset < place.offset:
            break
        if place.read_hash in {"", read.hexdigest()}:
            start = Start(place.lines, offset, read.copy())
    if offset > start.offset:
        file.seek(start.offset)
    return start


def _cut(file: IO[bytes], size: int, closing: ExitStack) -> Iterator[bytes]:
    with closing:
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
