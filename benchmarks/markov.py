"""Question 5: the Markov model on ten million journeys: counting, solving, and how it grows; beside public packages."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import journeys, peers
from benchmarks.our_markov import BOTH, COUNT, SOLVE
from benchmarks.our_totals import EACH, LISTS, TEXT
from benchmarks.peers import EXACT, PEERS, Peer
from benchmarks.running import OUT, ChildError, Spread, child
from benchmarks.table import ratio, spread, table

MODEL = "markov removal effects"
ASKED = {"ChannelAttribution 2.2.5": (TEXT, LISTS)}
"""What we are given beside a peer; a list per journey beside all others."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side on so many journeys. CPU seconds of counting and solving apart (ours) and together."""

    name: str
    journeys: int
    count: Spread | None
    solve: Spread | None
    both: Spread
    faster: float | None = None
    difference: float | None = None


def measure(count: int, repeats: int) -> list[Side]:
    """Run ours on a tenth and on all, from each input; and each peer on as many as it is given at most."""
    file = journeys.generated(OUT, count)
    sides = []
    ours: dict[tuple[str, int], Any] = {}
    for given in (EACH, LISTS, TEXT):
        for size in (count // 10, count):
            ours[given, size] = _ours(str(file), size, repeats, given)
            sides.append(_side(f"ours: {given}", size, ours[given, size]))
    for peer in PEERS:
        size = min(count, peer.most)
        try:
            python = peers.installed(peer, OUT / "peers")
            theirs = peers.measured(peer, python, file, size, repeats, MODEL).get(MODEL)
        except ChildError as error:
            print(f"not measured: {peer.name}: {error}")
            continue
        for given in ASKED.get(peer.name, (EACH,)) if theirs else ():
            mine = ours.setdefault((given, size), None) or _ours(str(file), size, repeats, given)
            sides.append(_beside(peer, given, size, mine[BOTH], theirs))
    return sides


def _ours(file: str, size: int, repeats: int, given: str) -> dict[str, Any]:
    found: dict[str, Any] = child("-m", "benchmarks.our_markov", file, str(size), str(repeats), given)["results"]
    return found


def _side(name: str, size: int, found: dict[str, Any]) -> Side:
    return Side(name, size, *(Spread.of(found[part]["cpu_seconds"]) for part in (COUNT, SOLVE, BOTH)))


def _beside(peer: Peer, given: str, size: int, mine: dict[str, Any], theirs: dict[str, Any]) -> Side:
    """A peer's side, its time against ours on the same journeys; no ratio if its shares are others."""
    shares = [_shares(side["credited"]) for side in (mine, theirs)]
    difference = max(abs(shares[0].get(host, 0) - shares[1].get(host, 0)) for host in shares[0] | shares[1])
    seconds = [Spread.of(side["cpu_seconds"]) for side in (mine, theirs)]
    agrees = difference <= peer.tolerance.get(MODEL, EXACT)
    faster = seconds[1].median / seconds[0].median if agrees else None
    return Side(f"{peer.name}, beside ours from {given}", size, None, None, seconds[1], faster, difference)


def _shares(credited: dict[str, float]) -> dict[str, float]:
    whole = sum(credited.values())
    return {host: part / whole for host, part in credited.items()}


def as_dict(sides: list[Side]) -> list[dict[str, Any]]:
    """For JSON."""
    return [asdict(side) for side in sides]


def tables(sides: list[Side], repeats: int) -> str:
    """The answer."""
    header = ["side", "journeys", "count, CPU s", "solve, CPU s", "both, CPU s", "ours is faster", "difference"]
    rows = [
        [
            side.name,
            f"{side.journeys:,}",
            spread(side.count, 3) if side.count else "",
            spread(side.solve, 4) if side.solve else "",
            spread(side.both, 3),
            ratio(side.faster) if side.faster else "",
            f"{side.difference:.1e}" if side.difference is not None else "",
        ]
        for side in sides
    ]
    return table(f"Markov removal effects, {repeats} runs each", header, rows)
