"""Processes that tests start."""

import os
from collections.abc import Mapping


def uncovered(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Leave coverage out: for processes that die before they could tell what they ran; so they start sooner."""
    return {name: value for name, value in environment.items() if not name.startswith("COV")}
