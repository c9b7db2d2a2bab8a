"""The board Compare."""

from dashboards.boards.variables import CURRENCY, MODEL, PLATFORM, SELLER, SESSION, ZONE
from dashboards.spec import Board, Column, Kind, Panel, Unit

_RATES = (
    Column("human", "Human", Unit.MONEY),
    Column("digital", "Digital", Unit.MONEY),
    Column("difference", "Digital less human", Unit.MONEY),
)
_SIZES = (
    Column("human_hours", "Human: viewer-hours", Unit.NUMBER),
    Column("digital_hours", "Digital: viewer-hours", Unit.NUMBER),
)

FIGURES = Panel(
    id="figures",
    kind=Kind.TABLE,
    title="Net per viewer-hour, crude and like with like, ${currency}, ${model}",
    help="Net of what was sold in the range / hours watched under line-ups of one kind; crude: over all; "
    "stratified: rates within platform, hour of the day and category, weighted by the viewer-hours of both "
    "kinds (ATE), of digital hosts (ATT), or by n0 n1 / (n0 + n1) (Mantel-Haenszel); left out: the share of "
    "viewer-hours in strata with one kind only; nobody drew lots for who goes on air, and hostledger compare "
    "gives the intervals.",
    columns=(
        Column("figure", "Figure"),
        *_RATES,
        Column("strata", "Strata with both", Unit.COUNT),
        *_SIZES,
        Column("left_out", "Left out", Unit.SHARE),
    ),
    width=24,
    height=7,
)

STRATA = Panel(
    id="strata",
    kind=Kind.TABLE,
    title="Net per viewer-hour by stratum, ${currency}, ${model}",
    help="The same within each platform, hour of the day of the seller and category, with the viewer-hours and "
    "sessions that it stands on; the most traffic first; empty: none watched this kind there.",
    columns=(
        Column("platform", "Platform"),
        Column("hour", "Hour"),
        Column("category", "Category"),
        *_RATES,
        *_SIZES,
        Column("human_sessions", "Human: sessions", Unit.COUNT),
        Column("digital_sessions", "Digital: sessions", Unit.COUNT),
    ),
    width=24,
    height=16,
)

BOARD = Board(
    uid="hostledger-compare",
    title="Compare",
    audience="hosts",
    question="Is the digital host better, like with like?",
    since="now-30d",
    refresh_s=300,
    variables=(SELLER, PLATFORM, SESSION, MODEL, CURRENCY, ZONE),
    panels=(FIGURES, STRATA),
)
