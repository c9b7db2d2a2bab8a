-- Question: who is on air at the clock, since when, and is the AI label on screen?
-- Parameters: clock_ms (ms UTC).
-- Columns: session_id, host_id, kind at the clock (human, digital, unknown), since_ms (ms UTC),
--   label (label_shown, label_hidden, or '' when no label event came).
WITH fromUnixTimestamp64Milli({clock_ms:Int64}, 'UTC') AS clock,
live AS (
    SELECT session_id, host_id, started_at, clock AS now_at
    FROM shifts FINAL
    WHERE started_at <= clock AND (isNull(ended_at) OR ended_at > clock)
),
labels AS (
    SELECT assumeNotNull(session_id) AS session_id, assumeNotNull(host_id) AS host_id,
        argMax(toString(type), (occurred_at, event_id)) AS label
    FROM roster_events
    WHERE type IN ('label_shown', 'label_hidden') AND occurred_at <= clock
    GROUP BY session_id, host_id
)
SELECT live.session_id AS session_id,
    live.host_id AS host_id,
    if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
    toUnixTimestamp64Milli(live.started_at) AS since_ms,
    labels.label AS label
FROM live
ASOF LEFT JOIN host_kinds ON live.host_id = host_kinds.host_id AND live.now_at >= host_kinds.from_at
LEFT JOIN labels ON live.session_id = labels.session_id AND live.host_id = labels.host_id
ORDER BY session_id, since_ms, host_id
