-- Question: who was on air when in the window? The latest 400 shifts.
-- Parameters: from_ms and until_ms (half-open).
-- Columns: session_id, host_id, kind (human, digital, unknown), start_ms, end_ms (ms UTC; NULL while on air).
WITH seen AS (
    SELECT session_id, host_id, started_at, ended_at
    FROM shifts FINAL
    WHERE started_at < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')
        AND (isNull(ended_at) OR ended_at > fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    ORDER BY isNull(ended_at) DESC, started_at DESC, session_id, host_id
    LIMIT 400
)
SELECT seen.session_id AS session_id,
    seen.host_id AS host_id,
    if(host_kinds.kind = '', 'unknown', toString(host_kinds.kind)) AS kind,
    toUnixTimestamp64Milli(seen.started_at) AS start_ms,
    toUnixTimestamp64Milli(seen.ended_at) AS end_ms
FROM seen
ASOF LEFT JOIN host_kinds
    ON seen.host_id = host_kinds.host_id AND seen.started_at >= host_kinds.from_at
ORDER BY start_ms, session_id, host_id
