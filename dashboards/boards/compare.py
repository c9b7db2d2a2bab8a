"""The board Compare."""

from dashboards.boards.variables import CURRENCY, MODEL, PLATFORM, SELLER, SESSION, ZONE
from dashboards.spec import Board, Column, Kind, Panel, Unit, Variable

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

SCRIPT = Variable("script", "Script A/B", query="variable_script", page_only=True)
WINDOW = Variable(
    "window",
    "Script A/B: counts for",
    options=(("3600", "an hour"), ("86400", "a day"), ("604800", "a week")),
    default="86400",
    page_only=True,
)

SCRIPT_ARMS = Panel(
    id="script_arms",
    kind=Kind.TABLE,
    title="Script A/B: its variants, ${currency}",
    help="Net after refunds that each viewer paid in the time chosen, from the first exposure on; lift = mean of the "
    "variant less mean of the first by name, of 1,000 viewers, revenue capped at the 99th percentile of buyers; "
    "interval and p (normal mixture, 5 %, tightest at 5,000 viewers) hold however often you look; sizes p below 0.001, "
    "or fewer than 90 % who saw what the hash gives, block the comparison; since the test began, whatever the range; "
    "seller, platform and session do not narrow it; equal shares, and the plain difference: hostledger experiment "
    "analyse --script takes other shares and narrows the interval by what viewers bought before (CUPED).",
    columns=(
        Column("variant", "Variant"),
        Column("verdict", "So far"),
        Column("viewers", "Exposed", Unit.COUNT),
        Column("meant", "Meant", Unit.SHARE),
        Column("size", "Share", Unit.SHARE),
        Column("saw", "Saw theirs", Unit.SHARE),
        Column("sample_p", "Sizes: p", Unit.NUMBER),
        Column("buyers", "Buyers", Unit.COUNT),
        Column("net", "Net", Unit.MONEY),
        Column("per_1000", "Net of 1,000", Unit.MONEY),
        Column("lift", "Lift", Unit.MONEY),
        Column("low", "At least", Unit.MONEY),
        Column("high", "At most", Unit.MONEY),
        Column("p", "p", Unit.NUMBER),
    ),
    width=24,
    height=7,
    page_only=True,
)

SCRIPT_LIFT = Panel(
    id="script_lift",
    kind=Kind.SERIES,
    title="Script A/B: lift so far, of 1,000 viewers, ${currency}",
    help="The lift of the table over all viewers exposed until then and its interval at that time, capped as of today; "
    "that an interval leaves 0 once is a finding, with a chance of at most 5 % that it is a wrong one; empty where the "
    "comparison is blocked; the plain difference, not narrowed by CUPED.",
    columns=(
        Column("time", "Exposed", Unit.TIME),
        Column("line", "Line"),
        Column("value", "Of 1,000 viewers", Unit.MONEY),
    ),
    width=24,
    height=11,
    split="line",
    page_only=True,
)

BOARD = Board(
    uid="hostledger-compare",
    title="Compare",
    audience="hosts",
    question="Is the digital host better, like with like?",
    since="now-30d",
    refresh_s=300,
    variables=(SELLER, PLATFORM, SESSION, MODEL, CURRENCY, ZONE, SCRIPT, WINDOW),
    panels=(FIGURES, STRATA, SCRIPT_ARMS, SCRIPT_LIFT),
)
