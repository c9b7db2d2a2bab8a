"""How much of the random is tried: enough on each run, more in a night (`make soak`)."""

import os

NIGHT = "HOSTLEDGER_DEATHS" in os.environ
"""Whether there is time: `make soak` says how many deaths it wants."""
DEATHS = int(os.environ.get("HOSTLEDGER_DEATHS", "20"))
"""How many workers die at random moments."""


def examples(by_day: int) -> int:
    """How many examples of Hypothesis are tried."""
    return 5 * by_day if NIGHT else by_day


def seeds(first: int, by_day: int, by_night: int) -> range:
    """Numbers from the first on, that random scenarios are made of."""
    return range(first, first + (by_night if NIGHT else by_day))
