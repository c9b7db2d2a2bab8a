-- What a comparison of hosts needs beside the rollups: who is on air as stretches, returns by the minute of their sale,
-- room entries by traffic source. The two rollups are filled from the facts; workers stand still meanwhile. A repeat after
-- a crash begins with empty tables again.

CREATE TABLE returns_minute${LOCAL}${ON_CLUSTER} (
    model LowCardinality(String) COMMENT 'attribution model',
    minute DateTime('UTC') COMMENT 'minute of ordered_at: when what was returned had been sold',
    currency LowCardinality(String) COMMENT 'ISO 4217 code',
    session_id LowCardinality(String) COMMENT 'session of the order; empty: none',
    host_id LowCardinality(String) COMMENT 'host, or unattributed, or excess_refund',
    refunds Int128 COMMENT 'credited refunds, minor units, positive; excess_refund is negative'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (model, minute, currency, session_id, host_id)
SETTINGS ${DEDUPLICATION}
COMMENT 'Credited refunds per model, session and host, by the minute in which the order was paid (cohort view)';

CREATE TABLE entries_quarter${LOCAL}${ON_CLUSTER} (
    session_id LowCardinality(String) COMMENT 'session',
    quarter DateTime('UTC') COMMENT 'quarter of an hour of the room entry',
    source LowCardinality(String) COMMENT 'traffic source; empty: the platform names none',
    entries Int64 COMMENT 'room entries'
) ENGINE = ${REPLICATED}SummingMergeTree PARTITION BY toYYYYMM(quarter) ORDER BY (session_id, quarter, source)
SETTINGS ${DEDUPLICATION}
COMMENT 'Room entries by traffic source';

TRUNCATE TABLE returns_minute${LOCAL}${ON_CLUSTER};

INSERT INTO returns_minute${LOCAL}
SELECT model, toStartOfMinute(ordered_at) AS minute, currency, session_id, host_id, -sum(toInt128(amount_minor)) AS refunds
FROM ledger WHERE isNotNull(refund_id) AND batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY model, minute, currency, session_id, host_id
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW returns_minute_view${ON_CLUSTER} TO returns_minute${LOCAL} AS
SELECT model, toStartOfMinute(ordered_at) AS minute, currency, session_id, host_id, -sum(toInt128(amount_minor)) AS refunds
FROM ledger${LOCAL} AS ledger WHERE isNotNull(refund_id) GROUP BY model, minute, currency, session_id, host_id;

TRUNCATE TABLE entries_quarter${LOCAL}${ON_CLUSTER};

INSERT INTO entries_quarter${LOCAL}
SELECT session_id, toStartOfFifteenMinutes(occurred_at) AS quarter, ifNull(viewer_events.source, '') AS source,
    toInt64(count()) AS entries
FROM viewer_events WHERE type = 'viewer_joined' AND batch GLOBAL IN (SELECT batch FROM batches)
GROUP BY session_id, quarter, source
SETTINGS insert_deduplicate = 0;

CREATE MATERIALIZED VIEW entries_quarter_view${ON_CLUSTER} TO entries_quarter${LOCAL} AS
SELECT session_id, toStartOfFifteenMinutes(occurred_at) AS quarter, ifNull(viewer_events.source, '') AS source,
    toInt64(count()) AS entries
FROM viewer_events${LOCAL} AS viewer_events WHERE type = 'viewer_joined' GROUP BY session_id, quarter, source;

CREATE VIEW line_ups${ON_CLUSTER} AS
WITH kinds AS (
    SELECT host_id, kind, from_at AS kind_from, leadInFrame(from_at, 1, toDateTime64(9000000000, 3, 'UTC')) OVER (
            PARTITION BY host_id ORDER BY from_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS kind_until
    FROM host_kinds
),
turns AS (
    SELECT session_id, host_id, started_at,
        ifNull(ended_at, assumeNotNull((SELECT max(newest_at) FROM batches))) AS stopped_at
    FROM shifts FINAL
),
on_air AS (
    SELECT turns.session_id AS session_id, turns.host_id AS host_id,
        if(kinds.kind = '', 'unknown', toString(kinds.kind)) AS kind,
        toStartOfMinute(if(kinds.kind = '', started_at, greatest(started_at, kind_from)) + INTERVAL 30 SECOND) AS start_at,
        toStartOfMinute(if(kinds.kind = '', stopped_at, least(stopped_at, kind_until)) + INTERVAL 30 SECOND) AS end_at
    FROM turns
    LEFT JOIN kinds ON turns.host_id = kinds.host_id
    WHERE start_at < end_at
),
sessions_air AS (
    SELECT session_id, groupArray((host_id, kind, start_at, end_at)) AS shifts_,
        arraySort(arrayDistinct(arrayConcat([toDateTime(0, 'UTC')], groupArray(start_at), groupArray(end_at)))) AS marks
    FROM on_air
    GROUP BY session_id
)
SELECT session_id, start_at, end_at,
    arraySort(arrayFilter(shift -> shift.3 <= start_at AND shift.4 >= end_at AND start_at < end_at, shifts_)) AS line_up,
    arrayMap(shift -> shift.1, line_up) AS host_ids,
    arrayMap(shift -> shift.2, line_up) AS kinds
FROM sessions_air
ARRAY JOIN marks AS start_at, arrayPushBack(arrayPopFront(marks), marks[-1]) AS end_at;
