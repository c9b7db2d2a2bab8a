"""The board Live."""

from functools import partial

from dashboards.boards.variables import COMMON
from dashboards.spec import Annotation, Board, Column, Kind, Panel, Threshold, Unit

_SHARE = Column("share", "Share", Unit.SHARE)
_GMV = Column("gmv", "GMV", Unit.MONEY)
_wide = partial(Panel, width=24)


def _stat(id_: str, title: str, help_: str, *columns: Column, thresholds: tuple[Threshold, ...] = ()) -> Panel:
    return Panel(id_, Kind.STAT, title, help_, columns, width=3, height=4, thresholds=thresholds)


_STATS = (
    _stat(
        "gmv",
        "GMV (${currency})",
        "Sum of paid amounts by payment time under ${model}; buyers: distinct people, empty if hosts are chosen.",
        _GMV,
        Column("buyers", "Buyers", Unit.COUNT),
    ),
    _stat(
        "net",
        "Net (${currency})",
        "GMV less refunds; a refund counts when it is made, what exceeds its order included.",
        Column("net", "Net", Unit.MONEY),
        Column("refunds", "Refunds", Unit.MONEY),
    ),
    _stat(
        "orders",
        "Orders",
        "Paid orders, or those that list the hosts or kinds chosen, once for each host; average = GMV / orders.",
        Column("orders", "Orders", Unit.COUNT),
        Column("average", "Average", Unit.MONEY),
    ),
    _stat(
        "items",
        "Items",
        "Pieces of the paid orders in ${currency}; empty where a host or a kind is chosen, for pieces are nobody's.",
        Column("items", "Items", Unit.COUNT),
        Column("per_order", "Per order", Unit.NUMBER),
    ),
    _stat(
        "online",
        "People online",
        "People who came in less people who left, summed up to the end of the range, over the sessions chosen.",
        Column("online", "People online", Unit.COUNT),
    ),
    _stat(
        "digital_share",
        "Digital share",
        "GMV credited to digital hosts / GMV of the sessions chosen, whatever host or kind is chosen.",
        _SHARE,
    ),
    _stat(
        "unattributed_share",
        "Unattributed",
        "GMV that no host has / GMV of the sessions chosen, whatever host or kind is chosen.",
        _SHARE,
        thresholds=(Threshold(0, "good"), Threshold(0.05, "warn"), Threshold(0.15, "bad")),
    ),
    _stat(
        "data_age",
        "Data age",
        "Seconds from the newest stored event to now; the range does not matter.",
        Column("age", "Data age", Unit.SECONDS),
        thresholds=(Threshold(0, "good"), Threshold(60, "warn"), Threshold(300, "bad")),
    ),
)
_OVER_TIME = (
    _wide(
        "revenue",
        Kind.STACK,
        "GMV by kind of host (${currency})",
        "GMV of each step of time under ${model}, by the kind that the host had in that minute.",
        (Column("time", "Time", Unit.TIME), Column("kind", "Kind", Unit.KIND), _GMV),
        height=9,
        split="kind",
    ),
    _wide(
        "line_ups",
        Kind.TIMELINE,
        "On air",
        "Hosts with shift start <= t < shift end, per session; the twelve sessions that were on air last.",
        (
            Column("time", "Time", Unit.TIME),
            Column("session", "Session", Unit.SESSION),
            Column("state", "On air", Unit.STATE),
            Column("hosts", "Hosts", page_only=True),
            Column("session_id", "Session id", hidden=True, page_only=True),
        ),
        height=7,
    ),
)
_NOW = (
    _wide(
        "on_air",
        Kind.TABLE,
        "On air at the end of the range (${currency})",
        "Shifts with start < end of the range <= end of the shift, and rooms with people only; the 100 most watched.",
        (
            Column("session", "Session", Unit.SESSION),
            Column("platform", "Platform"),
            Column("category", "Category"),
            Column("host", "Host", Unit.HOST),
            Column("kind", "Kind", Unit.KIND),
            Column("likeness", "Twin of"),
            Column("since", "Since", Unit.TIME),
            Column("seconds", "On air", Unit.SECONDS),
            Column("label", "AI label"),
            Column("online", "Online", Unit.COUNT),
            _GMV,
            Column("session_id", "Session id", hidden=True),
            Column("host_id", "Host id", hidden=True),
        ),
        height=7,
    ),
    _wide(
        "rates",
        Kind.STAT,
        "Rates (${currency})",
        "GPM = GMV x 1000 / views; CTOR = orders / product clicks; UV value = GMV / viewers; interaction rate = "
        "people who comment, like, share or follow / viewers; PCU = most people online at the end of a minute; ACU = "
        "time watched / time on air; of whole sessions, so orders outside of them are in no rate.",
        (
            Column("gpm", "GPM", Unit.MONEY),
            Column("ctor", "CTOR", Unit.SHARE),
            Column("uv_value", "UV value", Unit.MONEY),
            Column("interaction_rate", "Interaction rate", Unit.SHARE),
            Column("pcu", "PCU", Unit.COUNT),
            Column("acu", "ACU", Unit.NUMBER),
        ),
        height=4,
    ),
    Panel(
        "funnel",
        Kind.BARS,
        "Funnel",
        "Distinct people of the sessions chosen who came in, clicked a product, put one in the cart, and bought in "
        "any currency; share = people / viewers.",
        (Column("step", "Step"), Column("people", "People", Unit.COUNT), Column("share", "Of viewers", Unit.SHARE)),
        width=8,
    ),
    Panel(
        "audience",
        Kind.SERIES,
        "People online over time",
        "The most people online at the end of a minute, in each step of time, over the sessions chosen.",
        (Column("time", "Time", Unit.TIME), Column("online", "People online", Unit.COUNT)),
        width=16,
    ),
)
_RANKED = (
    Panel(
        "products",
        Kind.TABLE,
        "Products (${currency})",
        "Line totals of all paid orders, in sessions or outside, the 40 highest; share = GMV / GMV of all products.",
        (
            Column("product", "Product"),
            Column("pieces", "Pieces", Unit.COUNT),
            _GMV,
            _SHARE,
        ),
        width=8,
        height=10,
    ),
    Panel(
        "sessions",
        Kind.TABLE,
        "Sessions (${currency})",
        "The 100 with the highest GMV; live = time with somebody on air; watch time = time watched / viewers, from the "
        "session's begin to the end of the range; shares of the GMV whatever host is chosen.",
        (
            Column("session", "Session", Unit.SESSION),
            Column("platform", "Platform"),
            Column("seller", "Seller"),
            _GMV,
            Column("net", "Net", Unit.MONEY),
            Column("orders", "Orders", Unit.COUNT),
            Column("live", "Live", Unit.SECONDS),
            Column("viewers", "Viewers", Unit.COUNT),
            Column("watch_time", "Watch time", Unit.SECONDS),
            Column("digital_share", "Digital", Unit.SHARE),
            Column("unattributed_share", "Unattributed", Unit.SHARE),
            Column("session_id", "Session id", hidden=True),
        ),
        width=16,
        height=10,
    ),
    _wide(
        "hosts",
        Kind.TABLE,
        "Hosts (${currency})",
        "The 200 with the highest net = gross - refunds, credited by ${model}, by the kind at the time; GMV per live "
        "hour = gross / hours on air; share = gross / gross of all accounts of the sessions chosen.",
        (
            Column("host", "Host", Unit.HOST),
            Column("kind", "Kind", Unit.KIND),
            Column("likeness", "Twin of"),
            Column("net", "Net", Unit.MONEY),
            Column("gross", "Gross", Unit.MONEY),
            Column("refunds", "Refunds", Unit.MONEY),
            Column("orders", "Orders", Unit.COUNT),
            Column("live", "On air", Unit.SECONDS),
            Column("per_hour", "GMV per live hour", Unit.MONEY),
            _SHARE,
            Column("host_id", "Host id", hidden=True),
        ),
        height=10,
    ),
    _wide(
        "latest",
        Kind.TABLE,
        "Latest orders (${currency})",
        "The 40 latest; share = weight / weights of the order under ${model}; of a host or kind chosen: its orders.",
        (
            Column("time", "Time", Unit.TIME),
            Column("order_id", "Order", Unit.ORDER),
            Column("session", "Session", Unit.SESSION),
            Column("amount", "Amount", Unit.MONEY),
            Column("refunded", "Refunded", Unit.MONEY),
            Column("items", "Items", Unit.COUNT),
            Column("credit", "Credit"),
            Column("reason", "Why"),
            Column("restated", "Restated", Unit.COUNT),
            Column("session_id", "Session id", hidden=True),
        ),
        height=12,
    ),
)

BOARD = Board(
    uid="hostledger-live",
    title="Live",
    audience="operators",
    question="What sells now, who is on air, and is anything wrong?",
    since="now-1h",
    refresh_s=5,
    variables=COMMON,
    panels=(*_STATS, *_OVER_TIME, *_NOW, *_RANKED),
    annotations=(
        Annotation("handovers", "Hand-overs", "annotation_handovers", "good"),
        Annotation("featured", "Featured products", "annotation_featured", "warn"),
        Annotation("label_gaps", "AI label missing", "annotation_label_gaps", "bad"),
    ),
)
