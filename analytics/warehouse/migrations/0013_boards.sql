-- What the boards would otherwise make anew at every asking: the minutes of a room in one table, with who came and went within
-- each, for shifts begin and end in the midst of one; money by day, for ranges of weeks; and what each model credited to a host
-- of an order side by side. Workers stand still meanwhile. A repeat after a crash begins with empty tables again.
-- A batch that was half written before is left out of what is filled: its repeat brings all of it to these tables, which have not
-- seen its token. Rollups do not know their batches, so minutes of such a batch are counted from the facts instead. Moves stay
-- as long as sums do; of minutes whose presence is gone there are none.

CREATE TABLE rooms_minute${LOCAL}${ON_CLUSTER} (
    session_id LowCardinality(String) COMMENT 'session',
    minute DateTime('UTC') COMMENT 'minute of the change or the room entry',
    change Int64 COMMENT 'people online after the minute minus before it',
    change_ms Int64 COMMENT 'sum of change x milliseconds since the minute began: exact watch time from sums',
    views Int64 COMMENT 'room entries',
    moves SimpleAggregateFunction(groupArrayArray, Array(UInt32))
        COMMENT 'each change of people online: milliseconds since the minute began x 256 + the change as a byte'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (session_id, minute)
SETTINGS index_granularity = 32, min_compress_block_size = 4096, min_bytes_for_full_part_storage = 10485760, ${DEDUPLICATION}
COMMENT 'What a shift adds up, per session and minute';

TRUNCATE TABLE rooms_minute${LOCAL}${ON_CLUSTER};

INSERT INTO rooms_minute${LOCAL}
SELECT session_id, minute, presence_minute.change AS change, change_ms, toInt64(0) AS views, CAST([], 'Array(UInt32)') AS moves
FROM presence_minute
WHERE (session_id, minute) GLOBAL NOT IN (
    SELECT session_id, toStartOfMinute(at) FROM presence WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
UNION ALL
SELECT session_id, minute, 0, 0, toInt64(activity_minute.views), []
FROM activity_minute
WHERE (session_id, minute) GLOBAL NOT IN (
    SELECT session_id, toStartOfMinute(occurred_at) FROM viewer_events WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
UNION ALL
SELECT session_id, toStartOfMinute(at) AS minute, sum(toInt64(presence.change)),
    sum(toInt64(presence.change) * (toUnixTimestamp64Milli(at) % 60000)), 0, []
FROM presence
WHERE batch GLOBAL IN (SELECT batch FROM batches) AND (session_id, minute) GLOBAL IN (
    SELECT session_id, toStartOfMinute(at) FROM presence WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
GROUP BY session_id, minute
UNION ALL
SELECT session_id, toStartOfMinute(occurred_at) AS minute, 0, 0, toInt64(count()), []
FROM viewer_events
WHERE type = 'viewer_joined' AND batch GLOBAL IN (SELECT batch FROM batches) AND (session_id, minute) GLOBAL IN (
    SELECT session_id, toStartOfMinute(occurred_at) FROM viewer_events WHERE batch GLOBAL NOT IN (SELECT batch FROM batches)
)
GROUP BY session_id, minute
UNION ALL
SELECT session_id, toStartOfMinute(at) AS minute, 0, 0, 0,
    groupArray(toUInt32(toUnixTimestamp64Milli(at) % 60000 * 256 + reinterpretAsUInt8(presence.change)))
FROM presence
WHERE batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY session_id, minute
SETTINGS optimize_aggregation_in_order = 1, insert_deduplicate = 0;

CREATE MATERIALIZED VIEW rooms_minute_view${ON_CLUSTER} TO rooms_minute${LOCAL} AS
SELECT session_id, toStartOfMinute(at) AS minute, sum(toInt64(presence.change)) AS change,
    sum(toInt64(presence.change) * (toUnixTimestamp64Milli(at) % 60000)) AS change_ms, toInt64(0) AS views,
    groupArray(toUInt32(toUnixTimestamp64Milli(at) % 60000 * 256 + reinterpretAsUInt8(presence.change))) AS moves
FROM presence${LOCAL} AS presence GROUP BY session_id, minute;

CREATE MATERIALIZED VIEW rooms_minute_views_view${ON_CLUSTER} TO rooms_minute${LOCAL} AS
SELECT session_id, toStartOfMinute(occurred_at) AS minute, toInt64(count()) AS views
FROM viewer_events${LOCAL} AS viewer_events WHERE type = 'viewer_joined' GROUP BY session_id, minute;

CREATE TABLE revenue_day${LOCAL}${ON_CLUSTER} (
    model LowCardinality(String) COMMENT 'attribution model',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    day Date COMMENT 'day of booked_at, UTC',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    gross Int128 COMMENT 'credited sales, minor units',
    refunds Int128 COMMENT 'credited refunds, minor units, positive; of excess_refund negative',
    orders Int64 COMMENT 'orders that list the host'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYear(day) ORDER BY (model, currency, day, session_id, host_id)
SETTINGS min_bytes_for_full_part_storage = 10485760, ${DEDUPLICATION}
COMMENT 'Credited money per model, day, session and host: revenue_minute, for whole days';

TRUNCATE TABLE revenue_day${LOCAL}${ON_CLUSTER};

INSERT INTO revenue_day${LOCAL}
SELECT model, currency, toDate(booked_at, 'UTC') AS day, session_id, host_id,
    sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
    -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
    sumIf(toInt64(sign), isNull(refund_id)) AS orders
FROM ledger WHERE batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY model, currency, day, session_id, host_id
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW revenue_day_view${ON_CLUSTER} TO revenue_day${LOCAL} AS
SELECT model, currency, toDate(booked_at, 'UTC') AS day, session_id, host_id,
    sumIf(toInt128(amount_minor), isNull(refund_id)) AS gross,
    -sumIf(toInt128(amount_minor), isNotNull(refund_id)) AS refunds,
    sumIf(toInt64(sign), isNull(refund_id)) AS orders
FROM ledger${LOCAL} AS ledger GROUP BY model, currency, day, session_id, host_id;

CREATE TABLE order_credits${LOCAL}${ON_CLUSTER} (
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    refunded Bool COMMENT 'true: lines of a refund; false: of the sale',
    booked_at DateTime64(3, 'UTC') COMMENT 'when it counts: order time of a sale, refund time of a refund' CODEC(Delta(8), ZSTD(1)),
    order_id String COMMENT 'order credited' CODEC(ZSTD(1)),
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    ordered_at DateTime64(3, 'UTC') COMMENT 'when the order was paid' CODEC(Delta(8), ZSTD(1)),
    credits Map(LowCardinality(String), Int64) COMMENT 'by model, minor units; refunds are negative; a model without credit is absent',
    lines Map(LowCardinality(String), Int64) COMMENT 'by model, ledger lines that stand: entries less those taken back'
) ENGINE = ${REPLICATED}MergeTree PARTITION BY toYYYYMM(booked_at) ORDER BY (currency, refunded, booked_at)
SETTINGS min_bytes_for_full_part_storage = 10485760, ${DEDUPLICATION}
COMMENT 'The ledger with the models of a line side by side; a restatement is one more row, so read sums';

TRUNCATE TABLE order_credits${LOCAL}${ON_CLUSTER};

INSERT INTO order_credits${LOCAL}
SELECT currency, isNotNull(refund_id) AS refunded, booked_at, order_id, host_id, session_id, ordered_at,
    sumMap(map(toString(model), amount_minor)) AS credits, sumMap(map(toString(model), toInt64(sign))) AS lines
FROM ledger WHERE batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY currency, refunded, booked_at, order_id, host_id, session_id, ordered_at
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW order_credits_view${ON_CLUSTER} TO order_credits${LOCAL} AS
SELECT currency, isNotNull(refund_id) AS refunded, booked_at, order_id, host_id, session_id, ordered_at,
    sumMap(map(toString(model), amount_minor)) AS credits, sumMap(map(toString(model), toInt64(sign))) AS lines
FROM ledger${LOCAL} AS ledger GROUP BY currency, refunded, booked_at, order_id, host_id, session_id, ordered_at;
