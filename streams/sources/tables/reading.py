"""A table file as text, exactly as it stands there, with the number of each row."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import polars as pl

HEADER_LINES = 1


class WrongFileError(ValueError):
    """The file is not what it should be; the message names line, field, value and remedy."""

    def __init__(self, file: Path, *, line: int, field: str, value: str | None, remedy: str) -> None:
        shown = "nothing" if value is None else repr(value)
        super().__init__(f"{file.name}, line {line}, {field}: {shown} cannot be read. Remedy: {remedy}.")
        self.line, self.field, self.value, self.remedy = line, field, value, remedy


def read_csv(file: Path, columns: Collection[str], remedy: str) -> pl.DataFrame:
    """Read a CSV file, plain or gzipped: row (0, 1, …) and every column as text. Raises WrongFileError."""
    try:
        named = pl.read_csv(file, has_header=False, n_rows=1, infer_schema=False).row(0)
        raw = pl.read_csv(file, infer_schema=False, row_index_name="row")
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error, remedy) from error
    if twice := [name for name, times in Counter(named).items() if times > 1]:
        remedy = "name each column of the header once"
        raise WrongFileError(file, line=HEADER_LINES, field="header", value=twice[0], remedy=remedy)
    return _checked(raw.filter(~pl.all_horizontal(pl.exclude("row").is_null())), file, columns)


def read_parquet(file: Path, columns: Collection[str], remedy: str) -> pl.DataFrame:
    """Read columns of a Parquet file: row (0, 1, …) and the columns as text. Raises WrongFileError.

    A column of floats is refused: its amounts were rounded before they got here, and its ids have lost digits. So is
    one of lists or of fields within fields, which has no one text.
    """
    try:
        raw = pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(file, error, remedy) from error
    for column in columns:
        if column in raw.columns and (told := _inexact(raw.schema[column])):
            raise WrongFileError(file, line=HEADER_LINES, field=column, value=str(raw.schema[column]), remedy=told)
    wanted = [column for column in columns if column in raw.columns]
    try:
        texts = raw.select(_text(raw, column) for column in wanted)
    except pl.exceptions.PolarsError as error:
        raise _unreadable(file, error, remedy) from error
    return _checked(texts.with_row_index("row"), file, columns)


def refuse_first(raw: pl.DataFrame, file: Path, field: str, wrong: pl.Expr, remedy: str) -> None:
    """Raise WrongFileError for the first row of which this is so."""
    for row, value in raw.filter(wrong).select("row", field).head(1).iter_rows():
        raise WrongFileError(file, line=row + HEADER_LINES + 1, field=field, value=value, remedy=remedy)


def utc_ms(local: pl.Expr, zone: str) -> pl.Expr:
    """Local times of a zone as milliseconds UTC, deterministic on the two days when the clock changes.

    A time that occurs twice (autumn) is its first occurrence, summer time; a time that does not occur (spring) is read
    as if the clock had not been changed yet, winter time.
    """
    placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    before = (local - pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.epoch("ms").fill_null(before.dt.epoch("ms") + 3_600_000)


def _inexact(kind: pl.DataType) -> str | None:
    """Say what to do about a column that is not exactly one text per row."""
    if kind.is_float():
        return "write it as text, whole numbers or decimals: floats have lost digits already"
    if kind.is_nested():
        return "write one value per row: text, a whole number, a decimal or a time"
    return None


def _text(raw: pl.DataFrame, column: str) -> pl.Expr:
    if raw.schema[column].is_temporal():
        return pl.col(column).dt.to_string("iso").alias(column)
    return pl.col(column).cast(pl.String)


def _unreadable(file: Path, error: Exception, remedy: str) -> WrongFileError:
    said = str(error).partition("\n")[0]
    return WrongFileError(file, line=HEADER_LINES, field="file", value=said, remedy=remedy)


def _checked(raw: pl.DataFrame, file: Path, columns: Collection[str]) -> pl.DataFrame:
    for column in columns:
        if column not in raw.columns:
            found = ", ".join(raw.columns[1:])
            remedy = f"the header must have the columns {', '.join(columns)}"
            raise WrongFileError(file, line=HEADER_LINES, field=column, value=found, remedy=remedy)
    return raw.with_columns(pl.col("row").cast(pl.Int64))
