"""Python values as ClickHouse query parameters, exactly: nothing a value holds can leave its place."""

from datetime import UTC, datetime

from analytics.warehouse import Parameter

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})
_QUOTE = str.maketrans({"'": "\\'"})


def bound(value: Parameter) -> str:
    """Write a value as the text of a query parameter.

    Text is escaped as in tab-separated values; inside an array it is a quoted literal. Times are UTC, to the
    millisecond.
    """
    if isinstance(value, list):
        return "[" + ",".join(_element(item) for item in value) + "]"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)


def _element(item: str | int) -> str:
    return f"'{item.translate(_ESCAPES).translate(_QUOTE)}'" if isinstance(item, str) else str(item)
