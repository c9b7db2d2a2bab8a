"""The board Hosts."""

from dashboards.boards.variables import COMMON
from dashboards.spec import Board, Column, Kind, Panel, Unit

_HOST = (
    Column("host", "Host", Unit.HOST),
    Column("host_id", "Host id", hidden=True),
    Column("kind", "Kind", Unit.KIND),
)

SCORECARD = Panel(
    id="scorecard",
    kind=Kind.TABLE,
    title="Scorecard, ${currency}, ${model}",
    help="Every ratio is one of sums over the range: net = GMV - refunds booked; per live hour = net / hours of the "
    "host's shifts; per viewer-hour = net / hours watched during them, whole for each co-host; AOV = GMV / orders that "
    "list the host; orders per view = orders / views (people in the room when the first whole minute of a shift begins "
    "+ room entries in the minutes that begin during it); refunds by amount = refunds / GMV, by orders = orders with a "
    "refund booked / orders; watch time = time watched during the shifts / views.",
    columns=(
        *_HOST,
        Column("twin_of", "Twin of"),
        Column("shifts", "Shifts", Unit.COUNT),
        Column("live_hours", "Live hours", Unit.NUMBER),
        Column("viewer_hours", "Viewer-hours", Unit.NUMBER),
        Column("views", "Views", Unit.COUNT),
        Column("orders", "Orders", Unit.COUNT),
        Column("conversion", "Orders per view", Unit.SHARE),
        Column("gmv", "GMV", Unit.MONEY),
        Column("net", "Net", Unit.MONEY),
        Column("aov", "AOV", Unit.MONEY),
        Column("per_live_hour", "Net per live hour", Unit.MONEY),
        Column("per_viewer_hour", "Net per viewer-hour", Unit.MONEY),
        Column("refund_rate", "Refunds by amount", Unit.SHARE),
        Column("refunded_orders", "Refunds by orders", Unit.SHARE),
        Column("watch_time", "Watch time per view", Unit.SECONDS),
    ),
    width=24,
    height=10,
    own=True,
)

RANKING = Panel(
    id="ranking",
    kind=Kind.BARS,
    title="Net per live hour, ${currency}, ${model}",
    help="Net credited in the range / hours of the host's shifts in the range; beside the name the sample: live hours, "
    "shifts and orders.",
    columns=(
        Column("host", "Host", Unit.HOST),
        Column("per_live_hour", "Net per live hour", Unit.MONEY),
        Column("host_id", "Host id", hidden=True),
        Column("kind", "Kind", Unit.KIND, hidden=True),
    ),
    height=10,
    own=True,
)

TWINS = Panel(
    id="twins",
    kind=Kind.TABLE,
    title="Host and digital twin, ${currency}, ${model}",
    help="Two rows for each digital host with a human original: the figures of the scorecard over all kinds the host "
    "had; difference = the twin's net per live hour - the original's, ratio = the one / the other, and the same per "
    "viewer-hour; a chosen host brings its whole pair, a chosen kind changes nothing.",
    columns=(
        Column("pair", "Pair"),
        *_HOST,
        Column("live_hours", "Live hours", Unit.NUMBER),
        Column("orders", "Orders", Unit.COUNT),
        Column("net", "Net", Unit.MONEY),
        Column("per_live_hour", "Net per live hour", Unit.MONEY),
        Column("per_viewer_hour", "Net per viewer-hour", Unit.MONEY),
        Column("conversion", "Orders per view", Unit.SHARE),
        Column("refund_rate", "Refunds by amount", Unit.SHARE),
        Column("live_difference", "Difference per live hour", Unit.MONEY),
        Column("live_ratio", "Ratio per live hour", Unit.NUMBER),
        Column("viewer_difference", "Difference per viewer-hour", Unit.MONEY),
        Column("viewer_ratio", "Ratio per viewer-hour", Unit.NUMBER),
    ),
    height=10,
)

BY_HOUR = Panel(
    id="by_hour",
    kind=Kind.TABLE,
    title="By hour of the day, ${currency}, ${model}",
    help="Net booked in an hour of the day, in the seller's time zone and over all days of the range / shift hours in "
    "it, human and digital hosts apart, with the shift hours beside.",
    columns=(
        Column("hour", "Hour"),
        Column("human", "Human: net per live hour", Unit.MONEY),
        Column("human_hours", "Human: live hours", Unit.NUMBER),
        Column("digital", "Digital: net per live hour", Unit.MONEY),
        Column("digital_hours", "Digital: live hours", Unit.NUMBER),
    ),
    height=10,
    own=True,
)

AVATAR_DAYS = Panel(
    id="avatar_days",
    kind=Kind.TABLE,
    title="Since the avatar's version began, ${currency}, ${model}",
    help="Digital hosts by days of 24 hours since the first shift after the registration that named their avatar's "
    "version: net booked on that day / shift hours on that day, over all versions seen in the range.",
    columns=(
        Column("day", "Day", Unit.COUNT),
        Column("versions", "Versions", Unit.COUNT),
        Column("live_hours", "Live hours", Unit.NUMBER),
        Column("orders", "Orders", Unit.COUNT),
        Column("net", "Net", Unit.MONEY),
        Column("per_live_hour", "Net per live hour", Unit.MONEY),
    ),
    height=10,
    own=True,
)

LEFTOVERS = Panel(
    id="leftovers",
    kind=Kind.TABLE,
    title="Sales credited after the host went off air, ${currency}, ${model}",
    help="Sum of the sales credited to a host who was not on air in the order's session when the order was paid (the "
    "grace period of on_air, the paths of the other models); share = this amount / the host's GMV.",
    columns=(
        *_HOST,
        Column("orders", "Orders", Unit.COUNT),
        Column("amount", "Amount", Unit.MONEY),
        Column("share", "Share of its GMV", Unit.SHARE),
    ),
    height=10,
    own=True,
)

TREND = Panel(
    id="trend",
    kind=Kind.SERIES,
    title="Net per live hour by day, ${currency}, ${model}",
    help="Net booked on a day of the seller's time zone / shift hours of that day, per kind of host; a day without a "
    "shift of the kind has no point.",
    columns=(
        Column("time", "Day", Unit.TIME),
        Column("kind", "Kind", Unit.KIND),
        Column("per_live_hour", "Net per live hour", Unit.MONEY),
    ),
    height=10,
    split="kind",
    own=True,
)

BOARD = Board(
    uid="hostledger-hosts",
    title="Hosts",
    audience="hosts",
    question="Who sells how well, measured fairly, also against the own digital twin?",
    since="now-7d",
    refresh_s=60,
    variables=COMMON,
    panels=(SCORECARD, RANKING, TREND, TWINS, BY_HOUR, AVATAR_DAYS, LEFTOVERS),
)
