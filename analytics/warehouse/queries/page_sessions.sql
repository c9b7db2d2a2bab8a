-- Question: what is known of these sessions?
-- Parameters: session_ids.
-- Columns: session_id, platform, seller_id, title, category (text, NULL when unknown), started_ms and ended_ms
--   (ms UTC, NULL when unknown).
SELECT assumeNotNull(session_id) AS session_id, toString(platform) AS platform, seller_id, title, category,
    toUnixTimestamp64Milli(started_at) AS started_ms,
    toUnixTimestamp64Milli(ended_at) AS ended_ms
FROM sessions
WHERE session_id IN {session_ids:Array(String)}
ORDER BY session_id
