"""The board Finance."""

from analytics.rules import MODELS
from dashboards.boards.variables import COMMON
from dashboards.spec import Board, Column, Kind, Panel, Unit, Variable

PERIOD = Variable(
    "period",
    "Period",
    options=tuple((name, name) for name in ("day", "week", "month", "quarter", "year")),
    default="day",
)
OTHER = Variable("other", "Other model", options=tuple((model, model) for model in MODELS), default="linear")

_CURRENCY = Column("currency", "Currency")
_HOST = (
    Column("host", "Host", Unit.HOST),
    Column("host_id", "Host id", hidden=True),
    Column("kind", "Kind", Unit.KIND),
)
_FLOW = (
    Column("gross", "Gross", Unit.MONEY),
    Column("refunds", "Refunds", Unit.MONEY),
    Column("net", "Net", Unit.MONEY),
)
_SPLIT = (*_FLOW, Column("orders", "Orders", Unit.COUNT), Column("share", "Share of gross", Unit.SHARE))
_EVERY = "every currency has rows of its own, whichever is chosen"
_CREDITED = "refunds count when they were booked, and what was refunded beyond an order counts as refunds too"

TOTALS = Panel(
    id="totals",
    kind=Kind.STAT,
    title="Totals, ${currency}",
    help=f"Net = gross - refunds of the chosen accounts; {_CREDITED}; unattributed = gross that no host has / gross; "
    "it and the paid orders are of all hosts and kinds.",
    columns=(
        *_FLOW,
        Column("excess", "Refunded beyond orders", Unit.MONEY),
        Column("orders", "Paid orders", Unit.COUNT),
        Column("unattributed", "Unattributed", Unit.SHARE),
    ),
    width=24,
    height=4,
)

CONSERVATION = Panel(
    id="conservation",
    kind=Kind.TABLE,
    title="Do the books close?",
    help="Per currency and model: off in sales = gross of hosts and unattributed - paid orders, off in all = net of "
    "hosts and unattributed - (paid - refunds + excess), both in minor units and rightly 0; only the range narrows it: "
    "every currency, model, seller, platform, session, host and kind is in it, less orders being booked right now.",
    columns=(
        _CURRENCY,
        Column("model", "Model"),
        Column("paid", "Paid orders", Unit.MONEY),
        Column("refunds", "Refunds", Unit.MONEY),
        Column("hosts", "Net of hosts", Unit.MONEY),
        Column("unattributed", "Net unattributed", Unit.MONEY),
        Column("excess", "Excess refunds", Unit.MONEY),
        Column("sales_off", "Off in sales", Unit.CHECK),
        Column("off", "Off in all", Unit.CHECK),
    ),
    width=24,
    height=8,
)

REVENUE = Panel(
    id="revenue",
    kind=Kind.STACK,
    title="Gross by kind of host, ${currency}, ${model}",
    help="Gross = sum of the sales credited in each period of the seller's time zone to human and digital hosts, to "
    "hosts nobody registered and to no host.",
    columns=(
        Column("time", "Period", Unit.TIME),
        Column("kind", "Kind", Unit.KIND),
        Column("gross", "Gross", Unit.MONEY),
    ),
    width=24,
    split="kind",
)

PERIODS = Panel(
    id="periods",
    kind=Kind.TABLE,
    title="By booking date",
    help=f"Net = gross - refunds, each in the period it was booked in; {_CREDITED}; {_EVERY}.",
    columns=(
        Column("period", "Period from", Unit.DATE),
        _CURRENCY,
        *_FLOW,
        Column("excess", "Refunded beyond orders", Unit.MONEY),
    ),
    height=10,
)

COHORTS = Panel(
    id="cohorts",
    kind=Kind.TABLE,
    title="By sale date",
    help="Net = gross - refunds, both in the period in which the order was paid, whenever its refunds were booked, "
    f"also after the range; refund rate = refunds / gross; {_EVERY}.",
    columns=(
        Column("period", "Paid from", Unit.DATE),
        _CURRENCY,
        *_FLOW,
        Column("refund_rate", "Refund rate", Unit.SHARE),
    ),
    height=10,
)

