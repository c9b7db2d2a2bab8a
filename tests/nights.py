"""How much of the random is tried: enough on each run, more in a night (`make soak`)."""

import os

NIGHT = "HOSTLEDGER_DEATHS" in os.environ
"""Whether there is time: `make soak` says how many deaths it wants."""


def seeds(first: int, by_day: int, by_night: int) -> range:
    """Numbers from the first on, that random scenarios are made of."""
    return range(first, first + (by_night if NIGHT else by_day))
