"""The limit: nothing but decoding. msgspec reads the contract's events and drops them.

Lines that the strict decoder does not take (unknown fields, broken lines) are taken out before the clock runs.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Union

import msgspec

from analytics.contract import TYPES
from analytics.decoding import PIECE_BYTES
from benchmarks.running import Stopwatch, tell
from streams.sources.files import stretches

_decoder = msgspec.json.Decoder(Union[tuple(TYPES.values())])  # noqa: UP007  # the members are data


def _taken(line: bytes) -> bool:
    try:
        _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _pieces(data: bytes) -> Iterator[bytes]:
    """Cut into pieces of whole lines that the decoder takes."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + PIECE_BYTES) + 1 or len(data)
        yield b"\n".join([line for line in data[start:end].splitlines() if _taken(line)])
        start = end


def main(path: str) -> None:
    """Decode a file and tell what it took."""
    watch, events = Stopwatch(), 0
    for data in stretches(Path(path)):
        pieces = list(_pieces(data))
        with watch:
            for piece in pieces:
                events += len(_decoder.decode_lines(piece))
    tell(watch, events=events)


if __name__ == "__main__":
    main(*sys.argv[1:])
