"""Plausible days of live commerce, drawn from a seed, with the truth known.

It feeds the demo, files and benchmarks. `Plan` says what a day holds, `arrivals` gives its events as they arrive,
`truth` says what is in them. Nothing here looks at a clock. docs/GENERATOR.md explains it all.
"""

from streams.generator.arriving import arrivals, told, truth
from streams.generator.plan import Plan
from streams.generator.truth import Tally

__all__ = ["Plan", "Tally", "arrivals", "told", "truth"]
