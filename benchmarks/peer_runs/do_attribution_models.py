"""do-attribution: Python loops and pandas. Its own input is a list of path texts and a list of outcomes."""

from clocked import journeys, tell
from do_attribution import MarkovAttribution

paths, converted, _ = journeys()
texts = [" > ".join(path) for path in paths]
outcomes = [int(outcome) for outcome in converted]


def markov():
    """Shares of the removal effects, with removal as our definition has it."""
    return MarkovAttribution(order=1, removal_strategy="redirect_to_null").fit(texts, outcomes)["attribution"]


tell({"markov removal effects": markov})
