"""do-attribution: Python loops and pandas. Its own input is a list of path texts and a list of outcomes."""

from clocked import Credits, journeys, tell  # type: ignore[import-not-found]  # beside this script
from do_attribution import MarkovAttribution  # type: ignore[import-not-found]  # in the peer's virtualenv

paths, converted, _ = journeys()
texts = [" > ".join(path) for path in paths]
outcomes = [int(outcome) for outcome in converted]


def markov() -> Credits:
    """Removal effects, with removal as our definition has it."""
    found: Credits = MarkovAttribution(removal_strategy="redirect_to_null").fit(texts, outcomes)["removal_effects"]
    return found


tell({"markov removal effects": markov})
