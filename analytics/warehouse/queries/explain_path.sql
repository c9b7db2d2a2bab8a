-- Question: what had the viewer seen before this order? The evidence of its latest crediting, one row per step.
-- Parameters: order_id.
-- Columns: step (from 1), session_id, start_ms, end_ms (ms UTC, half-open), watched_ms (milliseconds), host_ids (line-up).
SELECT toInt64(step) AS step, session_id, toUnixTimestamp64Milli(begin) AS start_ms,
    toUnixTimestamp64Milli(finish) AS end_ms, watched AS watched_ms, lineup AS host_ids
FROM (
    SELECT session_ids, started_at, ended_at, watched_ms, host_ids
    FROM order_paths
    WHERE order_id = {order_id:String}
    ORDER BY batch DESC
    LIMIT 1
)
ARRAY JOIN arrayEnumerate(session_ids) AS step, session_ids AS session_id, started_at AS begin, ended_at AS finish,
    watched_ms AS watched, host_ids AS lineup
ORDER BY step
