"""Are the arms as large as they were meant to be? If not, something else than chance chose who is in which."""

from collections.abc import Mapping
from dataclasses import dataclass

BLOCKS_BELOW = 0.001
"""A p-value below this blocks the result: the arms are not comparable, whatever they sold."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """A chi-square test of the sizes of arms against their shares."""

    chi2: float
    p: float

    @property
    def blocks(self) -> bool:
        """Whether the arms must not be compared."""
        return self.p < BLOCKS_BELOW


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, int]) -> SampleRatio:
    """Test the number of viewers of each variant against the shares; a variant without a viewer counts as 0.

    Nobody at all speaks against nothing.
    Kohavi, Tang, Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 21.
    """
    from scipy.stats import chisquare  # noqa: PLC0415  # heavy: only who compares arms waits for it

    whole, parts = sum(counts.values()), sum(shares.values())
    if not whole:
        return SampleRatio(0.0, 1.0)
    observed = [counts.get(variant, 0) for variant in shares]
    found = chisquare(observed, [whole * share / parts for share in shares.values()])
    return SampleRatio(float(found.statistic), float(found.pvalue))
