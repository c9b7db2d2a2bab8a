"""Who sees which variant: a salted hash of the viewer's id, so that everybody can work it out and nobody can choose."""

from collections.abc import Mapping
from hashlib import sha256

_BITS = 64


def assigned(viewer_id: str, experiment: str, shares: Mapping[str, int]) -> str:
    r"""Give the variant of a viewer in an experiment.

    The first 8 bytes of sha256(experiment + "\x1f" + viewer_id), as a big-endian number below 2^64, fall into one of
    the stretches that the variants have in the order of their names, as long as their shares. The experiment's name is
    the salt: who is in the same arm here is spread over all arms elsewhere. shares: whole numbers, only ratios matter.
    """
    place = int.from_bytes(sha256(f"{experiment}\x1f{viewer_id}".encode()).digest()[:8], "big") * sum(shares.values())
    below = 0
    for variant, share in sorted(shares.items()):
        below += share
        if place < below << _BITS:
            return variant
    raise ValueError(f"shares {dict(shares)!r} are all 0; give at least one variant a share")
