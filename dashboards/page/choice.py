"""What a viewer of the page chose to see: a board, a stretch of time, values of the board's variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analytics.currencies import EXPONENTS
from analytics.zones import is_zone
from dashboards.boards import BOARDS
from dashboards.page.ranges import ALL, moment
from dashboards.spec import Board, Variable

LONGEST = 200
"""Characters of a value, and values of a variable."""

_TIMES = "use now, now-15m, now-6h, now-7d, an ISO date or time, or milliseconds since 1970"


class RefusedError(Exception):
    """A parameter has a value that the page does not know."""

    def __init__(self, field: str, value: str, remedy: str) -> None:
        super().__init__(f"{field} = {value!r}: {remedy}")
        self.field, self.value, self.remedy = field, value, remedy


@dataclass(frozen=True, slots=True)
class Choice:
    """What to show. since, until: as people write them; values: what was chosen, by variable, defaults included."""

    board: str
    since: str
    until: str
    values: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def zone(self) -> str:
        """The time zone in which days are days."""
        return dict(self.values).get("zone", ("UTC",))[0]


def read(
    board: str,
    parameters: Iterable[tuple[str, str]],
    defaults: Mapping[str, str],
    boards: Mapping[str, Board] = BOARDS,
) -> Choice:
    """Read a choice from the parameters of a request; an empty one counts as absent.

    defaults: values of variables where the board's own are not wanted. Raises RefusedError naming the field, the value
    and the remedy. boards: those that there are for whoever asks.
    """
    asked = _board(board, boards)
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if value:
            given.setdefault(name, []).append(value)
    since, until = _single(given, "from", asked.since), _single(given, "to", "now")
    known = {variable.name: variable for variable in asked.variables}
    for name in given.keys() - known.keys():
        raise RefusedError(name, given[name][0], f"use from, to, {', '.join(known)}")
    values = {name: _values(variable, given.get(name, []), defaults) for name, variable in known.items()}
    choice = Choice(board, since, until, tuple((name, chosen) for name, chosen in values.items() if chosen))
    _check_times(choice)
    return choice


def _board(name: str, boards: Mapping[str, Board]) -> Board:
    if name not in boards:
        raise RefusedError("board", name, f"use one of {', '.join(boards)}")
    return boards[name]


def _single(given: dict[str, list[str]], name: str, default: str) -> str:
    """Take a parameter that may stand once."""
    values = given.pop(name, [default])
    if len(values) > 1:
        raise RefusedError(name, values[1], "use it once")
    return values[0]


def _values(variable: Variable, given: list[str], defaults: Mapping[str, str]) -> tuple[str, ...]:
    if not given:
        default = defaults.get(variable.name, variable.default)
        return () if variable.multi or default is None else (default,)
    if len(given) > (LONGEST if variable.multi else 1):
        remedy = f"use at most {LONGEST} values" if variable.multi else "use it once"
        raise RefusedError(variable.name, given[-1][:LONGEST], remedy)
    for value in given:
        if refused := _remedy(variable, value):
            raise RefusedError(variable.name, value[:LONGEST], refused)
    return tuple(dict.fromkeys(given))


def _remedy(variable: Variable, value: str) -> str | None:
    """Say what would do, if a value cannot be one of the variable."""
    if variable.name == "zone":
        return None if is_zone(value) else "use the name of a time zone, such as Asia/Shanghai or UTC"
    if variable.name == "currency":
        return None if value in EXPONENTS else "use an ISO 4217 code in capitals, such as CNY or JPY"
    if variable.options and value not in dict(variable.options):
        return f"use one of {', '.join(dict(variable.options))}"
    return f"use at most {LONGEST} characters" if len(value) > LONGEST else None


def _check_times(choice: Choice) -> None:
    """Refuse times that are none, and a range that ends before it begins, as far as can be said without the books."""
    if choice.since != ALL and moment(choice.since, choice.zone) is None:
        raise RefusedError("from", choice.since[:LONGEST], f"{_TIMES}, or {ALL}")
    if moment(choice.until, choice.zone) is None:
        raise RefusedError("to", choice.until[:LONGEST], _TIMES)
