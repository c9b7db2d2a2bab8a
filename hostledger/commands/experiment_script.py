"""`hostledger experiment analyse --script`: one script against another, with viewers by lot."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.experiments.exposures import arms, exposures, outcomes, runs
from analytics.experiments.rates import rate_interval
from analytics.experiments.sample_ratio import BLOCKS_BELOW
from analytics.experiments.scripts import COMPLIES_FROM, Comparison, Result, Rule, path, result
from analytics.intervals import OPEN_MS
from analytics.presence import watched_between
from analytics.warehouse import Warehouse
from hostledger.commands.experiment_plot import drawn, picture
from hostledger.output import Format, refuse, refusing, tell
from hostledger.reading import currency_code, opened, present, settings_of
from hostledger.settings import WrongSetting, duration_ms, time_zone
from hostledger.values import one_of

_PER = 1_000
_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class ScriptTest:
    """A script test as it was asked for; see the options of `experiment analyse`."""

    script: str
    shares: str
    control: str | None
    salt: str
    arm: str
    window: str
    past: str
    alpha: float
    tightest_at: int
    plot: Path | None

    @property
    def lengths(self) -> tuple[int, int]:
        """How long after and before the first exposure purchases count, in milliseconds. Raises WrongSetting."""
        return duration_ms(self.window), duration_ms(self.past)


def analyse_script(
    context: typer.Context,
    asked: ScriptTest,
    *,
    data: Path | None,
    currency: str | None,
    timezone: str | None,
    output: Format,
) -> None:
    """Compare the variants of a script as of now, block what must not be compared, and draw the lift if asked."""
    settings = settings_of(context)
    with refusing(WrongSetting):
        zone = ZoneInfo(time_zone(timezone or settings.timezone))
        arm = one_of("assigned", "seen")(asked.arm)
        shares = shares_of(asked.shares)
        if asked.plot:
            picture(asked.plot)
        lengths = asked.lengths
    control = asked.control or min(shares)
    if control not in shares:
        refuse(f"--control {control!r} is not among the variants; use one of: {', '.join(sorted(shares))}")
    with opened(data or settings.data, settings) as warehouse:
        viewers, code = _viewers(warehouse, asked, shares, lengths, currency_code(currency))
    rule = Rule(alpha=asked.alpha, tightest_at=asked.tightest_at)
    found = result(viewers, shares, control, rule, arm)
    title = f"Script {asked.script}: net revenue of {_PER:,} viewers"
    present(_table(viewers, found, asked, shares, code), output, title)
    _say(found, arm, rule)
    if asked.plot and found.comparisons:
        paths = {one.variant: path(viewers, shares, (control, one.variant), rule, arm) for one in found.comparisons}
        with refusing(OSError):
            drawn(asked.plot, paths, control, code, zone, _PER)
        tell(f"The lift over time is drawn in {asked.plot}.")


def shares_of(text: str) -> dict[str, int]:
    """Read variants and their shares, such as A=50,B=50. Raises WrongSetting."""
    pairs = [part.partition("=") for part in text.split(",")]
    found = {name.strip(): int(share) for name, _, share in pairs if name.strip() and share.strip().isdigit()}
    if len(found) < len(pairs) or len(found) < 2 or not all(found.values()):  # noqa: PLR2004  # a test has two variants
        raise WrongSetting(
            f"shares {text!r} are not understood; write each variant with a whole number, as in A=50,B=50"
        )
    return found


def _viewers(
    warehouse: Warehouse, asked: ScriptTest, shares: dict[str, int], lengths: tuple[int, int], currency: str
) -> tuple[pl.DataFrame, str]:
    """Everyone whose window is over, with arm and outcome, in the order of exposure; and the currency."""
    script = asked.script
    started = warehouse.query("experiment_starts", script=script)
    if started.is_empty():
        known = warehouse.query("experiment_scripts")["script_id"].to_list()
        refuse(
            f"script {script!r} never ran; use one of: {', '.join(known) or 'none, there is no script_started event'}"
        )
    ran = runs(started, warehouse.query("experiment_shifts", script=script, open_ms=OPEN_MS), script)
    exposed = exposures(watched_between(warehouse.query("experiment_presence", script=script)), ran)
    newest_ms = warehouse.query("report_books").row(0)[0] or 0
    complete = exposed.filter(pl.col("exposed_ms") + lengths[0] <= newest_ms)
    if complete.is_empty():
        refuse(
            f"{exposed.height} viewers were exposed to script {script!r}, and the window after it is over for none; "
            "shorten it with --window, or wait"
        )
    orders = warehouse.query("experiment_orders", script=script)
    code = _currency(orders, currency)
    refunds = warehouse.query("experiment_refunds", currency=code)
    sold = orders.filter(pl.col("currency") == code)
    return outcomes(arms(complete, asked.salt, shares), sold, refunds, *lengths), code


def _currency(orders: pl.DataFrame, currency: str) -> str:
    known = sorted(orders["currency"].unique())
    if not known:
        refuse("these viewers bought nothing; wait until they do")
    if currency and currency not in known:
        refuse(f"these viewers bought nothing in {currency}; use one of: {', '.join(known)}")
    if not currency and len(known) != 1:
        refuse(f"these viewers bought in {len(known)} currencies; choose one with --currency: {', '.join(known)}")
    return currency or known[0]


def _table(viewers: pl.DataFrame, found: Result, asked: ScriptTest, shares: dict[str, int], code: str) -> pl.DataFrame:
    """One row per variant. Averages and lifts are per 1,000 viewers, capped, in minor units; the sums are exact."""
    bought = viewers.group_by(asked.arm).agg(net=pl.col("net_minor").sum(), buyers=(pl.col("net_minor") > 0).sum())
    sold = {row[asked.arm]: row for row in bought.to_dicts()}
    compared = {one.variant: one for one in found.comparisons}
    rows = []
    for variant, count in found.counts.items():
        arm = sold.get(variant, {"net": 0, "buyers": 0})
        low, high = rate_interval(arm["buyers"], count, asked.alpha, asked.tightest_at)
        row = {
            "variant": variant,
            "viewers": count,
            "meant_bp": round(_POINTS * shares[variant] / sum(shares.values())),
            "buyers": arm["buyers"],
            "buyers_low_bp": round(_POINTS * low),
            "buyers_high_bp": round(_POINTS * high),
            "currency": code,
            "net_minor": arm["net"],
            "net_per_1000_minor": _rounded(found.means[variant], _PER),
        }
        rows.append(row | _lift(compared.get(variant)))
    return pl.DataFrame(rows, infer_schema_length=None)


def _lift(one: Comparison | None) -> dict[str, object]:
    names = ("lift_per_1000_minor", "low_minor", "high_minor")
    figures = (one.difference, one.low, one.high) if one else (None, None, None)
    per = {name: _rounded(figure, _PER) for name, figure in zip(names, figures, strict=True)}
    parts = [_rounded(part, 100) for part in one.relative] if one else [None, None, None]
    relative = dict(zip(("lift_percent", "low_percent", "high_percent"), parts, strict=True))
    return per | relative | {"p": None if one is None else round(one.p, 4)}


def _rounded(figure: float | None, times: int) -> int | None:
    return None if figure is None or abs(figure) == float("inf") or figure != figure else round(times * figure)  # noqa: PLR0124  # NaN


def _say(found: Result, arm: str, rule: Rule) -> None:
    """Say what blocks the result, or how to read it."""
    if found.ratio.blocks:
        tell(
            f"BLOCKED: the arms are not as large as they were meant to be (chi-square {found.ratio.chi2:.1f}, "
            f"p {found.ratio.p:.2g}, below {BLOCKS_BELOW}). Something else than the hash chose who is in which: find "
            "it, and begin anew."
        )
    elif arm == "assigned" and found.complied < COMPLIES_FROM:
        tell(
            f"BLOCKED: only {100 * found.complied:.1f} % of the viewers saw the variant that the hash gives them, so "
            "it did not choose. Check --salt and --shares; or compare what they saw with --arm seen, which is sound "
            "only if something else assigned viewers by lot."
        )
    elif not found.comparisons:
        tell("An arm has fewer than two viewers; wait.")
    else:
        left = ", ".join(f"{one.variant} {100 * one.variance_left:.0f} %" for one in found.comparisons)
        tell(
            f"Always valid: look as often as you like, the chance of a wrong finding stays {100 * rule.alpha:g} %. "
            f"Arms as meant (p {found.ratio.p:.2g}); {100 * found.complied:.1f} % saw what the hash gives. CUPED left "
            f"of the variance: {left}. In averages and lifts a viewer's revenue is capped at {found.cap_minor:.0f} "
            "minor units."
        )
