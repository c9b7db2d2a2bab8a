"""Records of a partition, put together as one batch of lines, and the way back from a line to its record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, Self

import msgspec
import polars as pl


class Touched(NamedTuple):
    """An order to look at again, because of a refund that another lane stored in this batch (0: not said)."""

    order_id: str
    batch: int = 0


_touched = msgspec.json.Decoder(str | tuple[str, int])


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record: its offset, its value (null for none), and whether its lines are orders to look at again."""

    offset: int
    value: bytes | None
    touched: bool = False

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return len(self.value or b"")


def touched_value(touched: Iterable[Touched]) -> bytes:
    """Write orders as the value of a record: one JSON array per line. Earlier versions wrote the order's id alone."""
    return b"\n".join(map(msgspec.json.encode, touched))


def _touched_of(line: bytes) -> Touched:
    told = _touched.decode(line)
    return Touched(told) if isinstance(told, str) else Touched(*told)


@dataclass(frozen=True, slots=True)
class Arrived:
    """Lines of all records behind each other, touched orders, and where each record's lines begin (from 0)."""

    data: bytes
    touched: tuple[Touched, ...]
    offsets: tuple[int, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, records: Sequence[Record]) -> Self:
        """Put records behind each other."""
        events = [record for record in records if record.value and not record.touched]
        values = [_ended(record.value) for record in events if record.value]
        counts = [value.count(b"\n") for value in values]
        again = [line for record in records if record.touched for line in (record.value or b"").splitlines()]
        return cls(
            b"".join(values),
            tuple(dict.fromkeys(map(_touched_of, again))),
            tuple(record.offset for record in events),
            tuple(accumulate(counts, initial=0))[:-1],
        )

    def placed(self, rows: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Name the record of each rejected line, and number the line in it; line 0 stands for no line."""
        rejects = rows.get("rejects")
        if rejects is None or rejects.is_empty() or not self.offsets:
            return dict(rows)
        starts = pl.Series(self.starts, dtype=pl.UInt64)
        found = starts.search_sorted(rejects["position"] - 1, side="right") - 1
        is_line = pl.col("position") > 0
        placed = rejects.with_columns(
            record_offset=pl.when(is_line).then(pl.Series(self.offsets, dtype=pl.UInt64).gather(found)),
            position=pl.when(is_line).then(pl.col("position") - starts.gather(found)).otherwise(0).cast(pl.UInt64),
        )
        return {**rows, "rejects": placed}


def _ended(value: bytes) -> bytes:
    return value if value.endswith(b"\n") else value + b"\n"
