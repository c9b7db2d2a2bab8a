"""The machine that the figures are from, and the one core that they are measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("chdb", "msgspec", "numpy", "polars", "python-flint")


def pin() -> int | None:
    """Keep this process and its children on one core, the last it may use. Returns its number; null: not here."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def described() -> dict[str, object]:
    """Describe the machine and the versions; to be called before `pin`."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "load_average_before": load(),
    }


def load() -> list[float]:
    """Load average over 1, 5 and 15 minutes: above 1, others were at work."""
    return [round(average, 2) for average in os.getloadavg()]


def _processor() -> str:
    """The processor's own name, as far as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
