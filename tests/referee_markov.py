"""The Markov fit in fractions: count, then eliminate one state after the other."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

State = tuple[frozenset[str], ...]
Mark = str
Chain = dict[State | Mark, dict[State | Mark, Fraction]]
START, CONVERSION, NULL = "start", "conversion", "null"


@dataclass(frozen=True, slots=True)
class Journey:
    """The line-ups one viewer passed, and whether it ended in an order."""

    lineups: tuple[frozenset[str], ...]
    converted: bool


@dataclass(frozen=True, slots=True)
class RefereeFit:
    """The base conversion probability and each host's removal effect."""

    base: Fraction
    removal: dict[str, Fraction]


def journey_states(journey: Journey, order: int) -> list[State | Mark]:
    """START, then at each step the last `order` line-ups, then the end."""
    met = journey.lineups
    states: list[State | Mark] = [met[max(0, place + 1 - order) : place + 1] for place in range(len(met))]
    return [START, *states, CONVERSION if journey.converted else NULL]


def transition_probabilities(journeys: Iterable[Journey], order: int = 1) -> Chain:
    """Count transitions and divide by what leaves each state."""
    counts: dict[State | Mark, dict[State | Mark, int]] = defaultdict(lambda: defaultdict(int))
    for journey in journeys:
        states = journey_states(journey, order)
        for here, there in pairwise(states):
            counts[here][there] += 1
    return {
        here: {there: Fraction(count, sum(onward.values())) for there, count in onward.items()}
        for here, onward in counts.items()
    }


def without(chain: Chain, host: str) -> Chain:
    """Send every transition into a state that contains the host to NULL."""
    cut: Chain = {}
    for here, onward in chain.items():
        cut[here] = defaultdict(Fraction)
        for there, probability in onward.items():
            lost = not isinstance(there, str) and any(host in lineup for lineup in there)
            cut[here][NULL if lost else there] += probability
    return cut


def conversion_probability(chain: Chain) -> Fraction:
    """Eliminate every state but START exactly (Gauss); the thinnest first, so that fractions stay small."""
    left = {here: dict(onward) for here, onward in chain.items()}
    while len(left) > 1:
        gone = min((state for state in left if state != START), key=lambda state: len(left[state]))
        onward = left.pop(gone)
        staying = onward.pop(gone, Fraction(0))
        for row in [row for row in left.values() if gone in row]:
            reached = row.pop(gone) / (1 - staying)
            for there, probability in onward.items():
                row[there] = row.get(there, Fraction(0)) + reached * probability
    return left[START].get(CONVERSION, Fraction(0))


def markov_fit(journeys: Collection[Journey], order: int = 1) -> RefereeFit | None:
    """Fit a chain of the given order; None if no journey converts."""
    if not any(journey.converted for journey in journeys):
        return None
    chain = transition_probabilities(journeys, order)
    base = conversion_probability(chain)
    hosts = sorted({host for journey in journeys for lineup in journey.lineups for host in lineup})
    return RefereeFit(base, {host: 1 - conversion_probability(without(chain, host)) / base for host in hosts})
