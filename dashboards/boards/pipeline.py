"""The board Pipeline."""

from dashboards.boards.variables import HOST, PLATFORM, SELLER, SESSION, ZONE
from dashboards.spec import Board, Column, Kind, Panel, Threshold, Unit

_SECONDS = (Threshold(0, "good"), Threshold(10, "warn"), Threshold(60, "bad"))
_COUNTS = (
    Column("events", "Events", Unit.COUNT),
    Column("repeats", "Repeats", Unit.COUNT),
    Column("rejects", "Rejects", Unit.COUNT),
    Column("restatements", "Restatements", Unit.COUNT),
)
_STATS = (
    Panel(
        "data_age",
        Kind.STAT,
        "Data age",
        "Seconds from the newest stored event to now; the range does not matter.",
        (Column("age", "Data age", Unit.SECONDS),),
        width=4,
        height=4,
        thresholds=(Threshold(0, "good"), Threshold(60, "warn"), Threshold(300, "bad")),
    ),
    Panel(
        "frozen",
        Kind.STAT,
        "Frozen orders",
        "Orders that late facts would have changed but that are older than the correction window, summed over the "
        "batches of the range.",
        (Column("frozen", "Frozen orders", Unit.COUNT),),
        width=4,
        height=4,
        thresholds=(Threshold(0, "good"), Threshold(1, "warn")),
    ),
    Panel(
        "books",
        Kind.STAT,
        "In all",
        "Sums over all batches ever stored, whatever the range.",
        (Column("batches", "Batches", Unit.COUNT), *_COUNTS, Column("frozen", "Frozen", Unit.COUNT)),
        width=16,
        height=4,
    ),
)
_FLOW = (
    Panel(
        "latency",
        Kind.SERIES,
        "From event to query",
        "Time a batch was stored - the newest event up to then, percentiles over the batches of a step, each batch "
        "counted once for each of its events.",
        (
            Column("time", "Time", Unit.TIME),
            Column("p50", "p50", Unit.SECONDS),
            Column("p95", "p95", Unit.SECONDS),
            Column("p99", "p99", Unit.SECONDS),
        ),
        thresholds=_SECONDS,
    ),
    Panel(
        "throughput",
        Kind.SERIES,
        "Per minute",
        "Events, repeats, rejects and restated ledger lines of the batches taken on in a step, x 60 / seconds of the "
        "step.",
        (
            Column("time", "Time", Unit.TIME),
            Column("events", "Events", Unit.NUMBER),
            Column("repeats", "Repeats", Unit.NUMBER),
            Column("rejects", "Rejects", Unit.NUMBER),
            Column("restatements", "Restatements", Unit.NUMBER),
        ),
    ),
)
_TABLES = (
    Panel(
        "lag",
        Kind.TABLE,
        "Lag",
        "Behind = time the last batch with events was stored - the newest event up to then, per lane; an intent is "
        "unfinished while it has no stored batch.",
        (
            Column("lane", "Lane", Unit.COUNT),
            Column("source", "Source"),
            Column("batches", "Batches", Unit.COUNT),
            Column("newest", "Newest event", Unit.TIME),
            Column("stored", "Last stored", Unit.TIME),
            Column("behind", "Behind", Unit.SECONDS),
            Column("unfinished", "Unfinished", Unit.COUNT),
            Column("waiting", "Oldest waits", Unit.SECONDS),
        ),
        width=24,
        height=6,
    ),
    Panel(
        "rejects",
        Kind.TABLE,
        "Rejects",
        "Lines parked in the range, by reason and field; the place is that of the latest one: hostledger dead-letters "
        "list shows the lines.",
        (
            Column("reason", "Reason"),
            Column("field", "Field"),
            Column("lines", "Lines", Unit.COUNT),
            Column("latest", "Latest", Unit.TIME),
            Column("source", "Source"),
            Column("record_offset", "Offset", Unit.COUNT),
            Column("position", "Line", Unit.COUNT),
            Column("remedy", "Remedy"),
        ),
        width=24,
        height=6,
    ),
    Panel(
        "batches",
        Kind.TABLE,
        "Batches",
        "The latest 50 of the range; took = stored - taken on; latency = stored - the newest event up to then.",
        (
            Column("time", "Taken on", Unit.TIME),
            Column("lane", "Lane", Unit.COUNT),
            Column("number", "Number", Unit.COUNT),
            Column("source", "Source"),
            *_COUNTS,
            Column("took", "Took", Unit.SECONDS),
            Column("latency", "Latency", Unit.SECONDS),
        ),
        width=24,
        height=9,
    ),
    Panel(
        "labels",
        Kind.TABLE,
        "AI labels",
        "Coverage = seconds a digital host was on air with the AI label shown / seconds on air; gaps are stretches "
        "without.",
        (
            Column("session", "Session", Unit.SESSION),
            Column("host", "Host", Unit.HOST),
            Column("coverage", "Coverage", Unit.SHARE),
            Column("live", "On air", Unit.SECONDS),
            Column("shown", "With label", Unit.SECONDS),
            Column("gaps", "Gaps", Unit.COUNT),
            Column("longest", "Longest gap", Unit.SECONDS),
            Column("session_id", "Session id", hidden=True),
            Column("host_id", "Host id", hidden=True),
            Column("kind", "Kind", Unit.KIND, hidden=True),
        ),
        width=14,
    ),
    Panel(
        "fits",
        Kind.TABLE,
        "Markov fits",
        "P(conversion) = journeys that ended in an order / journeys, of the latest 20 fits, whatever the range.",
        (
            Column("fit", "Version", Unit.COUNT),
            Column("time", "Fitted", Unit.TIME),
            Column("journeys", "Journeys", Unit.COUNT),
            Column("conversions", "Conversions", Unit.COUNT),
            Column("conversion", "P(conversion)", Unit.SHARE),
            Column("hosts", "Hosts", Unit.COUNT),
        ),
        width=10,
    ),
)

BOARD = Board(
    uid="hostledger-pipeline",
    title="Pipeline",
    audience="operators",
    question="Does everything that happens arrive, soon and whole?",
    since="now-1h",
    refresh_s=10,
    variables=(SELLER, PLATFORM, SESSION, HOST, ZONE),
    panels=(*_STATS, *_FLOW, *_TABLES),
)
