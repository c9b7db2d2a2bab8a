"""`hostledger boards`: the boards and alerts in Grafana."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from dashboards.boards import ALERTS, BOARDS
from dashboards.grafana import publishing
from dashboards.grafana.alerting import rule
from dashboards.grafana.checking import is_uid, problems, rule_problems
from dashboards.grafana.connection import Access, Grafana, GrafanaError
from dashboards.grafana.emitting import emitted
from dashboards.grafana.files import files
from dashboards.grafana.files import write as write_files
from dashboards.grafana.trying import Tried, tried
from hostledger.output import Format, FormatOption, refuse, refusing, show, tell
from hostledger.reading import DataOption, opened, settings_of
from hostledger.settings import Settings
from hostledger.values import WrongSetting, web_address

app = typer.Typer(no_args_is_help=True)


@app.command()
def write(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="folder of provisioning, as in dashboards/provisioning")],
) -> None:
    """Write boards and alert rules as files for Grafana's provisioning: boards/*.json, alerting/hostledger.yaml.

    Example: hostledger boards write dashboards/provisioning

    The same description gives the same bytes, and a file that is right already is not touched. Days are days of
    HOSTLEDGER_TIMEZONE. Mount the folders as docker-compose.yml does; Grafana reads boards anew every 30 seconds, and
    alert rules when it starts.

    """
    _sound()
    try:
        changed = write_files(folder, files(BOARDS, ALERTS, settings_of(context).timezone))
    except OSError as error:
        refuse(f"FOLDER={folder} cannot be written: {error.strerror}; name a folder that you may write to")
    for name in changed:
        typer.echo(str(folder / name))
    tell(f"Files written: {len(changed)}." if changed else "All files are right already.")


@app.command()
def check(context: typer.Context, data: DataOption = None, output: FormatOption = Format.TABLE) -> None:
    """Prove that every board is sound and that each of its queries answers on a warehouse, and how fast.

    Example: hostledger boards check --data my-demo

    Example: HOSTLEDGER_CLICKHOUSE=clickhouse://reader@127.0.0.1:9000/hostledger hostledger boards check

    Every query of panels, variables, annotations and alerts runs twice, as Grafana would send it: with nothing chosen,
    and with one value of each variable. Columns: board, what, rows (the most), ms (the slower try), error. The range is
    the board's own, up to the last minute in which viewers did anything. Exit code 2 names what failed.

    """
    settings = settings_of(context)
    _sound()
    with opened(data or settings.data, settings) as warehouse:
        found = list(tried(warehouse, BOARDS, ALERTS, settings.timezone))
    show(_frame(found), output, "Boards")
    if failed := [one for one in found if one.error]:
        refuse("\n".join(f"board {one.board}, {one.what}: {one.error}" for one in failed))
    tell(f"Queries that answer: {len(found)}. Boards that are sound: {len(BOARDS)}.")


@app.command()
def publish(
    context: typer.Context,
    folder: Annotated[
        str, typer.Option(help="uid and name of the folder; it is made if it is not there")
    ] = "hostledger",
    datasource_url: Annotated[
        str,
        typer.Option(help="where Grafana finds ClickHouse, to make the data source if there is none"),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would change, line by line")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Bring boards and alert rules into a running Grafana; a second time changes nothing.

    Example: hostledger boards publish --dry-run

    Example: hostledger boards publish --datasource-url http://clickhouse:8123/hostledger

    Grafana is that of HOSTLEDGER_GRAFANA, 11.6 or newer with its ClickHouse plugin. HOSTLEDGER_GRAFANA_TOKEN is the
    token of a service account there with the role Admin (Editor, where data source and folder are there already);
    HOSTLEDGER_GRAFANA_USER and HOSTLEDGER_GRAFANA_PASSWORD do too. The data source has the uid clickhouse and is never
    changed; one that is made reads as the user grafana with HOSTLEDGER_GRAFANA_CLICKHOUSE_PASSWORD.

    What somebody else made, or changed in Grafana since, is refused by name, with exit code 2, and then nothing is
    changed at all. Boards that come from files there (docker-compose.yml) are changed by `hostledger boards write`.

    """
    settings = settings_of(context)
    _sound()
    wanted = _wanted(settings, folder, datasource_url)
    with refusing(GrafanaError), Grafana(_access(settings)) as grafana:
        steps = publishing.plan(grafana, wanted)
        _tell_steps(steps, output, dry_run=dry_run)
        if refused := [step for step in steps if step.action == publishing.REFUSE]:
            refuse("\n".join(f"{step.what} {step.name}: {step.why}." for step in refused) + "\nNothing was changed.")
        if not dry_run:
            publishing.publish(grafana, wanted, steps)
    _conclude(steps, dry_run=dry_run)


def _tell_steps(steps: list[publishing.Step], output: Format, *, dry_run: bool) -> None:
    """Show what is to be done; a dry run also shows how the JSON changes, line by line."""
    rows = [(step.what, step.name, step.action, step.why, step.change) for step in steps]
    frame = pl.DataFrame(rows, schema=["what", "name", "action", "why", "change"], orient="row")
    if dry_run and output is Format.TABLE:
        typer.echo("".join(frame["change"]), nl=False)
    show(frame if dry_run and output is not Format.TABLE else frame.drop("change"), output)


def _conclude(steps: list[publishing.Step], *, dry_run: bool) -> None:
    changes = sum(step.action != publishing.KEEP for step in steps)
    if not changes:
        tell("Everything is there already; nothing was changed.")
    elif dry_run:
        tell(f"Changes that hostledger boards publish would make: {changes}.")
    else:
        tell(f"Made or changed: {changes}.")


def _access(settings: Settings) -> Access:
    return Access(settings.grafana, settings.grafana_token, settings.grafana_user, settings.grafana_password)


def _wanted(settings: Settings, folder: str, datasource_url: str) -> publishing.Wanted:
    if not is_uid(folder):
        refuse(f"folder {folder!r} cannot be a uid in Grafana; use up to 40 letters, digits, hyphens")
    if datasource_url:
        try:
            web_address(datasource_url)
        except WrongSetting as error:
            refuse(f"--datasource-url: {error}")
        if not settings.grafana_clickhouse_password:
            refuse("the data source needs a password: set HOSTLEDGER_GRAFANA_CLICKHOUSE_PASSWORD")
    everything = tuple(BOARDS.values())
    return publishing.Wanted(
        [emitted(name, board, everything, settings.timezone) for name, board in BOARDS.items()],
        [rule(alert) for alert in ALERTS],
        folder,
        datasource_url,
        settings.grafana_clickhouse_password,
    )


def _sound() -> None:
    """Refuse boards and rules that are not sound."""
    everything = tuple(BOARDS.values())
    found = [
        f"board {name}: {told}" for name, board in BOARDS.items() for told in problems(emitted(name, board, everything))
    ]
    found += [told for alert in ALERTS for told in rule_problems(rule(alert))]
    if found:
        refuse("\n".join(found))


def _frame(found: list[Tried]) -> pl.DataFrame:
    rows = [(one.board, one.what, one.rows, round(one.ms, 1), one.error) for one in found]
    return pl.DataFrame(rows, schema=["board", "what", "rows", "ms", "error"], orient="row")
