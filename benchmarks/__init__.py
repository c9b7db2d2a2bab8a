"""Ours beside its peers, in one run: `python -m benchmarks`. What is measured and how is in docs/BENCHMARKS.md.

Nothing here is part of the product, and nothing of it is timed by the tests. Every figure comes from a child process on
one core; a figure is printed only if this run measured it.
"""
