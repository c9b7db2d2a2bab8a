"""Question 2: the attribution models on a million journeys, beside public packages."""

from dataclasses import dataclass
from typing import Any

from benchmarks import journeys, our_totals, peers
from benchmarks.peers import EXACT, LEFT_OUT, PEERS, Peer
from benchmarks.running import OUT, ChildError, Spread, child
from benchmarks.table import ratio, spread, table

Results = dict[str, Any]
ORDERS = "weights of every order, with totals"
_ASKED = {
    "ChannelAttribution 2.2.5": (our_totals.TEXT, our_totals.LISTS),
    "marketing-attribution-models 2.1.1": (our_totals.EACH, ORDERS),
}
"""What we are given beside a peer; a list per journey beside all others."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One model of one peer beside ours on the same journeys. difference: the largest of any host's share to ours.

    given: what ours is given, or does beside totals. ours, theirs: seconds of CPU time.
    """

    given: str
    model: str
    peer: str
    journeys: int
    ours: Spread
    theirs: Spread
    difference: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the peer's time counts."""
        return self.difference <= self.tolerance

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain = {
            name: getattr(self, name)
            for name in ("given", "model", "peer", "journeys", "difference", "tolerance", "agrees")
        }
        return plain | {"ours_cpu_seconds": self.ours.as_dict(), "peer_cpu_seconds": self.theirs.as_dict()}


@dataclass(frozen=True, slots=True)
class Attribution:
    """What was compared, and which peers could not be, with the reason."""

    compared: list[Comparison]
    missing: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        rows = [comparison.as_dict() for comparison in self.compared]
        return {"compared": rows, "missing": self.missing, "left_out": LEFT_OUT}


def measure(count: int, repeats: int) -> Attribution:
    """Run ours and every peer on the same journeys; a peer that is too slow gets fewer, and ours then too."""
    file = journeys.generated(OUT, count)
    ours: dict[tuple[str, int], Results] = {}
    compared, missing = [], {}
    for peer in PEERS:
        size = min(count, peer.most)
        try:
            theirs = peers.measured(peer, peers.installed(peer, OUT / "peers"), file, size, repeats)
        except ChildError as error:
            missing[peer.name] = str(error)
            continue
        for given in _ASKED.get(peer.name, (our_totals.EACH,)):
            if (given, size) not in ours:
                ours[given, size] = _ours(given, str(file), str(size), str(repeats))
            compared += _compared(peer, given, size, ours[given, size], theirs)
    return Attribution(sorted(compared, key=lambda one: (one.given, one.model, one.peer)), missing)


def _ours(given: str, *asked: str) -> Results:
    if given == ORDERS:
        return child("-m", "benchmarks.our_models", *asked)["results"]  # type: ignore[no-any-return]  # JSON
    return child("-m", "benchmarks.our_totals", *asked, given)["results"]  # type: ignore[no-any-return]  # JSON


def _compared(peer: Peer, given: str, size: int, ours: Results, theirs: Results) -> list[Comparison]:
    """Compare the models that both have."""
    return [_one(peer, given, model, size, ours[model], found) for model, found in theirs.items() if model in ours]


def _one(peer: Peer, given: str, model: str, size: int, ours: Results, theirs: Results) -> Comparison:
    mine, yours = _shares(ours["credited"]), _shares(theirs["credited"])
    difference = max(abs(mine.get(host, 0) - yours.get(host, 0)) for host in mine | yours)
    seconds = Spread.of(ours["cpu_seconds"]), Spread.of(theirs["cpu_seconds"])
    return Comparison(given, model, peer.name, size, *seconds, difference, peer.tolerance.get(model, EXACT))


def _shares(credited: dict[str, float]) -> dict[str, float]:
    whole = sum(credited.values())
    return {host: part / whole for host, part in credited.items()}


def tables(found: Attribution, repeats: int) -> str:
    """The answer, and who is not in it."""
    header = [
        "ours, model, peer",
        "journeys",
        "ours CPU s",
        "peer CPU s",
        "our speed to theirs",
        "largest difference of a share",
    ]
    rows = [
        [
            f"{one.given}: {one.model}: {one.peer}",
            f"{one.journeys:,}",
            spread(one.ours, 3),
            spread(one.theirs, 3),
            ratio(one.theirs.median / one.ours.median) if one.agrees else "does not count",
            f"{one.difference:.1e} of {one.tolerance:g}",
        ]
        for one in found.compared
    ]
    absent = [f"- not measured: {name}: {reason}" for name, reason in (found.missing | LEFT_OUT).items()]
    return "\n".join([table(f"Attribution models, {repeats} runs each", header, rows), *absent, ""])
