-- Question: how many digital hosts are on air now without the AI label on screen?
-- Columns: hosts (pairs of session and host).
WITH {{labels}},
present AS (
    SELECT session_id, host_id, now64(3, 'UTC') AS seen_at
    FROM shifts FINAL
    WHERE started_at <= now64(3, 'UTC') AND (isNull(ended_at) OR ended_at > now64(3, 'UTC'))
)
SELECT toInt64(count()) AS hosts
FROM (
    SELECT present.session_id AS session_id, present.host_id AS host_id
    FROM present
    ASOF LEFT JOIN roster_kinds AS host_kinds FINAL ON present.host_id = host_kinds.host_id AND present.seen_at >= host_kinds.from_at
    WHERE host_kinds.kind = 'digital'
)
WHERE (session_id, host_id) NOT IN (
    SELECT session_id, host_id
    FROM labels
    WHERE shown_ms <= toUnixTimestamp64Milli(now64(3, 'UTC')) AND hidden_ms > toUnixTimestamp64Milli(now64(3, 'UTC'))
)
