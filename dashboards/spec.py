"""What a board is: one description, from which Grafana's JSON, the alert rules and the built-in page are made."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a panel shows its rows."""

    STAT = "stat"
    """One row; each column is a figure."""
    SERIES = "series"
    """Lines over time: the first column is `time`, one line per further column, or per value of `split`."""
    STACK = "stack"
    """Bars over time, stacked; columns as in SERIES."""
    TIMELINE = "timeline"
    """States over time: `time`, the lane, `state` (a code of `STATES`), and words; each holds until the next."""
    BARS = "bars"
    """Horizontal bars: the first column names them, the others measure."""
    TABLE = "table"
    """Rows and columns."""


class Unit(StrEnum):
    """What a column measures, and so how it is written."""

    TEXT = "text"
    TIME = "time"
    """A moment, UTC in the answer of the engine."""
    DATE = "date"
    """A day, or the first day of a period, of the seller's time zone."""
    COUNT = "count"
    MONEY = "money"
    """Decimals of the row's `currency`, else of the board's; exact."""
    SHARE = "share"
    """A part of one: 0.25 is written 25 %."""
    SECONDS = "seconds"
    NUMBER = "number"
    KIND = "kind"
    """human, digital, unknown, unattributed, excess_refund: a colour and a word."""
    STATE = "state"
    """A code of `STATES`."""
    CHECK = "check"
    """0 is right, anything else is wrong."""
    HOST = "host"
    """Name of a host; the column `host_id` beside it leads to the host's board."""
    SESSION = "session"
    """Title of a session; the column `session_id` beside it leads to the session's board."""
    ORDER = "order"
    """An order id; it leads to the order's explanation."""


STATES = {0: "nobody on air", 1: "human", 2: "digital", 3: "human and digital", 4: "unknown"}
"""Codes of who is on air."""

PALETTE = {
    "human": "#0072B2",
    "digital": "#E69F00",
    "unattributed": "#999999",
    "unknown": "#8A6D8F",
    "excess_refund": "#D55E00",
    "good": "#009E73",
    "warn": "#F0E442",
    "bad": "#D55E00",
}
"""Okabe and Ito's colours; the same thing has the same colour everywhere, and always a word beside it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a panel's answer.

    name: as the query gives it; title: as people read it; hidden: for links, colours and units of other columns;
    page_only: left out in Grafana (a text that would split a series).
    """

    name: str
    title: str
    unit: Unit = Unit.TEXT
    hidden: bool = False
    page_only: bool = False


@dataclass(frozen=True, slots=True)
class Threshold:
    """From this value on (inclusive) a figure is `good`, `warn` or `bad`."""

    value: float
    level: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One question and its answer.

    id: unique on its board, also the name of its query: `queries/<board>_<id>.sql`. title: may name `${currency}` and
    `${model}`. help: one sentence that states the formula. width: of 24 columns; height: of rows of 30 pixels.
    thresholds: of the first measured column. split: column whose values make the lines of a SERIES or STACK. own: true
    also where only the rows of some hosts are seen (`analytics.warehouse.own`); others are not shown to a host.
    page_only: it reads rows that name viewers, which Grafana's user does not see.
    """

    id: str
    kind: Kind
    title: str
    help: str
    columns: tuple[Column, ...]
    width: int = 12
    height: int = 8
    thresholds: tuple[Threshold, ...] = ()
    split: str | None = None
    own: bool = False
    page_only: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """What people may choose.

    query: name of a file in `queries/` with columns value, text; or options: values with their texts. multi: several at
    once, and none means all. A variable that is not multi always has one value: default, else the first of the answer.
    own: the query where only the rows of some hosts are seen, if it is another. page_only: it is for such panels.
    """

    name: str
    title: str
    query: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    default: str | None = None
    multi: bool = False
    hidden: bool = False
    own: str | None = None
    page_only: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """Marks laid over the panels over time: `queries/<query>.sql` gives time, text, and timeEnd for a stretch."""

    name: str
    title: str
    query: str
    level: str


@dataclass(frozen=True, slots=True)
class Board:
    """One audience, one question. since: the default range, as `now-1h`; refresh_s: seconds between two looks."""

    uid: str
    title: str
    audience: str
    question: str
    since: str
    refresh_s: int
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """Wakes somebody when the one number of `queries/<query>.sql` is above `above` for `for_s` seconds.

    The query knows no variables and no range beyond the last `window_s` seconds. summary: what is wrong; runbook: what
    to do, in one line. nothing_is_well: no row means that all is well; else no row is alarming too.
    """

    uid: str
    title: str
    query: str
    above: float
    for_s: int
    window_s: int
    summary: str
    runbook: str
    severity: str = "warning"
    nothing_is_well: bool = True
