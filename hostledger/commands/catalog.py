"""`hostledger catalog`: the views of finance, for people with tools of their own."""

import json

import polars as pl
import typer

from hostledger.output import Format, FormatOption, show
from hostledger.reading import DataOption, opened, settings_of


def catalog(context: typer.Context, data: DataOption = None, output: FormatOption = Format.TABLE) -> None:
    """Say which views finance can ask, what each answers, and what its columns mean.

    Example: hostledger catalog

    Example: hostledger catalog --format json

    The names finance_… and their columns stay. Ask them with `hostledger sql`, or on a ClickHouse server with any tool
    that speaks to it. Amounts end in _minor: whole minor units of the row's currency (JPY 0, CNY 2, KWD 3 decimals).
    Choose one model, and never add across currencies. period is the month in which a line counts: figures of a closed
    month never change; booked_period is the month to which it belongs, as known now.

    """
    settings = settings_of(context)
    with opened(data or settings.data, settings) as warehouse:
        found = warehouse.query("catalog_views")
    if output is Format.CSV:
        show(found, output)
        return
    views = found.partition_by("view", maintain_order=True)
    if output is Format.JSON:
        typer.echo(json.dumps([_view(of) for of in views], ensure_ascii=False, indent=2))
        return
    for of in views:
        view = _view(of)
        show(of.select("name", "type", "meaning"), output, f"{view['view']}: {view['question']}")


def _view(rows: pl.DataFrame) -> dict[str, object]:
    """One view with its columns."""
    columns = rows.select("name", "type", "meaning").to_dicts()
    return {"view": rows["view"][0], "question": rows["question"][0], "columns": columns}
