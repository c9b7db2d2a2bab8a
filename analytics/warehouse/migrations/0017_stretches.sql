-- Who was on air, of which kind, with which scripts: what the view line_ups and the boards made anew from shifts, registrations
-- and script starts at every asking is kept ready. The core writes it beside shifts; here is what was stored before, but of no
-- batch that was half written, for its repeat writes the stretches of all sessions that it touches. Rows carry the batch of their
-- shifts, so that on a cluster they lie where later versions of them will. Workers stand still meanwhile: older ones would not
-- write it. A repeat after a crash begins with an empty table again.

CREATE TABLE stretches${LOCAL}${ON_CLUSTER} (
    session_id String COMMENT 'session',
    started_at DateTime64(3, 'UTC') COMMENT 'so from here',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'until here, exclusive; NULL while on air',
    host_ids Array(String) COMMENT 'hosts on air, sorted; at least one',
    kind LowCardinality(String) COMMENT 'human or digital if all of them are, unknown if none is registered, else mixed',
    script_ids Array(String) COMMENT 'scripts that run, each with its variant at the same place of variants',
    variants Array(String) COMMENT 'variant of each; A where none was named',
    deleted UInt8 COMMENT '1: late facts showed that nothing began here',
    batch UInt64 COMMENT 'batch that last changed it'
) ENGINE = ${REPLICATED}ReplacingMergeTree(batch, deleted) ORDER BY (session_id, started_at)
SETTINGS ${DEDUPLICATION}
COMMENT 'Stretches of a session with the same hosts, kinds and scripts on air; dead air is none. Read with FINAL';

TRUNCATE TABLE stretches${LOCAL}${ON_CLUSTER};

INSERT INTO stretches (session_id, started_at, ended_at, host_ids, kind, script_ids, variants, deleted, batch)
WITH toDateTime64(9000000000, 3, 'UTC') AS never,
begun AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id,
        groupUniqArray((occurred_at, assumeNotNull(script_id), ifNull(variant, 'A'))) AS scripts
    FROM roster_events
    WHERE type = 'script_started' AND batch GLOBAL IN (SELECT batch FROM batches)
    GROUP BY session_id, host_id
),
registered AS (
    SELECT host_id,
        arrayCompact(
            kind -> kind.2,
            arrayPushFront(arraySort(groupArray((occurred_at, last))), (toDateTime64(0, 3, 'UTC'), argMin(first, occurred_at)))
        ) AS kinds
    FROM (
        SELECT assumeNotNull(host_id) AS host_id, occurred_at, argMin(toString(assumeNotNull(kind)), event_id) AS first,
            argMax(toString(assumeNotNull(kind)), event_id) AS last
        FROM roster_events
        WHERE type = 'host_registered' AND batch GLOBAL IN (SELECT batch FROM batches)
        GROUP BY host_id, occurred_at
    )
    GROUP BY host_id
),
turns AS (
    SELECT on_air.session_id AS session_id, max(on_air.batch) AS batch,
        groupArrayArray(arrayMap(
            (from_at, until_at) -> (
                from_at,
                until_at,
                on_air.host_id,
                if(empty(kinds), 'unknown', arrayLast(kind -> kind.1 <= from_at, kinds).2),
                arrayMap(
                    script -> (script.2, script.3),
                    arrayFilter(
                        script -> script.1 >= on_air.started_at
                            AND script.1 = arrayMax(arrayFilter(at -> at <= from_at, scripts.1)),
                        scripts
                    )
                )
            ),
            arrayPopBack(cuts),
            arrayPopFront(cuts)
        )) AS turns,
        arraySort(arrayDistinct(arrayConcat(turns.1, turns.2))) AS borders
    FROM (
        SELECT shifts.session_id AS session_id, shifts.host_id AS host_id, shifts.started_at AS started_at,
            ifNull(shifts.ended_at, never) AS stopped_at, shifts.batch AS batch, registered.kinds AS kinds,
            begun.scripts AS scripts,
            arraySort(arrayDistinct(arrayConcat(
                [started_at, stopped_at],
                arrayFilter(at -> at > started_at AND at < stopped_at, arrayConcat(kinds.1, scripts.1))
            ))) AS cuts
        FROM (SELECT * FROM shifts FINAL WHERE batch GLOBAL IN (SELECT batch FROM batches)) AS shifts
        GLOBAL LEFT JOIN begun ON shifts.session_id = begun.session_id AND shifts.host_id = begun.host_id
        GLOBAL LEFT JOIN registered ON shifts.host_id = registered.host_id
    ) AS on_air
    GROUP BY session_id
)
SELECT session_id, span.1, if(span.2 = never, NULL, span.2), arraySort(present.3),
    if(length(arrayDistinct(present.4)) = 1, present[1].4, 'mixed'), running.1, running.2, 0, batch
FROM (
    SELECT session_id, batch, span, arrayFilter(turn -> turn.1 <= span.1 AND span.1 < turn.2, turns) AS present,
        arraySort(arrayDistinct(arrayFlatten(present.5))) AS running
    FROM turns
    ARRAY JOIN arrayZip(arrayPopBack(borders), arrayPopFront(borders)) AS span
)
WHERE notEmpty(present)
SETTINGS insert_deduplicate = 0;

DROP TABLE IF EXISTS line_ups${ON_CLUSTER};

CREATE VIEW line_ups${ON_CLUSTER} AS
WITH on_air AS (
    SELECT session_id, host_ids, kind, toStartOfMinute(started_at + INTERVAL 30 SECOND) AS start_at,
        toStartOfMinute(ifNull(ended_at, assumeNotNull((SELECT max(newest_at) FROM lanes))) + INTERVAL 30 SECOND) AS end_at
    FROM stretches FINAL
    WHERE start_at < end_at
),
aired AS (
    SELECT session_id, groupArray((start_at, end_at, host_ids, kind)) AS pieces,
        arraySort(arrayDistinct(arrayConcat([toDateTime(0, 'UTC')], groupArray(start_at), groupArray(end_at)))) AS marks
    FROM on_air
    GROUP BY session_id
)
SELECT session_id, start_at, end_at, piece.3 AS host_ids, toString(piece.4) AS kind
FROM (
    SELECT session_id, start_at, end_at,
        arrayFirst(piece -> piece.1 <= start_at AND end_at <= piece.2 AND start_at < end_at, pieces) AS piece
    FROM aired
    ARRAY JOIN marks AS start_at, arrayPushBack(arrayPopFront(marks), marks[-1]) AS end_at
);
