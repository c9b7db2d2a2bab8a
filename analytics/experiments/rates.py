"""A share of viewers who bought, with an interval that holds at every look.

A beta-binomial mixture: Howard, Ramdas, McAuliffe, Sekhon, "Time-uniform Chernoff bounds via nonnegative
supermartingales" (2020), proposition 7. The interval holds every share that the mixture has no evidence against.
"""

from math import log

from analytics.experiments.sequence import mixing

_LEAST = 1e-3
_EDGE = 1e-9


def rate_interval(successes: int, trials: int, alpha: float, tightest_at: float) -> tuple[float, float]:
    """Give the shares from low to high that so many successes do not speak against; 0 and 1 if nobody was tried."""
    from scipy.optimize import brentq  # noqa: PLC0415  # heavy: only who compares arms waits for it

    if not trials:
        return 0.0, 1.0

    def excess(share: float) -> float:
        return _log_evidence(successes, trials, share, tightest_at) - log(1 / alpha)

    found = min(max(successes / trials, _EDGE), 1 - _EDGE)
    low = float(brentq(excess, _EDGE, found)) if successes and excess(_EDGE) > 0 else 0.0
    high = float(brentq(excess, found, 1 - _EDGE)) if successes < trials and excess(1 - _EDGE) > 0 else 1.0
    return low, high


def _log_evidence(successes: int, trials: int, share: float, tightest_at: float) -> float:
    """The logarithm of the e-value against a share; the prior is about tightest at 5 % after so many trials."""
    from scipy.special import betaln  # noqa: PLC0415  # as above

    spread = share * (1 - share)
    prior = max(mixing(spread * tightest_at, 0.05) - spread, _LEAST * spread)
    lost, won = prior / share, prior / (1 - share)
    failures = trials - successes
    likelihood = successes * log(share) + failures * log(1 - share)
    return float(betaln(lost + failures, won + successes) - betaln(lost, won) - likelihood)
