-- Who was on air, of which kind, with which scripts: what the view line_ups and the boards made anew from shifts, registrations
-- and script starts at every asking is kept ready. The core writes it beside shifts; here is what was stored before, but of no
-- batch that was half written, for its repeat writes the stretches of all sessions that it touches. Rows carry the batch of their
-- shifts, so that on a cluster they lie where later versions of them will. Workers stand still meanwhile: older ones would not
-- write it. Turns are joined to borders row by row, so that a session with very many scripts needs no room of their square. A
-- repeat after a crash begins with an empty table again.

CREATE TABLE stretches${LOCAL}${ON_CLUSTER} (
    session_id String COMMENT 'session',
    started_at DateTime64(3, 'UTC') COMMENT 'so from here',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'until here, exclusive; NULL while on air',
    host_ids Array(String) COMMENT 'hosts on air, sorted; at least one',
    kind LowCardinality(String) COMMENT 'human or digital if all of them are, unknown if none is registered, else mixed',
    script_ids Array(String) COMMENT 'scripts that run, each with its variant at the same place of variants',
    variants Array(String) COMMENT 'variant of each; A where none was named',
    deleted UInt8 COMMENT '1: late facts showed that nothing began here',
    batch UInt64 COMMENT 'batch that last wrote it: with any change all stretches of a session are written again'
) ENGINE = ${REPLICATED}ReplacingMergeTree(batch, deleted) ORDER BY (session_id, started_at)
SETTINGS ${DEDUPLICATION}
COMMENT 'Stretches of a session with the same hosts, kinds and scripts on air; neighbours may be alike, dead air is none. Read with FINAL';

TRUNCATE TABLE stretches${LOCAL}${ON_CLUSTER};

INSERT INTO stretches (session_id, started_at, ended_at, host_ids, kind, script_ids, variants, deleted, batch)
WITH toDateTime64(9000000000, 3, 'UTC') AS never, toDateTime64(0, 3, 'UTC') AS ever,
on_air AS (
    SELECT session_id, host_id, started_at, ifNull(ended_at, never) AS stopped_at, batch FROM shifts FINAL
),
begun AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id, occurred_at AS begun_at,
        groupUniqArray((assumeNotNull(script_id), ifNull(variant, 'A'))) AS scripts
    FROM roster_events
    WHERE type = 'script_started' AND batch GLOBAL IN (SELECT batch FROM batches)
    GROUP BY session_id, host_id, begun_at
),
registered AS (
    SELECT assumeNotNull(host_id) AS host_id, occurred_at, argMin(toString(assumeNotNull(kind)), event_id) AS first,
        argMax(toString(assumeNotNull(kind)), event_id) AS last
    FROM roster_events
    WHERE type = 'host_registered' AND batch GLOBAL IN (SELECT batch FROM batches)
    GROUP BY host_id, occurred_at
),
kinds AS (
    SELECT host_id, change.1 AS kind_at, change.2 AS kind
    FROM (
        SELECT host_id,
            arrayCompact(told -> told.2, arrayPushFront(
                arraySort(groupArrayIf((occurred_at, last), occurred_at > ever)), (ever, argMin(first, occurred_at))
            )) AS changes
        FROM registered
        GROUP BY host_id
    )
    ARRAY JOIN changes AS change
),
cuts AS (
    SELECT session_id, host_id, started_at, stopped_at, batch, started_at AS at FROM on_air
    UNION DISTINCT
    SELECT on_air.session_id, on_air.host_id, started_at, stopped_at, batch, begun_at
    FROM on_air
    INNER JOIN begun ON on_air.session_id = begun.session_id AND on_air.host_id = begun.host_id
    WHERE started_at < begun_at AND begun_at < stopped_at
    UNION DISTINCT
    SELECT on_air.session_id, on_air.host_id, started_at, stopped_at, batch, kind_at
    FROM on_air
    INNER JOIN kinds ON on_air.host_id = kinds.host_id
    WHERE started_at < kind_at AND kind_at < stopped_at
),
turns AS (
    SELECT session_id, host_id, started_at, batch, at AS from_at,
        leadInFrame(at, 1, stopped_at) OVER (
            PARTITION BY session_id, host_id, started_at ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS until_at
    FROM cuts
),
told AS (
    SELECT turns.session_id AS session_id, turns.host_id AS host_id, turns.batch AS batch, from_at, until_at,
        if(kinds.kind = '', 'unknown', kinds.kind) AS kind, if(begun_at >= started_at, begun.scripts, []) AS scripts
    FROM turns
    ASOF LEFT JOIN kinds ON turns.host_id = kinds.host_id AND turns.from_at >= kinds.kind_at
    ASOF LEFT JOIN begun
        ON turns.session_id = begun.session_id AND turns.host_id = begun.host_id AND turns.from_at >= begun.begun_at
),
borders AS (
    SELECT session_id, at,
        leadInFrame(at, 1, never) OVER (
            PARTITION BY session_id ORDER BY at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS next_at
    FROM (SELECT DISTINCT session_id, arrayJoin([from_at, until_at]) AS at FROM turns)
)
SELECT session_id, at, nullIf(any(next_at), never), arraySort(groupArray(host_id)),
    if(uniqExact(kind) = 1, any(kind), 'mixed'), (arraySort(arrayDistinct(groupArrayArray(scripts))) AS running).1, running.2,
    0, max(batch)
FROM borders
INNER JOIN told ON borders.session_id = told.session_id
WHERE from_at <= at AND at < until_at
GROUP BY session_id, at
SETTINGS insert_deduplicate = 0;

DROP TABLE IF EXISTS line_ups${ON_CLUSTER};

CREATE VIEW line_ups${ON_CLUSTER} AS
WITH shown AS (
    SELECT session_id, host_ids, kind, toStartOfMinute(started_at + INTERVAL 30 SECOND) AS start_at,
        toStartOfMinute(least(
            ifNull(ended_at, toDateTime64(9000000000, 3, 'UTC')), assumeNotNull((SELECT max(newest_at) FROM lanes))
        ) + INTERVAL 30 SECOND) AS end_at
    FROM stretches FINAL
    WHERE start_at < end_at
),
united AS (
    SELECT session_id, host_ids, kind, arraySort(groupArray(start_at)) AS starts, arraySort(groupArray(end_at)) AS ends,
        arrayFilter((start, end) -> start != end, starts, arrayPushFront(arrayPopBack(ends), toDateTime(0, 'UTC'))) AS first,
        arrayFilter((end, start) -> start != end, ends, arrayPushBack(arrayPopFront(starts), toDateTime(0, 'UTC'))) AS last
    FROM shown
    GROUP BY session_id, host_ids, kind
),
aired AS (
    SELECT session_id,
        arraySort(arrayDistinct(arrayPushFront(groupArrayArray(arrayConcat(first, last)), toDateTime(0, 'UTC')))) AS marks,
        groupArrayArray(arrayMap((start, end) -> (start, end, host_ids, kind), first, last)) AS pieces
    FROM united
    GROUP BY session_id
)
SELECT session_id, start_at, end_at, piece.3 AS host_ids, toString(piece.4) AS kind
FROM (
    SELECT session_id, start_at, end_at,
        arrayFirst(piece -> piece.1 <= start_at AND end_at <= piece.2 AND start_at < end_at, pieces) AS piece
    FROM aired
    ARRAY JOIN marks AS start_at, arrayPushBack(arrayPopFront(marks), marks[-1]) AS end_at
);