BY_KIND = Panel(
    id="by_kind",
    kind=Kind.TABLE,
    title="By kind of host, ${model}",
    help=f"Net = gross - refunds of the hosts of a kind at the time; {_CREDITED}; an order counts once for each host "
    f"that it lists; share = gross / gross of all rows of the currency; {_EVERY}.",
    columns=(Column("kind", "Kind", Unit.KIND), _CURRENCY, *_SPLIT),
)

BY_SELLER = Panel(
    id="by_seller",
    kind=Kind.TABLE,
    title="By seller",
    help=f"Net = gross - refunds of the chosen accounts in the seller's sessions; {_CREDITED}; orders are paid ones, "
    f"whatever host and kind are chosen; share = gross / gross of all rows of the currency; {_EVERY}.",
    columns=(Column("seller", "Seller"), _CURRENCY, *_SPLIT),
)

BY_PLATFORM = Panel(
    id="by_platform",
    kind=Kind.TABLE,
    title="By platform",
    help=f"Net = gross - refunds of the chosen accounts in the platform's sessions; {_CREDITED}; orders are paid ones, "
    f"whatever host and kind are chosen; share = gross / gross of all rows of the currency; {_EVERY}.",
    columns=(Column("platform", "Platform"), _CURRENCY, *_SPLIT),
)

MODELS_SIDE_BY_SIDE = Panel(
    id="models",
    kind=Kind.TABLE,
    title="Net under each model, ${currency}",
    help="Net = gross - refunds of each account under each model that is booked; every column has the same sum unless "
    "hosts or kinds are chosen.",
    columns=(*_HOST, *(Column(model, model, Unit.MONEY) for model in MODELS)),
    width=24,
    height=10,
)

BRIDGE = Panel(
    id="bridge",
    kind=Kind.TABLE,
    title="From ${model} to ${other}, ${currency}",
    help="Net of each account under the model and under the other one, by the kind it had when the order was paid; "
    "moved in and out = what single orders gain and lose, difference = in - out = other - model, and the differences "
    "of all accounts sum to 0.",
    columns=(
        *_HOST,
        Column("before", "Under the model", Unit.MONEY),
        Column("moved_in", "Moved in", Unit.MONEY),
        Column("moved_out", "Moved out", Unit.MONEY),
        Column("after", "Under the other", Unit.MONEY),
        Column("difference", "Difference", Unit.MONEY),
    ),
    width=24,
    height=10,
)

EXCESS = Panel(
    id="excess",
    kind=Kind.TABLE,
    title="Refunded beyond the order",
    help="Excess = what the refunds of an order exceed it by, refund by refund, the latest 200 of all currencies; host "
    "and kind change nothing.",
    columns=(
        Column("order_id", "Order", Unit.ORDER),
        Column("refund_id", "Refund"),
        Column("time", "Booked", Unit.TIME),
        Column("amount", "Excess", Unit.MONEY),
        _CURRENCY,
    ),
)

RESTATEMENTS = Panel(
    id="restatements",
    kind=Kind.TABLE,
    title="Restated afterwards, ${currency}, ${model}",
    help="Ledger lines that late facts brought, by the day of the figures they changed: amount moved = sum of the "
    "positive lines; latest = when the last of them was written; kind changes nothing.",
    columns=(
        Column("day", "Day", Unit.DATE),
        Column("reason", "Reason"),
        Column("lines", "Lines", Unit.COUNT),
        Column("orders", "Orders", Unit.COUNT),
        Column("moved", "Amount moved", Unit.MONEY),
        Column("latest", "Latest", Unit.TIME),
    ),
)

BOARD = Board(
    uid="hostledger-finance",
    title="Finance",
    audience="finance",
    question="What was earned, returned and kept, and do the books close?",
    since="now-30d",
    refresh_s=60,
    variables=(*COMMON, OTHER, PERIOD),
    panels=(
        TOTALS,
        CONSERVATION,
        REVENUE,
        PERIODS,
        COHORTS,
        BY_KIND,
        BY_SELLER,
        BY_PLATFORM,
        EXCESS,
        MODELS_SIDE_BY_SIDE,
        BRIDGE,
        RESTATEMENTS,
    ),
)
