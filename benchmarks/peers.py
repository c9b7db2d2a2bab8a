"""The public packages we are measured beside: what each needs, in a virtualenv of its own, and what it takes."""

import shutil
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.running import child

EXACT, SIMULATED = 1e-6, 0.005
_NUMBERS = ("numpy==2.4.6", "pandas==3.1.1")


@dataclass(frozen=True, slots=True)
class Peer:
    """A package: its pinned requirements, the script that runs it, and how many journeys it is given at most.

    tolerance: largest difference of a host's share to ours with which its time counts; by model, else EXACT.
    """

    name: str
    script: str
    requirements: tuple[str, ...]
    most: int
    tolerance: dict[str, float]
    input: str


PEERS = (
    Peer(
        "ChannelAttribution 2.2.5",
        "channel_attribution.py",
        ("ChannelAttribution==2.2.5", "matplotlib==3.11.2", *_NUMBERS),
        10_000_000,
        {"markov removal effects": SIMULATED},
        "pandas frame, one row per distinct path with counts; first, last and linear come from one call",
    ),
    Peer(
        "marketing-attribution-models 2.1.1",
        "marketing_attribution_models.py",
        ("marketing-attribution-models==2.1.1", "polars==2.1.0", "pyarrow==26.0.1", *_NUMBERS),
        1_000_000,
        {},
        "its own polars frame of lists; its Markov call also credits every journey",
    ),
    Peer(
        "do-attribution 0.0.2",
        "do_attribution_models.py",
        ("do-attribution==0.0.2", *_NUMBERS),
        100_000,
        {},
        "list of path texts",
    ),
    Peer(
        "shapley-attribution 2.1.0",
        "shapley_attribution_models.py",
        ("shapley-attribution==2.1.0", "matplotlib==3.11.2", "numpy==2.4.6"),
        1_000_000,
        {},
        "list of lists of host names",
    ),
)

LEFT_OUT = {
    "mta 0.0.9": "its Markov model sums the probability of the observed converting paths only, not of the chain: wrong "
    "shares, and wrong ranks (tests/cases/heuristics_toy9, markov_shapley_do10)",
    "marketing-attribution-models 1.0.10": "its Shapley values are wrong on pandas 3 and later "
    "(tests/cases/heuristics_toy9)",
    "marketing-attribution-models 2.1.1, Shapley": "another game: rates of exact sets, not revenue of orders in a set",
    "do-attribution 0.0.2, Shapley": "another game: exact sets, not efficient (tests/cases/heuristics_toy9)",
    "shapley-attribution 2.1.0, time decay": "another model: it counts touches and ignores time "
    "(tests/cases/time_decay_halflife)",
}
"""What is not measured, and why."""


def installed(peer: Peer, folder: Path) -> Path:
    """Give the Python of a peer's virtualenv, made on first use. Raises ChildError if it cannot be installed."""
    home = folder / peer.script.removesuffix(".py")
    python = home / "bin" / "python"
    done = home / "installed"
    if done.exists() and done.read_text() == "\n".join(peer.requirements):
        return python
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=True)
    child("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.requirements, python=python)
    done.write_text("\n".join(peer.requirements))
    return python


def measured(peer: Peer, python: Path, journeys: Path, count: int, repeats: int, *models: str) -> dict[str, Any]:
    """Run a peer on the first journeys: per model its seconds and the credits of each host. Raises ChildError.

    models: only these; none: all that it has.
    """
    script = Path(__file__).parent / "peer_runs" / peer.script
    results: dict[str, Any] = child(str(script), str(journeys), str(count), str(repeats), *models, python=python)[
        "results"
    ]
    return results
