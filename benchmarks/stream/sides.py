"""The sides in turn, and their table: ours, packed and behind the packer, and the peers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.peers import Peer
from benchmarks.running import ChildError, Spread
from benchmarks.stream import given, ours, peers
from benchmarks.stream.scene import Scene
from benchmarks.stream.trail import Run
from benchmarks.table import ratio, spread, table

FULL = 600_000
"""Events of the longest runs; the slower sides get as much less as they are slower."""
_BEHIND_PACKER = 150_000
_FEWEST = 3_000


class Side(NamedTuple):
    """One side: what it is, what its records are, the most events that it is given, and one run of it."""

    name: str
    records: str
    most: int
    run: Callable[[Scene, tuple[bytes, ...], str], Run]


def _ours(scene: Scene, lines: tuple[bytes, ...], _topic: str) -> Run:
    return ours.packed(scene, lines, scene.cores.side)


def _behind_packer(scene: Scene, lines: tuple[bytes, ...], topic: str) -> Run:
    return ours.through_packer(scene, lines, topic)


def _peer(peer: Peer) -> Side:
    return Side(peer.name, peer.input, peer.most, lambda scene, lines, topic: peers.measured(scene, peer, topic, lines))


OURS = Side("**ours: worker; all attributed and stored**", "packed", FULL, _ours)
SIDES = (
    OURS,
    Side("**ours: packer and worker; the same**", "single", _BEHIND_PACKER, _behind_packer),
    *map(_peer, peers.PEERS),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of a side, or why there is none."""

    side: Side
    events: int
    runs: list[Run] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> str:
        """What is wrong with a result; empty if every run was right."""
        return next((run.wrong for run in self.runs if run.wrong), "")

    @property
    def counts(self) -> bool:
        """Whether the side's rates may be shown."""
        return bool(self.runs) and not self.missing and not self.wrong and all(run.events for run in self.runs)

    @property
    def rate(self) -> Spread:
        """Events per second."""
        return Spread.of([run.rate for run in self.runs])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        runs = [run.as_dict() for run in self.runs]
        rate = self.rate.as_dict() if self.counts else None
        named = {"side": self.side.name, "records": self.side.records, "events_given": self.events}
        return named | {"events_per_second": rate, "runs": runs, "missing": self.missing, "wrong": self.wrong}


def measure(scene: Scene, events: int, repeats: int) -> list[Measured]:
    """Run the sides in turn, each on the first lines of a day. events: those of the longest runs."""
    found = [Measured(side, max(_FEWEST, side.most * events // FULL)) for side in SIDES]
    topics = {}
    for one in found:
        kind = one.side.records.split(";", maxsplit=1)[0]
        if one.side is not OURS and (kind, one.events) not in topics:
            load = scene.loaded_packed if kind == "packed" else scene.loaded_single
            topics[kind, one.events] = load(_lines(events, one.events))
    for _ in range(repeats):
        for one in found:
            kind = one.side.records.split(";", maxsplit=1)[0]
            if not one.missing:
                _once(scene, one, _lines(events, one.events), topics.get((kind, one.events), ""))
    return found


def _lines(events: int, part: int) -> tuple[bytes, ...]:
    return given.lines(events)[:part]


def _once(scene: Scene, one: Measured, lines: tuple[bytes, ...], topic: str) -> None:
    try:
        one.runs.append(one.side.run(scene, lines, topic))
    except ChildError as error:
        one.missing.append(str(error))


def tables(found: list[Measured], repeats: int) -> str:
    """The rates, and what could not be measured."""
    ours_rate = found[0].rate.median if found[0].counts else 0.0
    header = ["side", "records", "events", "events/s", "CPU µs per event", "CPU µs of ClickHouse per event"]
    rows = [_row(one, ours_rate) for one in found]
    title = f"From Kafka, {repeats} runs each, one core; ratios of events/s"
    lines = [table(title, [*header, "ours on packed records to it", "peak MB"], rows)]
    lines += [f"Not measured: {one.side.name}: {one.missing[0]}" for one in found if one.missing]
    lines += [f"Wrong, so its time does not count: {one.side.name}: {one.wrong}" for one in found if one.wrong]
    return "\n".join([*lines, ""])


def _row(one: Measured, ours_rate: float) -> list[str]:
    named = [one.side.name, one.side.records, f"{one.events:,}"]
    if not one.counts:
        said = "not measured" if one.missing else "wrong" if one.wrong else "too short a run"
        return [*named, said, "", "", "", ""]
    own = Spread.of([1e6 * run.cpu_seconds / run.events for run in one.runs])
    served = Spread.of([1e6 * run.server_cpu_seconds / run.events for run in one.runs])
    return [
        *named,
        spread(one.rate),
        spread(own, 2),
        spread(served, 2) if served.high else "none",
        ratio(ours_rate / one.rate.median) if ours_rate else "",
        f"{max(run.peak_mb for run in one.runs):,.0f}",
    ]
