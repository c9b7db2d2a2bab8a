"""`hostledger attribute`: events in, ledger entries out; nothing is stored."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from analytics.crediting import books, contradictions
from analytics.decoding import REJECTS, decode
from analytics.facts import Facts
from analytics.rules import MODELS, Rules
from hostledger.output import refuse, refusing, tell
from hostledger.settings import Settings, WrongSetting, duration_ms, position_shares
from streams.sources.files import WrongFile, stretches

PUBLISHED = ["order_id", "model", "host_id", "kind", "refund_id", "amount_minor", "currency", "booked_at"]


def attribute(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="newline-delimited events, .gz too; - for standard input")],
    *,
    model: Annotated[
        list[str] | None, typer.Option(help=f"model to run, may be repeated; all by default: {', '.join(MODELS)}")
    ] = None,
    lookback: Annotated[str | None, typer.Option(help="how far back a viewer's path reaches, as in 7d")] = None,
    grace: Annotated[
        str | None, typer.Option(help="dead air that still credits the hosts before it, as in 120s")
    ] = None,
    half_life: Annotated[str | None, typer.Option(help="half-life of time_decay, as in 7d")] = None,
    position: Annotated[str | None, typer.Option(help="shares of the first and the last step, as in 0.4,0.4")] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="write lines that are no events to this file, with reasons")
    ] = None,
) -> None:
    """Say who earned what: events in, one JSON line per ledger entry out. Nothing is stored.

    Each line has order_id, model, host_id, kind (sale, refund, restatement), refund_id or null, amount_minor, currency,
    booked_at (milliseconds UTC). The accounts `unattributed` and `excess_refund` appear as host_id; refunds are
    negative, excess_refund is positive. Lines that are no events are counted on standard error; the others are not
    harmed.

    For example:

      hostledger attribute day.ndjson > entries.ndjson

      hostledger attribute mon.ndjson.gz tue.ndjson.gz --model on_air --model last --lookback 3d

      zcat day.ndjson.gz | hostledger attribute - --model time_decay --half-life 12h

    """
    with refusing(WrongSetting, WrongFile):
        rules = _rules(context.obj, model, lookback, grace, half_life, position)
        facts, refused = _read(files)
    result = books(facts, rules)
    entries = result.entries.rename({"booked_ms": "booked_at"}).select(PUBLISHED)
    if rejects:
        _keep(refused, rejects)
    typer.echo(entries.write_ndjson(), nl=False)
    waiting = facts.refunds.unique("refund_id").join(facts.orders, on="order_id", how="anti").height
    tell(_summary(facts, refused, waiting, result.mismatched_refunds.height, contradictions(facts)))


def _keep(refused: pl.DataFrame, file: Path) -> None:
    lines = refused.with_columns(pl.col("line").bin.encode("base64")).write_ndjson()
    try:
        file.write_bytes(lines.encode())
    except OSError as error:
        refuse(f"--rejects {file} cannot be written: {error.strerror}; name a file in a folder that exists")


def _rules(
    settings: Settings,
    models: list[str] | None,
    lookback: str | None,
    grace: str | None,
    half_life: str | None,
    position: str | None,
) -> Rules:
    durations = {"lookback_ms": lookback, "grace_ms": grace, "half_life_ms": half_life}
    options = {name: f"--{name.removesuffix('_ms').replace('_', '-')}" for name in durations}
    changes: dict[str, object] = {
        name: _duration(options[name], text) for name, text in durations.items() if text is not None
    }
    if models:
        changes["models"] = tuple(models)
    if position is not None:
        changes["position"] = position_shares(position)
    try:
        return settings.rules(**changes)
    except WrongSetting as error:
        said = str(error)
        for name in durations.keys() & changes.keys():
            said = said.replace(f"{name} is {changes[name]}", f"{options[name]} is {durations[name]}")
        raise WrongSetting(said) from None


def _duration(option: str, text: str) -> int:
    try:
        return duration_ms(text)
    except WrongSetting as error:
        raise WrongSetting(f"{option}: {error}") from None


def _read(files: list[Path]) -> tuple[Facts, pl.DataFrame]:
    parts, refused = [], [pl.DataFrame(schema={"file": pl.String, **REJECTS})]
    for path in files:
        position = 1
        for stretch in stretches(path):
            decoded = decode(stretch, position)
            position += decoded.lines
            parts.append(decoded.facts)
            refused.append(decoded.rejects.select(pl.lit(str(path)).alias("file"), *REJECTS))
    return Facts.joined(parts), pl.concat(refused)


def _summary(facts: Facts, refused: pl.DataFrame, waiting: int, mismatched: int, contradicting: int) -> str:
    parts = [f"{facts.events:,} events read"]
    if refused.height:
        counts = refused.group_by("reason").len().sort("len", "reason", descending=[True, False])
        parts.append("rejected: " + ", ".join(f"{count:,} {reason}" for reason, count in counts.iter_rows()))
    if waiting:
        parts.append(f"{waiting:,} refunds wait for their order")
    if mismatched:
        parts.append(f"{mismatched:,} refunds are in another currency than their order and are not booked")
    if contradicting:
        parts.append(f"{contradicting:,} orders or refunds contradict an earlier one of their id, which stands")
    return "; ".join(parts)
