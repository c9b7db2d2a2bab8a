"""SQL of the boards: one file per question, in the macro dialect of Grafana's ClickHouse data source.

A fragment in double braces is put in when the file is read: what several questions say in the same words.
"""

import re
from functools import cache
from importlib import resources

from analytics.currencies import EXPONENTS

_FRAGMENT = re.compile(r"\{\{(\w+)\}\}")
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_USUAL = 2


def _units(currency: str) -> str:
    """How many minor units of a currency make one, as SQL."""
    odd = sorted(code for code, digits in EXPONENTS.items() if digits != _USUAL)
    codes = ", ".join(f"'{code}'" for code in odd)
    units = ", ".join(str(10 ** EXPONENTS[code]) for code in odd)
    return f"transform({currency}, [{codes}], [{units}], {10**_USUAL})"


@cache
def statement(name: str) -> str:
    """Read the statement `queries/<name>.sql`, its header comment left out and its fragments put in."""
    return _whole(_COMMENT.sub("", _file(name)).strip())


def _whole(text: str) -> str:
    """Put in the fragments that a text names, and those that they name."""
    return _FRAGMENT.sub(lambda found: _whole(_fragments()[found[1]]), text)


@cache
def _fragments() -> dict[str, str]:
    """Fragments by name: `queries/_<name>.sql`, and how many minor units make one of a currency."""
    folder = resources.files("dashboards") / "queries"
    names = [file.name[1:-4] for file in folder.iterdir() if file.name.startswith("_")]
    read = {name: _COMMENT.sub("", _file(f"_{name}")).strip() for name in names}
    return read | {"units": _units("${currency:sqlstring}"), "row_units": _units("toString(currency)")}


def _file(name: str) -> str:
    return (resources.files("dashboards") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
