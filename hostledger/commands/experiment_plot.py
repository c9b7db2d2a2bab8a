"""The picture of a script test: the cumulative lift of each variant, and its always-valid interval."""

from datetime import datetime
from itertools import cycle
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from analytics.currencies import EXPONENTS
from hostledger.settings import WrongSetting

_POINTS = 2_000
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1a1a1a")


def picture(file: Path) -> Path:
    """Check the name of a picture. Raises WrongSetting."""
    if file.suffix not in {".png", ".svg"}:
        raise WrongSetting(f"--plot {file} is no picture that can be drawn; give it a name ending in .png or .svg")
    return file


def drawn(file: Path, paths: dict[str, pl.DataFrame], control: str, currency: str, zone: ZoneInfo, per: int) -> None:
    """Draw the lift of each variant over the control, per so many viewers, over time. paths: see `scripts.path`."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num  # noqa: PLC0415  # heavy: only who draws waits
    from matplotlib.figure import Figure  # noqa: PLC0415  # as above

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    scale = per / 10 ** EXPONENTS[currency]
    for colour, (variant, lift) in zip(cycle(_COLOURS), paths.items(), strict=False):
        thin = lift[np.unique(np.linspace(0, lift.height - 1, _POINTS).astype(int)).tolist()]
        times = date2num([datetime.fromtimestamp(ms / 1000, zone) for ms in thin["exposed_ms"]])
        low, middle, high = (thin[name].to_numpy() * scale for name in ("low", "difference", "high"))
        axes.plot(times, middle, color=colour, label=f"{variant} less {control}", drawstyle="steps-post")
        axes.fill_between(times, low, high, color=colour, alpha=0.2, linewidth=0, step="post")
    axes.xaxis_date(zone)
    late = pl.concat([lift[lift.height // 4 :].select("low", "high") for lift in paths.values()]) * scale
    axes.set_ylim(*_limits(late))
    axes.axhline(0, color="#444444", linewidth=1)
    axes.xaxis.set_major_locator(locator := AutoDateLocator(tz=zone))
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))
    axes.set_ylabel(f"{currency} per {per:,} viewers")
    axes.set_title("Lift of net revenue, with its always-valid interval", loc="left")
    axes.legend(frameon=False, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)


def _limits(late: pl.DataFrame) -> tuple[float, float]:
    """Bounds that leave the first quarter out, whose intervals are so wide that nothing else could be seen."""
    low, high = (late[name].filter(late[name].is_finite()) for name in ("low", "high"))
    bottom, top = float(low.min() or -1.0), float(high.max() or 1.0)  # type: ignore[arg-type]  # numbers
    return min(bottom, 0) - 0.05 * (top - bottom), max(top, 0) + 0.05 * (top - bottom)
