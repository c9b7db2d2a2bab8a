"""`hostledger experiment analyse --script`: one script against another, with viewers by lot."""

from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import typer

from analytics.experiments.exposures import arms, exposures, outcomes, runs, watches
from analytics.experiments.scripts import COMPLIES_FROM, Comparison, Result, Rule, path, result
from analytics.intervals import OPEN_MS
from analytics.warehouse import Warehouse
from hostledger.commands.experiment_plot import drawn, picture
from hostledger.output import Format, refuse, refusing, tell
from hostledger.reading import currency_code, opened, present, settings_of
from hostledger.settings import WrongSetting, duration_ms, time_zone
from hostledger.values import one_of

_PER = 1_000
Asked = dict[str, str | None]


def analyse_script(
    context: typer.Context,
    script: str,
    asked: Asked,
    alpha: float,
    tightest_at: int,
    plot: Path | None,
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
        arm = one_of("assigned", "seen")(str(asked["arm"]))
        lengths = [duration_ms(str(asked[name])) for name in ("window", "past")]
        shares = shares_of(str(asked["shares"]))
        if plot:
            picture(plot)
    control = asked["control"] or min(shares)
    if control not in shares:
        refuse(f"--control {control!r} is not among the variants; use one of: {', '.join(sorted(shares))}")
    with opened(data or settings.data, settings) as warehouse:
        viewers, code = _viewers(warehouse, script, asked["salt"] or script, shares, lengths, currency_code(currency))
    rule = Rule(alpha=alpha, tightest_at=tightest_at)
    found = result(viewers, shares, control, rule, arm)
    present(_table(viewers, found, shares, arm, code), output, f"Script {script}: net revenue of {_PER:,} viewers")
    _say(found, arm, rule)
    if plot and found.comparisons:
        paths = {one.variant: path(viewers, shares, (control, one.variant), rule, arm) for one in found.comparisons}
        with refusing(OSError):
            drawn(plot, paths, control, code, zone, _PER)
        tell(f"The lift over time is drawn in {plot}.")


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
    warehouse: Warehouse, script: str, salt: str, shares: dict[str, int], lengths: list[int], currency: str
) -> tuple[pl.DataFrame, str]:
    """Everyone whose window is over, with arm and outcome, in the order of exposure; and the currency."""
    started = warehouse.query("experiment_starts", script=script)
    if started.is_empty():
        known = warehouse.query("experiment_scripts")["script_id"].to_list()
        refuse(
            f"script {script!r} never ran; use one of: {', '.join(known) or 'none, there is no script_started event'}"
        )
    ran = runs(started, warehouse.query("experiment_shifts", script=script, open_ms=OPEN_MS), script)
    exposed = exposures(watches(warehouse.query("experiment_presence", script=script)), ran)
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
    return outcomes(arms(complete, salt, shares), sold, refunds, *lengths), code


def _currency(orders: pl.DataFrame, currency: str) -> str:
    known = sorted(orders["currency"].unique())
    if currency and currency not in known:
        refuse(
            f"these viewers bought nothing in {currency}; use one of: {', '.join(known) or 'none, they bought nothing'}"
        )
    if not currency and len(known) != 1:
        refuse(f"these viewers bought in {len(known)} currencies; choose one with --currency: {', '.join(known)}")
    return currency or known[0]


def _table(viewers: pl.DataFrame, found: Result, shares: dict[str, int], arm: str, code: str) -> pl.DataFrame:
    """One row per variant. Averages and lifts are per 1,000 viewers, in minor units; the sums are exact, not capped."""
    bought = viewers.group_by(arm).agg(net=pl.col("net_minor").sum(), buyers=(pl.col("net_minor") > 0).sum())
    sold = {row[arm]: row for row in bought.to_dicts()}
    compared = {one.variant: one for one in found.comparisons}
    rows = []
    for variant, count in found.counts.items():
        net = sold.get(variant, {"net": 0, "buyers": 0})
        rows.append(
            {
                "variant": variant,
                "viewers": count,
                "meant_bp": round(10_000 * shares[variant] / sum(shares.values())),
                "buyers": net["buyers"],
                "currency": code,
                "net_minor": net["net"],
                "net_per_1000_minor": round(_PER * net["net"] / count) if count else None,
                **_lift(compared.get(variant)),
            }
        )
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
            f"BLOCKED: the arms are not as large as they were meant to be (chi-square {found.ratio.chi2:.1f}, p "
            f"{found.ratio.p:.2g} < 0.001). Something else than the hash chose who is in which: find it, and begin anew."
        )
    elif arm == "assigned" and found.complied < COMPLIES_FROM:
        tell(
            f"BLOCKED: only {100 * found.complied:.1f} % of the viewers saw the variant that the hash gives them, so it "
            "did not choose. Check --salt and --shares; or compare what they saw with --arm seen, which is no experiment."
        )
    elif not found.comparisons:
        tell("An arm has fewer than two viewers; wait.")
    else:
        left = ", ".join(f"{one.variant} {100 * one.variance_left:.0f} %" for one in found.comparisons)
        tell(
            f"Always valid: look as often as you like; the chance of a wrong finding stays {100 * rule.alpha:g} % in all. "
            f"Arms as meant (p {found.ratio.p:.2g}); {100 * found.complied:.1f} % saw what the hash gives. CUPED left of the "
            f"variance: {left}. Revenue of a viewer is capped at {found.cap_minor:.0f} minor units in averages and lifts."
        )
