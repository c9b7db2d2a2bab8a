"""`hostledger experiment`: draw a test of human against digital, or of two scripts; and say what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from hostledger.commands.experiment_design import design
from hostledger.commands.experiment_script import ScriptTest, analyse_script
from hostledger.commands.experiment_switchback import analyse_switchback
from hostledger.output import Format, FormatOption, refuse
from hostledger.reading import CurrencyOption, DataOption, ZoneOption

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("design")(design)


@app.command("analyse")
def analyse(
    context: typer.Context,
    *,
    switchback: Annotated[bool, typer.Option("--switchback", help="a switchback; needs --design")] = False,
    drawn: Annotated[
        Path | None,
        typer.Option("--design", exists=True, dir_okay=False, help="file that experiment design has written"),
    ] = None,
    script: Annotated[str | None, typer.Option(help="a script A/B test: the script_id of the events")] = None,
    shares: Annotated[str, typer.Option(help="variants and their shares, as they were meant")] = "A=50,B=50",
    control: Annotated[str | None, typer.Option(help="variant to compare with; the first by name")] = None,
    salt: Annotated[str | None, typer.Option(help="name in the hash; the script_id unless given")] = None,
    arm: Annotated[
        str, typer.Option(help="assigned: by the hash; seen: by what ran where the viewer was first exposed")
    ] = "assigned",
    window: Annotated[str, typer.Option(help="how long after the first exposure purchases count")] = "1d",
    past: Annotated[str, typer.Option(help="how long before it they narrow the interval (CUPED)")] = "30d",
    alpha: Annotated[float, typer.Option(help="chance of a wrong finding (script)", min=0.0001, max=0.5)] = 0.05,
    tightest_at: Annotated[
        int, typer.Option(help="viewers at which the interval is to be tightest; say it before you begin", min=10)
    ] = 5_000,
    plot: Annotated[
        Path | None, typer.Option(help="draw the lift over time to this file, .png or .svg (script)")
    ] = None,
    draws: Annotated[int, typer.Option(help="draws of the p-value by lot (switchback)", min=100)] = 2_000,
    data: DataOption = None,
    currency: CurrencyOption = None,
    timezone: ZoneOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say what came of an experiment, with an interval and what would make it worthless.

    Example: hostledger experiment analyse --switchback --design evening.json

    Example: hostledger experiment analyse --script opening-v2 --window 1h --plot lift.png

    A switchback: what an hour brings more, net of refunds, with digital hosts than with human ones, by regression (the
    answer) and by Horvitz-Thompson (its check). A schedule that was not run as drawn is said.

    A script test: net revenue of 1,000 viewers of each variant, and the lift over the control. You may look as often as
    you like: the interval and the p-value hold at every look. Arms of the wrong size block the result. Which variant a
    viewer has: the first 8 bytes of sha256(salt + 0x1F + viewer_id), see docs/METHODS.md.

    """
    if switchback == bool(script):
        refuse("say what to analyse: --switchback --design FILE, or --script SCRIPT_ID")
    if script:
        asked = ScriptTest(script, shares, control, salt or script, arm, window, past, alpha, tightest_at, plot)
        analyse_script(context, asked, data=data, currency=currency, timezone=timezone, output=output)
    elif drawn is None:
        refuse("a switchback is analysed as it was drawn; give the file with --design FILE")
    else:
        analyse_switchback(context, drawn, draws, data=data, timezone=timezone, output=output)
