"""Are the arms as large as they were meant to be? If not, something else than chance chose who is in which."""

from collections.abc import Mapping
from dataclasses import dataclass

BLOCKS_BELOW = 0.001
"""A p-value below this blocks the result: the arms are not comparable, whatever they sold."""
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """A chi-square test of the sizes of arms against their shares.

    blocks: whether the arms must not be compared. Where an arm was meant to have fewer than five viewers by now, the
    chi-square alone finds too much, so the exact binomial test of some arm must speak against its size too.
    """

    chi2: float
    p: float
    blocks: bool


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, int]) -> SampleRatio:
    """Test the number of viewers of each variant against the shares; a variant without a viewer counts as 0.

    Nobody at all speaks against nothing.
    Kohavi, Tang, Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 21.
    """
    from scipy.stats import binomtest, chisquare  # noqa: PLC0415  # heavy: only who compares arms waits for it

    whole, parts = sum(counts.values()), sum(shares.values())
    if not whole:
        return SampleRatio(0.0, 1.0, blocks=False)
    observed = [counts.get(variant, 0) for variant in shares]
    expected = [whole * share / parts for share in shares.values()]
    found = chisquare(observed, expected)
    blocks = bool(found.pvalue < BLOCKS_BELOW)
    if blocks and min(expected) < _FEWEST:
        exact = [binomtest(count, whole, meant / whole).pvalue for count, meant in zip(observed, expected, strict=True)]
        blocks = min(exact) * len(exact) < BLOCKS_BELOW
    return SampleRatio(float(found.statistic), float(found.pvalue), blocks)
