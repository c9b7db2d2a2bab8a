"""Is the digital host better? Two arms, like with like, with intervals, and words that claim no more.

A *cell* is what one arm earned in one hour of one session, and how it was watched. Cells are sorted into *strata* of
what might explain a difference without the host. Every figure is a ratio of sums inside a stratum; every interval
takes the sessions as drawn, not the minutes. docs/METHODS.md explains each figure. The arms are `control` (human) and
`treated` (digital).
"""
