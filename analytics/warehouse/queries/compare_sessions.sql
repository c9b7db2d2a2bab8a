-- Question: what is known of each session that a comparison may sort it by?
-- Columns: session_id, platform, category, seller_id (NULL when untold), started_ms (ms UTC; NULL before its start).
SELECT assumeNotNull(session_id) AS session_id, toString(platform) AS platform, category, seller_id,
    toUnixTimestamp64Milli(started_at) AS started_ms
FROM sessions
ORDER BY session_id
