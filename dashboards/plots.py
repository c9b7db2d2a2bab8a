"""Comparisons as pictures that people can read: intervals per figure and stratum, and lift over time."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dashboards.spec import PALETTE

CONTROL, TREATED, QUIET = PALETTE["human"], PALETTE["digital"], PALETTE["unattributed"]
INK = "#1A1A1A"
_FONTS = ["Noto Sans CJK SC", "Noto Sans SC", "Noto Sans JP", "WenQuanYi Zen Hei", "DejaVu Sans"]
_STRATA = 15
_WORDS = {
    "crude": "crude",
    "ate": "post-stratified (ATE)",
    "att": "on the treated's traffic (ATT)",
    "mantel_haenszel": "Mantel-Haenszel",
}


def forest(estimates: pl.DataFrame, strata: pl.DataFrame, names: tuple[str, str], unit: str, file: Path) -> None:
    """Draw each figure with its interval, and below it both arms' rates in the strata with the most traffic.

    estimates: figure, difference, low, high, control_sessions, treated_sessions; strata: stratum, comparable,
    control_rate, treated_rate, control_sessions, treated_sessions, the most traffic first; names: of both arms.
    """
    shown = strata.filter("comparable").head(_STRATA)
    with _style():
        figure = Figure(figsize=(9, 2.6 + 0.42 * estimates.height + 0.34 * shown.height), layout="constrained")
        upper, lower = figure.subplots(2, 1, height_ratios=[estimates.height + 1, max(shown.height, 1) + 1])
        figure.suptitle(f"{names[1]} less {names[0]}", x=0.02, ha="left", fontsize=15, fontweight="bold")
        _intervals(upper, estimates, names, unit)
        _rates(
            lower,
            shown,
            names,
            f"{unit}; the {shown.height} largest of {strata['comparable'].sum()} strata that have both",
        )
        _save(figure, file)


def decay(rows: pl.DataFrame, name: str, names: tuple[str, str], file: Path) -> None:
    """Draw the lift over days or hours (the column `name`), its interval as a band.

    rows: `name`, lift, lift_low, lift_high, treated_sessions.
    """
    words = {"day": "days since the avatar's version first went on air", "stream_hour": "hours since the session began"}
    with _style():
        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.subplots()
        figure.suptitle(f"{names[1]} against {names[0]}", x=0.02, ha="left", fontsize=15, fontweight="bold")
        places, sure = rows[name], rows.drop_nulls(["lift_low", "lift_high"])
        axes.axhline(0, color=CONTROL, linewidth=1.5)
        axes.annotate(
            names[0],
            (1, 0),
            xycoords=("axes fraction", "data"),
            color=CONTROL,
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
        axes.fill_between(
            sure[name],
            sure["lift_low"],
            sure["lift_high"],
            color=TREATED,
            alpha=0.25,
            linewidth=0,
            label="95 % interval",
        )
        axes.plot(places, rows["lift"], color=TREATED, marker="o", linewidth=2.2, label=names[1])
        for place, lift, sessions in zip(places, rows["lift"], rows["treated_sessions"], strict=True):
            axes.annotate(
                f"n={sessions}",
                (place, lift),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color=INK,
            )
        axes.set_xlabel(f"{words[name]} (n: sessions of {names[1]})")
        axes.set_ylabel("lift, in the same strata")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:+.0%}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, loc="best")
        _save(figure, file)


def _intervals(axes: Any, estimates: pl.DataFrame, names: tuple[str, str], unit: str) -> None:  # noqa: ANN401  # matplotlib brings no types
    for place, row in enumerate(estimates.iter_rows(named=True)):
        if row["low"] is not None:
            axes.plot([row["low"], row["high"]], [place, place], color=INK, linewidth=2.2, solid_capstyle="butt")
        axes.plot(row["difference"], place, "o", color=TREATED, markeredgecolor=INK, markersize=9)
        axes.annotate(
            f"{row['difference']:,.4g}   n = {row['treated_sessions']} / {row['control_sessions']} sessions",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=10,
        )
    axes.axvline(0, color=QUIET, linewidth=1.2)
    axes.set_yticks(range(estimates.height), [_WORDS[figure] for figure in estimates["figure"]])
    axes.set_ylim(estimates.height - 0.5, -0.5)
    axes.set_xlabel(f"difference, {unit}, with 95 % interval (n: {names[1]} / {names[0]})")


def _rates(axes: Any, shown: pl.DataFrame, names: tuple[str, str], said: str) -> None:  # noqa: ANN401  # as above
    for place, row in enumerate(shown.iter_rows(named=True)):
        axes.plot([row["control_rate"], row["treated_rate"]], [place, place], color=QUIET, linewidth=1.6, zorder=1)
        axes.annotate(
            f"n = {row['treated_sessions']} / {row['control_sessions']}",
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
        )
    places = range(shown.height)
    axes.scatter(shown["control_rate"], places, color=CONTROL, marker="s", s=46, label=names[0], zorder=2)
    axes.scatter(shown["treated_rate"], places, color=TREATED, edgecolor=INK, s=56, label=names[1], zorder=3)
    axes.set_yticks(list(places), shown["stratum"].to_list())
    axes.set_ylim(max(shown.height, 1) - 0.5, -0.7)
    axes.set_xlabel(said)
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)


def _style() -> Any:  # noqa: ANN401  # as above
    """Readable fonts, also for Chinese and Japanese names; text stays text in SVG, its bytes alike for like figures."""
    known = set(mpl.font_manager.get_font_names()) if hasattr(mpl, "font_manager") else set()
    fonts = [font for font in _FONTS if font in known] or ["DejaVu Sans"]
    return mpl.rc_context(
        {
            "font.family": fonts,
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": INK,
            "text.color": INK,
            "svg.fonttype": "none",
            "svg.hashsalt": "hostledger",
        }
    )


def _save(figure: Figure, file: Path) -> None:
    quiet = {"Date": None} if file.suffix.lower() == ".svg" else None
    figure.savefig(file, dpi=160, facecolor="white", metadata=quiet)
